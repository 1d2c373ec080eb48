// What a search cluster is told to do: falcosidekick's keys, and ours beside them. See outputs/README.md for the table.
#pragma once

#include "core/template.h"
#include "outputs/batch_options.h"
#include "outputs/http_output.h"

#include <string>

namespace outputs {

struct ElasticsearchOptions {
  enum class Format { Raw, Flattened, Ecs };
  enum class Product { Unknown, Elasticsearch, OpenSearch };

  std::string hostport;
  std::string index = "falco", suffix = "daily", datastream;
  std::string format_word, product_word = "auto", mappingconflicts = "reject";
  std::string pipeline, username;
  core::Secret apikey, password;
  bool flattenfields = false, enablecompression = false;
  bool createindextemplate = false;
  unsigned numberofshards = 1, numberofreplicas = 1;
  struct Lifecycle {
    core::Duration delete_after{}, rollover_after = std::chrono::hours{24};
    core::Bytes rollover_size{25ULL << 30};
  } lifecycle;
  BatchOptions batch{.max_items = 500, .max_bytes = core::Bytes{1 << 20}, .max_wait = std::chrono::seconds{1}};
  HttpOptions http{.maxconcurrentrequests = 2};

  core::Template name;  // of the index before its suffix, or of the data stream

  void describe(core::Fields& fields);

  Format format() const;
  Product product() const;
  bool has_data_stream() const { return !datastream.empty(); }
  bool has_lifecycle() const { return lifecycle.delete_after > core::Duration{}; }
  bool strips_conflicts() const { return mappingconflicts == "strip"; }

  // "falco-2026.11.21": where an alert of this time belongs. Holes of the name are filled with what an index may be
  // called: lower case, anything else a _.
  std::string index_of(const core::Alert& alert) const;
  // The name of template and policy, and what indexes they are for.
  std::string bootstrap_name() const;
  std::string index_pattern() const;
};

}  // namespace outputs

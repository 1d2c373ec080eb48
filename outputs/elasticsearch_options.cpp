// An index name is the one thing here that an alert's sender can have a hand in, by a hole in it. So a name begins with
// fixed text, and what fills a hole cannot leave the characters of a name.
#include "outputs/elasticsearch_options.h"

#include "core/text.h"
#include "outputs/options.h"

#include <fmt/format.h>

namespace outputs {
namespace {

constexpr std::string_view kForbidden = "\\/*?\"<>| ,#:";
constexpr std::size_t kLongestName = 200;  // of 255 bytes; a suffix and a backing index's number follow

std::string date_suffix(core::TimePoint time, std::string_view suffix) {
  if (suffix == "none") return {};
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
  const int year = static_cast<int>(date.year());
  const unsigned month = static_cast<unsigned>(date.month()), day = static_cast<unsigned>(date.day());
  if (suffix == "daily") return fmt::format("-{:04}.{:02}.{:02}", year, month, day);
  if (suffix == "monthly") return fmt::format("-{:04}.{:02}", year, month);
  return fmt::format("-{:04}", year);
}

bool may_begin(std::string_view name) {
  return !name.empty() && std::string_view{"-_+."}.find(name.front()) == std::string_view::npos;
}

bool may_be_in_name(char c) {
  return c > ' ' && c < 0x7F && !(c >= 'A' && c <= 'Z') && kForbidden.find(c) == std::string_view::npos;
}

std::string as_name(std::string_view text) {
  std::string name = core::ascii_lower(text);
  for (char& c : name)
    if (!may_be_in_name(c)) c = '_';
  return name;
}

void read_name(core::Fields& fields, std::string_view key, const std::string& text, core::Template& into) {
  auto name = core::Template::parse(text);
  if (!name) {
    fields.error(key, fmt::format("{}: '{}': {}", fields.owner(), key, name.error().what));
    return;
  }
  const std::string_view fixed = name->literal_prefix();
  if (!may_begin(fixed)) {
    fields.error(key, fmt::format("{}: '{}' cannot be the name of an index", fields.owner(), core::printable(text)),
                 "begin with fixed text, and not with - _ + or .");
  } else if (name->is_fixed() ? !std::all_of(text.begin(), text.end(), may_be_in_name)
                              : !std::all_of(fixed.begin(), fixed.end(), may_be_in_name)) {
    fields.error(key, fmt::format("{}: '{}' cannot be the name of an index", fields.owner(), core::printable(text)),
                 "lower case, none of \\ / * ? \" < > | , # : or blank, and not beginning with - _ + .");
  } else {
    into = std::move(*name);
  }
}

}  // namespace

void ElasticsearchOptions::describe(core::Fields& fields) {
  fields.required("hostport", hostport, "http://host:9200; several with commas: one that is away is passed over");
  fields.optional("index", index,
                  "the index's name before the suffix; may have holes after a fixed beginning: falco-{{k8s.ns.name}}");
  fields.choice("suffix", suffix, {"daily", "monthly", "annually", "none"},
                "what the event's date (UTC) adds to the index: -2026.11.21, -2026.11, -2026, nothing");
  fields.optional(
      "datastream", datastream,
      "write to this data stream instead of an index, such as logs-falco.alerts-default; may have holes as index");
  fields.choice("format", format_word, {"raw", "flattened", "ecs"},
                "the document: raw, as falcosidekick sends it; flattened, dots in the names of output fields as _; "
                "ecs, Elastic Common Schema. "
                "Without it: flattened with flattenfields or createindextemplate, else raw");
  fields.optional("flattenfields", flattenfields, "format: flattened");
  fields.choice("mappingconflicts", mappingconflicts, {"reject", "strip"},
                "an alert with a field that the index's mapping refuses: a dead letter with the reason, or sent again "
                "without that field, "
                "which tocsin_stripped_fields then names");
  fields.optional("pipeline", pipeline, "ingest pipeline");
  fields.optional("username", username, "for basic authentication");
  fields.optional("password", password, "for basic authentication");
  fields.optional("apikey", apikey, "API key, base64 as Elasticsearch shows it; username and password win over it");
  fields.optional("enablecompression", enablecompression, "gzip the requests");
  fields.choice("product", product_word, {"auto", "elasticsearch", "opensearch"},
                "what the server is, for lifecycle; auto asks it");
  fields.optional(
      "createindextemplate", createindextemplate,
      "put an index template of the index's name before the first alert; one that somebody else made is left alone");
  fields.optional("numberofshards", numberofshards, "of the index template (falcosidekick: 3)");
  fields.optional("numberofreplicas", numberofreplicas, "of the index template (falcosidekick: 3)");
  fields.group("lifecycle", "ILM or ISM policy of the index's name; one that is there is left alone",
               [this](core::Fields& policy) {
                 policy.optional("delete_after", lifecycle.delete_after,
                                 "delete indexes of this age, such as 30d; 0: no policy. Needs createindextemplate");
                 policy.optional("rollover_after", lifecycle.rollover_after,
                                 "data streams: begin a new backing index at this age");
                 policy.optional("rollover_size", lifecycle.rollover_size,
                                 "data streams: … or at this size of a primary shard");
               });
  batch.describe(fields);
  bool batching = true;
  core::Bytes batchsize{};
  core::Duration flushinterval{};
  fields.group("batching", "falcosidekick's names for batch", [&](core::Fields& theirs) {
    theirs.optional("enabled", batching, "has no effect: batches are always used");
    theirs.optional("batchsize", batchsize, "batch.max_bytes, where there is no batch");
    theirs.optional("flushinterval", flushinterval, "batch.max_wait, where there is no batch");
    if (!theirs.listing() && !batching)
      theirs.diagnostics().warning(theirs.place_of("enabled"),
                                   fmt::format("{}: 'batching.enabled: false' has no effect", theirs.owner()),
                                   "batch: {max_items: 1} sends one alert a request");
  });
  http.describe(fields, HttpOptions::CustomHeaders::Allowed);
  fields.ignored("type", "documents have no type since Elasticsearch 7");
  if (fields.listing()) return;

  if (!fields.has("batch")) {
    if (batchsize.count > 0) batch.max_bytes = batchsize;
    if (flushinterval > core::Duration{}) batch.max_wait = flushinterval;
  }
  read_name(fields, has_data_stream() ? "datastream" : "index", has_data_stream() ? datastream : index, name);
  if (!apikey.empty() && !username.empty())
    fields.diagnostics().warning(fields.place_of("apikey"),
                                 fmt::format("{}: 'apikey' has no effect beside 'username'", fields.owner()));
  if (!net::is_header_value(apikey.reveal()))
    fields.error("apikey", fmt::format("{}: 'apikey' has a line break or control character", fields.owner()));
  if (flattenfields && !format_word.empty() && format_word != "flattened")
    fields.error("format", fmt::format("{} has flattenfields and format '{}'", fields.owner(), format_word),
                 "remove one of the two");
  if (has_lifecycle() && !createindextemplate)
    fields.error("lifecycle",
                 fmt::format("{} has a lifecycle, but no index template to bind it to its indexes", fields.owner()),
                 "add createindextemplate: true");
  if (numberofshards == 0)
    fields.error("numberofshards", fmt::format("{} has numberofshards 0; an index has at least 1", fields.owner()));
}

ElasticsearchOptions::Format ElasticsearchOptions::format() const {
  if (format_word == "ecs") return Format::Ecs;
  if (format_word == "raw") return Format::Raw;
  const bool flat = format_word == "flattened" || flattenfields || createindextemplate;
  return flat ? Format::Flattened : Format::Raw;
}

ElasticsearchOptions::Product ElasticsearchOptions::product() const {
  if (product_word == "elasticsearch") return Product::Elasticsearch;
  return product_word == "opensearch" ? Product::OpenSearch : Product::Unknown;
}

std::string ElasticsearchOptions::index_of(const core::Alert& alert) const {
  // The whole text, not its holes alone: a template may bring letters of its own behind the first hole.
  std::string full =
      name.is_fixed() ? name.text() : std::string{core::cut_utf8(as_name(name.render(alert)), kLongestName)};
  if (!has_data_stream()) full += date_suffix(alert.time, suffix);
  return full;
}

std::string ElasticsearchOptions::bootstrap_name() const {
  std::string fixed{name.literal_prefix()};
  while (!fixed.empty() && std::string_view{"-_."}.find(fixed.back()) != std::string_view::npos) fixed.pop_back();
  return fixed;
}

std::string ElasticsearchOptions::index_pattern() const {
  if (!name.is_fixed()) return std::string{name.literal_prefix()} + "*";
  return has_data_stream() || suffix == "none" ? name.text() : name.text() + "-*";
}

}  // namespace outputs

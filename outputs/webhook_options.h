// The options of the webhook output.
#pragma once

#include "core/template.h"
#include "outputs/batch_options.h"
#include "outputs/http_output.h"

#include <set>
#include <string>
#include <vector>

namespace outputs {

struct WebhookOptions {
  core::Secret address;
  std::string method = "POST";
  std::string format = "raw";
  core::Template body;  // of format: template
  std::string contenttype, escape = "json";
  std::string username;
  core::Secret password, bearer;
  std::vector<core::Secret> signing_keys;  // the one in use first
  std::set<int> success;                   // empty: every 2xx
  bool enablecompression = false;
  BatchOptions batch{.max_items = 100, .max_wait = std::chrono::seconds{1}};
  HttpOptions http{.maxconcurrentrequests = 8};

  // Reads and checks everything but the address.
  void describe(core::Fields& fields);
  bool takes_several() const { return format == "array" || format == "ndjson" || format == "cloudevents-batch"; }
  // The Authorization header's value; "": none.
  std::string authorization() const;

 private:
  void describe_body(core::Fields& fields);
  void describe_credentials(core::Fields& fields);
  void describe_signature(core::Fields& fields);
  void describe_success(core::Fields& fields);
};

}  // namespace outputs

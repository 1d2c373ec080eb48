// Makes an Output of an HttpOutput: the options all of them have, the one client, and the translation of its faults
// into outcomes.
#pragma once

#include "core/fields.h"
#include "outputs/options.h"
#include "outputs/output.h"

#include <map>
#include <memory>
#include <string>

namespace outputs {

// timeout, checkcert, mutualtls, tls, maxconcurrentrequests; customheaders where the kind has them.
struct HttpOptions {
  enum class CustomHeaders { None, Allowed };

  core::Duration connect = std::chrono::seconds{5};
  core::Duration total = std::chrono::seconds{30};
  bool checkcert = true;
  bool mutualtls = false;
  std::string ca_file, cert_file, key_file;
  unsigned maxconcurrentrequests = 1;  // falcosidekick's "0 is unlimited" becomes 64 here
  std::map<std::string, std::string> customheaders;

  void describe(core::Fields& fields, CustomHeaders custom);
  unsigned concurrency() const { return maxconcurrentrequests == 0 ? 64 : maxconcurrentrequests; }
  // Puts the custom headers over those that are there: they win, as in falcosidekick.
  void add_custom(std::vector<net::Header>& headers) const;
};

// nullptr when the TLS files cannot be used: reported to `fields`.
std::unique_ptr<Output> wrap_http(std::unique_ptr<HttpOutput> output, const HttpOptions& options,
                                  const Surroundings& surroundings, core::Fields& fields);

// The pure part of an output made by wrap_http; nullptr for the others. For tests, and for showing a request without
// sending it.
const HttpOutput* http_part(const Output& output);

}  // namespace outputs

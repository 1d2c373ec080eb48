// An http or https URL, taken apart once. Userinfo becomes basic credentials of the requests and is never printed.
#pragma once

#include "core/result.h"
#include "core/secret.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace net {

struct Url {
  bool tls = false;
  std::string host;          // without [] for IPv6
  std::uint16_t port = 80;   // 80 or 443 where the text names none
  std::string target = "/";  // path and query as written, at least "/"; no fragment
  core::Secret userinfo;     // "user:password" percent-decoded, or empty

  // Fault::Invalid with a sentence: no or another scheme, no host, a bad port, blanks or control characters.
  static core::Result<Url> parse(std::string_view text);

  std::string host_header() const;   // "host", "host:8080", "[::1]:8080"
  std::string origin() const;        // "https://host:port": what a connection pool is keyed by
  std::string to_text() const;       // for logs: without userinfo, values of the query redacted
  Url with_target(std::string path_and_query) const;   // the same server, another target
};

}  // namespace net

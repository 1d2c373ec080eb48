// What a destination may repeat of our request in its error page ("Cannot POST /services/T0/B0/…"), and no log, page or
// dead letter of ours may: addresses and headers that carry tokens.
#pragma once

#include "net/http_message.h"

#include <string>
#include <vector>

namespace outputs {

class Redaction {
 public:
  // Remembers what of the request may be secret: the target and its long pieces, credentials, values of headers that
  // are not the standard's. Pieces under 8 characters are left alone: they would be found everywhere.
  explicit Redaction(const net::HttpRequest& request);

  // The body with each of these replaced by <redacted>, before anybody quotes from it. A reply of 2xx is left as it is:
  // it is parsed, not quoted.
  void apply(net::HttpReply& reply) const;

 private:
  void add(std::string_view piece);

  std::vector<std::string> pieces_;  // the longest first: a piece may hold another
};

}  // namespace outputs

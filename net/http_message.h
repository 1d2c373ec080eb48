// HTTP messages as values: what outputs build and judge. No Beast type leaves net/http_client.cpp.
#pragma once

#include "net/url.h"

#include <string>
#include <string_view>
#include <vector>

namespace net {

struct Header {
  std::string name, value;
};

bool same_header_name(std::string_view one, std::string_view other);   // any case
bool is_header_name(std::string_view name);                            // a token, as HTTP says
bool is_header_value(std::string_view value);                          // no CR, LF, NUL or other control character (tab is allowed)
// Replaces the header of that name, or adds one.
void set_header(std::vector<Header>& headers, std::string_view name, std::string value);

struct HttpRequest {
  std::string method = "POST";
  Url url;
  std::vector<Header> headers;   // Host, Content-Length and Connection are the client's; names and values are checked (no CR, LF, NUL)
  std::string body;
};

struct HttpReply {
  int status = 0;
  std::vector<Header> headers;
  std::string body;              // at most max_reply_bytes; the rest is read away or the connection closed

  std::string_view header(std::string_view name) const;   // any case; "" when it is not there
};

}  // namespace net

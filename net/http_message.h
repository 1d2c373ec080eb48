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

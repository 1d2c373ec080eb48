// HTTP/1.1 requests read naively and to the letter of RFC 9112, as a second opinion on what the hub takes for a
// request.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

struct PlainRequest {
  std::string method, target, body;
  bool is_coded = false;  // it has a Content-Encoding
};

// The requests at the beginning of `bytes`, up to the first that is not whole or not right.
std::vector<PlainRequest> read_strictly(std::string_view bytes);

}  // namespace fuzz

// The one door to zlib.
#pragma once

#include <string>
#include <string_view>

namespace outputs {

// A gzip stream (RFC 1952), as Content-Encoding: gzip wants it.
std::string gzip(std::string_view bytes);

}  // namespace outputs

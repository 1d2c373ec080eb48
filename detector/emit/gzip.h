// A body in gzip's format (RFC 1952), for compress_uploads.
#pragma once

#include <string>
#include <string_view>

namespace detector {
std::string gzip(std::string_view bytes);
}  // namespace detector

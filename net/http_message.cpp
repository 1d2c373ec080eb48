// Header names are compared as HTTP does: ASCII, any case.
#include "net/http_message.h"

#include <algorithm>

namespace net {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

}  // namespace

bool same_header_name(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

bool is_header_name(std::string_view name) {
  static constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           kPunctuation.find(c) != std::string_view::npos;
  });
}

bool is_header_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7F; });
}

void set_header(std::vector<Header>& headers, std::string_view name, std::string value) {
  for (Header& header : headers)
    if (same_header_name(header.name, name)) {
      header.value = std::move(value);
      return;
    }
  headers.push_back({std::string{name}, std::move(value)});
}

std::string_view HttpReply::header(std::string_view name) const {
  for (const Header& candidate : headers)
    if (same_header_name(candidate.name, name)) return candidate.value;
  return {};
}

}  // namespace net

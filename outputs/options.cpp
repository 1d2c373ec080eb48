// Faults here are for the author of outputs.yaml; none of them quotes a value that may be a secret.
#include "outputs/options.h"

#include "core/text.h"

#include <fmt/format.h>

namespace outputs {

std::optional<net::Url> read_url(core::Fields& fields, std::string_view key, std::string_view text) {
  if (text.empty()) return {};
  auto url = net::Url::parse(text);
  if (url) return std::move(*url);
  fields.error(key, fmt::format("{}: '{}' is not a usable URL: {}", fields.owner(), key, url.error().what));
  return {};
}

std::vector<net::Url> read_urls(core::Fields& fields, std::string_view key, std::string_view text) {
  std::vector<net::Url> urls;
  for (const std::string_view piece : core::split(text, ','))
    if (auto url = read_url(fields, key, core::trim(piece))) urls.push_back(std::move(*url));
  return urls;
}

std::string join_path(const net::Url& url, std::string_view more) {
  std::string path = url.target.substr(0, url.target.find('?'));
  while (!path.empty() && path.back() == '/') path.pop_back();
  return path + std::string{more};
}

void check_headers(core::Fields& fields, std::string_view key, const std::map<std::string, std::string>& headers) {
  for (const auto& [name, value] : headers) {
    const std::string shown = core::printable(core::truncate_utf8(name, 80));
    if (!net::is_header_name(name))
      fields.error(key, fmt::format("{}: '{}' has '{}', which is not a header name", fields.owner(), key, shown));
    else if (!net::is_header_value(value))
      fields.error(key, fmt::format("{}: the value of header '{}' has a line break or control character",
                                    fields.owner(), shown));
    for (const std::string_view own : {"Host", "Content-Length", "Connection", "Transfer-Encoding"})
      if (net::same_header_name(name, own))
        fields.error(key,
                     fmt::format("{}: header '{}' cannot be set; it follows from the request", fields.owner(), shown));
  }
}

}  // namespace outputs

// URLs are read strictly: what we would have to guess at (blanks, other schemes, bytes beyond ASCII) is refused with a
// sentence.
#include "net/url.h"

#include "core/text.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace net {
namespace {

using core::Error;
using core::Fault;

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return {};
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high && low) {
        out += static_cast<char>(*high * 16 + *low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool is_address6_character(char c) {
  return hex_digit(c) || c == ':' || c == '.';
}

}  // namespace

core::Result<Url> Url::parse(std::string_view text) {
  const auto refused = [](unsigned char c) { return c <= ' ' || c >= 0x7F; };
  if (std::any_of(text.begin(), text.end(), refused))
    return Error{Fault::Invalid, "a URL has no blanks, control characters or bytes beyond ASCII (write them as %20 …)"};
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return Error{Fault::Invalid, "a URL begins with http:// or https://"};
  const std::string scheme = core::ascii_lower(text.substr(0, colon));
  if (scheme != "http" && scheme != "https")
    return Error{Fault::Invalid, "a URL begins with http:// or https://, not " + scheme + "://"};

  Url url;
  url.tls = scheme == "https";
  url.port = url.tls ? 443 : 80;
  std::string_view rest = text.substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  const auto path = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, path);
  url.target = rest.substr(path);
  if (url.target.empty() || url.target.front() != '/') url.target.insert(url.target.begin(), '/');

  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    url.userinfo = core::Secret{percent_decode(authority.substr(0, at))};
    authority.remove_prefix(at + 1);
  }
  std::string_view port;
  if (!authority.empty() && authority.front() == '[') {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return Error{Fault::Invalid, "the IPv6 address of a URL ends with ]"};
    url.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
    if (!std::all_of(url.host.begin(), url.host.end(), is_address6_character))
      return Error{Fault::Invalid, "not an IPv6 address between [ and ]"};
  } else {
    const auto end = std::min(authority.find(':'), authority.size());
    url.host = core::ascii_lower(authority.substr(0, end));
    port = authority.substr(end);
    if (!std::all_of(url.host.begin(), url.host.end(), is_host_character))
      return Error{Fault::Invalid, "the host name of a URL is made of letters, digits, '-', '.' and '_'"};
  }
  if (url.host.empty()) return Error{Fault::Invalid, "the URL names no host"};
  if (!port.empty()) {
    unsigned number = 0;
    const char* const end = port.data() + port.size();
    const auto [stop, error] = std::from_chars(port.data() + 1, end, number);
    if (port.front() != ':' || error != std::errc{} || stop != end || number == 0 || number > 65535)
      return Error{Fault::Invalid, "the port of a URL is a number from 1 to 65535"};
    url.port = static_cast<std::uint16_t>(number);
  }
  return url;
}

std::string Url::host_header() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (tls ? 443 : 80)) text += ":" + std::to_string(port);
  return text;
}

std::string Url::origin() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return (tls ? "https://" : "http://") + name + ":" + std::to_string(port);
}

std::string Url::to_text() const {
  return core::redact_url((tls ? "https://" : "http://") + host_header() + target);
}

Url Url::with_target(std::string path_and_query) const {
  Url other = *this;
  other.target = std::move(path_and_query);
  return other;
}

}  // namespace net

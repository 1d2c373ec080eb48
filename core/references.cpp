// ${env:NAME} and ${file:PATH}. What a reference stands for never goes into a message.
#include "core/references.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace core {
namespace {

Result<std::string> look_up(std::string_view kind, const std::string& name) {
  if (kind == "env") {
    const char* value = std::getenv(name.c_str());
    if (!value) return Error{Fault::NotFound, fmt::format("environment variable '{}' is not set", name)};
    return std::string{value};
  }
  if (kind == "file") {
    std::ifstream file{name, std::ios::binary};
    std::ostringstream text;
    if (!file || !(text << file.rdbuf() || file.eof()))
      return Error{Fault::NotFound, fmt::format("file '{}' cannot be read", name)};
    std::string value = text.str();
    if (!value.empty() && value.back() == '\n') value.pop_back();
    if (!value.empty() && value.back() == '\r') value.pop_back();
    return value;
  }
  return Error{Fault::Invalid, fmt::format("reference '${{{}:…}}' is neither ${{env:NAME}} nor ${{file:PATH}}", kind)};
}

}  // namespace

Result<std::string> resolve_references(std::string_view text) {
  std::string out;
  while (true) {
    const auto at = text.find("${");
    if (at == std::string_view::npos) return out += text;
    if (at > 0 && text[at - 1] == '$') {
      out += text.substr(0, at - 1);
      out += "${";
      text.remove_prefix(at + 2);
      continue;
    }
    out += text.substr(0, at);
    const auto end = text.find('}', at);
    if (end == std::string_view::npos) return Error{Fault::Invalid, "'${' is not closed by '}'"};
    const auto inside = text.substr(at + 2, end - at - 2);
    const auto colon = inside.find(':');
    const auto kind = inside.substr(0, colon);
    const auto value = look_up(kind, std::string{colon == std::string_view::npos ? "" : inside.substr(colon + 1)});
    if (!value) return value.error();
    out += *value;
    text.remove_prefix(end + 1);
  }
}

}  // namespace core

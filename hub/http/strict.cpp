#include "hub/http/strict.h"

namespace hub {

std::string_view why_not_strict(std::string_view head) {
  const auto blank = head.find(' ');
  if (blank == std::string_view::npos || blank + 1 >= head.size()) return "the request line has no target";
  if (head[blank + 1] != '/' && head[blank + 1] != '*') return "the target must be a path";
  for (std::size_t at = 0; at < head.size();) {
    const auto end = head.find('\n', at);
    if (end == std::string_view::npos) break;
    if (end == at || head[end - 1] != '\r') return "a line ends with LF alone";
    if (head.substr(at, end - 1 - at).find('\r') != std::string_view::npos) return "a line holds a CR";
    if (at > 0 && (head[at] == ' ' || head[at] == '\t')) return "a header is folded over two lines";
    at = end + 1;
  }
  return {};
}

}  // namespace hub

// Values about processes: addresses as text, and paths joined and folded as Falco does.
#include "detector/event/process.h"

#include "detector/event/process_path.h"

#include <arpa/inet.h>

#include <algorithm>

namespace detector {

std::string to_text(const IpAddress& ip) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(ip.v6 ? AF_INET6 : AF_INET, ip.bytes.data(), text, sizeof text);
  return text;
}

namespace {

// `folded` is absolute without a "/" at its end, or empty, which is the root.
void append_folded(std::string& folded, std::string_view path) {
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view piece = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (piece.empty() || piece == ".") continue;
    if (piece == "..") {
      const std::size_t slash = folded.rfind('/');
      folded.resize(slash == std::string::npos ? 0 : slash);
      continue;
    }
    folded += '/';
    folded += piece;
  }
}

}  // namespace

std::string join_path(std::string_view base, std::string_view path) {
  std::string folded;
  folded.reserve(base.size() + path.size() + 1);
  if (path.empty() || path.front() != '/') append_folded(folded, base);
  append_folded(folded, path);
  if (folded.empty()) folded = "/";
  return folded;
}

std::string join_path_raw(std::string_view base, std::string_view path) {
  if (!path.empty() && path.front() == '/') return std::string(path);
  std::string joined(base);
  if (joined.empty() || joined.back() != '/') joined += '/';
  return joined.append(path);
}

std::string_view last_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view parent_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {};
  return slash == 0 ? path.substr(0, 1) : path.substr(0, slash);
}

}  // namespace detector

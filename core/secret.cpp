// Secrets are wiped when they go, so that a core file does not keep them.
#include "core/secret.h"

#include <openssl/crypto.h>

namespace core {

Secret::~Secret() {
  OPENSSL_cleanse(value_.data(), value_.size());
}

namespace {

std::string redact_one(std::string_view url) {
  std::string out{url};
  const auto scheme = out.find("://");
  if (scheme == std::string::npos) return out;
  const auto path = out.find('/', scheme + 3);
  const auto at = out.rfind('@', path);
  if (at != std::string::npos && at > scheme) out.replace(scheme + 3, at - scheme - 3, "<redacted>");
  for (auto query = out.find('?'); query != std::string::npos;) {
    const auto equals = out.find('=', query);
    if (equals == std::string::npos) break;
    const auto end = out.find('&', equals);
    out.replace(equals + 1, end == std::string::npos ? std::string::npos : end - equals - 1, "<redacted>");
    query = out.find('&', equals);
  }
  return out;
}

}  // namespace

// A list of addresses is cut before each next scheme, not at each comma: a password may hold one.
std::string redact_url(std::string_view url) {
  std::string out;
  while (!url.empty()) {
    const auto scheme = url.find("://");
    const auto next = scheme == std::string_view::npos ? scheme : url.find("://", scheme + 3);
    const auto comma = next == std::string_view::npos ? next : url.rfind(',', next);
    const bool is_last = comma == std::string_view::npos || comma < scheme;
    const std::string_view one = url.substr(0, is_last ? url.size() : comma);
    out += redact_one(one);
    url.remove_prefix(one.size());
    if (is_last) continue;
    out += ',';
    url.remove_prefix(1);
  }
  return out;
}

}  // namespace core

// Secrets are wiped when they go, so that a core file does not keep them.
#include "core/secret.h"

#include <openssl/crypto.h>

namespace core {

Secret::~Secret() {
  OPENSSL_cleanse(value_.data(), value_.size());
}

std::string redact_url(std::string_view url) {
  std::string out{url};
  const auto scheme = out.find("://");
  if (scheme == std::string::npos) return out;
  const auto path = out.find('/', scheme + 3);
  const auto at = out.rfind('@', path == std::string::npos ? std::string::npos : path);
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

}  // namespace core

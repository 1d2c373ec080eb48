#include "hub/http/access.h"

#include "core/text.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

namespace hub {
namespace {

constexpr std::string_view kTokenPath = "/token/";

// The scheme in small letters, one blank, the rest as it came.
std::string normal_form(std::string_view authorization) {
  const auto blank = authorization.find(' ');
  if (blank == std::string_view::npos) return {};
  return core::ascii_lower(authorization.substr(0, blank)) + ' ' +
         std::string{core::trim(authorization.substr(blank + 1))};
}

}  // namespace

Access::Access(std::vector<ProducerOptions> producers, std::vector<std::string> open_paths)
    : open_paths_{std::move(open_paths)} {
  for (ProducerOptions& each : producers) {
    Known known{};
    if (const std::string& token = each.token.reveal(); !token.empty()) {
      known.bearer = digest("bearer " + token);
      known.basic = digest("basic " + core::base64(each.name + ":" + token));
      known.path = digest(std::string{kTokenPath} + token);
    }
    known.options = std::move(each);
    producers_.push_back(std::move(known));
  }
}

bool Access::is_open_path(std::string_view path) const {
  return std::find(open_paths_.begin(), open_paths_.end(), path) != open_paths_.end();
}

const ProducerOptions* Access::find(const Request& request) const {
  const std::string authorization = normal_form(request.header("Authorization"));
  const std::string_view path = request.path();
  const bool has_path = path.starts_with(kTokenPath);
  const Digest header_digest = digest(authorization), path_digest = digest(path);
  const ProducerOptions* found = nullptr;
  for (const Known& known : producers_) {
    const ProducerOptions& options = known.options;
    if (!options.token.empty()) {
      const int bearer = CRYPTO_memcmp(known.bearer.data(), header_digest.data(), header_digest.size());
      const int basic = CRYPTO_memcmp(known.basic.data(), header_digest.data(), header_digest.size());
      const int in_path = CRYPTO_memcmp(known.path.data(), path_digest.data(), path_digest.size());
      if ((bearer == 0 && !authorization.empty()) || (basic == 0 && !authorization.empty()) ||
          (in_path == 0 && has_path))
        found = &options;
    }
    if (!options.certificate.empty() && std::find(request.peer_names.begin(), request.peer_names.end(),
                                                  options.certificate) != request.peer_names.end())
      found = &options;
  }
  return found;
}

Access::Digest Access::digest(std::string_view text) {
  Digest made;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), made.data());
  return made;
}

bool is_one_of(std::string_view hostname, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [hostname](std::string_view pattern) {
    const bool front = pattern.starts_with('*'), back = pattern.size() > 1 && pattern.ends_with('*');
    if (front) pattern.remove_prefix(1);
    if (back) pattern.remove_suffix(1);
    if (front && back) return hostname.find(pattern) != std::string_view::npos;
    if (front) return hostname.ends_with(pattern);
    return back ? hostname.starts_with(pattern) : hostname == pattern;
  });
}

}  // namespace hub

#include "outputs/standard_webhooks.h"

#include "core/invariant.h"
#include "core/text.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace outputs {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kLeastKeyBytes = 16;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

core::Result<std::string> decode_base64(std::string_view text) {
  const core::Error fault{core::Fault::Invalid, "what follows whsec_ is not base64"};
  if (text.empty() || text.size() % 4 != 0) return fault;
  std::string decoded(text.size() / 4 * 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()), bytes(text), static_cast<int>(text.size()));
  if (size < 0) return fault;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  decoded.resize(static_cast<std::size_t>(size) - padding);  // EVP_DecodeBlock counts the padding as zeros
  return decoded;
}

}  // namespace

core::Result<core::Secret> read_signing_key(const core::Secret& text) {
  std::string key = text.reveal();
  if (key.starts_with(kPrefix)) {
    auto decoded = decode_base64(std::string_view{key}.substr(kPrefix.size()));
    if (!decoded) return decoded.error();
    key = std::move(*decoded);
  }
  if (key.size() < kLeastKeyBytes)
    return core::Error{core::Fault::Invalid, "the key is shorter than 16 bytes, and could be guessed"};
  return core::Secret{std::move(key)};
}

std::string sign(const std::vector<core::Secret>& keys, std::string_view id, std::int64_t unix_seconds,
                 std::string_view body) {
  std::string signed_text{id};
  signed_text += '.';
  signed_text += std::to_string(unix_seconds);
  signed_text += '.';
  signed_text += body;
  std::string signatures;
  for (const core::Secret& key : keys) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    INVARIANT(HMAC(EVP_sha256(), key.reveal().data(), static_cast<int>(key.reveal().size()), bytes(signed_text),
                   signed_text.size(), digest.data(), &size) != nullptr);
    if (!signatures.empty()) signatures += ' ';
    signatures += "v1," + core::base64({reinterpret_cast<const char*>(digest.data()), size});
  }
  return signatures;
}

std::string message_id(core::Batch batch) {
  if (batch.size() == 1) return core::to_text(batch.front()->id);
  std::string ids;
  for (const core::AlertRef& alert : batch) ids.append(alert->id.bytes.begin(), alert->id.bytes.end());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  INVARIANT(EVP_Digest(ids.data(), ids.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  return core::hex({reinterpret_cast<const char*>(digest.data()), 16});
}

void add_signature(net::HttpRequest& request, const std::vector<core::Secret>& keys, std::string id,
                   core::TimePoint now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  net::set_header(request.headers, "webhook-signature", sign(keys, id, seconds, request.body));
  net::set_header(request.headers, "webhook-timestamp", std::to_string(seconds));
  net::set_header(request.headers, "webhook-id", std::move(id));
}

}  // namespace outputs

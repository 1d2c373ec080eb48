#include "hub/route/alert_key.h"

#include "core/varint.h"

#include <openssl/sha.h>

#include <array>

namespace hub {
namespace {
constexpr std::size_t kLongest = 64;
}

std::string value_of(const core::Alert& alert, std::string_view name) {
  if (name == "rule") return alert.rule;
  if (name == "hostname") return alert.hostname;
  if (name == "source") return alert.source;
  if (name == "priority") return std::string{core::to_lower(alert.priority)};
  if (name == "output") return alert.output;
  if (name == "tags") {
    std::string all;
    for (const std::string& tag : alert.tags) core::put_text(all, tag);
    return all;
  }
  const core::AlertField* field = alert.field(name);
  return field == nullptr ? std::string{} : field->text;
}

std::string key_of(const core::Alert& alert, const std::vector<std::string>& names) {
  std::string key;
  for (const std::string& name : names) core::put_text(key, value_of(alert, name));
  if (key.size() < kLongest) return key;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  // 64 bytes, which no short key has.
  return std::string(kLongest - digest.size(), '#') +
         std::string{reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace hub

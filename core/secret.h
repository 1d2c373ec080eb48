// A value that must not be seen: tokens, passwords, URLs that carry them. It prints as <redacted>; only reveal() gives
// it out.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace core {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_{std::move(value)} {}
  ~Secret();  // overwrites the memory
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;

  const std::string& reveal() const { return value_; }  // never into a log, an error, a page or a metric
  bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

// The text with user:password@ and the values of query parameters replaced by <redacted>; safe to log. Not a URL: as it
// is.
std::string redact_url(std::string_view url);

}  // namespace core

template <>
struct fmt::formatter<core::Secret> : fmt::formatter<std::string_view> {
  auto format(const core::Secret& secret, fmt::format_context& context) const {
    return fmt::formatter<std::string_view>::format(secret.empty() ? "" : "<redacted>", context);
  }
};

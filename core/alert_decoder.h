// The door to simdjson: bytes → Alert, strictly. DOM, not on-demand: on-demand never looks into values it skips, and
// what it lets pass would be refused at every sink. One decoder a thread (it owns the parser's buffers).
#pragma once

#include "core/alert.h"

#include <functional>

namespace core {

// What one alert may be made of. Beyond a limit the alert is refused, with a sentence that names the limit.
struct AlertLimits {
  std::size_t bytes = 1 << 20;
  std::size_t depth = 64;
  std::size_t keys = 1024;             // in all objects together
  std::size_t text_bytes = 256 << 10;  // one string
  bool needs_fields = true;            // output_fields must be there and not empty
};

class AlertDecoder {
 public:
  explicit AlertDecoder(AlertLimits limits = {});
  ~AlertDecoder();
  AlertDecoder(AlertDecoder&&) noexcept;

  // One alert. id and received are left at zero. Fault::Invalid with a sentence that names the key when: it is not one
  // JSON object (nothing may follow), `priority` is missing or unknown, `rule` is missing or empty, `time` is missing
  // or not RFC 3339, `output_fields` is missing, null or empty, a known key has the wrong type, a key stands twice, or
  // a limit is passed.
  Result<Alert> decode(std::string_view json);

  // A request body: one alert, a JSON array of alerts, or NDJSON. `each` gets the index and the alert or its fault, in
  // order. A fault here: the body as a whole is no JSON (or empty); nothing was called.
  struct Shape {
    std::size_t count = 0;  // alerts, good and bad
    bool single = false;    // exactly one object, neither array nor NDJSON
  };
  using Each = std::function<void(std::size_t index, Result<Alert> alert)>;
  Result<Shape> decode_body(std::string_view body, const Each& each);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  AlertLimits limits_;
};

}  // namespace core

// How a person writes down which texts are meant: "exact", "glob:web-*", "re2:^web-[0-9]+$". RE2 alone does regular
// expressions here: linear time on hostile text, bounded memory. The door to re2 in the hub.
#pragma once

#include "core/result.h"

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace hub {

// `*` is any number of characters, `?` one; everything else stands for itself. Never slower than pattern times text.
bool glob_matches(std::string_view pattern, std::string_view text);

class TextPattern {
 public:
  // Invalid with a sentence: nothing behind the prefix, or an expression that RE2 does not take or finds too large.
  static core::Result<TextPattern> parse(std::string_view text);

  bool matches(std::string_view text) const;  // the whole text; "re2:" anywhere in it
  bool is_exact() const { return kind_ == Kind::Exact; }
  const std::string& written() const { return written_; }

 private:
  enum class Kind { Exact, Glob, Regex };
  Kind kind_ = Kind::Exact;
  std::string written_, text_;
  std::shared_ptr<const re2::RE2> regex_;
};

}  // namespace hub

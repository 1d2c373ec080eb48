#include "hub/route/text_pattern.h"

#include <re2/re2.h>

namespace hub {
namespace {

constexpr std::int64_t kMostRegexBytes = 1 << 20;  // of one compiled expression
constexpr std::size_t kLongestRegex = 4096;

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == '?') {
      ++p;
      do ++t;
      while (t < text.size() && is_continuation(text[t]));
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

core::Result<TextPattern> TextPattern::parse(std::string_view text) {
  TextPattern made;
  made.written_ = text;
  made.text_ = text;
  if (text.starts_with("glob:")) {
    made.kind_ = Kind::Glob;
    made.text_ = text.substr(5);
  } else if (text.starts_with("re2:")) {
    made.kind_ = Kind::Regex;
    made.text_ = text.substr(4);
  }
  if (made.text_.empty()) return core::Error{core::Fault::Invalid, "has nothing to match"};
  if (made.kind_ != Kind::Regex) return made;

  if (made.text_.size() > kLongestRegex) return core::Error{core::Fault::Invalid, "has more than 4096 bytes"};
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMostRegexBytes);
  auto regex = std::make_shared<const re2::RE2>(made.text_, options);
  if (!regex->ok()) return core::Error{core::Fault::Invalid, "is no regular expression: " + regex->error()};
  made.regex_ = std::move(regex);
  return made;
}

bool TextPattern::matches(std::string_view text) const {
  switch (kind_) {
    case Kind::Exact:
      return text == text_;
    case Kind::Glob:
      return glob_matches(text_, text);
    case Kind::Regex:
      return re2::RE2::PartialMatch(re2::StringPiece{text.data(), text.size()}, *regex_);
  }
  return false;
}

}  // namespace hub

// By hand and byte by byte: it meets whatever people put into messageformat. Never reads beyond the text, never loops
// without going forward.
#include "core/template_lexer.h"

#include "core/template_program.h"
#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace core::templates {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool is_blank(char c) {
  return kBlanks.find(c) != std::string_view::npos;
}
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class Lexer {
 public:
  Lexer(std::string_view text, std::vector<Token>& tokens, Mistake& mistake)
      : text_{text}, tokens_{tokens}, mistake_{mistake} {}

  bool run() {
    while (at_ < text_.size()) {
      const std::size_t open = text_.find("{{", at_);
      std::string_view literal = text_.substr(at_, open == std::string_view::npos ? open : open - at_);
      const bool trims = open != std::string_view::npos && trims_left(open);
      if (trim_next_) literal.remove_prefix(std::min(literal.find_first_not_of(kBlanks), literal.size()));
      if (trims) literal = literal.substr(0, literal.find_last_not_of(kBlanks) + 1);
      trim_next_ = false;
      if (!literal.empty()) add_literal(literal);
      if (open == std::string_view::npos) break;
      at_ = open + 2 + (trims ? 1 : 0);
      if (!action(open)) return false;
    }
    tokens_.push_back({Token::Kind::End, text_.size(), {}});
    return true;
  }

 private:
  bool fail(std::size_t at, std::string what) {
    mistake_ = {at, std::move(what)};
    return false;
  }
  bool has(std::string_view word) const { return text_.substr(at_, word.size()) == word; }
  char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  // Go wants a blank after {{-, so that {{-3}} stays a number.
  bool trims_left(std::size_t open) const {
    return open + 3 < text_.size() && text_[open + 2] == '-' && is_blank(text_[open + 3]);
  }
  void add_literal(std::string_view literal) {
    if (!tokens_.empty() && tokens_.back().kind == Token::Kind::Literal)
      tokens_.back().text += literal;  // a comment stood between
    else
      tokens_.push_back({Token::Kind::Literal, at_, std::string{literal}});
  }
  void add(Token::Kind kind, std::size_t at, std::string text = {}) { tokens_.push_back({kind, at, std::move(text)}); }

  void skip_blanks() {
    while (is_blank(next()) && at_ < text_.size()) ++at_;
  }

  bool action(std::size_t open) {
    skip_blanks();
    if (has("/*")) return comment(open);
    add(Token::Kind::Open, open);
    bool first = true;
    while (true) {
      const std::size_t before = at_;
      skip_blanks();
      if (at_ >= text_.size()) return fail(open, "'{{' is not closed by '}}'");
      if (has("-}}") && before != at_) {
        ++at_;
        trim_next_ = true;
      }
      if (has("}}")) {
        add(Token::Kind::Close, at_);
        at_ += 2;
        return true;
      }
      if (!token(first)) return false;
      first = false;
    }
  }

  bool comment(std::size_t open) {
    const std::size_t end = text_.find("*/", at_);
    if (end == std::string_view::npos) return fail(open, "the comment is not closed by '*/'");
    at_ = end + 2;
    const std::size_t before = at_;
    skip_blanks();
    if (has("-}}") && before != at_) {
      ++at_;
      trim_next_ = true;
    }
    if (!has("}}")) return fail(open, "a comment stands alone between '{{' and '}}'");
    at_ += 2;
    return true;
  }

  bool token(bool first) {
    const std::size_t start = at_;
    const char c = next();
    if (c == '"') return quoted();
    if (c == '`') return raw();
    if (c == '|') return punctuation(Token::Kind::Pipe, 1);
    if (c == '(') return punctuation(Token::Kind::Left, 1);
    if (c == ')') return punctuation(Token::Kind::Right, 1);
    if (c == ',') return punctuation(Token::Kind::Comma, 1);
    if (has(":=")) return punctuation(Token::Kind::Assign, 2);
    if (c == '$') {
      ++at_;
      add(Token::Kind::Variable, start, word());
      return next() == '.' ? field(Token::Kind::Field) : true;
    }
    if (c == '.') return field(Token::Kind::Dot);
    if (is_digit(c) || ((c == '-' || c == '+') && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) return number();
    if (first) return name();
    if (is_word(c)) {
      add(Token::Kind::Word, start, word());
      return true;
    }
    return fail(start, fmt::format("'{}' is not understood here", shown(c)));
  }

  static std::string shown(char c) {
    return static_cast<unsigned char>(c) < 0x80 ? printable(std::string_view{&c, 1}) : std::string{"this character"};
  }

  bool punctuation(Token::Kind kind, std::size_t length) {
    add(kind, at_);
    at_ += length;
    return true;
  }

  std::string word() {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return std::string{text_.substr(start, at_ - start)};
  }

  // ".Rule.x" → Field "Rule.x"; a dot alone → `alone`.
  bool field(Token::Kind alone) {
    const std::size_t start = at_;
    ++at_;
    while (at_ < text_.size() && (is_word(text_[at_]) || text_[at_] == '.')) ++at_;
    std::string path{text_.substr(start + 1, at_ - start - 1)};
    if (path.empty()) {
      if (alone == Token::Kind::Field) return fail(start, "'.' names nothing");
      add(Token::Kind::Dot, start);
      return true;
    }
    add(Token::Kind::Field, start, std::move(path));
    return true;
  }

  bool number() {
    const std::size_t start = at_++;
    while (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) ++at_;
    add(Token::Kind::Number, start, std::string{text_.substr(start, at_ - start)});
    return true;
  }

  // The first word of {{…}}: one of Go's, or a name of ours up to a blank, a pipe or the end.
  bool name() {
    const std::size_t start = at_;
    while (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != '|' && text_[at_] != '(' && text_[at_] != '"' &&
           !has("}}"))
      ++at_;
    const std::string_view found = text_.substr(start, at_ - start);
    add(is_go_word(found) ? Token::Kind::Word : Token::Kind::Own, start, std::string{found});
    return true;
  }

  bool raw() {
    const std::size_t start = at_;
    const std::size_t end = text_.find('`', at_ + 1);
    if (end == std::string_view::npos) return fail(start, "the text is not closed by '`'");
    add(Token::Kind::Text, start, std::string{text_.substr(start + 1, end - start - 1)});
    at_ = end + 1;
    return true;
  }

  bool quoted() {
    const std::size_t start = at_++;
    std::string value;
    while (next() != '"' || at_ >= text_.size()) {
      if (at_ >= text_.size() || next() == '\n') return fail(start, "the text is not closed by '\"'");
      char c = text_[at_++];
      if (c == '\\') {
        constexpr std::array<std::pair<char, char>, 5> kEscapes{
            {{'n', '\n'}, {'t', '\t'}, {'r', '\r'}, {'"', '"'}, {'\\', '\\'}}};
        const auto known = std::find_if(kEscapes.begin(), kEscapes.end(), [this](auto e) { return e.first == next(); });
        if (known == kEscapes.end()) return fail(at_ - 1, "in a text there are the escapes \\n \\t \\r \\\" and \\\\");
        c = known->second;
        ++at_;
      }
      value += c;
    }
    ++at_;
    add(Token::Kind::Text, start, std::move(value));
    return true;
  }

  std::string_view text_;
  std::vector<Token>& tokens_;
  Mistake& mistake_;
  std::size_t at_ = 0;
  bool trim_next_ = false;
};

}  // namespace

bool is_go_word(std::string_view word) {
  constexpr std::array<std::string_view, 32> kWords{
      "if",     "else", "end",   "with",  "range",   "or",       "and",   "not",   "eq",       "ne",  "index",
      "printf", "true", "false", "nil",   "define",  "template", "block", "break", "continue", "lt",  "le",
      "gt",     "ge",   "len",   "print", "println", "slice",    "html",  "js",    "urlquery", "call"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

bool scan(std::string_view text, std::vector<Token>& tokens, Mistake& mistake) {
  return Lexer{text, tokens, mistake}.run();
}

}  // namespace core::templates

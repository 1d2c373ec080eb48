// How words of conditions look. POSIX regular expressions describe them in Falco; here they are read by hand, once, left to right.
#include "detector/rules/condition_lexer.h"

#include <algorithm>

namespace detector::rules {
namespace {

// Longer spellings first where one begins another.
constexpr auto kNumberOperators = std::to_array<OperatorWord>({{"<=", Comparison::LessEqual}, {"<", Comparison::Less},
  {">=", Comparison::GreaterEqual}, {">", Comparison::Greater}});
constexpr auto kTextOperators = std::to_array<OperatorWord>({{"==", Comparison::Equal}, {"=", Comparison::Equal}, {"!=", Comparison::NotEqual},
  {"glob ", Comparison::Glob}, {"iglob ", Comparison::IGlob}, {"contains ", Comparison::Contains}, {"icontains ", Comparison::IContains},
  {"bcontains ", Comparison::BContains}, {"startswith ", Comparison::StartsWith}, {"bstartswith ", Comparison::BStartsWith},
  {"endswith ", Comparison::EndsWith}, {"regex ", Comparison::Regex}});
constexpr auto kListOperators = std::to_array<OperatorWord>({{"intersects", Comparison::Intersects}, {"in", Comparison::In},
  {"pmatch", Comparison::PathMatch}});
constexpr auto kTransformers = std::to_array<std::string_view>({"tolower(", "toupper(", "b64(", "basename(", "len(", "join(", "concat(",
  "getopt("});
constexpr std::string_view kNamesOfOperators =
  "'exists', '<=', '<', '>=', '>', '==', '=', '!=', 'glob', 'iglob', 'contains', 'icontains', 'bcontains', 'startswith', 'bstartswith', "
  "'endswith', 'regex', 'intersects', 'in', 'pmatch'";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name(char c) { return is_letter(c) || is_digit(c) || c == '_'; }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

template <std::size_t N>
bool take_operator(ConditionLexer& lexer, const std::array<OperatorWord, N>& words, Comparison& into) {
  for (const OperatorWord& word : words) {
    if (!lexer.take(word.text)) continue;
    into = word.comparison;
    return true;
  }
  return false;
}

}  // namespace

void ConditionLexer::fail(std::string what) {
  if (error_.empty()) error_ = std::move(what);
}

bool ConditionLexer::take_number_operator(Comparison& into) { return take_operator(*this, kNumberOperators, into); }
bool ConditionLexer::take_text_operator(Comparison& into) { return take_operator(*this, kTextOperators, into); }
bool ConditionLexer::take_list_operator(Comparison& into) { return take_operator(*this, kListOperators, into); }

void ConditionLexer::advance(std::size_t count) {
  for (; count > 0; --count) {
    const char c = text_[at_.offset++];
    ++at_.column;
    if (c == '\r' || c == '\n') {
      at_.column = 1;
      ++at_.line;
    }
  }
}

bool ConditionLexer::taken(std::size_t length) {
  if (length == 0) return false;
  last_ = text_.substr(at_.offset, length);
  advance(length);
  return true;
}

bool ConditionLexer::skip_blanks() {
  std::size_t count = 0;
  for (char c = now(); c == ' ' || c == '\t' || c == '\b' || c == '\r' || c == '\n'; c = now(count)) ++count;
  advance(count);
  return count > 0;
}

bool ConditionLexer::take(std::string_view word) { return text_.substr(at_.offset, word.size()) == word && taken(word.size()); }

bool ConditionLexer::take_not() {
  if (text_.substr(at_.offset, 3) != "not") return false;
  std::size_t length = 3;
  while (is_space(now(length))) ++length;
  return length > 3 && taken(length);
}

bool ConditionLexer::take_transformer() {
  return std::any_of(kTransformers.begin(), kTransformers.end(), [this](std::string_view name) { return take(name); });
}

bool ConditionLexer::take_modifier(Modifier& into) {
  const Position begin = at_;
  const std::string last = last_;
  skip_blanks();
  for (const Modifier modifier : {Modifier::OneOf, Modifier::AnyOf, Modifier::AllOf}) {
    if (!take(to_text(modifier))) continue;
    skip_blanks();
    if (now() == '(') {
      into = modifier;
      return true;
    }
    break;
  }
  at_ = begin;
  last_ = last;
  return false;
}

std::size_t ConditionLexer::identifier_length(std::size_t from) const {
  if (!is_letter(now(from))) return 0;
  std::size_t length = 1;
  while (is_name(now(from + length))) ++length;
  return length;
}
bool ConditionLexer::take_identifier() { return taken(identifier_length(0)); }

bool ConditionLexer::take_field_name() {
  std::size_t length = identifier_length(0);
  if (length == 0) return false;
  bool dotted = false;
  while (now(length) == '.') {
    const std::size_t next = identifier_length(length + 1);
    if (next == 0) break;
    length += 1 + next;
    dotted = true;
  }
  return dotted && taken(length);
}

bool ConditionLexer::take_bare_argument() {
  std::size_t length = 0;
  for (char c = now(); c != '\0' && c != '[' && c != ']' && c != '"' && c != '\'' && !is_space(c); c = now(length)) ++length;
  return taken(length);
}

bool ConditionLexer::take_number() {
  std::size_t length = 0;
  if (now() == '0' && (now(1) == 'x' || now(1) == 'X') && (is_digit(now(2)) || is_letter(now(2)))) {
    length = 2;
    while (is_digit(now(length)) || is_letter(now(length))) ++length;
    return taken(length);
  }
  if (now() == '+' || now() == '-') ++length;
  if (!is_digit(now(length))) return false;
  while (is_digit(now(length))) ++length;
  if (now(length) == '.') ++length;
  while (is_digit(now(length))) ++length;
  const char sign = now(length + 1);
  if ((now(length) == 'e' || now(length) == 'E') && (sign == '+' || sign == '-') && is_digit(now(length + 2))) {
    length += 2;
    while (is_digit(now(length))) ++length;
  }
  return taken(length);
}

bool ConditionLexer::take_text() { return take_quoted() || (error_.empty() && take_bare()); }

bool ConditionLexer::take_bare() {
  std::size_t length = 0;
  const auto ends = [](char c) { return c == '\0' || c == '(' || c == ')' || c == '"' || c == '\'' || c == '=' || c == ',' || is_space(c); };
  while (!ends(now(length))) ++length;
  return taken(length);
}

bool ConditionLexer::take_quoted() {
  const char quote = now();
  if (quote != '"' && quote != '\'') return false;
  for (std::size_t i = 1; at_.offset + i < text_.size(); ++i) {
    if (now(i) != quote || now(i - 1) == '\\') continue;
    const std::string_view body = text_.substr(at_.offset + 1, i - 1);
    advance(i + 1);
    return unescape(body, quote);
  }
  return false;
}

bool ConditionLexer::unescape(std::string_view body, char quote) {
  last_.clear();
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i] != '\\' || i + 1 == body.size()) {
      last_ += body[i];
      continue;
    }
    const char c = body[++i];
    switch (c) {
      case 'b': last_ += '\b'; break;
      case 'f': last_ += '\f'; break;
      case 'n': last_ += '\n'; break;
      case 'r': last_ += '\r'; break;
      case 't': last_ += '\t'; break;
      case ' ': last_ += "\\ "; break;
      case '\\': case '/': last_ += c; break;
      default:
        if (c != quote) {
          fail(std::string{"unsupported string escape sequence: \\"} + c);
          return false;
        }
        last_ += c;
    }
  }
  return true;
}

std::string_view to_text(Comparison comparison) {
  if (comparison == Comparison::Exists) return "exists";
  const auto trimmed = [](std::string_view text) { return text.back() == ' ' ? text.substr(0, text.size() - 1) : text; };
  if (comparison == Comparison::Equal) return "=";
  for (const OperatorWord& word : kNumberOperators) if (word.comparison == comparison) return trimmed(word.text);
  for (const OperatorWord& word : kTextOperators) if (word.comparison == comparison) return trimmed(word.text);
  for (const OperatorWord& word : kListOperators) if (word.comparison == comparison) return trimmed(word.text);
  return "";
}

std::string_view to_text(Modifier modifier) {
  switch (modifier) {
    case Modifier::None: return "";
    case Modifier::OneOf: return "oneof";
    case Modifier::AnyOf: return "anyof";
    case Modifier::AllOf: return "allof";
  }
  return "";
}

std::string_view operator_names() { return kNamesOfOperators; }

bool is_list_operator(std::string_view name) { return name == "in" || name == "intersects" || name == "pmatch"; }

bool is_operator(std::string_view name) {
  return !name.empty() && kNamesOfOperators.find("'" + std::string{name} + "'") != std::string_view::npos;
}

}  // namespace detector::rules

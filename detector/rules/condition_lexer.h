// The words of a condition, read where the parser stands: what a word is depends on what may stand there.
// Each take_* keeps what it read in last(); a word that is not there leaves everything as it was.
#pragma once

#include "detector/rules/condition.h"

#include <array>
#include <string>
#include <string_view>

namespace detector::rules {

struct OperatorWord {
  std::string_view text;        // word operators take their blank with them
  Comparison comparison;
};

class ConditionLexer {
 public:
  explicit ConditionLexer(std::string_view text) : text_(text) {}

  bool skip_blanks();
  bool take(std::string_view word);
  bool take_not();              // "not" and the blanks after it
  bool take_transformer();      // "tolower("
  bool take_number_operator(Comparison& into);
  bool take_text_operator(Comparison& into);
  bool take_list_operator(Comparison& into);
  bool take_modifier(Modifier& into);   // only before a list in parentheses: `= oneof` compares with the word
  bool take_identifier();
  bool take_field_name();
  bool take_bare_argument();
  bool take_number();
  bool take_quoted();           // unescaped into last(); a bad escape is a fault
  bool take_text();             // quoted or bare

  const Position& at() const { return at_; }
  const std::string& last() const { return last_; }
  bool is_at_end() const { return at_.offset == text_.size(); }

  // The first fault counts.
  const std::string& error() const { return error_; }
  void fail(std::string what);

 private:
  char now(std::size_t ahead = 0) const { return at_.offset + ahead < text_.size() ? text_[at_.offset + ahead] : '\0'; }
  void advance(std::size_t count);
  bool taken(std::size_t length);
  std::size_t identifier_length(std::size_t from) const;
  bool take_bare();
  bool unescape(std::string_view body, char quote);

  std::string_view text_;
  Position at_;
  std::string last_, error_;
};

}  // namespace detector::rules

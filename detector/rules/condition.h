// A condition as written: text → tree, with the place of each part. Field names, types and macros are looked at later.
// The grammar, its quirks and its messages are Falco's (falco.md 2.1): users and their tools match on them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace detector::rules {

struct Position {       // inside a condition: line and column from 1, offset from 0
  int line = 1, column = 1;
  std::size_t offset = 0;
};

// A field, or transformers around one, or a constant among a transformer's arguments.
struct Operand {
  enum class Kind : std::uint8_t { Field, Transformer, Text, Number, List };
  Kind kind = Kind::Field;
  std::string name;                  // field, transformer ("val" too), or the constant
  std::string argument;              // in brackets; empty: none
  std::vector<Operand> operands;     // of a transformer or a list
  Position position;
};

enum class Comparison : std::uint8_t {
  Exists, Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual, Contains, IContains, BContains, StartsWith, BStartsWith, EndsWith,
  Glob, IGlob, Regex, In, Intersects, PathMatch
};
std::string_view to_text(Comparison comparison);       // "=" for both spellings of equality

enum class Modifier : std::uint8_t { None, OneOf, AnyOf, AllOf };
std::string_view to_text(Modifier modifier);

struct Expression {
  enum class Kind : std::uint8_t { And, Or, Not, Check, Macro };
  Kind kind = Kind::Check;
  Position position;
  std::vector<std::shared_ptr<const Expression>> children;   // And, Or: two or more; Not: one
  std::string macro;                                         // Macro: its name
  // Check
  Operand left;
  Comparison comparison = Comparison::Exists;
  Modifier modifier = Modifier::None;
  std::vector<std::string> values;        // constants on the right
  std::vector<Operand> right;             // or one field there
  Position right_position;
};
using ExpressionPtr = std::shared_ptr<const Expression>;

struct ParsedCondition {
  ExpressionPtr expression;               // nullptr: `error` says why, `position` where the parser stood
  std::string error;
  Position position;
};
ParsedCondition parse_condition(std::string_view text);

// Operators as Falco lists them in messages and accepts them in exceptions.
std::string_view operator_names();         // "'exists', '<=', …"
bool is_operator(std::string_view name);
bool is_list_operator(std::string_view name);

// One field or transformer call at the head of `text`, for output formats: how long it is (0: none) and what it is.
struct ParsedOperand {
  Operand operand;
  std::size_t length = 0;
  std::string error;
};
ParsedOperand parse_transformer_call(std::string_view text);

}  // namespace detector::rules

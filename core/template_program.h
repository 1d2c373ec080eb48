// What a template becomes: a small tree, made by template_parser.cpp and walked by template_render.cpp. `a | f x` is
// already f(x, a) here, and a variable is a slot.
#pragma once

#include "core/result.h"
#include "core/template.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace core::templates {

enum class Function : std::uint8_t { Or, And, Not, Eq, Ne, Index, Printf, Upper, Lower, Truncate, Default };

enum class Known : std::uint8_t { Rule, Priority, Output, Source, Hostname, Time, Tags, Uuid, OutputFields };

struct Expression {
  enum class Kind : std::uint8_t {
    Text,      // "…" in the template
    Number,    // 12
    Boolean,   // true, false
    Nil,       // nil
    Dot,       // .
    Root,      // $
    Variable,  // $x: `slot`
    Member,    // .Rule of the alert: `known`
    Entry,     // .name of a map of fields: `arguments[0]` is the map, `text` the key
    Own,       // our own {{rule}}, {{proc.name}}: `text`
    Call,      // `function` of `arguments`
  };
  Kind kind = Kind::Nil;
  std::string text;
  Known known = Known::Rule;
  Function function = Function::Or;
  std::size_t slot = 0;
  std::vector<Expression> arguments;
};

struct Node {
  enum class Kind : std::uint8_t { Text, Print, Assign, If, With, Range };
  Kind kind = Kind::Text;
  std::string text;
  Expression expression;
  std::vector<Node> body, otherwise;
  std::size_t key_slot = 0, value_slot = 0;  // of Range and Assign; 0: none
};

struct Program {
  std::vector<Node> nodes;
  Template::Dot dot = Template::Dot::Alert;
  std::size_t slots = 1;  // 0 is nobody's
};

struct Mistake {
  std::size_t at = 0;
  std::string what;
};

// False: `mistake` says why.
bool parse(std::string_view text, Template::Dot dot, Program& program, Mistake& mistake);
// Of a call whose arguments are all there: "" when it can be rendered, else the sentence. `dot_is_root`: not within a
// with or range.
std::string wrong_with(const Expression& call, std::string_view name, Template::Dot dot, bool dot_is_root);
std::string render(const Program& program, const Alert& alert, const Template::Escape& escape);

}  // namespace core::templates

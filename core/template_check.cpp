// What each function wants, looked at while parsing: rendering cannot fail then.
#include "core/template_program.h"

#include <fmt/format.h>

namespace core::templates {
namespace {

bool is_map(const Expression& map, Template::Dot dot, bool dot_is_root) {
  switch (map.kind) {
    case Expression::Kind::Variable:
    case Expression::Kind::Call:
      return true;
    case Expression::Kind::Dot:
      return !dot_is_root || dot == Template::Dot::Fields;
    case Expression::Kind::Root:
      return dot == Template::Dot::Fields;
    case Expression::Kind::Member:
      return map.known == Known::OutputFields || map.known == Known::Tags;
    default:
      return false;
  }
}

std::string wrong_with_format(std::string_view format, std::size_t values) {
  std::size_t verbs = 0;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    const char verb = ++i < format.size() ? format[i] : '\0';
    if (verb == '%') continue;
    if (verb != 's' && verb != 'v' && verb != 'd' && verb != 'q')
      return "printf knows %s, %v, %d, %q and %% alone, without width or precision";
    ++verbs;
  }
  return verbs == values ? std::string{} : fmt::format("printf has {} places for {} values", verbs, values);
}

}  // namespace

std::string wrong_with(const Expression& call, std::string_view name, Template::Dot dot, bool dot_is_root) {
  const auto& arguments = call.arguments;
  const auto wants = [&](std::size_t least, std::size_t most, std::string_view words) {
    return arguments.size() >= least && arguments.size() <= most ? std::string{}
                                                                 : fmt::format("{} wants {}", name, words);
  };
  const auto begins_with = [&](Expression::Kind kind) { return !arguments.empty() && arguments.front().kind == kind; };
  constexpr std::size_t kMany = 100;
  switch (call.function) {
    case Function::Or:
    case Function::And:
      return wants(1, kMany, "at least one value");
    case Function::Not:
      return wants(1, 1, "one value");
    case Function::Eq:
      return wants(2, kMany, "two values or more");
    case Function::Ne:
      return wants(2, 2, "two values");
    case Function::Index:
      if (arguments.size() != 2) return wants(2, 2, "a map and one key: index .OutputFields \"proc.name\"");
      if (is_map(arguments.front(), dot, dot_is_root)) return {};
      return dot == Template::Dot::Fields ? "index looks into the fields: index . \"proc.name\""
                                          : "index looks into .OutputFields: index .OutputFields \"proc.name\"";
    case Function::Upper:
    case Function::Lower:
      return wants(1, 1, fmt::format("one value: {{{{rule|{}}}}}", name));
    case Function::Truncate:
      if (!begins_with(Expression::Kind::Number) ||
          arguments.front().text.find_first_not_of("0123456789") != std::string::npos ||
          arguments.front().text.size() > 9)
        return "truncate wants a number: truncate(600)";
      return wants(2, 2, "a number and a value: {{rule|truncate(600)}}");
    case Function::Default:
      if (!begins_with(Expression::Kind::Text)) return "default wants a text in quotes: default(\"none\")";
      return wants(2, 2, "a text and a value: {{rule|default(\"none\")}}");
    case Function::Printf:
      if (!begins_with(Expression::Kind::Text))
        return "printf wants its format first, as a text in quotes: printf \"%s\" .Rule";
      return wrong_with_format(arguments.front().text, arguments.size() - 1);
  }
  return {};
}

}  // namespace core::templates

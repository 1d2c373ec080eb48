// Words → tree, by recursive descent. Every function's arguments are counted and looked at here, so that what is wrong
// is told with its place before anything starts, and rendering cannot fail.
#include "core/template_lexer.h"
#include "core/template_program.h"
#include "core/text.h"

#include <fmt/format.h>

#include <array>
#include <optional>

namespace core::templates {
namespace {

using Kind = Token::Kind;

constexpr std::size_t kDeepest = 40;  // blocks and parentheses within each other

constexpr std::array<std::pair<std::string_view, Function>, 11> kFunctions{{{"or", Function::Or},
                                                                            {"and", Function::And},
                                                                            {"not", Function::Not},
                                                                            {"eq", Function::Eq},
                                                                            {"ne", Function::Ne},
                                                                            {"index", Function::Index},
                                                                            {"printf", Function::Printf},
                                                                            {"upper", Function::Upper},
                                                                            {"lower", Function::Lower},
                                                                            {"truncate", Function::Truncate},
                                                                            {"default", Function::Default}}};

constexpr std::array<std::pair<std::string_view, Known>, 9> kMembers{{{"Rule", Known::Rule},
                                                                      {"Priority", Known::Priority},
                                                                      {"Output", Known::Output},
                                                                      {"Source", Known::Source},
                                                                      {"Hostname", Known::Hostname},
                                                                      {"Time", Known::Time},
                                                                      {"Tags", Known::Tags},
                                                                      {"UUID", Known::Uuid},
                                                                      {"OutputFields", Known::OutputFields}}};

template <class Table>
auto find_in(const Table& table, std::string_view name) -> std::optional<decltype(table[0].second)> {
  for (const auto& [known, value] : table)
    if (known == name) return value;
  return {};
}

std::string quoted(std::string_view text) {
  return printable(truncate_utf8(text, 60));
}

class Parser {
 public:
  Parser(const std::vector<Token>& tokens, Program& program, Mistake& mistake)
      : tokens_{tokens}, program_{program}, mistake_{mistake} {}

  bool run() {
    std::string ended_by;
    if (!nodes(program_.nodes, ended_by)) return false;
    if (!ended_by.empty())
      return fail(ended_at_, fmt::format("'{{{{{}}}}}' belongs to no if, with or range", ended_by));
    return true;
  }

 private:
  struct Name {
    std::string text;
    std::size_t slot;
  };

  bool fail(std::size_t at, std::string what) {
    mistake_ = {at, std::move(what)};
    return false;
  }
  const Token& next() const { return tokens_[at_]; }
  bool take(Kind kind) {
    if (next().kind != kind) return false;
    ++at_;
    return true;
  }
  bool at_word(std::string_view word) const { return next().kind == Kind::Word && next().text == word; }
  bool close() { return take(Kind::Close) || fail(next().at, "'}}' is missing here; one thing stands in each {{…}}"); }

  // Up to {{end}} or {{else…}}, which is left in `ended_by`, its Open eaten; "": the text's end.
  bool nodes(std::vector<Node>& into, std::string& ended_by) {
    if (++depth_ > kDeepest) return fail(next().at, fmt::format("blocks are nested deeper than {}", kDeepest));
    while (next().kind != Kind::End) {
      if (next().kind == Kind::Literal) {
        into.push_back({.kind = Node::Kind::Text, .text = next().text});
        ++at_;
        continue;
      }
      const std::size_t open = next().at;
      ++at_;  // Open: nothing else follows a literal
      if (at_word("end") || at_word("else")) {
        ended_by = next().text;
        ended_at_ = open;
        ++at_;
        --depth_;
        return true;
      }
      if (!action(into, open)) return false;
    }
    --depth_;
    ended_by.clear();
    return true;
  }

  bool action(std::vector<Node>& into, std::size_t open) {
    if (next().kind == Kind::Close) return fail(open, "'{{}}' names nothing");
    Node node;
    if (at_word("if") || at_word("with") || at_word("range")) {
      node.kind = at_word("if") ? Node::Kind::If : at_word("with") ? Node::Kind::With : Node::Kind::Range;
      ++at_;
      if (!block(node, open)) return false;
    } else if (next().kind == Kind::Variable && tokens_[at_ + 1].kind == Kind::Assign) {
      const std::string name = next().text;
      at_ += 2;
      node.kind = Node::Kind::Assign;
      if (!pipeline(node.expression) || !close()) return false;
      node.value_slot = declare(name);
    } else {
      node.kind = Node::Kind::Print;
      if (!pipeline(node.expression) || !close()) return false;
    }
    into.push_back(std::move(node));
    return true;
  }

  std::size_t declare(std::string name) {
    names_.push_back({std::move(name), program_.slots});
    return program_.slots++;
  }

  // After the word; `else if` becomes a block of its own in `otherwise`.
  bool block(Node& node, std::size_t open) {
    const std::size_t names = names_.size();
    const bool dot = dot_is_root_;
    if (node.kind != Node::Kind::If && next().kind == Kind::Variable && !range_names(node)) return false;
    if (!pipeline(node.expression)) return false;
    if (!close()) return false;
    if (node.kind != Node::Kind::If) dot_is_root_ = false;
    std::string ended_by;
    if (!nodes(node.body, ended_by)) return false;
    dot_is_root_ = dot;
    if (ended_by == "else") {
      if (at_word("if")) {
        ++at_;
        if (++depth_ > kDeepest) return fail(open, fmt::format("blocks are nested deeper than {}", kDeepest));
        Node inner;
        inner.kind = Node::Kind::If;
        if (!block(inner, open)) return false;  // its {{end}} is ours too
        --depth_;
        node.otherwise.push_back(std::move(inner));
        names_.resize(names);
        return true;
      }
      if (!close() || !nodes(node.otherwise, ended_by)) return false;
      if (ended_by == "else") return fail(ended_at_, "a second '{{else}}' in one block");
    }
    names_.resize(names);
    if (ended_by.empty()) return fail(open, "this block is not closed by '{{end}}'");
    return close();
  }

  // $value := …, or $key, $value := …
  bool range_names(Node& node) {
    const std::size_t start = at_;
    std::vector<std::string> names{next().text};
    ++at_;
    if (node.kind == Node::Kind::Range && take(Kind::Comma)) {
      if (next().kind != Kind::Variable) return fail(next().at, "a variable belongs after ','");
      names.push_back(next().text);
      ++at_;
    }
    if (!take(Kind::Assign)) {
      if (names.size() == 2) return fail(next().at, "':=' is missing after the variables");
      at_ = start;  // no declaration: {{with $x}}
      return true;
    }
    if (names.size() == 2) node.key_slot = declare(names.front());
    node.value_slot = declare(names.back());
    return true;
  }

  bool pipeline(Expression& into) {
    if (++depth_ > kDeepest) return fail(next().at, fmt::format("parentheses are nested deeper than {}", kDeepest));
    if (!command(into, nullptr)) return false;
    std::size_t stages = 0;
    while (next().kind == Kind::Pipe) {
      if (++stages > kDeepest) return fail(next().at, fmt::format("more than {} pipes in a row", kDeepest));
      ++at_;
      Expression piped = std::move(into);
      into = {};
      if (!command(into, &piped)) return false;
    }
    --depth_;
    return true;
  }

  bool is_operand() const {
    switch (next().kind) {
      case Kind::Field:
      case Kind::Dot:
      case Kind::Variable:
      case Kind::Text:
      case Kind::Number:
      case Kind::Left:
      case Kind::Word:
      case Kind::Own:
        return true;
      default:
        return false;
    }
  }

  bool command(Expression& into, Expression* piped) {
    const Token& first = next();
    const bool constant = first.text == "true" || first.text == "false" || first.text == "nil";
    if (first.kind == Kind::Word && !constant) return call(into, piped);
    if (piped != nullptr) return fail(first.at, "a function is missing after '|'");
    if (!operand(into)) return false;
    if (is_operand())
      return fail(next().at,
                  first.kind == Kind::Own
                      ? fmt::format("'{}' is a name and stands alone; filters follow after '|'", quoted(first.text))
                      : "only a function takes arguments");
    return true;
  }

  bool call(Expression& into, Expression* piped) {
    const Token& name = next();
    const auto function = find_in(kFunctions, name.text);
    if (!function) return fail(name.at, no_such_function(name.text));
    ++at_;
    into.kind = Expression::Kind::Call;
    into.function = *function;
    while (is_operand()) {
      if (next().kind == Kind::Word && find_in(kFunctions, next().text))
        return fail(next().at, fmt::format("put '{} …' in parentheses", next().text));
      Expression argument;
      if (!operand(argument)) return false;
      into.arguments.push_back(std::move(argument));
    }
    if (piped != nullptr) into.arguments.push_back(std::move(*piped));
    std::string wrong = wrong_with(into, name.text, program_.dot, dot_is_root_);
    return wrong.empty() || fail(name.at, std::move(wrong));
  }

  static std::string no_such_function(std::string_view name) {
    if (is_go_word(name))
      return fmt::format(
          "'{}' is Go's, and not among what is understood here: if, else, with, range, index, or, and, not, "
          "eq, ne, printf",
          name);
    return fmt::format(
        "no filter '{}'; there are upper, lower, truncate(n) and default(\"text\"), and Go's index, or, and, "
        "not, eq, ne, printf",
        quoted(name));
  }

  bool operand(Expression& into) {
    const Token token = next();
    switch (token.kind) {
      case Kind::Text:
        into = {.kind = Expression::Kind::Text, .text = token.text};
        break;
      case Kind::Number:
        into = {.kind = Expression::Kind::Number, .text = token.text};
        break;
      case Kind::Dot:
        into.kind = Expression::Kind::Dot;
        break;
      case Kind::Own:
        if (!is_name(token.text))
          return fail(token.at, fmt::format("'{}' is not a name such as rule or proc.name", quoted(token.text)));
        into = {.kind = Expression::Kind::Own, .text = token.text};
        break;
      case Kind::Word:
        if (token.text == "true" || token.text == "false")
          into = {.kind = Expression::Kind::Boolean, .text = token.text};
        else if (token.text == "nil")
          into.kind = Expression::Kind::Nil;
        else
          return fail(token.at, find_in(kFunctions, token.text) ? fmt::format("put '{}' in parentheses", token.text)
                                                                : no_such_function(token.text));
        break;
      case Kind::Left:
        ++at_;
        if (!pipeline(into)) return false;
        if (!take(Kind::Right)) return fail(token.at, "'(' is not closed by ')'");
        return true;
      case Kind::Variable:
        return variable(into);
      case Kind::Field:
        ++at_;
        return member(into, token, dot_is_root_, Expression{.kind = Expression::Kind::Dot});
      case Kind::Open:
      case Kind::Close:
      case Kind::Literal:
      case Kind::Pipe:
      case Kind::Right:
      case Kind::Assign:
      case Kind::Comma:
      case Kind::End:
        return fail(token.at, "a value is missing here");
    }
    ++at_;
    return true;
  }

  static bool is_name(std::string_view text) {
    const char c = text.empty() ? '\0' : text.front();
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }

  bool variable(Expression& into) {
    const Token token = next();
    ++at_;
    Expression base;
    if (token.text.empty()) {
      base.kind = Expression::Kind::Root;
    } else {
      base.kind = Expression::Kind::Variable;
      for (const Name& name : names_)
        if (name.text == token.text) base.slot = name.slot;  // the innermost
      if (base.slot == 0) return fail(token.at, fmt::format("there is no variable '${}' here", quoted(token.text)));
    }
    if (next().kind != Kind::Field || next().at != token.at + 1 + token.text.size()) {
      into = std::move(base);
      return true;
    }
    const Token field = next();
    ++at_;
    const bool is_root = base.kind == Expression::Kind::Root;
    return member(into, field, is_root, std::move(base));
  }

  // .Rule of the alert, .name of a map of fields.
  bool member(Expression& into, const Token& field, bool of_root, Expression base) {
    const bool of_alert = of_root && program_.dot == Template::Dot::Alert;
    std::string_view path = field.text;
    const auto known = find_in(kMembers, path.substr(0, path.find('.')));
    if (of_alert) {
      if (!known)
        return fail(field.at,
                    fmt::format("there is no '.{}'; there are .Rule, .Priority, .Output, .Source, .Hostname, .Time, "
                                ".Tags, .UUID and .OutputFields (index .OutputFields \"proc.name\")",
                                quoted(path)));
      base = {.kind = Expression::Kind::Member, .known = *known};
      const auto dot = path.find('.');
      if (dot == std::string_view::npos) {
        into = std::move(base);
        return true;
      }
      if (*known != Known::OutputFields)
        return fail(field.at, fmt::format("'.{}' has nothing inside", quoted(path.substr(0, dot))));
      path.remove_prefix(dot + 1);
    } else if (of_root && known) {
      return fail(field.at, fmt::format("'.{}' is not there: '.' is output_fields here; write index . \"proc.name\"",
                                        quoted(path)));
    }
    if (path.empty() || path.find('.') != std::string_view::npos)
      return fail(field.at, fmt::format("a name with dots is not reached this way; write index {} \"{}\"",
                                        of_alert ? ".OutputFields" : ".", quoted(path)));
    into = {.kind = Expression::Kind::Entry, .text = std::string{path}};
    into.arguments.push_back(std::move(base));
    return true;
  }

  const std::vector<Token>& tokens_;
  Program& program_;
  Mistake& mistake_;
  std::size_t at_ = 0, depth_ = 0, ended_at_ = 0;
  bool dot_is_root_ = true;
  std::vector<Name> names_;
};

}  // namespace

bool parse(std::string_view text, Template::Dot dot, Program& program, Mistake& mistake) {
  program.dot = dot;
  std::vector<Token> tokens;
  return scan(text, tokens, mistake) && Parser{tokens, program, mistake}.run();
}

}  // namespace core::templates

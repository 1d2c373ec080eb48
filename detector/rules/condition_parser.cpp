// The recursive-descent parser of conditions. Messages name the last word read ("unexpected token after 'x'"). A fault unwinds through null pointers.
#include "detector/rules/condition_lexer.h"

#include <optional>

namespace detector::rules {
namespace {

constexpr std::string_view kTransformerNames =
  "'val', 'tolower', 'toupper', 'b64', 'basename', 'len', 'join', 'concat', 'getopt'";
constexpr int kMaxDepth = 1000;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), words_(text) {}

  ParsedCondition parse() {
    if (text_.empty()) return {nullptr, "filter input string is empty", words_.at()};
    ExpressionPtr expression = parse_or();
    if (expression && !words_.is_at_end()) expression = fail("unexpected token after '" + words_.last() + "', expecting 'or', 'and'");
    return {expression, words_.error(), words_.at()};
  }

  ParsedOperand parse_call() {
    const Position begin = words_.at();
    if (!words_.take_transformer()) return {};
    auto operand = parse_transformer(begin);
    if (!operand) return {{}, 0, words_.error()};
    return {std::move(*operand), words_.at().offset, {}};
  }

 private:
  // Counts nesting; hostile rule files must not end the stack.
  struct Depth {
    explicit Depth(Parser& of) : parser(of) { ++parser.depth_; }
    ~Depth() { --parser.depth_; }
    bool too_deep() {
      if (parser.depth_ < kMaxDepth) return false;
      parser.fail("exceeded max depth limit of " + std::to_string(kMaxDepth));
      return true;
    }
    Parser& parser;
  };

  ExpressionPtr parse_or() { return parse_chain("or", Expression::Kind::Or); }
  ExpressionPtr parse_and() { return parse_chain("and", Expression::Kind::And); }

  ExpressionPtr parse_chain(std::string_view word, Expression::Kind kind) {
    Depth depth{*this};
    if (depth.too_deep()) return nullptr;
    const Position begin = words_.at();
    std::vector<ExpressionPtr> children;
    const auto parse_member = [&] { return kind == Expression::Kind::Or ? parse_and() : parse_not(); };
    words_.skip_blanks();
    ExpressionPtr child = parse_member();
    if (!child) return nullptr;
    children.push_back(std::move(child));
    words_.skip_blanks();
    while (words_.take(word)) {
      if (words_.skip_blanks()) child = parse_member();
      else if (words_.take("(")) child = parse_embedded();
      else return fail("expected blank or '(' after '" + std::string{word} + "'");
      if (!child) return nullptr;
      children.push_back(std::move(child));
      words_.skip_blanks();
    }
    if (children.size() == 1) return children.front();
    auto chain = std::make_shared<Expression>();
    chain->kind = kind;
    chain->position = begin;
    chain->children = std::move(children);
    return chain;
  }

  ExpressionPtr parse_not() {
    Depth depth{*this};
    if (depth.too_deep()) return nullptr;
    const Position begin = words_.at();
    bool negated = false;
    words_.skip_blanks();
    while (words_.take_not()) negated = !negated;
    ExpressionPtr child;
    if (words_.take("not(")) {
      negated = !negated;
      child = parse_embedded();
    } else {
      child = parse_check();
    }
    if (!child || !negated) return child;
    auto expression = std::make_shared<Expression>();
    expression->kind = Expression::Kind::Not;
    expression->position = begin;
    expression->children.push_back(std::move(child));
    return expression;
  }

  // What follows an opening parenthesis.
  ExpressionPtr parse_embedded() {
    Depth depth{*this};
    if (depth.too_deep()) return nullptr;
    words_.skip_blanks();
    ExpressionPtr child = parse_or();
    if (!child) return nullptr;
    words_.skip_blanks();
    if (!words_.take(")")) return fail("expected a ')' token");
    return child;
  }

  ExpressionPtr parse_check() {
    Depth depth{*this};
    if (depth.too_deep()) return nullptr;
    words_.skip_blanks();
    const Position begin = words_.at();
    if (words_.take("(")) return parse_embedded();
    if (words_.take_field_name()) {
      auto left = parse_field(begin);
      return left ? parse_comparison(std::move(*left), begin) : nullptr;
    }
    if (words_.take_transformer()) {
      auto left = parse_transformer(begin);
      return left ? parse_comparison(std::move(*left), begin) : nullptr;
    }
    if (words_.take_identifier()) {
      auto macro = std::make_shared<Expression>();
      macro->kind = Expression::Kind::Macro;
      macro->position = begin;
      macro->macro = words_.last();
      return macro;
    }
    return fail("expected a '(' token, a field check, or an identifier");
  }

  std::optional<Operand> parse_field(Position begin) {
    Operand field{Operand::Kind::Field, words_.last(), {}, {}, begin};
    if (!words_.take("[")) return field;
    if (!words_.take_quoted() && (!words_.error().empty() || !words_.take_bare_argument())) {
      fail("expected a valid field argument: a quoted string or a bare string");
      return std::nullopt;
    }
    field.argument = words_.last();
    if (!words_.take("]")) {
      fail("expected a ']' token");
      return std::nullopt;
    }
    return field;
  }

  // After "name(".
  std::optional<Operand> parse_transformer(Position begin) {
    Depth depth{*this};
    if (depth.too_deep()) return std::nullopt;
    Operand call{Operand::Kind::Transformer, words_.last().substr(0, words_.last().size() - 1), {}, {}, begin};
    do {
      auto argument = parse_transformer_argument(true);
      if (!argument) return std::nullopt;
      call.operands.push_back(std::move(*argument));
      words_.skip_blanks();
    } while (words_.take(","));
    if (!words_.take(")")) {
      fail("expected a ')' token closing the transformer");
      return std::nullopt;
    }
    if (words_.take("[")) {
      if (!words_.take_quoted() && (!words_.error().empty() || !words_.take_bare_argument())) {
        fail("expected a valid field argument: a quoted string or a bare string");
        return std::nullopt;
      }
      call.argument = words_.last();
      if (!words_.take("]")) {
        fail("expected a ']' token");
        return std::nullopt;
      }
    }
    return call;
  }

  std::optional<Operand> parse_transformer_argument(bool may_be_list) {
    words_.skip_blanks();
    const Position begin = words_.at();
    if (words_.take_transformer()) return parse_transformer(begin);
    if (words_.take_field_name()) return parse_field(begin);
    if (words_.take_quoted()) return Operand{Operand::Kind::Text, words_.last(), {}, {}, begin};
    if (words_.error().empty() && words_.take_number()) return Operand{Operand::Kind::Number, words_.last(), {}, {}, begin};
    if (words_.error().empty() && may_be_list && words_.take("(")) {
      Operand list{Operand::Kind::List, {}, {}, {}, begin};
      do {
        auto item = parse_transformer_argument(false);
        if (!item) return std::nullopt;
        list.operands.push_back(std::move(*item));
        words_.skip_blanks();
      } while (words_.take(","));
      if (words_.take(")")) return list;
      fail("expected a ')' token closing the transformer list");
      return std::nullopt;
    }
    fail("expected field transformer argument: field, transformer, quoted string, number, or transformer list");
    return std::nullopt;
  }

  ExpressionPtr parse_comparison(Operand left, Position begin) {
    auto check = std::make_shared<Expression>();
    check->position = begin;
    check->left = std::move(left);
    words_.skip_blanks();
    if (words_.take("exists")) {
      check->comparison = Comparison::Exists;
      return check;
    }
    words_.skip_blanks();
    bool ok = false;
    if (words_.take_number_operator(check->comparison)) ok = parse_number_value(*check);
    else if (words_.take_text_operator(check->comparison)) ok = words_.take_modifier(check->modifier) ? parse_list_value(*check) : parse_text_value(*check);
    else if (words_.take_list_operator(check->comparison)) ok = parse_list_value(*check);
    else return fail("expected a valid check operator: one of " + std::string{operator_names()});
    return ok ? check : nullptr;
  }

  bool parse_number_value(Expression& check) {
    words_.skip_blanks();
    check.right_position = words_.at();
    if (const auto done = try_field_value(check)) return *done;
    if (!words_.take_number()) return fails("expected a number value or a field with a valid transformer: " + std::string{kTransformerNames});
    check.values.push_back(words_.last());
    return true;
  }

  bool parse_text_value(Expression& check) {
    words_.skip_blanks();
    check.right_position = words_.at();
    if (const auto done = try_field_value(check)) return *done;
    if (!words_.take_text()) return fails("expected a string value or a field with a valid transformer: " + std::string{kTransformerNames});
    check.values.push_back(words_.last());
    return true;
  }

  bool parse_list_value(Expression& check) {
    words_.skip_blanks();
    check.right_position = words_.at();
    if (words_.take("(")) {
      words_.skip_blanks();
      if (words_.take_text()) {
        check.values.push_back(words_.last());
        words_.skip_blanks();
        while (words_.take(",")) {
          words_.skip_blanks();
          if (!words_.take_text()) return fails("expected a string value");
          check.values.push_back(words_.last());
          words_.skip_blanks();
        }
      } else if (!words_.error().empty()) {
        return false;
      }
      return words_.take(")") || fails("expected a ')' token");
    }
    if (const auto done = try_field_value(check)) return *done;
    if (words_.take_identifier()) {
      check.values.push_back(words_.last());
      return true;
    }
    return fails("expected a list, an identifier, or a field with a valid transformer: " + std::string{kTransformerNames});
  }

  // val(field) or a transformer; nullopt: something else stands here.
  std::optional<bool> try_field_value(Expression& check) {
    const Position begin = words_.at();
    if (words_.take("val(")) {
      words_.skip_blanks();
      const Position inside = words_.at();
      if (!words_.take_field_name()) return fails("expected a field within 'val' transformer");
      auto field = parse_field(inside);
      if (!field) return false;
      words_.skip_blanks();
      if (!words_.take(")")) return fails("expected a ')' token closing the transformer");
      check.right.push_back(std::move(*field));
      return true;
    }
    if (!words_.take_transformer()) return std::nullopt;
    auto call = parse_transformer(begin);
    if (!call) return false;
    check.right.push_back(std::move(*call));
    return true;
  }

  std::nullptr_t fail(std::string what) {
    words_.fail(std::move(what));
    return nullptr;
  }
  bool fails(std::string what) {
    fail(std::move(what));
    return false;
  }

  std::string_view text_;
  ConditionLexer words_;
  int depth_ = 0;
};

}  // namespace

ParsedCondition parse_condition(std::string_view text) { return Parser{text}.parse(); }
ParsedOperand parse_transformer_call(std::string_view text) { return Parser{text}.parse_call(); }

}  // namespace detector::rules

// From trees to the graph. Keys are the canonical text of a node over its children's numbers: equal keys are the same node.
#include "detector/rules/program.h"

#include "core/invariant.h"
#include "detector/rules/field_name.h"

#include <algorithm>
#include <cctype>

namespace detector::rules {
namespace {

void append_piece(std::string& key, std::string_view piece) {
  key.append(std::to_string(piece.size())).append(":").append(piece);
}

// Values that look like something else the author may have meant.
void warn_of_value(Comparison comparison, const std::string& value, Position position, std::vector<CompileWarning>& warnings) {
  constexpr std::string_view kSpecial = ".+*?^$()[]{}|\\";
  if (comparison == Comparison::Regex) {
    bool needs_regex = false;
    for (std::size_t i = 0; i < value.size() && !needs_regex; ++i) {
      const bool is_last = i + 1 == value.size();
      if ((i == 0 && value[i] == '^') || (is_last && value[i] == '$')) continue;
      const bool at_an_end = (i == 0 && value.size() > 1) || i + 2 == value.size();
      if (at_an_end && value[i] == '.' && std::string_view{"+*?"}.find(value[i + 1]) != std::string_view::npos) {
        ++i;
        continue;
      }
      needs_regex = kSpecial.find(value[i]) != std::string_view::npos;
    }
    if (!needs_regex) {
      warnings.push_back({"regex check with '" + value + "' may be optimized with simpler operators such as '=', 'contains', 'startswith', 'endswith'", position});
    }
  }
  std::string bare = value;
  bare.erase(std::remove_if(bare.begin(), bare.end(), [](unsigned char c) { return std::isspace(c) != 0; }), bare.end());
  if (find_whole_field(bare).field) warnings.push_back({"'" + value + "' may be a valid field misused as a const string value", position});
  for (const std::string_view name : {"val", "tolower", "toupper", "b64", "basename", "len", "join", "concat", "getopt"}) {
    if (bare.size() >= name.size() + 2 && bare.compare(0, name.size(), name) == 0 && bare[name.size()] == '(' && bare.back() == ')') {
      warnings.push_back({"'" + value + "' may be a valid field transformer misused as a const string value", position});
    }
  }
}

}  // namespace

ProgramBuilder::Outcome ProgramBuilder::add(const Expression& condition) {
  Outcome outcome;
  const auto root = build(condition, outcome);
  outcome.ok = root.has_value();
  if (root) outcome.root = *root;
  return outcome;
}

std::optional<NodeId> ProgramBuilder::build(const Expression& expression, Outcome& outcome) {
  if (expression.kind == Expression::Kind::Check) return build_check(expression, outcome);
  INVARIANT(expression.kind != Expression::Kind::Macro);    // resolved before
  Node node;
  std::string key;
  switch (expression.kind) {
    case Expression::Kind::And: node.kind = Node::Kind::And; key = "and"; break;
    case Expression::Kind::Or: node.kind = Node::Kind::Or; key = "or"; break;
    case Expression::Kind::Not: node.kind = Node::Kind::Not; key = "not"; break;
    case Expression::Kind::Check: case Expression::Kind::Macro: break;
  }
  for (const ExpressionPtr& child : expression.children) {
    const auto id = build(*child, outcome);
    if (!id) return std::nullopt;
    node.children.push_back(*id);     // chains are not flattened: a macro stays one node, whose answer rules share
  }
  for (const NodeId child : node.children) key.append(" ").append(std::to_string(child));
  return intern(std::move(node), key);
}

std::optional<NodeId> ProgramBuilder::build_check(const Expression& expression, Outcome& outcome) {
  const auto refuse = [&](std::string why, Position where) {
    outcome.fault = {std::move(why), where};
    return std::nullopt;
  };
  const auto left = add_operand(expression.left, outcome.fault);
  if (!left) return std::nullopt;
  const Read left_read = program_.reads[*left];     // a copy: the right side may grow the vector
  std::string refusal = refuse_comparison(expression.comparison, expression.modifier, left_read);
  if (!refusal.empty()) return refuse(std::move(refusal), expression.left.position);

  Node node;
  node.check.left = *left;
  node.check.comparison = expression.comparison;
  node.check.modifier = expression.modifier;
  std::string key = "check " + std::to_string(*left) + " " + std::string{to_text(expression.comparison)} + " " + std::string{to_text(expression.modifier)};
  if (!expression.right.empty()) {
    const auto right = add_operand(expression.right.front(), outcome.fault);
    if (!right || !check_right_side(expression, left_read, program_.reads[*right], outcome.fault)) return std::nullopt;
    node.check.has_right = true;
    node.check.right = *right;
    key.append(" read ").append(std::to_string(*right));
  } else {
    for (const std::string& value : expression.values) warn_of_value(expression.comparison, value, expression.right_position, outcome.warnings);
    refusal = parse_constants(node.check, left_read, expression.values);
    if (!refusal.empty()) return refuse(std::move(refusal), expression.right_position);
    key += ' ';
    for (const std::string& value : expression.values) append_piece(key, value);
  }
  return intern(std::move(node), key);
}

bool ProgramBuilder::check_right_side(const Expression& expression, const Read& left, const Read& right, CompileFault& fault) {
  const auto refuse = [&](std::string why) {
    fault = {std::move(why), expression.right.front().position};
    return false;
  };
  if (expression.comparison == Comparison::PathMatch || expression.comparison == Comparison::Regex) {
    return refuse("operator '" + std::string{to_text(expression.comparison)} + "' doesn't support right-hand side fields");
  }
  if (left.type == FieldType::Net) return refuse("field type 'IPNET' doesn't support right-hand side fields");
  if (left.no_right_side) return refuse("field '" + left.name + "' doesn't support right-hand side fields");
  if (right.no_right_side) return refuse("field '" + right.name + "' can't be used as a right-hand side field");
  const std::string_view left_type = type_name(left.type, left.bits), right_type = type_name(right.type, right.bits);
  if (left_type != right_type) {
    return refuse("field '" + left.name + "' has type '" + std::string{left_type} + "' while the right-hand side field '" + right.name +
                  "' has incompatible type '" + std::string{right_type} + "'");
  }
  return true;
}

std::optional<ReadId> ProgramBuilder::add_operand(const Operand& operand, CompileFault& fault) {
  switch (operand.kind) {
    case Operand::Kind::Field: {
      const std::string text = operand.argument.empty() ? operand.name : operand.name + "[" + operand.argument + "]";
      FieldLookup found = find_whole_field(text);
      if (!found.field) {
        fault = {std::move(found.error), operand.position};
        return std::nullopt;
      }
      return add_field(found.field->id, found.field->argument, found.field->type);
    }
    case Operand::Kind::Text: case Operand::Kind::Number: {
      Read read;
      read.kind = Read::Kind::Constant;
      read.name = read.constant_text = operand.name;
      std::string key = "constant ";
      append_piece(key, operand.name);
      return intern(std::move(read), key);
    }
    case Operand::Kind::List: {
      Read read;
      read.kind = Read::Kind::List;
      read.list = true;
      read.name = "list";
      std::string key = "list";
      for (const Operand& item : operand.operands) {
        const auto id = add_operand(item, fault);
        if (!id) return std::nullopt;
        read.inputs.push_back(*id);
        key.append(" ").append(std::to_string(*id));
      }
      return intern(std::move(read), key);
    }
    case Operand::Kind::Transformer: return build_transformer(operand, fault);
  }
  return std::nullopt;
}

ReadId ProgramBuilder::add_field(FieldId field, const std::string& argument, FieldType type) {
  const FieldInfo& info = field_table()[field];
  Read read;
  read.field = field;
  read.argument = argument;
  read.name = info.name;
  read.type = type;
  read.bits = info.bits;
  read.list = info.list;
  read.no_right_side = info.no_right_side;
  if (argument.empty()) read.any_ancestor = ancestor_reader(field);
  if (info.name == "fd.ip") read.pair = Pair::Ip;
  if (info.name == "fd.port" || info.name == "fd.proto") read.pair = Pair::Port;
  if (info.name == "fd.net") read.pair = Pair::Net;
  std::string key = "field " + std::to_string(field) + " ";
  append_piece(key, argument);
  if (read.pair != Pair::None) {
    const bool port = read.pair == Pair::Port;
    for (const std::string_view end : {port ? "fd.cport" : "fd.cip", port ? "fd.sport" : "fd.sip"}) {
      const auto id = find_field(end);
      INVARIANT(id);
      read.inputs.push_back(add_field(*id, "", field_table()[*id].type));
    }
  }
  return intern(std::move(read), key);
}

std::optional<ReadId> ProgramBuilder::build_transformer(const Operand& operand, CompileFault& fault) {
  const auto refuse = [&](std::string why) {
    fault = {std::move(why), operand.position};
    return std::nullopt;
  };
  constexpr std::pair<std::string_view, Transformer> kNames[] = {{"tolower", Transformer::ToLower}, {"toupper", Transformer::ToUpper},
    {"b64", Transformer::Base64}, {"basename", Transformer::Basename}, {"len", Transformer::Length}, {"join", Transformer::Join},
    {"concat", Transformer::Concat}, {"getopt", Transformer::GetOpt}};
  const auto found = std::find_if(std::begin(kNames), std::end(kNames), [&](const auto& row) { return row.first == operand.name; });
  if (found == std::end(kNames)) return refuse("unknown field transfomer '" + operand.name + "'");
  Read read;
  read.kind = Read::Kind::Transformed;
  read.transformer = found->second;
  read.argument = operand.argument;
  const bool takes_many = found->second == Transformer::Join || found->second == Transformer::Concat || found->second == Transformer::GetOpt;
  if (takes_many != (operand.operands.size() > 1)) return refuse("unknown field transfomer '" + operand.name + "'");
  std::string key = "transformed " + operand.name + " ";
  append_piece(key, operand.argument);
  for (const Operand& input : operand.operands) {
    const auto id = add_operand(input, fault);
    if (!id) return std::nullopt;
    read.inputs.push_back(*id);
    key.append(" ").append(std::to_string(*id));
  }
  const Read& first = program_.reads[read.inputs[0]];
  read.name = first.name;
  if (takes_many) {
    if (read.inputs.size() > 2 && found->second != Transformer::Concat) return refuse("unknown field transfomer '" + operand.name + "'");
    if (found->second == Transformer::Join && !program_.reads[read.inputs[1]].list) return refuse("join() second argument must be a list");
    if (found->second == Transformer::GetOpt && !first.list) return refuse("getopt() first argument must be a list");
    read.name = operand.name;
    read.list = found->second == Transformer::GetOpt && operand.argument.empty();
    return intern(std::move(read), key);
  }
  if (first.kind == Read::Kind::Field && first.no_right_side) return refuse("can't add field transformer: field '" + first.name + "' doesn't support transformers");
  const bool text = first.type == FieldType::Text || first.type == FieldType::Path || first.type == FieldType::EventName;
  const bool bytes = first.type == FieldType::Bytes;
  const bool fits = text || (bytes && (found->second == Transformer::Base64 || found->second == Transformer::Length)) ||
                    (first.list && found->second == Transformer::Length);
  if (!fits) {
    return refuse("can't add field transformer: type '" + std::string{type_name(first.type, first.bits)} + "' is not supported by '" +
                  operand.name + "' transformer applied on field '" + first.name + "'");
  }
  read.type = found->second == Transformer::Length ? FieldType::Uint : bytes ? FieldType::Bytes : FieldType::Text;
  read.list = first.list && found->second != Transformer::Length;
  return intern(std::move(read), key);
}

ReadId ProgramBuilder::intern(Read read, const std::string& key) {
  const auto [found, is_new] = reads_by_key_.emplace(key, static_cast<ReadId>(program_.reads.size()));
  if (is_new) program_.reads.push_back(std::move(read));
  return found->second;
}

NodeId ProgramBuilder::intern(Node node, const std::string& key) {
  const auto [found, is_new] = nodes_by_key_.emplace(key, static_cast<NodeId>(program_.nodes.size()));
  if (is_new) program_.nodes.push_back(std::move(node));
  return found->second;
}

}  // namespace detector::rules

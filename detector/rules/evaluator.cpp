// The walk over the graph. Missing makes every comparison false; `not` of it is true (falco.md 2.2).
#include "detector/rules/evaluator.h"

#include <algorithm>

namespace detector::rules {

Evaluator::Evaluator(const Program& program) : program_(program), node_event_(program.nodes.size()), node_value_(program.nodes.size()), slots_(program.reads.size()) {}

void Evaluator::begin(const Event& event, FieldContext& context) {
  event_ = &event;
  context_ = &context;
  ++number_;
}

bool Evaluator::is_true(NodeId id) {
  if (node_event_[id] == number_) return node_value_[id] != 0;
  const bool value = compute(program_.nodes[id]);
  ++nodes_evaluated_;
  node_event_[id] = number_;
  node_value_[id] = value ? 1 : 0;
  return value;
}

bool Evaluator::compute(const Node& node) {
  switch (node.kind) {
    case Node::Kind::And: return std::all_of(node.children.begin(), node.children.end(), [this](NodeId child) { return is_true(child); });
    case Node::Kind::Or: return std::any_of(node.children.begin(), node.children.end(), [this](NodeId child) { return is_true(child); });
    case Node::Kind::Not: return !is_true(node.children.front());
    case Node::Kind::Check: return compute(node.check);
  }
  return false;
}

bool Evaluator::compute(const Check& check) {
  const Read& left = program_.reads[check.left];
  if (left.pair != Pair::None) return compare_pair(check, left);
  if (left.any_ancestor != nullptr) return compare_ancestors(check, left);
  const bool by_equality = check.comparison == Comparison::Equal || check.comparison == Comparison::In || check.comparison == Comparison::NotEqual;
  if (left.type == FieldType::EventName && by_equality && check.modifier == Modifier::None && !check.has_right) {
    const auto type = static_cast<std::size_t>(event_->type);
    const bool found = type < check.constants.event_types.size() && check.constants.event_types[type];
    return found != (check.comparison == Comparison::NotEqual);
  }
  const Value& value = read(check.left);
  return check.has_right ? compare_values(check.comparison, left.type, value, read(check.right)) : compare(check, left.type, value);
}

// True of any ancestor, parent first. Read one by one into the scratch: nothing is kept, nothing allocated.
bool Evaluator::compare_ancestors(const Check& check, const Read& left) {
  constexpr int kFarthest = 1000;      // a table gone wrong must not hang us
  const Process* process = event_->process->parent;
  for (int i = 0; process != nullptr && i < kFarthest; ++i, process = process->parent) {
    if (compare(check, left.type, left.any_ancestor(*process, *context_))) return true;
  }
  return false;
}

// fd.ip, fd.port, fd.net: any end for everything but `!=`, which wants both to differ. `fd.net in (a, b)` looks at all of its list,
// where Falco looks at the first network only: no rule can mean that.
bool Evaluator::compare_pair(const Check& check, const Read& left) {
  const Value& client = read(left.inputs[0]);
  const Value& server = read(left.inputs[1]);
  if (std::holds_alternative<Missing>(client) && std::holds_alternative<Missing>(server)) return false;
  const auto holds = [&](const Value& value) { return compare(check, left.type, value); };
  if (check.comparison != Comparison::NotEqual) return holds(client) || holds(server);
  const auto differs = [&](const Value& value) { return std::holds_alternative<Missing>(value) || holds(value); };
  return differs(client) && differs(server);
}

const Value& Evaluator::read(ReadId id) {
  Slot& slot = slots_[id];
  if (slot.event == number_) return slot.value;
  fill(program_.reads[id], slot);
  slot.event = number_;
  return slot.value;
}

void Evaluator::fill(const Read& read_of, Slot& slot) {
  switch (read_of.kind) {
    case Read::Kind::Field:
      slot.value = read_field(read_of.field, read_of.argument, *event_, *context_);
      keep(slot);
      break;
    case Read::Kind::Constant:
      slot.value = std::string_view{read_of.constant_text};
      break;
    case Read::Kind::List: {
      std::vector<std::string> words;
      for (const ReadId input : read_of.inputs) {
        const Value& value = read(input);
        if (const auto* text = std::get_if<std::string_view>(&value)) words.emplace_back(*text);
        else if (const auto* list = std::get_if<std::vector<std::string>>(&value)) words.insert(words.end(), list->begin(), list->end());
      }
      slot.value = std::move(words);
      break;
    }
    case Read::Kind::Transformed:
      transform(read_of, slot);
      break;
  }
}

// The context's one scratch is the next reader's too: a view into it takes the bytes along.
void Evaluator::keep(Slot& slot) {
  auto* text = std::get_if<std::string_view>(&slot.value);
  std::string& scratch = context_->scratch;
  if (text == nullptr || text->empty() || text->data() < scratch.data() || text->data() >= scratch.data() + scratch.size()) return;
  const auto offset = static_cast<std::size_t>(text->data() - scratch.data());
  const std::size_t size = text->size();
  slot.buffer.swap(scratch);
  *text = std::string_view{slot.buffer}.substr(offset, size);
}

}  // namespace detector::rules

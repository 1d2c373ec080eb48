// Runs a program over one event at a time. What was read and found for an event is kept until begin() is called for the next, in buffers
// that are reused: an event that matches nothing allocates nothing. One thread.
#pragma once

#include "detector/rules/program.h"

namespace detector::rules {

class Evaluator {
 public:
  explicit Evaluator(const Program& program);

  // `event` and `context` must outlive the reads until the next begin().
  void begin(const Event& event, FieldContext& context);
  bool is_true(NodeId node);
  // Views live until the next begin().
  const Value& read(ReadId read);

  std::uint64_t nodes_evaluated() const { return nodes_evaluated_; }   // in all; at most once a node and event

 private:
  struct Slot {
    std::uint64_t event = 0;
    Value value;
    std::string buffer;
  };

  bool compute(const Node& node);
  bool compute(const Check& check);
  bool compare_ancestors(const Check& check, const Read& left);
  bool compare_pair(const Check& check, const Read& left);
  void fill(const Read& read, Slot& slot);
  void transform(const Read& read, Slot& slot);
  void keep(Slot& slot);

  const Program& program_;
  const Event* event_ = nullptr;
  FieldContext* context_ = nullptr;
  std::uint64_t number_ = 0, nodes_evaluated_ = 0;
  std::vector<std::uint64_t> node_event_;
  std::vector<char> node_value_;
  std::vector<Slot> slots_;
};

// One value against a check's constants, or against another value. Missing is false, whatever the operator.
bool compare(const Check& check, FieldType type, const Value& value);
bool compare_values(Comparison comparison, FieldType type, const Value& left, const Value& right);

// The text operators; `right` for glob and iglob is the pattern.
bool compare_texts(Comparison comparison, std::string_view left, const std::string& right);

// Transformers over plain text and lists. False: missing.
bool decode_base64(std::string_view text, std::string& into);
void list_options(const std::vector<std::string>& words, std::string_view known, std::vector<std::pair<char, std::string>>& into);

}  // namespace detector::rules

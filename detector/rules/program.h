// Conditions of all rules as one graph without duplicates: equal sub-expressions are one node, equal reads one slot, so that an event
// costs each at most once however many rules ask. Built once by program_builder.cpp, then only read.
#pragma once

#include "detector/event/field_rows.h"
#include "detector/rules/condition.h"
#include "detector/rules/path_tree.h"

#include <re2/re2.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace detector::rules {

using NodeId = std::uint32_t;
using ReadId = std::uint32_t;

enum class Transformer : std::uint8_t { ToLower, ToUpper, Base64, Basename, Length, Join, Concat, GetOpt };

// Fields that mean "either end" of a connection and are read as two.
enum class Pair : std::uint8_t { None, Ip, Port, Net };

// A value to be read off the event: a field, a constant, a transformer over other reads, or a list of reads.
struct Read {
  enum class Kind : std::uint8_t { Field, Constant, Transformed, List };
  Kind kind = Kind::Field;
  FieldId field = 0;
  std::string argument;                       // of the field, or getopt's [c]
  std::string name;                           // as messages name it: the field's own
  FieldType type = FieldType::Text;
  unsigned bits = 64;
  bool list = false;
  bool no_right_side = false;
  ProcessReader any_ancestor = nullptr;       // set: true of any ancestor
  Pair pair = Pair::None;
  Transformer transformer = Transformer::ToLower;
  std::vector<ReadId> inputs;
  std::string constant_text;
};

struct Network {
  IpAddress address;
  unsigned bits = 0;
  bool contains(const IpAddress& ip) const;
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using TextSet = std::unordered_set<std::string, TextHash, std::equal_to<>>;

// The constants on the right of a comparison, parsed as the left side's type demands.
struct Constants {
  std::vector<std::string> texts;
  TextSet set;                                // in, intersects
  std::vector<__int128> numbers;
  std::vector<double> doubles;
  std::vector<IpAddress> ips;
  std::vector<Network> networks;
  std::vector<std::unique_ptr<re2::RE2>> regexes;
  PathTree paths;                             // pmatch
  std::vector<bool> event_types;              // evt.type: by EventType
};

struct Check {
  ReadId left = 0;
  Comparison comparison = Comparison::Exists;
  Modifier modifier = Modifier::None;
  Constants constants;
  bool has_right = false;
  ReadId right = 0;
};

struct Node {
  enum class Kind : std::uint8_t { And, Or, Not, Check };
  Kind kind = Kind::Check;
  std::vector<NodeId> children;
  Check check;
};

struct Program {
  std::vector<Node> nodes;                    // children stand before their parents
  std::vector<Read> reads;
};

struct CompileFault {
  std::string message;
  Position position;
};
struct CompileWarning {
  std::string message;
  Position position;
};

// Adds conditions to a program. Types are checked here; a refused condition leaves at most unused nodes behind.
class ProgramBuilder {
 public:
  struct Outcome {
    bool ok = false;
    NodeId root = 0;
    CompileFault fault;
    std::vector<CompileWarning> warnings;
  };
  Outcome add(const Expression& condition);

  // For outputs: a field (from field_name.h) or a transformer call as a read.
  ReadId add_field(FieldId field, const std::string& argument, FieldType type);
  std::optional<ReadId> add_operand(const Operand& operand, CompileFault& fault);

  Program take() { return std::move(program_); }
  const Program& program() const { return program_; }

 private:
  std::optional<NodeId> build(const Expression& expression, Outcome& outcome);
  std::optional<NodeId> build_check(const Expression& expression, Outcome& outcome);
  std::optional<ReadId> build_transformer(const Operand& operand, CompileFault& fault);
  bool check_right_side(const Expression& expression, const Read& left, const Read& right, CompileFault& fault);
  ReadId intern(Read read, const std::string& key);
  NodeId intern(Node node, const std::string& key);

  Program program_;
  std::unordered_map<std::string, NodeId> nodes_by_key_;
  std::unordered_map<std::string, ReadId> reads_by_key_;
};

// Whether the operator can be used on such a field; else Falco's refusal.
std::string refuse_comparison(Comparison comparison, Modifier modifier, const Read& left);

// Parses the constants for `left`'s type. "": done; else the refusal.
std::string parse_constants(Check& check, const Read& left, const std::vector<std::string>& values);

}  // namespace detector::rules

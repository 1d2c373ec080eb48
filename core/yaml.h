// The one door to yaml-cpp: text → a tree of our own nodes with places (both from 1), duplicate keys reported, all
// faults at once.
#pragma once

#include "core/diagnostic.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace core {

struct YamlEntry;

struct YamlNode {
  enum class Kind { Null, Scalar, Sequence, Map };
  Kind kind = Kind::Null;
  Place place;
  std::string scalar;              // Scalar: its text
  bool quoted = false;             // Scalar: '…' or "…" or a block; then "123" is text and "~" is not null
  std::vector<YamlNode> items;     // Sequence
  std::vector<YamlEntry> entries;  // Map, in order, duplicates kept

  const YamlNode* find(std::string_view key) const;  // Map: the last value under that key; nullptr: none
  bool is_map() const { return kind == Kind::Map; }
  bool is_sequence() const { return kind == Kind::Sequence; }
  bool is_scalar() const { return kind == Kind::Scalar; }
  bool is_null() const { return kind == Kind::Null; }
};

// Not std::pair: clang wants to know all of a pair's members where the vector above is declared.
struct YamlEntry {
  YamlNode first, second;  // key, value
};

enum class DuplicateKeys { Refuse, Keep };  // Falco's rule files keep them: the last one wins there

// All documents of a stream. A syntax fault becomes one error in `diagnostics` (the text is added as source), and the
// documents before it are returned. An empty text has no document. With Refuse the text is configuration: a line that
// could not be read, or stands twice, is shown without its value, for nobody knows yet whether that is a secret.
std::vector<YamlNode> parse_yaml(const std::string& file, const std::string& text, Diagnostics& diagnostics,
                                 DuplicateKeys duplicates = DuplicateKeys::Refuse);

// Faults shall not show what stands at or below this node, as it may be a secret; a value that is one reference
// (${env:NAME}) may be seen.
void conceal(const YamlNode& node, Diagnostics& diagnostics);

// The scalar as YAML 1.2 text of a node, for messages and `-o key=value`: {a: 1, b: [x]}.
std::string to_flow_text(const YamlNode& node);

}  // namespace core

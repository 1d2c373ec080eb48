// yaml-cpp's event parser into our own tree. Its Node API drops duplicate keys and places of values that are null;
// events keep both.
#include "core/yaml.h"

#include "core/text.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <sstream>

namespace core {
namespace {

constexpr std::size_t kMaxDepth = 100;
constexpr std::size_t kMaxNodes = 1'000'000;  // aliases multiply: "billion laughs"

// A guard of ours, thrown through yaml-cpp's parser and caught in parse_yaml.
struct TooMuch {
  std::string what;
};

class Builder : public YAML::EventHandler {
 public:
  explicit Builder(std::string file) : file_{std::move(file)} {}

  std::vector<YamlNode> documents;

  void OnDocumentStart(const YAML::Mark&) override {
    stack_.clear();
    anchors_.clear();
    has_root_ = false;
  }
  void OnDocumentEnd() override {
    if (has_root_) documents.push_back(std::move(root_));
    root_ = {};
  }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    leaf(make(YamlNode::Kind::Null, mark), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return leaf(make(YamlNode::Kind::Null, mark), 0);
    nodes_ += weight(found->second);
    if (nodes_ > kMaxNodes) throw TooMuch{"aliases make more than a million nodes"};
    leaf(YamlNode{found->second}, 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = make(YamlNode::Kind::Scalar, mark);
    node.scalar = value;
    node.quoted = tag == "!";
    node.place.length = std::max<std::size_t>(1, value.substr(0, value.find('\n')).size() + (node.quoted ? 2 : 0));
    if (!node.quoted && (value.empty() || value == "~" || value == "null" || value == "Null" || value == "NULL"))
      node.kind = YamlNode::Kind::Null;
    leaf(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(YamlNode::Kind::Sequence, mark), anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(YamlNode::Kind::Map, mark), anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    YamlNode key;
  };

  YamlNode make(YamlNode::Kind kind, const YAML::Mark& mark) {
    if (++nodes_ > kMaxNodes) throw TooMuch{"more than a million nodes"};
    YamlNode node;
    node.kind = kind;
    node.place = {file_, mark.line + 1, mark.column + 1, 1};
    return node;
  }
  static std::size_t weight(const YamlNode& node) {
    std::size_t sum = 1;
    for (const auto& item : node.items) sum += weight(item);
    for (const auto& [key, value] : node.entries) sum += weight(key) + weight(value);
    return sum;
  }
  void open(YamlNode node, YAML::anchor_t anchor) {
    if (stack_.size() >= kMaxDepth) throw TooMuch{fmt::format("nested deeper than {}", kMaxDepth)};
    stack_.push_back({std::move(node), anchor, false, {}});
  }
  void close() {
    Level level = std::move(stack_.back());
    stack_.pop_back();
    leaf(std::move(level.node), level.anchor);
  }
  void leaf(YamlNode node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = node;
    if (stack_.empty()) {
      root_ = std::move(node);
      has_root_ = true;
      return;
    }
    Level& level = stack_.back();
    if (level.node.kind == YamlNode::Kind::Sequence) {
      level.node.items.push_back(std::move(node));
    } else if (level.has_key) {
      level.node.entries.emplace_back(std::move(level.key), std::move(node));
      level.has_key = false;
    } else {
      level.key = std::move(node);
      level.has_key = true;
    }
  }

  std::string file_;
  YamlNode root_;
  bool has_root_ = false;
  std::size_t nodes_ = 0;
  std::vector<Level> stack_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
};

void refuse_duplicates(const YamlNode& node, Diagnostics& diagnostics) {
  std::map<std::string, const YamlNode*> seen;
  for (const auto& [key, value] : node.entries) {
    if (key.is_scalar()) {
      const auto [first, is_new] = seen.emplace(key.scalar, &key);
      if (!is_new)
        diagnostics.error(key.place, fmt::format("key '{}' stands twice", key.scalar),
                          fmt::format("the first one is in line {}", first->second->place.line));
      if (!is_new) conceal(value, diagnostics);
    }
    refuse_duplicates(value, diagnostics);
  }
  for (const auto& item : node.items) refuse_duplicates(item, diagnostics);
}

// Where the value begins in a line that the parser gave up on: after "key:", or where the text begins.
int value_column(const std::string& text, int line) {
  std::size_t begin = 0;
  for (int n = 1; n < line && begin != std::string::npos; ++n) {
    begin = text.find('\n', begin);
    if (begin != std::string::npos) ++begin;
  }
  if (begin == std::string::npos) return 1;
  const std::string_view shown = std::string_view{text}.substr(begin, text.find('\n', begin) - begin);
  auto value = shown.find(':');
  value = shown.find_first_not_of(" -", value == std::string_view::npos ? 0 : value + 1);
  return static_cast<int>(value == std::string_view::npos ? shown.size() : value) + 1;
}

bool is_one_reference(std::string_view text) {
  return text.starts_with("${") && text.find('}') == text.size() - 1;
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
    if (entry->first.kind != Kind::Sequence && entry->first.kind != Kind::Map && entry->first.scalar == key)
      return &entry->second;
  return nullptr;
}

std::vector<YamlNode> parse_yaml(const std::string& file, const std::string& text, Diagnostics& diagnostics,
                                 DuplicateKeys duplicates) {
  diagnostics.add_source(file, text);
  Builder builder{file};
  try {
    std::istringstream stream{text};
    YAML::Parser parser{stream};
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& fault) {
    const bool placed = !fault.mark.is_null();
    diagnostics.error({file, placed ? fault.mark.line + 1 : 0, placed ? fault.mark.column + 1 : 0, 1},
                      "not YAML: " + fault.msg);
    if (placed && duplicates == DuplicateKeys::Refuse)
      diagnostics.conceal({file, fault.mark.line + 1, value_column(text, fault.mark.line + 1)});
  } catch (const TooMuch& fault) {
    diagnostics.error({file, 0, 0, 1}, fault.what);
  }
  if (duplicates == DuplicateKeys::Refuse)
    for (const auto& document : builder.documents) refuse_duplicates(document, diagnostics);
  return std::move(builder.documents);
}

void conceal(const YamlNode& node, Diagnostics& diagnostics) {
  if (node.is_scalar() && !is_one_reference(node.scalar)) diagnostics.conceal(node.place);
  for (const YamlNode& item : node.items) conceal(item, diagnostics);
  for (const auto& entry : node.entries) conceal(entry.second, diagnostics);
}

std::string to_flow_text(const YamlNode& node) {
  std::string out;
  switch (node.kind) {
    case YamlNode::Kind::Null:
      return "null";
    case YamlNode::Kind::Scalar:
      return node.quoted ? json_quote(node.scalar) : node.scalar;
    case YamlNode::Kind::Sequence:
      for (const auto& item : node.items) out += (out.empty() ? "" : ", ") + to_flow_text(item);
      return "[" + out + "]";
    case YamlNode::Kind::Map:
      for (const auto& [key, value] : node.entries)
        out += (out.empty() ? "" : ", ") + to_flow_text(key) + ": " + to_flow_text(value);
      return "{" + out + "}";
  }
  return out;
}

}  // namespace core

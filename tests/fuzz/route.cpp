// Matchers against a naive oracle. The input is a program: its bytes choose an alert and two `match:` blocks; the
// oracle counts on its fingers what each block says of the alert. And where one block surely covers another, no alert
// that the other matches may slip through.
#include "core/yaml.h"
#include "hub/route/matcher.h"
#include "targets.h"
#include "tests/fuzz/property.h"

#include <algorithm>

namespace fuzz {
namespace {

class Choices {
 public:
  explicit Choices(std::string_view bytes) : bytes_{bytes} {}
  unsigned below(unsigned end) {
    if (bytes_.empty()) return 0;
    const unsigned byte = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte % end;
  }
  template <std::size_t N>
  std::string one_of(const char* const (&words)[N]) {
    return words[below(N)];
  }

 private:
  std::string_view bytes_;
};

constexpr const char* kSigns[] = {"", "=", "==", ">=", ">", "<=", "<"};
constexpr const char* kTags[] = {"a", "b", "container", "T1003", "mitre_execution"};
constexpr const char* kTexts[] = {"a", "ab", "aab", "abba", "b", "Shell", "web-1"};
constexpr const char* kPatterns[] = {"a",        "ab",       "Shell",   "glob:*",    "glob:a*", "glob:*b",    "glob:?b",
                                     "glob:a*a", "glob:*b*", "glob:??", "re2:^a+b$", "re2:b",   "glob:w?b-*", "web-1"};
constexpr const char* kFields[] = {"proc.name", "k8s.ns.name", "n"};

// How severe, counted upwards: the oracle's own scale.
int severity(unsigned priority) {
  return 7 - static_cast<int>(priority);
}

bool oracle_glob(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*')
    return oracle_glob(pattern.substr(1), text) || (!text.empty() && oracle_glob(pattern, text.substr(1)));
  return !text.empty() && (pattern.front() == '?' || pattern.front() == text.front()) &&
         oracle_glob(pattern.substr(1), text.substr(1));
}

bool oracle_pattern(std::string_view pattern, std::string_view text) {
  if (pattern == "re2:b") return text.find('b') != std::string_view::npos;
  if (pattern == "re2:^a+b$")
    return text.ends_with('b') && text.size() > 1 && text.find_first_not_of('a') == text.size() - 1;
  return pattern.starts_with("glob:") ? oracle_glob(pattern.substr(5), text) : pattern == text;
}

// A block under construction: what it says, and whether the alert is meant.
struct Block {
  std::string yaml;
  bool expected = true;
  void add(const std::string& key, const std::vector<std::string>& entries, bool any, const std::string& indent) {
    yaml += indent + key + ": [";
    for (const std::string& entry : entries) yaml += (&entry == &entries.front() ? "\"" : ", \"") + entry + '"';
    yaml += "]\n";
    expected = expected && any;
  }
};

core::Alert make_alert(Choices& choose) {
  core::Alert alert;
  alert.priority = core::kPriorities[choose.below(8)];
  for (const char* tag : kTags)
    if (choose.below(2) == 1) alert.tags.emplace_back(tag);
  std::sort(alert.tags.begin(), alert.tags.end());
  alert.rule = choose.one_of(kTexts);
  alert.source = choose.one_of(kTexts);
  alert.hostname = choose.one_of(kTexts);
  for (const char* name : kFields)
    if (choose.below(2) == 1)
      alert.fields.push_back(
          {.name = name, .kind = core::AlertField::Kind::Text, .json = {}, .text = choose.one_of(kTexts)});
  std::sort(alert.fields.begin(), alert.fields.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return alert;
}

void add_priorities(Choices& choose, const core::Alert& alert, Block& block, const std::string& indent) {
  std::vector<std::string> entries;
  bool any = false;
  const int have = severity(static_cast<unsigned>(alert.priority));
  for (unsigned i = 0, count = choose.below(4); i < count; ++i) {
    const unsigned one = choose.below(8), other = choose.below(8);
    const int want = severity(one);
    const std::string word{core::to_lower(core::kPriorities[one])};
    if (choose.below(3) == 0) {
      entries.push_back(word + ".." + std::string{core::to_lower(core::kPriorities[other])});
      any = any || (have >= std::min(want, severity(other)) && have <= std::max(want, severity(other)));
      continue;
    }
    const unsigned sign = choose.below(std::size(kSigns));
    entries.push_back(kSigns[sign] + word);
    any = any || (sign == 3   ? have >= want
                  : sign == 4 ? have > want
                  : sign == 5 ? have <= want
                  : sign == 6 ? have < want
                              : have == want);
  }
  if (!entries.empty()) block.add("priority", entries, any, indent);
}

void add_tags(Choices& choose, const core::Alert& alert, Block& block, const std::string& indent) {
  std::vector<std::string> entries;
  bool any = false;
  for (unsigned i = 0, count = choose.below(3); i < count; ++i) {
    bool all = true;
    std::string entry;
    for (unsigned n = 0, tags = 1 + choose.below(3); n < tags; ++n) {
      const std::string tag = choose.one_of(kTags);
      entry += (n == 0 ? "" : ",") + tag;
      all = all && std::count(alert.tags.begin(), alert.tags.end(), tag) > 0;
    }
    entries.push_back(entry);
    any = any || all;
  }
  if (!entries.empty()) block.add("tags", entries, any, indent);
}

void add_patterns(Choices& choose, const std::string& key, const std::string& text, Block& block,
                  const std::string& indent) {
  std::vector<std::string> entries;
  bool any = false;
  for (unsigned i = 0, count = choose.below(3); i < count; ++i) {
    entries.push_back(choose.one_of(kPatterns));
    any = any || oracle_pattern(entries.back(), text);
  }
  if (!entries.empty()) block.add(key, entries, any, indent);
}

void add_fields(Choices& choose, const core::Alert& alert, Block& block, const std::string& indent) {
  std::vector<std::string> entries;
  bool any = false;
  for (unsigned i = 0, count = choose.below(3); i < count; ++i) {
    bool all = true;
    std::string entry;
    for (unsigned n = 0, tests = 1 + choose.below(2); n < tests; ++n) {
      const std::string name = choose.one_of(kFields);
      const core::AlertField* field = alert.field(name);
      const unsigned form = choose.below(4);
      const std::string pattern = choose.one_of(kPatterns);
      const bool holds = form < 2 ? field != nullptr : field != nullptr && oracle_pattern(pattern, field->text);
      entry += n == 0 ? "" : ",";
      entry += form == 0 ? name : form == 1 ? "!" + name : form == 2 ? name + "=" + pattern : name + "!=" + pattern;
      all = all && (form % 2 == 0 ? holds : !holds);
    }
    entries.push_back(entry);
    any = any || all;
  }
  if (!entries.empty()) block.add("output_fields", entries, any, indent);
}

Block make_block(Choices& choose, const core::Alert& alert, const std::string& indent = {}) {
  Block block;
  add_priorities(choose, alert, block, indent);
  add_tags(choose, alert, block, indent);
  add_patterns(choose, "rules", alert.rule, block, indent);
  add_patterns(choose, "source", alert.source, block, indent);
  add_patterns(choose, "hostname", alert.hostname, block, indent);
  add_fields(choose, alert, block, indent);
  if (indent.empty() && choose.below(3) == 1) {
    const Block inner = make_block(choose, alert, "  ");
    if (!inner.yaml.empty()) {
      block.yaml += "not:\n" + inner.yaml;
      block.expected = block.expected && !inner.expected;
    }
  }
  return block;
}

// Nothing: the block was refused, as it should be.
std::optional<hub::Matcher> read(const Block& block) {
  core::Diagnostics diagnostics;
  const auto documents = core::parse_yaml("outputs.yaml", block.yaml, diagnostics);
  const core::YamlNode nothing;
  core::Fields fields{documents.empty() ? nothing : documents.front(), "route", diagnostics};
  hub::Matcher matcher;
  matcher.describe(fields);
  fields.finish();
  if (!diagnostics.has_errors()) return matcher;
  // "<debug" and the like, which no alert can have, are refused; nothing else here is.
  demand(diagnostics.render().find("which no alert can have") != std::string::npos, "a good block is read",
         block.yaml + diagnostics.render());
  return {};
}

}  // namespace

void fuzz_route(std::string_view input) {
  Choices choose{input};
  const core::Alert alert = make_alert(choose);
  const Block one = make_block(choose, alert), other = make_block(choose, alert);
  const auto first = read(one), second = read(other);
  if (first) {
    demand(first->matches(alert) == one.expected, "the matcher and the oracle agree", one.yaml);
    demand(first->why_not(alert).empty() == one.expected, "the explanation and the oracle agree", one.yaml);
    demand(first->is_everything() == one.yaml.empty(), "a block without keys is everything", one.yaml);
  }
  if (!first || !second) return;
  demand(second->matches(alert) == other.expected, "the matcher and the oracle agree", other.yaml);
  if (hub::surely_covers(*first, *second) && other.expected)
    demand(one.expected, "what is surely covered is covered", one.yaml + "---\n" + other.yaml);
}

}  // namespace fuzz

// Matchers against a naive oracle. The input is a program: bytes choose the priorities and tags that a route wants and
// the priority and tags that an alert has; the oracle counts on its fingers.
#include "hub/route/route.h"

#include "core/yaml.h"
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

 private:
  std::string_view bytes_;
};

constexpr std::string_view kSigns[] = {"", "=", "==", ">=", ">", "<=", "<"};
constexpr std::string_view kTags[] = {"a", "b", "container", "T1003", "mitre_execution"};

// How severe, counted upwards: the oracle's own scale.
int severity(unsigned priority) {
  return 7 - static_cast<int>(priority);
}

bool oracle_priority(unsigned sign, unsigned bound, unsigned priority) {
  const int have = severity(priority), want = severity(bound);
  switch (sign) {
    case 3:
      return have >= want;
    case 4:
      return have > want;
    case 5:
      return have <= want;
    case 6:
      return have < want;
    default:
      return have == want;
  }
}

}  // namespace

void fuzz_route(std::string_view input) {
  Choices choose{input};
  core::Alert alert;
  const unsigned priority = choose.below(8);
  alert.priority = core::kPriorities[priority];
  for (const std::string_view tag : kTags)
    if (choose.below(2) == 1) alert.tags.emplace_back(tag);
  std::sort(alert.tags.begin(), alert.tags.end());

  std::string yaml;
  bool expected = true;
  if (const unsigned terms = choose.below(4); terms > 0) {
    bool any = false;
    yaml += "priority: [";
    for (unsigned i = 0; i < terms; ++i) {
      const unsigned one = choose.below(8), other = choose.below(8);
      if (i > 0) yaml += ", ";
      if (choose.below(3) == 0) {
        yaml += '"' + std::string{core::to_lower(core::kPriorities[one])} + ".." +
                std::string{core::to_lower(core::kPriorities[other])} + '"';
        any = any || (severity(priority) >= std::min(severity(one), severity(other)) &&
                      severity(priority) <= std::max(severity(one), severity(other)));
      } else {
        const unsigned sign = choose.below(std::size(kSigns));
        yaml += '"' + std::string{kSigns[sign]} + std::string{core::to_lower(core::kPriorities[one])} + '"';
        any = any || oracle_priority(sign, one, priority);
      }
    }
    yaml += "]\n";
    expected = expected && any;
  }
  if (const unsigned lists = choose.below(4); lists > 0) {
    bool any = false;
    yaml += "tags: [";
    for (unsigned i = 0; i < lists; ++i) {
      bool all = true;
      std::string text;
      for (unsigned n = 0, count = 1 + choose.below(3); n < count; ++n) {
        const std::string_view tag = kTags[choose.below(std::size(kTags))];
        text += (text.empty() ? "" : ",") + std::string{tag};
        all = all && std::count(alert.tags.begin(), alert.tags.end(), tag) > 0;
      }
      yaml += (i > 0 ? ", \"" : "\"") + text + '"';
      any = any || all;
    }
    yaml += "]\n";
    expected = expected && any;
  }

  core::Diagnostics diagnostics;
  const auto documents = core::parse_yaml("outputs.yaml", yaml, diagnostics);
  core::YamlNode nothing;
  core::Fields fields{documents.empty() ? nothing : documents.front(), "route", diagnostics};
  hub::Matcher matcher;
  matcher.describe(fields);
  fields.finish();
  if (diagnostics.has_errors()) {
    // "<debug" and the like, which no alert can have, are refused; nothing else here is.
    demand(diagnostics.render().find("which no alert can have") != std::string::npos, "a good matcher is read", yaml);
    return;
  }
  demand(matcher.matches(alert) == expected, "the matcher and the oracle agree", yaml);
}

}  // namespace fuzz

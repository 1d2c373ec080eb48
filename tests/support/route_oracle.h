// Naive twins of routing, for property tests and fuzzers: a random match block as YAML with the plainest possible
// reading of it, and dedup and throttle recomputed from the whole history for each alert. `Pick` gives a number below
// its argument: from a random generator, or from a fuzzer's bytes.
#pragma once

#include "core/alert.h"
#include "hub/route/route.h"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace tests {

using Pick = std::function<unsigned(unsigned)>;

inline const std::vector<std::string>& oracle_words() {
  static const std::vector<std::string> words{"a", "b", "ab", "ba", "aab", "abc"};
  return words;
}

inline core::Alert oracle_alert(const Pick& pick) {
  const auto word = [&] { return oracle_words()[pick(6)]; };
  core::Alert alert;
  alert.priority = core::kPriorities[pick(8)];
  alert.rule = word();
  alert.source = word();
  alert.hostname = word();
  for (unsigned i = pick(3); i > 0; --i) alert.tags.push_back(word());
  std::sort(alert.tags.begin(), alert.tags.end());
  for (const char* name : {"x", "y"}) {
    if (pick(3) == 0) continue;
    const std::string value = word();
    alert.fields.push_back({name, core::AlertField::Kind::Text, {}, value});
  }
  return alert;
}

struct OracleMatch {
  struct Block {
    std::vector<core::Priority> priorities;
    std::vector<std::string> rules, hostnames;
    std::vector<std::vector<std::string>> tags;
    std::vector<std::vector<std::pair<std::string, std::string>>> fields;  // name, "=value", "!=value", "" or "!"
  };
  Block block, negated;
  bool has_negated = false;

  static OracleMatch random(const Pick& pick) {
    OracleMatch made;
    made.block = random_block(pick);
    made.has_negated = pick(3) == 0;
    if (made.has_negated) {
      do made.negated = random_block(pick);
      while (yaml_of(made.negated) == "{}");
    }
    return made;
  }

  std::string yaml() const {
    std::string text = yaml_of(block);
    if (!has_negated) return text;
    text.pop_back();
    return text + (text.size() > 1 ? ", " : "") + "not: " + yaml_of(negated) + "}";
  }
  bool matches(const core::Alert& alert) const {
    return holds(block, alert) && !(has_negated && holds(negated, alert));
  }

 private:
  static bool text_holds(const std::string& written, const std::string& text) {
    if (written.starts_with("glob:*")) return text.ends_with(written.substr(6));
    if (written.starts_with("re2:^")) return text.starts_with(written.substr(5));
    return written == text;
  }
  static std::string random_text(const Pick& pick) {
    static const char* const prefixes[] = {"", "", "glob:*", "re2:^"};
    return prefixes[pick(4)] + oracle_words()[pick(6)];
  }
  static Block random_block(const Pick& pick) {
    Block made;
    if (pick(3) == 0) {
      for (unsigned i = 1 + pick(3); i > 0; --i) made.priorities.push_back(core::kPriorities[pick(8)]);
    }
    if (pick(3) == 0) {
      for (unsigned i = 1 + pick(2); i > 0; --i) made.rules.push_back(random_text(pick));
    }
    if (pick(4) == 0) made.hostnames.push_back(random_text(pick));
    if (pick(3) == 0) {
      for (unsigned i = 1 + pick(2); i > 0; --i) {
        made.tags.push_back({oracle_words()[pick(6)]});
        if (pick(2)) made.tags.back().push_back(oracle_words()[pick(6)]);
      }
    }
    if (pick(3) == 0) {
      for (unsigned i = 1 + pick(2); i > 0; --i) {
        auto& all = made.fields.emplace_back();
        for (unsigned n = 1 + pick(2); n > 0; --n) {
          static const char* const signs[] = {"", "!", "=", "!="};
          const std::string sign = signs[pick(4)];
          all.emplace_back(pick(2) ? "x" : "y", sign.ends_with('=') ? sign + random_text(pick) : sign);
        }
      }
    }
    return made;
  }
  static bool field_holds(const std::pair<std::string, std::string>& test, const core::Alert& alert) {
    const core::AlertField* field = nullptr;
    for (const core::AlertField& each : alert.fields) {
      if (each.name == test.first) field = &each;
    }
    if (test.second.empty()) return field != nullptr;
    if (test.second == "!") return field == nullptr;
    if (test.second[0] == '!') return field == nullptr || !text_holds(test.second.substr(2), field->text);
    return field != nullptr && text_holds(test.second.substr(1), field->text);
  }
  static bool holds(const Block& block, const core::Alert& alert) {
    bool any = block.priorities.empty();
    for (const auto priority : block.priorities) any = any || priority == alert.priority;
    if (!any) return false;
    any = block.rules.empty();
    for (const auto& rule : block.rules) any = any || text_holds(rule, alert.rule);
    if (!any) return false;
    any = block.hostnames.empty();
    for (const auto& host : block.hostnames) any = any || text_holds(host, alert.hostname);
    if (!any) return false;
    any = block.tags.empty();
    for (const auto& all : block.tags) {
      bool each = true;
      for (const auto& tag : all) each = each && std::count(alert.tags.begin(), alert.tags.end(), tag) > 0;
      any = any || each;
    }
    if (!any) return false;
    any = block.fields.empty();
    for (const auto& all : block.fields) {
      bool each = true;
      for (const auto& test : all) each = each && field_holds(test, alert);
      any = any || each;
    }
    return any;
  }
  static std::string list_of(const std::vector<std::string>& texts) {
    std::string list;
    for (const auto& text : texts) list += (list.empty() ? "[\"" : ", \"") + text + "\"";
    return list + "]";
  }
  static std::string yaml_of(const Block& block) {
    std::vector<std::string> keys, texts;
    for (const auto priority : block.priorities) texts.emplace_back(core::to_lower(priority));
    if (!texts.empty()) keys.push_back("priority: " + list_of(texts));
    if (!block.rules.empty()) keys.push_back("rules: " + list_of(block.rules));
    if (!block.hostnames.empty()) keys.push_back("hostname: " + list_of(block.hostnames));
    texts.clear();
    for (const auto& all : block.tags) {
      texts.emplace_back();
      for (const auto& tag : all) texts.back() += (texts.back().empty() ? "" : ",") + tag;
    }
    if (!texts.empty()) keys.push_back("tags: " + list_of(texts));
    texts.clear();
    for (const auto& all : block.fields) {
      texts.emplace_back();
      for (const auto& [name, test] : all) {
        const bool bare = test.empty() || test == "!";
        texts.back() += (texts.back().empty() ? "" : ",") + (bare ? test + name : name + test);
      }
    }
    if (!texts.empty()) keys.push_back("output_fields: " + list_of(texts));
    std::string text = "{";
    for (const auto& key : keys) text += (text.size() > 1 ? ", " : "") + key;
    return text + "}";
  }
};

// What one route with dedup and throttle lets through, told from all alerts so far; `alike` is the key of both.
class NoiseOracle {
 public:
  NoiseOracle(core::Duration window, std::uint64_t most, core::Duration period)
      : window_{window}, most_{most}, period_{period} {}

  // "", "dedup" or "throttle".
  std::string next(const std::string& alike, core::Priority priority, core::TimePoint at) {
    history_.push_back({alike, priority, at, {}});
    history_.back().came_to = what(alike, priority, at);
    return history_.back().came_to;
  }

 private:
  struct Past {
    std::string alike;
    core::Priority priority;
    core::TimePoint at;
    std::string came_to;
  };
  std::string what(const std::string& alike, core::Priority priority, core::TimePoint at) const {
    const Past* opener = nullptr;
    for (const Past& past : history_) {
      if (past.alike == alike && past.came_to.empty() && &past != &history_.back()) opener = &past;
    }
    if (opener != nullptr && at < opener->at + window_ && priority >= opener->priority) return "dedup";
    core::TimePoint begun{};
    std::uint64_t passed = 0;
    for (const Past& past : history_) {
      if (past.alike != alike || past.came_to == "dedup" || &past == &history_.back()) continue;
      if (passed == 0 || past.at >= begun + period_) {
        begun = past.at;
        passed = 0;
      }
      if (past.came_to.empty()) ++passed;
    }
    const bool fresh = passed == 0 || at >= begun + period_;
    return fresh || passed < most_ ? "" : "throttle";
  }

  core::Duration window_;
  std::uint64_t most_;
  core::Duration period_;
  std::vector<Past> history_;
};

}  // namespace tests

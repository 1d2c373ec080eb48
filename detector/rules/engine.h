// The rule engine as the pipeline sees it: rule files in, a ruleset out; an event in, alerts out.
#pragma once

#include "core/diagnostic.h"
#include "core/priority.h"
#include "detector/event/field.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace detector {

struct RuleFile {
  std::string name;    // as the user gave it
  std::string text;
};

// Falco's verdict on one file (falco.md 1.7). Codes and texts are the compatibility surface.
struct LoadContext { std::string item_type, item_name; int line = 0, column = 0; std::size_t offset = 0; std::string file; };   // 0-based, as Falco's
struct LoadFault {
  std::string code;              // "LOAD_ERR_COMPILE_CONDITION"
  std::string message;
  std::vector<LoadContext> context;   // outermost first
  std::string snippet;           // the line and the caret, as Falco prints them
};
struct LoadResult {
  std::string file;
  bool successful = true;
  std::string schema_valid = "ok";
  std::vector<LoadFault> errors, warnings;
};

struct RuleSelection {                       // falco.yaml's `rules:` list, in order
  bool enable = true;
  std::string rule, tag;                     // one of them; rule may hold * wildcards
};

struct EngineOptions {
  core::Priority priority = core::Priority::Debug;     // rules below are not loaded
  bool match_all = false;                              // rule_matching: all
  std::vector<RuleSelection> selections;
  std::vector<std::string> append_output;              // texts appended to every output
  bool suggested_output = true;                        // append_output: [{suggested_output: true}]
  bool time_iso_8601 = false;
  bool json_output = true;                             // otherwise Match::json is left empty
  bool include_output = true, include_output_fields = true, include_tags = true, include_message = false;
  std::string hostname;
};

struct RuleInfo {
  std::string name, condition, description, output, source;
  core::Priority priority = core::Priority::Debug;
  bool enabled = true;
  std::vector<std::string> tags;
};

struct Match {                  // one alert, ready to be sent
  const RuleInfo* rule = nullptr;
  std::string text;             // "12:34:56.123456789: Warning …"
  std::string json;             // Falco's JSON, one line without newline
};

class Ruleset {
 public:
  virtual ~Ruleset() = default;
  virtual std::vector<bool> event_types() const = 0;      // which ones any rule can match
  virtual const std::vector<RuleInfo>& rules() const = 0; // load order; all of them, enabled or not
  // Calls `each` for each matching rule. An event that matches nothing allocates nothing.
  virtual void evaluate(const Event& event, FieldContext& context, const std::function<void(Match&&)>& each) = 0;
};

struct Loaded {
  std::vector<LoadResult> files;           // one for each file, in order, as Falco reports them
  std::unique_ptr<Ruleset> ruleset;        // nullptr when a file failed
};
Loaded load_rules(const std::vector<RuleFile>& files, const EngineOptions& options);

// As `falco -V` prints it: "f.yaml: Ok", "f.yaml: Ok, with warnings" or the verbose block; and as JSON {"falco_load_results":[…]}.
std::string render_text(const std::vector<LoadResult>& files, const std::vector<RuleFile>& texts);
std::string render_json(const std::vector<LoadResult>& files, const std::vector<RuleFile>& texts);

}  // namespace detector

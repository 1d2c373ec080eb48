// The engine's door: files in, ruleset out; events in, matches out.
#include "detector/rules/rule_compiler.h"

#include "core/yaml.h"
#include "core/text.h"

#include <algorithm>

namespace detector {
namespace {

using namespace rules;

// `*` stands for anything, as in falco.yaml's `rules: [{disable: {rule: "*"}}]`.
bool is_selected(const RuleSelection& selection, const RuleInfo& rule) {
  if (!selection.rule.empty()) return glob_matches(selection.rule, rule.name, false);
  return std::find(rule.tags.begin(), rule.tags.end(), selection.tag) != rule.tags.end();
}

class CompiledRuleset final : public Ruleset {
 public:
  CompiledRuleset(const Rulebook& book, Compiled compiled, const EngineOptions& options)
      : options_(options), program_(std::move(compiled.program)), time_(std::move(compiled.time)), rules_(std::move(compiled.rules)),
        evaluator_(program_), by_type_(event_type_count()) {
    for (const RuleItem& item : book.rules()) {
      RuleInfo& info = infos_.emplace_back(RuleInfo{item.name, item.condition, item.description, item.output, item.source, item.priority,
                                                    item.enabled, {item.tags.begin(), item.tags.end()}});
      for (const RuleSelection& selection : options_.selections) if (is_selected(selection, info)) info.enabled = selection.enable;
    }
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      const RuleInfo& info = infos_[rules_[i].item];
      if (!info.enabled || !core::at_least(info.priority, options_.priority)) continue;
      for (std::size_t type = 0; type < by_type_.size(); ++type) if (rules_[i].event_types[type]) by_type_[type].push_back(i);
    }
  }

  std::vector<bool> event_types() const override {
    std::vector<bool> types(by_type_.size());
    for (std::size_t type = 0; type < types.size(); ++type) types[type] = !by_type_[type].empty();
    return types;
  }

  const std::vector<RuleInfo>& rules() const override { return infos_; }

  void evaluate(const Event& event, FieldContext& context, const std::function<void(Match&&)>& each) override {
    const auto type = static_cast<std::size_t>(event.type);
    if (type >= by_type_.size() || by_type_[type].empty()) return;
    evaluator_.begin(event, context);
    for (const std::size_t index : by_type_[type]) {
      const CompiledRule& rule = rules_[index];
      if (!evaluator_.is_true(rule.root)) continue;
      each(make_match({infos_[rule.item], time_, rule.output, event, options_}, evaluator_));
      if (!options_.match_all) return;
    }
  }

 private:
  EngineOptions options_;
  Program program_;
  OutputFormat time_;
  std::vector<CompiledRule> rules_;
  std::vector<RuleInfo> infos_;
  Evaluator evaluator_;
  std::vector<std::vector<std::size_t>> by_type_;     // indices into rules_, in load order
};

}  // namespace

// As Falco: each file is read into what the files before left, and the whole is compiled anew after each, so that an error or a warning
// names the file after which it first showed.
Loaded load_rules(const std::vector<RuleFile>& files, const EngineOptions& options) {
  Loaded loaded;
  Rulebook book;
  std::map<std::string, std::string> texts;
  Compiled compiled;
  bool all_fine = true;
  for (const RuleFile& file : files) {
    texts[file.name] = file.text;
    LoadResult& result = loaded.files.emplace_back();
    result.file = file.name;
    Report report{result, texts};
    const Context whole{{LoadContext{"rules content", "", 0, 0, 0, file.name}}, {}};
    bool fine = read_rules(file, book, report) && book.check_plugins(report, whole);
    if (fine) {
      compiled = compile_rules(book, options, report);
      fine = compiled.ok;
    }
    all_fine &= fine;
  }
  if (files.empty()) {
    LoadResult nothing;
    Report report{nothing, texts};
    compiled = compile_rules(book, options, report);
  }
  if (all_fine) loaded.ruleset = std::make_unique<CompiledRuleset>(book, std::move(compiled), options);
  return loaded;
}

}  // namespace detector

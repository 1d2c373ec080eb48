// The passes over a rulebook, in Falco's order, because the order decides which error is the first (falco.md 1.6).
#include "detector/rules/rule_compiler.h"

#include "core/text.h"

#include <algorithm>
#include <array>
#include <map>

namespace detector::rules {
namespace {

constexpr auto kDeprecatedFields = std::to_array<std::string_view>({"evt.dir", "evt.latency", "evt.latency.s", "evt.latency.ns",
  "evt.latency.human", "evt.wait_latency"});
constexpr std::string_view kSuggested = "container_id=%container.id container_name=%container.name "
  "container_image_repository=%container.image.repository container_image_tag=%container.image.tag k8s_pod_name=%k8s.pod.name "
  "k8s_ns_name=%k8s.ns.name";
constexpr std::string_view kContainerInfo = "%container.info";
constexpr std::size_t kTooManyTypes = 50;      // Falco says 100 event codes; a call has two

struct CompiledList {
  std::string name;
  std::vector<std::string> items;
  bool used = false;
};

struct CompiledMacro {
  ExpressionPtr condition;
  unsigned index = 0;
  bool used = false;
};

bool is_unknown_name(const std::string& error) {
  for (const char* part : {"nonexistent field", "invalid formatting token", "unknown event type", "unknown filter:"}) {
    if (error.find(part) != std::string::npos) return true;
  }
  return false;
}

// A place inside a condition: named by its beginning, counted from where the condition stands. Falco adds a 1-based place to a 0-based one.
Context inside(const Context& parent, const std::string& condition, Position position) {
  std::string name = condition.size() > 20 ? condition.substr(0, 17) + "..." : condition;
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  const LoadContext& last = parent.path.back();
  Context context = parent;
  context.condition = condition;
  context.path.push_back({"condition expression", "", last.line + position.line, last.column + position.column, last.offset + position.offset, "\"" + name + "\""});
  return context;
}

class Compiler {
 public:
  Compiler(const Rulebook& book, const EngineOptions& options, Report& report) : book_(book), options_(options), report_(report) {}

  Compiled run() {
    compile_lists();
    Compiled result;
    auto time = parse_output(options_.time_iso_8601 ? "%evt.time.iso8601" : "%evt.time", builder_);
    result.time = std::move(time.format);
    if (!compile_macros()) return result;
    for (std::size_t i = 0; i < book_.rules().size(); ++i) {
      if (book_.rules()[i].unknown_source) continue;
      if (!compile_rule(i, result.rules)) return result;
    }
    warn_unused();
    result.program = builder_.take();
    result.ok = true;
    return result;
  }

 private:
  // A list's items that are lists themselves are replaced by their raw items: one level only.
  void compile_lists() {
    std::vector<std::string> used;
    for (const ListItem& list : book_.lists()) {
      CompiledList compiled{list.name, {}, false};
      for (const std::string& item : list.items) {
        const auto other = std::find_if(book_.lists().begin(), book_.lists().end(), [&](const ListItem& each) { return each.name == item; });
        if (other == book_.lists().end() || other->index >= list.visibility) {
          compiled.items.push_back(item);
          continue;
        }
        used.push_back(item);
        compiled.items.insert(compiled.items.end(), other->items.begin(), other->items.end());
      }
      lists_.push_back(std::move(compiled));
    }
    for (CompiledList& list : lists_) list.used = std::find(used.begin(), used.end(), list.name) != used.end();
  }

  ExpressionPtr parse(std::string condition, const Context& context) {
    for (CompiledList& list : lists_) list.used |= substitute_list(condition, list.name, list.items);
    ParsedCondition parsed = parse_condition(condition);
    if (!parsed.expression) report_.error("LOAD_ERR_COMPILE_CONDITION", parsed.error, inside(context, condition, parsed.position));
    return parsed.expression;
  }

  bool compile_macros() {
    for (const MacroItem& macro : book_.macros()) {
      ExpressionPtr condition = parse(macro.condition, macro.condition_context);
      if (!condition) return false;
      macros_[macro.name] = {std::move(condition), macro.index, false};
    }
    for (const MacroItem& macro : book_.macros()) {
      CompiledMacro& compiled = macros_[macro.name];
      compiled.condition = resolve(compiled.condition, macro.visibility, macro.condition, macro.context);
      if (!compiled.condition) return false;
    }
    return true;
  }

  struct Resolution {
    unsigned visibility;
    std::vector<std::string> path;
    std::string loop, unknown;         // the first of each
    Position loop_at, unknown_at;
  };

  // Macros before `visibility` in place of their names. nullptr: an unknown one or a loop is in the report.
  ExpressionPtr resolve(const ExpressionPtr& expression, unsigned visibility, const std::string& condition, const Context& context) {
    Resolution state{visibility, {}, {}, {}, {}, {}};
    ExpressionPtr resolved = resolve(expression, state);
    if (!state.loop.empty()) {
      report_.error("LOAD_ERR_VALIDATE", "reference loop in macro '" + state.loop + "'", inside(context, condition, state.loop_at));
      return nullptr;
    }
    if (!state.unknown.empty()) {
      report_.error("LOAD_ERR_VALIDATE", "Undefined macro '" + state.unknown + "' used in filter.", inside(context, condition, state.unknown_at));
      return nullptr;
    }
    return resolved;
  }

  ExpressionPtr resolve(const ExpressionPtr& expression, Resolution& state) {
    if (expression->kind == Expression::Kind::Check) return expression;
    if (expression->kind == Expression::Kind::Macro) {
      const auto found = macros_.find(expression->macro);
      if (found == macros_.end() || found->second.index >= state.visibility || !found->second.condition) {
        if (state.unknown.empty()) {
          state.unknown = expression->macro;
          state.unknown_at = expression->position;
        }
        return expression;
      }
      if (std::find(state.path.begin(), state.path.end(), expression->macro) != state.path.end()) {
        if (state.loop.empty()) {
          state.loop = expression->macro;
          state.loop_at = expression->position;
        }
        return expression;
      }
      state.path.push_back(expression->macro);
      found->second.used = true;
      ExpressionPtr resolved = resolve(found->second.condition, state);
      state.path.pop_back();
      return resolved;
    }
    bool changed = false;
    std::vector<ExpressionPtr> children;
    for (const ExpressionPtr& child : expression->children) {
      children.push_back(resolve(child, state));
      changed |= children.back() != child;
    }
    if (!changed) return expression;
    auto copy = std::make_shared<Expression>(*expression);
    copy->children = std::move(children);
    return copy;
  }

  bool compile_rule(std::size_t index, std::vector<CompiledRule>& into) {
    const RuleItem& rule = book_.rules()[index];
    std::string condition = rule.condition;
    if (!rule.exceptions.empty() && !add_exceptions(rule, condition, report_)) return false;

    CompiledRule compiled;
    compiled.item = index;
    bool skipped = false;
    if (!compile_output(rule, compiled, skipped)) return false;
    if (skipped) return true;

    const ExpressionPtr parsed = parse(condition, rule.condition_context);
    const ExpressionPtr expression = parsed ? resolve(parsed, ~0u, condition, rule.context) : nullptr;
    if (!expression) return false;
    warn_of_fields(*expression, rule.condition_context);

    const ProgramBuilder::Outcome built = builder_.add(*expression);
    if (!built.ok) {
      const Context place = inside(rule.condition_context, condition, built.fault.position);
      if (!rule.skip_if_unknown || !is_unknown_name(built.fault.message)) return report_.error("LOAD_ERR_COMPILE_CONDITION", built.fault.message, place);
      report_.warning("LOAD_UNKNOWN_FILTER", built.fault.message, place);
      return true;
    }
    for (const CompileWarning& warning : built.warnings) {
      report_.warning("LOAD_COMPILE_CONDITION", warning.message, inside(rule.condition_context, condition, warning.position));
    }
    if (rule.warn_event_types && event_types_of(*expression, TypeView::Falco).count > kTooManyTypes) {
      report_.warning("LOAD_NO_EVTTYPE", "Rule matches too many evt.type values. This has a significant performance penalty.", rule.context);
    }
    compiled.event_types = event_types_of(*expression).types;
    compiled.root = built.root;
    into.push_back(std::move(compiled));
    return true;
  }

  bool compile_output(const RuleItem& rule, CompiledRule& compiled, bool& skipped) {
    std::string output = rule.output;
    for (const std::string& extra : options_.append_output) output.append(" ").append(extra);
    if (options_.suggested_output) output.append(" ").append(kSuggested);
    if (output.find(kContainerInfo) != std::string::npos) {
      report_.warning("LOAD_DEPRECATED_ITEM",
                      "%container.info is deprecated and no more useful, and will be dropped by Falco 1.0.0. The container plugin will "
                      "automatically add required fields to the output message.", rule.context);
      output = core::replace_all(output, kContainerInfo, "");
    }
    ParsedOutput parsed = parse_output(output, builder_);
    if (!parsed.error.empty()) {
      if (!rule.skip_if_unknown || !is_unknown_name(parsed.error)) return report_.error("LOAD_ERR_COMPILE_OUTPUT", parsed.error, rule.output_context);
      report_.warning("LOAD_UNKNOWN_FILTER", parsed.error, rule.output_context);
      skipped = true;
      return true;
    }
    for (const std::string_view field : kDeprecatedFields) {
      if (output.find(field) == std::string::npos) continue;
      report_.warning("LOAD_DEPRECATED_ITEM", "usage of deprecated field '" + std::string{field} + "' has been detected in the rule output", rule.output_context);
    }
    compiled.output = std::move(parsed.format);
    return true;
  }

  void warn_of_fields(const Expression& condition, const Context& context) {
    std::set<std::string> deprecated;
    bool unsafe = false;
    collect(condition, deprecated, unsafe);
    for (const std::string& field : deprecated) {
      report_.warning("LOAD_DEPRECATED_ITEM", "usage of deprecated field '" + field + "' has been detected in the rule condition", context);
    }
    if (unsafe) {
      report_.warning("LOAD_UNSAFE_NA_CHECK",
                      "comparing a field value with <NA> is unsafe and can lead to unpredictable behavior of the rule condition. If you need to "
                      " check for the existence of a field, consider using the 'exists' operator instead.", context);
    }
  }

  void collect(const Expression& expression, std::set<std::string>& deprecated, bool& unsafe) {
    for (const ExpressionPtr& child : expression.children) collect(*child, deprecated, unsafe);
    if (expression.kind != Expression::Kind::Check) return;
    const std::string& field = expression.left.name;
    if (std::find(kDeprecatedFields.begin(), kDeprecatedFields.end(), field) != kDeprecatedFields.end()) deprecated.insert(field);
    const bool of_json = field.compare(0, 3, "ka.") == 0 || field.compare(0, 5, "jevt.") == 0;
    unsafe |= of_json && std::find(expression.values.begin(), expression.values.end(), "<NA>") != expression.values.end();
  }

  void warn_unused() {
    for (const MacroItem& macro : book_.macros()) {
      if (!macros_[macro.name].used) report_.warning("LOAD_UNUSED_MACRO", "Macro not referred to by any other rule/macro", macro.context);
    }
    for (std::size_t i = 0; i < lists_.size(); ++i) {
      if (!lists_[i].used) report_.warning("LOAD_UNUSED_LIST", "List not referred to by any other rule/macro", book_.lists()[i].context);
    }
  }

  const Rulebook& book_;
  const EngineOptions& options_;
  Report& report_;
  ProgramBuilder builder_;
  std::vector<CompiledList> lists_;
  std::map<std::string, CompiledMacro> macros_;
};

}  // namespace

Compiled compile_rules(const Rulebook& book, const EngineOptions& options, Report& report) { return Compiler{book, options, report}.run(); }

}  // namespace detector::rules

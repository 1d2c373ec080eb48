// Answers that need no event: verdicts on rule files, and lists.
#include "detector/cli.h"

#include "core/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <set>

namespace detector {
namespace {

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void print_line(const std::string& text) { print(text.empty() || text.back() != '\n' ? text + '\n' : text); }

int complain(const core::Diagnostics& diagnostics) {
  std::fprintf(stderr, "%s%s\n", diagnostics.render().c_str(), diagnostics.summary().c_str());
  return kFailed;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines{""};
  for (const auto word : core::split(text, ' ')) {
    if (core::trim(word).empty()) continue;
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + core::printable(core::trim(word));
  }
  return lines;
}

constexpr std::string_view type_name(FieldType type) {
  switch (type) {
    case FieldType::Text: return "CHARBUF";
    case FieldType::Path: return "FSPATH";
    case FieldType::Bytes: return "BYTEBUF";
    case FieldType::Bool: return "BOOL";
    case FieldType::Int: return "INT64";
    case FieldType::Uint: return "UINT64";
    case FieldType::Ip: return "IPADDR";
    case FieldType::Net: return "IPNET";
    case FieldType::Port: return "PORT";
    case FieldType::RelTime: return "RELTIME";
    case FieldType::AbsTime: return "ABSTIME";
    case FieldType::Double: return "DOUBLE";
    case FieldType::EventName: return "CHARBUF";
    case FieldType::Dynamic: return "DYNAMIC";
  }
  return {};
}

}  // namespace

int validate(const CommandLine& line, const Config& config) {
  core::Diagnostics diagnostics;
  const auto texts = read_rule_files(line.validate, Absent::Refuse, diagnostics);
  if (diagnostics.has_errors()) return complain(diagnostics);
  const Loaded loaded = load_rules(texts, config.rules);
  print_line(config.json_reports ? render_json(loaded.files, texts) : render_text(loaded.files, texts));
  bool failed = false;
  for (const LoadResult& file : loaded.files) {
    failed |= !file.successful;
    if (!file.successful || config.json_reports) continue;
    for (const LoadFault& warning : file.warnings) {   // on standard output such a file is "Ok, with warnings"
      std::fprintf(stderr, "%s: warning: %s: %s\n", core::printable(file.file).c_str(), warning.code.c_str(), core::printable(warning.message).c_str());
    }
  }
  if (failed && !config.json_reports) std::fprintf(stderr, "Error: %s", render_text(loaded.files, texts).c_str());
  return failed ? kFailed : kDone;
}

int list_rules(const CommandLine& line, const Config& config) {
  core::Diagnostics diagnostics;
  const auto texts = line.rules.empty() ? read_rule_files(config.rules_files, Absent::Skip, diagnostics)
                                        : read_rule_files(line.rules, Absent::Refuse, diagnostics);
  if (diagnostics.has_errors()) return complain(diagnostics);
  const Loaded loaded = load_rules(texts, config.rules);
  if (!loaded.ruleset) {
    print_line(config.json_reports ? render_json(loaded.files, texts) : render_text(loaded.files, texts));
    return kFailed;
  }
  if (config.json_reports) {
    nlohmann::json rules = nlohmann::json::array();
    for (const RuleInfo& rule : loaded.ruleset->rules()) {
      rules.push_back({{"info", {{"name", rule.name}, {"condition", rule.condition}, {"description", rule.description}, {"output", rule.output},
                                 {"enabled", rule.enabled}, {"priority", core::to_text(rule.priority)}, {"source", rule.source}, {"tags", rule.tags}}}});
    }
    print_line(nlohmann::json{{"rules", rules}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return kDone;
  }
  constexpr std::size_t kColumn = 50;
  std::string out = fmt::format("{:<{}} {}\n{:<{}} {}\n", "Rule", kColumn, "Description", "----", kColumn, "-----------");
  for (const RuleInfo& rule : loaded.ruleset->rules()) {
    const auto names = wrap(rule.name, kColumn);
    const auto lines = wrap(rule.description, 80);
    for (std::size_t i = 0; i < std::max(names.size(), lines.size()); ++i) {
      out += fmt::format("{:<{}} {}\n", i < names.size() ? names[i] : "", kColumn, i < lines.size() ? lines[i] : "");
    }
    out += '\n';
  }
  print(out);
  return kDone;
}

int list_fields() {
  std::string out;
  std::set<std::string_view> classes;
  for (const FieldInfo& field : field_table()) {
    const auto family = field.name.substr(0, field.name.find('.'));
    if (classes.insert(family).second) out += fmt::format("-------------------------------\nField Class: {}\n\n", family);
    std::string notes;
    if (field.argument == FieldArgument::Required) notes += ", ARG_REQUIRED";
    if (field.argument == FieldArgument::Optional) notes += ", ARG_ALLOWED";
    if (field.list) notes += ", LIST";
    if (field.filter_only) notes += ", FILTER ONLY";
    if (field.deprecated) notes += ", DEPRECATED";
    out += fmt::format("{:<29} (Type: {}{}) {}\n", field.name, type_name(field.type), notes, field.help);
  }
  print(out);
  return kDone;
}

int list_events() {
  std::string out;
  for (std::size_t i = 1; i < event_type_count(); ++i) out += fmt::format("{}\n", to_text(static_cast<EventType>(i)));
  print(out);
  return kDone;
}

int print_version(const Config& config) {
  // falco_version and engine_version are what tools that know Falco look for; the engine's is the rule language we speak.
  if (config.json_reports) print_line(nlohmann::json{{"tocsin_version", TOCSIN_VERSION}, {"engine_version_semver", "0.62.0"}, {"engine_version", "62"}}.dump());
  else print("tocsin-detector " TOCSIN_VERSION "\nrule engine 0.62.0 (the language of Falco 0.44)\n");
  return kDone;
}

}  // namespace detector

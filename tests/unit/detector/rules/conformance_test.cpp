// Our verdicts beside Falco 0.44.1's, as recorded in the shared conformance folder. The numbers below are what was reached; they only rise.
#include "tests/support/catch.h"
#include "tests/unit/detector/rules/support.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>

using namespace detector;
using namespace detector::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

std::string condition_file(const std::string& condition) {
  const json quoted = condition;      // a JSON string is a YAML string
  return "- list: list_x\n  items: [a, b]\n- macro: macro_x\n  condition: (proc.name = bash)\n- macro: container\n  condition: (container.id != host)\n"
         "- rule: r\n  desc: d\n  condition: " + quoted.dump() + "\n  output: o\n  priority: INFO\n";
}

// Differences between one verdict and ours, for a person to read; "" when they agree.
std::string difference(const json& expected, const LoadResult& ours) {
  if (expected.at("ok") != ours.successful) return ours.successful ? "accepted" : "refused: " + ours.errors[0].message;
  if (!ours.successful && (expected.at("code") != ours.errors[0].code || expected.at("message") != ours.errors[0].message)) {
    return ours.errors[0].code + ": " + ours.errors[0].message;
  }
  std::multiset<std::string> wanted, given;
  for (const json& code : expected.value("warnings", json::array())) wanted.insert(code.get<std::string>());
  for (const LoadFault& warning : ours.warnings) {
    if (warning.code != "LOAD_UNUSED_MACRO" && warning.code != "LOAD_UNUSED_LIST") given.insert(warning.code);
  }
  if (wanted == given) return "";
  std::string text = "warnings:";
  for (const std::string& code : given) text += " " + code;
  return text;
}

std::vector<std::string> described(const std::vector<LoadFault>& faults) {
  std::vector<std::string> lines;
  for (const LoadFault& fault : faults) {
    lines.push_back(fault.code + " | " + fault.message + " | " + fault.context.back().item_type + " | " + fault.context.back().item_name);
  }
  return lines;
}

std::vector<std::string> described(const json& faults) {
  std::vector<std::string> lines;
  for (const json& fault : faults) {
    lines.push_back(fault.at("code").get<std::string>() + " | " + fault.at("message").get<std::string>() + " | " +
                    fault.at("item_type").get<std::string>() + " | " + fault.at("item_name").get<std::string>());
  }
  return lines;
}

}  // namespace

TEST_CASE("conditions get the verdict, the message and the warnings that Falco gave them") {
  const fs::path file = shared_folder() / "conformance/conditions.jsonl";
  std::ifstream lines{file};
  if (!lines) {
    std::cout << "skipped: no " << file << "\n";
    return;
  }
  std::size_t all = 0, same = 0;
  for (std::string line; std::getline(lines, line);) {
    const json expected = json::parse(line);
    const auto ours = load_text(condition_file(expected.at("condition"))).files[0];
    const std::string differs = difference(expected, ours);
    ++all;
    if (differs.empty()) ++same;
    else std::cout << "  " << expected.at("condition") << " -> " << differs << "\n    Falco: " << expected.value("message", "ok") << " " << expected.value("warnings", json::array()) << "\n";
  }
  std::cout << "conditions: " << same << " of " << all << " as Falco's\n";

  CHECK(same >= std::min<std::size_t>(all, 1096));
}

TEST_CASE("rule files get the errors and warnings that Falco gave them, in its words and places") {
  const fs::path folder = shared_folder() / "conformance/validate";
  std::ifstream expected_file{folder / "expected.json"};
  if (!expected_file) {
    std::cout << "skipped: no " << folder << "\n";
    return;
  }
  const json expected = json::parse(expected_file);
  std::size_t same = 0;
  for (const auto& [name, verdict] : expected.items()) {
    const auto ours = load_text(read_file(folder / "rules" / name)).files[0];
    const bool equal = verdict.at("successful") == ours.successful && described(verdict.at("errors")) == described(ours.errors) &&
                       described(verdict.at("warnings")) == described(ours.warnings);
    same += equal ? 1 : 0;
    if (equal) continue;
    std::cout << "  " << name << (ours.successful ? " accepted" : " refused") << "\n";
    for (const auto& fault : described(ours.errors)) std::cout << "    ours:  " << fault << "\n";
    for (const auto& fault : described(verdict.at("errors"))) std::cout << "    Falco: " << fault << "\n";
    for (const auto& fault : described(ours.warnings)) std::cout << "    ours:  " << fault << "\n";
    for (const auto& fault : described(verdict.at("warnings"))) std::cout << "    Falco: " << fault << "\n";
  }
  std::cout << "rule files: " << same << " of " << expected.size() << " as Falco's\n";

  CHECK(same >= std::min<std::size_t>(expected.size(), 43));
}

TEST_CASE("the rule files that Falco ships load without an error, alone and together") {
  const fs::path folder = shared_folder() / "conformance/falco-rules";
  if (!fs::exists(folder)) {
    std::cout << "skipped: no " << folder << "\n";
    return;
  }
  std::vector<RuleFile> files;
  for (const char* name : {"falco_rules.yaml", "falco-incubating_rules.yaml", "k8s_audit_rules.yaml"}) {
    files.push_back({name, read_file(folder / name)});
    const Loaded alone = load_rules({files.back()}, {});
    INFO(render_text(alone.files, {}));
    CHECK(alone.files[0].successful);
    for (const LoadFault& warning : alone.files[0].warnings) {
      if (warning.code != "LOAD_UNKNOWN_SOURCE" && warning.code != "LOAD_UNUSED_MACRO" && warning.code != "LOAD_UNUSED_LIST") {
        FAIL_CHECK(name << ": " << warning.code << ": " << warning.message << " " << warning.context.back().item_name);
      }
    }
  }
  const Loaded together = load_rules(files, {});
  CHECK(together.ruleset != nullptr);
}

#include "hub/route/route_cases.h"

#include "core/text.h"
#include "hub/route/explain.h"

#include <algorithm>
#include <map>
#include <set>

namespace hub {
namespace {

using core::Fields;
using core::YamlNode;

std::string list_of(const std::set<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + core::printable(name);
  return list.empty() ? "no output" : list;
}

void describe_alert(Fields& fields, core::Alert& alert) {
  std::map<std::string, std::string> values;
  alert.source = "syscalls";
  fields.optional("rule", alert.rule, "its rule");
  fields.required("priority", alert.priority, "its priority");
  fields.optional("source", alert.source, "its source");
  fields.optional("hostname", alert.hostname, "its host");
  fields.optional("output", alert.output, "its text");
  fields.optional("tags", alert.tags, "its tags");
  fields.optional("output_fields", values, "its fields");
  std::sort(alert.tags.begin(), alert.tags.end());
  for (const auto& [name, value] : values) alert.fields.push_back({name, core::AlertField::Kind::Text, {}, value});
}

void check_case(const YamlNode& node, std::size_t number, const RouteTable& table, core::Diagnostics& diagnostics) {
  std::string name = std::to_string(number), at;
  const YamlNode* name_node = node.is_map() ? node.find("name") : nullptr;
  if (name_node != nullptr && name_node->is_scalar()) name = name_node->scalar;
  const std::size_t errors = diagnostics.errors();
  Fields fields{node, "test '" + core::printable(name) + "'", diagnostics};
  if (!node.is_map()) return;
  core::Alert alert;
  std::vector<std::string> expected;
  fields.optional("name", name, "what it shows; default: its number");
  if (fields.raw("alert", "the alert") == nullptr)
    fields.error("alert", fields.owner() + " lacks 'alert'", "add alert: {rule: …, priority: …}");
  fields.group("alert", "the alert", [&](Fields& inner) { describe_alert(inner, alert); });
  fields.optional("at", at, "when it is received; default: now");
  if (fields.raw("expect", "the outputs that get it; []: none", "list") == nullptr)
    fields.error("expect", fields.owner() + " lacks 'expect'", "add expect: [output, …], or expect: [] for none");
  fields.optional("expect", expected, "the outputs that get it; []: none");
  fields.finish();
  alert.received = core::now();
  if (!at.empty()) {
    const auto time = core::parse_rfc3339(at);
    if (time) {
      alert.received = *time;
    } else {
      fields.error("at", fields.owner() + " has 'at' " + core::printable(at) + ", which is no time",
                   "write 2026-01-05T10:00:00Z, or with +01:00");
    }
  }
  if (diagnostics.errors() > errors) return;

  std::set<std::string> known;
  for (const Guard& guard : table.guards()) known.insert(guard.sink);
  const std::set<std::string> wanted{expected.begin(), expected.end()};
  for (const std::string& sink : wanted) {
    if (!known.contains(sink))
      return fields.error("expect", fields.owner() + " expects '" + core::printable(sink) + "', which is no output",
                          "the outputs are: " + list_of(known));
  }
  const std::vector<std::string> found = sinks_of(table, alert);
  const std::set<std::string> gets{found.begin(), found.end()};
  if (gets == wanted) return;
  fields.error("expect", fields.owner() + " expects " + list_of(wanted) + ", but the alert goes to " + list_of(gets),
               "tocsin-hub route test --explain shows what each route makes of it");
}

}  // namespace

std::size_t check_route_cases(const std::string& file, const std::string& text, const RouteTable& table,
                              core::Diagnostics& diagnostics) {
  const auto documents = core::parse_yaml(file, text, diagnostics);
  if (documents.empty()) return 0;
  Fields fields{documents.front(), "the file", diagnostics};
  const YamlNode* tests = fields.raw("tests", "the cases", "list");
  fields.finish();
  if (tests == nullptr || !tests->is_sequence()) {
    diagnostics.error(fields.place(), "the file has no list of tests",
                      "write tests: [{name: …, alert: {priority: critical}, expect: [output]}]");
    return 0;
  }
  for (std::size_t i = 0; i < tests->items.size(); ++i) check_case(tests->items[i], i + 1, table, diagnostics);
  return tests->items.size();
}

}  // namespace hub

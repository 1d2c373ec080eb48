// tocsin-hub route test|table: what the routes of a file make of an alert, without a hub.
#include "hub/cli/cli.h"
#include "hub/route/explain.h"

#include "core/alert_decoder.h"
#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <set>

namespace hub {
namespace {

struct Wanted {
  std::string alert, rule, priority = "warning", source = "syscalls", host, at;
  std::vector<std::string> tags, fields, expect;
  bool explains = false;
  CLI::Option* expects = nullptr;
};

core::Result<core::Alert> read_alert(const std::string& file) {
  std::string text;
  if (file == "-") {
    text.assign(std::istreambuf_iterator<char>{std::cin}, {});
  } else {
    std::ifstream stream{file, std::ios::binary};
    if (!stream) return core::Error{core::Fault::NotFound, file + ": there is no such file, or it cannot be read"};
    text.assign(std::istreambuf_iterator<char>{stream}, {});
  }
  core::AlertDecoder decoder;
  auto alert = decoder.decode(core::trim(text));
  if (!alert) return core::in_context(file, alert.error());
  return alert;
}

core::Result<core::Alert> made_of(const Wanted& wanted) {
  core::Alert alert;
  const auto priority = core::parse_priority(wanted.priority);
  if (!priority) return priority.error();
  alert.priority = *priority;
  alert.rule = wanted.rule;
  alert.source = wanted.source;
  alert.hostname = wanted.host;
  for (const std::string& tags : wanted.tags) {
    for (const std::string_view tag : core::split(tags, ',')) alert.tags.emplace_back(core::trim(tag));
  }
  std::sort(alert.tags.begin(), alert.tags.end());
  for (const std::string& field : wanted.fields) {
    const auto equals = field.find('=');
    if (equals == std::string::npos)
      return core::Error{core::Fault::Invalid, "--field " + field + " is no field; write --field k8s.ns.name=prod"};
    alert.fields.push_back({field.substr(0, equals), core::AlertField::Kind::Text, {}, field.substr(equals + 1)});
  }
  std::sort(alert.fields.begin(), alert.fields.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return alert;
}

std::string list_of(const std::set<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + core::printable(name);
  return list.empty() ? "no output" : list;
}

std::optional<RouteTable> table_for(const Cli& cli) {
  boost::asio::io_context loop;
  core::Diagnostics diagnostics;
  const Configuration configuration = read_configuration(cli.line, loop, diagnostics);
  if (!tell(diagnostics)) return std::nullopt;
  return table_of(configuration.outputs);
}

int test(const Cli& cli, const Wanted& wanted) {
  const auto table = table_for(cli);
  if (!table) return 2;
  auto alert = wanted.alert.empty() ? made_of(wanted) : read_alert(wanted.alert);
  if (!alert) return complain(alert.error()), 2;
  alert->received = core::now();
  if (!wanted.at.empty()) {
    const auto at = core::parse_rfc3339(wanted.at);
    if (!at)
      return complain({core::Fault::Invalid, "--at " + wanted.at + " is no time; write 2026-01-05T10:00:00Z"}), 2;
    alert->received = *at;
  }

  const std::vector<std::string> found = sinks_of(*table, *alert);
  const std::set<std::string> gets{found.begin(), found.end()};
  if (cli.as_json) {
    fmt::print("{}\n", nlohmann::json{{"outputs", found}}.dump(2, ' ', true));
  } else {
    if (wanted.explains) fmt::print("{}", explain(*table, *alert));
    fmt::print("goes to: {}\n", list_of(gets));
  }
  if (wanted.expects->count() == 0) return 0;
  std::set<std::string> expected;
  for (const std::string& names : wanted.expect) {
    for (const std::string_view name : core::split(names, ',')) {
      if (!core::trim(name).empty()) expected.emplace(core::trim(name));
    }
  }
  if (gets == expected) return 0;
  fmt::print(stderr, "tocsin-hub: expected: {}\n", list_of(expected));
  return 1;
}

}  // namespace

void cli_route(Cli& cli) {
  CLI::App* route = cli.app.add_subcommand("route", "what the routes make of alerts; needs no hub");
  route->require_subcommand(1);

  auto& wanted = cli.keep(Wanted{});
  CLI::App* one =
      route->add_subcommand("test", "where an alert goes; exit status 1 when that is not what --expect says");
  one->add_option("--alert", wanted.alert, "the alert as JSON; - reads it from stdin")->type_name("FILE");
  one->add_option("--rule", wanted.rule, "or one made of these: its rule")->type_name("NAME");
  one->add_option("--priority", wanted.priority, "… its priority; default: warning")->type_name("WORD");
  one->add_option("--source", wanted.source, "… its source; default: syscalls")->type_name("NAME");
  one->add_option("--tag", wanted.tags, "… a tag; several: again, or a,b")->type_name("TAG")->allow_extra_args(false);
  one->add_option("--host", wanted.host, "… its hostname")->type_name("NAME");
  one->add_option("--field", wanted.fields, "… an output field; several: again")
      ->type_name("K=V")
      ->allow_extra_args(false);
  one->add_option("--at", wanted.at, "when it is received; default: now")->type_name("TIME");
  wanted.expects = one->add_option("--expect", wanted.expect, "the outputs that must get it, and no others; \"\": none")
                       ->type_name("A,B")
                       ->allow_extra_args(false);
  one->add_flag("--explain", wanted.explains, "say of each route whether it matched, and why not");
  cli.on(one, [&] { return test(cli, wanted); });

  CLI::App* all = route->add_subcommand("table", "which routes may bring which output alerts of which priority");
  cli.on(all, [&] {
    const auto table = table_for(cli);
    if (!table) return 2;
    fmt::print("{}", table_text(*table));
    return 0;
  });
}

}  // namespace hub

#include "detector/cli.h"

#include "core/log.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>

namespace detector {

std::variant<CommandLine, int> parse_command_line(int argc, char** argv) {
  CommandLine line;
  CLI::App app{"Watches this host's system calls, evaluates Falco rules, and emits an alert for each match.", "tocsin-detector"};
  app.set_help_flag("-h,--help", "Print this and exit");
  // Options take one value each, so that "-r a.yaml replay file" does not swallow the subcommand.
  const auto one_each = [&](const char* name, auto& into, const char* help) { app.add_option(name, into, help)->allow_extra_args(false); };
  one_each("-c,--config", line.config, "Configuration file, in falco.yaml's form (default: /etc/tocsin/detector.yaml if it is there)");
  one_each("-r,--rules", line.rules, "Rules file or folder; may be repeated; replaces rules_files");
  one_each("-o,--option", line.overrides, "Set a configuration key: key=value, group.key=value, list[].key=value; may be repeated");
  one_each("-V,--validate", line.validate, "Check a rules file and exit; may be repeated; with -o json_output=true the verdict is JSON");
  app.add_flag("-L,--list-rules", line.list_rules, "Print every rule and its description, and exit");
  app.add_flag("--list", line.list_fields, "Print every field that rules can use, and exit");
  app.add_flag("--list-events", line.list_events, "Print every type of event, and exit");
  app.add_flag("--version", line.version, "Print the version and exit");
  app.add_flag("--dry-run", line.dry_run, "Load configuration and rules, say what is wrong with them, and exit");
  app.add_option("-M,--duration", line.seconds, "Stop after so many seconds")->check(CLI::Range(1U, 1'000'000'000U));
  app.add_option("--record", line.record, "Write every event that a rule could match to this file, to be replayed");
  auto* replay = app.add_subcommand("replay", "Take events from a recording instead of the kernel; needs no root");
  replay->add_option("file", line.replay, "The recording (JSON lines, detector/sensor/REPLAY.md); - is standard input")->required();
  replay->fallthrough();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& fault) {
    const int code = app.exit(fault);
    return code == 0 ? kDone : kMisconfigured;
  }
  return line;
}

int run(int argc, char** argv) {
  auto parsed = parse_command_line(argc, argv);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  const auto& line = std::get<CommandLine>(parsed);

  core::Diagnostics diagnostics;
  const Config config = load_config({line.config, line.overrides}, diagnostics);
  std::fputs(diagnostics.render().c_str(), stderr);
  if (diagnostics.has_errors()) {
    std::fprintf(stderr, "%s\n", diagnostics.summary().c_str());
    return kMisconfigured;
  }
  core::set_log_level(config.log_level);

  if (line.version) return print_version(config);
  if (line.list_fields) return list_fields();
  if (line.list_events) return list_events();
  if (!line.validate.empty()) return validate(line, config);
  if (line.list_rules) return list_rules(line, config);
  return watch(line, config);
}

}  // namespace detector

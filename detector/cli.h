// The command line: what was asked for, and the ways to answer it.
#pragma once

#include "detector/config/config.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace detector {

struct CommandLine {
  std::string config;                     // -c
  std::vector<std::string> rules;         // -r, replaces rules_files
  std::vector<std::string> overrides;     // -o
  std::vector<std::string> validate;      // -V
  bool list_rules = false;                // -L
  bool list_fields = false;               // --list
  bool list_events = false;               // --list-events
  bool version = false;
  bool dry_run = false;                   // everything but the sensor and the outputs
  std::optional<unsigned> seconds;        // -M
  std::string record;                     // --record
  std::string replay;                     // replay FILE; overrides engine.kind
};

// What the program exits with.
enum ExitCode : int {
  kDone = 0,
  kFailed = 1,        // -V found an error; the sensor could not start or stopped
  kMisconfigured = 2, // the command line, configuration or rules are at fault; nothing was started
};

// The command line, or the exit code after --help or a fault (which were printed).
std::variant<CommandLine, int> parse_command_line(int argc, char** argv);

// -V: Falco's verdict on each file on standard output; kFailed with an error.
int validate(const CommandLine& line, const Config& config);
// -L, --list, --list-events, --version: no rule is run, no BPF loaded, no port opened.
int list_rules(const CommandLine& line, const Config& config);
int list_fields();
int list_events();
int print_version(const Config& config);

// Watches until the source ends or a signal comes.
int watch(const CommandLine& line, const Config& config);

// Everything that main does.
int run(int argc, char** argv);

}  // namespace detector

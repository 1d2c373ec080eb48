// What a subcommand is made of. Each is a file of its own here and a line in commands.def, nothing else:
//   void cli_status(Cli& cli) {
//     CLI::App* status = cli.app.add_subcommand("status", "how the running hub and its sinks are");
//     cli.on(status, [&cli] { return show_status(cli); });
//   }
// What is printed comes from alerts and from sinks: text_of(), core::printable(), and JSON in ASCII (dump(2, ' ', true))
// keep it from writing to the operator's terminal.
#pragma once

#include "hub/cli_configuration.h"
#include "hub/hub.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <deque>
#include <functional>
#include <string>

namespace hub {

struct Cli {
  explicit Cli(const HubParts& its_parts);

  // `run` is what `command` does, once everything is parsed: its exit status, 0, 1 (a fault of the world, a mismatch)
  // or 2 (a fault in a file or on the command line). Its options are bound to what lives as long as it: cli.keep().
  void on(CLI::App* command, std::function<int()> run) { runs.emplace_back(command, std::move(run)); }
  // A value that lives as long as the command line.
  template <class T>
  T& keep(T value = {}) {
    auto kept = std::make_shared<T>(std::move(value));
    kept_.push_back(kept);
    return *kept;
  }

  const HubParts& parts;
  CLI::App app;
  CommandLine line;      // -c, --outputs, --state-directory, --listen-port
  bool as_json = false;  // --json
  std::deque<std::pair<CLI::App*, std::function<int()>>> runs;

 private:
  std::deque<std::shared_ptr<void>> kept_;
};

// Faults of a file to stderr. True: nothing stands in the way.
bool tell(const core::Diagnostics& diagnostics);
// One sentence to stderr; 1, for `return complain(…)`.
int complain(const core::Error& error);

// hub.yaml, for the way to the hub; nullopt: it has faults, which were told (exit status 2).
std::optional<HubConfig> find_hub(const Cli& cli);

// Asks the running hub; `part` hears what its answer says before its end. Fault: a sentence, of ours or the hub's.
core::Result<nlohmann::json> ask_running(const HubConfig& config, const nlohmann::json& command,
                                         const std::function<void(const nlohmann::json&)>& part = {});
// The same; without a running hub from the state itself, locked meanwhile.
core::Result<nlohmann::json> ask_hub_or_state(const HubConfig& config, const HubParts& parts,
                                              const nlohmann::json& command);

std::string text_of(const nlohmann::json& value, const char* key);  // printable; "": not there, or no text

}  // namespace hub

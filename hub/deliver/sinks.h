// outputs.yaml, read and checked: the sinks in the file's order, the routes, and what every sink has beside its output's own options.
#pragma once

#include "core/fields.h"
#include "hub/deliver/sink_options.h"
#include "hub/route/decide.h"
#include "outputs/output.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hub {

struct Sink {
  std::string name;
  std::string kind;                                       // "slack"
  bool archive = false;                                   // silences and inhibition keep nothing from it
  SinkOptions options;
  std::unique_ptr<outputs::Output> output;
  std::size_t fingerprint = 0;                            // of all it was made of, secrets and certificates too: a reload leaves an equal one alone
};

struct Outputs {
  std::vector<Sink> sinks;
  std::vector<Route> routes;
  std::vector<Inhibition> inhibitions;
};

// What the router needs of them.
RouteTable table_of(const Outputs& outputs);

// Builds sinks and routes of a parsed file. All faults go to `diagnostics`; the result is usable only when it got no error.
// `environment`: falcosidekick's variables (SLACK_WEBHOOKURL …) as overrides for the sink named like its kind; may be empty.
Outputs read_outputs(const std::string& file, const std::string& text, const std::map<std::string, std::string>& environment,
                     const outputs::Surroundings& surroundings, core::Diagnostics& diagnostics);

// What every sink has, whatever its kind; for --list-options.
std::vector<core::OptionRow> list_sink_options();

// Without an outputs file: stdout, and alerts.jsonl in the state directory; plus whatever the environment configures,
// and the outputs in `falcosidekick`, the root of a file of falcosidekick's.
Outputs embedded_outputs(const std::string& state_directory, const std::map<std::string, std::string>& environment,
                         const outputs::Surroundings& surroundings, core::Diagnostics& diagnostics,
                         const core::YamlNode& falcosidekick = {});

}  // namespace hub

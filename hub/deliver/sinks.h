// outputs.yaml, read and checked: the sinks in the file's order, the routes, and what every sink has beside its output's own options.
#pragma once

#include "core/fields.h"
#include "core/priority.h"
#include "hub/route/decide.h"
#include "outputs/output.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hub {

struct RetryPolicy {
  core::Duration initial = std::chrono::seconds{1};
  double multiplier = 2;
  core::Duration max = std::chrono::minutes{5};           // for one alert
  core::Duration probe_max = std::chrono::seconds{10};    // while the breaker is open, for the sink
  unsigned max_attempts = 10;                             // … while others got through in between
};

struct Sink {
  std::string name;
  std::string kind;                                       // "slack"
  core::Priority minimumpriority = core::Priority::Debug;
  bool archive = false;                                   // silences and inhibition keep nothing from it
  RetryPolicy retry;
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

// Without an outputs file: stdout, and alerts.jsonl in the state directory; plus whatever the environment configures,
// and the outputs in `falcosidekick`, the root of a file of falcosidekick's.
Outputs embedded_outputs(const std::string& state_directory, const std::map<std::string, std::string>& environment,
                         const outputs::Surroundings& surroundings, core::Diagnostics& diagnostics,
                         const core::YamlNode& falcosidekick = {});

}  // namespace hub

// tocsin-hub status: how the running hub and its sinks are, as a table.
#include "hub/cli/cli.h"

#include "core/units.h"

#include <fmt/format.h>

namespace hub {
namespace {

using nlohmann::json;

int show_status(const Cli& cli) {
  const auto config = find_hub(cli);
  if (!config) return 2;
  const auto status = ask_running(*config, {{"command", "status"}});
  if (!status) return complain(status.error());
  if (cli.as_json) {
    fmt::print("{}\n", status->dump(2, ' ', true));
    return 0;
  }
  const json& journal = (*status)["journal"];
  fmt::print("tocsin-hub {} up {}; journal {} in {} segments, {}\n\n", text_of(*status, "version"),
             core::to_text(std::chrono::seconds{status->value("uptime_seconds", 0)}),
             core::to_text(core::Bytes{journal.value("bytes", std::uint64_t{0})}), journal.value("segments", 0),
             journal.value("accepting", false) ? "accepting" : "NOT accepting");
  fmt::print("{:<24} {:<14} {:<10} {:>8} {:>10} {:>6} {:>8}  {}\n", "SINK", "KIND", "STATE", "QUEUED", "DELIVERED",
             "DEAD", "DROPPED", "REASON");
  for (const json& sink : (*status)["sinks"])
    fmt::print("{:<24} {:<14} {:<10} {:>8} {:>10} {:>6} {:>8}  {}\n", text_of(sink, "name"), text_of(sink, "kind"),
               text_of(sink, "state"), sink.value("queued", 0ULL), sink.value("delivered", 0ULL),
               sink.value("dead_letters", 0ULL), sink.value("dropped", 0ULL), text_of(sink, "reason"));
  return 0;
}

}  // namespace

void cli_status(Cli& cli) {
  CLI::App* command = cli.app.add_subcommand("status", "how the running hub and its sinks are");
  cli.on(command, [&cli] { return show_status(cli); });
}

}  // namespace hub

// tocsin-hub reload: has the running hub read its configuration again, and shows what came of it.
#include "hub/cli/cli.h"

#include "core/text.h"

#include <fmt/format.h>

namespace hub {
namespace {

using nlohmann::json;

void tell_list(const json& result, const char* key) {
  std::string list;
  for (const json& each : result.value(key, json::array()))
    if (each.is_string()) list += (list.empty() ? "" : ", ") + core::printable(each.get<std::string>());
  if (!list.empty()) fmt::print("{:<14} {}\n", key, list);
}

int reload(const Cli& cli) {
  const auto config = find_hub(cli);
  if (!config) return 2;
  const auto result = ask_running(*config, {{"command", "reload"}});
  if (!result) return complain(result.error());
  if (cli.as_json) {
    fmt::print("{}\n", result->dump(2, ' ', true));
    return result->value("successful", false) ? 0 : 2;
  }
  if (!result->value("successful", false)) {
    std::string faults = result->value("faults", std::string{});
    for (std::size_t at = 0; at < faults.size();) {
      const std::size_t end = std::min(faults.find('\n', at), faults.size());
      fmt::print(stderr, "{}\n", core::printable(faults.substr(at, end - at)));
      at = end + 1;
    }
    fmt::print(stderr, "nothing was changed; the hub goes on with the configuration it has.\n");
    return 2;
  }
  fmt::print("reloaded\n{:<14} {}\n", "unchanged", result->value("unchanged", 0));
  for (const char* key : {"changed", "added", "removed", "needs_restart"}) tell_list(*result, key);
  return 0;
}

}  // namespace

void cli_reload(Cli& cli) {
  CLI::App* command = cli.app.add_subcommand("reload", "have the running hub read its configuration again");
  cli.on(command, [&cli] { return reload(cli); });
}

}  // namespace hub

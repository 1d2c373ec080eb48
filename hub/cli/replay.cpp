// tocsin-hub replay: alerts that the journal still has go to one sink once more, under the same ids.
#include "hub/cli/cli.h"

#include <fmt/format.h>

#include <unistd.h>

namespace hub {
namespace {

using nlohmann::json;

int replay(const Cli& cli, const json& request) {
  const auto config = find_hub(cli);
  if (!config) return 2;
  std::uint64_t replayed = 0, next = 0;
  const bool shown = isatty(STDERR_FILENO) != 0;
  const auto answer = ask_running(*config, request, [&](const json& part) {
    replayed = part.value("replayed", replayed);
    next = part.value("next", next);
    if (shown) fmt::print(stderr, "\r{} replayed, {} of {} looked at", replayed, next, part.value("end", 0ULL));
  });
  if (shown && next > 0) fmt::print(stderr, "\n");
  if (!answer) {
    complain(answer.error());
    if (next > 0) fmt::print(stderr, "{} were replayed; go on with --after {}\n", replayed, next);
    return 1;
  }
  if (cli.as_json) {
    fmt::print("{}\n", answer->dump(2, ' ', true));
    return 0;
  }
  fmt::print("{} alerts replayed\n", answer->value("replayed", 0ULL));
  if (!answer->value("done", true))
    fmt::print("the limit is reached; go on with --after {}\n", answer->value("next", 0ULL));
  return 0;
}

}  // namespace

void cli_replay(Cli& cli) {
  CLI::App* command =
      cli.app.add_subcommand("replay", "send retained alerts to one sink once more, under the same ids");
  struct Options {
    std::string sink, since, until, rule, priority;
    std::uint64_t limit = 10'000, after = 0;
  };
  auto& options = cli.keep(Options{});
  command->add_option("--sink", options.sink, "the sink")->required()->type_name("NAME");
  command->add_option("--since", options.since, "received since: 2h, or 2026-11-21T12:00:00Z")
      ->required()
      ->type_name("TIME");
  command->add_option("--until", options.until, "received before")->type_name("TIME");
  command->add_option("--rule", options.rule, "of this rule alone")->type_name("RULE");
  command->add_option("--priority", options.priority, "at or above this priority")->type_name("PRIORITY");
  command->add_option("--limit", options.limit, "so many at most; default 10000")->type_name("COUNT");
  command->add_option("--after", options.after, "go on where a replay was broken off")->type_name("NUMBER");
  cli.on(command, [&] {
    return replay(cli, {{"command", "replay"},
                        {"sink", options.sink},
                        {"since", options.since},
                        {"until", options.until},
                        {"rule", options.rule},
                        {"priority", options.priority},
                        {"limit", options.limit},
                        {"after", options.after}});
  });
}

}  // namespace hub

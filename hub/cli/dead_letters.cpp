// tocsin-hub dead-letters list|show|replay|purge: alerts that a sink would not take, of a running hub or (all but
// replay) of a stopped one's state.
#include "hub/cli/cli.h"

#include <fmt/format.h>

#include <unistd.h>

namespace hub {
namespace {

using nlohmann::json;

struct Filters {
  std::string sink, since, reason, rule;
  std::vector<std::int64_t> numbers;
  bool all = false, yes = false;

  void add_to(CLI::App& command) {
    command.add_option("--sink", sink, "of this sink alone")->type_name("NAME");
    command.add_option("--rule", rule, "of this rule alone")->type_name("RULE");
    command.add_option("--since", since, "since then: 2h, or 2026-11-21T12:00:00Z")->type_name("TIME");
    command.add_option("--reason", reason, "with this in their reason")->type_name("TEXT");
  }
  void add_choice_to(CLI::App& command) {
    add_to(command);
    command.add_option("numbers", numbers, "their numbers in the list");
    command.add_flag("--all", all, "all of them");
  }
  json request(const char* command) const {
    return {{"command", command}, {"sink", sink}, {"since", since},    {"reason", reason},
            {"rule", rule},       {"all", all},   {"numbers", numbers}};
  }
};

int list(const Cli& cli, const Filters& filters) {
  const auto config = find_hub(cli);
  if (!config) return 2;
  json request = filters.request("dead-letters");
  request.erase("numbers");
  request["limit"] = 1000;
  const auto answer = ask_hub_or_state(*config, cli.parts, request);
  if (!answer) return complain(answer.error());
  if (cli.as_json) {
    fmt::print("{}\n", answer->dump(2, ' ', true));
    return 0;
  }
  fmt::print("{:>6} {:<24} {:<30} {:>8} {:<12} {:<32} {}\n", "NUMBER", "SINK", "AT", "ATTEMPTS", "PRIORITY", "RULE",
             "REASON");
  for (const json& letter : (*answer)["dead_letters"])
    fmt::print("{:>6} {:<24} {:<30} {:>8} {:<12} {:<32} {}\n", letter.value("number", 0LL), text_of(letter, "sink"),
               text_of(letter, "at"), letter.value("attempts", 0U), text_of(letter, "priority"),
               text_of(letter, "rule"), text_of(letter, "reason"));
  return 0;
}

int show(const Cli& cli, std::int64_t number) {
  const auto config = find_hub(cli);
  if (!config) return 2;
  const auto letter = ask_hub_or_state(*config, cli.parts, {{"command", "dead-letters"}, {"number", number}});
  if (!letter) return complain(letter.error());
  if (cli.as_json) {
    fmt::print("{}\n", letter->dump(2, ' ', true));
    return 0;
  }
  for (const char* key : {"sink", "id", "at", "priority", "rule", "reason"})
    fmt::print("{:<10} {}\n", key, text_of(*letter, key));
  fmt::print("{:<10} {}\n\n{}\n", "attempts", letter->value("attempts", 0U), text_of(*letter, "alert"));
  return 0;
}

int replay(const Cli& cli, const Filters& filters) {
  const auto config = find_hub(cli);
  if (!config) return 2;
  const bool shown = isatty(STDERR_FILENO) != 0;
  bool progress = false;
  const auto answer = ask_running(*config, filters.request("dead-letters-replay"), [&](const json& part) {
    if (shown) fmt::print(stderr, "\r{} replayed", part.value("replayed", 0ULL));
    progress = true;
  });
  if (shown && progress) fmt::print(stderr, "\n");
  if (!answer) return complain(answer.error());
  if (cli.as_json) {
    fmt::print("{}\n", answer->dump(2, ' ', true));
    return 0;
  }
  fmt::print("{} dead letters replayed\n", answer->value("replayed", 0ULL));
  if (const auto skipped = answer->value("skipped", 0ULL); skipped > 0)
    fmt::print("{} kept: their sink is not configured\n", skipped);
  return 0;
}

int purge(const Cli& cli, const Filters& filters) {
  const auto config = find_hub(cli);
  if (!config) return 2;
  json request = filters.request("dead-letters-purge");
  request["dry_run"] = !filters.yes;
  const auto answer = ask_hub_or_state(*config, cli.parts, request);
  if (!answer) return complain(answer.error());
  if (cli.as_json) {
    fmt::print("{}\n", answer->dump(2, ' ', true));
  } else if (filters.yes) {
    fmt::print("{} dead letters purged\n", answer->value("purged", 0ULL));
  } else {
    fmt::print("{} dead letters would be purged for good; say --yes to do it\n", answer->value("found", 0ULL));
  }
  return 0;
}

}  // namespace

void cli_dead_letters(Cli& cli) {
  CLI::App* letters = cli.app.add_subcommand("dead-letters", "alerts that a sink would not take");
  letters->require_subcommand(1);

  auto& listed = cli.keep(Filters{});
  CLI::App* all = letters->add_subcommand("list", "one line each");
  listed.add_to(*all);
  cli.on(all, [&] { return list(cli, listed); });

  auto& number = cli.keep(std::int64_t{0});
  CLI::App* one = letters->add_subcommand("show", "one, with its alert");
  one->add_option("number", number, "its number in the list")->required();
  cli.on(one, [&] { return show(cli, number); });

  auto& replayed = cli.keep(Filters{});
  CLI::App* again = letters->add_subcommand("replay", "send them to their sinks once more, under the same ids");
  replayed.add_choice_to(*again);
  cli.on(again, [&] { return replay(cli, replayed); });

  auto& purged = cli.keep(Filters{});
  CLI::App* away = letters->add_subcommand("purge", "delete them for good");
  purged.add_choice_to(*away);
  away->add_flag("--yes", purged.yes, "do it; without it only their number is said");
  cli.on(away, [&] { return purge(cli, purged); });
}

}  // namespace hub

// tocsin-hub dead-letters list|show: alerts that a sink would not take, of a running hub or of a stopped one's state.
#include "hub/cli/cli.h"

#include <fmt/format.h>

namespace hub {
namespace {

using nlohmann::json;

int list(const Cli& cli, const std::string& sink) {
  const auto config = find_hub(cli);
  if (!config) return 2;
  const auto answer =
      ask_hub_or_state(*config, cli.parts, {{"command", "dead-letters"}, {"sink", sink}, {"limit", 1000}});
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

}  // namespace

void cli_dead_letters(Cli& cli) {
  CLI::App* letters = cli.app.add_subcommand("dead-letters", "alerts that a sink would not take");
  letters->require_subcommand(1);

  auto& sink = cli.keep(std::string{});
  CLI::App* all = letters->add_subcommand("list", "one line each");
  all->add_option("--sink", sink, "of this sink alone")->type_name("NAME");
  cli.on(all, [&] { return list(cli, sink); });

  auto& number = cli.keep(std::int64_t{0});
  CLI::App* one = letters->add_subcommand("show", "one, with its alert");
  one->add_option("number", number, "its number in the list")->required();
  cli.on(one, [&] { return show(cli, number); });
}

}  // namespace hub

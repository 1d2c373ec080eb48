// tocsin-hub silence add|list|expire: keeps alerts quiet for a while, in a running hub or for the next start.
#include "hub/cli/cli.h"

#include "core/text.h"

#include <fmt/format.h>

#include <unistd.h>

#include <cstdlib>

namespace hub {
namespace {

using nlohmann::json;

struct Wanted {
  std::string match, lasting, until, from, comment, author;
  std::vector<std::string> rules, priorities, tags, hosts, sources, fields;
};

std::string somebody() {
  for (const char* name : {"SUDO_USER", "USER", "LOGNAME"}) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  }
  return "uid " + std::to_string(::getuid());
}

// JSON is YAML's flow form too.
core::Result<std::string> match_of(const Wanted& wanted) {
  json match = json::object();
  const auto put = [&](const char* key, const std::vector<std::string>& values) {
    if (!values.empty()) match[key] = values;
  };
  put("rules", wanted.rules);
  put("priority", wanted.priorities);
  put("tags", wanted.tags);
  put("hostname", wanted.hosts);
  put("source", wanted.sources);
  std::string all;  // several fields of one silence must all hold
  for (const std::string& field : wanted.fields)
    all += (all.empty() ? "" : ", ") + core::replace_all(field, ",", "\\,");
  if (!all.empty()) match["output_fields"] = all;
  if (wanted.match.empty()) return match.dump();
  if (match.empty()) return wanted.match;
  return core::Error{core::Fault::Invalid, "give --match, or the other matchers, not both"};
}

core::Result<std::int64_t> time_of(const std::string& option, const std::string& text) {
  const auto time = core::parse_rfc3339(text);
  if (time) return core::to_unix_nanoseconds(*time);
  return core::Error{core::Fault::Invalid, option + " " + text + " is no time; write 2026-01-05T10:00:00Z"};
}

core::Result<json> command_of(const Wanted& wanted) {
  const auto match = match_of(wanted);
  if (!match) return match.error();
  std::int64_t from = core::to_unix_nanoseconds(core::now());
  if (!wanted.from.empty()) {
    const auto time = time_of("--from", wanted.from);
    if (!time) return time.error();
    from = *time;
  }
  if (wanted.lasting.empty() == wanted.until.empty())
    return core::Error{core::Fault::Invalid, "say how long: --for 2h, or --until 2026-01-05T10:00:00Z"};
  std::int64_t until = 0;
  if (!wanted.until.empty()) {
    const auto time = time_of("--until", wanted.until);
    if (!time) return time.error();
    until = *time;
  } else {
    const auto lasting = core::parse_duration(wanted.lasting);
    if (!lasting)
      return core::Error{core::Fault::Invalid, "--for " + wanted.lasting + " is no duration; write 30m or 2h"};
    until = from + lasting->count();
  }
  json command{{"command", "silences"},
               {"add",
                {{"match", *match},
                 {"comment", wanted.comment},
                 {"author", wanted.author.empty() ? somebody() : wanted.author},
                 {"from", from},
                 {"until", until}}}};
  return core::Result<json>{boost::system::in_place_value, std::move(command)};
}

core::Result<json> ask(const Cli& cli, const HubConfig& config, const json& command) {
  return ask_hub_or_state(config, cli.parts, command);
}

void print(const json& silence) {
  fmt::print("{:>6} {:<6} {:<31} {:<31} {:<12} {}  # {}\n", silence.value("number", 0LL), text_of(silence, "state"),
             text_of(silence, "from"), text_of(silence, "until"), text_of(silence, "author"), text_of(silence, "match"),
             text_of(silence, "comment"));
}

int add(const Cli& cli, const Wanted& wanted) {
  const auto config = find_hub(cli);
  if (!config) return 2;
  const auto command = command_of(wanted);
  if (!command) return complain(command.error()), 2;
  const auto answer = ask(cli, *config, *command);
  if (!answer) return complain(answer.error());
  if (cli.as_json) {
    fmt::print("{}\n", answer->dump(2, ' ', true));
  } else {
    fmt::print("silence {} until {}: {}\n", answer->value("number", 0LL), text_of(*answer, "until"),
               text_of(*answer, "match"));
  }
  return 0;
}

int list(const Cli& cli) {
  const auto config = find_hub(cli);
  if (!config) return 2;
  const auto answer = ask(cli, *config, {{"command", "silences"}});
  if (!answer) return complain(answer.error());
  if (cli.as_json) {
    fmt::print("{}\n", answer->dump(2, ' ', true));
    return 0;
  }
  fmt::print("{:>6} {:<6} {:<31} {:<31} {:<12} {}\n", "NUMBER", "STATE", "FROM", "UNTIL", "AUTHOR", "MATCH");
  for (const json& silence : (*answer)["silences"]) print(silence);
  return 0;
}

int expire(const Cli& cli, std::int64_t number) {
  const auto config = find_hub(cli);
  if (!config) return 2;
  const auto answer = ask(cli, *config, {{"command", "silences"}, {"expire", number}});
  if (!answer) return complain(answer.error());
  fmt::print("silence {} is over\n", number);
  return 0;
}

}  // namespace

void cli_silence(Cli& cli) {
  CLI::App* silence = cli.app.add_subcommand("silence", "keep alerts quiet for a while");
  silence->require_subcommand(1);

  auto& wanted = cli.keep(Wanted{});
  CLI::App* one = silence->add_subcommand("add", "alerts that all of these match go to no output but archives");
  const auto many = [one](const char* name, std::vector<std::string>& into, const char* help) {
    one->add_option(name, into, help)->allow_extra_args(false);
  };
  many("--rule", wanted.rules, "a rule: exact, glob:…, re2:…; again for another (or)");
  many("--priority", wanted.priorities, "\"<=notice\", \"error..critical\"");
  many("--tag", wanted.tags, "a tag; a,b: both");
  many("--host", wanted.hosts, "a hostname: exact, glob:…, re2:…");
  many("--source", wanted.sources, "a source");
  many("--field", wanted.fields, "k=v, k!=v, k or !k; again for another (and)");
  one->add_option("--match", wanted.match, "or a match block as in outputs.yaml, in one line")->type_name("YAML");
  one->add_option("--for", wanted.lasting, "how long: 2h")->type_name("DURATION");
  one->add_option("--until", wanted.until, "or until when")->type_name("TIME");
  one->add_option("--from", wanted.from, "from when; default: now")->type_name("TIME");
  one->add_option("--comment", wanted.comment, "why")->required();
  one->add_option("--author", wanted.author, "who; default: the user");
  cli.on(one, [&] { return add(cli, wanted); });

  CLI::App* all = silence->add_subcommand("list", "one line each; those that are over for five more days");
  cli.on(all, [&] { return list(cli); });

  auto& number = cli.keep(std::int64_t{0});
  CLI::App* end = silence->add_subcommand("expire", "end one now");
  end->add_option("number", number, "its number in the list")->required();
  cli.on(end, [&] { return expire(cli, number); });
}

}  // namespace hub

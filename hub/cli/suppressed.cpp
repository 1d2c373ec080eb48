// tocsin-hub suppressed list: alerts that were kept from an output, and by what. They are in the journal as long as it
// is retained.
#include "hub/cli/cli.h"

#include "core/text.h"

#include <fmt/format.h>

namespace hub {
namespace {

using nlohmann::json;

struct Wanted {
  std::string since, by;
  std::size_t limit = 100;
};

// "1h": that long ago; or a time.
core::Result<std::int64_t> since_of(const std::string& text) {
  if (text.empty()) return std::int64_t{0};
  if (const auto ago = core::parse_duration(text)) return core::to_unix_nanoseconds(core::now() - *ago);
  if (const auto time = core::parse_rfc3339(text)) return core::to_unix_nanoseconds(*time);
  return core::Error{core::Fault::Invalid, "--since " + text + " is no time; write 1h, or 2026-01-05T10:00:00Z"};
}

int list(const Cli& cli, const Wanted& wanted) {
  const auto config = find_hub(cli);
  if (!config) return 2;
  const auto since = since_of(wanted.since);
  if (!since) return complain(since.error()), 2;
  json all = json::array();
  const auto answer =
      ask_running(*config, {{"command", "suppressed"}, {"since", *since}, {"by", wanted.by}, {"limit", wanted.limit}},
                  [&](const json& row) { all.push_back(row); });
  if (!answer) return complain(answer.error());
  if (cli.as_json) {
    fmt::print("{}\n", json{{"suppressed", all}}.dump(2, ' ', true));
    return 0;
  }
  fmt::print("{:<31} {:<28} {:<14} {:<20} {}\n", "AT", "BY", "PRIORITY", "HOST", "RULE");
  for (const json& row : all)
    fmt::print("{:<31} {:<28} {:<14} {:<20} {}\n", text_of(row, "at"), text_of(row, "by"), text_of(row, "priority"),
               text_of(row, "hostname"), text_of(row, "rule"));
  return 0;
}

}  // namespace

void cli_suppressed(Cli& cli) {
  CLI::App* suppressed = cli.app.add_subcommand("suppressed", "alerts that were kept from outputs");
  suppressed->require_subcommand(1);
  auto& wanted = cli.keep(Wanted{});
  CLI::App* all = suppressed->add_subcommand("list", "the newest, one line each, with the reason");
  all->add_option("--since", wanted.since, "not older than: 1h, or a time")->type_name("WHEN");
  all->add_option("--by", wanted.by, "of this reason alone: dedup, \"dedup page\", silence …")->type_name("REASON");
  all->add_option("--limit", wanted.limit, "at most so many (1000)");
  cli.on(all, [&] { return list(cli, wanted); });
}

}  // namespace hub

// What is printed comes from alerts and from sinks: printable(), and JSON in ASCII, keep it from writing to the
// operator's terminal.
#include "hub/cli_commands.h"

#include "core/text.h"
#include "hub/control/commands.h"
#include "hub/control/control_socket.h"
#include "hub/state/state_directory.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>

namespace hub {
namespace {

using nlohmann::json;

std::string socket_of(const HubConfig& config) {
  return (std::filesystem::path{config.state_directory} / "control.sock").string();
}

core::Result<json> parse(const core::Result<std::string>& answer) {
  if (!answer) return answer.error();
  json value = json::parse(*answer, nullptr, false);
  if (!value.is_object()) return core::Error{core::Fault::Invalid, "the hub's answer is not understood"};
  if (value.contains("error")) return core::Error{core::Fault::Invalid, value["error"].get<std::string>()};
  return core::Result<json>{boost::system::in_place_value, std::move(value)};
}

// From the hub; without one, from its folder.
core::Result<json> ask(const HubConfig& config, const HubParts& parts, const json& command) {
  const auto answer = ask_hub(socket_of(config), command.dump());
  if (answer || answer.error().fault != core::Fault::NotFound) return parse(answer);
  if (!std::filesystem::exists(config.state_directory))
    return core::Error{core::Fault::NotFound, "there is no state in " + config.state_directory};
  const auto directory = lock_state_directory(config.state_directory);
  if (!directory) return directory.error();
  auto state = parts.open_state(directory->state_file());
  if (!state) return state.error();
  std::string line = answer_command(command.dump(), **state, nullptr);
  (*state)->close();
  return parse(std::move(line));
}

int complain(const core::Error& error) {
  fmt::print(stderr, "tocsin-hub: {}\n", error.what);
  return 1;
}

std::string text_of(const json& value, const char* key) {
  return core::printable(value.value(key, std::string{}));
}

}  // namespace

int show_status(const HubConfig& config, Form form) {
  const auto status = parse(ask_hub(socket_of(config), R"({"command":"status"})"));
  if (!status) return complain(status.error());
  if (form == Form::Json) {
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

int list_dead_letters(const HubConfig& config, const HubParts& parts, const std::string& sink, Form form) {
  const auto answer = ask(config, parts, {{"command", "dead-letters"}, {"sink", sink}, {"limit", 1000}});
  if (!answer) return complain(answer.error());
  if (form == Form::Json) {
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

int show_dead_letter(const HubConfig& config, const HubParts& parts, std::int64_t number, Form form) {
  const auto letter = ask(config, parts, {{"command", "dead-letter"}, {"number", number}});
  if (!letter) return complain(letter.error());
  if (form == Form::Json) {
    fmt::print("{}\n", letter->dump(2, ' ', true));
    return 0;
  }
  for (const char* key : {"sink", "id", "at", "priority", "rule", "reason"})
    fmt::print("{:<10} {}\n", key, text_of(*letter, key));
  fmt::print("{:<10} {}\n\n{}\n", "attempts", letter->value("attempts", 0U), text_of(*letter, "alert"));
  return 0;
}

}  // namespace hub

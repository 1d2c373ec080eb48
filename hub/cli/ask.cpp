// How a subcommand asks: the running hub through its socket or, when none runs, the state itself.
#include "hub/cli/cli.h"
#include "hub/control/control_socket.h"
#include "hub/state/state_directory.h"

#include "core/text.h"

#include <fmt/format.h>

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
  if (value.contains("error") && value["error"].is_string() && value.size() == 1)
    return core::Error{core::Fault::Invalid, value["error"].get<std::string>()};
  return core::Result<json>{boost::system::in_place_value, std::move(value)};
}

}  // namespace

bool tell(const core::Diagnostics& diagnostics) {
  fmt::print(stderr, "{}", diagnostics.render());
  if (diagnostics.has_errors()) fmt::print(stderr, "{}\n", diagnostics.summary());
  return !diagnostics.has_errors();
}

int complain(const core::Error& error) {
  fmt::print(stderr, "tocsin-hub: {}\n", core::printable(error.what));
  return 1;
}

std::optional<HubConfig> find_hub(const Cli& cli) {
  core::Diagnostics diagnostics;
  HubConfig config = read_hub_file(cli.line, diagnostics);
  if (!tell(diagnostics)) return std::nullopt;
  return config;
}

core::Result<json> ask_running(const HubConfig& config, const json& command,
                               const std::function<void(const json&)>& part) {
  return parse(ask_hub(socket_of(config), command.dump(), [&](std::string_view line) {
    const json value = json::parse(line, nullptr, false);
    if (part && value.is_object() && value.contains("part")) part(value["part"]);
  }));
}

core::Result<json> ask_hub_or_state(const HubConfig& config, const HubParts& parts, const json& command) {
  const auto answer = ask_hub(socket_of(config), command.dump());
  if (answer || answer.error().fault != core::Fault::NotFound) return parse(answer);
  if (!std::filesystem::exists(config.state_directory))
    return core::Error{core::Fault::NotFound, "there is no state in " + config.state_directory};
  const auto directory = lock_state_directory(config.state_directory);
  if (!directory) return directory.error();
  auto state = parts.open_state(directory->state_file());
  if (!state) return state.error();
  std::string line = answer_command(command.dump(), **state);
  (*state)->close();
  return parse(std::move(line));
}

std::string text_of(const json& value, const char* key) {
  const auto found = value.find(key);
  return found != value.end() && found->is_string() ? core::printable(found->get<std::string>()) : std::string{};
}

}  // namespace hub

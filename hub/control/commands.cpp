#include "hub/control/commands.h"

#include "core/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace hub {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kMostListed = 1000;

std::string dump(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string fault(const std::string& what) {
  return dump({{"error", what}});
}

ordered_json to_json(const DeadLetter& letter) {
  return {{"number", letter.number},           {"sink", letter.sink},         {"id", core::to_text(letter.id)},
          {"at", core::to_rfc3339(letter.at)}, {"attempts", letter.attempts}, {"reason", letter.reason},
          {"priority", letter.priority},       {"rule", letter.rule}};
}

std::string list(const json& request, StateStore& state) {
  const auto limit = std::min<std::size_t>(request.value("limit", std::size_t{100}), kMostListed);
  const auto letters =
      state.list_dead_letters(request.value("sink", std::string{}), limit, request.value("after", std::int64_t{0}));
  if (!letters) return fault(letters.error().what);
  ordered_json found = ordered_json::array();
  for (const DeadLetter& letter : *letters) found.push_back(to_json(letter));
  return dump({{"dead_letters", std::move(found)}});
}

std::string show(const json& request, StateStore& state) {
  const auto number = request.value("number", std::int64_t{0});
  const auto letters = state.list_dead_letters("", 1, number - 1);
  if (!letters) return fault(letters.error().what);
  if (letters->empty() || letters->front().number != number)
    return fault("there is no dead letter " + std::to_string(number));
  ordered_json found = to_json(letters->front());
  found["alert"] = letters->front().alert;  // as text: it may be what no JSON reader takes
  return dump(found);
}

}  // namespace

std::string answer_command(std::string_view line, StateStore& state, const Report* report) {
  const json request = json::parse(line, nullptr, false);
  if (!request.is_object()) return fault("a command is one JSON object on one line");
  try {
    const std::string command = request.value("command", std::string{});
    if (command == "status" && report == nullptr) return fault("no hub is running on this state directory");
    if (command == "status") return std::string{core::trim(report->status_json())};
    if (command == "dead-letters") return list(request, state);
    if (command == "dead-letter") return show(request, state);
    return fault("there is no command '" + core::printable(command) +
                 "'; there are: status, dead-letters, dead-letter");
  } catch (const json::exception&) {
    return fault("an argument of the command has the wrong type");
  }
}

}  // namespace hub

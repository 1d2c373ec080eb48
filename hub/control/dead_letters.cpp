// {"command":"dead-letters","sink":"soc","limit":100,"after":0}: a list, by number; {…,"number":7}: one, with its
// alert.
#include "hub/control/command.h"

#include "core/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace hub {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kMostListed = 1000;

ordered_json to_json(const DeadLetter& letter) {
  return {{"number", letter.number},           {"sink", letter.sink},         {"id", core::to_text(letter.id)},
          {"at", core::to_rfc3339(letter.at)}, {"attempts", letter.attempts}, {"reason", letter.reason},
          {"priority", letter.priority},       {"rule", letter.rule}};
}

void list(const json& request, StateStore& state, const Answer& answer) {
  const auto limit = std::min<std::size_t>(request.value("limit", std::size_t{100}), kMostListed);
  const auto letters =
      state.list_dead_letters(request.value("sink", std::string{}), limit, request.value("after", std::int64_t{0}));
  if (!letters) return answer.fail(letters.error().what);
  ordered_json found = ordered_json::array();
  for (const DeadLetter& letter : *letters) found.push_back(to_json(letter));
  answer.end({{"dead_letters", std::move(found)}});
}

void show(std::int64_t number, StateStore& state, const Answer& answer) {
  const auto letters = state.list_dead_letters("", 1, number - 1);
  if (!letters) return answer.fail(letters.error().what);
  if (letters->empty() || letters->front().number != number)
    return answer.fail("there is no dead letter " + std::to_string(number));
  ordered_json found = to_json(letters->front());
  found["alert"] = letters->front().alert;  // as text: it may be what no JSON reader takes
  answer.end(found);
}

}  // namespace

void control_dead_letters(const json& request, const CommandRoom& room, Answer answer) {
  if (request.contains("number")) return show(request.value("number", std::int64_t{0}), room.state, answer);
  list(request, room.state, answer);
}

}  // namespace hub

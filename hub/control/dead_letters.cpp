// {"command":"dead-letters","sink":"soc","limit":100,"after":0, and more of a Selection}: a list, by number;
// {…,"number":7}: one, with its alert.
#include "hub/control/command.h"
#include "hub/control/selection.h"

#include "core/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace hub {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kMostListed = 1000;
constexpr std::size_t kMostPages = 20;  // looked at for one answer; "after" goes on

ordered_json to_json(const DeadLetter& letter) {
  return {{"number", letter.number},           {"sink", letter.sink},         {"id", core::to_text(letter.id)},
          {"at", core::to_rfc3339(letter.at)}, {"attempts", letter.attempts}, {"reason", letter.reason},
          {"priority", letter.priority},       {"rule", letter.rule}};
}

void list(const json& request, StateStore& state, const Answer& answer) {
  const auto limit = std::min<std::size_t>(request.value("limit", std::size_t{100}), kMostListed);
  const auto selection = Selection::parse(request, core::now());
  if (!selection) return answer.fail(selection.error().what);
  ordered_json found = ordered_json::array();
  std::int64_t after = request.value("after", std::int64_t{0});
  for (std::size_t pages = 0; pages < kMostPages && found.size() < limit; ++pages) {
    const auto letters = state.list_dead_letters(selection->sink, kMostListed, after);
    if (!letters) return answer.fail(letters.error().what);
    for (const DeadLetter& letter : *letters) {
      if (found.size() >= limit) break;
      after = letter.number;
      if (selection->takes(letter)) found.push_back(to_json(letter));
    }
    if (letters->size() < kMostListed) break;
  }
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

// {"command":"silences"}: lists them. … "add":{"match":…,"comment":…,"author":…,"from":…,"until":…}: one more (times in
// nanoseconds since 1970). … "expire":7: ends that one now. Without a hub on the state alone: the next start has them.
#include "hub/route/silences.h"
#include "hub/control/command.h"

#include <nlohmann/json.hpp>

namespace hub {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

core::TimePoint time_of(const json& value, const char* key) {
  return core::TimePoint{core::Duration{value.value(key, std::int64_t{0})}};
}

ordered_json to_json(const Silence& silence, core::TimePoint now) {
  const char* state = now < silence.from ? "waits" : now < silence.until ? "holds" : "over";
  return {{"number", silence.number},
          {"state", state},
          {"match", silence.match},
          {"from", core::to_rfc3339(silence.from)},
          {"until", core::to_rfc3339(silence.until)},
          {"author", silence.author},
          {"comment", silence.comment}};
}

void answer_with(Silences& silences, const json& request, const Answer& answer) {
  const core::TimePoint now = core::now();
  if (request.contains("add")) {
    const json& wanted = request["add"];
    const auto made = silences.add({.match = wanted.value("match", ""),
                                    .comment = wanted.value("comment", ""),
                                    .author = wanted.value("author", ""),
                                    .from = time_of(wanted, "from"),
                                    .until = time_of(wanted, "until")});
    return made ? answer.end(to_json(*made, now)) : answer.fail(made.error().what);
  }
  if (request.contains("expire")) {
    const auto done = silences.expire(request["expire"].get<std::int64_t>(), now);
    return done ? answer.end({{"expired", request["expire"]}}) : answer.fail(done.error().what);
  }
  ordered_json all = ordered_json::array();
  for (const Silence& silence : *silences.all()) all.push_back(to_json(silence, now));
  answer.end({{"silences", std::move(all)}});
}

}  // namespace

void control_silences(const json& request, const CommandRoom& room, Answer answer) {
  if (room.hub != nullptr) return answer_with(room.hub->silences, request, answer);
  const auto silences = Silences::open(room.state);
  if (!silences) return answer.fail(silences.error().what);
  answer_with(**silences, request, answer);
}

}  // namespace hub

#include "hub/route/stages.h"

#include "core/varint.h"
#include "hub/route/alert_key.h"

#include <algorithm>

namespace hub {
namespace {

constexpr std::size_t kMostDue = 64, kMostMembersDue = 5'000;
constexpr std::uint64_t kMostInOrphan = 1'000;  // a digest of a route that is gone

}  // namespace

core::Directions Due::directions() const {
  core::Directions made{.only_to = sinks, .closes = {}};
  core::put_number(made.closes, static_cast<std::uint64_t>(stage));
  core::put_text(made.closes, owner);
  core::put_text(made.closes, key);
  core::put_number(made.closes, stage == Stage::Group ? members.size() : held);
  core::put_number(made.closes, stage == Stage::Group ? members.front().value : 0);
  return made;
}

Verdict Stages::decide(const core::Alert& alert, Offset offset) {
  if (alert.directions && !alert.directions->closes.empty()) close(alert);
  if (has_directions(alert)) return {.sinks = table_.directed(alert), .routes = {}, .suppressed_by = {}};

  std::string quiet = silenced_by(alert);
  if (quiet.empty()) quiet = inhibited_by(alert);
  if (!quiet.empty()) {
    Verdict verdict = table_.decide(alert);
    std::erase_if(verdict.sinks, [this](std::uint32_t sink) { return !table_.guards()[sink].archive; });
    verdict.suppressed_by.clear();
    verdict.reasons.clear();
    verdict.hold(std::move(quiet));
    return verdict;
  }

  Verdict verdict{.sinks = {}, .routes = table_.matching(alert), .suppressed_by = {}};
  if (!verdict.routes.empty() && table_.routes()[verdict.routes.back()].drops_all) {
    verdict.hold("route " + table_.routes()[verdict.routes.back()].name);
    return verdict;
  }
  remember_as_source(alert);
  verdict.sinks = table_.taking_unnamed(alert);
  for (const std::uint32_t index : verdict.routes) {
    const Route& route = table_.routes()[index];
    if (std::string interval = RouteTable::muted_by(route, alert.received); !interval.empty()) {
      verdict.hold("mute " + interval);
      continue;
    }
    const auto its = table_.taking(index, alert);
    if (its.empty()) continue;
    if (std::string reason = hold_back(route, alert, offset, its); !reason.empty()) {
      verdict.hold(std::move(reason));
      continue;
    }
    verdict.sinks.insert(verdict.sinks.end(), its.begin(), its.end());
  }
  std::sort(verdict.sinks.begin(), verdict.sinks.end());
  verdict.sinks.erase(std::unique(verdict.sinks.begin(), verdict.sinks.end()), verdict.sinks.end());
  return verdict;
}

// The digest or summary that this alert is has come to its place in the journal: what it tells of is owed no more. Its
// numbers are the hub's own, but from a disk: they are believed only as far as they agree with what is remembered.
void Stages::close(const core::Alert& alert) {
  core::VarintInput input{alert.directions->closes};
  const auto stage = static_cast<Stage>(input.number());
  const std::string owner{input.text()}, key{input.text()};
  const std::uint64_t count = input.number();
  const Offset first{input.number()};
  if (!input.ok() || (stage != Stage::Group && stage != Stage::Throttle)) return;
  if (memory_.find(stage, owner, key) == nullptr) return;
  Remembered& it = *memory_.put(stage, owner, key, alert.received);
  if (stage == Stage::Throttle) {
    it.held -= std::min(it.held, count);
    it.due = it.held > 0 ? it.end : core::TimePoint{};
    return;
  }
  if (it.members.empty() || it.members.front() != first) return;
  memory_.take_members(it, count);
  if (it.members.empty()) return memory_.forget(stage, owner, key);
  const Route* route = route_of(owner);
  it.start = alert.received;
  it.end = it.start + (route != nullptr && route->group ? route->group->wait : core::Duration::zero());
}

std::string Stages::silenced_by(const core::Alert& alert) const {
  if (silences_ == nullptr || !silences_->is_any()) return {};
  for (const Silence& silence : *silences_->all()) {
    if (alert.received >= silence.from && alert.received < silence.until && silence.matcher.matches(alert))
      return "silence " + std::to_string(silence.number);
  }
  return {};
}

std::string Stages::inhibited_by(const core::Alert& alert) const {
  for (const Inhibition& rule : table_.inhibitions()) {
    if (!rule.target.matches(alert) || rule.source.matches(alert)) continue;
    const Remembered* source = memory_.find(Stage::Inhibit, rule.name, key_of(alert, rule.equal));
    if (source != nullptr && source->covers(alert.received)) return "inhibit " + rule.name;
  }
  return {};
}

void Stages::remember_as_source(const core::Alert& alert) {
  for (const Inhibition& rule : table_.inhibitions()) {
    if (!rule.source.matches(alert)) continue;
    Remembered* source = memory_.put(Stage::Inhibit, rule.name, key_of(alert, rule.equal), alert.received);
    if (source == nullptr) {
      ++overflows_[rule.name];
      continue;
    }
    source->start = alert.received;
    source->end = alert.received + rule.lasting;
  }
}

// "": the route lets it go out now. Otherwise what holds it, and it is remembered accordingly.
std::string Stages::hold_back(const Route& route, const core::Alert& alert, Offset offset,
                              const std::vector<std::uint32_t>& sinks) {
  const std::string key = route.dedup ? key_of(alert, route.dedup->by) : std::string{};
  if (route.dedup) {
    const Remembered* sent = memory_.find(Stage::Dedup, route.name, key);
    // One more severe than any that went out in the window has not been told of: smaller is more severe.
    if (sent != nullptr && sent->covers(alert.received) && alert.priority >= sent->severest)
      return "dedup " + route.name;
  }
  if (route.throttle && !admits(route, alert, offset)) return "throttle " + route.name;
  if (route.dedup) {
    if (Remembered* sent = memory_.put(Stage::Dedup, route.name, key, alert.received); sent != nullptr) {
      *sent = {};
      sent->start = alert.received;
      sent->end = alert.received + route.dedup->window;
      sent->severest = alert.priority;
    } else {
      ++overflows_[route.name];
    }
  }
  return route.group ? join(route, alert, offset, sinks) : std::string{};
}

bool Stages::admits(const Route& route, const core::Alert& alert, Offset offset) {
  Remembered* period = memory_.put(Stage::Throttle, route.name, key_of(alert, route.throttle->by), alert.received);
  if (period == nullptr) {
    ++overflows_[route.name];
    return true;
  }
  if (!period->covers(alert.received)) {  // what was held before it is still owed its summary
    period->start = alert.received;
    period->end = alert.received + route.throttle->period;
    period->passed = 0;
  }
  if (period->passed < route.throttle->most) {
    ++period->passed;
    return true;
  }
  if (route.throttle->summarizes) {
    ++period->held;
    period->sample = offset;
    if (period->due == core::TimePoint{}) period->due = period->end;
  }
  return false;
}

std::string Stages::join(const Route& route, const core::Alert& alert, Offset offset,
                         const std::vector<std::uint32_t>& sinks) {
  // Alerts that not all sinks of the route take (minimumpriority) are a group of their own.
  std::string key = key_of(alert, route.group->by);
  if (sinks.size() < route.to.size()) {
    for (const std::uint32_t sink : sinks) core::put_text(key, table_.guards()[sink].sink);
  }
  Remembered* group =
      memory_.has_room_for_member() ? memory_.put(Stage::Group, route.name, key, alert.received) : nullptr;
  if (group == nullptr) {
    ++overflows_[route.name];
    return {};
  }
  if (group->members.empty()) {
    *group = {};
    group->start = alert.received;
    for (const std::uint32_t sink : sinks) group->sinks.push_back(table_.guards()[sink].sink);
  }
  memory_.add_member(*group, offset);
  group->end = std::min(alert.received + route.group->wait, group->start + route.group->max_wait);
  group->severest = std::min(group->severest, alert.priority);
  if (group->members.size() >= route.group->max_alerts) full_ = true;
  return "group " + route.name;
}

std::vector<Due> Stages::due(core::TimePoint now) {
  full_ = false;
  std::vector<Due> found;
  std::size_t members = 0;
  for (const auto& [owner, table] : memory_.tables()) {
    const Route* route = route_of(owner.second);
    for (const auto& [key, it] : table) {
      if (found.size() >= kMostDue || members >= kMostMembersDue) {
        full_ = true;  // there may be more
        return found;
      }
      Due due{.stage = owner.first,
              .owner = owner.second,
              .key = key,
              .sinks = it.sinks,
              .members = {},
              .held = it.held,
              .sample = it.sample,
              .start = it.start,
              .end = it.end};
      if (owner.first == Stage::Throttle) {
        if (it.held == 0 || route == nullptr || !route->throttle || !route->throttle->summarizes) continue;
        // Further away than one period can be: the clock was wrong when it was set.
        if (now < it.due && it.due - now <= route->throttle->period) continue;
        due.sinks = route->to;
        due.end = it.due;
        due.start = it.due - route->throttle->period;
        found.push_back(std::move(due));
        continue;
      }
      if (owner.first != Stage::Group) continue;
      const bool known = route != nullptr && route->group;
      const std::size_t most = known ? route->group->max_alerts : kMostInOrphan;
      const bool is_over = !known || !it.covers(now);
      // A page may have brought several times the most: each part is a digest, and none of it goes out alone.
      for (std::size_t at = 0; at < it.members.size() && found.size() < kMostDue; at += most) {
        const std::size_t count = std::min(most, it.members.size() - at);
        if (count < most && !is_over) break;
        due.members.assign(it.members.begin() + static_cast<std::ptrdiff_t>(at),
                           it.members.begin() + static_cast<std::ptrdiff_t>(at + count));
        members += count;
        found.push_back(due);
      }
    }
  }
  return found;
}

void Stages::replace(RouteTable table) {
  table_ = std::move(table);
  std::map<Stage, std::set<std::string>> owners;
  for (const Route& route : table_.routes()) {
    if (route.dedup) owners[Stage::Dedup].insert(route.name);
    if (route.throttle) owners[Stage::Throttle].insert(route.name);
  }
  for (const Inhibition& rule : table_.inhibitions()) owners[Stage::Inhibit].insert(rule.name);
  memory_.keep_owners(owners);
}

const Route* Stages::route_of(const std::string& name) const {
  const auto found = std::find_if(table_.routes().begin(), table_.routes().end(),
                                  [&](const Route& route) { return route.name == name; });
  return found == table_.routes().end() ? nullptr : &*found;
}

}  // namespace hub

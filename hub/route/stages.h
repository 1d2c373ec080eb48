// Routing whole, in its order: silence → inhibit → routes → dedup → throttle → group. What an alert comes to depends on
// itself, the table, the silences, and what is remembered of alerts before it; time is the alert's own, when it was
// received, so that the same journal always comes to the same decisions. The delivery loop's.
//
// Two rules keep it honest. An alert that nobody was told of makes nobody quiet: a window of dedup begins with an alert
// that went out, and inhibition with one that was neither silenced nor inhibited. And what cannot be remembered,
// because memory is full, goes out.
#pragma once

#include "hub/route/decide.h"
#include "hub/route/memory.h"
#include "hub/route/silences.h"

#include <optional>
#include <utility>

namespace hub {

// Something that is owed now: a group's digest, or the summary of what a throttle held. Sent as an alert of the hub's
// own whose directions close it; what is remembered changes when that alert is decided, not before.
struct Due {
  Stage stage = Stage::Group;
  std::string owner, key;
  std::vector<std::string> sinks;
  std::vector<Offset> members;  // Group: these, the first of those that wait
  std::uint64_t held = 0;       // Throttle: so many
  Offset sample;                // Throttle: one of them
  core::TimePoint start, end;
  core::Directions directions() const;
};

class Stages {
 public:
  // `silences` may be nullptr: there are none.
  Stages(RouteTable table, const Silences* silences, Memory::Limits limits = {})
      : table_{std::move(table)}, silences_{silences}, memory_{limits} {}

  Verdict decide(const core::Alert& alert, Offset offset);

  // What is due at `now`, a bounded part of it; empty: nothing. Only to be asked when every durable alert is decided:
  // after a crash a digest may lie in the journal that is not.
  std::vector<Due> due(core::TimePoint now);
  bool is_any_full() const { return full_; }  // since the last due() a group got its max_alerts
  // Alerts that went out since the last call because memory was full, by route.
  std::map<std::string, std::uint64_t> take_overflows() { return std::exchange(overflows_, {}); }

  // A reload. Routes that kept their name keep what is remembered for them; open groups of others are due at once.
  void replace(RouteTable table);

  void look_at(const Silences* silences) { silences_ = silences; }
  Memory& memory() { return memory_; }
  const Memory& memory() const { return memory_; }
  const RouteTable& table() const { return table_; }

 private:
  void close(const core::Alert& alert);
  std::string silenced_by(const core::Alert& alert) const;
  std::string inhibited_by(const core::Alert& alert) const;
  void remember_as_source(const core::Alert& alert);
  std::string hold_back(const Route& route, const core::Alert& alert, Offset offset,
                        const std::vector<std::uint32_t>& sinks);
  bool admits(const Route& route, const core::Alert& alert, Offset offset);
  std::string join(const Route& route, const core::Alert& alert, Offset offset,
                   const std::vector<std::uint32_t>& sinks);
  const Route* route_of(const std::string& name) const;

  RouteTable table_;
  const Silences* silences_;
  Memory memory_;
  bool full_ = false;
  std::map<std::string, std::uint64_t> overflows_;
};

}  // namespace hub

// A router in small around Stages, for its tests: it decides, keeps what it decided, sends what is due, and can be
// killed.
#pragma once

#include "hub/ingest/alert_record.h"
#include "hub/ingest/mutations.h"
#include "hub/route/digest.h"
#include "hub/route/stages.h"
#include "tests/support/catch.h"

namespace tests {

using namespace hub;
using namespace std::chrono_literals;
using core::Priority;
using Names = std::vector<std::string>;

inline const core::TimePoint kStart{std::chrono::hours{24 * 365 * 50}};

inline core::Alert alert(const std::string& rule, core::Duration at, Priority priority = Priority::Warning,
                         const std::string& host = "h") {
  core::Alert made;
  made.id = core::make_alert_id();
  made.rule = rule;
  made.output = "output of " + rule;
  made.priority = priority;
  made.hostname = host;
  made.received = made.time = kStart + at;
  return made;
}

inline Route route(const std::string& name, Names to) {
  Route made;
  made.name = name;
  made.to = std::move(to);
  return made;
}

inline RouteTable table(std::vector<Route> routes, std::vector<Inhibition> inhibitions = {}) {
  return RouteTable{{{"soc", Priority::Debug, false}, {"es", Priority::Debug, true}, {"late", Priority::Debug, false}},
                    std::move(routes),
                    std::move(inhibitions)};
}

struct SmallHub {
  explicit SmallHub(RouteTable its_table, const Silences* silences = nullptr, Memory::Limits limits = {})
      : stages{std::move(its_table), silences, limits} {}

  std::string send(const core::Alert& one) {
    const Verdict verdict = stages.decide(one, next);
    for (const MemoryChange& change : stages.memory().changes()) kept.push_back(change);
    stages.memory().keep();
    log.push_back(one);
    next = next.next();
    std::string text;
    for (const auto sink : verdict.sinks) text += (text.empty() ? "" : ",") + stages.table().guards()[sink].sink;
    return verdict.suppressed_by.empty() ? text : text + (text.empty() ? "" : " ") + "(" + verdict.suppressed_by + ")";
  }
  // The digests and summaries that are due, decided like any other alert.
  std::vector<core::Alert> tell(core::Duration at) {
    std::vector<core::Alert> told;
    core::AlertDecoder decoder;
    for (const Due& due : stages.due(kStart + at)) {
      std::vector<core::AlertRef> members;
      for (const Offset member : due.members)
        members.push_back(std::make_shared<core::Alert>(log.at(member.value - 1)));
      const Route* its = nullptr;
      for (const Route& each : stages.table().routes()) its = each.name == due.owner ? &each : its;
      const OwnAlert own = due.stage == Stage::Group
                               ? digest_of(due, its, members)
                               : summary_of(due, its, std::make_shared<core::Alert>(log.at(due.sample.value - 1)));
      told.push_back(decode_alert_record(decoder, to_record(own, kStart + at).payload, Mutations{}).value());
    }
    for (const core::Alert& each : told) send(each);
    return told;
  }
  void crash() {
    Stages fresh{stages.table(), nullptr};
    for (const MemoryChange& change : kept) REQUIRE(fresh.memory().apply(change));
    stages = std::move(fresh);
  }

  Stages stages;
  std::vector<MemoryChange> kept;
  std::vector<core::Alert> log;
  Offset next{1};
};

}  // namespace tests

// Alerts whose decision the disk has lost: the record is damaged or gone, the alerts are there. They are decided again,
// by the routes of now: each sink that meets the gap asks, and gets the same answer. Better an alert by another route
// than one that was acknowledged and goes nowhere. The delivery loop's.
#pragma once

#include "hub/deliver/alert_reader.h"
#include "hub/route/decide.h"
#include "hub/route/decision.h"

#include <vector>

namespace hub {

class LostDecisions {
 public:
  LostDecisions(Journal& journal, AlertReader& reader, RouteTable table)
      : journal_{journal}, reader_{reader}, table_{std::move(table)} {}

  void replace(RouteTable table) { table_ = std::move(table); }  // a reload

  // The router read past [from, to) when it started, and found no decision: no sink's total has these alerts yet.
  void not_counted(Offset from, Offset to) { not_counted_.push_back({from, to}); }
  // How many alerts of the decision are the sink's, and in no total.
  std::uint64_t count_uncounted(const Decision& decision, std::string_view sink) const;

  // From `from` on, up to `to` or as far as one page goes: see the result's `to`. Io: try again later.
  core::Result<Decision> decide_again(Offset from, Offset to);

 private:
  struct Stretch {
    Offset from, to;
  };

  Journal& journal_;
  AlertReader& reader_;
  RouteTable table_;
  std::vector<Stretch> not_counted_;
};

}  // namespace hub

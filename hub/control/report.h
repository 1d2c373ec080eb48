// What the hub says of itself: /status, /readyz and /metrics, and the control socket's `status`. Any thread.
#pragma once

#include "core/clock.h"
#include "hub/deliver/delivery.h"
#include "hub/journal/journal.h"
#include "hub/metrics/metrics.h"

#include <functional>
#include <string>
#include <vector>

namespace hub {

class Reload;

class Report {
 public:
  // References outlive this. `sinks` gives the sinks' state, `routed_to` how far the router has come, from any thread.
  Report(const Journal& journal, Metrics& metrics, std::function<std::vector<SinkStatus>()> sinks,
         std::function<Offset()> routed_to = {})
      : journal_{journal},
        metrics_{metrics},
        sinks_{std::move(sinks)},
        routed_to_{std::move(routed_to)},
        started_{core::now()} {}

  void tell_of(const Reload& reload) { reload_ = &reload; }  // before others ask; outlives this

  std::string status_json() const;   // one object, one line
  std::string metrics_text() const;  // with the journal's gauges as they are now
  std::string not_ready() const;     // why new alerts would be refused; "" : they are taken

 private:
  const Journal& journal_;
  Metrics& metrics_;
  std::function<std::vector<SinkStatus>()> sinks_;
  std::function<Offset()> routed_to_;
  core::TimePoint started_;
  const Reload* reload_ = nullptr;
};

}  // namespace hub

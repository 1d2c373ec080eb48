// The labels that falcosidekick gives falco_events_total: seven of its own, then customfields, templatedfields and
// prometheus.extralabels, by the names of output fields with '_' for '.'. A name that cannot be a label, or is one
// already, is left out (falcosidekick breaks every request then).
#pragma once

#include "core/alert.h"
#include "hub/ingest/mutations.h"
#include "hub/metrics/metrics.h"

#include <string>
#include <vector>

namespace hub {

class EventLabels {
 public:
  EventLabels() = default;
  EventLabels(const MutationOptions& mutations, const std::vector<std::string>& extralabels);

  const std::vector<std::string>& names() const { return names_; }        // beyond falcosidekick's seven
  const std::vector<std::string>& left_out() const { return left_out_; }  // output fields whose name cannot be a label
  // The alert's series, mutated as it is.
  Series& series(Metrics& metrics, const core::Alert& alert) const;

 private:
  void add(const std::string& field);

  std::vector<std::string> fields_, names_, left_out_;
};

}  // namespace hub

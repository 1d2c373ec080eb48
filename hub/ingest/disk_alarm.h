// Tells people that the hub takes no alerts because its disk is full or fails: an alert of the hub's own, written into
// what the journal keeps back for such, so that it goes out while the disk is still full; and another when alerts are
// taken again.
#pragma once

#include "core/clock.h"
#include "hub/journal/journal.h"

#include <memory>
#include <string>

namespace hub {

class DiskAlarm {
 public:
  // `journal` outlives this.
  explicit DiskAlarm(Journal& journal);

  // To be called every second or so, by one thread. An alarm that could not be kept is raised again at the next look.
  void look(core::TimePoint now);

 private:
  enum class Said : char { Nothing, Raising, Raised };
  struct Shared;  // the journal's thread answers into it, perhaps after this is gone

  void raise(const std::string& rule, const std::string& output, core::TimePoint now);

  Journal& journal_;
  core::TimePoint since_{};
  core::TimePoint not_before_{};
  bool is_full_ = false, was_tried_ = false, owes_recovery_ = false;
  std::string why_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace hub

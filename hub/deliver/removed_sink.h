// A sink that outputs.yaml has no more, with alerts still queued. Whoever puts it back within 7 days finds them: until
// then its cursor holds on to the journal, as that of a sink that is away does. The delivery loop's.
#pragma once

#include "core/clock.h"
#include "hub/deliver/checkpoint.h"

#include <string>

namespace hub {

class RemovedSink : public Tracked {
 public:
  static constexpr core::Duration kKept = std::chrono::hours{7 * 24};

  // `since`: the first start without it.
  RemovedSink(std::string name, Offset position, std::uint64_t queued, core::TimePoint since);

  void observe(core::TimePoint now);  // lets go when it is time, with a line in the log
  bool is_kept() const { return kept_; }
  const std::string& name() const { return name_; }

  void collect(StateChange&) const override {}  // state.db has its cursor as it is
  Offset position() const override;
  std::uint64_t version() const override { return kept_ ? 0 : 1; }

 private:
  std::string name_;
  Offset position_;
  std::uint64_t queued_;
  core::TimePoint until_;
  bool kept_ = true;
};

}  // namespace hub

#include "hub/deliver/removed_sink.h"

#include "core/log.h"

#include <limits>

namespace hub {

RemovedSink::RemovedSink(std::string name, Offset position, std::uint64_t queued, core::TimePoint since)
    : name_{std::move(name)}, position_{position}, queued_{queued}, until_{since + kKept} {
  core::log_warning("sink_not_configured", {{"sink", name_},
                                            {"queued", std::to_string(queued_)},
                                            {"kept_until", core::to_rfc3339(until_)},
                                            {"effect", "the journal keeps its alerts until then"}});
}

void RemovedSink::observe(core::TimePoint now) {
  if (!kept_ || now < until_) return;
  kept_ = false;
  core::log_error("backlog_let_go", {{"sink", name_},
                                     {"queued", std::to_string(queued_)},
                                     {"why", "the sink has not been configured for 7 days"}});
}

Offset RemovedSink::position() const {
  return kept_ ? position_ : Offset{std::numeric_limits<std::uint64_t>::max()};
}

}  // namespace hub

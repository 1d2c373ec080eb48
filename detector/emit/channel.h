// One way out of the detector: stdout, a file, syslog, a program, HTTP. Each channel has a queue and a thread of its own, so that one that is
// blocked stops neither the sensor nor the others.
#pragma once

#include "core/clock.h"
#include "core/priority.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace detector {

// One alert as it goes out: JSON or text, one line without its newline.
struct Line {
  core::Priority priority = core::Priority::Debug;
  std::string text;
};
using LineRef = std::shared_ptr<const Line>;

struct ChannelStatus {
  std::uint64_t sent = 0;      // taken by the other side
  std::uint64_t dropped = 0;   // the queue or spool was full, or the program ended first
  std::uint64_t failed = 0;    // the other side would not take it
  std::size_t queued = 0;
  bool crowded = false;        // half of what fits is waiting: a source that can wait should
};

using Deadline = std::chrono::steady_clock::time_point;

class Channel {
 public:
  virtual ~Channel() = default;
  virtual std::string_view name() const = 0;
  // Never blocks. False: there was no room, the alert is dropped and counted.
  virtual bool offer(LineRef line) = 0;
  // SIGUSR1: files and programs are opened anew before the next alert.
  virtual void reopen() {}
  // Sends what waits until the deadline, then ends; what is left counts as dropped. After it offer() drops.
  virtual void stop(Deadline deadline) = 0;
  virtual ChannelStatus status() const = 0;   // any thread
};

}  // namespace detector

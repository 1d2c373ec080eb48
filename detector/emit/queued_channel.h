// A channel made of a bounded queue, a thread, and a Writer that may block.
#pragma once

#include "detector/emit/channel.h"

#include "core/result.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace detector {

// What one kind of output does with a line; called on the channel's thread only. A writer that waits must also wait for `stop` to become
// readable, and then give up.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual core::Result<> write(const Line& line, int stop) = 0;
  virtual void reopen() {}
};

class QueuedChannel final : public Channel {
 public:
  // `patience`: a write that takes longer is logged as an error, once (falco.yaml's output_timeout).
  QueuedChannel(std::string name, std::unique_ptr<Writer> writer, std::size_t capacity, core::Duration patience);
  ~QueuedChannel() override;

  std::string_view name() const override { return name_; }
  bool offer(LineRef line) override;
  void reopen() override { reopen_.store(true); }
  void stop(Deadline deadline) override;
  ChannelStatus status() const override;

 private:
  void run();
  void write(const Line& line);
  void complain_if_blocked();

  const std::string name_;
  const std::unique_ptr<Writer> writer_;
  const std::size_t capacity_;
  const core::Duration patience_;
  const int stop_fd_;                       // an eventfd; readable when the writer must give up

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<LineRef> queue_;               // guarded by mutex_, as are the next three
  bool stopping_ = false, idle_ = true, full_ = false;
  ChannelStatus counts_;

  std::atomic<bool> reopen_{false};
  std::atomic<std::int64_t> writing_since_{0};   // steady nanoseconds; 0: not writing; -1: already complained
  bool failing_ = false;                    // the thread's own
  std::thread thread_;
};

}  // namespace detector

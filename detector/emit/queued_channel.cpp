#include "detector/emit/queued_channel.h"

#include "core/invariant.h"
#include "core/log.h"
#include "core/units.h"

#include <fmt/format.h>

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace detector {
namespace {

std::int64_t steady_now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

}  // namespace

QueuedChannel::QueuedChannel(std::string name, std::unique_ptr<Writer> writer, std::size_t capacity, core::Duration patience)
    : name_{std::move(name)}, writer_{std::move(writer)}, capacity_{capacity}, patience_{patience}, stop_fd_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
  INVARIANT(stop_fd_ >= 0);
  thread_ = std::thread{[this] { run(); }};
}

QueuedChannel::~QueuedChannel() {
  stop(std::chrono::steady_clock::now());
  ::close(stop_fd_);
}

bool QueuedChannel::offer(LineRef line) {
  complain_if_blocked();
  std::uint64_t dropped = 0;
  bool fell_full = false;
  {
    const std::lock_guard lock{mutex_};
    if (stopping_ || queue_.size() >= capacity_) {
      ++counts_.dropped;
      fell_full = !std::exchange(full_, true);
    } else {
      if (std::exchange(full_, false)) dropped = counts_.dropped;
      queue_.push_back(std::move(line));
      changed_.notify_all();
      if (dropped == 0) return true;
    }
  }
  if (fell_full) core::log_error("output_full", {{"output", name_}, {"capacity", fmt::to_string(capacity_)}});
  if (dropped > 0) core::log_warning("output_recovered", {{"output", name_}, {"dropped_in_all", fmt::to_string(dropped)}});
  return dropped > 0;
}

void QueuedChannel::complain_if_blocked() {
  auto since = writing_since_.load();
  if (since <= 0 || steady_now() - since < patience_.count()) return;
  if (!writing_since_.compare_exchange_strong(since, -1)) return;
  core::log_error("output_blocked", {{"output", name_}, {"for_more_than", core::to_text(patience_)}});
}

void QueuedChannel::stop(Deadline deadline) {
  {
    std::unique_lock lock{mutex_};
    if (!thread_.joinable()) return;
    changed_.wait_until(lock, deadline, [this] { return queue_.empty() && idle_; });
    stopping_ = true;
    counts_.dropped += queue_.size();
    queue_.clear();
    changed_.notify_all();
  }
  ::eventfd_write(stop_fd_, 1);
  thread_.join();
}

ChannelStatus QueuedChannel::status() const {
  const std::lock_guard lock{mutex_};
  ChannelStatus now = counts_;
  now.queued = queue_.size();
  now.crowded = now.queued * 2 > capacity_;
  return now;
}

void QueuedChannel::run() {
  std::unique_lock lock{mutex_};
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const LineRef line = std::move(queue_.front());
    queue_.pop_front();
    idle_ = false;
    lock.unlock();
    write(*line);
    lock.lock();
    idle_ = true;
    changed_.notify_all();
  }
}

void QueuedChannel::write(const Line& line) {
  if (reopen_.exchange(false)) writer_->reopen();
  writing_since_.store(steady_now());
  const auto written = writer_->write(line, stop_fd_);
  if (writing_since_.exchange(0) == -1) core::log_info("output_unblocked", {{"output", name_}});
  {
    const std::lock_guard lock{mutex_};
    ++(written ? counts_.sent : counts_.failed);
  }
  if (!written && !std::exchange(failing_, true)) core::log_error("output_failed", {{"output", name_}, {"why", written.error().what}});
  if (written && std::exchange(failing_, false)) core::log_info("output_recovered", {{"output", name_}});
}

}  // namespace detector

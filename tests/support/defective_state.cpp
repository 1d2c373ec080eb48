// Late saves wait in a queue of their own thread; a SIGKILL in between loses them, which is the defect's point.
#include "tests/support/defective_state.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace tests {
namespace {

using namespace std::chrono_literals;
constexpr auto kLate = 3s;  // long against the seconds between two kills

class DefectiveState final : public hub::StateStore {
 public:
  DefectiveState(StateDefect defect, std::unique_ptr<hub::StateStore> real)
      : defect_{defect}, real_{std::move(real)}, thread_{[this] { run(); }} {}
  ~DefectiveState() override { close(); }

  void save(hub::StateChange change, std::function<void(core::Result<>)> done) override {
    if (defect_ == StateDefect::UnlinkBeforeCursor) {
      later(std::move(change));
      done({});
      return;
    }
    hub::StateChange letters;
    letters.dead_letters = std::exchange(change.dead_letters, {});
    if (!letters.dead_letters.empty()) later(std::move(letters));
    real_->save(std::move(change), std::move(done));
  }
  core::Result<std::map<std::string, hub::CursorState>> cursors() override { return real_->cursors(); }
  core::Result<std::map<std::string, hub::SinkTotals>> totals() override { return real_->totals(); }
  core::Result<std::map<std::string, core::TimePoint>> removed() override { return real_->removed(); }
  core::Result<std::string> text(const std::string& name) override { return real_->text(name); }
  core::Result<std::map<std::string, std::uint64_t>> count_dead_letters() override {
    return real_->count_dead_letters();
  }
  core::Result<std::vector<hub::DeadLetter>> list_dead_letters(const std::string& sink, std::size_t limit,
                                                               std::int64_t after) override {
    return real_->list_dead_letters(sink, limit, after);
  }
  core::Result<> purge_dead_letters(const std::vector<std::int64_t>& numbers) override {
    return real_->purge_dead_letters(numbers);
  }

  void close() override {
    {
      const std::lock_guard lock{mutex_};
      closing_ = true;
    }
    wakeup_.notify_one();
    if (thread_.joinable()) thread_.join();
    real_->close();
  }

 private:
  using Clock = std::chrono::steady_clock;

  void later(hub::StateChange change) {
    const std::lock_guard lock{mutex_};
    queue_.emplace_back(Clock::now() + kLate, std::move(change));
    wakeup_.notify_one();
  }

  void run() {
    std::unique_lock lock{mutex_};
    while (!closing_ || !queue_.empty()) {
      if (queue_.empty()) {
        wakeup_.wait(lock, [this] { return closing_ || !queue_.empty(); });
        continue;
      }
      const auto due = queue_.front().first;
      if (!closing_ && Clock::now() < due) {
        wakeup_.wait_until(lock, due);
        continue;
      }
      hub::StateChange change = std::move(queue_.front().second);
      queue_.pop_front();
      real_->save(std::move(change), [](const core::Result<>&) {});
    }
  }

  const StateDefect defect_;
  std::unique_ptr<hub::StateStore> real_;
  std::mutex mutex_;
  std::condition_variable wakeup_;
  std::deque<std::pair<Clock::time_point, hub::StateChange>> queue_;
  bool closing_ = false;
  std::thread thread_;  // last: it uses all the others
};

}  // namespace

std::unique_ptr<hub::StateStore> with_defect(StateDefect defect, std::unique_ptr<hub::StateStore> real) {
  return std::make_unique<DefectiveState>(defect, std::move(real));
}

}  // namespace tests

// A journal in memory, for tests of what stands before it: answers at once, later (hold, release) or with a fault.
#pragma once

#include "hub/journal/journal.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace hub::test {

class MemoryJournal : public Journal {
 public:
  void append(std::vector<NewRecord> records, Done done) override {
    std::unique_lock lock{mutex_};
    if (held_) {
      waiting_.emplace_back(std::move(records), std::move(done));
      changed_.notify_all();
      return;
    }
    lock.unlock();
    settle(std::move(records), done);
  }

  void hold() { held_ = true; }
  void wait_for_held(std::size_t count) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return waiting_.size() >= count; });
  }
  void release() {
    std::vector<std::pair<std::vector<NewRecord>, Done>> all;
    {
      const std::lock_guard lock{mutex_};
      held_ = false;
      all.swap(waiting_);
    }
    for (auto& [records, done] : all) settle(std::move(records), done);
  }
  void fail_with(std::optional<core::Error> fault) {
    const std::lock_guard lock{mutex_};
    fault_ = std::move(fault);
  }
  std::vector<NewRecord> records() const {
    const std::lock_guard lock{mutex_};
    return records_;
  }

  Offset durable_end() const override { return {records().size() + 1}; }
  Offset first() const override { return {1}; }
  void on_durable(std::function<void(Offset)>) override {}
  core::Result<Page> read(Offset, ReadLimits, std::uint8_t) override { return Page{}; }
  core::Result<Record> read_one(Offset) override { return core::Error{core::Fault::NotFound, "not kept"}; }
  void release(Offset) override {}
  JournalStatus status() const override {
    const std::lock_guard lock{mutex_};
    JournalStatus status;
    status.accepting = !fault_;
    status.trouble = fault_ ? fault_->what : "";
    status.records = records_.size();
    return status;
  }
  void close() override { release(); }

 private:
  void settle(std::vector<NewRecord> records, const Done& done) {
    std::unique_lock lock{mutex_};
    if (fault_) {
      const core::Error fault = *fault_;
      lock.unlock();
      return done(fault);
    }
    const Offset first{records_.size() + 1};
    for (auto& record : records) records_.push_back(std::move(record));
    lock.unlock();
    done(first);
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  std::optional<core::Error> fault_;
  std::vector<std::pair<std::vector<NewRecord>, Done>> waiting_;
  std::vector<NewRecord> records_;
};

}  // namespace hub::test

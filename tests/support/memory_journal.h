// The journal's twin in memory: what is appended is durable at once, unless told otherwise. Lets go of what is released
// the moment it is released (no retention), so that a release that came too early shows.
#pragma once

#include "hub/journal/journal.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <set>

namespace tests {

class MemoryJournal : public hub::Journal {
 public:
  void append(std::vector<hub::NewRecord> records, Done done) override {
    hub::Offset first, end;
    std::optional<core::Error> fault;
    {
      const std::scoped_lock lock{mutex_};
      fault = refuse_;
      if (!fault) {
        first = {first_.value + records_.size()};
        for (hub::NewRecord& record : records) {
          records_.push_back({{first_.value + records_.size()}, record.type, std::move(record.payload)});
        }
        end = {first_.value + records_.size()};
      }
    }
    if (fault) return done(*fault);
    done(first);
    if (listener_) listener_(end);
  }

  hub::Offset durable_end() const override {
    const std::scoped_lock lock{mutex_};
    return {first_.value + records_.size()};
  }
  hub::Offset first() const override {
    const std::scoped_lock lock{mutex_};
    return first_;
  }
  void on_durable(std::function<void(hub::Offset)> listener) override { listener_ = std::move(listener); }

  core::Result<Page> read(hub::Offset from, ReadLimits limits, std::uint8_t only_type) override {
    const std::scoped_lock lock{mutex_};
    Page page;
    std::size_t bytes = 0;
    from = std::max(from, first_);
    for (page.next = from; page.next.value < first_.value + records_.size(); page.next = page.next.next()) {
      const hub::Record& record = records_[page.next.value - first_.value];
      if (only_type != 0 && static_cast<std::uint8_t>(record.type) != only_type) continue;
      if (quarantined_.contains(record.offset)) continue;
      if (page.records.size() >= limits.records ||
          (!page.records.empty() && bytes + record.payload.size() > limits.bytes))
        break;
      bytes += record.payload.size();
      page.records.push_back(record);
      ++read_;
    }
    most_read_ = std::max(most_read_, page.records.size());
    return page;
  }

  core::Result<hub::Record> read_one(hub::Offset offset) override {
    const std::scoped_lock lock{mutex_};
    if (offset < first_ || offset.value >= first_.value + records_.size())
      return core::Error{core::Fault::NotFound, "the segment is gone"};
    if (quarantined_.contains(offset)) return core::Error{core::Fault::Corrupt, "the record is quarantined"};
    ++read_;
    return records_[offset.value - first_.value];
  }

  void release(hub::Offset below) override {
    const std::scoped_lock lock{mutex_};
    released_ = std::max(released_, below);
    drop_below(below);
  }

  hub::JournalStatus status() const override { return {.first = first(), .durable_end = durable_end()}; }
  void close() override {}

  // For tests.
  void refuse(std::optional<core::Error> fault) {
    const std::scoped_lock lock{mutex_};
    refuse_ = std::move(fault);
  }
  void quarantine(hub::Offset offset) { quarantined_.insert(offset); }
  void lose_below(hub::Offset below) {  // retention by size went past a cursor
    const std::scoped_lock lock{mutex_};
    drop_below(below);
  }
  hub::Offset released() const { return released_; }
  std::vector<hub::Record> records() const { return records_; }
  std::size_t most_read() const { return most_read_; }

 private:
  void drop_below(hub::Offset below) {
    while (!records_.empty() && first_ < below) {
      records_.erase(records_.begin());
      first_ = first_.next();
    }
  }

  mutable std::mutex mutex_;
  std::vector<hub::Record> records_;
  hub::Offset first_{1}, released_;
  std::set<hub::Offset> quarantined_;
  std::optional<core::Error> refuse_;
  std::function<void(hub::Offset)> listener_;
  std::size_t read_ = 0, most_read_ = 0;
};

}  // namespace tests

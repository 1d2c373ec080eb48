// state.db's twin in memory. A save is durable at once, or held until the test lets it through; crash() forgets what is
// held. Two planted defects, for the tests to find: the cursor written before its dead letter, and "done" said before
// anything is durable.
#pragma once

#include "hub/state/state_store.h"

#include <deque>
#include <mutex>
#include <utility>

namespace tests {

class MemoryState : public hub::StateStore {
 public:
  enum class Defect { None, CursorBeforeLetter, DoneBeforeDurable };

  void save(hub::StateChange change, std::function<void(core::Result<>)> done) override {
    ++saves;
    if (refuse) return done(*refuse);
    if (!hold) {
      apply(change);
      return done({});
    }
    switch (defect) {
      case Defect::None:
        break;
      case Defect::CursorBeforeLetter:
        apply({.cursors = std::exchange(change.cursors, {}),
               .totals = std::exchange(change.totals, {}),
               .dead_letters = {}});
        break;
      case Defect::DoneBeforeDurable:
        std::exchange(done, [](const core::Result<>&) {})({});
        break;
    }
    held_.emplace_back(std::move(change), std::move(done));
  }

  core::Result<std::map<std::string, hub::CursorState>> cursors() override { return cursors_; }
  core::Result<std::map<std::string, hub::SinkTotals>> totals() override { return totals_; }
  core::Result<std::map<std::string, core::TimePoint>> removed() override { return removed_; }
  core::Result<std::string> text(const std::string& name) override { return texts_[name]; }
  core::Result<std::map<std::string, std::uint64_t>> count_dead_letters() override {
    std::map<std::string, std::uint64_t> counts;
    for (const hub::DeadLetter& letter : letters_) ++counts[letter.sink];
    return counts;
  }
  core::Result<std::vector<hub::DeadLetter>> list_dead_letters(const std::string& sink, std::size_t limit,
                                                               std::int64_t after) override {
    std::vector<hub::DeadLetter> found;
    for (const hub::DeadLetter& letter : letters_) {
      if ((sink.empty() || letter.sink == sink) && letter.number > after && found.size() < limit)
        found.push_back(letter);
    }
    return found;
  }
  core::Result<> purge_dead_letters(const std::vector<std::int64_t>&) override { return {}; }
  void close() override {}

  // For tests.
  void let_through() {
    while (!held_.empty()) {
      auto [change, done] = std::move(held_.front());
      held_.pop_front();
      apply(change);
      done({});
    }
  }
  void crash() { held_.clear(); }
  std::size_t held() const { return held_.size(); }
  void lose_everything() {
    cursors_.clear();
    totals_.clear();
  }
  void remove_since(const std::string& sink, core::TimePoint since) { removed_[sink] = since; }
  const std::vector<hub::DeadLetter>& letters() const { return letters_; }

  bool hold = false;
  Defect defect = Defect::None;
  std::optional<core::Error> refuse;
  std::size_t saves = 0;

 private:
  void apply(const hub::StateChange& change) {
    for (const auto& [name, cursor] : change.cursors) cursors_[name] = cursor;
    for (const auto& [name, totals] : change.totals) totals_[name] = totals;
    for (const auto& [name, text] : change.texts) texts_[name] = text;
    for (const std::string& name : change.configured) removed_.erase(name);
    for (const auto& [name, since] : change.removed) removed_[name] = since;
    for (hub::DeadLetter letter : change.dead_letters) {
      letter.number = static_cast<std::int64_t>(letters_.size()) + 1;
      letters_.push_back(std::move(letter));
    }
  }

  std::map<std::string, hub::CursorState> cursors_;
  std::map<std::string, hub::SinkTotals> totals_;
  std::map<std::string, core::TimePoint> removed_;
  std::map<std::string, std::string> texts_;
  std::vector<hub::DeadLetter> letters_;
  std::deque<std::pair<hub::StateChange, std::function<void(core::Result<>)>>> held_;
};

}  // namespace tests

// Makes progress durable. Cursors, totals and dead letters of all sinks and the router go to state.db in one change, at
// most every second or 10,000 settlements; with a dead letter at once. Only when a change is reported durable may the
// journal let go of what it released: never the other way round, or a crash loses alerts. One save is under way at a
// time. The delivery loop's.
#pragma once

#include "hub/journal/journal.h"
#include "hub/state/state_store.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>

namespace hub {

// Somebody who has a cursor: a sink or the router.
class Tracked {
 public:
  virtual ~Tracked() = default;
  virtual void collect(StateChange& into) const = 0;  // its cursor, and its totals if it has any
  virtual Offset position() const = 0;
  virtual std::uint64_t version() const = 0;  // changes whenever collect() would
};

class Checkpoint {
 public:
  Checkpoint(boost::asio::io_context& loop, Journal& journal, StateStore& state);

  void track(Tracked& who);  // outlives this, or is untracked before it goes
  void untrack(const Tracked& who);
  void also(StateChange change);  // goes with the next save: what a sink that left has to say, and who came
  void start();              // from now on it saves once a second

  void settled(std::uint64_t count);  // so many more alerts are settled
  void bury(DeadLetter letter);       // with the settlement that its sink made for it

  // So much waits for a state.db that cannot be written that nothing more must be settled: sinks wait.
  bool is_stuck() const { return letters_.size() > kMostLetters || unsaved_ > kMostUnsaved; }
  void on_free(std::function<void()> listener) { on_free_ = std::move(listener); }  // it was stuck and is no longer

  // Everything so far durable, or `patience` over.
  boost::asio::awaitable<bool> flush(core::Duration patience);
  void stop();

 private:
  struct Follow {
    Tracked* who;
    std::uint64_t saved_version = 0, version_under_way = 0;
    bool ever_saved = false, under_way = false;
  };

  void arm();
  void save();
  void saved(const core::Result<>& result);
  bool is_dirty() const;

  static constexpr std::size_t kMostLetters = 1'000;
  static constexpr std::uint64_t kMostUnsaved = 200'000;

  boost::asio::io_context& loop_;
  Journal& journal_;
  StateStore& state_;
  boost::asio::steady_timer timer_;
  std::vector<Follow> followed_;
  std::vector<DeadLetter> letters_;  // not yet durable; those of the save under way are the first `letters_under_way_`
  std::size_t letters_under_way_ = 0;
  StateChange also_;
  std::uint64_t also_version_ = 0, also_under_way_ = 0, also_saved_ = 0;
  std::uint64_t unsaved_ = 0, unsaved_under_way_ = 0;
  Offset releases_;  // what the save under way will let go
  bool saving_ = false, failed_ = false, stopped_ = false, requested_ = false;
  std::string trouble_;
  std::function<void()> on_free_;
  std::shared_ptr<char> alive_ =
      std::make_shared<char>();  // callbacks of the store and timers ask whether we are still here
};

}  // namespace hub

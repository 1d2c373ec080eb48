#include "hub/deliver/checkpoint.h"

#include "core/log.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <limits>

namespace hub {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {
constexpr std::uint64_t kSettlementsASave = 10'000;
}

Checkpoint::Checkpoint(asio::io_context& loop, Journal& journal, StateStore& state)
    : loop_{loop}, journal_{journal}, state_{state}, timer_{loop} {}

void Checkpoint::track(Tracked& who) {
  followed_.push_back({.who = &who});
}

void Checkpoint::untrack(const Tracked& who) {
  std::erase_if(followed_, [&](const Follow& follow) { return follow.who == &who; });
}

void Checkpoint::also(StateChange change) {
  for (auto& [name, cursor] : change.cursors) also_.cursors[name] = std::move(cursor);
  for (auto& [name, totals] : change.totals) also_.totals[name] = totals;
  for (auto& [name, since] : change.removed) {
    std::erase(also_.configured, name);
    also_.removed[name] = since;
  }
  for (auto& name : change.configured) {
    also_.removed.erase(name);
    also_.configured.push_back(std::move(name));
  }
  ++also_version_;
}

void Checkpoint::start() {
  arm();
}

void Checkpoint::arm() {
  if (stopped_) return;
  timer_.expires_after(1s);
  timer_.async_wait([this, alive = std::weak_ptr{alive_}](const boost::system::error_code& error) {
    if (error || alive.expired()) return;
    save();
    arm();
  });
}

void Checkpoint::settled(std::uint64_t count) {
  unsaved_ += count;
  if (unsaved_ - unsaved_under_way_ >= kSettlementsASave && !failed_) save();
}

void Checkpoint::bury(DeadLetter letter) {
  letters_.push_back(std::move(letter));
  if (requested_ || failed_) return;
  requested_ = true;
  // After this turn of the loop, so that the other letters of the same reply come along.
  asio::post(loop_, [this, alive = std::weak_ptr{alive_}] {
    if (alive.expired()) return;
    requested_ = false;
    save();
  });
}

bool Checkpoint::is_dirty() const {
  return !letters_.empty() || also_saved_ != also_version_ || std::any_of(followed_.begin(), followed_.end(), [](const Follow& follow) {
    return !follow.ever_saved || follow.saved_version != follow.who->version();
  });
}

void Checkpoint::save() {
  if (saving_ || stopped_ || !is_dirty()) return;
  StateChange change = also_;
  also_under_way_ = also_version_;
  Offset lowest{std::numeric_limits<std::uint64_t>::max()};
  for (Follow& follow : followed_) {
    // Who did not change is in state.db as it is, so its position counts as durable too.
    lowest = std::min(lowest, follow.who->position());
    follow.version_under_way = follow.who->version();
    follow.under_way = true;
    if (!follow.ever_saved || follow.version_under_way != follow.saved_version) follow.who->collect(change);
  }
  change.dead_letters = letters_;
  letters_under_way_ = letters_.size();
  unsaved_under_way_ = unsaved_;
  releases_ = lowest;
  saving_ = true;
  state_.save(std::move(change), [this, &loop = loop_, alive = std::weak_ptr{alive_}](core::Result<> result) {
    asio::post(loop, [this, alive, result = std::move(result)] {
      if (!alive.expired()) saved(result);
    });
  });
}

void Checkpoint::saved(const core::Result<>& result) {
  saving_ = false;
  const bool was_stuck = is_stuck();
  if (!result) {
    // Nothing of the change is there: letters and settlements stay ours, and the next second tries again.
    failed_ = true;
    if (trouble_ != result.error().what) core::log_error("state_not_saved", {{"why", result.error().what}});
    trouble_ = result.error().what;
    unsaved_under_way_ = 0;
    letters_under_way_ = 0;
    return;
  }

  if (failed_) core::log_info("state_saved_again");
  failed_ = false;
  trouble_.clear();
  for (Follow& follow : followed_) {
    if (!std::exchange(follow.under_way, false)) continue;  // it came while this save was under way
    follow.saved_version = follow.version_under_way;
    follow.ever_saved = true;
  }
  also_saved_ = also_under_way_;
  if (also_saved_ == also_version_) also_ = {};
  letters_.erase(letters_.begin(), letters_.begin() + static_cast<std::ptrdiff_t>(letters_under_way_));
  letters_under_way_ = 0;
  unsaved_ -= unsaved_under_way_;
  unsaved_under_way_ = 0;
  if (!followed_.empty()) journal_.release(releases_);
  if (!letters_.empty() || unsaved_ >= kSettlementsASave) save();
  if (was_stuck && !is_stuck() && on_free_) on_free_();
}

asio::awaitable<bool> Checkpoint::flush(core::Duration patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (saving_ || is_dirty()) {
    if (std::chrono::steady_clock::now() >= until) co_return false;
    if (!failed_) save();
    asio::steady_timer pause{loop_, 1ms};
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    if (failed_ && !saving_) {
      asio::steady_timer longer{loop_, 50ms};
      co_await longer.async_wait(asio::as_tuple(asio::use_awaitable));
      save();
    }
  }
  co_return true;
}

void Checkpoint::stop() {
  stopped_ = true;
  timer_.cancel();
}

}  // namespace hub

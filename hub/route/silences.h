// Silences: for a while, alerts that a matcher matches are kept from every sink (but archives). Made by people while
// the hub runs, kept in state.db, asked by the router. Any thread.
#pragma once

#include "hub/route/matcher.h"
#include "hub/state/state_store.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace hub {

struct Silence {
  std::int64_t number = 0;
  std::string match;  // as a `match:` block of outputs.yaml in one line: {rules: [X], hostname: "glob:web-*"}
  std::string comment, author;
  core::TimePoint from, until;  // alerts received in [from, until)
  Matcher matcher = {};         // what `match` says
};

using SilenceList = std::shared_ptr<const std::vector<Silence>>;

// Invalid, with a sentence: no block, unknown keys, or one that would match everything. host_group is not known here.
core::Result<Matcher> parse_silence_match(const std::string& match);

class Silences {
 public:
  // Reads what is kept; one that cannot be read any more is logged and left out (its alerts go out).
  static core::Result<std::unique_ptr<Silences>> open(StateStore& state);

  SilenceList all() const;  // those that are over, too, for some days
  bool is_any() const { return any_; }

  // Blocking until it is durable. Invalid with a sentence: match, comment, author or times make no sense, or there are
  // 1000 already; else the store's fault. Nothing has changed then.
  core::Result<Silence> add(Silence wanted);
  core::Result<> expire(std::int64_t number, core::TimePoint now);  // NotFound: none of this number holds

 private:
  explicit Silences(StateStore& state) : state_{state} {}
  core::Result<> keep(std::vector<Silence> silences, std::int64_t last_number);

  StateStore& state_;
  mutable std::mutex mutex_;
  std::mutex changing_;  // one change at a time
  SilenceList all_ = std::make_shared<const std::vector<Silence>>();
  std::int64_t last_number_ = 0;
  std::atomic<bool> any_{false};
};

}  // namespace hub

// Alerts that wait for their next try, by when they are due. Holds offsets only; a lane of its own, so that none of
// them delays the next decided alert. Pure: time is passed in.
#pragma once

#include "hub/deliver/backoff.h"
#include "hub/journal/journal.h"

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace hub {

class RetryQueue {
 public:
  struct Limits {
    std::size_t capacity = 10'000;
  };
  struct Entry {
    Offset offset;
    unsigned attempt = 0;  // how many it has behind it
    Instant due;
  };

  explicit RetryQueue(Limits limits) : limits_{limits} {}

  void push(Offset offset, unsigned attempt,
            Instant due);  // an offset is in here once, and never beyond the capacity; else a bug
  std::vector<Entry> take_due(Instant now, std::size_t most);  // earliest due first
  std::optional<Entry> take_oldest();                          // by offset, due or not: probes
  std::optional<Entry> take_newest();
  void make_all_due(Instant now);  // their destination is back

  std::optional<Instant> next_due() const;
  std::size_t size() const { return by_offset_.size(); }
  bool is_full() const { return size() >= limits_.capacity; }

 private:
  struct Waiting {
    unsigned attempt;
    Instant due;
  };
  Entry take(std::map<Offset, Waiting>::iterator at);

  Limits limits_;
  std::map<Offset, Waiting> by_offset_;
  std::set<std::pair<Instant, Offset>> by_due_;
};

}  // namespace hub

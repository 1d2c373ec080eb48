// What the router remembers: who inhibits whom, what was sent in a dedup window, how much in a throttle's period, and
// which alerts wait in which group. It is the sum of the changes in the decision records (decision.h) and of nothing
// else, so that after a crash it is what the durable decisions say: no alert is ever suppressed by a trace of its own.
// Bounded: beyond that nothing more is remembered, and what is not remembered goes out. The delivery loop's.
//
// Form of a value: numbers and texts of core/varint.h: start, end, due (nanoseconds since 1970; 0: none), passed, held,
// sample, most severe priority; members, then each: its distance from the one before; sinks, then each: a text.
#pragma once

#include "hub/route/decision.h"

#include "core/clock.h"
#include "core/priority.h"

#include <map>
#include <optional>
#include <set>
#include <unordered_map>

namespace hub {

// One key of one owner at one stage. What a stage does not use stays zero.
struct Remembered {
  core::TimePoint start, end;  // of the window; of a group: its first alert, and when it is due
  core::TimePoint due;         // of a throttle: when the held ones are to be told of; zero: there are none
  std::uint64_t passed = 0;    // in the window
  std::uint64_t held = 0;      // and not told of yet
  Offset sample;               // of the held ones, the last
  core::Priority severest = core::Priority::Debug;  // of what went out, or waits
  std::vector<Offset> members = {};                 // of a group, ascending
  std::vector<std::string> sinks = {};              // of a group: whose it is
  bool operator==(const Remembered&) const = default;

  // Clocks of several threads are not one, and are set: a little before its start a window holds too, far before it
  // (the clock was wrong then) it does not.
  bool covers(core::TimePoint time) const;
};

std::string encode(const Remembered& value);
core::Result<Remembered> decode_remembered(std::string_view bytes);

class Memory {
 public:
  struct Limits {
    std::size_t keys_of_one = 10'000;  // of one owner at one stage
    std::size_t keys = 25'000;         // in all: a snapshot must fit into one record
    std::size_t members = 100'000;     // alerts that wait in groups
  };
  Memory() = default;
  explicit Memory(Limits limits) : limits_{limits} {}

  const Remembered* find(Stage stage, const std::string& owner, const std::string& key) const;
  // nullptr: it would be one too many, even after what is over by `now` has gone.
  Remembered* put(Stage stage, const std::string& owner, const std::string& key, core::TimePoint now);
  void forget(Stage stage, const std::string& owner, const std::string& key);
  bool has_room_for_member() const { return members_ < limits_.members; }
  void add_member(Remembered& group, Offset offset);
  void take_members(Remembered& group, std::size_t count);

  // The changes since the last keep() or undo(), for the decision record. keep(): that is durable. undo(): it is not.
  std::vector<MemoryChange> changes() const;
  void keep() { touched_.clear(); }
  void undo();

  // At the start: a durable decision's. What cannot be read is left out, and false.
  bool apply(const MemoryChange& change);
  // Everything, as changes that begin with "forget all".
  std::vector<MemoryChange> snapshot() const;

  void sweep(core::TimePoint now);  // forgets what is over and owes nobody anything
  // Only these owners are still configured. Groups stay: their alerts are owed.
  void keep_owners(const std::map<Stage, std::set<std::string>>& owners);

  bool is_empty() const { return keys_ == 0; }
  std::size_t keys() const { return keys_; }
  std::size_t members() const { return members_; }
  Offset oldest_member() const;  // value 0: there is none

  using Table = std::unordered_map<std::string, Remembered>;
  using Owner = std::pair<Stage, std::string>;
  const std::map<Owner, Table>& tables() const { return tables_; }

 private:
  struct Key {
    Owner owner;
    std::string key;
    auto operator<=>(const Key&) const = default;
  };
  void touch(const Owner& owner, const std::string& key);
  void set(const Owner& owner, const std::string& key, const std::optional<Remembered>& value);
  bool is_over(Stage stage, const Remembered& value, core::TimePoint now) const;

  Limits limits_;
  std::map<Owner, Table> tables_;
  std::map<Key, std::optional<Remembered>> touched_;  // what was there before; nullopt: nothing
  std::size_t keys_ = 0, members_ = 0;
  core::TimePoint swept_;
};

}  // namespace hub

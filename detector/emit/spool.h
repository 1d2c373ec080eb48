// The alerts that wait for an HTTP receiver: in memory, in order, bounded in number and bytes. Full: the newest is dropped, because the first
// alerts of an intrusion say how it began. Every alert gets a number, dropped ones too, so that a hub sees a gap where one was lost.
#pragma once

#include "detector/emit/channel.h"

#include <deque>
#include <mutex>
#include <vector>

namespace detector {

class Spool {
 public:
  struct Limits {
    std::size_t alerts = 10'000;
    std::size_t bytes = 16 << 20;
  };
  explicit Spool(Limits limits) : limits_{limits} {}

  bool push(LineRef line);              // any thread; false: full, or closed

  // The oldest alerts whose numbers have no gap between them, at most `alerts` and about `bytes` of them (one at least). They stay.
  struct Batch {
    std::uint64_t first = 0;            // its number; of an empty batch: the number the next alert will get
    std::vector<LineRef> lines;
  };
  Batch front(std::size_t alerts, std::size_t bytes) const;
  void pop(std::size_t count);          // from the front; the reader's thread

  // After it push() drops. Returns how many were left.
  std::size_t close();

  std::size_t size() const;
  bool crowded() const;                 // half full, in number or bytes
  std::uint64_t dropped() const;

 private:
  struct Entry {
    std::uint64_t number;
    LineRef line;
  };
  const Limits limits_;
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
  std::uint64_t next_ = 1, dropped_ = 0;
  bool closed_ = false;
};

}  // namespace detector

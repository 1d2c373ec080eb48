// How far one sink has come: everything below position() is settled, and so are the ranges above it. Pure bookkeeping;
// who makes it durable is the Checkpoint. Settled means delivered, dead letter, dropped, or never this sink's.
#pragma once

#include "hub/state/state_store.h"

#include <map>

namespace hub {

class Cursor {
 public:
  explicit Cursor(Offset start) : position_{start} {}
  // As it was saved. Ranges that overlap, touch or lie below the position are taken for what they mean.
  explicit Cursor(const CursorState& saved);

  Offset position() const { return position_; }
  bool is_settled(Offset offset) const;

  void settle(Offset offset);         // each offset once; settling one twice is a bug and aborts
  void pass(Offset from, Offset to);  // [from, to) needs nothing (more); may overlap what is settled

  std::size_t ranges() const { return above_.size(); }
  CursorState state() const;  // decisions_from is the position: a decision always lies behind its alerts

 private:
  Offset position_;
  std::map<Offset, Offset> above_;  // first → one past the last; disjoint, not touching, all above position_
};

}  // namespace hub

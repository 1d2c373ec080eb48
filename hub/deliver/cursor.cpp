#include "hub/deliver/cursor.h"

#include "core/invariant.h"

#include <algorithm>

namespace hub {

Cursor::Cursor(const CursorState& saved) : position_{saved.position} {
  for (const OffsetRange& range : saved.settled_above) {
    if (range.last >= range.first) pass(range.first, range.last.next());
  }
}

bool Cursor::is_settled(Offset offset) const {
  if (offset < position_) return true;
  const auto after = above_.upper_bound(offset);
  return after != above_.begin() && offset < std::prev(after)->second;
}

void Cursor::settle(Offset offset) {
  INVARIANT(!is_settled(offset));
  pass(offset, offset.next());
}

void Cursor::pass(Offset from, Offset to) {
  from = std::max(from, position_);
  if (from >= to) return;

  // Swallow every range that overlaps or touches [from, to).
  auto range = above_.upper_bound(from);
  if (range != above_.begin() && std::prev(range)->second >= from) --range;
  while (range != above_.end() && range->first <= to) {
    from = std::min(from, range->first);
    to = std::max(to, range->second);
    range = above_.erase(range);
  }

  if (from <= position_) {
    position_ = to;
  } else {
    above_.emplace(from, to);
  }
}

CursorState Cursor::state() const {
  CursorState state{.position = position_, .settled_above = {}, .decisions_from = position_};
  state.settled_above.reserve(above_.size());
  for (const auto& [first, end] : above_) state.settled_above.push_back({first, Offset{end.value - 1}});
  return state;
}

}  // namespace hub

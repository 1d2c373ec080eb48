#include "hub/ingest/fresh_alerts.h"

#include <utility>

namespace hub {

void FreshAlerts::put(Offset offset, core::AlertRef alert) {
  const std::lock_guard lock{mutex_};
  std::swap(slots_[offset.value % kSlots].alert, alert);  // the one it replaces goes after the lock
  slots_[offset.value % kSlots].offset = offset;
}

core::AlertRef FreshAlerts::take(Offset offset) {
  const std::lock_guard lock{mutex_};
  Slot& slot = slots_[offset.value % kSlots];
  return slot.offset == offset ? std::exchange(slot.alert, nullptr) : nullptr;
}

}  // namespace hub

// State stores with one planted defect each, around a real one, to show that the durability tests notice. Any thread,
// as StateStore says.
#pragma once

#include "hub/state/state_store.h"

#include <memory>

namespace tests {

enum class StateDefect {
  CursorBeforeDeadLetter,  // the cursor moves past an alert, and its dead letter is saved some time later
  UnlinkBeforeCursor,      // a save is reported done at once and made some time later: the journal lets go of what the
                           // cursors still need
};

std::unique_ptr<hub::StateStore> with_defect(StateDefect defect, std::unique_ptr<hub::StateStore> real);

}  // namespace tests

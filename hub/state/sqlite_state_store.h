// The state store in state.db.
#pragma once

#include "hub/state/state_store.h"

#include <filesystem>
#include <memory>

namespace hub {

struct OpenedState {
  std::unique_ptr<StateStore> store;
  // Not empty: state.db was damaged and set aside under this name. Every retained alert is delivered again, and a human must be told.
  std::filesystem::path set_aside;
  bool was_reset() const { return !set_aside.empty(); }
};

// Opens or creates the database at `path`. Invalid: written by a newer version, with a sentence, and nothing is changed. A damaged one is set aside.
core::Result<OpenedState> open_state_store(const std::filesystem::path& path);

}  // namespace hub

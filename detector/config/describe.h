// Every key of the configuration, once: read, checked and documented by the same line.
#pragma once

#include "detector/config/config.h"

namespace detector {
void describe(core::Fields& fields, Config& config);
}  // namespace detector

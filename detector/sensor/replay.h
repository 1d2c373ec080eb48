// A sensor that plays a recording: no kernel, no root. Everything a rule can see comes from the file, so the alerts are the same anywhere.
#pragma once

#include "core/diagnostic.h"
#include "detector/sensor/sensor.h"

#include <memory>
#include <string>

namespace detector {

// Reads and checks the whole recording first; a bad line is an error with its place in `diagnostics`, and nullptr comes back. "-" is
// standard input. `hostname` is what evt.hostname says.
std::unique_ptr<Sensor> open_replay(const std::string& file, std::string hostname, core::Diagnostics& diagnostics);

}  // namespace detector

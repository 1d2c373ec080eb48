// Alerts about the detector itself, in Falco's form: rule "Falco internal: …", source "internal", no tags (falco.md 3.3).
#pragma once

#include "core/clock.h"
#include "detector/emit/channel.h"

#include <map>
#include <string>

namespace detector {

struct InternalAlert {
  std::string rule;                            // "Falco internal: syscall event drop"
  core::Priority priority = core::Priority::Debug;
  std::string message;
  std::map<std::string, std::string> fields;   // name → value as JSON ("\"12\""); never empty: our hub refuses an alert without fields
  core::TimePoint time;
};

struct AlertStyle {
  bool json = false;
  bool time_iso_8601 = false;
  std::string hostname;
};

Line render(const InternalAlert& alert, const AlertStyle& style);

}  // namespace detector

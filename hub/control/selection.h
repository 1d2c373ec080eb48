// Which alerts or dead letters a command is about: the filters that dead-letters list|replay|purge and replay share.
//   {"sink":"soc","rule":"Terminal shell in container","reason":"mapping","since":"2h","until":"2026-11-21T12:00:00Z",
//    "priority":"warning","numbers":[7,8],"all":true}
#pragma once

#include "core/alert.h"
#include "hub/state/state_store.h"

#include <nlohmann/json_fwd.hpp>

#include <set>
#include <string>

namespace hub {

struct Selection {
  std::string sink, rule, reason;  // "": any; `reason` is a part of it
  core::TimePoint since{}, until = core::TimePoint::max();
  core::Priority floor = core::Priority::Debug;
  std::set<std::int64_t> numbers;  // empty: any
  bool all = false;

  // Invalid: a sentence. Times are RFC 3339, or a duration before `now`.
  static core::Result<Selection> parse(const nlohmann::json& request, core::TimePoint now);

  // Nothing was chosen, not even `all`: too much to change by accident.
  bool is_open() const;
  bool takes(const DeadLetter& letter) const;
  bool takes(const core::Alert& alert) const;  // by rule and priority
};

}  // namespace hub

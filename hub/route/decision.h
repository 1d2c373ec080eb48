// A decision record: what the router decided for the alerts of one stretch of the journal, run-length encoded, so that
// thousands of alerts cost a few bytes. Sinks are known by name, because a reload may change their order.
//
// Format, version 1 (numbers are unsigned LEB128, 1-10 bytes):
//   'D' 0x01                                     magic, version
//   from  (to - from)                            the stretch [from, to): every alert in it is in exactly one run
//   names, then each: length, bytes              sinks and reasons that the runs below refer to by index
//   runs,  then each, ascending:
//     gap                                        offsets between the end of the run before (or `from`) and this run's
//     first: not alerts count                                      consecutive alerts, at least 1 reason 0: not
//     suppressed; n: name n-1 says by what sinks, then each: index of a name
// Example: alerts 5, 6 to "a", 8 to nobody (route drop), in [5, 9):  44 01 05 04  02 01 61 0a 72 6f 75 74 65 20 64 72
// 6f 70
//   02  00 02 00 01 00  01 01 02 00            (names: "a", "route drop"; runs: gap 0, 2 alerts, to 0; gap 1, 1 alert,
//   reason 1, no sinks)
#pragma once

#include "core/result.h"
#include "hub/journal/journal.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hub {

struct DecisionRun {
  Offset first;
  std::uint64_t count = 0;
  std::vector<std::string> sinks;
  std::string suppressed_by;  // "": not
  bool operator==(const DecisionRun&) const = default;
};

struct Decision {
  Offset from, to;
  std::vector<DecisionRun> runs;
  bool operator==(const Decision&) const = default;

  // The next alert of the stretch: joins the last run where nothing differs.
  void add(Offset alert, std::vector<std::string> sinks, std::string suppressed_by);
};

std::string encode(const Decision& decision);
// Corrupt: not a decision of this version, or its numbers contradict each other. Safe on any bytes; never allocates
// more than they could mean.
core::Result<Decision> decode_decision(std::string_view bytes);

}  // namespace hub

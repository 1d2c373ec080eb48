// A decision record: what the router decided for the alerts of one stretch of the journal, run-length encoded, so that
// thousands of alerts cost a few bytes; and what it must remember of them (dedup windows, throttles, open groups), so
// that its memory is rebuilt from these records alone. Sinks are known by name, because a reload may change their
// order.
//
// Format (numbers and texts as in core/varint.h). Version 1 is what is written when nothing is to be remembered:
//   'D' 0x01                                     magic, version
//   from  (to - from)                            the stretch [from, to): every alert in it is in exactly one run
//   names, then each: a text                     sinks, reasons and owners that follow refer to by index
//   runs,  then each, ascending:
//     gap                                        offsets between the end of the run before (or `from`) and this run's
//                                                first: not alerts
//     count                                      consecutive alerts, at least 1
//     reason                                     0: not suppressed; n: name n-1 says by what (several: "dedup a, mute
//     b";
//                                                the alert may have sinks all the same: those that this did not
//                                                concern)
//     sinks, then each: index of a name
// Version 2 has the changes of the router's memory behind the runs, in the order in which they are to be made:
//   changes, then each:
//     stage                                      0 everything, 1 inhibit, 2 dedup, 3 throttle, 4 group
//     owner                                      index of a name: the route, or the rule of inhibition
//     key, value                                 two texts (memory.h); an empty value: forgotten (stage 0: all that
//                                                was; a snapshot begins with it)
// Example: alerts 5, 6 to "a", 8 to nobody (route drop), in [5, 9):
//   44 01 05 04  02 01 61 0a 72 6f 75 74 65 20 64 72 6f 70   02  00 02 00 01 00  01 01 02 00
// The same in version 2, which remembers "v" under "k" for the dedup of route "r":
//   44 02 05 04  03 01 61 0a 72 6f 75 74 65 20 64 72 6f 70 01 72   02  00 02 00 01 00  01 01 02 00   01  02 02 01 6b 01
//   76
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

enum class Stage : std::uint8_t { Everything = 0, Inhibit = 1, Dedup = 2, Throttle = 3, Group = 4 };

// One thing that the router remembers from now on, or forgets.
struct MemoryChange {
  Stage stage = Stage::Dedup;
  std::string owner, key;
  std::string value;  // "": forgotten
  bool operator==(const MemoryChange&) const = default;
};

struct Decision {
  Offset from, to;
  std::vector<DecisionRun> runs;
  std::vector<MemoryChange> changes = {};
  bool operator==(const Decision&) const = default;

  // The next alert of the stretch: joins the last run where nothing differs.
  void add(Offset alert, std::vector<std::string> sinks, std::string suppressed_by);
};

std::string encode(const Decision& decision);
// Corrupt: not a decision of these versions, or its numbers contradict each other. Safe on any bytes; never allocates
// more than they could mean.
core::Result<Decision> decode_decision(std::string_view bytes);

}  // namespace hub

// An alert: an event that matched a rule, as Falco sends it. It keeps the bytes it came in with; everything else here
// is read from them. Immutable once decoded and shared between sinks and threads as AlertRef.
#pragma once

#include "core/alert_id.h"
#include "core/clock.h"
#include "core/priority.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace core {

// One entry of output_fields, or one key at the top that we do not know.
struct AlertField {
  enum class Kind : std::uint8_t { Null, Boolean, Number, Text, Nested };
  std::string name;
  Kind kind = Kind::Null;
  std::string json;  // the value as JSON, but for Text; a number keeps its literal (2^53 and beyond survive)
  std::string text;  // Text: the string itself, unescaped; Null: empty; otherwise the same as `json`
};

// Comes only with alerts that the hub stored of its own accord: digests, summaries, alarms, replays. Nobody outside can
// set it: it is in the journal's record, not in the alert's bytes.
struct Directions {
  std::vector<std::string> only_to;  // sinks by name, past routes and every filter; empty: routes decide
  std::string closes;                // what of the router's memory this alert settles, in the router's own form
  bool operator==(const Directions&) const = default;
};

struct Alert {
  AlertId id;
  TimePoint received;  // by this hub
  std::string json;    // the bytes that came in, without blanks around them
  Priority priority = Priority::Debug;
  std::string rule;
  std::string output;              // may be empty
  std::string source;              // "syscalls" where the sender gave none, as falcosidekick sets it
  std::string hostname;            // may be empty
  TimePoint time;                  // of the event
  std::string time_text;           // as it came, so that its offset and precision survive
  std::vector<std::string> tags;   // sorted
  std::vector<AlertField> fields;  // output_fields, sorted by name bytewise
  std::vector<AlertField> extra;   // keys at the top that falcosidekick does not know ("message", …), in order
  std::shared_ptr<const Directions> directions;  // nullptr: an alert as others sent it

  const AlertField* field(std::string_view name) const;  // nullptr: there is none
  bool has_tag(std::string_view tag) const;
};

using AlertRef = std::shared_ptr<const Alert>;
using Batch = std::span<const AlertRef>;

}  // namespace core

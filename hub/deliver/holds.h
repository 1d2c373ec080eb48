// Destinations that asked for time (Throttle) or that a human must look at (Misconfigured). A destination is the sink
// itself (""), or what a template chose for an alert: then it is held back alone, in a bounded table, because whoever
// chooses a namespace must not silence a channel. Pure: time is passed in.
#pragma once

#include "hub/deliver/backoff.h"

#include <map>
#include <optional>
#include <string>

namespace hub {

class Holds {
 public:
  enum class Kind { Throttle, Misconfigured };
  struct Hold {
    Kind kind;
    std::string why;
    Instant until;
    unsigned step = 0;     // how often in a row
    bool probing = false;  // its time is over, and one request is under way to see
  };

  // `wait` 0: ours to choose, 1 s doubling to 60 s; at most an hour in any case. True: this is news (a new hold, or
  // another kind or reason). Answers that arrive while the hold still runs belong to requests sent before it, and do
  // not make it longer step by step.
  bool hold(const std::string& destination, Kind kind, std::string why, core::Duration wait, Instant now);
  // Something got through. True: there was a hold.
  bool release(const std::string& destination);

  const Hold* find(const std::string& destination) const;
  // nullopt: free. Otherwise when to ask again: the end of the hold; or, while one probe is under way, a moment from
  // now.
  std::optional<Instant> blocked_until(const std::string& destination, Instant now) const;
  void probe(const std::string& destination);        // one request goes out to a destination whose hold is over
  void probe_ended(const std::string& destination);  // … and came back without a word on the hold (Retry)

  std::size_t size() const { return holds_.size(); }

 private:
  static constexpr std::size_t kMostDestinations = 256;
  std::map<std::string, Hold> holds_;
};

}  // namespace hub

// What an answer means for the alerts that were sent: a pure function, so that every status can be tested without a wire.
#pragma once

#include "core/result.h"
#include "net/http_message.h"

#include <cstdint>
#include <optional>
#include <string>

namespace detector {

struct Verdict {
  enum class Kind : std::uint8_t {
    Taken,      // all of them are theirs now
    TakenFirst, // a batch went to somebody who is no hub (any more): only the first may count as taken
    Again,      // they, or the way to them, are unwell
    Smaller,    // the batch was refused as a whole: try fewer
    Refused,    // this alert will never be taken
  };
  Kind kind = Kind::Again;
  bool answered = false;                 // they spoke: it is this request they could not deal with, not the network
  std::optional<bool> hub;               // learned from the answer
  std::string why;
  unsigned retry_after_seconds = 0;
  std::size_t rejected = 0;              // of a batch that was taken: alerts that the hub would not have
};

Verdict judge(const core::Result<net::HttpReply>& reply, std::size_t alerts);

}  // namespace detector

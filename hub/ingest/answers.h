// What ingest says to a sender, as pure functions. falcosidekick's answers to the letter where it has one; our own
// reason in a header beside.
#pragma once

#include "core/alert_id.h"
#include "core/result.h"
#include "hub/http/message.h"

#include <string>
#include <vector>

namespace hub {

struct Rejected {
  std::size_t index;
  std::string why;
};

Response answer_empty();                         // 200: a heartbeat
Response answer_taken(const core::AlertId& id);  // 200 with Tocsin-Alert-Id
Response answer_several(std::size_t accepted,
                        const std::vector<Rejected>& rejected);  // JSON; 400 when none was accepted
Response answer_bad_body(std::string_view why);                  // 400, falcosidekick's sentence
Response answer_unauthorized();
Response answer_bad_method();                          // 400 too, as falcosidekick, and not 405
Response answer_too_large(std::string_view why);       // 413
Response answer_not_stored(const core::Error& error);  // 503 with Retry-After: no room, or the disk failed
Response answer_come_again(std::string_view why);      // 503 with Retry-After

}  // namespace hub

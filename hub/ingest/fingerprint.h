// Which requests are the same: a 128-bit hash over peer and body, keyed anew in each run, so that nobody who writes
// into alerts can make two of them look equal.
#pragma once

#include "hub/http/request_handler.h"

namespace hub {

RequestKey fingerprint(std::string_view peer, std::string_view body);

}  // namespace hub

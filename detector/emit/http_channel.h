// Alerts over HTTP. To a Tocsin hub, known by `Tocsin-Hub: 1` in its answer: batches as NDJSON with `Tocsin-Producer` (this run of the
// detector) and `Tocsin-Sequence` (number of the batch's first alert), and an empty heartbeat while there is nothing to say. To anyone else:
// one alert a request, as Falco sends it. While the receiver is away, alerts wait in the spool and are tried again with backoff, in order.
#pragma once

#include "core/result.h"
#include "detector/config/config.h"
#include "detector/emit/channel.h"

namespace detector {

struct HttpTiming {
  core::Duration heartbeat = std::chrono::seconds{10};
  core::Duration first_retry = std::chrono::milliseconds{100};   // doubles each time
  core::Duration last_retry = std::chrono::seconds{5};
  core::Duration total_timeout = std::chrono::seconds{10};
};

// Fault: the URL or the TLS files are unusable.
// `json`: what the lines are; text goes out as text/plain and never in batches.
core::Result<std::unique_ptr<Channel>> make_http_channel(const HttpOutput& options, bool json, HttpTiming timing = {});

}  // namespace detector

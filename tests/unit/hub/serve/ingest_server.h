// The doors of a hub, with a journal in memory behind them: what a sender sees.
#pragma once

#include "core/invariant.h"
#include "hub/http/http_server.h"
#include "hub/ingest/endpoints.h"
#include "tests/unit/hub/serve/client.h"
#include "tests/unit/hub/serve/memory_journal.h"

#include <fmt/format.h>

namespace hub::test {

// A good alert; `more` are further keys with a comma in front.
inline std::string alert(std::string_view rule = "Write below binary dir", std::string_view more = {}) {
  return fmt::format(
      R"({{"output":"o","priority":"Error","rule":"{}","time":"2019-05-17T15:31:56.746609046Z","output_fields":{{"proc.name":"touch"}}{}}})",
      rule, more);
}

struct IngestServer {
  explicit IngestServer(HttpServerOptions options = {})
      : room{journal, metrics, {}}, report{journal, metrics, [] { return std::vector<SinkStatus>{}; }} {
    options.port = 0;
    if (options.loops == 0) options.loops = 2;
    auto opened = HttpServer::open(options, [this](unsigned) { return std::make_unique<Endpoints>(room, report); });
    INVARIANT(opened);
    server = std::move(*opened);
  }
  ~IngestServer() { journal.close(); }

  std::uint16_t port() const { return server->port(); }

  MemoryJournal journal;
  Metrics metrics;
  IngestRoom room;
  Report report;
  std::unique_ptr<HttpServer> server;
};

}  // namespace hub::test

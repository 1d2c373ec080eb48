// Which path answers what. falcosidekick's paths and words; every path that is not ours takes alerts, as
// falcosidekick's does.
#pragma once

#include "hub/control/report.h"
#include "hub/ingest/ingest.h"

namespace hub {

class Endpoints : public RequestHandler {
 public:
  // One a loop; what is shared outlives it.
  Endpoints(IngestRoom& room, const Report& report) : room_{room}, report_{report}, ingest_{room} {}

  void handle(const Request& request, Reply reply) override;
  void broken(const RequestKey& key) override;
  void answered(const RequestKey& key, const Response& response) override;

 private:
  IngestRoom& room_;
  const Report& report_;
  Ingest ingest_;
};

}  // namespace hub

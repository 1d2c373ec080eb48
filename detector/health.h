// The health endpoint (falco.yaml's webserver): GET /healthz and /versions for probes. A thread of its own and nothing behind it: it answers as
// long as the process lives. Small enough to need no HTTP library, whose door is the hub's.
#pragma once

#include "core/result.h"
#include "detector/config/config.h"

#include <memory>

namespace detector {

class Health {
 public:
  virtual ~Health() = default;                 // closes the port
  virtual std::uint16_t port() const = 0;      // what the system chose for port 0
};

core::Result<std::unique_ptr<Health>> open_health(const Webserver& options);

}  // namespace detector

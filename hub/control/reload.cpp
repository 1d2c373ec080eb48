// {"command":"reload"}: reads the configuration again, as SIGHUP does; the answer says what came of it.
#include "hub/reload/reload.h"
#include "hub/control/command.h"

#include <nlohmann/json.hpp>

namespace hub {

void control_reload(const nlohmann::json&, const CommandRoom& room, Answer answer) {
  room.hub->reload.ask("tocsin-hub reload", [answer = std::move(answer)](const ReloadResult& result) {
    answer.end({{"successful", result.successful},
                {"faults", result.faults},
                {"unchanged", result.sinks.unchanged},
                {"changed", result.sinks.changed},
                {"added", result.sinks.added},
                {"removed", result.sinks.removed},
                {"needs_restart", result.needs_restart}});
  });
}

}  // namespace hub

// {"command":"status"}: what /status says.
#include "hub/control/command.h"

#include <nlohmann/json.hpp>

namespace hub {

void control_status(const nlohmann::json&, const CommandRoom& room, Answer answer) {
  answer.end(nlohmann::ordered_json::parse(room.hub->report.status_json()));
}

}  // namespace hub

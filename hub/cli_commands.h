// The CLI's questions: asked of the running hub through its socket or, when none runs, of the state itself, locked
// meanwhile.
#pragma once

#include "hub/hub.h"

#include <cstdint>
#include <string>

namespace hub {

enum class Form { Table, Json };

// Each prints its answer to stdout, or one sentence to stderr; the program's exit status (0 or 1).
int show_status(const HubConfig& config, Form form);
int list_dead_letters(const HubConfig& config, const HubParts& parts, const std::string& sink, Form form);
int show_dead_letter(const HubConfig& config, const HubParts& parts, std::int64_t number, Form form);

}  // namespace hub

// The command line: reads the configuration, starts the hub, or asks a running one.
#pragma once

#include "hub/hub.h"

namespace hub {

// The program's exit status: 0; 1: a fault of the world (port taken, no right); 2: a fault in a file or on the command
// line, nothing started.
int hub_main(int argc, char** argv, const HubParts& parts);

}  // namespace hub

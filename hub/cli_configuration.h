// Which files configure this hub, and what stands in them: found, read, checked together, so that all faults are told
// at once.
#pragma once

#include "hub/config/hub_config.h"
#include "hub/deliver/sinks.h"

#include <boost/asio/io_context.hpp>

#include <optional>
#include <string>
#include <vector>

namespace hub {

struct CommandLine {
  std::string config, outputs;  // "": not given
  std::string state_directory;
  std::optional<std::uint16_t> listen_port;
};

struct Configuration {
  HubConfig hub;
  Outputs outputs;
  std::string hub_file, outputs_file;  // "": embedded defaults
};

// The outputs are made for `loop`, which outlives them. Usable only when `diagnostics` got no error.
Configuration read_configuration(const CommandLine& line, boost::asio::io_context& loop,
                                 core::Diagnostics& diagnostics);

// What to watch for changes: the files it was read from, and the one that would be read if it were there.
std::vector<std::string> files_of(const CommandLine& line, const Configuration& configuration);

// Without the outputs: what the CLI's commands need to find a running hub.
HubConfig read_hub_file(const CommandLine& line, core::Diagnostics& diagnostics, std::string* found = nullptr);

// Every option of hub.yaml and of every output, as markdown: one section each, one row an option.
std::string list_options();

}  // namespace hub

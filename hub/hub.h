// The hub, put together: state, journal, delivery, HTTP, control, opened in that order, so that the port is there only
// when an alert taken can be kept and delivered; closed in the reverse one.
#pragma once

#include "hub/cli_configuration.h"
#include "hub/config/hub_config.h"
#include "hub/deliver/sinks.h"
#include "hub/journal/file.h"
#include "hub/state/state_store.h"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hub {

// What tests replace by twins.
struct HubParts {
  FileSystem& files;
  std::function<core::Result<std::unique_ptr<StateStore>>(const std::string& path)> open_state;
};
HubParts real_parts();

// How a running hub gets its configuration again; nothing: it cannot.
struct Rereading {
  std::function<Configuration(core::Diagnostics&)> read;
  std::vector<std::string> files;  // watched
};

class Hub {
 public:
  // `loop` is the delivery loop that the outputs were made for; it outlives the hub, which runs it. Faults are
  // sentences for the operator: another hub, no right to write, the port is taken.
  static core::Result<std::unique_ptr<Hub>> open(const HubConfig& config, Outputs outputs,
                                                 boost::asio::io_context& loop, const HubParts& parts,
                                                 Rereading rereading = {});
  ~Hub();

  std::uint16_t port() const;
  std::string status_json() const;

  // Serves until SIGTERM, SIGINT or stop(); SIGHUP reloads the configuration. Then drains: no new connection, requests
  // under way are answered, sinks get 6 s for what is queued and due, cursors are saved. At most 8 s in all; a second
  // signal ends the program at once (everything acknowledged is in the journal), and so does a first one while open()
  // has not begun to deliver.
  void run();
  // Any thread.
  void stop();

 private:
  struct Rooms;
  explicit Hub(std::unique_ptr<Rooms> rooms);
  std::unique_ptr<Rooms> rooms_;
};

}  // namespace hub

// The door for the CLI: state_directory/control.sock, 0600. One line in; lines out until the answer has ended, then it
// closes.
#pragma once

#include "core/result.h"
#include "hub/control/command.h"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace hub {

class ControlSocket {
 public:
  using Run = std::function<void(std::string_view line, Answer answer)>;

  // Serves on `loop`, on whose thread `run` runs. A socket that a killed hub left behind is replaced: the caller holds
  // the directory's lock. An answer may outlive the socket, but must not be given while the loop is being destroyed:
  // whatever threads give answers have ended before.
  static core::Result<std::unique_ptr<ControlSocket>> open(boost::asio::io_context& loop, const std::string& path,
                                                           Run run);
  ~ControlSocket();  // the loop has ended

 private:
  struct Parts;
  explicit ControlSocket(std::shared_ptr<Parts> parts) : parts_{std::move(parts)} {}
  std::shared_ptr<Parts> parts_;
};

// Blocking, for the CLI: the answer's end; `part` hears the lines before it. NotFound: nobody listens there; Io: broken
// off.
core::Result<std::string> ask_hub(const std::string& path, const std::string& line,
                                  const std::function<void(std::string_view line)>& part = {});

}  // namespace hub

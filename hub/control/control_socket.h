// The door for the CLI: state_directory/control.sock, 0600. One line in, one line out, then it closes.
#pragma once

#include "core/result.h"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace hub {

class ControlSocket {
 public:
  using Answer = std::function<std::string(std::string_view line)>;

  // Serves on `loop`, on whose thread `answer` runs. A socket that a killed hub left behind is replaced: the caller
  // holds the directory's lock.
  static core::Result<std::unique_ptr<ControlSocket>> open(boost::asio::io_context& loop, const std::string& path,
                                                           Answer answer);
  ~ControlSocket();  // the loop has ended

 private:
  struct Parts;
  explicit ControlSocket(std::shared_ptr<Parts> parts) : parts_{std::move(parts)} {}
  std::shared_ptr<Parts> parts_;
};

// Blocking, for the CLI. NotFound: nobody listens there; Io: broken off.
core::Result<std::string> ask_hub(const std::string& path, const std::string& line);

}  // namespace hub

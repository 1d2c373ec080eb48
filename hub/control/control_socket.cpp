#include "hub/control/control_socket.h"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <sys/stat.h>
#include <unistd.h>

namespace hub {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Local = asio::local::stream_protocol;

constexpr std::size_t kMostLine = 64 << 10;
constexpr std::size_t kMostPath = 107;  // sockaddr_un
constexpr auto kDeadline = std::chrono::seconds{10};

// One conversation.
struct Talk : std::enable_shared_from_this<Talk> {
  Talk(Local::socket taken, const ControlSocket::Answer& its_answer)
      : socket{std::move(taken)}, deadline{socket.get_executor()}, answer{its_answer} {}

  void begin() {
    deadline.expires_after(kDeadline);
    deadline.async_wait([self = shared_from_this()](error_code fault) {
      error_code ignored;
      if (!fault) self->socket.close(ignored);
    });
    asio::async_read_until(socket, asio::dynamic_buffer(text, kMostLine), '\n',
                           [self = shared_from_this()](error_code fault, std::size_t size) {
                             if (fault) {
                               self->deadline.cancel();
                               return;
                             }
                             self->text = self->answer(std::string_view{self->text}.substr(0, size - 1)) + "\n";
                             asio::async_write(self->socket, asio::buffer(self->text),
                                               [self](error_code, std::size_t) { self->deadline.cancel(); });
                           });
  }

  Local::socket socket;
  asio::steady_timer deadline;
  ControlSocket::Answer answer;
  std::string text;
};

}  // namespace

struct ControlSocket::Parts : std::enable_shared_from_this<ControlSocket::Parts> {
  explicit Parts(asio::io_context& loop) : acceptor{loop} {}

  void accept() {
    acceptor.async_accept([self = shared_from_this()](error_code fault, Local::socket socket) {
      if (fault) return;
      std::make_shared<Talk>(std::move(socket), self->answer)->begin();
      self->accept();
    });
  }

  Local::acceptor acceptor;
  Answer answer;
  std::string path;
};

core::Result<std::unique_ptr<ControlSocket>> ControlSocket::open(asio::io_context& loop, const std::string& path,
                                                                 Answer answer) {
  if (path.size() > kMostPath)
    return core::Error{core::Fault::Invalid, "the path of the control socket is too long for the kernel (" + path +
                                                 "); use a shorter state_directory"};
  ::unlink(path.c_str());
  auto parts = std::make_shared<Parts>(loop);
  parts->answer = std::move(answer);
  parts->path = path;

  error_code fault;
  parts->acceptor.open(Local{}, fault);
  const mode_t before = ::umask(0177);  // the socket is never wider than 0600, not even for a moment
  if (!fault) parts->acceptor.bind(Local::endpoint{path}, fault);
  ::umask(before);
  if (!fault) parts->acceptor.listen(16, fault);
  if (fault) return core::Error{core::Fault::Io, "open the control socket " + path + ": " + fault.message()};
  parts->accept();
  return std::unique_ptr<ControlSocket>{new ControlSocket{std::move(parts)}};
}

ControlSocket::~ControlSocket() {
  error_code ignored;
  parts_->acceptor.close(ignored);
  ::unlink(parts_->path.c_str());
}

core::Result<std::string> ask_hub(const std::string& path, const std::string& line) {
  asio::io_context loop;
  Local::socket socket{loop};
  error_code fault;
  if (path.size() > kMostPath)
    return core::Error{core::Fault::NotFound, "no hub is running: nobody listens at " + path};
  socket.connect(Local::endpoint{path}, fault);
  if (fault == asio::error::access_denied)
    return core::Error{core::Fault::Io, "reach the hub at " + path + ": only its own user may"};
  if (fault) return core::Error{core::Fault::NotFound, "no hub is running: nobody listens at " + path};
  const std::string out = line + "\n";
  asio::write(socket, asio::buffer(out), fault);
  std::string in;
  if (!fault) asio::read_until(socket, asio::dynamic_buffer(in), '\n', fault);
  if (fault) return core::Error{core::Fault::Io, "talk to the hub at " + path + ": " + fault.message()};
  in.pop_back();
  return in;
}

}  // namespace hub

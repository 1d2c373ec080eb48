#include "hub/control/control_socket.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <set>

namespace hub {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Local = asio::local::stream_protocol;

constexpr std::size_t kMostLine = 64 << 10;
constexpr std::size_t kMostPath = 107;                // sockaddr_un
constexpr std::size_t kMostUnread = 1 << 20;          // of an answer; beyond, its giver is asked to wait
constexpr auto kDeadline = std::chrono::seconds{10};  // for the question, and for each stretch of the answer to be read

struct Talk;
using Talks = std::set<std::shared_ptr<Talk>>;

// One conversation. The door holds it until it is over; an answer that is being worked on has a weak hold, so that it
// may come from any thread, at any time, or never.
struct Talk : std::enable_shared_from_this<Talk> {
  Talk(Local::socket taken, const ControlSocket::Run& its_run, Talks& its_others)
      : socket{std::move(taken)}, deadline{socket.get_executor()}, run{its_run}, others{its_others} {}

  void begin();
  void say(std::string line, bool last);
  void write();
  void expect_progress();
  void close();

  Local::socket socket;
  asio::steady_timer deadline;
  const ControlSocket::Run& run;
  Talks& others;
  std::string question, waiting, writing;
  bool ended = false;  // the last line is in `waiting` or out
  std::atomic<std::size_t> unread{0};
};

struct SocketAsker : Asker {
  explicit SocketAsker(const std::shared_ptr<Talk>& its_talk)
      : executor{its_talk->socket.get_executor()}, talk{its_talk} {}

  void take(std::string line) override { pass(std::move(line), false); }
  void take_last(std::string line) override { pass(std::move(line), true); }
  bool is_there() const override { return !talk.expired(); }
  bool keeps_up() const override {
    const auto held = talk.lock();
    return !held || held->unread < kMostUnread;
  }

  void pass(std::string line, bool last) {
    if (const auto held = talk.lock()) {
      held->unread += line.size() + 1;
      asio::post(executor, [held, line = std::move(line), last]() mutable { held->say(std::move(line), last); });
    }
  }

  asio::any_io_executor executor;
  std::weak_ptr<Talk> talk;
};

void Talk::begin() {
  expect_progress();
  asio::async_read_until(socket, asio::dynamic_buffer(question, kMostLine), '\n',
                         [self = shared_from_this()](error_code fault, std::size_t size) {
                           self->deadline.cancel();
                           if (fault) return self->close();
                           self->run(std::string_view{self->question}.substr(0, size - 1),
                                     Answer{std::make_shared<SocketAsker>(self)});
                         });
}

void Talk::expect_progress() {
  deadline.expires_after(kDeadline);
  deadline.async_wait([self = shared_from_this()](error_code fault) {
    if (!fault) self->close();
  });
}

void Talk::close() {
  error_code ignored;
  socket.close(ignored);
  deadline.cancel();
  others.erase(shared_from_this());
}

void Talk::say(std::string line, bool last) {
  if (!socket.is_open()) return;
  waiting.append(line).push_back('\n');
  ended = ended || last;
  if (writing.empty()) write();
}

void Talk::write() {
  writing.swap(waiting);
  expect_progress();
  asio::async_write(socket, asio::buffer(writing), [self = shared_from_this()](error_code fault, std::size_t) {
    self->deadline.cancel();
    self->unread -= self->writing.size();
    self->writing.clear();
    if (!fault && !self->waiting.empty()) return self->write();
    if (fault || self->ended) self->close();
  });
}

}  // namespace

struct ControlSocket::Parts : std::enable_shared_from_this<ControlSocket::Parts> {
  explicit Parts(asio::io_context& loop) : acceptor{loop} {}

  void accept() {
    acceptor.async_accept([self = shared_from_this()](error_code fault, Local::socket socket) {
      if (fault) return;
      (*self->talks.insert(std::make_shared<Talk>(std::move(socket), self->run, self->talks)).first)->begin();
      self->accept();
    });
  }

  Local::acceptor acceptor;
  Run run;
  Talks talks;
  std::string path;
};

core::Result<std::unique_ptr<ControlSocket>> ControlSocket::open(asio::io_context& loop, const std::string& path,
                                                                 Run run) {
  if (path.size() > kMostPath)
    return core::Error{core::Fault::Invalid, "the path of the control socket is too long for the kernel (" + path +
                                                 "); use a shorter state_directory"};
  ::unlink(path.c_str());
  auto parts = std::make_shared<Parts>(loop);
  parts->run = std::move(run);
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
  for (const auto& talk : parts_->talks) talk->socket.close(ignored);
  ::unlink(parts_->path.c_str());
}

core::Result<std::string> ask_hub(const std::string& path, const std::string& line,
                                  const std::function<void(std::string_view line)>& part) {
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
  while (!fault) {
    const std::size_t size = asio::read_until(socket, asio::dynamic_buffer(in), '\n', fault);
    if (fault) break;
    std::string answer = in.substr(0, size - 1);
    if (answer.rfind(R"({"part":)", 0) != 0) return answer;
    if (part) part(answer);
    in.erase(0, size);
  }
  return core::Error{core::Fault::Io, "talk to the hub at " + path + ": " + fault.message()};
}

}  // namespace hub

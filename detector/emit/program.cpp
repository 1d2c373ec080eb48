// Alerts to a program: `/bin/sh -c program` with a pipe to its standard input, as Falco's popen. Without keep_alive one run an alert, and the
// next alert waits for its end. What the program does makes events too; the pipeline leaves out our own descendants (see pipeline.cpp).
#include "detector/emit/writers.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace detector {
namespace {

class ProgramWriter final : public Writer {
 public:
  explicit ProgramWriter(ProgramOutput options) : options_{std::move(options)} {}
  ~ProgramWriter() override { close_input(); }   // its end of file is the program's sign to finish; nobody waits for it

  core::Result<> write(const Line& line, int stop) override {
    if (pid_ > 0 && has_ended()) forget();
    if (input_ < 0) {
      if (auto started = start(); !started) return started;
    }
    auto written = write_all(input_, line.text + '\n', stop);
    if (!written || !options_.keep_alive) finish(stop);
    if (!written) return core::in_context("program", written.error());
    return {};
  }

  void reopen() override { close_input(); }

 private:
  core::Result<> start() {
    forget();
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return core::Error{core::Fault::Io, fmt::format("pipe: {}", std::strerror(errno))};

    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, ends[0], STDIN_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // We ignore SIGPIPE and may block others; the program must not inherit that.
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    std::array<char*, 4> argv{const_cast<char*>("sh"), const_cast<char*>("-c"), const_cast<char*>(options_.program.c_str()), nullptr};
    const int fault = ::posix_spawn(&pid_, "/bin/sh", &files, &attributes, argv.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    ::close(ends[0]);
    if (fault != 0) {
      ::close(ends[1]);
      pid_ = -1;
      return core::Error{core::Fault::Io, fmt::format("start /bin/sh: {}", std::strerror(fault))};
    }
    input_ = ends[1];
    return {};
  }

  bool has_ended() { return ::waitpid(pid_, nullptr, WNOHANG) == pid_ && (pid_ = -1, true); }

  void finish(int stop) {
    close_input();
    if (pid_ <= 0) return;
    // A pidfd, so that a program that never ends cannot hold up our own end.
    const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    if (handle >= 0) {
      std::array<pollfd, 2> wait{pollfd{handle, POLLIN, 0}, pollfd{stop, POLLIN, 0}};
      while (::poll(wait.data(), wait.size(), -1) < 0 && errno == EINTR) {}
      ::close(handle);
    }
    has_ended();
  }

  void close_input() {
    if (input_ >= 0) ::close(input_);
    input_ = -1;
  }

  // Those that were left running are reaped when they end, so that none stays a zombie for longer than until the next start.
  void forget() {
    close_input();
    if (pid_ > 0) leaving_.push_back(pid_);
    pid_ = -1;
    std::erase_if(leaving_, [](pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) != 0; });
  }

  const ProgramOutput options_;
  int input_ = -1;
  pid_t pid_ = -1;
  std::vector<pid_t> leaving_;
};

}  // namespace

std::unique_ptr<Writer> make_program_writer(const ProgramOutput& options) { return std::make_unique<ProgramWriter>(options); }

}  // namespace detector

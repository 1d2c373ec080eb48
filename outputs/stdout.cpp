// stdout: one line an alert, for people (coloured by priority on a terminal) or as JSON. Whatever an alert says, it
// cannot write escape codes to the terminal: printable() sees to that. A reader that stopped reading must not stop the
// hub: we look before we write, and wait on a timer, because making the descriptor non-blocking would change it for the
// shell that shares it.
#include "core/payload.h"
#include "core/text.h"
#include "outputs/options.h"
#include "outputs/output.h"

#include <fmt/format.h>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <poll.h>
#include <unistd.h>
#include <cstdlib>
#include <cstring>

namespace outputs {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

constexpr std::size_t kAtOnce = 4096;  // PIPE_BUF: a pipe that polls writable takes as much without blocking
constexpr auto kLook = 10ms;
constexpr auto kPatience = 30s;

std::string_view colour(core::Priority priority) {
  switch (priority) {
    case core::Priority::Emergency:
    case core::Priority::Alert:
    case core::Priority::Critical:
      return "\x1b[1;31m";
    case core::Priority::Error:
      return "\x1b[31m";
    case core::Priority::Warning:
      return "\x1b[33m";
    case core::Priority::Notice:
      return "\x1b[36m";
    case core::Priority::Informational:
      return "\x1b[32m";
    case core::Priority::Debug:
      return "\x1b[2m";
  }
  return "";
}

// Falco begins its output with time and priority ("16:31:56.746609046: Error …"), which the line has already.
std::string_view without_prefix(std::string_view output, core::Priority priority) {
  const auto time_end = output.find_first_not_of("0123456789:.-+TZ");
  if (time_end == 0 || time_end == std::string_view::npos || output[time_end - 1] != ':') return output;
  const std::string prefix = fmt::format(" {} ", core::to_text(priority));
  std::string_view rest = output.substr(time_end);
  if (!rest.starts_with(prefix)) return output;
  return rest.substr(prefix.size());
}

std::string to_line(const core::Alert& alert, bool coloured) {
  std::string text =
      fmt::format("{} {} {}", core::to_rfc3339(std::chrono::floor<std::chrono::milliseconds>(alert.time)),
                  core::to_text(alert.priority), core::printable(alert.rule));
  if (!alert.hostname.empty()) text += " on " + core::printable(alert.hostname);
  text += ": " + core::printable(without_prefix(alert.output, alert.priority));
  return coloured ? fmt::format("{}{}\x1b[0m\n", colour(alert.priority), text) : text + "\n";
}

class Stdout final : public Output {
 public:
  Stdout(bool json, asio::any_io_executor executor)
      : json_{json},
        coloured_{isatty(STDOUT_FILENO) == 1 && !std::getenv("NO_COLOR")},
        executor_{std::move(executor)} {}

  Limits limits() const override { return {.items = 100}; }

  asio::awaitable<core::Outcomes> send(Batch batch, Attempt) override {
    core::Outcomes outcomes(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const std::string line = json_ ? core::to_payload(*batch[i]) + "\n" : to_line(*batch[i], coloured_);
      const std::string why = co_await write(line);
      if (why.empty()) continue;
      for (; i < batch.size(); ++i) outcomes[i] = core::Retry{why};
    }
    co_return outcomes;
  }

 private:
  // "" when all of it went out, else why not.
  asio::awaitable<std::string> write(std::string_view text) {
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    asio::steady_timer timer{executor_};
    while (!text.empty()) {
      pollfd out{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
      if (poll(&out, 1, 0) > 0) {
        const ssize_t written = ::write(STDOUT_FILENO, text.data(), std::min(text.size(), kAtOnce));
        if (written > 0) {
          text.remove_prefix(static_cast<std::size_t>(written));
          continue;
        }
        if (errno != EAGAIN && errno != EINTR) co_return fmt::format("stdout: {}", std::strerror(errno));
      }
      if (std::chrono::steady_clock::now() >= give_up) co_return "stdout: nobody reads it";
      boost::system::error_code error;
      timer.expires_after(kLook);
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
    co_return std::string{};
  }

  bool json_, coloured_;
  asio::any_io_executor executor_;
};

}  // namespace

std::unique_ptr<Output> make_stdout(core::Fields& fields, const Surroundings& surroundings) {
  const Reading reading{fields};
  std::string format = "text";
  fields.choice("format", format, {"text", "json"}, "text: one readable line an alert; json: its JSON");
  if (reading.failed()) return nullptr;
  return std::make_unique<Stdout>(format == "json", surroundings.executor);
}

}  // namespace outputs

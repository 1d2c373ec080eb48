// Alerts on standard output.
#include "detector/emit/writers.h"

#include <fmt/format.h>

#include <unistd.h>

#include <cstdlib>

namespace detector {
namespace {

std::string_view colour_of(core::Priority priority) {
  switch (priority) {
    case core::Priority::Emergency:
    case core::Priority::Alert:
    case core::Priority::Critical: return "\033[1;31m";
    case core::Priority::Error: return "\033[31m";
    case core::Priority::Warning: return "\033[33m";
    case core::Priority::Notice: return "\033[36m";
    case core::Priority::Informational: return "\033[32m";
    case core::Priority::Debug: return "\033[2m";
  }
  return {};
}

class StdoutWriter final : public Writer {
 public:
  explicit StdoutWriter(int fd) : fd_{fd}, coloured_{::isatty(fd) == 1 && !std::getenv("NO_COLOR")} {}

  core::Result<> write(const Line& line, int stop) override {
    if (!coloured_) return write_all(fd_, line.text + '\n', stop);
    return write_all(fd_, fmt::format("{}{}\033[0m\n", colour_of(line.priority), line.text), stop);
  }

 private:
  const int fd_;
  const bool coloured_;
};

}  // namespace

std::unique_ptr<Writer> make_stdout_writer(int fd) { return std::make_unique<StdoutWriter>(fd); }

}  // namespace detector

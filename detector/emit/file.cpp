// Alerts in a file. Without keep_alive the file is opened for each alert, as Falco does, so that logrotate needs no signal.
#include "detector/emit/writers.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace detector {
namespace {

class FileWriter final : public Writer {
 public:
  explicit FileWriter(FileOutput options) : options_{std::move(options)} {}
  ~FileWriter() override { close(); }

  core::Result<> write(const Line& line, int stop) override {
    // 0600: alerts hold command lines and paths; whoever may read them is for the operator to say.
    if (fd_ < 0) fd_ = ::open(options_.filename.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd_ < 0) return core::Error{core::Fault::Io, fmt::format("open '{}': {}", options_.filename, std::strerror(errno))};
    auto written = write_all(fd_, line.text + '\n', stop);
    if (!written || !options_.keep_alive) close();
    if (!written) return core::in_context(options_.filename, written.error());
    return {};
  }

  void reopen() override { close(); }

 private:
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  const FileOutput options_;
  int fd_ = -1;
};

}  // namespace

std::unique_ptr<Writer> make_file_writer(const FileOutput& options) { return std::make_unique<FileWriter>(options); }

}  // namespace detector

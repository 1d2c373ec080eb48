// file: the alert's JSON appended to a file, one a line, synced before it counts as delivered. A file that was renamed
// or removed (logrotate) is opened anew at the next batch; copytruncate works because every write appends. fdatasync
// may take long, so the disk is touched on a thread of this output's own, never on the delivery loop.
#include "core/payload.h"
#include "outputs/options.h"
#include "outputs/output.h"

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cstring>

namespace outputs {
namespace {

namespace asio = boost::asio;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_{fd} {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

class File final : public Output {
 public:
  explicit File(std::string path) : path_{std::move(path)} {}
  ~File() override { disk_.join(); }

  Limits limits() const override { return {.items = 1000}; }

  asio::awaitable<core::Outcomes> send(Batch batch, Attempt) override {
    auto appended = append(batch);
    auto outcome = co_await asio::co_spawn(disk_.get_executor(), std::move(appended), asio::use_awaitable);
    co_return core::same_for_all(batch.size(), outcome);
  }

 private:
  asio::awaitable<core::Outcome> append(Batch batch) {
    std::string lines;
    for (const AlertRef& alert : batch) lines += core::to_payload(*alert) + "\n";
    co_return write_and_sync(lines);
  }

  core::Outcome write_and_sync(std::string_view lines);
  // 0, or errno. Afterwards file_ is what `path_` names now.
  int open_current();
  core::Outcome fault(std::string_view doing, int error) const;

  std::string path_;
  Descriptor file_;
  asio::thread_pool disk_{1};
};

core::Outcome File::write_and_sync(std::string_view lines) {
  if (const int error = open_current(); error != 0) return fault("open", error);
  struct stat before {};
  if (fstat(file_.get(), &before) != 0) return fault("stat", errno);
  for (std::string_view rest = lines; !rest.empty();) {
    const ssize_t written = ::write(file_.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      // Half a line would make the next one unreadable too. Only our own bytes are behind the old end: nobody else
      // appends here.
      if (S_ISREG(before.st_mode) && ftruncate(file_.get(), before.st_size) != 0) file_.reset();
      return fault("write", error);
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (fdatasync(file_.get()) != 0 && errno != EINVAL &&
      errno != EROFS) {  // EINVAL: a pipe or terminal, which has nothing to sync
    const int error = errno;
    file_.reset();
    return fault("sync", error);
  }
  return core::Delivered{};
}

int File::open_current() {
  struct stat named {
  }, open_one{};
  const bool same = file_.get() >= 0 && stat(path_.c_str(), &named) == 0 && fstat(file_.get(), &open_one) == 0 &&
                    named.st_dev == open_one.st_dev && named.st_ino == open_one.st_ino;
  if (same) return 0;
  // O_NONBLOCK: a FIFO without a reader answers ENXIO instead of hanging the thread.
  file_.reset(::open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (file_.get() < 0) return errno;
  if (fstat(file_.get(), &open_one) != 0) return errno;
  if (!S_ISREG(open_one.st_mode) || open_one.st_size == 0) return 0;
  // A power cut can leave half a line. It stays what it is, but the next alert begins on a line of its own.
  char last = '\n';
  if (pread(file_.get(), &last, 1, open_one.st_size - 1) == 1 && last != '\n' && ::write(file_.get(), "\n", 1) != 1)
    return errno;
  return 0;
}

core::Outcome File::fault(std::string_view doing, int error) const {
  std::string why = fmt::format("{} {}: {}", doing, path_, std::strerror(error));
  switch (error) {
    case EACCES:
    case EPERM:
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case EROFS:
    case ENXIO:
    case ENAMETOOLONG:
      return core::Misconfigured{std::move(why)};
    default:
      return core::Retry{std::move(why)};
  }
}

}  // namespace

std::unique_ptr<Output> make_file(core::Fields& fields, const Surroundings&) {
  const Reading reading{fields};
  std::string path;
  fields.required("path", path, "the file to append to; made with mode 0600 when it is not there");
  if (reading.failed()) return nullptr;
  return std::make_unique<File>(std::move(path));
}

}  // namespace outputs

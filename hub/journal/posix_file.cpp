// The real disk behind hub/journal/file.h. What is written ahead and what fills it goes past the page cache (O_DIRECT) where the file system can:
// through it each record is copied once more, and each spare segment takes 64 MiB of fresh pages. ENOSPC and EDQUOT become Fault::Full, ENOENT NotFound, everything else Io: callers act on nothing finer.
#include "hub/journal/file.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace hub {

namespace {

core::Error system_error(const std::string& doing) {
  const int number = errno;
  core::Fault fault = core::Fault::Io;
  if (number == ENOSPC || number == EDQUOT) fault = core::Fault::Full;
  if (number == ENOENT) fault = core::Fault::NotFound;
  return {fault, doing + ": " + std::strerror(number)};
}

class PosixFile : public File {
 public:
  PosixFile(int fd, Path path) : fd_(fd), path_(std::move(path)) {}
  ~PosixFile() override { ::close(fd_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  core::Result<std::size_t> read_at(std::uint64_t position, std::span<char> into) override {
    std::size_t have = 0;
    while (have < into.size()) {
      const ssize_t got = ::pread(fd_, into.data() + have, into.size() - have, static_cast<off_t>(position + have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return system_error("read " + path_.string());
      if (got == 0) break;
      have += static_cast<std::size_t>(got);
    }
    return have;
  }

  core::Result<std::size_t> write_at(std::uint64_t position, std::string_view bytes) override {
    for (;;) {
      const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(position));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return system_error("write " + path_.string());
      return static_cast<std::size_t>(written);
    }
  }

  core::Result<> sync() override {
    if (::fdatasync(fd_) != 0) return system_error("sync " + path_.string());
    return {};
  }

  core::Result<> truncate(std::uint64_t size) override {
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) return system_error("truncate " + path_.string());
    return {};
  }

  core::Result<std::uint64_t> size() override {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) return system_error("look at " + path_.string());
    return static_cast<std::uint64_t>(status.st_size);
  }

 protected:
  const Path& path() const { return path_; }

 private:
  int fd_;
  Path path_;
};

// Writes whole blocks past the page cache. The block that the last write ended in is kept, so that the next one can complete it; what lies behind
// it is zeros, as open_ahead() demands. A file system that will not (EINVAL) is written to in the usual way: the same bytes, only dearer.
class AheadFile final : public PosixFile {
 public:
  AheadFile(int fd, int direct, Path path) : PosixFile(fd, std::move(path)), direct_(direct), blocks_(allocate()) {}
  ~AheadFile() override { stop_direct(); }

  core::Result<std::size_t> write_at(std::uint64_t position, std::string_view bytes) override {
    if (direct_ < 0) return PosixFile::write_at(position, bytes);
    const std::size_t before = position % kBlock;   // of the block that is there already
    const std::uint64_t begin = position - before;
    if (before != 0 && begin != kept_at_) {
      if (auto read = read_at(begin, std::span(blocks_.get(), before)); !read) return read;
    } else {
      std::memcpy(blocks_.get(), kept_, before);
    }
    const std::size_t size = std::min(bytes.size(), kMostBytes - before);
    const std::size_t end = before + size;
    const std::size_t whole = (end + kBlock - 1) / kBlock * kBlock;
    std::memcpy(blocks_.get() + before, bytes.data(), size);
    std::memset(blocks_.get() + end, 0, whole - end);

    kept_at_ = kNone;
    const auto written = write_blocks(begin, whole);
    if (direct_ < 0) return PosixFile::write_at(position, bytes);
    if (!written) return written;
    // A short write may still have taken all that was given, and zeros behind it.
    if (*written < whole) return *written > before ? std::min(*written - before, size) : 0;
    kept_at_ = begin + end / kBlock * kBlock;
    std::memcpy(kept_, blocks_.get() + end / kBlock * kBlock, end % kBlock);
    return size;
  }

  core::Result<> truncate(std::uint64_t size) override {
    kept_at_ = kNone;
    return PosixFile::truncate(size);
  }

  static constexpr std::size_t kBlock = 4096, kMostBytes = 1 << 20;
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};
  struct Free {
    void operator()(char* blocks) const { std::free(blocks); }
  };
  using Blocks = std::unique_ptr<char, Free>;
  static Blocks allocate() { return Blocks(static_cast<char*>(std::aligned_alloc(kBlock, kMostBytes))); }

 private:
  core::Result<std::size_t> write_blocks(std::uint64_t begin, std::size_t size) {
    for (;;) {
      const ssize_t written = ::pwrite(direct_, blocks_.get(), size, static_cast<off_t>(begin));
      if (written >= 0) return static_cast<std::size_t>(written);
      if (errno == EINVAL) stop_direct();
      if (errno != EINTR || direct_ < 0) return system_error("write " + path().string());
    }
  }

  void stop_direct() {
    if (direct_ >= 0) ::close(std::exchange(direct_, -1));
  }

  int direct_;
  Blocks blocks_;
  char kept_[kBlock] = {};
  std::uint64_t kept_at_ = kNone;   // where kept_ lies in the file
};

class PosixFileSystem final : public FileSystem {
 public:
  core::Result<std::unique_ptr<File>> open(const Path& path) override {
    // O_NOFOLLOW: nobody else may write into the state directory, so a link in it is a trap.
    return wrap(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW), "open ", path);
  }

  core::Result<std::unique_ptr<File>> open_ahead(const Path& path) override {
    return wrap_ahead(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW), "open ", path);
  }

  core::Result<std::unique_ptr<File>> create_ahead(const Path& path) override {
    return wrap_ahead(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600), "create ", path);
  }

  core::Result<std::unique_ptr<File>> create(const Path& path) override {
    return wrap(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600), "create ", path);
  }

  core::Result<> rename(const Path& from, const Path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return system_error("rename " + from.string());
    return {};
  }

  core::Result<> remove(const Path& path) override {
    if (::unlink(path.c_str()) != 0) return system_error("remove " + path.string());
    return {};
  }

  core::Result<std::vector<std::string>> list(const Path& directory) override {
    DIR* stream = ::opendir(directory.c_str());
    if (stream == nullptr) return system_error("list " + directory.string());
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(stream)) {
      struct stat status {};
      if (::fstatat(::dirfd(stream), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode)) {
        names.emplace_back(entry->d_name);
      }
    }
    ::closedir(stream);
    return names;
  }

  core::Result<> make_directory(const Path& directory) override {
    struct stat status {};
    if (::stat(directory.c_str(), &status) != 0) {
      std::error_code fault;
      if (directory.has_parent_path()) std::filesystem::create_directories(directory.parent_path(), fault);
      if (fault) return core::Error{core::Fault::Io, "make directory " + directory.string() + ": " + fault.message()};
      if (::mkdir(directory.c_str(), 0700) != 0) return system_error("make directory " + directory.string());
      return {};
    }
    if (!S_ISDIR(status.st_mode)) return core::Error{core::Fault::Io, directory.string() + " is not a directory"};
    if ((status.st_mode & 0777) == 0700) return {};
    if (::chmod(directory.c_str(), 0700) != 0) return system_error("close " + directory.string() + " to others");
    return {};
  }

  core::Result<> sync_directory(const Path& directory) override {
    const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return system_error("open directory " + directory.string());
    const bool synced = ::fsync(fd) == 0;
    const core::Error error = synced ? core::Error{} : system_error("sync directory " + directory.string());
    ::close(fd);
    if (!synced) return error;
    return {};
  }

  core::Result<DiskSpace> space(const Path& directory) override {
    struct statvfs status {};
    if (::statvfs(directory.c_str(), &status) != 0) return system_error("measure the file system of " + directory.string());
    return DiskSpace{status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize};
  }

 private:
  static core::Result<std::unique_ptr<File>> wrap(int fd, const char* doing, const Path& path) {
    if (fd < 0) return system_error(doing + path.string());
    return std::unique_ptr<File>(std::make_unique<PosixFile>(fd, path));
  }

  static core::Result<std::unique_ptr<File>> wrap_ahead(int fd, const char* doing, const Path& path) {
    if (fd < 0) return system_error(doing + path.string());
    const int direct = ::open(path.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC | O_NOFOLLOW);   // -1: the usual way
    return std::unique_ptr<File>(std::make_unique<AheadFile>(fd, direct, path));
  }
};

}  // namespace

FileSystem& posix_file_system() {
  static PosixFileSystem file_system;
  return file_system;
}

core::Result<> write_fully(File& file, std::uint64_t position, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = file.write_at(position, bytes);
    if (!written) return written.error();
    // A write that takes nothing and reports nothing would be an endless loop here.
    if (*written == 0) return core::Error{core::Fault::Io, "the disk took no bytes"};
    position += *written;
    bytes.remove_prefix(*written);
  }
  return {};
}

}  // namespace hub

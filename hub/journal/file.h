// The seam between the journal and the disk: all its I/O goes through these two interfaces, so that tests can put a disk there that forgets,
// tears, fills up or lies (tests/support/faulty_file.h, write_back_file.h). Before changing it: a call here is one thing that can fail and
// one point at which the power can go, and the crash tests count exactly these.
#pragma once

#include "core/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hub {

using Path = std::filesystem::path;

// An open file. Any thread may read while another writes elsewhere in it.
class File {
 public:
  virtual ~File() = default;

  // How many bytes were read: fewer than asked for only at the end of the file.
  virtual core::Result<std::size_t> read_at(std::uint64_t position, std::span<char> into) = 0;
  // How many bytes were taken: may be fewer than given (see write_fully). No room → Full; otherwise Io.
  virtual core::Result<std::size_t> write_at(std::uint64_t position, std::string_view bytes) = 0;
  // Everything written before is on the disk. After a fault nobody knows what is: the bytes must be written elsewhere, never synced again
  // (Linux marks the pages clean, so a second fsync would report success for bytes that are gone).
  virtual core::Result<> sync() = 0;
  virtual core::Result<> truncate(std::uint64_t size) = 0;
  virtual core::Result<std::uint64_t> size() = 0;
};

struct DiskSpace {
  std::uint64_t total = 0, free = 0;   // free: to us, without what is kept for root
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual core::Result<std::unique_ptr<File>> open(const Path& path) = 0;      // to read and write; NotFound when it is not there
  virtual core::Result<std::unique_ptr<File>> create(const Path& path) = 0;    // 0600; an existing one is emptied
  // The same two for a file of zeros, whole blocks of 4 KiB, that is filled from the front: behind what is written there are zeros, and may be
  // written as such again.
  virtual core::Result<std::unique_ptr<File>> open_ahead(const Path& path) { return open(path); }
  virtual core::Result<std::unique_ptr<File>> create_ahead(const Path& path) { return create(path); }
  virtual core::Result<> rename(const Path& from, const Path& to) = 0;
  virtual core::Result<> remove(const Path& path) = 0;                         // NotFound when it is not there
  virtual core::Result<std::vector<std::string>> list(const Path& directory) = 0;   // names of the plain files in it
  virtual core::Result<> make_directory(const Path& directory) = 0;            // with its parents; an existing one is tightened to 0700
  // Names created, renamed and removed in it before this are on the disk.
  virtual core::Result<> sync_directory(const Path& directory) = 0;
  virtual core::Result<DiskSpace> space(const Path& directory) = 0;
};

// The real one. No state; lives as long as the program.
FileSystem& posix_file_system();

// Goes on after short writes.
core::Result<> write_fully(File& file, std::uint64_t position, std::string_view bytes);

}  // namespace hub

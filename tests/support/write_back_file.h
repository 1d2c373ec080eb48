// A file system on the real disk whose writes stay in this process until sync(), so that SIGKILL loses what was not synced, as a power cut would. A
// program linked with it shows what its acknowledgements are worth. Names (create, rename, remove) and truncate take effect at once. Any thread.
#pragma once

#include "hub/journal/file.h"

#include <map>
#include <memory>
#include <mutex>

namespace tests {

class WriteBackFileSystem final : public hub::FileSystem {
 public:
  // Lying: sync() reports success and writes nothing; what was written reaches the disk only when this object ends in order. The planted defect
  // "acknowledgement before sync".
  enum class Sync : std::uint8_t { Honest, Lying };

  explicit WriteBackFileSystem(Sync sync) : sync_(sync) {}
  ~WriteBackFileSystem() override;

  core::Result<std::unique_ptr<hub::File>> open(const hub::Path& path) override;
  core::Result<std::unique_ptr<hub::File>> create(const hub::Path& path) override;
  core::Result<> rename(const hub::Path& from, const hub::Path& to) override;
  core::Result<> remove(const hub::Path& path) override;
  core::Result<std::vector<std::string>> list(const hub::Path& directory) override;
  core::Result<> make_directory(const hub::Path& directory) override;
  core::Result<> sync_directory(const hub::Path& directory) override;
  core::Result<hub::DiskSpace> space(const hub::Path& directory) override;

 private:
  friend class WriteBackFile;
  // What all open files of one name share.
  struct Pages {
    std::mutex mutex;
    std::unique_ptr<hub::File> file;
    std::map<std::uint64_t, std::string> unwritten;   // not overlapping
    std::uint64_t size = 0;
  };
  static core::Result<> flush(Pages& pages);
  core::Result<std::unique_ptr<hub::File>> share(const hub::Path& path, core::Result<std::unique_ptr<hub::File>> file);

  const Sync sync_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Pages>> pages_;
};

}  // namespace tests

// The overlay: byte ranges not yet written, per file name. Reads see the disk with the ranges laid over it.
#include "tests/support/write_back_file.h"

#include <algorithm>
#include <cstring>

namespace tests {

class WriteBackFile final : public hub::File {
 public:
  using Pages = WriteBackFileSystem::Pages;
  WriteBackFile(std::shared_ptr<Pages> pages, WriteBackFileSystem::Sync sync) : pages_(std::move(pages)), sync_(sync) {}

  core::Result<std::size_t> read_at(std::uint64_t position, std::span<char> into) override {
    const std::lock_guard lock(pages_->mutex);
    if (position >= pages_->size) return std::size_t{0};
    into = into.first(std::min<std::uint64_t>(into.size(), pages_->size - position));
    const auto got = pages_->file->read_at(position, into);
    if (!got) return got;
    std::fill(into.begin() + static_cast<std::ptrdiff_t>(*got), into.end(), '\0');
    const std::uint64_t end = position + into.size();
    auto range = pages_->unwritten.upper_bound(position);
    if (range != pages_->unwritten.begin()) --range;
    for (; range != pages_->unwritten.end() && range->first < end; ++range) {
      const auto& [begin, bytes] = *range;
      const std::uint64_t from = std::max(begin, position), to = std::min(begin + bytes.size(), end);
      if (from < to) std::memcpy(into.data() + (from - position), bytes.data() + (from - begin), to - from);
    }
    return into.size();
  }

  core::Result<std::size_t> write_at(std::uint64_t position, std::string_view bytes) override {
    const std::lock_guard lock(pages_->mutex);
    cut_out(position, position + bytes.size());
    pages_->unwritten[position] = std::string(bytes);
    pages_->size = std::max<std::uint64_t>(pages_->size, position + bytes.size());
    return bytes.size();
  }

  core::Result<> sync() override {
    if (sync_ == WriteBackFileSystem::Sync::Lying) return {};
    const std::lock_guard lock(pages_->mutex);
    if (auto flushed = WriteBackFileSystem::flush(*pages_); !flushed) return flushed;
    return pages_->file->sync();
  }

  core::Result<> truncate(std::uint64_t size) override {
    const std::lock_guard lock(pages_->mutex);
    cut_out(size, UINT64_MAX);
    pages_->size = size;
    return pages_->file->truncate(size);
  }

  core::Result<std::uint64_t> size() override {
    const std::lock_guard lock(pages_->mutex);
    return pages_->size;
  }

 private:
  // Forgets the unwritten bytes of [from, to), keeping what stands around them.
  void cut_out(std::uint64_t from, std::uint64_t to) {
    auto& unwritten = pages_->unwritten;
    auto range = unwritten.upper_bound(from);
    if (range != unwritten.begin()) --range;
    while (range != unwritten.end() && range->first < to) {
      const std::uint64_t begin = range->first, end = begin + range->second.size();
      if (end <= from) {
        ++range;
        continue;
      }
      const std::string bytes = std::move(range->second);
      range = unwritten.erase(range);
      if (begin < from) unwritten[begin] = bytes.substr(0, from - begin);
      if (end > to) unwritten[to] = bytes.substr(to - begin);
    }
  }

  std::shared_ptr<Pages> pages_;
  const WriteBackFileSystem::Sync sync_;
};

WriteBackFileSystem::~WriteBackFileSystem() {
  for (auto& [path, pages] : pages_) {
    const std::lock_guard lock(pages->mutex);
    (void)flush(*pages);
  }
}

core::Result<> WriteBackFileSystem::flush(Pages& pages) {
  for (const auto& [position, bytes] : pages.unwritten) {
    if (auto written = hub::write_fully(*pages.file, position, bytes); !written) return written;
  }
  pages.unwritten.clear();
  return {};
}

core::Result<std::unique_ptr<hub::File>> WriteBackFileSystem::share(const hub::Path& path, core::Result<std::unique_ptr<hub::File>> file) {
  if (!file) return file.error();
  auto& pages = pages_[path.string()];
  if (!pages) {
    pages = std::make_shared<Pages>();
    const auto size = (*file)->size();
    if (!size) return size.error();
    pages->size = *size;
    pages->file = std::move(*file);
  }
  return std::unique_ptr<hub::File>(std::make_unique<WriteBackFile>(pages, sync_));
}

core::Result<std::unique_ptr<hub::File>> WriteBackFileSystem::open(const hub::Path& path) {
  const std::lock_guard lock(mutex_);
  return share(path, hub::posix_file_system().open(path));
}

core::Result<std::unique_ptr<hub::File>> WriteBackFileSystem::create(const hub::Path& path) {
  const std::lock_guard lock(mutex_);
  pages_.erase(path.string());
  return share(path, hub::posix_file_system().create(path));
}

core::Result<> WriteBackFileSystem::rename(const hub::Path& from, const hub::Path& to) {
  const std::lock_guard lock(mutex_);
  if (auto renamed = hub::posix_file_system().rename(from, to); !renamed) return renamed;
  pages_.erase(to.string());
  if (auto pages = pages_.extract(from.string()); !pages.empty()) {
    pages.key() = to.string();
    pages_.insert(std::move(pages));
  }
  return {};
}

core::Result<> WriteBackFileSystem::remove(const hub::Path& path) {
  const std::lock_guard lock(mutex_);
  pages_.erase(path.string());
  return hub::posix_file_system().remove(path);
}

core::Result<std::vector<std::string>> WriteBackFileSystem::list(const hub::Path& directory) {
  return hub::posix_file_system().list(directory);
}

core::Result<> WriteBackFileSystem::make_directory(const hub::Path& directory) { return hub::posix_file_system().make_directory(directory); }

core::Result<> WriteBackFileSystem::sync_directory(const hub::Path& directory) { return hub::posix_file_system().sync_directory(directory); }

core::Result<hub::DiskSpace> WriteBackFileSystem::space(const hub::Path& directory) { return hub::posix_file_system().space(directory); }

}  // namespace tests

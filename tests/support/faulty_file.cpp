// Names are kept as whole snapshots, one for each change: a crash keeps a prefix of the changes, as a journalling file system does.
#include "tests/support/faulty_file.h"

#include <algorithm>

namespace tests {

namespace {

const core::Error kIo{core::Fault::Io, "Input/output error"};
const core::Error kFull{core::Fault::Full, "No space left on device"};
constexpr std::size_t kSector = 512;

}  // namespace

class FaultyFile final : public hub::File {
 public:
  FaultyFile(FaultyFileSystem& disk, FaultyFileSystem::NodeRef node) : disk_(disk), node_(std::move(node)) {}

  core::Result<std::size_t> read_at(std::uint64_t position, std::span<char> into) override {
    const std::lock_guard lock(disk_.mutex_);
    if (disk_.power_is_cut_) return kIo;
    if (position >= node_->seen.size()) return std::size_t{0};
    return node_->seen.copy(into.data(), into.size(), position);
  }
  core::Result<std::size_t> write_at(std::uint64_t position, std::string_view bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    return disk_.write(*node_, position, bytes);
  }
  core::Result<> sync() override {
    const std::lock_guard lock(disk_.mutex_);
    return disk_.sync(*node_);
  }
  core::Result<> truncate(std::uint64_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    return disk_.truncate(*node_, size);
  }
  core::Result<std::uint64_t> size() override {
    const std::lock_guard lock(disk_.mutex_);
    if (disk_.power_is_cut_) return kIo;
    return std::uint64_t{node_->seen.size()};
  }

 private:
  FaultyFileSystem& disk_;
  FaultyFileSystem::NodeRef node_;
};

std::uint64_t FaultyFileSystem::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

void FaultyFileSystem::fail_call(std::uint64_t number, Failure failure) {
  const std::lock_guard lock(mutex_);
  failures_[number] = failure;
}

void FaultyFileSystem::fail_all_syncs(bool failing) {
  const std::lock_guard lock(mutex_);
  failing_syncs_ = failing;
}

void FaultyFileSystem::lie(bool lying) {
  const std::lock_guard lock(mutex_);
  lying_ = lying;
}

void FaultyFileSystem::set_capacity(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  capacity_ = bytes;
}

void FaultyFileSystem::occupy(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  occupied_ = bytes;
}

void FaultyFileSystem::crash(Unsynced unsynced, std::uint32_t seed) {
  const std::lock_guard lock(mutex_);
  failures_.clear();
  power_is_cut_ = false;
  if (unsynced == Unsynced::Kept) return;
  std::mt19937 random(seed);
  std::size_t kept_names = 0;
  if (unsynced == Unsynced::Torn) kept_names = random() % names_history_.size();
  names_ = names_history_[kept_names];
  names_history_ = {names_};
  for (auto& [name, node] : names_) {
    std::string after = node->on_disk;
    for (const Change& change : node->unsynced) {
      if (unsynced == Unsynced::Dropped) break;
      if (change.is_truncate) {
        if (random() % 2 == 0) apply(after, change);
        continue;
      }
      for (std::size_t at = 0; at < change.bytes.size();) {
        const std::size_t length = std::min(kSector - (change.position + at) % kSector, change.bytes.size() - at);
        if (random() % 2 == 0) apply(after, {false, change.position + at, change.bytes.substr(at, length)});
        at += length;
      }
    }
    // A new node, so that what the dead program still holds open cannot write into the new life.
    auto reborn = std::make_shared<Node>();
    reborn->seen = after;
    reborn->on_disk = std::move(after);
    node = std::move(reborn);
  }
  names_history_ = {names_};
}

std::string FaultyFileSystem::bytes_of(const hub::Path& path) const {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(path.string());
  return found == names_.end() ? std::string() : found->second->seen;
}

void FaultyFileSystem::overwrite(const hub::Path& path, std::uint64_t position, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  Node& node = *names_.at(path.string());
  apply(node.seen, {false, position, std::string(bytes)});
  apply(node.on_disk, {false, position, std::string(bytes)});
}

std::vector<std::string> FaultyFileSystem::names(const std::string& suffix) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> found;
  for (const auto& [name, node] : names_) {
    if (name.size() >= suffix.size() && name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0) found.push_back(name);
  }
  return found;
}

core::Result<> FaultyFileSystem::begin_call(const char* what, Failure* failure, bool* fails) {
  const std::uint64_t number = calls_++;
  const auto planned = failures_.find(number);
  if (planned != failures_.end() && planned->second == Failure::PowerCut) power_is_cut_ = true;
  if (power_is_cut_) return core::Error{core::Fault::Io, std::string(what) + ": the power is cut"};
  if (planned == failures_.end()) return {};
  if (failure != nullptr) {
    *failure = planned->second;
    *fails = true;
    return {};
  }
  return planned->second == Failure::Full ? kFull : kIo;
}

core::Result<std::size_t> FaultyFileSystem::write(Node& node, std::uint64_t position, std::string_view bytes) {
  Failure failure{};
  bool fails = false;
  if (auto begun = begin_call("write", &failure, &fails); !begun) {
    // The write under way when the power goes may reach the disk in part.
    if (calls_ > 0 && failures_.contains(calls_ - 1)) node.unsynced.push_back({false, position, std::string(bytes)});
    return begun.error();
  }
  if (fails && failure == Failure::Io) return kIo;
  if (fails && failure == Failure::Full) return kFull;
  if (fails && failure == Failure::ShortWrite) bytes = bytes.substr(0, (bytes.size() + 1) / 2);
  const std::uint64_t end = position + bytes.size();
  if (end > node.seen.size()) {
    const std::uint64_t more = end - node.seen.size();
    const std::uint64_t free = capacity_ > used() ? capacity_ - used() : 0;
    if (free == 0) return kFull;
    if (more > free) {
      const std::uint64_t cut = more - free;
      if (cut >= bytes.size()) return kFull;
      bytes = bytes.substr(0, bytes.size() - cut);
    }
  }
  Change change{false, position, std::string(bytes)};
  apply(node.seen, change);
  node.unsynced.push_back(std::move(change));
  return bytes.size();
}

core::Result<> FaultyFileSystem::sync(Node& node) {
  const auto begun = begin_call("sync");
  if (!begun || failing_syncs_) {
    // Linux marks the pages clean after a failed write-back; a cut keeps them for crash() to tear.
    if (!power_is_cut_) node.unsynced.clear();
    return begun ? core::Result<>(kIo) : begun;
  }
  if (lying_) return {};
  for (const Change& change : node.unsynced) apply(node.on_disk, change);
  node.unsynced.clear();
  return {};
}

core::Result<> FaultyFileSystem::truncate(Node& node, std::uint64_t size) {
  if (auto begun = begin_call("truncate"); !begun) return begun;
  Change change{true, size, {}};
  apply(node.seen, change);
  node.unsynced.push_back(std::move(change));
  return {};
}

void FaultyFileSystem::apply(std::string& bytes, const Change& change) {
  if (change.is_truncate) {
    bytes.resize(change.position, '\0');
    return;
  }
  if (bytes.size() < change.position + change.bytes.size()) bytes.resize(change.position + change.bytes.size(), '\0');
  bytes.replace(change.position, change.bytes.size(), change.bytes);
}

void FaultyFileSystem::names_changed() { names_history_.push_back(names_); }

std::uint64_t FaultyFileSystem::used() const {
  std::uint64_t used = occupied_;
  for (const auto& [name, node] : names_) used += node->seen.size();
  return used;
}

core::Result<std::unique_ptr<hub::File>> FaultyFileSystem::open(const hub::Path& path) {
  const std::lock_guard lock(mutex_);
  if (power_is_cut_) return kIo;
  const auto found = names_.find(path.string());
  if (found == names_.end()) return core::Error{core::Fault::NotFound, "open " + path.string() + ": No such file or directory"};
  return std::unique_ptr<hub::File>(std::make_unique<FaultyFile>(*this, found->second));
}

core::Result<std::unique_ptr<hub::File>> FaultyFileSystem::create(const hub::Path& path) {
  const std::lock_guard lock(mutex_);
  if (auto begun = begin_call("create"); !begun) return begun.error();
  auto node = std::make_shared<Node>();
  names_[path.string()] = node;
  names_changed();
  return std::unique_ptr<hub::File>(std::make_unique<FaultyFile>(*this, std::move(node)));
}

core::Result<> FaultyFileSystem::rename(const hub::Path& from, const hub::Path& to) {
  const std::lock_guard lock(mutex_);
  if (auto begun = begin_call("rename"); !begun) return begun;
  const auto found = names_.find(from.string());
  if (found == names_.end()) return core::Error{core::Fault::NotFound, "rename " + from.string() + ": No such file or directory"};
  const NodeRef node = found->second;
  names_.erase(found);
  names_[to.string()] = node;
  names_changed();
  return {};
}

core::Result<> FaultyFileSystem::remove(const hub::Path& path) {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(path.string());
  if (found == names_.end() && !power_is_cut_) return core::Error{core::Fault::NotFound, "remove " + path.string() + ": No such file or directory"};
  if (auto begun = begin_call("remove"); !begun) return begun;
  names_.erase(found);
  names_changed();
  return {};
}

core::Result<std::vector<std::string>> FaultyFileSystem::list(const hub::Path& directory) {
  const std::lock_guard lock(mutex_);
  if (power_is_cut_) return kIo;
  std::vector<std::string> names;
  for (const auto& [name, node] : names_) {
    const hub::Path path = name;
    if (path.parent_path() == directory) names.push_back(path.filename().string());
  }
  return names;
}

core::Result<> FaultyFileSystem::make_directory(const hub::Path&) {
  const std::lock_guard lock(mutex_);
  return begin_call("make directory");
}

core::Result<> FaultyFileSystem::sync_directory(const hub::Path&) {
  const std::lock_guard lock(mutex_);
  if (auto begun = begin_call("sync directory"); !begun) return begun;
  if (!lying_) names_history_ = {names_};
  return {};
}

core::Result<hub::DiskSpace> FaultyFileSystem::space(const hub::Path&) {
  const std::lock_guard lock(mutex_);
  if (power_is_cut_) return kIo;
  const std::uint64_t taken = used();
  return hub::DiskSpace{capacity_, capacity_ > taken ? capacity_ - taken : 0};
}

}  // namespace tests

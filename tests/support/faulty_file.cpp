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
    if (auto looked = disk_.look(); !looked) return looked.error();
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
    if (auto looked = disk_.look(); !looked) return looked.error();
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

std::uint64_t FaultyFileSystem::calls(const std::string& what) const {
  const std::lock_guard lock(mutex_);
  const auto found = calls_by_name_.find(what);
  return found == calls_by_name_.end() ? 0 : found->second;
}

void FaultyFileSystem::set_read_only(bool read_only) {
  const std::lock_guard lock(mutex_);
  read_only_ = read_only;
}

std::uint64_t FaultyFileSystem::looks() const {
  const std::lock_guard lock(mutex_);
  return looks_;
}

void FaultyFileSystem::fail_look(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  failing_look_ = number;
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
    if (unsynced == Unsynced::Torn) {
      for (const Change& piece : pieces(*node)) {
        if (random() % 2 == 0) apply(after, piece);
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

std::size_t FaultyFileSystem::unsynced_names() const {
  const std::lock_guard lock(mutex_);
  return names_history_.size() - 1;
}

std::vector<FaultyFileSystem::Change> FaultyFileSystem::pieces(const Node& node) {
  std::vector<Change> pieces;
  for (const Change& change : node.unsynced) {
    if (change.is_truncate) pieces.push_back(change);
    for (std::size_t at = 0; at < change.bytes.size();) {
      const std::size_t length = std::min(kSector - (change.position + at) % kSector, change.bytes.size() - at);
      pieces.push_back({false, change.position + at, change.bytes.substr(at, length)});
      at += length;
    }
  }
  return pieces;
}

std::vector<std::size_t> FaultyFileSystem::unsynced_pieces(std::size_t name_changes) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::size_t> lengths;
  for (const auto& [name, node] : names_history_[name_changes]) {
    for (const Change& piece : pieces(*node)) lengths.push_back(piece.bytes.size());
  }
  return lengths;
}

bool FaultyFileSystem::cut_in_write() const {
  const std::lock_guard lock(mutex_);
  return cut_in_write_;
}

void FaultyFileSystem::crash(const Kept& kept) {
  const std::lock_guard lock(mutex_);
  failures_.clear();
  power_is_cut_ = false;
  names_ = names_history_[kept.name_changes];
  std::size_t number = 0;
  for (auto& [name, node] : names_) {
    std::string after = node->on_disk;
    for (Change& piece : pieces(*node)) {
      const std::size_t its = number++;
      if (!kept.piece(its)) continue;
      if (its == kept.tear_piece) piece.bytes.resize(std::min(piece.bytes.size(), kept.tear_bytes));
      apply(after, piece);
    }
    node = std::make_shared<Node>(Node{after, after, {}});
  }
  names_history_ = {names_};
}

std::unique_ptr<FaultyFileSystem> FaultyFileSystem::clone() const {
  const std::lock_guard lock(mutex_);
  auto copy = std::make_unique<FaultyFileSystem>(capacity_);
  copy->occupied_ = occupied_;
  copy->power_is_cut_ = power_is_cut_;
  std::map<const Node*, NodeRef> copies;
  const auto copy_names = [&](const Names& names) {
    Names copied;
    for (const auto& [name, node] : names) {
      NodeRef& twin = copies[node.get()];
      if (!twin) twin = std::make_shared<Node>(*node);
      copied[name] = twin;
    }
    return copied;
  };
  copy->names_ = copy_names(names_);
  copy->names_history_.clear();
  for (const Names& names : names_history_) copy->names_history_.push_back(copy_names(names));
  return copy;
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
  calls_by_name_[what] += 1;
  if (read_only_) return core::Error{core::Fault::Io, std::string(what) + ": Read-only file system"};
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

core::Result<> FaultyFileSystem::look() {
  if (power_is_cut_ || looks_++ == failing_look_) return kIo;
  return {};
}

core::Result<std::size_t> FaultyFileSystem::write(Node& node, std::uint64_t position, std::string_view bytes) {
  Failure failure{};
  bool fails = false;
  if (auto begun = begin_call("write", &failure, &fails); !begun) {
    // The write under way when the power goes may reach the disk in part.
    if (power_is_cut_ && failures_.contains(calls_ - 1)) {
      node.unsynced.push_back({false, position, std::string(bytes)});
      cut_in_write_ = true;
    }
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
  if (auto looked = look(); !looked) return looked.error();
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
  if (auto looked = look(); !looked) return looked.error();
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

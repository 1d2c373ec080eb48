// A disk in memory with a page cache: what was written but not synced is seen by readers and may be gone after crash(). It fails the call it is told
// to fail, fills up, and tears what was under way when the power went. Any thread.
#pragma once

#include "hub/journal/file.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>

namespace tests {

enum class Failure : std::uint8_t {
  Io,          // EIO; a sync that fails forgets what was to be synced, as Linux does: it stays readable and never reaches the disk
  Full,        // ENOSPC
  ShortWrite,  // the call succeeds with half of the bytes (other calls: Io)
  PowerCut,    // this call and all later ones fail, until crash()
};

enum class Unsynced : std::uint8_t {
  Dropped,     // nothing of it reached the disk
  Torn,        // sectors of 512 bytes did or did not, at random; names up to a random point
  Kept,        // the program was killed, not the machine: it is in the page cache still, and still not on the disk
};

class FaultyFileSystem final : public hub::FileSystem {
 public:
  explicit FaultyFileSystem(std::uint64_t capacity = 1 << 30) : capacity_(capacity) {}

  // Calls that change something are counted from 0: write, sync, truncate, create, rename, remove, sync_directory, make_directory.
  std::uint64_t calls() const;
  std::uint64_t calls(const std::string& what) const;   // those of one of these names
  void fail_call(std::uint64_t number, Failure failure);
  void fail_all_syncs(bool failing);                 // every sync from now on gets EIO
  void set_read_only(bool read_only);                // EROFS for every call that changes something, also through open files
  // Calls that only look (open, read, size, list) are counted apart, from 0; this one gets EIO.
  std::uint64_t looks() const;
  void fail_look(std::uint64_t number);
  void lie(bool lying);                              // sync reports success and does nothing: the planted defect
  void set_capacity(std::uint64_t bytes);
  void occupy(std::uint64_t bytes);                  // somebody else's files on the same disk

  // The machine is off and on again: what was not synced becomes what `unsynced` says, and calls work again.
  void crash(Unsynced unsynced, std::uint32_t seed = 0);

  // The same, chosen piece by piece. Pieces are the sectors of 512 bytes and the truncations not yet synced, in the order in which they were made;
  // names are kept up to a change, as a journalling file system does.
  struct Kept {
    std::size_t name_changes = 0;                    // at most unsynced_names()
    std::function<bool(std::size_t piece)> piece;    // any order of writing leaves some set of them
    std::size_t tear_piece = SIZE_MAX;               // of this one only the first `tear_bytes` bytes arrived
    std::size_t tear_bytes = 0;
  };
  std::size_t unsynced_names() const;
  // Their lengths (0: a truncation), of the files that have a name then.
  std::vector<std::size_t> unsynced_pieces(std::size_t name_changes) const;
  bool cut_in_write() const;                         // the power went during a write, which is the last of the pieces of its file
  void crash(const Kept& kept);

  // Another disk in the same state, also in what it has not synced. Files that are open belong to the old one.
  std::unique_ptr<FaultyFileSystem> clone() const;

  // For tests that damage what is on the disk.
  std::string bytes_of(const hub::Path& path) const;
  void overwrite(const hub::Path& path, std::uint64_t position, std::string_view bytes);
  std::vector<std::string> names(const std::string& suffix) const;   // full paths of what is there now

  core::Result<std::unique_ptr<hub::File>> open(const hub::Path& path) override;
  core::Result<std::unique_ptr<hub::File>> create(const hub::Path& path) override;
  core::Result<> rename(const hub::Path& from, const hub::Path& to) override;
  core::Result<> remove(const hub::Path& path) override;
  core::Result<std::vector<std::string>> list(const hub::Path& directory) override;
  core::Result<> make_directory(const hub::Path& directory) override;
  core::Result<> sync_directory(const hub::Path& directory) override;
  core::Result<hub::DiskSpace> space(const hub::Path& directory) override;

 private:
  friend class FaultyFile;
  struct Change {
    bool is_truncate = false;
    std::uint64_t position = 0;
    std::string bytes;
  };
  struct Node {
    std::string seen, on_disk;
    std::vector<Change> unsynced;
  };
  using NodeRef = std::shared_ptr<Node>;
  using Names = std::map<std::string, NodeRef>;

  // Counts the call; the fault it is to have, if any. `Full` and `ShortWrite` are left to the caller in `failure`.
  core::Result<> begin_call(const char* what, Failure* failure = nullptr, bool* fails = nullptr);
  core::Result<> look();
  static std::vector<Change> pieces(const Node& node);
  core::Result<std::size_t> write(Node& node, std::uint64_t position, std::string_view bytes);
  core::Result<> sync(Node& node);
  core::Result<> truncate(Node& node, std::uint64_t size);
  void names_changed();
  std::uint64_t used() const;
  static void apply(std::string& bytes, const Change& change);

  mutable std::mutex mutex_;
  std::uint64_t capacity_, occupied_ = 0, calls_ = 0;
  std::map<std::uint64_t, Failure> failures_;
  std::map<std::string, std::uint64_t> calls_by_name_;
  std::uint64_t looks_ = 0, failing_look_ = UINT64_MAX;
  bool power_is_cut_ = false, cut_in_write_ = false, lying_ = false, failing_syncs_ = false, read_only_ = false;
  Names names_;
  std::vector<Names> names_history_{Names{}};   // [0] is on the disk; each later one is a change not yet synced
};

}  // namespace tests

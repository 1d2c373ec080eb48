// The spare segment changes hands between two threads: upkeep writes it, the writer takes it. What is proved here once
// cost acknowledged alerts.
#include "tests/unit/hub/journal/journal_driver.h"

#include "hub/journal/disk_room.h"
#include "hub/journal/segment_writer.h"

#include <functional>

using namespace tests;

namespace {

// A disk that lets something else happen just after a file was opened.
class Interleaved final : public hub::FileSystem {
 public:
  explicit Interleaved(hub::FileSystem& disk) : disk_(disk) {}
  std::function<void()> after_open;

  core::Result<std::unique_ptr<hub::File>> open(const hub::Path& path) override {
    auto file = disk_.open(path);
    if (auto meanwhile = std::exchange(after_open, nullptr)) meanwhile();
    return file;
  }
  core::Result<std::unique_ptr<hub::File>> create(const hub::Path& path) override { return disk_.create(path); }
  core::Result<> rename(const hub::Path& from, const hub::Path& to) override { return disk_.rename(from, to); }
  core::Result<> remove(const hub::Path& path) override { return disk_.remove(path); }
  core::Result<std::vector<std::string>> list(const hub::Path& directory) override { return disk_.list(directory); }
  core::Result<> make_directory(const hub::Path& directory) override { return disk_.make_directory(directory); }
  core::Result<> sync_directory(const hub::Path& directory) override { return disk_.sync_directory(directory); }
  core::Result<hub::DiskSpace> space(const hub::Path& directory) override { return disk_.space(directory); }

 private:
  hub::FileSystem& disk_;
};

}  // namespace

TEST_CASE("a segment keeps its name when the next spare is finished while the writer begins it") {
  FaultyFileSystem memory;
  Interleaved disk(memory);
  hub::DiskRoom room(disk, kJournalDirectory, {16 << 10, 8 << 10});
  room.open();
  REQUIRE(room.restore());
  const hub::Path spare = room.take_spare(std::chrono::milliseconds(0));
  REQUIRE(!spare.empty());
  hub::SegmentHead head;
  head.id = 7;
  head.first = {1};

  disk.after_open = [&] { REQUIRE(room.restore()); };  // upkeep is quicker than the writer
  auto writer = hub::SegmentWriter::begin(disk, kJournalDirectory, head, spare);
  REQUIRE(writer);
  std::string commit;
  hub::append_commit(commit, head, {1}, {{1}, 1});
  hub::append_record(commit, head, 1, {1}, "acknowledged");
  REQUIRE((*writer)->commit(commit));

  const std::string named = memory.bytes_of(kJournalDirectory / hub::segment_name(7));
  REQUIRE(named.size() == 16 << 10);
  CHECK(hub::decode_segment_head(std::string_view(named).substr(0, hub::kSegmentHeadBytes)).has_value());
  CHECK(named.find("acknowledged") != std::string::npos);
  CHECK(room.has_spare());
  CHECK(memory.bytes_of(kJournalDirectory / "spare") == std::string(16 << 10, '\0'));
}

TEST_CASE("a spare that was taken and never became a segment is gone after a restart, and another is written") {
  FaultyFileSystem disk;
  {
    hub::DiskRoom room(disk, kJournalDirectory, {16 << 10, 8 << 10});
    room.open();
    REQUIRE(room.restore());
    REQUIRE(!room.take_spare(std::chrono::milliseconds(0)).empty());
  }

  hub::DiskRoom room(disk, kJournalDirectory, {16 << 10, 8 << 10});
  room.open();

  CHECK(disk.names("segment.tmp").empty());
  CHECK(!room.has_spare());
  CHECK(room.restore());
  CHECK(room.has_spare());
}

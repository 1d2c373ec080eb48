// Bits that change on the disk: what is damaged is found, counted and left out, and nothing beside it.
#include "tests/unit/hub/journal/oracle.h"

#include "hub/journal/record_format.h"

using namespace tests;
using hub::Offset;

namespace {

// Twenty records of a hundred bytes, one a commit, and the segment's name.
std::string fill(FaultyFileSystem& disk, Oracle& oracle, int records = 20) {
  auto journal = open_or_fail(disk);
  for (int number = 0; number < records; ++number) {
    std::vector<hub::NewRecord> one;
    one.push_back(alert(oracle.payload(100)));
    REQUIRE(oracle.append(*journal, std::move(one)));
  }
  return disk.names(".segment").front();
}

constexpr std::uint64_t kCommit = hub::kCommitBytes + hub::framed_bytes(100);

void flip(FaultyFileSystem& disk, const std::string& name, std::uint64_t position) {
  std::string byte = disk.bytes_of(name).substr(position, 1);
  byte[0] = static_cast<char>(byte[0] ^ 0x10);
  disk.overwrite(name, position, byte);
}

}  // namespace

TEST_CASE("a flipped bit costs the record it is in and no other, wherever it is") {
  const Quiet quiet;
  // The eighth commit of twenty: every byte of its commit record and of its record.
  const std::uint64_t begin = hub::kSegmentHeadBytes + 7 * kCommit;
  for (std::uint64_t position = begin; position < begin + kCommit; ++position) {
    INFO("byte " << position - begin << " of the commit");
    FaultyFileSystem disk;
    Oracle oracle;
    const std::string name = fill(disk, oracle);
    flip(disk, name, position);

    auto journal = open_or_fail(disk);
    const auto records = read_all(*journal);

    const std::uint64_t in_commit = position - begin;
    const bool hits_record = in_commit >= hub::kCommitBytes && in_commit < hub::kCommitBytes + hub::kRecordHeadBytes + 100;
    REQUIRE(records.size() == (hits_record ? 19 : 20));
    CHECK(journal->status().quarantined_records == (hits_record ? 1 : 0));
    CHECK(journal->status().torn_bytes == 0);
    if (hits_record) {
      CHECK(journal->read_one({8}).error().fault == core::Fault::Corrupt);
      CHECK(disk.names(".damaged").size() == 1);
    }
    CHECK(journal->read_one({9})->payload == records[hits_record ? 7 : 8].payload);
    CHECK(append_and_wait(*journal, "next").value() == Offset{21});
  }
}

TEST_CASE("either copy of a segment's head is enough") {
  const Quiet quiet;
  for (const std::uint64_t position : {0, 8, 20, 50, 63, 2048, 2056, 2111}) {
    FaultyFileSystem disk;
    Oracle oracle;
    const std::string name = fill(disk, oracle);
    flip(disk, name, position);
    auto journal = open_or_fail(disk);
    CHECK(oracle.check(*journal) == "");
  }
}

TEST_CASE("a segment whose head is gone is set aside, the others are read, and its offsets are not given again") {
  const Quiet quiet;
  for (const bool newest : {false, true}) {
    FaultyFileSystem disk;
    Oracle oracle;
    fill(disk, oracle);
    fill(disk, oracle);
    const std::string name = newest ? disk.names(".segment").back() : disk.names(".segment").front();
    flip(disk, name, 3);
    flip(disk, name, 2051);

    auto journal = open_or_fail(disk);

    CHECK(read_all(*journal).size() == 20);
    CHECK(append_and_wait(*journal, "next").value() > Offset{40});
    CHECK(disk.bytes_of("/state/journal/quarantine/" + hub::Path(name).filename().string()).size() > 4096);
  }
}

TEST_CASE("damage in an older segment is found when it is read, counted once, and stepped over") {
  const Quiet quiet;
  FaultyFileSystem disk;
  Oracle oracle;
  const std::string name = fill(disk, oracle);
  fill(disk, oracle);
  flip(disk, name, hub::kSegmentHeadBytes + 3 * kCommit + hub::kCommitBytes + 50);
  auto journal = open_or_fail(disk);
  CHECK(journal->status().quarantined_records == 0);
  for (int round = 0; round < 3; ++round) {
    CHECK(read_all(*journal, {.records = 3, .bytes = 1 << 20}).size() == 39);
    CHECK(journal->status().quarantined_records == 1);
  }
}

TEST_CASE("rubbish after the last commit is a torn tail: cut, counted, no damage") {
  const Quiet quiet;
  FaultyFileSystem disk;
  Oracle oracle;
  const std::string name = fill(disk, oracle);
  const std::uint64_t end = hub::kSegmentHeadBytes + 20 * kCommit + hub::kCommitBytes;   // and the proof that closing wrote
  disk.overwrite(name, end, std::string(77, 'x'));
  auto journal = open_or_fail(disk);
  CHECK(journal->status().torn_bytes == 77);
  CHECK(journal->status().quarantined_records == 0);
  CHECK(oracle.check(*journal) == "");
}

TEST_CASE("records of another segment never parse, even where they once stood") {
  hub::SegmentHead one, other;
  one.id = 1;
  one.salt = 12345;
  other = one;
  other.id = 2;
  std::string bytes;
  hub::append_record(bytes, one, 1, {7}, "payload");
  CHECK(hub::parse_record_head(bytes, one));
  CHECK(!hub::parse_record_head(bytes, other));
  other = one;
  other.salt = 54321;
  CHECK(!hub::parse_record_head(bytes, other));
}

TEST_CASE("a payload that holds a whole segment does no harm when the disk damages what stands before it") {
  const Quiet quiet;
  FaultyFileSystem disk;
  Oracle oracle;
  const std::string name = fill(disk, oracle);
  const std::string stolen = disk.bytes_of(name).substr(hub::kSegmentHeadBytes, 4000);
  std::string segment;
  {
    auto journal = open_or_fail(disk);
    REQUIRE(append_and_wait(*journal, stolen).value() == Offset{21});
    REQUIRE(append_and_wait(*journal, "after").value() == Offset{22});
    segment = disk.names(".segment").back();
  }
  flip(disk, segment, hub::kSegmentHeadBytes + hub::kCommitBytes + 8);
  auto journal = open_or_fail(disk);
  const auto records = read_all(*journal);
  REQUIRE(records.size() == 21);
  CHECK(records.back().payload == "after");
  CHECK(journal->status().quarantined_records == 1);
}

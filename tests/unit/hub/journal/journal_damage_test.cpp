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

TEST_CASE("a flipped bit anywhere in a segment's head costs nothing: either copy is enough") {
  const Quiet quiet;
  FaultyFileSystem whole;
  Oracle oracle;
  const std::string name = fill(whole, oracle);
  for (std::uint64_t position = 0; position < hub::kSegmentHeadBytes; ++position) {
    INFO("byte " << position);
    const auto disk = whole.clone();
    flip(*disk, name, position);
    auto journal = open_or_fail(*disk);
    REQUIRE(oracle.check(*journal) == "");
    REQUIRE(read_all(*journal).size() == 20);
    REQUIRE(journal->status().quarantined_records == 0);
  }
}

TEST_CASE("of a segment that is not the last, a flipped bit costs its record at most, wherever it is, and opening does not notice") {
  const Quiet quiet;
  FaultyFileSystem whole;
  Oracle oracle;
  const std::string name = fill(whole, oracle, 5);
  fill(whole, oracle, 5);
  const std::uint64_t end = hub::kSegmentHeadBytes + 5 * kCommit + hub::kCommitBytes;   // and the proof that closing wrote
  std::size_t lost = 0;
  for (std::uint64_t position = hub::kSegmentHeadBytes; position < end; ++position) {
    INFO("byte " << position);
    const auto disk = whole.clone();
    flip(*disk, name, position);
    auto journal = open_or_fail(*disk);
    REQUIRE(journal->status().quarantined_records == 0);
    const std::uint64_t in_commit = (position - hub::kSegmentHeadBytes) % kCommit;
    const bool hits_record = position < end - hub::kCommitBytes && in_commit >= hub::kCommitBytes &&
                             in_commit < hub::kCommitBytes + hub::kRecordHeadBytes + 100;
    REQUIRE(read_all(*journal).size() == (hits_record ? 9 : 10));
    REQUIRE(journal->status().quarantined_records == (hits_record ? 1 : 0));
    lost += hits_record ? 1 : 0;
  }
  CHECK(lost == 5 * (hub::kRecordHeadBytes + 100));
}

TEST_CASE("a flipped bit in the last commit after a kill costs that commit at most, and never one before it") {
  const Quiet quiet;
  FaultyFileSystem living;
  Oracle oracle;
  auto journal = open_or_fail(living);
  for (int number = 0; number < 5; ++number) {
    std::vector<hub::NewRecord> one;
    one.push_back(alert(oracle.payload(100)));
    REQUIRE(oracle.append(*journal, std::move(one)));
  }
  // Killed: no orderly end has proved the last commit, so damage in it looks like a torn tail.
  const auto whole = living.clone();
  whole->crash(Unsynced::Kept);
  const std::string name = whole->names(".segment").front();
  const std::uint64_t begin = hub::kSegmentHeadBytes + 4 * kCommit;
  for (std::uint64_t position = begin; position < begin + kCommit + 64; ++position) {
    INFO("byte " << position - begin << " of the last commit");
    const auto disk = whole->clone();
    flip(*disk, name, position);
    auto again = open_or_fail(*disk);
    const auto records = read_all(*again);
    REQUIRE(records.size() >= 4);
    for (std::uint64_t number = 0; number < 4; ++number) REQUIRE(records[number].offset == Offset{number + 1});
    const std::uint64_t in_commit = position - begin;
    if (in_commit >= kCommit) REQUIRE(records.size() == 5);
    REQUIRE(append_and_wait(*again, "next"));
  }
}

TEST_CASE("whatever bytes a journal is made of, opening and reading it ends, and what is read was once given") {
  const Quiet quiet;
  FaultyFileSystem whole;
  Oracle oracle;
  std::set<std::string> given;
  const std::string name = fill(whole, oracle);
  fill(whole, oracle);
  for (const auto& record : read_all(*open_or_fail(whole))) given.insert(record.payload);
  const std::size_t size = whole.bytes_of(name).size();
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const auto disk = whole.clone();
    for (std::uint32_t hit = 0; hit < 1 + random() % 12; ++hit) {
      const auto names = disk->names(".segment");
      const std::string& target = names[random() % names.size()];
      const std::uint64_t at = random() % size;
      switch (random() % 3) {
        case 0: if (at < disk->bytes_of(target).size()) flip(*disk, target, at); break;
        case 1: disk->overwrite(target, at, std::string(random() % 300, static_cast<char>(random()))); break;
        case 2: disk->overwrite(target, at & ~std::uint64_t{7}, disk->bytes_of(name).substr(random() % size, random() % 900)); break;
      }
    }
    auto journal = open_or_fail(*disk);
    const auto records = read_all(*journal, {.records = 7, .bytes = 1 << 20});
    REQUIRE(std::all_of(records.begin(), records.end(), [&](const hub::Record& record) { return given.contains(record.payload); }));
    const Offset last = records.empty() ? Offset{} : records.back().offset;
    REQUIRE(append_and_wait(*journal, "next").value() > last);
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

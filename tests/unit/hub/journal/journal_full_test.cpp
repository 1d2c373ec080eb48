// A disk that fills up: appends are refused, nothing is lost, what is acknowledged can be settled, and room that comes back is used without a restart.
#include "tests/unit/hub/journal/oracle.h"

using namespace tests;
using hub::Offset;

namespace {

constexpr std::uint64_t kDisk = 512 << 10;

std::uint64_t reserve(FaultyFileSystem& disk) { return disk.bytes_of("/state/journal/reserve").size(); }

}  // namespace

TEST_CASE("a full disk refuses alerts, still takes decisions, and takes alerts again when segments are released") {
  const Quiet quiet;
  FaultyFileSystem disk(kDisk);
  Oracle oracle;
  auto journal = open_or_fail(disk);
  bool taken = true;
  int rounds = 0;
  for (; taken && rounds < 1000; ++rounds) {
    std::vector<hub::NewRecord> records;
    records.push_back(alert(oracle.payload(1000)));
    taken = oracle.append(*journal, std::move(records));
  }
  REQUIRE(rounds > 300);
  REQUIRE(!taken);
  CHECK(append_and_wait(*journal, oracle.payload(1000)).error().fault == core::Fault::Full);
  CHECK(!journal->status().accepting);
  CHECK(!journal->status().trouble.empty());
  // state.db needs some, too.
  CHECK(disk.space("/")->free >= small_options().reserve_bytes / 8);

  for (int number = 0; number < 20; ++number) {
    std::vector<hub::NewRecord> records;
    records.push_back(decision(oracle.payload(100)));
    REQUIRE(oracle.append(*journal, std::move(records)));
  }
  CHECK(oracle.check(*journal) == "");

  journal->release({200});
  oracle.released({200});
  std::vector<hub::NewRecord> records;
  records.push_back(alert(oracle.payload(1000)));
  REQUIRE(oracle.append(*journal, std::move(records)));
  CHECK(journal->status().accepting);
  CHECK(journal->status().trouble.empty());
  CHECK(reserve(disk) == small_options().reserve_bytes);
  CHECK(oracle.check(*journal) == "");
}

TEST_CASE("when others fill the disk the reserve is given up in stages, and comes back with the room") {
  const Quiet quiet;
  FaultyFileSystem disk(kDisk);
  Oracle oracle;
  auto journal = open_or_fail(disk);
  const auto append_one = [&] {
    std::vector<hub::NewRecord> records;
    records.push_back(alert(oracle.payload(50)));
    return oracle.append(*journal, std::move(records));
  };
  REQUIRE(append_one());
  const std::uint64_t whole = small_options().reserve_bytes;
  REQUIRE(reserve(disk) == whole);

  disk.occupy(disk.space("/")->free);
  REQUIRE(append_one());
  CHECK(reserve(disk) == whole * 3 / 4);
  disk.occupy(disk.space("/")->free + kDisk);
  (void)append_one();
  CHECK(reserve(disk) < whole * 3 / 4);
  for (int number = 0; number < 400; ++number) (void)append_one();
  CHECK(reserve(disk) == 0);
  CHECK(!append_one());

  disk.occupy(0);
  REQUIRE(append_one());
  CHECK(reserve(disk) == whole);
  CHECK(journal->status().accepting);
  CHECK(oracle.check(*journal) == "");
}

TEST_CASE("a journal opens, is read and recovers on a disk that is full already") {
  const Quiet quiet;
  FaultyFileSystem disk(kDisk);
  Oracle oracle;
  {
    auto journal = open_or_fail(disk);
    for (int number = 0; number < 30; ++number) REQUIRE(append_and_wait(*journal, oracle.payload(1000)));
  }
  disk.crash(Unsynced::Dropped);
  disk.occupy(kDisk);

  auto journal = open_or_fail(disk);
  CHECK(read_all(*journal).size() == 30);
  CHECK(oracle.check(*journal) == "");

  disk.occupy(0);
  CHECK(append_and_wait(*journal, oracle.payload(1000)).value() == Offset{31});
}

TEST_CASE("a released segment goes before an alert is refused, however young it is") {
  const Quiet quiet;
  FaultyFileSystem disk(kDisk);
  Oracle oracle;
  auto journal = open_or_fail(disk);
  for (int number = 0; number < 2000; ++number) {
    INFO("record " << number);
    REQUIRE(append_and_wait(*journal, oracle.payload(1000)));
    journal->release(journal->durable_end());
  }
  CHECK(journal->status().accepting);
}

TEST_CASE("upkeep on its own thread finds room again without an append") {
  const Quiet quiet;
  FaultyFileSystem disk(kDisk);
  auto options = small_options();
  options.upkeep = hub::UpkeepThread::Own;
  auto journal = open_or_fail(disk, options);
  bool full = false;
  for (int number = 0; number < 1000 && !full; ++number) full = !append_and_wait(*journal, std::string(1000, 'x'));
  REQUIRE(full);
  REQUIRE(!journal->status().accepting);

  journal->release({200});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!journal->status().accepting && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();

  CHECK(journal->status().accepting);
  CHECK(append_and_wait(*journal, "again"));
}

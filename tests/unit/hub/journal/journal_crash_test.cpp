// The journal against power cuts and failing calls, at every place where one can happen, and the proof that these tests bite.
#include "tests/unit/hub/journal/oracle.h"

using namespace tests;
using hub::Offset;

namespace {

// A short life with everything in it: first segment, rotations, several records at once, a large one, release, closing and opening again.
// Ends early when the disk is gone. "" or what is wrong.
std::string live(FaultyFileSystem& disk, Oracle& oracle) {
  for (int life = 0; life < 2; ++life) {
    auto opened = hub::open_journal(disk, kJournalDirectory, small_options());
    if (!opened) return "";
    hub::Journal& journal = **opened;
    for (int number = 0; number < 12; ++number) {
      std::vector<hub::NewRecord> records;
      records.push_back(alert(oracle.payload(number % 5 == 4 ? 9000 : 300)));
      if (number % 3 == 0) records.push_back(decision(oracle.payload(40)));
      if (!oracle.append(journal, std::move(records)) && disk.names(".segment").empty()) return "";
      if (number == 8) {
        journal.release({4});
        oracle.released({4});
      }
    }
    if (auto wrong = oracle.check(journal); life == 0 && !wrong.empty() && wrong.find("is lost") == std::string::npos) return wrong;
  }
  return "";
}

// Opens after a fault, checks, goes on, checks again, and once more after a cut that loses everything unsynced.
std::string go_on(FaultyFileSystem& disk, Oracle& oracle) {
  for (int life = 0; life < 2; ++life) {
    auto opened = hub::open_journal(disk, kJournalDirectory, small_options());
    if (!opened) return "it does not open: " + opened.error().what;
    if (auto wrong = oracle.check(**opened); !wrong.empty()) return wrong;
    for (int number = 0; number < 3; ++number) {
      std::vector<hub::NewRecord> records;
      records.push_back(alert(oracle.payload(2000)));
      if (!oracle.append(**opened, std::move(records))) return "it does not take records again";
    }
    if (auto wrong = oracle.check(**opened); !wrong.empty()) return wrong;
    if ((*opened)->status().quarantined_records != 0) return "a crash was taken for damage";
    opened->reset();
    disk.crash(Unsynced::Dropped);
    oracle.crashed();
  }
  return "";
}

std::uint64_t count_calls() {
  FaultyFileSystem disk;
  Oracle oracle;
  REQUIRE(live(disk, oracle).empty());
  REQUIRE(oracle.acknowledged() == 32);
  return disk.calls();
}

// Reading on a dead disk fails; the oracle looks only at disks that work.
std::string cut_and_go_on(std::uint64_t call, Unsynced unsynced, std::uint32_t seed, bool lying) {
  FaultyFileSystem disk;
  Oracle oracle;
  disk.lie(lying);
  disk.fail_call(call, Failure::PowerCut);
  for (int life = 0; life < 2; ++life) {
    auto opened = hub::open_journal(disk, kJournalDirectory, small_options());
    if (!opened) break;
    for (int number = 0; number < 12; ++number) {
      std::vector<hub::NewRecord> records;
      records.push_back(alert(oracle.payload(number % 5 == 4 ? 9000 : 300)));
      if (number % 3 == 0) records.push_back(decision(oracle.payload(40)));
      if (!oracle.append(**opened, std::move(records))) break;
      if (number == 8) {
        (*opened)->release({4});
        oracle.released({4});
      }
    }
  }
  disk.lie(false);
  disk.crash(unsynced, seed);
  oracle.crashed();
  return go_on(disk, oracle);
}

}  // namespace

TEST_CASE("no acknowledged record is lost or changed by a power cut at any call to the disk") {
  const Quiet quiet;
  const std::uint64_t calls = count_calls();
  REQUIRE(calls > 60);
  int states = 0;
  for (std::uint64_t call = 0; call < calls; ++call) {
    for (const Unsynced unsynced : {Unsynced::Dropped, Unsynced::Kept, Unsynced::Torn}) {
      for (std::uint32_t seed = 0; seed < (unsynced == Unsynced::Torn ? 4 : 1); ++seed) {
        INFO("cut at call " << call << " of " << calls << ", unsynced " << static_cast<int>(unsynced) << ", seed " << seed);
        const std::string wrong = cut_and_go_on(call, unsynced, seed, false);
        REQUIRE(wrong == "");
        ++states;
      }
    }
  }
  WARN("power cuts: " << states << " states recovered, 0 acknowledged records lost");
}

TEST_CASE("the power-cut test fails when records are acknowledged before they are synced") {
  const Quiet quiet;
  const std::uint64_t calls = count_calls();
  int losses = 0;
  for (std::uint64_t call = 10; call < calls; call += 3) {
    const std::string wrong = cut_and_go_on(call, Unsynced::Dropped, 0, true);
    losses += wrong.find("is lost") != std::string::npos || wrong.find("was given twice") != std::string::npos ? 1 : 0;
  }
  CHECK(losses > 10);
}

TEST_CASE("any one call that fails costs at most its own records, and never an acknowledged one, whatever crash comes after") {
  const Quiet quiet;
  const std::uint64_t calls = count_calls();
  int runs = 0;
  for (const Failure failure : {Failure::Io, Failure::Full, Failure::ShortWrite}) {
    for (std::uint64_t call = 0; call < calls; ++call) {
      for (const Unsynced unsynced : {Unsynced::Dropped, Unsynced::Kept, Unsynced::Torn}) {
        INFO("call " << call << " of " << calls << " fails with " << static_cast<int>(failure) << ", then a crash: " << static_cast<int>(unsynced));
        FaultyFileSystem disk;
        Oracle oracle;
        disk.fail_call(call, failure);
        REQUIRE(live(disk, oracle) == "");
        if (oracle.acknowledged() > 0) CHECK(oracle.acknowledged() + 2 >= 16);
        disk.crash(unsynced, static_cast<std::uint32_t>(call));
        oracle.crashed();
        REQUIRE(go_on(disk, oracle) == "");
        ++runs;
      }
    }
  }
  WARN("faults: EIO, ENOSPC and a short write at each of " << calls << " calls, " << runs << " runs; 0 acknowledged records lost");
}

TEST_CASE("a failed sync moves the records to a new segment under new offsets, and the failed ones are never read") {
  const Quiet quiet;
  for (const Unsynced unsynced : {Unsynced::Dropped, Unsynced::Kept, Unsynced::Torn}) {
    FaultyFileSystem disk;
    Oracle oracle;
    auto journal = open_or_fail(disk);
    for (int number = 0; number < 2; ++number) {
      std::vector<hub::NewRecord> records;
      records.push_back(alert(oracle.payload(100)));
      REQUIRE(oracle.append(*journal, std::move(records)));
    }
    REQUIRE(journal->durable_end() == Offset{3});

    // Reserve and spare are there, so the next call is the commit's write, and the one after it its sync.
    disk.fail_call(disk.calls() + 1, Failure::Io);
    const auto result = append_and_wait(*journal, oracle.payload(100));

    REQUIRE(result);
    CHECK(result->value == 4);
    CHECK(read_all(*journal).size() == 3);
    CHECK(journal->status().segments == 2);
    CHECK(journal->read_one({3}).error().fault == core::Fault::NotFound);
    journal.reset();
    disk.crash(unsynced, 1);
    journal = open_or_fail(disk);
    CHECK(oracle.check(*journal) == "");
    CHECK(read_all(*journal).size() == 3);
  }
}

TEST_CASE("while no sync succeeds appends get Io, and when one does they are taken again") {
  const Quiet quiet;
  FaultyFileSystem disk;
  Oracle oracle;
  auto journal = open_or_fail(disk);
  REQUIRE(append_and_wait(*journal, oracle.payload(100)));
  disk.fail_all_syncs(true);
  for (int number = 0; number < 5; ++number) {
    std::vector<hub::NewRecord> records;
    records.push_back(alert(oracle.payload(100)));
    CHECK(!oracle.append(*journal, std::move(records)));
  }
  CHECK(!journal->status().trouble.empty());
  CHECK(read_all(*journal).size() == 1);
  disk.fail_all_syncs(false);
  std::vector<hub::NewRecord> records;
  records.push_back(alert(oracle.payload(100)));
  REQUIRE(oracle.append(*journal, std::move(records)));
  CHECK(journal->status().trouble.empty());
  CHECK(oracle.check(*journal) == "");
  CHECK(read_all(*journal).size() == 2);
}

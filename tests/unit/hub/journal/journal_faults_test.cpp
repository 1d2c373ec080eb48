// What a disk that answers with faults does to the journal, and what it costs a disk that works: the calls of a commit,
// counted.
#include "hub/journal/record_format.h"
#include "tests/unit/hub/journal/oracle.h"

using namespace tests;
using hub::Offset;

namespace {

bool append_one(hub::Journal& journal, Oracle& oracle, std::size_t bytes = 100) {
  std::vector<hub::NewRecord> records;
  records.push_back(alert(oracle.payload(bytes)));
  return oracle.append(journal, std::move(records));
}

}  // namespace

TEST_CASE("a commit is one write into a segment written ahead, one fdatasync, and nothing else") {
  FaultyFileSystem disk;
  auto options = small_options();
  options.segment_bytes = 1 << 20;
  auto journal = open_or_fail(disk, options);
  REQUIRE(append_and_wait(*journal, "the first begins the segment"));
  REQUIRE(append_and_wait(*journal, "before the second, upkeep writes the next spare"));
  const std::string segment = disk.names(".segment").front();
  const std::size_t size = disk.bytes_of(segment).size();
  const std::uint64_t calls = disk.calls(), writes = disk.calls("write"), syncs = disk.calls("sync");
  const std::uint64_t commits = journal->status().commits;

  for (int number = 0; number < 500; ++number) REQUIRE(append_and_wait(*journal, std::string(300, 'x')));

  CHECK(journal->status().commits - commits == 500);
  CHECK(disk.calls("write") - writes == 500);
  CHECK(disk.calls("sync") - syncs == 500);
  CHECK(disk.calls() - calls == 1000);
  // The file does not grow, so that fdatasync has no metadata to commit.
  CHECK(disk.bytes_of(segment).size() == size);
}

TEST_CASE("a record appended while another is synced shares the next commit with its companions") {
  FaultyFileSystem disk;
  auto options = small_options();
  options.segment_bytes = 1 << 20;
  auto journal = open_or_fail(disk, options);
  constexpr std::uint64_t kRecords = 2000;
  std::atomic<std::uint64_t> answered{0};
  std::promise<void> all;
  for (std::uint64_t number = 0; number < kRecords; ++number) {
    std::vector<hub::NewRecord> one;
    one.push_back(alert(std::string(100, 'x')));
    journal->append(std::move(one), [&](const core::Result<Offset>&) {
      if (++answered == kRecords) all.set_value();
    });
  }
  all.get_future().wait();
  CHECK(journal->status().records == kRecords);
  CHECK(journal->status().commits < kRecords);
}

TEST_CASE("a segment whose sync failed is never written to again, and its records are acknowledged from another one") {
  const Quiet quiet;
  FaultyFileSystem disk;
  Oracle oracle;
  auto journal = open_or_fail(disk);
  REQUIRE(append_one(*journal, oracle));
  REQUIRE(append_one(*journal, oracle));
  const std::string poisoned = disk.names(".segment").front();
  const std::size_t durable = hub::kSegmentHeadBytes + 2 * (hub::kCommitBytes + hub::framed_bytes(100));

  disk.fail_call(disk.calls() + 1, Failure::Io);
  REQUIRE(append_one(*journal, oracle));

  CHECK(disk.bytes_of(poisoned).size() == durable);
  for (int number = 0; number < 5; ++number) REQUIRE(append_one(*journal, oracle));
  CHECK(disk.bytes_of(poisoned).size() == durable);
  CHECK(disk.names(".segment").size() == 2);
  CHECK(oracle.check(*journal) == "");
}

TEST_CASE(
    "on a disk that turned read-only appends get Io, reading goes on, and when it is writable again nothing needs a "
    "restart") {
  const Quiet quiet;
  for (const auto upkeep : {hub::UpkeepThread::Inline, hub::UpkeepThread::Own}) {
    FaultyFileSystem disk;
    Oracle oracle;
    auto options = small_options();
    options.upkeep = upkeep;
    auto journal = open_or_fail(disk, options);
    for (int number = 0; number < 5; ++number) REQUIRE(append_one(*journal, oracle));
    REQUIRE(journal->status().accepting);

    disk.set_read_only(true);
    for (int number = 0; number < 5; ++number)
      CHECK(append_and_wait(*journal, oracle.payload(100)).error().fault == core::Fault::Io);
    CHECK(!journal->status().accepting);
    CHECK(journal->status().trouble.find("Read-only file system") != std::string::npos);
    CHECK(read_all(*journal).size() == 5);

    disk.set_read_only(false);
    if (upkeep == hub::UpkeepThread::Own) {
      // Nobody sends to a hub that is not ready: it must find out by itself.
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
      while (!journal->status().accepting && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
      CHECK(journal->status().accepting);
      CHECK(journal->status().trouble.empty());
    }
    REQUIRE(append_one(*journal, oracle));
    CHECK(journal->status().accepting);
    CHECK(oracle.check(*journal) == "");
    journal.reset();
    disk.crash(Unsynced::Dropped);
    oracle.crashed();
    CHECK(oracle.check(*open_or_fail(disk)) == "");
  }
}

TEST_CASE(
    "a disk that cannot be read for a moment is no damage: opening and reading say so, and succeed the next time") {
  const Quiet quiet;
  FaultyFileSystem whole;
  Oracle oracle;
  for (int life = 0; life < 3; ++life) {
    auto journal = open_or_fail(whole);
    for (int number = 0; number < 10; ++number) REQUIRE(append_one(*journal, oracle, 700));
  }
  std::uint64_t looks = 0;
  {
    const auto disk = whole.clone();
    auto journal = open_or_fail(*disk);
    CHECK(read_all(*journal, {.records = 4, .bytes = 1 << 20}).size() == 30);
    CHECK(journal->read_one({17}));
    looks = disk->looks();
  }
  REQUIRE(looks > 20);
  for (std::uint64_t look = 0; look < looks; ++look) {
    INFO("look " << look << " of " << looks << " fails");
    const auto disk = whole.clone();
    disk->fail_look(look);
    auto opened = hub::open_journal(*disk, kJournalDirectory, small_options());
    if (!opened) {
      CHECK(opened.error().fault == core::Fault::Io);
      opened = hub::open_journal(*disk, kJournalDirectory, small_options());
      REQUIRE(opened);
    }
    hub::Journal& journal = **opened;
    for (Offset from{1}; from < journal.durable_end();) {
      auto page = journal.read(from, {.records = 4, .bytes = 1 << 20}, 0);
      if (page)
        from = page->next;
      else
        CHECK(page.error().fault == core::Fault::Io);
    }
    auto one = journal.read_one({17});
    if (!one) CHECK(one.error().fault == core::Fault::Io);
    CHECK(journal.status().quarantined_records == 0);
    CHECK(oracle.check(journal) == "");
  }
}

TEST_CASE("on a full disk the hub's own alarm is still taken, from what is kept back") {
  const Quiet quiet;
  FaultyFileSystem disk(512 << 10);
  auto journal = open_or_fail(disk);
  for (const std::size_t bytes : {1000, 1}) {
    while (append_and_wait(*journal, std::string(bytes, 'x'))) {
    }
  }
  REQUIRE(!journal->status().accepting);
  REQUIRE(append_and_wait(*journal, "refused").error().fault == core::Fault::Full);

  std::vector<hub::NewRecord> alarm;
  alarm.push_back({hub::RecordType::Alert, "the disk is full", hub::Room::Reserve});
  const auto taken = append_and_wait(*journal, std::move(alarm));

  REQUIRE(taken);
  CHECK(journal->read_one(*taken)->payload == "the disk is full");
  CHECK(!journal->status().accepting);
  CHECK(append_and_wait(*journal, "refused").error().fault == core::Fault::Full);
}

TEST_CASE("asking whether a journal can be read changes nothing, and knows a newer one") {
  const Quiet quiet;
  FaultyFileSystem disk;
  Oracle oracle;
  CHECK(hub::check_journal_format(disk, kJournalDirectory));
  {
    auto journal = open_or_fail(disk);
    REQUIRE(append_one(*journal, oracle));
  }
  const std::uint64_t calls = disk.calls();
  CHECK(hub::check_journal_format(disk, kJournalDirectory));
  // A head that is gone is for the quarantine, not for this.
  const std::string name = disk.names(".segment").front();
  disk.overwrite(name, 0, std::string(4096, 'x'));
  CHECK(hub::check_journal_format(disk, kJournalDirectory));
  CHECK(disk.calls() == calls);
}

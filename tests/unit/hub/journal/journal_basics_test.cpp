// What the journal does for its callers on a disk that works.
#include "tests/unit/hub/journal/journal_driver.h"

#include "hub/journal/crc32c.h"

#include <thread>

using namespace tests;
using hub::Offset;

TEST_CASE("crc32c is Castagnoli's, by instruction and by table alike") {
  CHECK(hub::crc32c("123456789") == 0xe3069283);
  CHECK(hub::crc32c_by_table("123456789") == 0xe3069283);
  std::string bytes;
  for (int length = 0; length < 70; ++length) {
    CHECK(hub::crc32c(bytes) == hub::crc32c_by_table(bytes));
    CHECK(hub::crc32c(bytes.substr(length / 2), hub::crc32c(bytes.substr(0, length / 2))) == hub::crc32c(bytes));
    bytes.push_back(static_cast<char>(length * 37));
  }
}

TEST_CASE("the first record of a new journal has offset 1, and records are read as they were appended") {
  FaultyFileSystem disk;
  auto journal = open_or_fail(disk);
  CHECK(journal->durable_end() == Offset{1});
  CHECK(read_all(*journal).empty());

  REQUIRE(append_and_wait(*journal, "one").value() == Offset{1});
  std::vector<hub::NewRecord> records;
  records.push_back(alert("two"));
  records.push_back(decision(""));
  REQUIRE(append_and_wait(*journal, std::move(records)).value() == Offset{2});

  CHECK(journal->durable_end() == Offset{4});
  const auto read = read_all(*journal);
  REQUIRE(read.size() == 3);
  CHECK(read[0].payload == "one");
  CHECK(read[1].payload == "two");
  CHECK(read[2].payload.empty());
  CHECK(read[2].type == hub::RecordType::Decision);
  CHECK(read[2].offset == Offset{3});
}

TEST_CASE("what was appended is there after closing and opening again, and offsets go on") {
  FaultyFileSystem disk;
  for (std::uint64_t life = 0; life < 5; ++life) {
    auto journal = open_or_fail(disk);
    const auto before = read_all(*journal);
    REQUIRE(before.size() == life);
    REQUIRE(append_and_wait(*journal, "life " + std::to_string(life)).value() == Offset{life + 1});
  }
  CHECK(disk.names(".segment").size() == 5);
  CHECK(open_or_fail(disk)->status().quarantined_records == 0);
}

TEST_CASE("offsets stay above every cursor even if the journal was lost") {
  FaultyFileSystem disk;
  auto options = small_options();
  options.next_at_least = {1000};
  auto journal = open_or_fail(disk, options);
  CHECK(append_and_wait(*journal, "a").value() == Offset{1000});
  journal.reset();
  options.next_at_least = {5};
  journal = open_or_fail(disk, options);
  CHECK(append_and_wait(*journal, "b").value() == Offset{1001});
  journal.reset();
  options.next_at_least = {2000};
  journal = open_or_fail(disk, options);
  CHECK(append_and_wait(*journal, "c").value() == Offset{2000});
  CHECK(read_all(*journal).size() == 3);
  CHECK(journal->status().quarantined_records == 0);
}

TEST_CASE("a page ends at the limits it was given, and the next goes on there") {
  FaultyFileSystem disk;
  auto journal = open_or_fail(disk);
  for (int number = 0; number < 100; ++number) REQUIRE(append_and_wait(*journal, std::string(100, 'x') + std::to_string(number)));

  for (const hub::Journal::ReadLimits limits : {hub::Journal::ReadLimits{1, 1 << 20}, {7, 1 << 20}, {1000, 250}, {1000, 1}}) {
    const auto records = read_all(*journal, limits);
    REQUIRE(records.size() == 100);
    for (std::uint64_t number = 0; number < 100; ++number) CHECK(records[number].offset == Offset{number + 1});
  }
  CHECK(journal->read({1}, {7, 1 << 20}, 0)->records.size() == 7);
  CHECK(journal->read({1}, {1000, 250}, 0)->records.size() == 2);
  CHECK(journal->read({1}, {1000, 1}, 0)->records.size() == 1);
}

TEST_CASE("records of one type are read without the others, and any record again by its offset") {
  FaultyFileSystem disk;
  auto journal = open_or_fail(disk);
  for (int number = 0; number < 300; ++number) {
    std::vector<hub::NewRecord> records;
    records.push_back(number % 10 == 0 ? decision("d" + std::to_string(number)) : alert(std::string(200, 'a')));
    REQUIRE(append_and_wait(*journal, std::move(records)));
  }

  const auto decisions = read_all(*journal, {}, static_cast<std::uint8_t>(hub::RecordType::Decision));

  REQUIRE(decisions.size() == 30);
  for (std::uint64_t number = 0; number < 30; ++number) CHECK(decisions[number].payload == "d" + std::to_string(10 * number));
  CHECK(journal->read_one({291})->payload == "d290");
  CHECK(journal->read_one({300})->payload.size() == 200);
  CHECK(journal->read_one({301}).error().fault == core::Fault::NotFound);
}

TEST_CASE("one append larger than a segment is taken whole") {
  FaultyFileSystem disk;
  auto journal = open_or_fail(disk);
  REQUIRE(append_and_wait(*journal, "before"));
  std::vector<hub::NewRecord> records;
  for (int number = 0; number < 50; ++number) records.push_back(alert(std::string(1000, static_cast<char>('a' + number % 26))));
  REQUIRE(append_and_wait(*journal, std::move(records)).value() == Offset{2});
  REQUIRE(append_and_wait(*journal, std::string(100000, 'z')).value() == Offset{52});
  REQUIRE(append_and_wait(*journal, "after"));
  CHECK(read_all(*journal).size() == 53);
  journal = nullptr;
  CHECK(read_all(*open_or_fail(disk)).size() == 53);
}

TEST_CASE("what is released goes when it is old or too much, and what is not released stays") {
  FaultyFileSystem disk;
  auto options = small_options();
  core::TimePoint now{std::chrono::hours(1000)};
  options.clock = [&now] { return now; };
  options.max_bytes = 100 << 10;
  auto journal = open_or_fail(disk, options);
  const auto append_some = [&] {
    for (int number = 0; number < 50; ++number) REQUIRE(append_and_wait(*journal, std::string(1000, 'x')));
  };
  for (int round = 0; round < 4; ++round) append_some();
  CHECK(journal->first() == Offset{1});

  journal->release({201});
  REQUIRE(append_and_wait(*journal, "look"));
  CHECK(journal->first() > Offset{1});
  CHECK(journal->status().bytes <= options.max_bytes + options.segment_bytes);
  const Offset kept = journal->first();
  CHECK(journal->read_one({1}).error().fault == core::Fault::NotFound);
  CHECK(read_all(*journal).front().offset == kept);

  now += std::chrono::hours(25);
  REQUIRE(append_and_wait(*journal, "look"));
  CHECK(journal->first() > kept);
  CHECK(journal->first() <= Offset{201});
  const auto left = read_all(*journal);
  CHECK(left.back().payload == "look");
}

TEST_CASE("many threads append at once and share commits") {
  FaultyFileSystem disk;
  auto options = small_options();
  options.segment_bytes = 1 << 20;
  options.upkeep = hub::UpkeepThread::Own;
  auto journal = open_or_fail(disk, options);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int number = 0; number < 200; ++number) {
        if (!append_and_wait(*journal, std::to_string(thread) + "/" + std::to_string(number))) std::abort();
      }
    });
  }
  for (auto& thread : threads) thread.join();

  const auto records = read_all(*journal);
  REQUIRE(records.size() == 1600);
  std::vector<std::string> payloads;
  for (const auto& record : records) payloads.push_back(record.payload);
  std::sort(payloads.begin(), payloads.end());
  CHECK(std::unique(payloads.begin(), payloads.end()) == payloads.end());
  CHECK(journal->status().records == 1600);
}

TEST_CASE("the listener hears of every new durable end, after the appenders did") {
  FaultyFileSystem disk;
  auto journal = open_or_fail(disk);
  std::vector<std::uint64_t> heard;
  journal->on_durable([&](Offset end) { heard.push_back(end.value); });
  REQUIRE(append_and_wait(*journal, "a"));
  REQUIRE(append_and_wait(*journal, "b"));
  journal->close();
  CHECK(heard == std::vector<std::uint64_t>{2, 3});
  CHECK(append_and_wait(*journal, "late").error().fault == core::Fault::Io);
}

TEST_CASE("a journal of a newer format is refused with a sentence and left alone") {
  FaultyFileSystem disk;
  append_and_wait(*open_or_fail(disk), "a").value();
  const std::string name = disk.names(".segment").front();
  std::string head = disk.bytes_of(name).substr(0, 64);
  head[8] = 2;
  const std::uint32_t crc = hub::crc32c(std::string_view(head).substr(0, 60));
  for (int byte = 0; byte < 4; ++byte) head[60 + byte] = static_cast<char>(crc >> (8 * byte));
  disk.overwrite(name, 0, head);
  disk.overwrite(name, 2048, head);
  const std::string before = disk.bytes_of(name);

  const auto opened = hub::open_journal(disk, kJournalDirectory, small_options());

  REQUIRE(!opened);
  CHECK(opened.error().fault == core::Fault::Invalid);
  CHECK(opened.error().what.find("written by a newer tocsin-hub (journal format 2; this one knows 1)") != std::string::npos);
  CHECK(disk.bytes_of(name) == before);
}

// The hub's own word about its full disk: said while it is full, said once, and taken back.
#include "hub/ingest/disk_alarm.h"

#include "hub/ingest/alert_record.h"
#include "tests/unit/hub/journal/journal_driver.h"

using namespace tests;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> alarms(hub::Journal& journal) {
  std::vector<std::string> found;
  for (const auto& record : read_all(journal)) {
    for (const char* rule : {"Tocsin hub takes no alerts", "Tocsin hub takes alerts again"}) {
      if (record.payload.find(rule) != std::string::npos) found.emplace_back(rule);
    }
  }
  return found;
}

// Appends go in order through one thread: when this one is answered, those before it are.
void settle(hub::Journal& journal) {
  std::vector<hub::NewRecord> records;
  records.push_back(decision("settle"));
  (void)append_and_wait(journal, std::move(records));
}

}  // namespace

TEST_CASE("a full disk is told of while it is full, once, and its end once") {
  const Quiet quiet;
  FaultyFileSystem disk(512 << 10);
  auto journal = open_or_fail(disk);
  hub::DiskAlarm alarm(*journal);
  core::TimePoint now{1000h};
  const auto look = [&](int times) {
    for (int time = 0; time < times; ++time) {
      alarm.look(now += 1s);
      settle(*journal);
    }
  };
  look(3);
  CHECK(alarms(*journal).empty());

  while (append_and_wait(*journal, std::string(1000, 'x'))) {
  }
  REQUIRE(!journal->status().accepting);
  look(5);
  CHECK(alarms(*journal) == std::vector<std::string>{"Tocsin hub takes no alerts"});
  CHECK(!journal->status().accepting);

  disk.set_capacity(1 << 20);
  look(5);
  CHECK(journal->status().accepting);
  CHECK(alarms(*journal) == std::vector<std::string>{"Tocsin hub takes no alerts", "Tocsin hub takes alerts again"});
}

TEST_CASE("an alarm that the disk does not take is raised again until it does") {
  const Quiet quiet;
  FaultyFileSystem disk;
  auto journal = open_or_fail(disk);
  REQUIRE(append_and_wait(*journal, "before"));
  hub::DiskAlarm alarm(*journal);
  core::TimePoint now{1000h};
  disk.set_read_only(true);
  REQUIRE(!append_and_wait(*journal, "refused"));
  for (int time = 0; time < 3; ++time) {
    alarm.look(now += 1s);
    settle(*journal);
  }
  CHECK(alarms(*journal).empty());

  disk.set_read_only(false);
  settle(*journal);
  for (int time = 0; time < 3; ++time) {
    alarm.look(now += 1s);
    settle(*journal);
  }

  CHECK(alarms(*journal) == std::vector<std::string>{"Tocsin hub takes alerts again"});
}

// What was written a moment ago is read from memory, and says the same as the disk.
#include "hub/journal/recent_records.h"
#include "tests/support/catch.h"

namespace {

hub::NewRecord record(std::string payload, hub::RecordType type = hub::RecordType::Alert) { return {type, std::move(payload)}; }

std::string read(const hub::RecentRecords& recent, std::uint64_t from, hub::Journal::ReadLimits limits = {}, std::uint8_t type = 0) {
  hub::Journal::Page page;
  if (!recent.read({from}, limits, type, page)) return "-";
  std::string text;
  for (const auto& each : page.records) text += std::to_string(each.offset.value) + each.payload + " ";
  return text + ">" + std::to_string(page.next.value);
}

}  // namespace

TEST_CASE("recent records are read as the journal would read them") {
  hub::RecentRecords recent{10'000};
  recent.put({5}, {record("a"), record("b")});
  recent.put({7}, {record("d", hub::RecordType::Decision)});
  recent.put({10}, {record("c")});   // 8 and 9 were used up by a commit that failed

  CHECK(read(recent, 5) == "5a 6b 7d 10c >11");
  CHECK(read(recent, 6, {}, 1) == "6b 10c >11");
  CHECK(read(recent, 5, {}, 2) == "7d >11");
  CHECK(read(recent, 8) == "10c >11");
  CHECK(read(recent, 5, {.records = 2}) == "5a 6b >7");
  CHECK(read(recent, 5, {.records = 9, .bytes = 1}) == "5a >6");
}

TEST_CASE("what is not among the recent records is left to the disk") {
  hub::RecentRecords recent{3 * 70};
  CHECK(read(recent, 1) == "-");
  for (std::uint64_t offset = 1; offset <= 6; ++offset) recent.put({offset}, {record("x")});

  CHECK(read(recent, 3) == "-");
  CHECK(read(recent, 4) == "4x 5x 6x >7");
  CHECK(read(recent, 7) == "-");
}

TEST_CASE("a page of many recent records is whole") {
  hub::RecentRecords recent{1 << 20};
  for (std::uint64_t offset = 1; offset <= 500; ++offset) recent.put({offset}, {record("x")});
  hub::Journal::Page page;

  REQUIRE(recent.read({100}, {}, 0, page));
  CHECK(page.records.size() == 401);
  CHECK(page.next.value == 501);
}

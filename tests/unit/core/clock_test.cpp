// Times and quantities read back as what they were written from.
#include "core/alert_id.h"
#include "core/units.h"
#include "tests/support/catch.h"

#include <set>

using namespace core;
using namespace std::chrono_literals;

TEST_CASE("a time prints with the fraction it has") {
  for (const char* text : {"2019-05-17T15:31:56.746609046Z", "2019-05-17T15:31:56.7Z", "2019-05-17T15:31:56Z",
                           "1969-12-31T23:59:59.999999999Z"}) {
    const auto time = parse_rfc3339(text);
    REQUIRE(time);
    CHECK(to_rfc3339(*time) == text);
  }
  CHECK(to_rfc3339(*parse_rfc3339("2016-08-04T18:17:57.881781397123+0200")) == "2016-08-04T16:17:57.881781397Z");
  CHECK(to_go_string(*parse_rfc3339("2019-05-17T15:31:56.746609046Z")) == "2019-05-17 15:31:56.746609046 +0000 UTC");
}

TEST_CASE("what is no RFC 3339 time is refused") {
  for (const char* text :
       {"", "2019-05-17", "2019-13-17T15:31:56Z", "2019-02-30T15:31:56Z", "2019-05-17T25:31:56Z", "2019-05-17T15:31:56",
        "2019-05-17T15:31:56.Z", "2019-05-17T15:31:56Zx", "0001-01-01T00:00:00Z"})
    CHECK_FALSE(parse_rfc3339(text));
}

TEST_CASE("durations, sizes and rates are read as people write them") {
  CHECK(*parse_duration("1h30m") == 90min);
  CHECK(*parse_duration("2.5s") == 2500ms);
  CHECK(*parse_duration("0") == 0s);
  CHECK(to_text(Duration{90min}) == "1h30m");
  CHECK(to_text(Duration{252s}) == "4m12s");
  CHECK(to_text(Duration{150ms}) == "150ms");
  for (const char* bad : {"", "5", "5x", "-1s", "s"}) CHECK_FALSE(parse_duration(bad));

  CHECK(parse_bytes("64MiB")->count == 64u << 20);
  CHECK(parse_bytes("2GB")->count == 2'000'000'000u);
  CHECK(parse_bytes("512")->count == 512u);
  CHECK(to_text(Bytes{64u << 20}) == "64MiB");
  for (const char* bad : {"", "x", "5 parsecs", "-1"}) CHECK_FALSE(parse_bytes(bad));

  CHECK(parse_rate("10/5m")->per_second == Approx(10.0 / 300));
  CHECK(parse_rate("1/s")->burst == 1);
  for (const char* bad : {"", "1", "1/", "1/0s", "/s", "0/s", "99999999999/s"}) CHECK_FALSE(parse_rate(bad));
}

TEST_CASE("alert ids are unique, sort by time and survive text") {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(to_text(make_alert_id()));
  CHECK(seen.size() == 1000);
  const auto id = make_alert_id();
  CHECK(*parse_alert_id(to_text(id)) == id);
  CHECK(to_text(id)[14] == '7');
  CHECK_FALSE(parse_alert_id("0198c1f2-7b7e-7c3a-9d7e-0123456789a"));
  CHECK_FALSE(parse_alert_id("0198c1f2-7b7e-7c3a-9d7e-0123456789ag"));
}

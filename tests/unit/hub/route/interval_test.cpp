// When a named interval holds: weekdays, times, days, months, time zones with daylight saving, and its faults.
#include "hub/route/interval.h"
#include "tests/support/catch.h"

using namespace hub;

namespace {

Interval interval(const std::string& yaml) {
  core::Diagnostics diagnostics;
  const auto all = read_intervals(core::parse_yaml("i.yaml", "{x: " + yaml + "}", diagnostics).at(0), diagnostics);
  INFO(diagnostics.render());
  REQUIRE_FALSE(diagnostics.has_errors());
  return *all.at("x");
}

bool holds(const Interval& interval, const std::string& time) {
  return interval.contains(core::parse_rfc3339(time).value());
}

}  // namespace

TEST_CASE("office hours hold on weekdays from the first minute on, and end before the last") {
  const Interval office = interval("{weekdays: [mon-fri], times: ['09:00-18:00'], tz: Europe/Berlin}");

  CHECK(holds(office, "2026-01-05T09:00:00+01:00"));  // a Monday
  CHECK_FALSE(holds(office, "2026-01-05T08:59:59+01:00"));
  CHECK(holds(office, "2026-01-09T17:59:59+01:00"));
  CHECK_FALSE(holds(office, "2026-01-09T18:00:00+01:00"));
  CHECK_FALSE(holds(office, "2026-01-10T12:00:00+01:00"));
}

TEST_CASE("a zone's daylight saving moves an interval with the clock on the wall") {
  const Interval office = interval("{times: ['09:00-10:00'], tz: Europe/Berlin}");

  CHECK(holds(office, "2026-01-15T08:30:00Z"));
  CHECK_FALSE(holds(office, "2026-01-15T07:30:00Z"));
  CHECK(holds(office, "2026-07-15T07:30:00Z"));
  CHECK_FALSE(holds(office, "2026-07-15T08:30:00Z"));
  const Interval gap = interval("{times: ['02:00-03:00'], tz: Europe/Berlin}");  // the hour that spring leaves out
  CHECK_FALSE(holds(gap, "2026-03-29T00:59:59Z"));
  CHECK_FALSE(holds(gap, "2026-03-29T01:00:00Z"));
  CHECK(holds(gap, "2026-10-25T00:30:00Z"));  // and the one that autumn has twice
  CHECK(holds(gap, "2026-10-25T01:30:00Z"));
}

TEST_CASE("a time over midnight belongs to the day on which it began") {
  const Interval night = interval("{weekdays: [fri], times: ['22:00-06:00']}");

  CHECK(holds(night, "2026-01-09T22:00:00Z"));
  CHECK(holds(night, "2026-01-10T05:59:00Z"));
  CHECK_FALSE(holds(night, "2026-01-10T06:00:00Z"));
  CHECK_FALSE(holds(night, "2026-01-09T05:00:00Z"));
  CHECK_FALSE(holds(night, "2026-01-10T22:00:00Z"));
  CHECK(holds(interval("{times: ['18:00-24:00']}"), "2026-01-10T23:59:59Z"));
}

TEST_CASE("days of the month count from either end, months and weekdays go over the end of their round") {
  CHECK(holds(interval("{days_of_month: [-1]}"), "2028-02-29T12:00:00Z"));
  CHECK_FALSE(holds(interval("{days_of_month: [-1]}"), "2028-02-28T12:00:00Z"));
  CHECK(holds(interval("{days_of_month: ['1-7', 15]}"), "2026-01-15T00:00:00Z"));
  CHECK_FALSE(holds(interval("{days_of_month: ['1-7', 15]}"), "2026-01-08T00:00:00Z"));
  CHECK(holds(interval("{months: [nov-feb]}"), "2026-01-15T00:00:00Z"));
  CHECK_FALSE(holds(interval("{months: [nov-feb]}"), "2026-03-15T00:00:00Z"));
  CHECK(holds(interval("{months: [3]}"), "2026-03-15T00:00:00Z"));
  CHECK(holds(interval("{weekdays: [sat-mon]}"), "2026-01-11T00:00:00Z"));
  CHECK_FALSE(holds(interval("{weekdays: [Saturday-mon]}"), "2026-01-13T00:00:00Z"));
}

TEST_CASE("an interval's faults are told at their places") {
  core::Diagnostics diagnostics;
  read_intervals(
      core::parse_yaml("i.yaml",
                       "a: {weekdays: [mon-fry], times: ['9-18', '09:00-09:00', '10:00-25:00'], tz: Europe/Berln}\n"
                       "b: {days_of_month: [0, 32], months: [13], day: x}\n",
                       diagnostics)
          .at(0),
      diagnostics);

  const std::string told = diagnostics.render();
  INFO(told);
  for (const char* expected : {"i.yaml:1:16: error: interval 'a' has 'mon-fry' under 'weekdays', which is none",
                               "'9-18' under 'times'", "'10:00-25:00' under 'times'", "has a time without a length",
                               "'Europe/Berln' is no time zone that this machine knows",
                               "i.yaml:2:21: error: interval 'b' has '0' under 'days_of_month'", "'32'",
                               "'13' under 'months'", "has no option 'day'"})
    CHECK(told.find(expected) != std::string::npos);
  CHECK_FALSE(TimeZone::load("../../etc/passwd"));
  CHECK_FALSE(TimeZone::load("/etc/passwd"));
}

// Alerts that the hub raises itself, and the records that carry them.
#include "hub/ingest/own_alerts.h"
#include "hub/ingest/alert_record.h"
#include "hub/route/decide.h"
#include "tests/support/catch.h"
#include "tests/support/memory_journal.h"

#include <random>

using namespace hub;
using namespace std::chrono_literals;

namespace {

const std::string kJson =
    R"({"rule":"R","priority":"Error","time":"2026-01-01T00:00:00Z","output":"o","output_fields":{"a":1}})";

core::AlertId some_id() {
  return core::parse_alert_id("00010203-0405-0607-0809-0a0b0c0d0e0f").value();
}

}  // namespace

TEST_CASE("an alert record of others has the bytes of version 1, and one with directions those of version 2") {
  const core::TimePoint then{1s};
  const std::string head{
      "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x00\xca\x9a\x3b\x00\x00\x00\x00", 24};

  CHECK(encode_alert_record(some_id(), then, kJson) == "\x01" + head + kJson);
  CHECK(encode_alert_record(some_id(), then, kJson, {.only_to = {"soc", "es"}, .closes = "x"}) ==
        "\x02" + head +
            std::string{"\x02\x03soc\x02"
                        "es\x01x"} +
            kJson);
}

TEST_CASE("both versions of an alert record are read, and what is cut or of a newer version is refused") {
  core::AlertDecoder decoder;
  const core::Directions directions{.only_to = {"soc", "es"}, .closes = std::string{"\0x", 2}};
  const std::string one = encode_alert_record(some_id(), core::TimePoint{1s}, kJson);
  const std::string two = encode_alert_record(some_id(), core::TimePoint{1s}, kJson, directions);

  const auto plain = decode_alert_record(decoder, one, Mutations{});
  const auto directed = decode_alert_record(decoder, two, Mutations{});

  REQUIRE((plain && directed));
  CHECK(plain->directions == nullptr);
  REQUIRE(directed->directions != nullptr);
  CHECK(*directed->directions == directions);
  CHECK(directed->json == kJson);
  CHECK(directed->id == some_id());
  CHECK(directed->received == core::TimePoint{1s});
  for (std::size_t size = 0; size < two.size(); ++size) CHECK_FALSE(decode_alert_record(decoder, two.substr(0, size), Mutations{}));
  CHECK_FALSE(decode_alert_record(decoder, "\x03" + two.substr(1), Mutations{}));
  std::mt19937 random{5};
  for (int round = 0; round < 5'000; ++round) {
    std::string bytes = two;
    for (unsigned i = 1 + random() % 4; i > 0; --i) bytes[random() % bytes.size()] = static_cast<char>(random());
    (void)decode_alert_record(decoder, bytes, Mutations{});
  }
}

TEST_CASE("an alert of the hub's own is stored as a valid alert of source tocsin, whatever its texts contain") {
  tests::MemoryJournal journal;
  OwnAlerts own{journal};

  own.raise({.rule = "Sink \"a\" is\nstuck",
             .priority = core::Priority::Critical,
             .output = "bytes \xff and \x1b[31m",
             .fields = {OwnAlert::text("sink", "a\"b"), OwnAlert::number("queued", 7)},
             .tags = {"z", "a"},
             .directions = {.only_to = {"soc"}}});

  REQUIRE(journal.records().size() == 1);
  core::AlertDecoder decoder;
  const auto alert = decode_alert_record(decoder, journal.records().front().payload, Mutations{});
  REQUIRE(alert);
  CHECK(alert->source == "tocsin");
  CHECK(alert->rule == "Sink \"a\" is\nstuck");
  CHECK(alert->priority == core::Priority::Critical);
  CHECK(alert->field("sink")->text == "a\"b");
  CHECK(alert->field("queued")->json == "7");
  CHECK(alert->tags == std::vector<std::string>{"a", "z"});
  CHECK_FALSE(alert->hostname.empty());
  CHECK(alert->directions->only_to == std::vector<std::string>{"soc"});
}

TEST_CASE("an alert with directions goes to the sinks they name and to no other, past minimumpriority and drop all") {
  Route drop;
  drop.drops_all = true;
  const RouteTable table{{{"soc", core::Priority::Emergency}, {"es", core::Priority::Debug}}, {drop}};
  core::Alert alert;
  alert.directions = std::make_shared<core::Directions>(core::Directions{.only_to = {"gone", "soc"}, .closes = {}});

  const Verdict verdict = table.decide(alert);

  CHECK(verdict.sinks == std::vector<std::uint32_t>{0});
  CHECK(verdict.suppressed_by.empty());
}

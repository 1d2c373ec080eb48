// The pure classes of routing and delivery: time and chance are passed in, nothing waits.
#include "hub/deliver/backlog.h"
#include "hub/deliver/backoff.h"
#include "hub/deliver/cursor.h"
#include "hub/deliver/holds.h"
#include "hub/deliver/retry_queue.h"
#include "hub/route/decision.h"
#include "tests/support/catch.h"

#include <random>
#include <set>

using namespace std::chrono_literals;
using namespace hub;

TEST_CASE("a cursor agrees with a set of settled offsets, whatever the order") {
  std::mt19937 random{7};
  for (int round = 0; round < 200; ++round) {
    Cursor cursor{Offset{10}};
    std::set<std::uint64_t> settled;
    for (int step = 0; step < 60; ++step) {
      const std::uint64_t offset = 10 + random() % 50;
      if (random() % 4 == 0) {
        const std::uint64_t end = offset + random() % 6;
        cursor.pass(Offset{offset}, Offset{end});
        for (std::uint64_t i = offset; i < end; ++i) settled.insert(i);
      } else if (!settled.contains(offset)) {
        cursor.settle(Offset{offset});
        settled.insert(offset);
      }

      std::uint64_t position = 10;
      while (settled.contains(position)) ++position;
      REQUIRE(cursor.position() == Offset{position});
      for (std::uint64_t i = 10; i < 70; ++i) REQUIRE(cursor.is_settled(Offset{i}) == settled.contains(i));
      const Cursor again{cursor.state()};
      REQUIRE(again.state() == cursor.state());
    }
  }
}

TEST_CASE("a cursor read from a damaged state takes ranges for what they mean") {
  const Cursor cursor{CursorState{
      Offset{10},
      {{Offset{3}, Offset{11}}, {Offset{20}, Offset{15}}, {Offset{14}, Offset{16}}, {Offset{17}, Offset{17}}},
      Offset{10}}};

  CHECK(cursor.position() == Offset{12});
  CHECK(cursor.state().settled_above == std::vector<OffsetRange>{{Offset{14}, Offset{17}}});
}

TEST_CASE("an alert refused for now is tried again at the time its sink asked for, and not before") {
  RetryQueue queue{RetryQueue::Limits{.capacity = 10}};
  const Instant noon{12h};

  queue.push(Offset{7}, 1, noon + 30s);

  CHECK(queue.take_due(noon + 29s, 10).empty());
  CHECK(queue.take_due(noon + 30s, 10).front().offset == Offset{7});
  CHECK(queue.size() == 0);
}

TEST_CASE("retries come back earliest due first; probes take the oldest and the newest alert, due or not") {
  RetryQueue queue{RetryQueue::Limits{.capacity = 10}};
  const Instant noon{12h};
  queue.push(Offset{1}, 1, noon + 9s);
  queue.push(Offset{2}, 1, noon + 3s);
  queue.push(Offset{3}, 1, noon + 6s);
  queue.push(Offset{4}, 1, noon + 90s);

  CHECK(queue.next_due() == noon + 3s);
  const auto due = queue.take_due(noon + 6s, 10);
  REQUIRE(due.size() == 2);
  CHECK(due[0].offset == Offset{2});
  CHECK(due[1].offset == Offset{3});
  CHECK(queue.take_oldest()->offset == Offset{1});
  CHECK(queue.take_newest()->offset == Offset{4});
  CHECK_FALSE(queue.take_newest());
}

TEST_CASE("backoff doubles from one second to five minutes, and jitter takes any part of it") {
  const RetryPolicy policy;

  CHECK(exponential(1s, 2, 5min, 1) == 1s);
  CHECK(exponential(1s, 2, 5min, 5) == 16s);
  CHECK(exponential(1s, 2, 5min, 10) == 5min);
  CHECK(exponential(1s, 2, 5min, 100'000) == 5min);
  CHECK(full_jitter(policy, 3, 0) <= 1us);
  CHECK(full_jitter(policy, 3, 0.5) > 1900ms);
  CHECK(full_jitter(policy, 3, 0.999) < 4s);
}

TEST_CASE(
    "the breaker opens at the fifth Retry in a row, probes at least every ten seconds, and closes at the first "
    "success") {
  Breaker breaker{RetryPolicy{}};
  const Instant noon{12h};
  for (std::uint64_t i = 1; i <= 4; ++i) breaker.failed(Offset{i}, noon, 0.99);
  CHECK_FALSE(breaker.is_open());
  CHECK(breaker.may_be_the_alerts());

  breaker.failed(Offset{5}, noon, 0.99);

  CHECK(breaker.is_open());
  CHECK_FALSE(breaker.may_be_the_alerts());
  CHECK(breaker.next_probe() > noon);
  for (int i = 0; i < 40; ++i) {
    breaker.failed(Offset{5}, noon, 0.999);
    CHECK(breaker.next_probe() <= noon + 10s);
  }
  CHECK(breaker.succeeded());
  CHECK_FALSE(breaker.is_open());
  CHECK_FALSE(breaker.succeeded());
}

TEST_CASE("one alert that fails five times opens the breaker, but may be the fault itself") {
  Breaker breaker{RetryPolicy{}};
  for (int i = 0; i < 5; ++i) breaker.failed(Offset{9}, Instant{12h}, 0.5);

  CHECK(breaker.is_open());
  CHECK(breaker.may_be_the_alerts());
}

TEST_CASE("a token bucket lets a burst through and then one request at its rate") {
  const Instant noon{12h};
  TokenBucket bucket{{.per_second = 2, .burst = 3}, noon};
  for (int i = 0; i < 3; ++i) {
    CHECK(bucket.ready_at(noon) == noon);
    bucket.take(noon);
  }

  CHECK(bucket.ready_at(noon) > noon + 499ms);
  CHECK(bucket.ready_at(noon + 501ms) == noon + 501ms);
}

TEST_CASE("a destination that asks for time without saying how much gets one second, doubling to sixty") {
  Holds holds;
  Instant now{12h};
  for (const auto wait : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    holds.hold("", Holds::Kind::Throttle, "asked for time", {}, now);
    CHECK(holds.blocked_until("", now) == now + wait);
    holds.hold("", Holds::Kind::Throttle, "asked for time", {}, now + 1ms);  // an answer to a request sent before
    CHECK(holds.blocked_until("", now + 1ms) == now + wait);
    now += wait;
    CHECK_FALSE(holds.blocked_until("", now));
  }
  CHECK(holds.release(""));
  holds.hold("", Holds::Kind::Throttle, "asked for time", 7s, now);
  CHECK(holds.blocked_until("", now) == now + 7s);
  holds.release("");
  holds.hold("", Holds::Kind::Throttle, "asked for time", 24h * 365, now);
  CHECK(holds.blocked_until("", now) == now + 1h);
}

TEST_CASE("held destinations are bounded, and never silence the sink") {
  Holds holds;
  for (int i = 0; i < 5000; ++i)
    holds.hold("index-" + std::to_string(i), Holds::Kind::Misconfigured, "no such index", {}, Instant{12h});

  CHECK(holds.size() <= 256);
  CHECK_FALSE(holds.blocked_until("", Instant{12h}));
}

namespace {
Decision example() {
  Decision decision{Offset{5}, Offset{9}, {}};
  decision.add(Offset{5}, {"a"}, "");
  decision.add(Offset{6}, {"a"}, "");
  decision.add(Offset{8}, {}, "route drop");
  return decision;
}
}  // namespace

TEST_CASE("a decision record has the bytes that its document shows") {
  const std::string bytes = encode(example());

  CHECK(bytes == std::string{"D\x01\x05\x04\x02\x01"
                             "a\x0aroute drop\x02\x00\x02\x00\x01\x00\x01\x01\x02\x00",
                             28});
  CHECK(decode_decision(bytes).value() == example());
}

TEST_CASE("a decision that changes the router's memory has the bytes that its document shows") {
  Decision decision = example();
  decision.changes.push_back({Stage::Dedup, "r", "k", "v"});

  const std::string bytes = encode(decision);

  CHECK(bytes == std::string{"D\x02\x05\x04\x03\x01"
                             "a\x0aroute drop\x01r\x02\x00\x02\x00\x01\x00\x01\x01\x02\x00\x01\x02\x02\x01k\x01v",
                             37});
  CHECK(decode_decision(bytes).value() == decision);
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(decode_decision(bytes.substr(0, size)));
}

TEST_CASE("decisions survive a round trip, and thousands of alike alerts take a few bytes") {
  std::mt19937 random{11};
  for (int round = 0; round < 100; ++round) {
    Decision decision{Offset{random()}, {}, {}};
    Offset at = decision.from;
    for (unsigned i = random() % 300; i > 0; --i) {
      at.value += random() % 3 == 0 ? random() % 5 : 0;
      std::vector<std::string> sinks;
      for (const char* sink : {"slack", "kafka", "es"}) {
        if (random() % 2) sinks.emplace_back(sink);
      }
      decision.add(at, sinks, random() % 5 == 0 ? "route noise" : "");
      at = at.next();
    }
    decision.to = {at.value + random() % 10};
    CHECK(decode_decision(encode(decision)).value() == decision);
  }

  Decision alike{Offset{1}, Offset{5001}, {}};
  for (std::uint64_t i = 1; i <= 5000; ++i) alike.add(Offset{i}, {"slack", "kafka"}, "");
  CHECK(encode(alike).size() < 40);
}

TEST_CASE("no bytes crash the reader of decisions, and a cut or extended record is refused") {
  const std::string good = encode(example());
  for (std::size_t size = 0; size < good.size(); ++size) CHECK_FALSE(decode_decision(good.substr(0, size)));
  CHECK_FALSE(decode_decision(good + "x"));

  std::mt19937 random{13};
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (unsigned i = 1 + random() % 4; i > 0; --i) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (const auto decision = decode_decision(bytes)) {
      for (const DecisionRun& run : decision->runs) {
        REQUIRE(run.first >= decision->from);
        REQUIRE(run.first.value + run.count <= decision->to.value);
      }
    }
  }
}

TEST_CASE("a sink ignores a decision about alerts that were decided for it before") {
  Backlog backlog{"a", Cursor{Offset{1}}};
  Decision once{Offset{1}, Offset{4}, {}};
  for (std::uint64_t i = 1; i < 4; ++i) once.add(Offset{i}, {"a"}, "");
  Decision again{Offset{2}, Offset{6}, {}};
  for (std::uint64_t i = 2; i < 6; ++i) again.add(Offset{i}, {"a"}, "");

  backlog.offer(once, Offset{4});
  backlog.offer(again, Offset{6});

  for (std::uint64_t i = 1; i < 6; ++i) CHECK(backlog.take() == Offset{i});
  CHECK_FALSE(backlog.take());
}

TEST_CASE("the cursor of a sink with nothing to do follows the router, so that it does not pin the journal") {
  Backlog backlog{"a", Cursor{Offset{1}}};
  Decision others{Offset{1}, Offset{1000}, {}};
  for (std::uint64_t i = 1; i < 1000; ++i) others.add(Offset{i}, {"b"}, "");

  backlog.offer(others, Offset{1000});

  CHECK(backlog.cursor().position() == Offset{1000});
}

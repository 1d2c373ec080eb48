// What a sink's options do: how long an alert may wait, when it is given up, and what an outage does not count for.
#include "tests/support/catch.h"
#include "tests/unit/hub/deliver/world.h"

using namespace std::chrono_literals;
using tests::Receiver;
using tests::World;

TEST_CASE("an unreachable sink makes no dead letters, however small max_attempts is") {
  World world;
  Receiver& sink = world.sink("s");
  sink.limits = {.items = 1, .concurrency = 16};
  sink.latency = 1ms;
  sink.retry.max_attempts = 3;
  bool down = false;
  sink.answer = [&](const core::Alert&) -> core::Outcome {
    return down ? core::Outcome{core::Retry{"connection refused"}} : core::Outcome{core::Delivered{}};
  };
  world.start();

  for (int round = 0; round < 5; ++round) {
    const std::uint64_t before = world.status("s").delivered;
    world.send(200, "round" + std::to_string(round) + "-");
    REQUIRE(world.run_until([&] { return world.status("s").delivered >= before + 50; }));
    down = true;
    world.run_for(60ms);
    down = false;
    REQUIRE(world.drain());
  }

  CHECK(world.state.letters().empty());
  CHECK(world.lost("s").empty());
  CHECK(world.balanced());
}

TEST_CASE("a sink is degraded from its first failure on, and ok again with its first success") {
  World world;
  Receiver& sink = world.sink("s");
  sink.retry.initial = 100ms;
  sink.retry.max = 100ms;
  bool down = true;
  sink.answer = [&](const core::Alert&) -> core::Outcome {
    return down ? core::Outcome{core::Retry{"HTTP 500"}} : core::Outcome{core::Delivered{}};
  };
  world.start();

  world.send("a");
  REQUIRE(world.run_until([&] { return world.status("s").state == "degraded"; }));
  CHECK(sink.requests.size() == 1);
  CHECK(world.status("s").reason == "HTTP 500");

  down = false;
  REQUIRE(world.drain());
  CHECK(world.status("s").state == "ok");
}

TEST_CASE("an alert that was tried and is older than give_up_after is a dead letter, or dropped if so asked") {
  const auto then = GENERATE(hub::RetryPolicy::Then::DeadLetter, hub::RetryPolicy::Then::Drop);
  World world;
  Receiver& sink = world.sink("s");
  sink.retry.give_up_after = 30ms;
  sink.retry.then = then;
  sink.answer = [](const core::Alert&) -> core::Outcome { return core::Retry{"HTTP 500"}; };
  world.start();

  world.send("a");
  REQUIRE(world.drain());

  const bool buried = then == hub::RetryPolicy::Then::DeadLetter;
  CHECK(world.status("s").dead_letters == (buried ? 1 : 0));
  CHECK(world.status("s").dropped == (buried ? 0 : 1));
  if (!buried) CHECK(world.metrics->value(hub::Metric::SinkDropped, {"s", "too_old"}) == 1);
  CHECK(world.balanced());
}

TEST_CASE("an alert that waits longer than max_age is dropped and counted, also while its sink is paused") {
  World world;
  Receiver& sink = world.sink("s");
  sink.queue.max_age = 200ms;
  sink.answer = [](const core::Alert&) -> core::Outcome { return core::Misconfigured{"401 token revoked"}; };
  world.start();

  world.send(2'000);
  REQUIRE(world.drain());

  CHECK(world.status("s").dropped == 2'000);
  CHECK(world.metrics->value(hub::Metric::SinkDropped, {"s", "max_age"}) == 2'000);
  CHECK(world.state.letters().empty());
  CHECK(world.balanced());
}

// The end in order: what is queued and due at a sink that is well goes out within the grace; nobody waits for one that
// is not, and what is left is the next start's.
#include "tests/support/catch.h"
#include "tests/unit/hub/deliver/world.h"

using namespace std::chrono_literals;
using tests::Receiver;
using tests::World;

namespace {
std::chrono::steady_clock::duration time_to_stop(World& world, core::Duration grace) {
  const auto begun = std::chrono::steady_clock::now();
  world.stop(grace);
  return std::chrono::steady_clock::now() - begun;
}
}  // namespace

TEST_CASE("a stop delivers what is queued at a slow sink, and ends as soon as that is done") {
  World world;
  Receiver& slow = world.sink("slow");
  slow.limits = {.items = 1};
  slow.latency = 5ms;
  world.start();
  world.send(100);  // not even decided yet

  const auto took = time_to_stop(world, 6s);

  CHECK(slow.delivered.size() == 100);
  CHECK(took < 5s);
  CHECK(world.state.cursors().value().at("slow").position > hub::Offset{100});
  world.start();
  CHECK(world.status("slow").queued == 0);
}

TEST_CASE("a stop does not wait for a batch to be full") {
  World world;
  Receiver& patient = world.sink("patient");
  patient.limits = {.items = 1000, .max_wait = 1h};
  world.start();
  world.send(10);
  REQUIRE(world.run_until([&] { return world.status("patient").queued == 10; }));

  const auto took = time_to_stop(world, 6s);

  CHECK(patient.delivered.size() == 10);
  CHECK(took < 2s);
}

TEST_CASE("a stop lets a sink keep to its rate") {
  World world;
  Receiver& paced = world.sink("paced");
  paced.limits = {.items = 1, .rate = {.per_second = 50, .burst = 1}};
  world.start();
  world.send(20);

  time_to_stop(world, 6s);

  CHECK(paced.delivered.size() == 20);
}

TEST_CASE("a stop waits for no sink that is down, throttled or paused, and keeps its queue") {
  const core::Outcome outcome = GENERATE(as<core::Outcome>{}, core::Retry{"connection refused"}, core::Throttle{1h},
                                         core::Misconfigured{"401 token revoked"});
  World world;
  Receiver& away = world.sink("away");
  away.answer = [&](const core::Alert&) { return outcome; };
  world.start();
  world.send(300);
  REQUIRE(world.run_until([&] { return world.status("away").state != "ok"; }));

  const auto took = time_to_stop(world, 6s);

  CHECK(took < 1s);
  away.answer = [](const core::Alert&) { return core::Delivered{}; };
  world.start();
  CHECK(world.status("away").queued == 300);
  REQUIRE(world.drain());
  CHECK(world.lost("away").empty());
}

TEST_CASE("a stop gives the request that asks whether a sink is back one second, not the whole grace") {
  World world;
  Receiver& hole = world.sink("hole");
  hole.answer = [](const core::Alert&) { return core::Retry{"503"}; };
  world.start();
  world.send(20);
  REQUIRE(world.run_until([&] { return hole.requests.size() > 5; }));  // an outage by now
  hole.hangs = {world.sent.begin(), world.sent.end()};
  hole.hang_for = 1h;
  const std::size_t before = hole.requests.size();
  REQUIRE(world.run_until([&] { return hole.requests.size() > before; }));

  const auto took = time_to_stop(world, 6s);

  CHECK(took < 2s);
}

TEST_CASE("a stop that its sinks do not finish in time repeats nothing at one that answers") {
  World world;
  Receiver& slow = world.sink("slow");
  slow.limits = {.items = 1};
  slow.latency = 20ms;
  world.start();
  world.send(200);

  const auto took = time_to_stop(world, 600ms);

  CHECK(took < 2s);
  CHECK(slow.delivered.size() > 5);
  CHECK(slow.delivered.size() < 100);
  slow.latency = 0ms;
  world.start();
  REQUIRE(world.drain());
  CHECK(world.lost("slow").empty());
  for (const auto& [rule, times] : slow.delivered) CHECK(times == 1);
}

TEST_CASE("a stop with a journal that takes no decision ends soon, and the alerts are decided after the next start") {
  World world;
  Receiver& sink = world.sink("s");
  world.start();
  world.send(10);
  world.journal.refuse(core::Error{core::Fault::Full, "no space left"});

  const auto took = time_to_stop(world, 6s);

  CHECK(took < 2s);
  CHECK(sink.delivered.empty());
  world.journal.refuse(std::nullopt);
  world.start();
  REQUIRE(world.drain());
  CHECK(world.lost("s").empty());
}

// A sink that is taken out of outputs.yaml with alerts queued, and put back.
#include "tests/support/catch.h"
#include "tests/unit/hub/deliver/world.h"

using namespace std::chrono_literals;
using tests::Receiver;
using tests::World;

namespace {

// "s" has 20 alerts queued and is out of the configuration; "other" has them.
Receiver& leave_a_backlog(World& world) {
  Receiver& sink = world.sink("s");
  world.sink("other");
  sink.answer = [](const core::Alert&) { return core::Retry{"503"}; };
  world.start();
  world.send(20, "queued");
  REQUIRE(world.run_until([&] { return world.status("s").routed == 20 && world.status("other").delivered == 20; }));
  world.stop();
  world.remove("s");
  return sink;
}

}  // namespace

TEST_CASE("a sink that is removed with a backlog and put back within 7 days gets it, and nothing of between") {
  World world;
  Receiver& sink = leave_a_backlog(world);
  world.start();
  world.send(1500, "between");
  REQUIRE(world.run_until([&] { return world.status("other").delivered == 1520; }));
  world.stop();
  CHECK(world.journal.first() == hub::Offset{1});

  sink.answer = [](const core::Alert&) { return core::Delivered{}; };
  world.sink("s");
  world.start();
  REQUIRE(world.run_until([&] { return world.status("s").queued == 0; }));

  CHECK(sink.delivered.size() == 20);
  CHECK(world.status("s").delivered == 20);
  CHECK(world.state.removed().value().empty());
  CHECK(world.balanced());
}

TEST_CASE("the 7 days count from the first start without the sink, and then the journal is let go") {
  World world;
  leave_a_backlog(world);
  world.start();
  const core::TimePoint since = world.state.removed().value().at("s");
  world.crash();
  world.start();
  CHECK(world.state.removed().value().at("s") == since);
  world.stop();

  world.state.remove_since("s", core::now() - 7 * 24h - 1s);
  world.start();
  world.send(10, "later");
  REQUIRE(world.run_until([&] { return world.journal.first() > hub::Offset{20}; }));

  world.stop();
  world.sink("s");
  world.start();
  CHECK(world.status("s").queued == 0);
  CHECK(world.status("s").dropped == 20);
  CHECK(world.metrics->value(hub::Metric::SinkDropped, {"s", "retention"}) == 20);
  CHECK(world.balanced());
}

TEST_CASE("a sink that is removed with nothing queued does not hold the journal") {
  World world;
  world.sink("s");
  world.sink("other");
  world.start();
  world.send(20, "early");
  REQUIRE(world.drain());
  world.stop();
  world.remove("s");

  world.start();
  world.send(10, "later");

  REQUIRE(world.run_until([&] { return world.journal.first() > hub::Offset{25}; }));
}

TEST_CASE("alerts decided for a sink just before a crash are in its backlog when it is removed after it") {
  World world;
  Receiver& sink = world.sink("s");
  world.sink("other");
  sink.answer = [](const core::Alert&) { return core::Retry{"503"}; };
  world.start();
  world.state.hold = true;
  world.send(20, "queued");
  REQUIRE(world.run_until([&] { return world.status("s").routed == 20; }));
  world.crash();
  world.state.hold = false;
  world.remove("s");
  world.start();
  world.send(10, "between");
  REQUIRE(world.run_until([&] { return world.status("other").queued == 0; }));
  world.stop();

  sink.answer = [](const core::Alert&) { return core::Delivered{}; };
  world.sink("s");
  world.start();
  CHECK(world.status("s").queued == 20);
  REQUIRE(world.run_until([&] { return world.status("s").queued == 0; }));

  CHECK(sink.delivered.size() == 20);
  CHECK(world.balanced());
}

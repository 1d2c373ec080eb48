// Decision records that the disk has lost: the alerts are there, so they are decided again; only what lost both is
// dropped, and counted.
#include "tests/support/catch.h"
#include "tests/unit/hub/deliver/world.h"

using namespace std::chrono_literals;
using tests::Receiver;
using tests::World;

namespace {

std::vector<hub::Offset> decisions_in(const World& world) {
  std::vector<hub::Offset> found;
  for (const hub::Record& record : world.journal.records()) {
    if (record.type == hub::RecordType::Decision) found.push_back(record.offset);
  }
  return found;
}

// Alerts a0… and b0…, each lot decided for itself, none delivered.
void decide_two_lots(World& world) {
  for (const char* lot : {"a", "b"}) {
    const std::size_t before = decisions_in(world).size();
    world.send(10, lot);
    REQUIRE(world.run_until([&] { return decisions_in(world).size() > before; }));
  }
  REQUIRE(world.run_until([&] { return world.status("s").routed == 20; }));
}

void refuse_all(Receiver& sink) {
  sink.answer = [](const core::Alert&) { return core::Retry{"503"}; };
}
void take_all(Receiver& sink) {
  sink.answer = [](const core::Alert&) { return core::Delivered{}; };
}

void check_all_arrived_once(World& world, Receiver& sink) {
  CHECK(world.lost("s").empty());
  for (const auto& [rule, times] : sink.delivered) CHECK(times == 1);
  CHECK(world.status("s").routed == 20);
  CHECK(world.status("s").delivered == 20);
  CHECK(world.status("s").queued == 0);
  CHECK(world.balanced());
}

}  // namespace

TEST_CASE("alerts whose decision the disk has lost are decided again and delivered, once") {
  World world;
  Receiver& sink = world.sink("s");
  refuse_all(sink);
  world.start();
  decide_two_lots(world);
  world.stop();

  const std::size_t which = GENERATE(0, 1);  // the last one is followed by no other that would show the gap
  world.journal.quarantine(decisions_in(world)[which]);
  take_all(sink);
  world.start();
  REQUIRE(world.drain());

  check_all_arrived_once(world, sink);
}

TEST_CASE("a decision that is lost before any total had it is counted when it is made again") {
  World world;
  Receiver& sink = world.sink("s");
  refuse_all(sink);
  world.start();
  world.state.hold = true;  // the router's cursor and the totals stay as they are at the start
  decide_two_lots(world);
  world.crash();

  const std::size_t which = GENERATE(0, 1);
  world.journal.quarantine(decisions_in(world)[which]);
  world.state.hold = false;
  take_all(sink);
  world.start();
  REQUIRE(world.run_until([&] { return world.status("s").delivered == 20; }));
  REQUIRE(world.run_until([&] { return world.status("s").queued == 0; }));

  check_all_arrived_once(world, sink);
}

TEST_CASE("a decision that nobody can read holds up nothing") {
  World world;
  Receiver& sink = world.sink("s");
  world.start();
  world.send(10, "a");
  world.journal.append({{hub::RecordType::Decision, "D\x07 of a version to come"}},
                       [](const core::Result<hub::Offset>&) {});
  world.crash();

  world.start();
  world.send(10, "b");
  REQUIRE(world.run_until([&] { return world.status("s").delivered == 20; }));

  check_all_arrived_once(world, sink);
}

TEST_CASE("a sink gets of the alerts decided again those that are its own") {
  World world;
  Receiver& sink = world.sink("s");
  Receiver& severe = world.sink("severe");
  severe.minimumpriority = core::Priority::Critical;
  refuse_all(sink);
  refuse_all(severe);
  world.start();
  world.send(9, "a");
  world.send("urgent", core::Priority::Emergency);
  REQUIRE(world.run_until([&] { return world.status("severe").routed == 1; }));
  world.stop();

  for (const hub::Offset decision : decisions_in(world)) world.journal.quarantine(decision);
  take_all(sink);
  take_all(severe);
  world.start();
  REQUIRE(world.drain());

  CHECK(world.lost("s").empty());
  CHECK(severe.delivered == std::map<std::string, unsigned>{{"urgent", 1}});
  CHECK(world.status("severe").routed == 1);
}

TEST_CASE("alerts that the disk lost together with their decision are dropped, and counted as that") {
  World world;
  Receiver& sink = world.sink("s");
  refuse_all(sink);
  world.start();
  decide_two_lots(world);
  world.stop();

  world.journal.quarantine(decisions_in(world)[0]);
  for (const std::uint64_t offset : {3, 4, 5}) world.journal.quarantine(hub::Offset{offset});
  take_all(sink);
  world.start();
  REQUIRE(world.run_until([&] { return world.status("s").delivered == 17; }));
  REQUIRE(world.run_until([&] { return world.status("s").queued == 0; }));

  CHECK(world.status("s").dropped == 3);
  CHECK(world.metrics->value(hub::Metric::SinkDropped, {"s", "decision_lost"}) == 3);
  CHECK(world.lost("s") == std::set<std::string>{"a2", "a3", "a4"});
  CHECK(world.balanced());
}

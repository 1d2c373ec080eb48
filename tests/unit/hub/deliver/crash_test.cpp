// Crashes: what is not reported durable is gone. Nothing acknowledged may be lost, and little may be repeated.
#include "tests/support/catch.h"
#include "tests/unit/hub/deliver/world.h"

using namespace std::chrono_literals;
using Defect = tests::MemoryState::Defect;
using tests::Receiver;
using tests::World;

TEST_CASE("a restart goes on where it stopped: nothing is lost, nothing is repeated") {
  World world;
  Receiver& sink = world.sink("s");
  sink.answer = [&](const core::Alert&) -> core::Outcome {
    return sink.delivered.size() < 40 ? core::Outcome{core::Delivered{}} : core::Outcome{core::Retry{"503"}};
  };
  world.start();
  world.send(100);
  REQUIRE(world.run_until([&] { return world.status("s").state == "degraded"; }));
  world.stop();

  sink.answer = [](const core::Alert&) { return core::Delivered{}; };
  world.start();
  CHECK(world.status("s").queued == 60);
  REQUIRE(world.drain());

  CHECK(world.lost("s").empty());
  for (const auto& [rule, times] : sink.delivered) CHECK(times == 1);
  CHECK(world.status("s").routed == 100);
  CHECK(world.balanced());
}

TEST_CASE("a crash repeats at most what was settled since the last save, and loses nothing") {
  World world;
  Receiver& sink = world.sink("s");
  sink.limits = {.items = 10};
  world.start();
  world.send(25000);
  REQUIRE(world.run_until([&] { return sink.delivered.size() >= 20000; }, std::chrono::seconds{60}));
  world.crash();

  world.start();
  REQUIRE(world.drain());

  CHECK(world.lost("s").empty());
  const auto repeated =
      std::count_if(sink.delivered.begin(), sink.delivered.end(), [](const auto& one) { return one.second > 1; });
  CHECK(repeated <= 10010);
  CHECK(world.balanced());
}

TEST_CASE("a crash at any step loses nothing") {
  for (int step = 0; step < 60; ++step) {
    World world;
    Receiver& sink = world.sink("s");
    sink.limits = {.items = 3};
    sink.answer = [](const core::Alert& alert) -> core::Outcome {
      if (alert.rule.ends_with("3")) return core::Reject{"400 " + alert.rule};
      return core::Delivered{};
    };
    world.sink("other");
    world.start();
    world.send(15, "a");
    // The loop's steps are handlers: so many of them run, with saves let through now and then, before the lights go
    // out.
    int handlers = 0;
    world.state.hold = true;
    world.run_until([&] {
      if (handlers % 5 == 4) world.state.let_through();
      return handlers++ >= step;
    });
    world.send(15, "b");
    world.crash();

    world.state.hold = false;
    world.start();
    REQUIRE(world.drain());
    REQUIRE(world.run_until([&] { return world.lost("s").empty(); }, 2s));
    CHECK(world.lost("other").empty());
    CHECK(world.balanced());
  }
}

TEST_CASE("alerts acknowledged but not yet decided are decided after a crash, once") {
  World world;
  Receiver& sink = world.sink("s");
  world.start();
  world.send(10);  // durable; the router's turn never comes
  world.crash();

  world.start();
  REQUIRE(world.drain());

  CHECK(world.lost("s").empty());
  for (const auto& [rule, times] : sink.delivered) CHECK(times == 1);
  CHECK(world.status("s").routed == 10);
}

TEST_CASE("a decision found in the journal above the router's cursor is not made again") {
  World world;
  world.sink("s").answer = [](const core::Alert&) { return core::Retry{"503"}; };
  world.start();
  world.state.hold = true;  // the router's cursor stays at 1
  world.send(10);
  REQUIRE(world.run_until([&] { return world.status("s").routed == 10; }));
  world.crash();

  world.state.hold = false;
  world.sink("late");  // new routes concern undecided alerts only
  world.sink("s").answer = [](const core::Alert&) { return core::Delivered{}; };
  world.start();
  REQUIRE(world.run_until([&] { return world.status("s").delivered == 10; }));

  CHECK(world.status("s").routed == 10);
  CHECK(world.sink("late").delivered.empty());
  std::size_t decisions = 0;
  for (const hub::Record& record : world.journal.records()) decisions += record.type == hub::RecordType::Decision;
  CHECK(decisions <= 1);
}

TEST_CASE("the journal lets go of alerts only after the save that released them is durable") {
  World world;
  world.sink("s");
  world.start();
  world.state.hold = true;
  world.send(1500);
  REQUIRE(world.drain());
  REQUIRE(world.run_until([&] { return world.state.held() > 0; }));
  CHECK(world.journal.first() == hub::Offset{1});

  world.state.let_through();
  world.state.hold = false;
  REQUIRE(world.run_until([&] { return world.journal.first() > hub::Offset{1000}; }));
}

TEST_CASE("a sink that is away pins its alerts in the journal, the others do not wait for it") {
  World world;
  world.sink("away").answer = [](const core::Alert&) { return core::Retry{"503"}; };
  world.sink("here");
  world.start();
  world.send(1500);
  REQUIRE(world.run_until([&] { return world.status("here").delivered == 1500; }));
  world.run_for(1200ms);

  CHECK(world.journal.first() == hub::Offset{1});
}

TEST_CASE("without room for a dead letter the alert stays queued on disk, and both are saved when there is room") {
  World world;
  world.sink("s").answer = [](const core::Alert& alert) -> core::Outcome {
    return alert.rule == "r3" ? core::Outcome{core::Reject{"400"}} : core::Outcome{core::Delivered{}};
  };
  world.start();
  world.state.refuse = core::Error{core::Fault::Full, "no space left"};
  world.send(10);
  REQUIRE(world.drain());
  CHECK(world.state.letters().empty());
  CHECK(world.state.cursors().value().at("s").position == hub::Offset{1});
  CHECK(world.journal.first() == hub::Offset{1});

  world.state.refuse.reset();
  REQUIRE(world.run_until([&] { return world.state.letters().size() == 1; }));
  CHECK(world.lost("s").empty());
}

TEST_CASE("a full journal delays decisions and skips none") {
  World world;
  world.sink("s");
  world.start();
  world.send(10);
  world.journal.refuse(core::Error{core::Fault::Full, "no space left"});
  world.run_for(50ms);
  CHECK(world.status("s").routed == 0);

  world.journal.refuse(std::nullopt);
  REQUIRE(world.drain());
  CHECK(world.lost("s").empty());
}

TEST_CASE("a cursor below the journal's first record is clamped, and what is gone is counted") {
  World world;
  Receiver& sink = world.sink("s");
  sink.answer = [](const core::Alert&) { return core::Retry{"503"}; };
  world.start();
  world.send(100);
  REQUIRE(world.run_until([&] { return world.status("s").state == "degraded"; }));
  world.stop();

  world.journal.lose_below(hub::Offset{31});
  sink.answer = [](const core::Alert&) { return core::Delivered{}; };
  world.start();
  REQUIRE(world.drain());

  CHECK(sink.delivered.size() == 70);
  CHECK(world.status("s").dropped == 30);
  CHECK(world.metrics->value(hub::Metric::SinkDropped, {"s", "retention"}) == 30);
  CHECK(world.balanced());
}

TEST_CASE("with its state lost the hub delivers all that is retained again") {
  World world;
  Receiver& sink = world.sink("s");
  sink.answer = [](const core::Alert&) { return core::Retry{"503"}; };
  world.start();
  world.send(50);
  REQUIRE(world.run_until([&] { return world.status("s").state == "degraded"; }));
  world.stop();

  world.state.lose_everything();
  sink.answer = [](const core::Alert&) { return core::Delivered{}; };
  world.start();
  REQUIRE(world.drain());

  CHECK(world.lost("s").empty());
  CHECK(world.status("s").routed == 50);
}

TEST_CASE("a new sink's cursor is durable before start returns, and begins with what is not decided") {
  World world;
  world.sink("old");
  world.start();
  world.send(20, "early");
  REQUIRE(world.drain());
  world.stop();

  world.sink("new");
  world.start();
  CHECK(world.state.cursors().value().contains("new"));
  world.send("now");
  REQUIRE(world.drain());

  CHECK(world.sink("new").delivered == std::map<std::string, unsigned>{{"now", 1}});
}

// The oracle must find what it is there to find: two defects planted in the state's twin, each with the crash that
// shows it.
namespace {
std::set<std::string> lost_with(Defect defect) {
  World world;
  Receiver& sink = world.sink("s");
  sink.answer = [](const core::Alert& alert) -> core::Outcome {
    return alert.rule == "r3" ? core::Outcome{core::Reject{"400"}} : core::Outcome{core::Delivered{}};
  };
  world.start();
  world.state.hold = true;
  world.state.defect = defect;
  world.send(10);
  world.drain();
  world.run_until([&] { return world.state.held() > 0; });
  if (defect == Defect::DoneBeforeDurable) world.run_until([&] { return world.journal.first() > hub::Offset{4}; });
  world.crash();

  world.state.hold = false;
  world.state.defect = Defect::None;
  world.start();
  world.run_for(50ms);
  world.run_until([&] { return world.lost("s").empty(); }, 1500ms);
  return world.lost("s");
}
}  // namespace

TEST_CASE("planted defect: a cursor written before its dead letter loses the alert, and the oracle sees it") {
  CHECK(lost_with(Defect::None).empty());
  CHECK(lost_with(Defect::CursorBeforeLetter) == std::set<std::string>{"r3"});
}

TEST_CASE("planted defect: an unlink before the cursor is durable loses the alert, and the oracle sees it") {
  CHECK(lost_with(Defect::DoneBeforeDurable) == std::set<std::string>{"r3"});
}

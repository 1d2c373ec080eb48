// Each outcome has its one answer, and no alert stands in another's way.
#include "tests/support/catch.h"
#include "tests/unit/hub/deliver/world.h"

using namespace std::chrono_literals;
using tests::Receiver;
using tests::World;

namespace {
// "bad…" gets `outcome`, everything else is delivered.
std::function<core::Outcome(const core::Alert&)> refuse_bad(core::Outcome outcome) {
  return [outcome = std::move(outcome)](const core::Alert& alert) {
    return alert.rule.starts_with("bad") ? outcome : core::Outcome{core::Delivered{}};
  };
}
}  // namespace

TEST_CASE("every alert reaches every sink that wants it, once") {
  World world;
  Receiver& all = world.sink("all");
  Receiver& batched = world.sink("batched");
  batched.limits = {.items = 100, .concurrency = 4};
  world.sink("severe").minimumpriority = core::Priority::Critical;
  world.start();

  world.send(500);
  world.send("urgent", core::Priority::Emergency);
  REQUIRE(world.run_until([&] {
    return world.status("all").delivered == 501 && world.status("batched").delivered == 501 &&
           world.status("severe").delivered == 1;
  }));

  CHECK(world.lost("all").empty());
  CHECK(world.lost("batched").empty());
  CHECK(world.sink("severe").delivered == std::map<std::string, unsigned>{{"urgent", 1}});
  for (const auto& [rule, times] : all.delivered) CHECK(times == 1);
  for (const auto& [rule, times] : batched.delivered) CHECK(times == 1);
  CHECK(batched.requests.size() < 20);
  CHECK(batched.most_under_way <= 4);
  CHECK(world.balanced());
  CHECK(world.metrics->value(hub::Metric::SinkDelivered, {"all"}) == 501);
  CHECK(world.metrics->value(hub::Metric::FalcosidekickOutputs, {"scripted", "ok"}) == 1003);
}

TEST_CASE("a refused alert becomes a dead letter with its reason and bytes, and the others pass") {
  World world;
  world.sink("s").answer = refuse_bad(core::Reject{"400 no \x1b such field"});
  world.start();

  world.send(10, "a");
  world.send("bad");
  world.send(10, "b");
  REQUIRE(world.drain());
  REQUIRE(world.run_until([&] { return world.state.letters().size() == 1; }));

  const hub::DeadLetter& letter = world.state.letters().front();
  CHECK(letter.sink == "s");
  CHECK(letter.rule == "bad");
  CHECK(letter.reason == "400 no \\u001b such field");
  CHECK(letter.attempts == 1);
  CHECK(letter.alert.find("\"rule\":\"bad\"") != std::string::npos);
  CHECK(world.sink("s").delivered.size() == 20);
  CHECK(world.status("s").dead_letters == 1);
  CHECK(world.metrics->value(hub::Metric::SinkDeadLetters, {"s", "refused"}) == 1);
  CHECK(world.balanced());
}

TEST_CASE("a batch refused as a whole is bisected until the culprit is alone, in a logarithmic number of requests") {
  World world;
  Receiver& sink = world.sink("s");
  sink.limits = {.items = 64};
  sink.answer_batch = [](const std::vector<std::string>& rules) -> core::Outcomes {
    const bool bad = std::find(rules.begin(), rules.end(), "r37") != rules.end();
    return core::same_for_all(rules.size(),
                              bad ? core::Outcome{core::Reject{"400"}} : core::Outcome{core::Delivered{}});
  };
  world.start();

  world.send(64);
  REQUIRE(world.drain());
  REQUIRE(world.run_until([&] { return !world.state.letters().empty(); }));

  CHECK(world.state.letters().size() == 1);
  CHECK(world.state.letters().front().rule == "r37");
  CHECK(sink.delivered.size() == 63);
  CHECK(sink.requests.size() <= 13);
}

TEST_CASE("poison of four kinds ends as dead letters and delays nobody") {
  World world;
  Receiver& sink = world.sink("s");
  sink.limits = {.items = 1, .concurrency = 2};
  sink.hangs = {"bad-hang"};
  sink.hang_for = 5ms;
  sink.answer = [](const core::Alert& alert) -> core::Outcome {
    if (alert.rule == "bad-400") return core::Reject{"400"};
    if (alert.rule == "bad-500") return core::Retry{"500"};
    if (alert.rule == "bad-large") return core::Reject{"413"};
    return core::Delivered{};
  };
  world.start();

  for (const char* poison : {"bad-400", "bad-500", "bad-hang", "bad-large"}) world.send(poison);
  for (int i = 0; i < 60; ++i) {
    const std::string rule = "good" + std::to_string(i);
    const auto before = std::chrono::steady_clock::now();
    world.send(rule);
    REQUIRE(world.run_until([&] { return sink.delivered.contains(rule); }));
    CHECK(std::chrono::steady_clock::now() - before < 500ms);
    world.run_for(2ms);
  }
  // Others keep getting through, so what always fails is given up.
  int extra = 0;
  REQUIRE(world.run_until([&] {
    const bool through = extra == 0 || sink.delivered.contains("more" + std::to_string(extra - 1));
    if (through && extra < 3000) world.send("more" + std::to_string(extra++));
    return world.state.letters().size() == 4;
  }));

  CHECK(world.metrics->value(hub::Metric::SinkDeadLetters, {"s", "attempts"}) == 2);
  CHECK(world.metrics->value(hub::Metric::SinkDeadLetters, {"s", "refused"}) == 2);
  for (const hub::DeadLetter& letter : world.state.letters()) CHECK(letter.rule.starts_with("bad"));
}

TEST_CASE("an alert that fails every batch it is in ends alone, and does not take its company with it") {
  World world;
  Receiver& sink = world.sink("s");
  sink.limits = {.items = 32};
  sink.answer_batch = [](const std::vector<std::string>& rules) -> core::Outcomes {
    const bool bad = std::find(rules.begin(), rules.end(), "r7") != rules.end();
    return core::same_for_all(rules.size(), bad ? core::Outcome{core::Retry{"500"}} : core::Outcome{core::Delivered{}});
  };
  world.start();

  world.send(32);
  int extra = 0;
  REQUIRE(world.run_until([&] {
    const bool through = extra == 0 || sink.delivered.contains("more" + std::to_string(extra - 1));
    if (through && extra < 3000) world.send("more" + std::to_string(extra++));
    return !world.state.letters().empty();
  }));
  REQUIRE(world.drain());

  CHECK(world.state.letters().size() == 1);
  CHECK(world.state.letters().front().rule == "r7");
  CHECK(world.lost("s") == std::set<std::string>{});
}

TEST_CASE(
    "a sink that is down is probed by one request at a time, and its backlog flows when it is back; nothing is given "
    "up") {
  World world;
  Receiver& sink = world.sink("s");
  sink.limits = {.items = 1, .concurrency = 4};
  sink.latency = 1ms;
  bool down = true;
  sink.answer = [&](const core::Alert&) -> core::Outcome {
    return down ? core::Outcome{core::Retry{"connection refused"}} : core::Outcome{core::Delivered{}};
  };
  world.start();

  world.send(300);
  REQUIRE(world.run_until([&] { return world.status("s").state == "degraded"; }));
  sink.most_under_way = sink.under_way;
  REQUIRE(world.run_until([&] { return sink.under_way <= 1; }));
  sink.most_under_way = 0;
  const std::size_t before = sink.requests.size();
  world.run_for(150ms);
  CHECK(sink.most_under_way <= 1);
  CHECK(sink.requests.size() > before);
  CHECK(world.status("s").reason == "connection refused");
  CHECK(world.metrics->value(hub::Metric::SinkState, {"s"}) == 1);

  down = false;
  REQUIRE(world.drain());

  CHECK(world.lost("s").empty());
  CHECK(world.state.letters().empty());
  CHECK(world.status("s").state == "ok");
  CHECK(world.metrics->value(hub::Metric::SinkState, {"s"}) == 0);
  CHECK(world.balanced());
}

TEST_CASE("a throttled sink waits as long as it was asked to; that is no attempt") {
  World world;
  Receiver& sink = world.sink("s");
  sink.retry.max_attempts = 1;
  int answers = 0;
  sink.answer = [&](const core::Alert&) -> core::Outcome {
    return ++answers <= 3 ? core::Outcome{core::Throttle{30ms}} : core::Outcome{core::Delivered{}};
  };
  world.start();

  const auto begun = std::chrono::steady_clock::now();
  world.send(5);
  REQUIRE(world.run_until([&] { return world.status("s").state == "throttled"; }));
  REQUIRE(world.drain());

  CHECK(std::chrono::steady_clock::now() - begun >= 90ms);
  CHECK(sink.requests.size() == 8);
  CHECK(world.state.letters().empty());
  CHECK(world.status("s").state == "ok");
}

TEST_CASE("a misconfigured sink is paused with its queue kept, says why, and goes on by itself once it is put right") {
  World world;
  Receiver& sink = world.sink("s");
  bool revoked = true;
  sink.answer = [&](const core::Alert&) -> core::Outcome {
    return revoked ? core::Outcome{core::Misconfigured{"401 token revoked"}} : core::Outcome{core::Delivered{}};
  };
  world.start();

  world.send(20);
  REQUIRE(world.run_until([&] { return world.status("s").state == "paused"; }));
  CHECK(world.status("s").reason == "401 token revoked");
  CHECK(world.status("s").queued == 20);
  CHECK(sink.requests.size() == 1);
  CHECK(world.metrics->value(hub::Metric::SinkState, {"s"}) == 2);

  revoked = false;
  REQUIRE(world.drain());
  CHECK(world.lost("s").empty());
  CHECK(world.state.letters().empty());
}

TEST_CASE("a destination that a template chose is held back alone") {
  World world;
  Receiver& sink = world.sink("s");
  sink.destination = [](const core::Alert& alert) {
    return alert.rule.starts_with("bad") ? std::string{"falco-missing"} : std::string{"falco"};
  };
  sink.answer = refuse_bad(core::Misconfigured{"404 no such index"});
  world.start();

  world.send(5, "bad");
  world.send(50, "good");
  REQUIRE(world.run_until([&] { return world.status("s").delivered == 50; }));

  CHECK(world.status("s").queued == 5);
  CHECK(world.status("s").state == "ok");
}

TEST_CASE("an answer about the whole request pauses the sink, though a template chose the destinations") {
  World world;
  Receiver& sink = world.sink("s");
  bool revoked = true;
  sink.destination = [](const core::Alert& alert) { return alert.rule; };
  sink.answer = [&revoked](const core::Alert&) -> core::Outcome {
    if (revoked) return core::Misconfigured{"401 token revoked", core::About::Sink};
    return core::Delivered{};
  };
  world.start();

  world.send(20, "a");
  REQUIRE(world.run_until([&] { return world.status("s").state == "paused"; }));
  CHECK(world.status("s").queued == 20);
  CHECK(sink.requests.size() < 10);  // one probe at a time, not one a destination

  revoked = false;
  REQUIRE(world.run_until([&] { return world.status("s").delivered == 20; }, 10s));
  CHECK(world.status("s").state == "ok");
}

TEST_CASE(
    "whoever feeds a destination that does not exist cannot fill the window of the sink: beyond half of it alerts are "
    "dead letters") {
  World world;
  Receiver& sink = world.sink("s");
  sink.limits = {.items = 500};
  sink.destination = [](const core::Alert& alert) {
    return alert.rule.starts_with("bad") ? std::string{"falco-missing"} : std::string{"falco"};
  };
  sink.answer = refuse_bad(core::Misconfigured{"404 no such index"});
  world.start();

  world.send(12'000, "bad");
  world.send(50, "good");
  REQUIRE(world.run_until([&] { return world.status("s").delivered == 50; }, 30s));

  CHECK(world.status("s").queued == 5000);
  CHECK(world.status("s").dead_letters == 7000);
  CHECK(world.metrics->value(hub::Metric::SinkDeadLetters, {"s", "destination"}) == 7000);
  CHECK(world.balanced());
}

TEST_CASE("requests keep to the rate, the size and the wait that the output asks for") {
  World world;
  Receiver& paced = world.sink("paced");
  paced.limits = {.items = 1, .rate = {.per_second = 100, .burst = 1}};
  Receiver& small = world.sink("small");
  small.limits = {.items = 100, .bytes = 600};
  Receiver& patient = world.sink("patient");
  patient.limits = {.items = 10, .max_wait = 40ms};
  world.start();

  const auto begun = std::chrono::steady_clock::now();
  world.send("first");
  world.run_for(10ms);
  CHECK(patient.requests.empty());
  for (int i = 0; i < 4; ++i) world.send("later" + std::to_string(i));
  REQUIRE(world.drain());

  CHECK(std::chrono::steady_clock::now() - begun >= 38ms);
  CHECK(paced.requests.size() == 5);
  CHECK(patient.requests.size() == 1);
  for (const auto& request : small.requests) CHECK(request.size() <= 3);
}

TEST_CASE(
    "at most 10,000 alerts of a sink are held as offsets; a longer backlog stays in the journal and all of it "
    "arrives") {
  World world;
  Receiver& sink = world.sink("s");
  sink.limits = {.items = 500, .concurrency = 2};
  bool down = true;
  sink.answer = [&](const core::Alert& alert) -> core::Outcome {
    return down && alert.rule != "r0" ? core::Outcome{core::Retry{"503"}} : core::Outcome{core::Delivered{}};
  };
  world.start();

  world.send(15'000);
  REQUIRE(world.run_until([&] { return world.status("s").state == "degraded" && world.status("s").queued >= 14'999; }));
  down = false;
  REQUIRE(world.run_until([&] { return world.status("s").queued == 0; }, 60s));

  CHECK(world.lost("s").empty());
  CHECK(world.journal.most_read() <= 2'000);
}

TEST_CASE("what is under way gets its grace at the end, then is cancelled, and stays the next start's") {
  World world;
  Receiver& sink = world.sink("s");
  sink.limits = {.items = 1, .concurrency = 2};
  sink.hangs = {"r0"};
  sink.hang_for = 1h;
  sink.latency = 10ms;
  world.start();
  world.send(2);
  REQUIRE(world.run_until([&] { return sink.under_way == 2; }));

  const auto begun = std::chrono::steady_clock::now();
  world.stop(50ms);

  CHECK(std::chrono::steady_clock::now() - begun < 2s);
  CHECK(sink.closed);
  CHECK(sink.delivered == std::map<std::string, unsigned>{{"r1", 1}});
  sink.hangs.clear();
  world.start();
  REQUIRE(world.drain());
  CHECK(sink.delivered == std::map<std::string, unsigned>{{"r0", 1}, {"r1", 1}});
}

TEST_CASE("an alert that cannot be read any more is dropped with a reason, and the next ones arrive") {
  World world;
  Receiver& sink = world.sink("s");
  bool down = true;
  sink.answer = [&](const core::Alert&) -> core::Outcome {
    return down ? core::Outcome{core::Throttle{20ms}} : core::Outcome{core::Delivered{}};
  };
  world.start();
  world.send(6000);  // more than the cache of decoded alerts holds
  REQUIRE(world.run_until([&] { return world.status("s").state == "throttled" && world.status("s").routed == 6000; }));

  world.journal.quarantine(hub::Offset{3});
  sink.limits.items = 1000;
  down = false;
  REQUIRE(world.drain());

  CHECK(world.metrics->value(hub::Metric::SinkDropped, {"s", "unreadable"}) == 1);
  CHECK(world.status("s").delivered == 5999);
  CHECK(world.balanced());
}

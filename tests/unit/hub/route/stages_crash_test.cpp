// No crash, at no point, changes what an alert comes to: dedup, throttle and groups against naive twins.
#include "tests/support/route_oracle.h"
#include "tests/unit/hub/route/stages_world.h"

#include <random>

using namespace tests;

TEST_CASE("dedup and throttle come to what their naive twin says, through crashes and drafts that were lost") {
  std::mt19937 random{23};
  for (int round = 0; round < 60; ++round) {
    Route page = route("page", {"soc"});
    const core::Duration window = (1 + random() % 40) * 1s, period = (1 + random() % 40) * 1s;
    const std::uint64_t most = 1 + random() % 3;
    page.dedup = Dedup{.by = {"rule"}, .window = window};
    page.throttle = Throttle{.by = {"rule"}, .most = most, .period = period, .summarizes = random() % 2 == 0};
    SmallHub hub{table({page})};
    tests::NoiseOracle oracle{window, most, period};
    core::Duration at{};
    for (int i = 0; i < 150; ++i) {
      at += (random() % 8) * 1s;
      const core::Alert one = alert(random() % 2 ? "A" : "B", at, core::kPriorities[3 + random() % 2]);
      if (random() % 4 == 0) {  // decided, and the decision was not kept
        for (int lost = 0; lost < 3; ++lost) hub.stages.decide(one, hub.next);
        hub.stages.memory().undo();
      }
      if (random() % 10 == 0) hub.crash();
      if (random() % 20 == 0) hub.kept = hub.stages.memory().snapshot();
      if (random() % 5 == 0) hub.stages.memory().sweep(one.received);
      if (random() % 5 == 0) hub.tell(at);
      const std::string came_to = oracle.next(one.rule, one.priority, one.received);
      INFO("round " << round << ", alert " << i);
      REQUIRE(hub.send(one) == (came_to.empty() ? "soc,es,late" : "es,late (" + came_to + " page)"));
    }
  }
}

TEST_CASE("each grouped alert is in exactly one digest, through crashes between any two steps") {
  std::mt19937 random{29};
  for (int round = 0; round < 60; ++round) {
    Route group = route("group", {"soc"});
    group.group = Grouping{.by = {"rule"}, .wait = 5s, .max_wait = 20s, .max_alerts = 2 + random() % 6};
    SmallHub hub{table({group})};
    std::map<std::string, int> told;
    const auto count = [&](const std::vector<core::Alert>& digests) {
      for (const core::Alert& digest : digests) {
        const std::string& list = digest.field("digest.alerts")->text;
        for (std::size_t from = list.find("\"uuid\":\""); from != std::string::npos;
             from = list.find("\"uuid\":\"", from + 1))
          ++told[list.substr(from + 8, 36)];
      }
    };
    std::vector<std::string> sent;
    core::Duration at{};
    for (int i = 0; i < 200; ++i) {
      at += (random() % 6) * 1s;
      const core::Alert one = alert(random() % 2 ? "A" : "B", at);
      sent.push_back(core::to_text(one.id));
      REQUIRE(hub.send(one) == "es,late (group group)");
      if (random() % 3 == 0) count(hub.tell(at));
      if (random() % 10 == 0) hub.crash();
      if (random() % 20 == 0) hub.kept = hub.stages.memory().snapshot();
    }
    count(hub.tell(at + 1h));
    for (const std::string& id : sent) REQUIRE(told[id] == 1);
    REQUIRE(told.size() == sent.size());
    REQUIRE(hub.stages.memory().members() == 0);
  }
}

TEST_CASE("what is remembered survives its bytes, and no bytes crash its reader") {
  Remembered value{.start = kStart,
                   .end = kStart + 1s,
                   .due = {},
                   .passed = 3,
                   .held = 400,
                   .sample = {9},
                   .severest = Priority::Error,
                   .members = {{5}, {6}, {900}},
                   .sinks = {"a", ""}};
  const std::string bytes = encode(value);

  CHECK(decode_remembered(bytes).value() == value);
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(decode_remembered(bytes.substr(0, size)));
  CHECK_FALSE(decode_remembered(bytes + "x"));
  std::mt19937 random{31};
  for (int round = 0; round < 10'000; ++round) {
    std::string mutated = bytes;
    for (unsigned i = 1 + random() % 4; i > 0; --i) mutated[random() % mutated.size()] = static_cast<char>(random());
    (void)decode_remembered(mutated);
  }
}

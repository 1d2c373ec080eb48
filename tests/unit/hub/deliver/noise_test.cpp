// Dedup, throttle and groups in a running router that is killed: nothing pages twice, nothing is held back that was
// never sent, and the journal keeps what is still needed (its twin lets go of everything that is released).
#include "tests/support/catch.h"
#include "tests/unit/hub/deliver/world.h"

#include <random>

using namespace hub;
using namespace tests;
using namespace std::chrono_literals;

namespace {

Route route(const std::string& name, const std::string& to) {
  Route made;
  made.name = name;
  made.to = {to};
  return made;
}

constexpr const char* kDigest = "Digest of alerts";

}  // namespace

TEST_CASE("after a crash an alert that went out still holds back its repeats, and one that did not does not") {
  World world;
  Receiver& soc = world.sink("soc");
  Route page = route("page", "soc");
  page.dedup = Dedup{.by = {"rule"}, .window = 1h};
  world.routes = {page};
  world.start();
  world.send("sent");
  REQUIRE(world.drain());
  CHECK(soc.delivered["sent"] == 1);
  world.run_for(1200ms);  // the cursors are saved by then, so that a delivery is not repeated for want of that

  world.crash();
  world.start();
  world.send("sent");
  world.send("new");
  REQUIRE(world.drain());

  CHECK(soc.delivered["sent"] == 1);
  CHECK(soc.delivered["new"] == 1);
  CHECK(world.metrics->value(Metric::Suppressed, {"dedup page"}) == 1);
}

TEST_CASE("a decision that the journal did not take leaves no trace: its alert goes out when it is decided again") {
  World world;
  Receiver& soc = world.sink("soc");
  Route page = route("page", "soc");
  page.dedup = Dedup{.by = {}, .window = 1h};
  world.routes = {page};
  world.start();
  world.send("one");
  world.journal.refuse(core::Error{core::Fault::Full, "no space left"});
  world.run_for(50ms);
  CHECK(soc.delivered.empty());

  world.journal.refuse(std::nullopt);

  CHECK(world.run_until([&] { return soc.delivered["one"] == 1; }));
}

TEST_CASE("an open group lives through a crash, and its digest goes out once") {
  World world;
  Receiver& soc = world.sink("soc");
  Receiver& es = world.sink("es");
  Route posture = route("posture", "soc");
  posture.group = Grouping{.by = {}, .wait = 300ms, .max_wait = 2s, .max_alerts = 50};
  world.routes = {posture};
  world.start();
  world.send("a");
  world.send("b");
  REQUIRE(world.run_until([&] { return es.delivered.size() == 2; }));
  CHECK(soc.delivered.empty());
  world.run_for(50ms);
  CHECK(world.journal.first() <= Offset{1});  // held for the digest

  world.crash();
  world.start();

  REQUIRE(world.run_until([&] { return soc.delivered[kDigest] == 1; }));
  REQUIRE(world.drain());
  world.run_for(1200ms);  // the cursors are saved by then, so that a delivery is not repeated for want of that
  world.crash();
  world.start();
  world.run_for(1500ms);
  CHECK(soc.delivered == std::map<std::string, unsigned>{{kDigest, 1}});
  CHECK(es.delivered.size() == 2);
  CHECK(world.balanced());
}

TEST_CASE("a burst that fills a group several times reaches its sink as digests alone") {
  World world;
  Receiver& soc = world.sink("soc");
  Route posture = route("posture", "soc");
  posture.group = Grouping{.by = {}, .wait = 300ms, .max_wait = 2s, .max_alerts = 10};
  world.routes = {posture};
  world.start();

  world.send(35);

  REQUIRE(world.run_until([&] { return soc.delivered[kDigest] == 4; }));
  CHECK(soc.delivered.size() == 1);
}

TEST_CASE("killed at any moment, no repeat gets through and no first alert is lost") {
  std::mt19937 random{37};
  World world;
  Receiver& soc = world.sink("soc");
  Route page = route("page", "soc");
  page.dedup = Dedup{.by = {"rule"}, .window = 1h};
  world.routes = {page};
  world.start();
  for (int round = 0; round < 40; ++round) {
    for (unsigned i = random() % 4; i > 0; --i) world.send("r" + std::to_string(random() % 30));
    world.run_for(std::chrono::milliseconds{random() % 8});
    if (random() % 2 == 0) {
      world.crash();
      world.start();
    }
  }
  REQUIRE(world.drain());

  for (const std::string& rule : world.sent) CHECK(soc.delivered[rule] >= 1);
  CHECK(world.balanced());
}

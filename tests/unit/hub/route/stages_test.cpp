// Silence, inhibition, dedup, throttle and group, with time passed in.
#include "tests/support/memory_state.h"
#include "tests/unit/hub/route/stages_world.h"

using namespace tests;

TEST_CASE("the same alert again is held back for the window of its route, which begins with the one that went out") {
  Route page = route("page", {"soc"});
  page.dedup = Dedup{.by = {"rule", "hostname"}, .window = 10min};
  SmallHub hub{table({page})};

  CHECK(hub.send(alert("R", 0s)) == "soc,es,late");
  CHECK(hub.send(alert("R", 9min)) == "es,late (dedup page)");
  CHECK(hub.send(alert("R", 9min, Priority::Warning, "other")) == "soc,es,late");
  CHECK(hub.send(alert("R", 10min)) == "soc,es,late");
  CHECK(hub.send(alert("R", 19min)) == "es,late (dedup page)");
}

TEST_CASE("a more severe alert than any that went out in the window goes out") {
  Route page = route("page", {"soc"});
  page.dedup = Dedup{.by = {"hostname"}, .window = 10min};
  SmallHub hub{table({page})};

  CHECK(hub.send(alert("R", 0s, Priority::Notice)) == "soc,es,late");
  CHECK(hub.send(alert("R", 1s, Priority::Critical)) == "soc,es,late");
  CHECK(hub.send(alert("R", 2s, Priority::Error)) == "es,late (dedup page)");
}

TEST_CASE("an alert that no sink of the route takes begins no window") {
  Route page = route("page", {"soc"});
  page.dedup = Dedup{.by = {}, .window = 10min};
  SmallHub hub{RouteTable{{{"soc", Priority::Warning}}, {page}}};

  CHECK(hub.send(alert("R", 0s, Priority::Notice)) == "");
  CHECK(hub.send(alert("R", 1s)) == "soc");
}

TEST_CASE("a throttled alert begins no dedup window: nothing is held back for one that was never sent") {
  Route page = route("page", {"soc"});
  page.dedup = Dedup{.by = {"rule"}, .window = 1h};
  page.throttle = Throttle{.by = {}, .most = 1, .period = 1min, .summarizes = false};
  SmallHub hub{table({page})};

  CHECK(hub.send(alert("A", 0s)) == "soc,es,late");
  CHECK(hub.send(alert("B", 1s)) == "es,late (throttle page)");
  CHECK(hub.send(alert("B", 2min)) == "soc,es,late");
}

TEST_CASE("a throttle lets so many through, and tells at the period's end how many it held") {
  Route soc = route("soc", {"soc"});
  soc.throttle = Throttle{.by = {"rule"}, .most = 2, .period = 5min, .summarizes = true};
  SmallHub hub{table({soc})};
  for (const char* expected : {"soc,es,late", "soc,es,late", "es,late (throttle soc)", "es,late (throttle soc)"})
    CHECK(hub.send(alert("R", 1s)) == expected);
  CHECK(hub.send(alert("Other", 1s)) == "soc,es,late");

  CHECK(hub.tell(4min).empty());
  const auto told = hub.tell(5min + 1s);

  REQUIRE(told.size() == 1);
  CHECK(told[0].rule == "Throttled alerts");
  CHECK(told[0].output == "2 more alerts of route soc, rule R were held back in 5m; the last: output of R");
  CHECK(told[0].directions->only_to == Names{"soc"});
  CHECK(hub.tell(6min).empty());
  CHECK(hub.send(alert("R", 6min)) == "soc,es,late");
}

TEST_CASE("grouped alerts wait and go out as one digest that lists them, then the next group begins") {
  Route posture = route("posture", {"soc"});
  posture.group = Grouping{.by = {"hostname"}, .wait = 30s, .max_wait = 5min, .max_alerts = 50};
  SmallHub hub{table({posture})};
  CHECK(hub.send(alert("A", 0s, Priority::Notice)) == "es,late (group posture)");
  CHECK(hub.send(alert("B", 20s, Priority::Error)) == "es,late (group posture)");
  CHECK(hub.tell(49s).empty());

  const auto told = hub.tell(50s);

  REQUIRE(told.size() == 1);
  CHECK(told[0].rule == "Digest of alerts");
  CHECK(told[0].priority == Priority::Error);
  CHECK(told[0].hostname == "h");
  CHECK(told[0].field("digest.count")->text == "2");
  CHECK(told[0].output.starts_with("2 alerts of route posture, hostname h\n"));
  CHECK(told[0].output.find("Notice output of A\n") != std::string::npos);
  CHECK(told[0].output.find("Error output of B") != std::string::npos);
  CHECK(told[0].field("digest.alerts")->text.find(core::to_text(hub.log[1].id)) != std::string::npos);
  CHECK(hub.stages.memory().members() == 0);
  CHECK(hub.tell(10min).empty());
  CHECK(hub.send(alert("C", 10min)) == "es,late (group posture)");
}

TEST_CASE("a group goes out max_wait after its first alert, however many still come") {
  Route posture = route("posture", {"soc"});
  posture.group = Grouping{.by = {}, .wait = 30s, .max_wait = 1min, .max_alerts = 50};
  SmallHub hub{table({posture})};
  for (const auto at : {0s, 20s, 40s, 59s}) hub.send(alert("A", at));

  CHECK(hub.tell(59s).empty());
  REQUIRE(hub.tell(60s).size() == 1);
}

TEST_CASE("a page that fills a group several times becomes several digests, and none of it goes out alone") {
  Route posture = route("posture", {"soc"});
  posture.group = Grouping{.by = {}, .wait = 30s, .max_wait = 5min, .max_alerts = 10};
  SmallHub hub{table({posture})};
  for (int i = 0; i < 35; ++i) CHECK(hub.send(alert("A", 1s)) == "es,late (group posture)");
  CHECK(hub.stages.is_any_full());

  const auto now = hub.tell(2s);
  const auto later = hub.tell(5min);

  REQUIRE(now.size() == 3);
  for (const auto& digest : now) CHECK(digest.field("digest.count")->text == "10");
  REQUIRE(later.size() == 1);
  CHECK(later[0].field("digest.count")->text == "5");
}

TEST_CASE("an alert that came between a digest and its place in the journal waits for the next digest") {
  Route posture = route("posture", {"soc"});
  posture.group = Grouping{.by = {}, .wait = 30s, .max_wait = 5min, .max_alerts = 10};
  SmallHub hub{table({posture})};
  hub.send(alert("A", 0s));
  const auto due = hub.stages.due(kStart + 30s);
  REQUIRE(due.size() == 1);
  hub.send(alert("B", 31s));

  core::Alert digest = alert("Digest", 31s);
  digest.directions = std::make_shared<core::Directions>(due[0].directions());
  CHECK(hub.send(digest) == "soc");
  CHECK(hub.send(digest) == "soc");  // twice by a damaged disk: what it tells of is gone already

  CHECK(hub.stages.memory().members() == 1);
  const auto told = hub.tell(62s);
  REQUIRE(told.size() == 1);
  CHECK(told[0].output.find("output of B") != std::string::npos);
}

TEST_CASE("sinks with different minimumpriority get digests of what each takes") {
  Route posture = route("posture", {"a", "b"});
  posture.group = Grouping{.by = {}, .wait = 30s, .max_wait = 5min, .max_alerts = 10};
  SmallHub hub{RouteTable{{{"a", Priority::Debug}, {"b", Priority::Warning}}, {posture}}};
  hub.send(alert("low", 0s, Priority::Notice));
  hub.send(alert("high", 0s, Priority::Error));

  auto told = hub.tell(1h);
  std::sort(told.begin(), told.end(), [](auto& x, auto& y) { return x.directions->only_to < y.directions->only_to; });

  REQUIRE(told.size() == 2);
  CHECK(told[0].directions->only_to == Names{"a"});
  CHECK(told[1].directions->only_to == Names{"a", "b"});
  CHECK(told[1].output.find("low") == std::string::npos);
}

TEST_CASE("a critical alert keeps the notices of its host quiet for a while, but not itself and not the others") {
  core::Diagnostics diagnostics;
  Inhibition rule;
  rule.name = "1";
  rule.source.priorities = {Priority::Critical};
  rule.target.priorities = {Priority::Critical, Priority::Notice};
  rule.equal = {"hostname"};
  rule.lasting = 5min;
  SmallHub hub{table({}, {rule})};

  CHECK(hub.send(alert("N", 0s, Priority::Notice)) == "soc,es,late");
  CHECK(hub.send(alert("C", 1s, Priority::Critical)) == "soc,es,late");
  CHECK(hub.send(alert("C", 2s, Priority::Critical)) == "soc,es,late");
  CHECK(hub.send(alert("N", 3s, Priority::Notice)) == "es (inhibit 1)");  // es is an archive
  CHECK(hub.send(alert("N", 3s, Priority::Notice, "other")) == "soc,es,late");
  CHECK(hub.send(alert("N", 5min + 2s, Priority::Notice)) == "soc,es,late");
}

TEST_CASE("a silence keeps what it matches from all but archives, from its beginning to its end") {
  tests::MemoryState state;
  const auto silences = Silences::open(state).value();
  const auto made = silences->add({.match = "{rules: ['glob:Shell*']}",
                                   .comment = "deploy",
                                   .author = "ann",
                                   .from = kStart + 1min,
                                   .until = kStart + 2min});
  REQUIRE(made);
  Route drop = route("drop", {});
  drop.match.rules = {TextPattern::parse("Shell drop").value()};
  drop.drops_all = true;
  SmallHub hub{table({drop}), silences.get()};

  CHECK(hub.send(alert("Shell", 59s)) == "soc,es,late");
  CHECK(hub.send(alert("Shell", 1min)) == "es (silence 1)");
  CHECK(hub.send(alert("Other", 1min)) == "soc,es,late");
  CHECK(hub.send(alert("Shell drop", 1min)) == "(silence 1)");
  CHECK(hub.send(alert("Shell", 2min)) == "soc,es,late");
}

TEST_CASE("silences survive a restart, can be expired, and say what is wrong with them") {
  tests::MemoryState state;
  {
    const auto silences = Silences::open(state).value();
    REQUIRE(
        silences->add({.match = "{rules: [A]}", .comment = "c", .author = "a", .from = kStart, .until = kStart + 1h}));
    REQUIRE(
        silences->add({.match = "{rules: [B]}", .comment = "c", .author = "a", .from = kStart, .until = kStart + 1h}));
    REQUIRE(silences->expire(1, kStart + 1min));
    CHECK(silences->expire(1, kStart + 2min).error().what == "there is no silence 1 that holds");
  }

  const auto silences = Silences::open(state).value();
  const auto all = silences->all();
  REQUIRE(all->size() == 2);
  CHECK(all->at(0).until == kStart + 1min);
  CHECK(all->at(1).matcher.matches(alert("B", 0s)));
  const auto refused = [&](Silence wanted) { return silences->add(std::move(wanted)).error().what; };
  const Silence good{.match = "{rules: [A]}", .comment = "c", .author = "a", .from = kStart, .until = kStart + 1h};
  Silence bad = good;
  bad.match = "{}";
  CHECK(refused(bad).find("would keep every alert quiet") != std::string::npos);
  bad.match = "{rule: A}";
  CHECK(refused(bad).find("has no option 'rule'; did you mean 'rules'?") != std::string::npos);
  bad = good;
  bad.until = kStart;
  CHECK(refused(bad) == "the silence ends before it begins");
  bad = good;
  bad.comment = " ";
  CHECK(refused(bad) == "a silence needs a comment: why is it there?");
  state.refuse = core::Error{core::Fault::Io, "disk"};
  CHECK(refused(good) == "keep the silences: disk");
  CHECK(silences->all()->size() == 2);
}

TEST_CASE("a route is not there outside its active intervals, and its sinks get nothing inside its mute ones") {
  const auto hour = [](int first, int last) {
    auto made = std::make_shared<Interval>();
    made->name = "h" + std::to_string(first);
    made->times = {{first * 60, last * 60}};
    return made;
  };
  Route day = route("day", {"soc"});
  day.active = {hour(9, 18)};
  day.mute = {hour(12, 13)};
  Route night = route("night", {"late"});
  SmallHub hub{table({day, night})};

  CHECK(hub.send(alert("R", 10h)) == "soc,es");
  CHECK(hub.send(alert("R", 12h)) == "es (mute h12)");
  CHECK(hub.send(alert("R", 20h)) == "es,late");
}

TEST_CASE("when memory is full alerts go out, and are counted") {
  Route page = route("page", {"soc"});
  page.dedup = Dedup{.by = {"rule"}, .window = 10min};
  SmallHub hub{table({page}), nullptr, {.keys_of_one = 2, .keys = 10, .members = 10}};

  for (const char* rule : {"a", "b", "c", "c"}) CHECK(hub.send(alert(rule, 0s)) == "soc,es,late");
  CHECK(hub.send(alert("a", 1s)) == "es,late (dedup page)");
  CHECK(hub.stages.take_overflows() == std::map<std::string, std::uint64_t>{{"page", 2}});
  CHECK(hub.send(alert("c", 11min)) == "soc,es,late");  // the others are over: there is room
  CHECK(hub.send(alert("c", 12min)) == "es,late (dedup page)");

  Route group = route("group", {"soc"});
  group.group = Grouping{.by = {}, .wait = 30s, .max_wait = 5min, .max_alerts = 50};
  SmallHub full{table({group}), nullptr, {.keys_of_one = 2, .keys = 10, .members = 1}};
  CHECK(full.send(alert("a", 0s)) == "es,late (group group)");
  CHECK(full.send(alert("b", 0s)) == "soc,es,late");
}

TEST_CASE("a window that began when the clock was wrong holds nothing back") {
  Route page = route("page", {"soc"});
  page.dedup = Dedup{.by = {}, .window = 10min};
  SmallHub hub{table({page})};

  CHECK(hub.send(alert("R", 24h * 3650)) == "soc,es,late");
  CHECK(hub.send(alert("R", 0s)) == "soc,es,late");
  CHECK(hub.send(alert("R", -1s)) == "es,late (dedup page)");  // another thread's clock, a moment behind
}

TEST_CASE("after a reload a route that kept its name remembers, and the groups of one that is gone go out") {
  Route page = route("page", {"soc"});
  page.dedup = Dedup{.by = {}, .window = 10min};
  Route group = route("group", {"soc"});
  group.group = Grouping{.by = {}, .wait = 30s, .max_wait = 5min, .max_alerts = 50};
  page.continues = true;
  SmallHub hub{table({page, group})};
  hub.send(alert("R", 0s));

  page.continues = false;
  hub.stages.replace(table({page}));

  CHECK(hub.send(alert("R", 1s)) == "es,late (dedup page)");
  const auto told = hub.tell(2s);
  REQUIRE(told.size() == 1);
  CHECK(told[0].directions->only_to == Names{"soc"});
}

// The pipeline around the rules: what is left out, what is counted, what happens on a reload. The ruleset here is a small real one of our own
// making, so that these tests stand without the rule engine.
#include "detector/pipeline.h"
#include "tests/support/catch.h"
#include "tests/unit/detector/app/stub_receiver.h"

#include <unistd.h>

#include <deque>
#include <mutex>
#include <thread>

using namespace detector;
using namespace std::chrono_literals;

namespace {

// Matches every event; its alert is its name.
class Everything final : public Ruleset {
 public:
  explicit Everything(std::string name) { rules_.push_back({.name = std::move(name), .priority = core::Priority::Warning}); }
  std::vector<bool> event_types() const override { return std::vector<bool>(event_type_count(), true); }
  const std::vector<RuleInfo>& rules() const override { return rules_; }
  void evaluate(const Event&, FieldContext&, const std::function<void(Match&&)>& each) override {
    each({.rule = &rules_.front(), .text = rules_.front().name, .json = "{}"});
  }

 private:
  std::vector<RuleInfo> rules_;
};

// Plays processes; between two polls the test may do something.
class Played final : public Sensor {
 public:
  core::Result<> want(const std::vector<bool>&) override {
    ++wants;
    return {};
  }
  core::Result<bool> poll(core::Duration, const Each& each) override {
    if (next == processes.size()) return false;
    Event event;
    event.type = event_type("open");
    event.process = processes[next++];
    each(event);
    if (after_each) after_each();
    return true;
  }
  FieldContext& fields() override { return context; }
  SensorStatus status() const override { return {}; }

  std::vector<Process*> processes;
  std::size_t next = 0;
  int wants = 0;
  std::function<void()> after_each;
  FieldContext context;
};

class Kept final : public Channel {
 public:
  std::string_view name() const override { return "kept"; }
  bool offer(LineRef line) override {
    lines.push_back(line->text);
    return true;
  }
  void stop(Deadline) override {}
  ChannelStatus status() const override { return {}; }
  std::vector<std::string> lines;
};

struct Bench {
  Played sensor;
  Emitter emitter;
  Kept* kept;
  Requests asked;
  Bench() {
    auto channel = std::make_unique<Kept>();
    kept = channel.get();
    emitter.add(std::move(channel));
  }
  PipelineOptions options() {
    PipelineOptions options;
    options.style = {.json = false, .time_iso_8601 = false, .hostname = "h"};
    options.requests = [this] { return std::exchange(asked, Requests{}); };
    return options;
  }
};

}  // namespace

TEST_CASE("what the detector and its children do makes no alerts") {
  Bench bench;
  Process own, child, other;
  own.pid = ::getpid();
  child.pid = 4'000'001;
  child.parent = &own;
  other.pid = 4'000'002;
  bench.sensor.processes = {&own, &child, &other};

  Pipeline pipeline{bench.sensor, std::make_unique<Everything>("rule"), bench.emitter, bench.options()};
  REQUIRE(pipeline.run());

  CHECK(bench.kept->lines.size() == 1);
  CHECK(pipeline.tally().alerts() == 1);
  CHECK(pipeline.tally().render() == "Events detected: 1\nRule counts by severity:\n   WARNING: 1\nTriggered rules by rule name:\n   rule: 1\n");
}

TEST_CASE("rules that are loaded again take over between two events, and none is lost") {
  Bench bench;
  Process process;
  process.pid = 4'000'003;
  bench.sensor.processes.assign(100'000, &process);
  PipelineOptions options = bench.options();
  options.load = [] { return Loaded{.files = {}, .ruleset = std::make_unique<Everything>("new")}; };
  bench.asked.reload = true;
  // The source ends once the new rules were seen.
  bench.sensor.after_each = [&] {
    if (bench.kept->lines.back() == "new") bench.sensor.processes.resize(bench.sensor.next);
    else std::this_thread::yield();
  };

  Pipeline pipeline{bench.sensor, std::make_unique<Everything>("old"), bench.emitter, std::move(options)};
  REQUIRE(pipeline.run());

  CHECK(bench.kept->lines.back() == "new");
  CHECK(bench.kept->lines.size() == bench.sensor.next);
  CHECK(bench.sensor.wants == 2);
}

TEST_CASE("rules with an error leave the old ones in force, and a critical alert says so") {
  Bench bench;
  Process process;
  process.pid = 4'000'004;
  bench.sensor.processes.assign(100'000, &process);
  PipelineOptions options = bench.options();
  options.load = [] {
    Loaded loaded;
    loaded.files.push_back({.file = "f.yaml", .successful = false, .errors = {{.code = "LOAD_ERR_VALIDATE", .message = "Undefined macro 'x' used in filter."}}});
    return loaded;
  };
  bench.asked.reload = true;
  bool told = false;
  bench.sensor.after_each = [&] {
    for (const auto& line : bench.kept->lines) told = told || line.find("hot restart failure") != std::string::npos;
    if (told) bench.sensor.processes.resize(bench.sensor.next);
    bench.kept->lines.erase(bench.kept->lines.begin(), bench.kept->lines.end() - 1);
    std::this_thread::yield();
  };
  std::string alert;
  class Watch final : public Channel {
   public:
    explicit Watch(std::string& to) : to_{to} {}
    std::string_view name() const override { return "watch"; }
    bool offer(LineRef line) override {
      if (line->priority == core::Priority::Critical) to_ = line->text;
      return true;
    }
    void stop(Deadline) override {}
    ChannelStatus status() const override { return {}; }

   private:
    std::string& to_;
  };
  bench.emitter.add(std::make_unique<Watch>(alert));

  Pipeline pipeline{bench.sensor, std::make_unique<Everything>("old"), bench.emitter, std::move(options)};
  REQUIRE(pipeline.run());

  CHECK_THAT(alert, Catch::Contains("Critical Falco internal: hot restart failure: f.yaml: LOAD_ERR_VALIDATE: Undefined macro 'x' used in filter."));
  CHECK(bench.kept->lines.back() == "old");
}

TEST_CASE("a stop signal ends the pipeline between two polls") {
  Bench bench;
  Process process;
  process.pid = 4'000'005;
  bench.sensor.processes.assign(10, &process);
  bench.sensor.after_each = [&] { bench.asked.stop = 15; };

  Pipeline pipeline{bench.sensor, std::make_unique<Everything>("rule"), bench.emitter, bench.options()};
  REQUIRE(pipeline.run());

  CHECK(bench.kept->lines.size() == 1);
}

TEST_CASE("lost events make an alert when their share passes the threshold, and not more often than the rate allows") {
  DropMonitor monitor{{.threshold = 0.1, .actions = {"alert"}, .rate = 0.5, .max_burst = 1}};
  const core::TimePoint noon{12h};
  const auto status = [](std::uint64_t events, std::uint64_t full) { return SensorStatus{.events = events, .drops = {.ring_full = full}}; };

  CHECK_FALSE(monitor.observe(status(1000, 0), noon));
  CHECK_FALSE(monitor.observe(status(2000, 50), noon + 1s));     // 5 % of that second
  const auto alert = monitor.observe(status(3000, 1050), noon + 2s);
  CHECK_FALSE(monitor.observe(status(4000, 3050), noon + 3s));   // the next action is due at noon + 4 s
  const auto later = monitor.observe(status(5000, 6050), noon + 4s);

  REQUIRE(alert);
  CHECK(alert->message == "Falco internal: syscall event drop. 1000 system calls dropped in last second.");
  CHECK(alert->fields.at("n_evts") == "\"2000\"");
  CHECK(alert->fields.at("n_drops_buffer_total") == "\"1000\"");
  CHECK(later);
  CHECK(monitor.occurrences() == 4);
  CHECK(monitor.actions_taken() == 2);
}

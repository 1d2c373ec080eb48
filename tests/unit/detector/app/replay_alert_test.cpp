// From a recording to the alert, to the letter: what a user of stock Falco parses must not change by a byte.
#include "detector/config/config.h"
#include "detector/pipeline.h"
#include "detector/sensor/recording.h"
#include "detector/sensor/replay.h"
#include "tests/support/catch.h"
#include "tests/unit/detector/app/folder.h"

#include <cstdlib>
#include <ctime>
#include <sstream>

using namespace detector;

namespace {

constexpr auto kRules = R"Y(
- rule: shadow_read
  desc: d
  condition: evt.type = openat and fd.name = /etc/shadow
  output: "Read (file=%fd.name command=%proc.cmdline user=%user.name parent=%proc.pname loginuid=%user.loginuid container=%container.id)"
  priority: WARNING
  tags: [filesystem, a_tag]
)Y";

constexpr auto kRecording =
    R"({"time":"2016-08-04T16:17:57.881781397Z","type":"openat","result":3,"params":{"name":{"kind":"relpath","text":"/etc/shadow"}},)"
    R"("fd":{"use":"creates","num":3,"kind":"file","name":"/etc/shadow"},)"
    R"("proc":{"tid":10,"name":"cat","exe":"cat","exepath":"/usr/bin/cat","args":["/etc/shadow","\"q\"\u001b"],"uid":0,"user":"root","loginuid":4294967295},)"
    R"("ancestors":[{"tid":9,"name":"bash"}]})";

class Kept final : public Channel {
 public:
  explicit Kept(std::vector<std::string>& lines) : lines_{lines} {}
  std::string_view name() const override { return "kept"; }
  bool offer(LineRef line) override {
    lines_.push_back(line->text);
    return true;
  }
  void stop(Deadline) override {}
  ChannelStatus status() const override { return {}; }

 private:
  std::vector<std::string>& lines_;
};

std::vector<std::string> play(const std::string& recording, EngineOptions options, std::ostream* record = nullptr) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  const Folder folder;
  core::Diagnostics diagnostics;
  const auto sensor = open_replay(folder.write("r.jsonl", recording + "\n"), "test-host", diagnostics);
  INFO(diagnostics.render());
  REQUIRE(sensor);
  options.hostname = "test-host";
  Loaded loaded = load_rules({{"rules.yaml", kRules}}, options);
  REQUIRE(loaded.ruleset);

  std::vector<std::string> lines;
  Emitter emitter;
  emitter.add(std::make_unique<Kept>(lines));
  Pipeline pipeline{*sensor, std::move(loaded.ruleset), emitter,
                    {.style = {.json = options.json_output, .hostname = "test-host"}, .record = record, .live = false}};
  REQUIRE(pipeline.run());
  return lines;
}

}  // namespace

TEST_CASE("a replayed event makes Falco's JSON, to the letter") {
  CHECK(play(kRecording, {.suggested_output = false}) ==
        std::vector<std::string>{
            R"Y({"hostname":"test-host","output":"16:17:57.881781397: Warning Read (file=/etc/shadow command=cat /etc/shadow \"q\"\u001b user=root parent=bash loginuid=-1 container=host)",)Y"
            R"("output_fields":{"container.id":"host","evt.time":1470327477881781397,"fd.name":"/etc/shadow","proc.cmdline":"cat /etc/shadow \"q\"\u001b","proc.pname":"bash","user.loginuid":-1,"user.name":"root"},)"
            R"("priority":"Warning","rule":"shadow_read","source":"syscall","tags":["a_tag","filesystem"],"time":"2016-08-04T16:17:57.881781397Z"})"});
}

TEST_CASE("as text an alert is one line, with quotes and control characters escaped as Falco does") {
  CHECK(play(kRecording, {.suggested_output = false, .json_output = false}) ==
        std::vector<std::string>{
            R"(16:17:57.881781397: Warning Read (file=/etc/shadow command=cat /etc/shadow \"q\"\u001b user=root parent=bash loginuid=-1 container=host))"});
}

TEST_CASE("what --record writes plays the same alerts again, to the letter") {
  std::ostringstream record;
  const auto first = play(kRecording, {}, &record);

  CHECK(play(record.str(), {}) == first);
  CHECK(first.size() == 1);
}

TEST_CASE("the recording we ship fires the rules we ship") {
  core::Diagnostics diagnostics;
  const auto sensor = open_replay(TOCSIN_SOURCE_DIR "/config/recordings/demo.jsonl", "demo", diagnostics);
  REQUIRE(sensor);
  Loaded loaded = load_rules(read_rule_files({"builtin"}, Absent::Refuse, diagnostics), {});
  REQUIRE(loaded.ruleset);

  std::vector<std::string> lines;
  Emitter emitter;
  emitter.add(std::make_unique<Kept>(lines));
  Pipeline pipeline{*sensor, std::move(loaded.ruleset), emitter, {.style = {.json = true}, .live = false}};
  REQUIRE(pipeline.run());

  CHECK(pipeline.tally().by_rule().size() >= 10);
  CHECK(pipeline.tally().alerts() >= 10);
}

// The recording format: what is written reads back the same, and what is wrong is said with its place.
#include "detector/sensor/recording.h"
#include "detector/sensor/replay.h"
#include "tests/support/catch.h"
#include "tests/unit/detector/app/folder.h"

using namespace detector;

namespace {

constexpr auto kLine =
    R"({"num":7,"time":"2026-11-21T12:00:00.5Z","type":"openat","cpu":2,"result":3,)"
    R"("params":{"fd":{"kind":"fd","number":3,"text":"<f>/etc/shadow"},"name":{"kind":"relpath","text":"/etc/shadow","raw":"../etc/shadow"},"dev":17},)"
    R"("fd":{"use":"creates","num":3,"kind":"file","name":"/etc/shadow","ino":1234,"name_raw":"/root/../etc/shadow"},)"
    R"("proc":{"tid":4242,"pid":4242,"vtid":4242,"vpid":12,"sid":4000,"name":"cat","exe":"cat","exepath":"/usr/bin/cat","args":["/etc/shadow"],"cwd":"/root/",)"
    R"("uid":0,"gid":0,"user":"root","home":"/root","shell":"/bin/bash","group":"root","tty":34816,"exe_upper_layer":true,)"
    R"("container":{"id":"0123456789ab","name":"web","image":"nginx:1","privileged":true,"known":true,"labels":{"app":"web"}}},)"
    R"("ancestors":[{"tid":4000,"pid":4000,"vtid":4000,"vpid":4000,"name":"bash","exe":"-bash","exepath":"/usr/bin/bash","args":[],"cwd":"/"}]})";

std::vector<std::string> faults_of(const std::string& line) {
  RecordingReader reader;
  Event event;
  std::size_t column = 0;
  return reader.read(line, event, column);
}

}  // namespace

TEST_CASE("an event that is written and read back is the same event") {
  RecordingReader first, second;
  Event event, again;
  std::size_t column = 0;

  REQUIRE(first.read(kLine, event, column).empty());
  const std::string written = to_recording(event, &first.users());
  REQUIRE(second.read(written, again, column).empty());

  CHECK(to_recording(again, &second.users()) == written);
  CHECK(again.process->comm == "cat");
  CHECK(again.process->vpid == 12);
  CHECK(again.process->parent->comm == "bash");
  CHECK(again.process->container->labels.at("app") == "web");
  CHECK(again.param("name")->raw == "../etc/shadow");
  CHECK(again.param("dev")->number == 17);
  CHECK(again.fd.entry.inode == 1234);
  CHECK(again.fd.name_raw == "/root/../etc/shadow");
  CHECK(second.users().user_name(*again.process, 0) == "root");
}

TEST_CASE("a process that an earlier line described is written as its tid alone, until it changes") {
  RecordingReader reader;
  Event event;
  std::size_t column = 0;
  REQUIRE(reader.read(kLine, event, column).empty());
  SaidOfProcesses said;

  const std::string first = to_recording(event, nullptr, &said);
  const std::string again = to_recording(event, nullptr, &said);
  event.process->comm = "dog";
  const std::string changed = to_recording(event, nullptr, &said);

  CHECK_THAT(first, Catch::Contains("/usr/bin/cat") && Catch::Contains("/usr/bin/bash"));
  CHECK_THAT(again, Catch::EndsWith(R"("proc":{"tid":4242},"ancestors":[{"tid":4000}]})"));
  CHECK_THAT(changed, Catch::Contains("dog") && Catch::EndsWith(R"("ancestors":[{"tid":4000}]})"));
}

TEST_CASE("sockets keep both ends and who is the server") {
  RecordingReader reader, other;
  Event event, again;
  std::size_t column = 0;
  const std::string line =
      R"({"time":1,"type":"connect","result":-115,"fd":{"num":5,"kind":"ipv6","client":"[::1]:40000","server":"[2001:db8::2]:443","connected":true},"proc":{"pid":1}})";

  REQUIRE(reader.read(line, event, column).empty());
  REQUIRE(other.read(to_recording(event, nullptr), again, column).empty());

  CHECK(again.result == -115);
  CHECK(again.fd.entry.server_port == 443);
  CHECK(to_text(again.fd.entry.server_ip) == "2001:db8::2");
  CHECK(again.fd.entry.connected);
}

TEST_CASE("a line needs to say of a process only what an earlier line did not") {
  RecordingReader reader;
  Event event;
  std::size_t column = 0;

  REQUIRE(reader.read(kLine, event, column).empty());
  REQUIRE(reader.read(R"({"time":2,"type":"procexit","proc":{"tid":4242}})", event, column).empty());

  CHECK(event.process->exepath == "/usr/bin/cat");
  CHECK(event.process->parent->comm == "bash");
  CHECK_FALSE(event.has_result);
}

TEST_CASE("a line says what is wrong with it in its own words") {
  CHECK(faults_of(R"({"time":1,"type":"openta","proc":{"pid":1}})") == std::vector<std::string>{"'openta' is not a type of event"});
  CHECK(faults_of(R"({"time":1,"type":"open","proc":{"pid":1,"nmae":"x"}})").front().starts_with("'proc' has no key 'nmae'; did you mean 'name'?"));
  CHECK(faults_of(R"({"time":1,"type":"open","proc":{"pid":"x"}})").front() == "'proc.pid' is not a whole number in its range");
  CHECK(faults_of(R"({"type":"open"})") == std::vector<std::string>{"the event lacks 'time'", "the event lacks 'proc'"});
  CHECK(faults_of(R"([])").front() == "'event' is not an object");
  CHECK(faults_of(R"({"time":1,"type":"open","proc":{"pid":1},"fd":{"num":1,"kind":"sokcet","server":"nowhere"}})").size() == 2);
}

TEST_CASE("a bad line of a recording is told with file, line and column, and nothing is played") {
  const Folder folder;
  core::Diagnostics diagnostics;

  const auto sensor = open_replay(folder.write("r.jsonl", std::string{kLine} + "\n\n{\"time\":1,\n"), "h", diagnostics);

  CHECK(sensor == nullptr);
  REQUIRE(diagnostics.errors() == 1);
  CHECK(diagnostics.all().front().place.line == 3);
  CHECK(diagnostics.all().front().place.column > 1);
  CHECK(diagnostics.all().front().what == "this line is not one JSON object");
}

TEST_CASE("a replay plays the types that are wanted, in order, and ends") {
  const Folder folder;
  core::Diagnostics diagnostics;
  const auto sensor = open_replay(folder.write("r.jsonl", std::string{kLine} + "\n" + R"({"time":2,"type":"procexit","proc":{"tid":4242}})" + "\n"), "h", diagnostics);
  REQUIRE(sensor);
  std::vector<bool> types(event_type_count());
  types[static_cast<std::size_t>(event_type("openat"))] = true;
  REQUIRE(sensor->want(types));

  std::vector<std::string_view> played;
  const auto more = sensor->poll(std::chrono::seconds{0}, [&](Event& event) { played.push_back(to_text(event.type)); });

  REQUIRE(more);
  CHECK_FALSE(*more);
  CHECK(played == std::vector<std::string_view>{"openat"});
  CHECK(sensor->status().events == 2);
}

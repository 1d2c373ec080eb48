// Files, programs, the logger and standard output; queues that are full; and the detector's alerts about itself.
#include "detector/emit/emitter.h"
#include "detector/emit/internal_alert.h"
#include "detector/emit/queued_channel.h"
#include "detector/emit/writers.h"
#include "tests/support/catch.h"
#include "tests/unit/detector/app/folder.h"
#include "tests/unit/detector/app/stub_receiver.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

using namespace detector;
using namespace std::chrono_literals;

namespace {

LineRef line(std::string text, core::Priority priority = core::Priority::Warning) { return std::make_shared<const Line>(Line{priority, std::move(text)}); }

void stop(Channel& channel, core::Duration grace = 10s) {
  channel.stop(std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(grace));
}

}  // namespace

TEST_CASE("a file gets one line an alert and follows a rotation without a signal") {
  const Folder folder;
  QueuedChannel channel{"file", make_file_writer({.enabled = true, .keep_alive = false, .filename = folder.file("alerts")}), 100, 2s};

  channel.offer(line("one"));
  REQUIRE(eventually([&] { return channel.status().sent == 1; }));
  std::filesystem::rename(folder.file("alerts"), folder.file("alerts.1"));
  channel.offer(line("two"));
  stop(channel);

  CHECK(folder.read("alerts.1") == "one\n");
  CHECK(folder.read("alerts") == "two\n");
}

TEST_CASE("a file that is kept open is opened anew when asked") {
  const Folder folder;
  QueuedChannel channel{"file", make_file_writer({.enabled = true, .keep_alive = true, .filename = folder.file("alerts")}), 100, 2s};

  channel.offer(line("one"));
  REQUIRE(eventually([&] { return channel.status().sent == 1; }));
  std::filesystem::rename(folder.file("alerts"), folder.file("alerts.1"));
  channel.offer(line("two"));
  REQUIRE(eventually([&] { return channel.status().sent == 2; }));
  channel.reopen();
  channel.offer(line("three"));
  stop(channel);

  CHECK(folder.read("alerts.1") == "one\ntwo\n");
  CHECK(folder.read("alerts") == "three\n");
}

TEST_CASE("a program reads each alert on its standard input, in one run or in one run each") {
  ::signal(SIGPIPE, SIG_IGN);
  for (const bool keep : {true, false}) {
    const Folder folder;
    const std::string program = "cat >> " + folder.file("got") + "; echo end >> " + folder.file("got");
    auto channel = std::make_unique<QueuedChannel>("program", make_program_writer({.enabled = true, .keep_alive = keep, .program = program}), 100, 2s);

    channel->offer(line("one"));
    channel->offer(line("two"));
    if (keep) {
      REQUIRE(eventually([&] { return folder.read("got") == "one\ntwo\n"; }));
    } else {
      REQUIRE(eventually([&] { return folder.read("got") == "one\nend\ntwo\nend\n"; }));
    }
    stop(*channel);
    channel.reset();   // now the program's input ends, if it had not before
    REQUIRE(eventually([&] { return folder.read("got").ends_with("end\n"); }));
  }
}

TEST_CASE("a program that never reads is given up at the end, and its alerts are counted") {
  ::signal(SIGPIPE, SIG_IGN);
  QueuedChannel channel{"program", make_program_writer({.enabled = true, .keep_alive = true, .program = "exec sleep 3"}), 2, 2s};

  for (int n = 0; n < 4; ++n) channel.offer(line(std::string(60'000, 'x')));
  stop(channel, 50ms);

  const auto status = channel.status();
  CHECK(status.sent + status.failed + status.dropped == 4);
  CHECK(status.sent < 4);
}

TEST_CASE("the logger gets a datagram with facility, severity, name and line") {
  const Folder folder;
  const int logger = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, folder.file("log").c_str());
  REQUIRE(::bind(logger, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  QueuedChannel channel{"syslog", make_syslog_writer({.enabled = true, .socket = folder.file("log")}), 100, 2s};

  channel.offer(line("an alert", core::Priority::Critical));
  char got[256] = {};
  REQUIRE(::recv(logger, got, sizeof got - 1, 0) > 0);
  stop(channel);
  ::close(logger);

  CHECK_THAT(std::string{got}, Catch::Matches("<10>[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} tocsin-detector: an alert"));
}

TEST_CASE("a blocked reader fills only its own queue, which drops and counts; the others get everything") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const Folder folder;
  Emitter emitter;
  emitter.add(std::make_unique<QueuedChannel>("stdout", make_stdout_writer(ends[1]), 4, 2s));
  emitter.add(std::make_unique<QueuedChannel>("file", make_file_writer({.enabled = true, .keep_alive = true, .filename = folder.file("alerts")}), 10'000, 2s));

  for (int n = 0; n < 100; ++n) emitter.emit({core::Priority::Notice, std::string(10'000, 'x')});
  REQUIRE(eventually([&] { return emitter.status()[1].status.sent == 100; }));
  emitter.stop(20ms);

  const auto blocked = emitter.status()[0].status;
  CHECK(blocked.dropped > 80);
  CHECK(blocked.sent + blocked.dropped + blocked.failed == 100);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("an alert about the detector itself has Falco's form, without tags, as JSON and as text") {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  const InternalAlert alert{.rule = "Falco internal: syscall event drop",
                            .priority = core::Priority::Debug,
                            .message = "Falco internal: syscall event drop. 3 system calls dropped in last second.",
                            .fields = {{"n_drops", "\"3\""}, {"ebpf_enabled", "\"1\""}},
                            .time = core::TimePoint{std::chrono::nanoseconds{1470327477881781397}}};

  CHECK(render(alert, {.json = true, .time_iso_8601 = false, .hostname = "h"}).text ==
        R"({"hostname":"h","output":"Falco internal: syscall event drop. 3 system calls dropped in last second.",)"
        R"("output_fields":{"ebpf_enabled":"1","n_drops":"3"},"priority":"Debug","rule":"Falco internal: syscall event drop","source":"internal",)"
        R"("time":"2016-08-04T16:17:57.881781397Z"})");
  CHECK(render(alert, {}).text ==
        R"(16:17:57.881781397: Debug Falco internal: syscall event drop. 3 system calls dropped in last second. (ebpf_enabled="1" n_drops="3"))");
  CHECK(render(alert, {.json = false, .time_iso_8601 = true, .hostname = ""}).text.starts_with("2016-08-04T16:17:57.881781397+0000: Debug Falco"));
}

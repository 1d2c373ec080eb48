// What watching costs: a system call that no rule asks for, an open+close loop, and alerts a second, each with and without the detector in
// alternating rounds of one run, so that a noisy machine disturbs both alike. The watcher is a child process with its own CPU time.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include <fmt/format.h>

#include "detector/rules/engine.h"
#include "detector/sensor/ebpf_sensor.h"

namespace {

constexpr int kRounds = 9;
constexpr int kPlainCalls = 400000, kOpens = 100000;

enum class Watching { Off, Nothing, Opens, Alerts };

struct Report {                    // what a watcher says when it is told to stop
  std::uint64_t events = 0, alerts = 0, drops = 0;
  double cpu_seconds = 0;
};

volatile sig_atomic_t stopped = 0;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int watch(Watching what, int ready, int report_to) {
  signal(SIGTERM, [](int) { stopped = 1; });
  auto sensor = detector::open_ebpf_sensor();
  if (!sensor) {
    std::fprintf(stderr, "%s\n", sensor.error().what.c_str());
    return 1;
  }
  detector::Sensor& eyes = **sensor;
  std::unique_ptr<detector::Ruleset> rules;
  std::vector<bool> types(detector::event_type_count(), false);
  types[static_cast<std::size_t>(detector::event_type("execve"))] = true;
  if (what == Watching::Opens) types[static_cast<std::size_t>(detector::event_type("openat"))] = true;
  if (what == Watching::Alerts) {
    const detector::RuleFile file{"bench.yaml",
                                  "- rule: hostname read\n  desc: d\n  priority: WARNING\n"
                                  "  condition: evt.type = openat and fd.name = /etc/hostname\n"
                                  "  output: read (file=%fd.name proc=%proc.name cmdline=%proc.cmdline parent=%proc.pname user=%user.name)\n"};
    auto loaded = detector::load_rules({file}, {});
    if (!loaded.ruleset) return 1;
    rules = std::move(loaded.ruleset);
    types = rules->event_types();
  }
  if (!eyes.want(types)) return 1;
  Report report;
  const double before = cpu_seconds();
  const std::function<void(detector::Match&&)> count = [&report](detector::Match&&) { ++report.alerts; };
  const detector::Sensor::Each each = [&](detector::Event& event) {
    ++report.events;
    if (rules) rules->evaluate(event, eyes.fields(), count);
  };
  if (write(ready, "r", 1) != 1) return 1;
  while (!stopped) {
    if (!eyes.poll(std::chrono::milliseconds(20), each)) return 1;
  }
  for (std::uint64_t seen = ~0ull; seen != report.events;) {       // what is still in the ring
    seen = report.events;
    if (!eyes.poll(std::chrono::milliseconds(5), each)) return 1;
  }
  report.cpu_seconds = cpu_seconds() - before;
  const auto drops = eyes.status().drops;
  report.drops = drops.ring_full + drops.scratch;
  return write(report_to, &report, sizeof report) == sizeof report ? 0 : 1;
}

// Of this thread's CPU: other work on the machine would count as ours on a clock on the wall.
double thread_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

double nanoseconds_each(int times, void (*act)()) {
  const double start = thread_nanoseconds();
  for (int i = 0; i < times; ++i) act();
  return (thread_nanoseconds() - start) / times;
}

struct Times {
  std::vector<double> plain, opens;
  std::vector<Report> reports;
};

bool round(Watching what, Times& times) {
  int ready[2], reports[2];
  if (pipe(ready) != 0 || pipe(reports) != 0) return false;
  pid_t child = 0;
  if (what != Watching::Off) {
    child = fork();
    if (child == 0) _exit(watch(what, ready[1], reports[1]));
    char byte;
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1) return false;
  }
  times.plain.push_back(nanoseconds_each(kPlainCalls, [] { syscall(SYS_getppid); }));
  times.opens.push_back(nanoseconds_each(kOpens, [] { close(open("/etc/hostname", O_RDONLY | O_CLOEXEC)); }));
  Report report;
  if (child != 0) {
    kill(child, SIGTERM);
    const bool read_it = read(reports[0], &report, sizeof report) == sizeof report;
    waitpid(child, nullptr, 0);
    if (!read_it) return false;
  } else {
    close(ready[1]);
  }
  times.reports.push_back(report);
  close(ready[0]);
  close(reports[0]);
  close(reports[1]);
  return true;
}

double least(const std::vector<double>& values) { return *std::min_element(values.begin(), values.end()); }

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void line(const char* name, const Times& off, const Times& with) {
  fmt::print("{:<34} {:>7.0f} {:>7.0f} {:>+7.0f} {:>6.2f}   {:>7.0f} {:>7.0f} {:>+7.0f} {:>6.2f}\n", name, least(with.plain), median(with.plain),
             least(with.plain) - least(off.plain), median(with.plain) / median(off.plain), least(with.opens), median(with.opens),
             least(with.opens) - least(off.opens), median(with.opens) / median(off.opens));
}

void consumer(const char* name, const Times& times) {
  std::uint64_t events = 0, alerts = 0, drops = 0;
  double cpu = 0;
  for (const Report& report : times.reports) {
    events += report.events;
    alerts += report.alerts;
    drops += report.drops;
    cpu += report.cpu_seconds;
  }
  const double count = static_cast<double>(std::max<std::uint64_t>(events, 1));
  fmt::print("{:<34} {:>9} events {:>9} alerts {:>6} dropped, {:>6.0f} ns CPU an event, {:>9.0f} a second of CPU\n", name, events, alerts, drops,
             cpu * 1e9 / count, count / std::max(cpu, 1e-9));
}

}  // namespace

int main() {
  Times off, nothing, opens, alerts;
  for (int i = 0; i < kRounds; ++i) {
    if (!round(Watching::Off, off) || !round(Watching::Nothing, nothing) || !round(Watching::Opens, opens) || !round(Watching::Alerts, alerts)) {
      std::fprintf(stderr, "bench_detector: a watcher could not run (it needs root and BPF)\n");
      return 1;
    }
  }
  fmt::print("{} alternating rounds; ns of CPU a call\n", kRounds);
  fmt::print("{:<34} {:>31}   {:>30}\n", "", "getppid (no rule asks for it)", "open + close");
  fmt::print("{:<34} {:>7} {:>7} {:>7} {:>6}   {:>7} {:>7} {:>7} {:>6}\n", "", "least", "median", "more", "ratio", "least", "median", "more", "ratio");
  line("without", off, off);
  line("rules on exec alone", off, nothing);
  line("every open is an event", off, opens);
  line("every open is an alert", off, alerts);
  consumer("every open is an event", opens);
  consumer("every open is an alert", alerts);
  return 0;
}

// From a command line and a configuration to a running detector, and down again.
#include "detector/cli.h"

#include "core/log.h"
#include "detector/health.h"
#include "detector/pipeline.h"
#include "detector/sensor/ebpf_sensor.h"
#include "detector/sensor/replay.h"

#include <fmt/format.h>

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace detector {
namespace {

constexpr std::chrono::seconds kGrace{3};   // what the outputs get to send the rest; a supervisor's patience is ten

// Events from nowhere: engine.kind nodriver, to try outputs and configuration.
class NoSensor final : public Sensor {
 public:
  core::Result<> want(const std::vector<bool>&) override { return {}; }
  core::Result<bool> poll(core::Duration wait, const Each&) override {
    std::this_thread::sleep_for(wait);
    return true;
  }
  FieldContext& fields() override { return fields_; }
  SensorStatus status() const override { return {}; }

 private:
  FieldContext fields_;
};

std::string host_name() {
  if (const char* given = std::getenv("FALCO_HOSTNAME"); given && *given) return given;
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::vector<RuleFile> rule_files(const CommandLine& line, const Config& config, core::Diagnostics& diagnostics) {
  return line.rules.empty() ? read_rule_files(config.rules_files, Absent::Skip, diagnostics) : read_rule_files(line.rules, Absent::Refuse, diagnostics);
}

EngineOptions engine_options(const Config& config, const std::string& hostname) {
  EngineOptions options = config.rules;
  options.hostname = hostname;
  return options;
}

// SIGHUP: everything is read anew, but only what concerns rules takes effect.
Loaded load_again(const CommandLine& line, const std::string& hostname) {
  core::Diagnostics diagnostics;
  const Config config = load_config({line.config, line.overrides}, diagnostics);
  const auto texts = diagnostics.has_errors() ? std::vector<RuleFile>{} : rule_files(line, config, diagnostics);
  if (diagnostics.has_errors()) {
    std::fputs(diagnostics.render().c_str(), stderr);
    return {};
  }
  Loaded loaded = load_rules(texts, engine_options(config, hostname));
  if (!loaded.ruleset) std::fprintf(stderr, "%s\n", render_text(loaded.files, texts).c_str());
  return loaded;
}

std::unique_ptr<Sensor> open_sensor(const CommandLine& line, const Config& config, const std::string& hostname, core::Diagnostics& diagnostics) {
  const bool replay = !line.replay.empty() || config.engine == EngineKind::Replay;
  if (replay) return open_replay(line.replay.empty() ? config.capture_file : line.replay, hostname, diagnostics);
  if (config.engine == EngineKind::NoDriver) return std::make_unique<NoSensor>();
  EbpfOptions options;
  options.ring_bytes = config.buffer.count;
  options.drop_failed = config.drop_failed_exit;
  options.hostname = hostname;
  auto sensor = open_ebpf_sensor(options);
  if (sensor) return std::move(*sensor);
  std::fprintf(stderr, "error: %s\n  hint: without that, `tocsin-detector replay FILE` plays a recording\n", sensor.error().what.c_str());
  return nullptr;
}

// Alerts about our own files would make new ones for ever. The pipeline knows us by our process id, which a container's own pid namespace hides.
void warn_if_pid_is_hidden() {
  std::array<char, 64> link{};
  if (::readlink("/proc/self/ns/pid", link.data(), link.size() - 1) > 0 && std::string_view{link.data()} != "pid:[4026531836]") {
    core::log_warning("own_events_not_recognised", {{"why", "the detector runs in its own pid namespace"}, {"do", "run its container with --pid=host"}});
  }
}

void log_rules(const Loaded& loaded) {
  for (const LoadResult& file : loaded.files) {
    core::log_info("rules_file_loaded", {{"file", file.file}, {"schema", file.schema_valid}, {"warnings", fmt::to_string(file.warnings.size())}});
    for (const LoadFault& warning : file.warnings) core::log_warning("rules_warning", {{"file", file.file}, {"code", warning.code}, {"message", warning.message}});
  }
}

void log_outputs(const Emitter& emitter) {
  for (const auto& row : emitter.status()) {
    core::log_info("output_closed", {{"output", row.name}, {"sent", fmt::to_string(row.status.sent)}, {"failed", fmt::to_string(row.status.failed)},
                                     {"dropped", fmt::to_string(row.status.dropped)}});
  }
}

// Losses and gaps are told apart by cause: each asks for another remedy (a larger ring, fewer rules on calls, nothing at all).
void log_sensor(const SensorStatus& status) {
  core::log_info("sensor_closed", {{"records", fmt::to_string(status.events)},
                                   {"drops_ring_full", fmt::to_string(status.drops.ring_full)},
                                   {"drops_scratch", fmt::to_string(status.drops.scratch)},
                                   {"drops_table_full", fmt::to_string(status.drops.table_full)},
                                   {"unread_arguments", fmt::to_string(status.gaps.unread)},
                                   {"unknown_processes", fmt::to_string(status.gaps.unknown_process)}});
}

}  // namespace

int watch(const CommandLine& line, const Config& config) {
  const std::string hostname = host_name();
  core::Diagnostics diagnostics;
  const auto texts = rule_files(line, config, diagnostics);
  Loaded loaded = load_rules(texts, engine_options(config, hostname));
  std::fputs(diagnostics.render().c_str(), stderr);
  if (!loaded.ruleset) std::fprintf(stderr, "Error: %s\n", render_text(loaded.files, texts).c_str());
  if (diagnostics.has_errors() || !loaded.ruleset) return kMisconfigured;
  log_rules(loaded);
  if (line.dry_run) return kDone;

  watch_signals();
  core::Diagnostics recording;
  const auto sensor = open_sensor(line, config, hostname, recording);
  if (!sensor) {
    std::fputs(recording.render().c_str(), stderr);
    return recording.has_errors() ? kMisconfigured : kFailed;
  }
  std::ofstream record;
  if (!line.record.empty()) {
    record.open(line.record, std::ios::trunc);
    if (!record) {
      std::fprintf(stderr, "error: the recording '%s' cannot be written\n", line.record.c_str());
      return kMisconfigured;
    }
  }
  auto emitter = Emitter::open(config);
  if (!emitter) {
    std::fprintf(stderr, "error: %s\n", emitter.error().what.c_str());
    return kMisconfigured;
  }
  auto health = config.webserver.enabled ? open_health(config.webserver) : core::Result<std::unique_ptr<Health>>{nullptr};
  if (!health) {
    std::fprintf(stderr, "error: %s\n", health.error().what.c_str());
    return kMisconfigured;
  }

  const bool live = line.replay.empty() && config.engine == EngineKind::Ebpf;
  if (live) warn_if_pid_is_hidden();
  const std::size_t rule_count = loaded.ruleset->rules().size();
  PipelineOptions options{.style = {.json = config.rules.json_output, .time_iso_8601 = config.rules.time_iso_8601, .hostname = hostname},
                          .drops = config.drops,
                          .metrics = config.metrics,
                          .load = [&line, &hostname] { return load_again(line, hostname); },
                          .record = line.record.empty() ? nullptr : &record,
                          .live = live};
  if (line.seconds) options.stop_after = std::chrono::seconds{*line.seconds};
  Pipeline pipeline{*sensor, std::move(loaded.ruleset), *emitter, std::move(options)};
  core::log_info("detector_started", {{"source", live ? "ebpf" : line.replay.empty() ? "configured" : "replay"}, {"rules", fmt::to_string(rule_count)}});
  const auto ended = pipeline.run();

  emitter->stop(kGrace);
  if (!ended) core::log_error("sensor_failed", {{"why", ended.error().what}});
  log_outputs(*emitter);
  log_sensor(sensor->status());
  std::fputs(pipeline.tally().render().c_str(), stdout);
  std::fflush(stdout);
  std::fprintf(stderr, "Syscall event drop monitoring:\n   - event drop detected: %llu occurrences\n   - num times actions taken: %llu\n",
               static_cast<unsigned long long>(pipeline.drops().occurrences()), static_cast<unsigned long long>(pipeline.drops().actions_taken()));
  return ended ? kDone : kFailed;
}

}  // namespace detector

#include "detector/pipeline.h"

#include "core/log.h"
#include "core/text.h"
#include "detector/sensor/recording.h"

#include <fmt/format.h>

#include <unistd.h>

#include <fstream>
#include <ostream>
#include <thread>

namespace detector {
namespace {

constexpr std::chrono::milliseconds kPatience{100};   // of one poll; how late a signal may be seen

using Clock = std::chrono::steady_clock;

}  // namespace

Pipeline::Pipeline(Sensor& sensor, std::unique_ptr<Ruleset> ruleset, Emitter& emitter, PipelineOptions options)
    : sensor_{sensor}, ruleset_{std::move(ruleset)}, emitter_{emitter}, options_{std::move(options)}, drops_{options_.drops},
      own_pid_{options_.live ? ::getpid() : -1}, started_{core::now()}, next_snapshot_{started_ + options_.metrics.interval} {
  on_match_ = [this](Match&& match) {
    if (options_.live && is_own(*event_->process)) return;
    tally_.count_alert(*match.rule);
    emitter_.emit({match.rule->priority, options_.style.json ? std::move(match.json) : std::move(match.text)});
  };
}

core::Result<> Pipeline::run() {
  types_ = ruleset_->event_types();
  if (auto wanted = sensor_.want(types_); !wanted) return wanted.error();
  const auto end = options_.stop_after ? Clock::now() + *options_.stop_after : Clock::time_point::max();
  auto next_tick = Clock::now() + std::chrono::seconds{1};
  const Sensor::Each each = [this](Event& event) { on_event(event); };
  while (true) {
    const Requests requests = options_.requests();
    if (requests.stop != 0) {
      core::log_info("signal_received", {{"signal", fmt::to_string(requests.stop)}, {"then", "exiting"}});
      return {};
    }
    if (requests.reopen) emitter_.reopen();
    if (requests.reload) begin_reload();
    finish_reload();

    if (!options_.live && emitter_.is_crowded()) {
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
      continue;
    }
    const auto more = sensor_.poll(kPatience, each);
    if (!more) return more.error();
    if (!*more) return {};

    const auto now = Clock::now();
    if (now >= end) return {};
    if (now < next_tick) continue;
    next_tick = now + std::chrono::seconds{1};
    if (!tick()) return core::Error{core::Fault::Io, "events were lost, and syscall_event_drops.actions has 'exit'"};
  }
}

void Pipeline::on_event(Event& event) {
  tally_.count_event();
  if (!event.process || event.process->pid == own_pid_) return;
  const auto type = static_cast<std::size_t>(event.type);
  if (options_.record && type < types_.size() && types_[type]) *options_.record << to_recording(event, sensor_.fields().users, &said_) << '\n';
  event_ = &event;
  ruleset_->evaluate(event, sensor_.fields(), on_match_);
}

// Looked at for matches only: the walk costs nothing while nothing matches.
bool Pipeline::is_own(const Process& process) const {
  for (const Process* p = &process; p; p = p->parent) {
    if (p->pid == own_pid_) return true;
  }
  return false;
}

bool Pipeline::tick() {
  const auto now = core::now();
  tell_output_drops();
  if (options_.metrics.enabled && now >= next_snapshot_) {
    next_snapshot_ = now + options_.metrics.interval;
    tell_metrics(now);
  }
  const auto alert = drops_.observe(sensor_.status(), now);
  if (!alert || drops_.wants("ignore")) return true;
  if (drops_.wants("log")) core::log_error("events_dropped", {{"message", alert->message}});
  if (drops_.wants("alert")) tell(*alert);
  return !drops_.wants("exit");
}

void Pipeline::tell_output_drops() {
  std::uint64_t dropped = 0;
  std::string where;
  for (const auto& row : emitter_.status()) {
    dropped += row.status.dropped;
    if (row.status.dropped > 0) where += (where.empty() ? "" : ",") + row.name;
  }
  if (dropped == output_drops_) return;
  const auto lost = dropped - std::exchange(output_drops_, dropped);
  tell({.rule = "Falco internal: outputs queue drop",
        .priority = core::Priority::Error,
        .message = fmt::format("Falco internal: outputs queue drop. {} alerts dropped in last second.", lost),
        .fields = {{"n_drops", fmt::format("\"{}\"", lost)}, {"n_drops_total", fmt::format("\"{}\"", dropped)}, {"outputs", core::json_quote(where)}},
        .time = core::now()});
}

// Falco's snapshot: those of its keys that we can fill.
void Pipeline::tell_metrics(core::TimePoint now) {
  const SensorStatus status = sensor_.status();
  const auto seconds = std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::seconds>(now - started_).count(), 1);
  const auto& d = status.drops;
  InternalAlert alert{.rule = "Falco internal: metrics snapshot",
                      .priority = core::Priority::Informational,
                      .message = "Falco metrics snapshot",
                      .fields = {{"falco.duration_sec", fmt::to_string(seconds)},
                                 {"falco.hostname", core::json_quote(options_.style.hostname)},
                                 {"falco.num_evts", fmt::to_string(tally_.events())},
                                 {"falco.num_evts_prev", fmt::to_string(events_at_snapshot_)},
                                 {"falco.evts_rate_sec", fmt::to_string(tally_.events() / static_cast<std::uint64_t>(seconds))},
                                 {"falco.outputs_queue_num_drops", fmt::to_string(output_drops_)},
                                 {"falco.rules.matches_total", fmt::to_string(tally_.alerts())},
                                 {"falco.start_ts", fmt::to_string(core::to_unix_nanoseconds(started_))},
                                 {"falco.version", core::json_quote(TOCSIN_VERSION)},
                                 {"scap.n_drops", fmt::to_string(d.ring_full + d.scratch + d.table_full)},
                                 {"scap.n_evts", fmt::to_string(status.events)},
                                 {"scap.n_fds", fmt::to_string(status.files)},
                                 {"scap.n_threads", fmt::to_string(status.processes)}},
                      .time = now};
  for (const auto& [rule, count] : tally_.by_rule()) alert.fields["falco.rules." + rule] = fmt::to_string(count);
  events_at_snapshot_ = tally_.events();
  if (!options_.metrics.output_file.empty()) {
    std::ofstream file{options_.metrics.output_file, std::ios::app};
    AlertStyle json = options_.style;
    json.json = true;
    if (!(file << render(alert, json).text << '\n')) core::log_error("metrics_lost", {{"file", options_.metrics.output_file}});
  }
  if (options_.metrics.output_rule) tell(std::move(alert));
}

void Pipeline::begin_reload() {
  if (loading_.valid()) {
    reload_again_ = true;
    return;
  }
  core::log_info("rules_reloading");
  loading_ = std::async(std::launch::async, options_.load);
}

void Pipeline::finish_reload() {
  if (!loading_.valid() || loading_.wait_for(std::chrono::seconds{0}) != std::future_status::ready) return;
  Loaded loaded = loading_.get();
  std::string why;
  for (const LoadResult& file : loaded.files) {
    if (!file.errors.empty() && why.empty()) why = fmt::format("{}: {}: {}", file.file, file.errors.front().code, file.errors.front().message);
  }
  if (!loaded.ruleset && why.empty()) why = "the rule files or the configuration cannot be read";
  if (loaded.ruleset) {
    // First what the kernel sends, then what looks at it: the old rules see no event fewer, the new ones none too few.
    auto types = loaded.ruleset->event_types();
    if (auto wanted = sensor_.want(types); wanted) {
      types_ = std::move(types);
      ruleset_ = std::move(loaded.ruleset);
      core::log_info("rules_reloaded", {{"rules", fmt::to_string(ruleset_->rules().size())}});
    } else {
      why = wanted.error().what;
    }
  }
  if (!why.empty()) {
    core::log_error("reload_refused", {{"why", why}, {"then", "the old rules stay"}});
    tell({.rule = "Falco internal: hot restart failure",
          .priority = core::Priority::Critical,
          .message = "Falco internal: hot restart failure: " + why,
          .fields = {{"error", core::json_quote(why)}},
          .time = core::now()});
  }
  if (std::exchange(reload_again_, false)) begin_reload();
}

void Pipeline::tell(InternalAlert alert) { emitter_.emit(render(alert, options_.style)); }

}  // namespace detector

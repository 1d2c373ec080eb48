#include "hub/control/report.h"

#include "core/text.h"
#include "hub/reload/reload.h"

#include <nlohmann/json.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#ifndef TOCSIN_VERSION
#error "TOCSIN_VERSION comes from CMakeLists.txt"
#endif

namespace hub {
namespace {

using nlohmann::ordered_json;

ordered_json time_or_null(core::TimePoint time) {
  return time == core::TimePoint{} ? ordered_json{} : ordered_json{core::to_rfc3339(time)}[0];
}

ordered_json to_json(const JournalStatus& journal, Offset routed_to) {
  return {{"first_offset", journal.first.value},
          {"durable_end", journal.durable_end.value},
          {"routed_to", routed_to.value},
          {"bytes", journal.bytes},
          {"segments", journal.segments},
          {"free_bytes", journal.free_bytes},
          {"commits", journal.commits},
          {"records", journal.records},
          {"torn_bytes", journal.torn_bytes},
          {"quarantined_records", journal.quarantined_records},
          {"last_sync_seconds", journal.last_sync_seconds},
          {"accepting", journal.accepting},
          {"trouble", journal.trouble}};
}

ordered_json to_json(const SinkStatus& sink) {
  return {{"name", sink.name},
          {"kind", sink.kind},
          {"state", sink.state},
          {"reason", sink.reason},
          {"queued", sink.queued},
          {"routed", sink.routed},
          {"delivered", sink.delivered},
          {"dead_letters", sink.dead_letters},
          {"dropped", sink.dropped},
          {"oldest_age_seconds", sink.oldest_age_seconds},
          {"next_attempt_seconds", sink.next_attempt_seconds},
          {"last_error", sink.last_error},
          {"last_error_at", time_or_null(sink.last_error_at)},
          {"last_delivered_at", time_or_null(sink.last_delivered_at)}};
}

ordered_json to_json(const ReloadStatus& reload) {
  return {{"last_reload_successful", reload.successful},
          {"last_reload_at", core::to_rfc3339(reload.at)},
          {"fault", core::printable(reload.fault)},
          {"needs_restart", reload.needs_restart},
          {"files", reload.files}};
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  double size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double open_fds() {
  std::error_code fault;
  double count = 0;
  for (std::filesystem::directory_iterator at{"/proc/self/fd", fault}, end; !fault && at != end; at.increment(fault))
    ++count;
  return count;
}

}  // namespace

std::string Report::status_json() const {
  const JournalStatus journal = journal_.status();
  const Offset routed_to = routed_to_ ? routed_to_() : journal.durable_end;
  ordered_json sinks = ordered_json::array();
  for (const SinkStatus& sink : sinks_()) sinks.push_back(to_json(sink));
  ordered_json status{
      {"version", TOCSIN_VERSION},
      {"started", core::to_rfc3339(started_)},
      {"uptime_seconds", std::chrono::duration_cast<std::chrono::seconds>(core::now() - started_).count()},
      {"journal", to_json(journal, routed_to)},
      {"sinks", std::move(sinks)}};
  if (reload_ != nullptr) status["config"] = to_json(reload_->status());
  return status.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string Report::metrics_text() const {
  const JournalStatus journal = journal_.status();
  metrics_.set(Metric::JournalBytes, {}, static_cast<double>(journal.bytes));
  metrics_.set(Metric::JournalSegments, {}, static_cast<double>(journal.segments));
  metrics_.set(Metric::JournalFreeBytes, {}, static_cast<double>(journal.free_bytes));
  metrics_.set(Metric::JournalQuarantined, {}, static_cast<double>(journal.quarantined_records));
  metrics_.set(Metric::JournalAccepting, {}, journal.accepting ? 1 : 0);
  metrics_.set(Metric::BuildInfo, {TOCSIN_VERSION}, 1);
  metrics_.set(Metric::StartTime, {}, std::chrono::duration<double>(started_.time_since_epoch()).count());
  metrics_.set(Metric::ProcessCpu, {}, cpu_seconds());
  metrics_.set(Metric::ProcessResident, {}, resident_bytes());
  metrics_.set(Metric::ProcessOpenFds, {}, open_fds());
  return metrics_.render();
}

std::string Report::not_ready() const {
  const JournalStatus journal = journal_.status();
  if (journal.accepting) return {};
  return journal.trouble.empty() ? "the journal takes no alerts" : journal.trouble;
}

}  // namespace hub

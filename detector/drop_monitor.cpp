#include "detector/drop_monitor.h"

#include <fmt/format.h>

#include <algorithm>

namespace detector {

namespace {
std::uint64_t sum(const SensorDrops& d) { return d.ring_full + d.scratch + d.table_full; }
}  // namespace

std::optional<InternalAlert> DropMonitor::observe(const SensorStatus& status, core::TimePoint now) {
  const SensorStatus before = std::exchange(before_, status);
  const double seconds = last_ == core::TimePoint{} ? 0 : std::chrono::duration<double>(now - last_).count();
  last_ = now;
  tokens_ = std::min(static_cast<double>(options_.max_burst), tokens_ + seconds * options_.rate);

  const auto lost = sum(status.drops) - sum(before.drops);
  const auto seen = status.events - before.events + lost;
  if (lost == 0) return std::nullopt;
  ++occurrences_;
  // As Falco: a threshold of 0.1 ignores a second that lost less than a tenth.
  if (static_cast<double>(lost) / static_cast<double>(seen) <= options_.threshold && options_.threshold > 0) return std::nullopt;
  if (tokens_ < 1) return std::nullopt;
  tokens_ -= 1;
  ++taken_;

  const auto number = [](std::uint64_t n) { return fmt::format("\"{}\"", n); };   // Falco's are all texts
  const SensorDrops& d = status.drops;
  const SensorDrops& b = before.drops;
  return InternalAlert{
      .rule = "Falco internal: syscall event drop",
      .priority = core::Priority::Debug,
      .message = fmt::format("Falco internal: syscall event drop. {} system calls dropped in last second.", lost),
      .fields = {{"n_evts", number(seen)},
                 {"n_drops", number(lost)},
                 {"n_drops_buffer_total", number(d.ring_full - b.ring_full)},
                 {"n_drops_scratch_map", number(d.scratch - b.scratch)},
                 {"n_drops_page_faults", number(0)},   // memory that cannot be read costs us an argument, not the event
                 {"n_drops_bug", number(d.table_full - b.table_full)},
                 {"ebpf_enabled", "\"1\""}},
      .time = now};
}

bool DropMonitor::wants(std::string_view action) const {
  return std::find(options_.actions.begin(), options_.actions.end(), action) != options_.actions.end();
}

}  // namespace detector

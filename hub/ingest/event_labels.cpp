#include "hub/ingest/event_labels.h"

#include "core/text.h"

#include <algorithm>
#include <array>

namespace hub {
namespace {

constexpr std::array<std::string_view, 7> kOwn{"hostname", "rule",        "priority",    "priority_raw",
                                               "source",   "k8s_ns_name", "k8s_pod_name"};
constexpr std::size_t kMostLabels = 50;  // of one metric; Prometheus itself takes about as many by default

bool is_label(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && is_letter(name.front()) && !name.starts_with("__") &&
         std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

std::string_view text_of(const core::Alert& alert, std::string_view name) {
  const core::AlertField* field = alert.field(name);
  return field == nullptr ? std::string_view{} : std::string_view{field->text};
}

}  // namespace

EventLabels::EventLabels(const MutationOptions& mutations, const std::vector<std::string>& extralabels) {
  for (const auto& [name, unused] : mutations.customfields) add(name);
  for (const auto& [name, unused] : mutations.templatedfields) add(name);
  for (const std::string& name : extralabels) add(name);
}

void EventLabels::add(const std::string& field) {
  std::string name = core::replace_all(field, ".", "_");
  if (!is_label(name) || kOwn.size() + names_.size() >= kMostLabels) {
    left_out_.push_back(field);
    return;
  }
  if (std::find(kOwn.begin(), kOwn.end(), name) != kOwn.end()) return;
  if (std::find(names_.begin(), names_.end(), name) != names_.end()) return;
  fields_.push_back(field);
  names_.push_back(std::move(name));
}

Series& EventLabels::series(Metrics& metrics, const core::Alert& alert) const {
  const char number[] = {static_cast<char>('0' + core::to_falcosidekick_number(alert.priority)), '\0'};
  std::array<std::string_view, kMostLabels> values{
      alert.hostname.empty() ? "unknown" : std::string_view{alert.hostname},
      alert.rule,
      number,
      core::to_lower(alert.priority),
      alert.source,
      text_of(alert, "k8s.ns.name"),
      text_of(alert, "k8s.pod.name")};
  std::size_t count = kOwn.size();
  for (const std::string& field : fields_) values[count++] = text_of(alert, field);
  return metrics.series(Metric::FalcosidekickFalcoEvents, std::span<const std::string_view>{values.data(), count});
}

}  // namespace hub

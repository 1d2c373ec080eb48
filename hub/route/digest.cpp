#include "hub/route/digest.h"

#include "core/text.h"
#include "hub/route/alert_key.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace hub {
namespace {

constexpr std::size_t kMostLines = 50, kLongestLine = 300, kLongestText = 8'000;
constexpr std::size_t kMostListed = 200, kLongestList = 64 << 10, kMostTags = 50;

std::string seconds(core::Duration duration) {
  return core::to_text(std::chrono::duration_cast<std::chrono::seconds>(duration));
}

// "hostname web-1, rule X": what the alerts have in common.
std::string common(const std::vector<std::string>& by, const core::Alert& alert) {
  std::string text;
  for (const std::string& name : by) {
    if (name == "tags" || name == "output") continue;
    text += (text.empty() ? "" : ", ") + name + " " + std::string{core::truncate_utf8(value_of(alert, name), 100)};
  }
  return text;
}

// The values under `by` as fields of the digest, so that templates and matchers find them as in any alert.
void add_common_fields(OwnAlert& own, const std::vector<std::string>& by, const core::Alert& alert) {
  static const std::set<std::string_view> own_keys{"rule", "hostname", "source", "priority", "output", "tags"};
  for (const std::string& name : std::set<std::string>{by.begin(), by.end()}) {
    if (!own_keys.contains(name) && !name.starts_with("digest.") && !name.starts_with("tocsin."))
      own.fields.push_back(OwnAlert::text(name, core::truncate_utf8(value_of(alert, name), 1000)));
  }
}

std::string json_list(const std::vector<core::AlertRef>& members) {
  std::string list = "[";
  for (std::size_t i = 0; i < std::min(members.size(), kMostListed) && list.size() < kLongestList; ++i) {
    const core::Alert& alert = *members[i];
    const nlohmann::ordered_json row{{"uuid", core::to_text(alert.id)},
                                     {"time", core::to_rfc3339(alert.time)},
                                     {"priority", core::to_text(alert.priority)},
                                     {"rule", core::truncate_utf8(core::to_valid_utf8(alert.rule), 200)},
                                     {"hostname", core::truncate_utf8(core::to_valid_utf8(alert.hostname), 200)},
                                     {"output", core::truncate_utf8(core::to_valid_utf8(alert.output), 1000)}};
    list += (i > 0 ? "," : "") + row.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }
  return list + "]";
}

}  // namespace

OwnAlert digest_of(const Due& due, const Route* route, const std::vector<core::AlertRef>& members) {
  OwnAlert own{.rule = "Digest of alerts", .priority = core::Priority::Debug, .directions = due.directions()};
  std::map<std::string, std::uint64_t> rules;
  std::set<std::string> hosts, tags;
  for (const core::AlertRef& alert : members) {
    own.priority = std::min(own.priority, alert->priority);
    ++rules[alert->rule];
    hosts.insert(alert->hostname);
    tags.insert(alert->tags.begin(), alert->tags.end());
  }
  if (members.empty()) own.priority = core::Priority::Error;
  if (hosts.size() == 1) own.hostname = *hosts.begin();
  for (const std::string& tag : tags) {
    if (own.tags.size() < kMostTags) own.tags.push_back(tag);
  }

  const std::vector<std::string> by = route != nullptr && route->group ? route->group->by : std::vector<std::string>{};
  const std::string alike = members.empty() ? std::string{} : common(by, *members.front());
  own.output =
      fmt::format("{} alerts of route {}{}{}", due.members.size(), due.owner, alike.empty() ? "" : ", ", alike);
  if (members.size() < due.members.size())
    own.output += fmt::format(" ({} can no longer be read)", due.members.size() - members.size());
  std::size_t lines = 0;
  for (const core::AlertRef& alert : members) {
    if (lines == kMostLines || own.output.size() > kLongestText) break;
    const std::string& text = alert->output.empty() ? alert->rule : alert->output;
    own.output += fmt::format("\n{} {} {}", core::to_rfc3339(alert->time), core::to_text(alert->priority),
                              core::truncate_utf8(core::replace_all(text, "\n", " "), kLongestLine));
    ++lines;
  }
  if (lines < members.size()) own.output += fmt::format("\nand {} more", members.size() - lines);

  own.fields.push_back(OwnAlert::text("digest.route", due.owner));
  own.fields.push_back(OwnAlert::number("digest.count", due.members.size()));
  own.fields.push_back(OwnAlert::number("digest.rules", rules.size()));
  if (!members.empty()) {
    own.fields.push_back(OwnAlert::text("digest.first", core::to_rfc3339(members.front()->time)));
    own.fields.push_back(OwnAlert::text("digest.last", core::to_rfc3339(members.back()->time)));
    add_common_fields(own, by, *members.front());
  }
  own.fields.push_back({"digest.alerts", json_list(members)});
  return own;
}

OwnAlert summary_of(const Due& due, const Route* route, const core::AlertRef& sample) {
  const std::vector<std::string> by =
      route != nullptr && route->throttle ? route->throttle->by : std::vector<std::string>{};
  OwnAlert own{.rule = "Throttled alerts", .priority = core::Priority::Notice, .directions = due.directions()};
  std::string alike;
  if (sample) {
    own.priority = sample->priority;
    own.hostname = sample->hostname;
    alike = common(by, *sample);
    add_common_fields(own, by, *sample);
  }
  own.output = fmt::format("{} more alerts of route {}{}{} were held back in {}", due.held, due.owner,
                           alike.empty() ? "" : ", ", alike, seconds(due.end - due.start));
  if (sample) own.output += "; the last: " + std::string{core::truncate_utf8(sample->output, 1000)};
  own.fields.push_back(OwnAlert::text("throttle.route", due.owner));
  own.fields.push_back(OwnAlert::number("throttle.held", due.held));
  return own;
}

}  // namespace hub

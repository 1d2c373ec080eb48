#include "hub/ingest/own_alerts.h"

#include "core/log.h"
#include "core/text.h"
#include "hub/ingest/alert_record.h"

#include <unistd.h>

namespace hub {
namespace {

std::string quoted(std::string_view text) {
  return core::json_quote(core::to_valid_utf8(text));
}

std::string this_host() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

}  // namespace

OwnAlert::Field OwnAlert::text(std::string name, std::string_view value) {
  return {std::move(name), quoted(value)};
}

OwnAlert::Field OwnAlert::number(std::string name, std::uint64_t value) {
  return {std::move(name), std::to_string(value)};
}

NewRecord to_record(const OwnAlert& alert, core::TimePoint now) {
  const std::string host = this_host();
  std::string json = R"({"hostname":)" + quoted(alert.hostname.empty() ? host : alert.hostname);
  json += R"(,"output":)" + quoted(alert.output);
  json += R"(,"output_fields":{"tocsin.hub":)" + quoted(host);  // Falco's form wants at least one
  for (const OwnAlert::Field& field : alert.fields) json += "," + quoted(field.name) + ":" + field.json;
  json += R"(},"priority":")" + std::string{core::to_text(alert.priority)};
  json += R"(","rule":)" + quoted(alert.rule) + R"(,"source":"tocsin","tags":[)";
  for (std::size_t i = 0; i < alert.tags.size(); ++i) json += (i > 0 ? "," : "") + quoted(alert.tags[i]);
  json += R"(],"time":")" + core::to_rfc3339(now) + R"("})";
  return {RecordType::Alert, encode_alert_record(core::make_alert_id(), now, json, alert.directions)};
}

void OwnAlerts::raise(const OwnAlert& alert, Journal::Done done) {
  if (!done) {
    done = [rule = alert.rule](const core::Result<Offset>& kept) {
      if (!kept) core::log_error("own_alert_not_kept", {{"rule", rule}, {"why", kept.error().what}});
    };
  }
  std::vector<NewRecord> records;
  records.push_back(to_record(alert, core::now()));
  journal_.append(std::move(records), std::move(done));
}

}  // namespace hub

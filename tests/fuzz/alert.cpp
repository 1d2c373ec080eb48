// A request body becomes alerts: what we take, nlohmann-json takes too and reads alike, and what we store reads back as
// the same alert.
#include "core/payload.h"
#include "core/text.h"
#include "hub/ingest/alert_record.h"
#include "hub/ingest/identity.h"
#include "hub/ingest/mutations.h"
#include "targets.h"
#include "tests/fuzz/property.h"

#include <nlohmann/json.hpp>

namespace fuzz {
namespace {

void check(core::AlertDecoder& decoder, core::Alert alert) {
  const auto json = nlohmann::json::parse(alert.json, nullptr, false);
  demand(json.is_object(), "an alert that we take parses with nlohmann-json too", alert.json);
  // Go, and so falcosidekick, does not mind the case of a known key.
  const auto known = [&json](std::string_view name) {
    for (const auto& [key, value] : json.items())
      if (core::ascii_lower(key) == name) return value;
    return nlohmann::json{};
  };
  const nlohmann::json fields = known("output_fields");
  demand(known("rule") == alert.rule, "both read the same rule", alert.json);
  demand(fields.is_object() && fields.size() == alert.fields.size(), "both read as many fields", alert.json);
  for (const core::AlertField& field : alert.fields)
    if (field.kind == core::AlertField::Kind::Text)
      demand(fields.at(field.name) == field.text, "both read the same text", alert.json);

  const std::string record = hub::encode_alert_record(alert.id, alert.received, alert.json);
  const auto again = hub::decode_alert_record(decoder, record, hub::Mutations{});
  demand(again.has_value(), "what is stored can be read again", alert.json);
  demand(again->json == alert.json && again->rule == alert.rule && again->priority == alert.priority &&
             again->fields.size() == alert.fields.size(),
         "what is read again is the same alert", alert.json);

  const std::string named = hub::add_output_field(alert.json, "tocsin.fuzz", "me");
  if (const auto identified = decoder.decode(named)) {
    const core::AlertField* field = identified->field("tocsin.fuzz");
    demand(identified->rule == alert.rule && identified->fields.size() >= alert.fields.size() &&
               (field == nullptr || named == alert.json || field->text == "me"),
           "a field is added and all others stay", named);
  }

  hub::Mutations{}.apply(alert);
  const std::string payload = core::to_payload(alert);
  demand(nlohmann::json::accept(payload), "what sinks get is JSON", payload);
  demand(core::is_valid_utf8(payload), "what sinks get is UTF-8", payload);
}

}  // namespace

void fuzz_alert(std::string_view input) {
  core::AlertDecoder decoder;
  std::vector<core::Alert> taken;
  std::size_t called = 0;
  const auto shape = decoder.decode_body(input, [&](std::size_t index, core::Result<core::Alert> alert) {
    demand(index == called++, "alerts come in order");
    if (alert)
      taken.push_back(std::move(*alert));
    else
      demand(!alert.error().what.empty(), "a refusal has a reason");
  });
  if (!shape) return demand(called == 0, "a body refused as a whole has no alerts");
  demand(shape->count == called, "the count is that of the alerts");
  if (shape->single && taken.size() == 1)
    demand(nlohmann::json::accept(input), "a body of one alert parses with nlohmann-json too", input);
  for (core::Alert& alert : taken) check(decoder, std::move(alert));
}

}  // namespace fuzz

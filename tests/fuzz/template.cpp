// Any text as a template, over an alert with hostile values: refused, or rendered without end of the world. The text up
// to the first byte 1 is the template; what follows it is the alert's hostile text.
#include "core/template.h"
#include "core/alert_decoder.h"
#include "core/text.h"
#include "targets.h"
#include "tests/fuzz/property.h"

#include <fmt/format.h>

namespace fuzz {
namespace {

void check(const core::Template& parsed, std::string_view text, const std::string& hostile) {
  const std::string quoted = core::json_quote(hostile);
  const auto alert = core::AlertDecoder{}.decode(fmt::format(
      R"({{"output":{0},"priority":"Error","rule":"R{1}","time":"2019-05-17T15:31:56.7Z","source":{0},"hostname":{0},"tags":[{0},"a"],)"
      R"("output_fields":{{"proc.name":{0},"evt.num":12,"k8s.ns.name":null,"n":{{"a":[1]}},"b":true}}}})",
      quoted, std::string_view{quoted}.substr(1)));
  if (!alert) return;  // beyond the limit of one text

  const std::string rendered = parsed.render(*alert);
  demand(rendered.size() <= core::Template::kMostBytes, "what is rendered has a bound", text);
  if (parsed.is_fixed()) demand(parsed.render(core::Alert{}) == rendered, "a fixed text needs no alert", text);
  demand(rendered.starts_with(parsed.literal_prefix()), "the literal prefix stands first", text);
  if (core::is_valid_utf8(text)) demand(core::is_valid_utf8(rendered), "UTF-8 in, UTF-8 out", rendered);
  const std::string escaped = parsed.render(*alert, [](std::string_view) { return std::string{"#"}; });
  demand(escaped.size() <= core::Template::kMostBytes, "what is escaped has a bound too", text);
}

}  // namespace

void fuzz_template(std::string_view input) {
  const std::string_view text = input.substr(0, input.find('\1'));
  const std::string hostile = core::to_valid_utf8(text.size() < input.size() ? input.substr(text.size() + 1) : "x");
  for (const auto dot : {core::Template::Dot::Alert, core::Template::Dot::Fields}) {
    std::size_t at = 0;
    const auto parsed = core::Template::parse(text, dot, &at);
    if (!parsed)
      demand(!parsed.error().what.empty() && at <= text.size(), "a refusal has a reason and a place", text);
    else
      check(*parsed, text, hostile);
  }
}

}  // namespace fuzz

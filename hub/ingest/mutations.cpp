#include "hub/ingest/mutations.h"

#include "core/text.h"

#include <algorithm>
#include <array>

namespace hub {
namespace {

void set_text(core::Alert& alert, const std::string& name, std::string text) {
  auto at =
      std::lower_bound(alert.fields.begin(), alert.fields.end(), name,
                       [](const core::AlertField& field, const std::string& wanted) { return field.name < wanted; });
  if (at == alert.fields.end() || at->name != name) at = alert.fields.insert(at, core::AlertField{.name = name});
  at->kind = core::AlertField::Kind::Text;
  at->json.clear();
  at->text = std::move(text);
}

std::string joined(const core::Alert& alert, const auto& names) {
  std::string text;
  for (const auto& [name, unused] : names)
    if (const core::AlertField* field = alert.field(name)) text += (text.empty() ? "" : " ") + name + "=" + field->text;
  return text;
}

// Two names may become one: the last in order stays, so that no key stands twice in what sinks get.
void replace_brackets(core::Alert& alert, const std::string& by) {
  bool any = false;
  for (core::AlertField& field : alert.fields) {
    if (field.name.find('[') == std::string::npos) continue;
    field.name = core::replace_all(core::replace_all(std::move(field.name), "]", ""), "[", by);
    any = true;
  }
  if (!any) return;
  auto& fields = alert.fields;
  std::stable_sort(fields.begin(), fields.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const auto first =
      std::unique(fields.rbegin(), fields.rend(), [](const auto& a, const auto& b) { return a.name == b.name; });
  fields.erase(fields.begin(), first.base());
}

// "16:31:56.746609046: Error …", and "2019-05-17T16:31:56.746609046+0000: Error …", which falcosidekick overlooks.
bool is_timestamp(std::string_view word) {
  return word.size() > 2 && word.back() == ':' && word.find('.') != std::string_view::npos &&
         word.find_first_not_of("0123456789:.+-TZ") == std::string_view::npos;
}

// One pass over the format: what an alert brings is never taken for one of its words.
std::string formatted(const std::string& format, const core::Alert& alert, const MutationOptions& options,
                      std::string_view timestamp, std::string_view priority, std::string_view output) {
  std::string tags;
  for (const std::string& tag : alert.tags) tags += (tags.empty() ? "" : ",") + tag;
  const std::array<std::pair<std::string_view, std::string>, 6> words{
      {{"<timestamp>", std::string{timestamp}},
       {"<priority>", std::string{priority}},
       {"<output>", std::string{output}},
       {"<custom_fields>", joined(alert, options.customfields)},
       {"<templated_fields>", joined(alert, options.templatedfields)},
       {"<tags>", std::move(tags)}}};
  std::string text;
  for (std::size_t at = 0; at < format.size();) {
    const std::string_view rest = std::string_view{format}.substr(at);
    const auto word =
        std::find_if(words.begin(), words.end(), [rest](const auto& w) { return rest.starts_with(w.first); });
    if (word == words.end()) {
      text += format[at++];
      continue;
    }
    text += word->second;
    at += word->first.size();
  }
  for (const std::string_view empty : {" ", "( )", "()", " "})
    if (text.ends_with(empty)) text.erase(text.size() - empty.size());
  return text;
}

void format_output(core::Alert& alert, const MutationOptions& options) {
  const std::string_view output = alert.output;
  const auto first = output.find(' ');
  const auto second = first == std::string_view::npos ? first : output.find(' ', first + 1);
  if (second == std::string_view::npos) return;
  const std::string_view timestamp = output.substr(0, first), priority = output.substr(first + 1, second - first - 1);
  if (!is_timestamp(timestamp) || !core::parse_priority(priority)) return;
  alert.output = formatted(options.outputfieldformat, alert, options, timestamp.substr(0, timestamp.size() - 1),
                           priority, output.substr(second + 1));
}

}  // namespace

void Mutations::apply(core::Alert& alert) const {
  for (const auto& [name, value] : options_.customfields) set_text(alert, name, value);
  for (const std::string& tag : options_.customtags) alert.tags.push_back(tag);
  if (alert.rule == "Test rule") alert.source = "internal";
  if (alert.source.empty()) alert.source = "syscalls";
  if (!options_.templatedfields.empty()) {
    std::vector<std::pair<const std::string*, std::string>> rendered;
    for (const auto& [name, text] : options_.templatedfields) rendered.emplace_back(&name, text.render(alert));
    for (auto& [name, text] : rendered) set_text(alert, *name, std::move(text));
  }
  if (!std::is_sorted(alert.tags.begin(), alert.tags.end())) std::sort(alert.tags.begin(), alert.tags.end());
  if (!options_.bracketreplacer.empty()) replace_brackets(alert, options_.bracketreplacer);
  if (!options_.outputfieldformat.empty()) format_output(alert, options_);
}

}  // namespace hub

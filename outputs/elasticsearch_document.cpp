// Falco's output fields stay together under output_fields (ECS: falco.output_fields); ECS adds the fields that its own
// dashboards and rules look for, only where the value has the type that ECS demands: one bad IP address would otherwise
// cost the whole alert.
#include "outputs/elasticsearch_document.h"

#include "core/payload.h"
#include "core/text.h"

#include <nlohmann/json.hpp>

#include <arpa/inet.h>

#include <charconv>
#include <set>

namespace outputs {
namespace {

using Format = ElasticsearchOptions::Format;
using nlohmann::ordered_json;

constexpr std::string_view kTimestamp = "@timestamp", kStripped = "tocsin_stripped_fields";

enum class EcsType { Keyword, Number, Address, Port };
struct EcsField {
  std::string_view falco, ecs;
  EcsType type;
};
// https://www.elastic.co/guide/en/ecs/current/ecs-field-reference.html
constexpr EcsField kEcsFields[] = {
    {"evt.type", "event.action", EcsType::Keyword},
    {"proc.name", "process.name", EcsType::Keyword},
    {"proc.cmdline", "process.command_line", EcsType::Keyword},
    {"proc.exepath", "process.executable", EcsType::Keyword},
    {"proc.cwd", "process.working_directory", EcsType::Keyword},
    {"proc.pid", "process.pid", EcsType::Number},
    {"proc.ppid", "process.parent.pid", EcsType::Number},
    {"proc.pname", "process.parent.name", EcsType::Keyword},
    {"proc.pcmdline", "process.parent.command_line", EcsType::Keyword},
    {"proc.pexepath", "process.parent.executable", EcsType::Keyword},
    {"user.name", "user.name", EcsType::Keyword},
    {"user.uid", "user.id", EcsType::Keyword},
    {"group.name", "group.name", EcsType::Keyword},
    {"group.gid", "group.id", EcsType::Keyword},
    {"container.id", "container.id", EcsType::Keyword},
    {"container.name", "container.name", EcsType::Keyword},
    {"container.image.repository", "container.image.name", EcsType::Keyword},
    {"container.image.tag", "container.image.tag", EcsType::Keyword},
    {"k8s.ns.name", "orchestrator.namespace", EcsType::Keyword},
    {"k8s.pod.name", "orchestrator.resource.name", EcsType::Keyword},
    {"fd.name", "file.path", EcsType::Keyword},
    {"fd.directory", "file.directory", EcsType::Keyword},
    {"fd.filename", "file.name", EcsType::Keyword},
    {"fd.cip", "source.ip", EcsType::Address},
    {"fd.cport", "source.port", EcsType::Port},
    {"fd.sip", "destination.ip", EcsType::Address},
    {"fd.sport", "destination.port", EcsType::Port},
    {"fd.l4proto", "network.transport", EcsType::Keyword},
};

std::string flat_name(std::string name) {
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

// Two names that flatten to the same one must not become one key twice: Elasticsearch refuses such a document.
std::vector<std::string> names_of(const core::Alert& alert, Format format) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  names.reserve(alert.fields.size());
  for (const core::AlertField& field : alert.fields) {
    if (format == Format::Raw) {
      names.push_back(field.name);
      continue;
    }
    std::string flat = flat_name(field.name);
    while (!taken.insert(flat).second) flat += '_';
    names.push_back(std::move(flat));
  }
  return names;
}

bool has_timestamp(const core::Alert& alert) {
  return std::any_of(alert.extra.begin(), alert.extra.end(),
                     [](const auto& field) { return field.name == kTimestamp; });
}

std::string falcosidekick_document(const core::Alert& alert, Format format) {
  std::string json;
  if (format == Format::Flattened || has_timestamp(alert)) {
    core::Alert changed = alert;
    auto names = names_of(alert, format);
    for (std::size_t i = 0; i < names.size(); ++i) changed.fields[i].name = std::move(names[i]);
    std::erase_if(changed.extra, [](const auto& field) { return field.name == kTimestamp; });
    json = core::to_open_payload(changed);
  } else {
    json = core::to_open_payload(alert);
  }
  json += ",\"@timestamp\":";
  core::append_json_quoted(json, alert.time_text);
  json += '}';
  return json;
}

const EcsField* ecs_field(std::string_view falco) {
  for (const EcsField& field : kEcsFields)
    if (field.falco == falco) return &field;
  return nullptr;
}

bool is_address(const std::string& text) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1 || inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

// What of a field's value ECS would take; nothing: it is only under falco.output_fields.
ordered_json ecs_value(const core::AlertField& field, const EcsField& as) {
  if (field.text.empty() || field.text == "<NA>") return nullptr;
  switch (as.type) {
    case EcsType::Keyword:
      if (field.kind == core::AlertField::Kind::Nested) return nullptr;
      if (as.falco == "fd.name" && field.text.find("->") != std::string::npos) return nullptr;  // a connection, no file
      return field.text;
    case EcsType::Address:
      return is_address(field.text) ? ordered_json(field.text) : ordered_json(nullptr);
    case EcsType::Number:
    case EcsType::Port:
      break;
  }
  std::int64_t number = 0;
  const char* const end = field.text.data() + field.text.size();
  const auto [stop, error] = std::from_chars(field.text.data(), end, number);
  if (error != std::errc{} || stop != end || number < 0 || (as.type == EcsType::Port && number > 65535)) return nullptr;
  return number;
}

ordered_json& at_path(ordered_json& document, std::string_view path) {
  ordered_json* at = &document;
  for (const std::string_view piece : core::split(path, '.')) at = &(*at)[std::string{piece}];
  return *at;
}

// A key of the document with a value that is JSON already: numbers keep their literal.
void append_raw(std::string& json, std::string_view name, const core::AlertField& field) {
  if (json.back() != '{') json += ',';
  core::append_json_quoted(json, name);
  json += ':';
  if (field.kind == core::AlertField::Kind::Text)
    core::append_json_quoted(json, field.text);
  else
    json += field.json;
}

std::string ecs_document(const core::Alert& alert) {
  ordered_json document;
  document[std::string{kTimestamp}] = alert.time_text;
  document["ecs"]["version"] = "8.11.0";
  document["message"] = alert.output;
  document["event"] = {{"id", core::to_text(alert.id)},
                       {"kind", "alert"},
                       {"module", "falco"},
                       {"dataset", "falco.alerts"},
                       {"provider", alert.source},
                       {"severity", static_cast<int>(alert.priority)},
                       {"created", core::to_rfc3339(alert.received)}};
  document["log"]["level"] = core::to_lower(alert.priority);
  document["rule"]["name"] = alert.rule;
  document["observer"] = {{"type", "sensor"}, {"product", "falco"}};
  if (!alert.hostname.empty()) document["host"] = {{"hostname", alert.hostname}, {"name", alert.hostname}};
  if (!alert.tags.empty()) document["tags"] = alert.tags;
  for (const core::AlertField& field : alert.fields) {
    const EcsField* as = ecs_field(field.name);
    if (as == nullptr) continue;
    ordered_json value = ecs_value(field, *as);
    if (value.is_null()) continue;
    if (as->falco == "container.image.tag") value = ordered_json::array({value});
    if (as->falco == "k8s.pod.name") at_path(document, "orchestrator.resource.type") = "pod";
    at_path(document, as->ecs) = std::move(value);
  }

  std::string json = document.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  json.pop_back();
  json += ",\"falco\":{\"priority\":";
  core::append_json_quoted(json, core::to_text(alert.priority));
  json += ",\"time\":";
  core::append_json_quoted(json, alert.time_text);
  json += ",\"output_fields\":{";
  const auto names = names_of(alert, Format::Ecs);
  for (std::size_t i = 0; i < names.size(); ++i) append_raw(json, names[i], alert.fields[i]);
  json += '}';
  std::string extra = "{", stripped = "{";
  for (const core::AlertField& field : alert.extra)
    append_raw(field.name == kStripped ? stripped : extra, field.name, field);
  if (extra.size() > 1) json += ",\"extra\":" + extra + '}';
  json += '}';
  if (stripped.size() > 1) json += ',' + stripped.substr(1);
  json += '}';
  return json;
}

// "failed to parse field [output_fields.pid] of type [long]", `immense term in field="output_fields.x"`: what stands in
// brackets or quotes; and "[x] within [output_fields]" as one path.
std::vector<std::string> paths_in(std::string_view reason) {
  std::vector<std::string> paths;
  for (std::size_t at = 0; at < reason.size() && paths.size() < 16;) {
    const auto open = reason.find_first_of("[\"", at);
    if (open == std::string_view::npos) break;
    const auto close = reason.find(reason[open] == '[' ? ']' : '"', open + 1);
    if (close == std::string_view::npos) break;
    std::string inner{reason.substr(open + 1, close - open - 1)};
    constexpr std::string_view kWithin = "] within ";
    if (open >= kWithin.size() && reason.substr(open - kWithin.size(), kWithin.size()) == kWithin && !paths.empty())
      paths.push_back(inner == "_doc" ? paths.back() : inner + '.' + paths.back());
    paths.push_back(std::move(inner));
    at = close + 1;
  }
  return paths;
}

bool is_below(std::string_view path, std::string_view above) {
  return path.size() > above.size() && path.starts_with(above) && path[above.size()] == '.';
}

void note_stripped(core::Alert& alert, const std::vector<std::string>& names) {
  nlohmann::json list = nlohmann::json::array();
  const auto known =
      std::find_if(alert.extra.begin(), alert.extra.end(), [](const auto& field) { return field.name == kStripped; });
  if (known != alert.extra.end()) {
    const auto before = nlohmann::json::parse(known->json, nullptr, false);
    if (before.is_array()) list = before;
    alert.extra.erase(known);
  }
  for (const std::string& name : names) list.push_back(name);
  const std::string json = list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  alert.extra.push_back(
      {.name = std::string{kStripped}, .kind = core::AlertField::Kind::Nested, .json = json, .text = json});
}

}  // namespace

std::string to_document(const core::Alert& alert, Format format) {
  return format == Format::Ecs ? ecs_document(alert) : falcosidekick_document(alert, format);
}

core::AlertRef without_refused_fields(const core::Alert& alert, Format format, std::string_view reason) {
  const auto refused = paths_in(reason);
  const std::string under = format == Format::Ecs ? "falco.output_fields." : "output_fields.";
  // Exactly that field; only where there is none, what lies above or below it.
  const auto named = [&refused](const std::string& path, bool exactly) {
    return std::any_of(refused.begin(), refused.end(), [&](const std::string& one) {
      if (one == path) return true;
      return !exactly && one.find('.') != std::string::npos && (is_below(path, one) || is_below(one, path));
    });
  };
  const auto names = names_of(alert, format);
  for (const bool exactly : {true, false}) {
    auto left = std::make_shared<core::Alert>(alert);
    left->fields.clear();
    left->extra.clear();
    std::vector<std::string> stripped;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const EcsField* ecs = format == Format::Ecs ? ecs_field(alert.fields[i].name) : nullptr;
      if (named(under + names[i], exactly) || (ecs != nullptr && named(std::string{ecs->ecs}, exactly)))
        stripped.push_back(alert.fields[i].name);
      else
        left->fields.push_back(alert.fields[i]);
    }
    for (const core::AlertField& field : alert.extra) {
      if (field.name != kStripped && named(format == Format::Ecs ? "falco.extra." + field.name : field.name, exactly))
        stripped.push_back(field.name);
      else
        left->extra.push_back(field);
    }
    if (stripped.empty()) continue;
    note_stripped(*left, stripped);
    return left;
  }
  return nullptr;
}

}  // namespace outputs

// outputs.yaml → sinks and routes, all faults at once. An option of every sink is a line in sink_options.cpp; an
// output's own are its factory's. falcosidekick's variables (SLACK_WEBHOOKURL, SLACK_MINIMUMPRIORITY) fill the sink
// that is named like its kind, over the file.
#include "hub/deliver/sinks.h"
#include "hub/route/routing_file.h"

#include "core/invariant.h"
#include "core/suggest.h"
#include "core/text.h"
#include "hub/config/falcosidekick_file.h"
#include "hub/deliver/sink_fingerprint.h"

#include <algorithm>
#include <set>

namespace hub {
namespace {

using core::Diagnostics;
using core::Fields;
using core::YamlNode;

constexpr std::size_t kLongestName = 100;  // it is in every decision record

// What every sink has beside its output's own options.
struct Common {
  std::string type;
  bool enabled = true;

  bool archive = false;

  void describe(Fields& fields) {
    fields.optional("type", type, "the kind of output; default: the sink's name");
    fields.optional("enabled", enabled, "false: the sink is not there");
    fields.optional("archive", archive, "true: silences and inhibition keep nothing from it");
  }
};

std::vector<core::OptionRow> options_of(const outputs::Kind& kind) {
  std::vector<core::OptionRow> rows;
  Fields listing{rows};
  const auto nothing = kind.make(listing, outputs::Surroundings{});
  INVARIANT(nothing == nullptr);
  return rows;
}

SinkOptions::OwnRate own_rate(const std::vector<core::OptionRow>& rows) {
  const bool has = std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.key == "rate"; });
  return has ? SinkOptions::OwnRate::Yes : SinkOptions::OwnRate::No;
}

// SLACK_WEBHOOKURL → webhookurl, ELASTICSEARCH_BATCHING_ENABLED → batching.enabled. An empty variable is unset, as in
// falcosidekick.
std::map<std::string, std::string> overrides_for(const outputs::Kind& kind,
                                                 const std::map<std::string, std::string>& environment) {
  std::map<std::string, std::string> overrides;
  if (environment.empty()) return overrides;
  auto upper = [](std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
      return c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    });
    return text;
  };
  const std::string prefix = upper(std::string{kind.name}) + "_";
  std::vector<core::OptionRow> rows = options_of(kind);
  Fields listing{rows};
  SinkOptions{}.describe(listing, own_rate(rows));
  for (const core::OptionRow& row : rows) {
    const auto variable = environment.find(prefix + upper(row.key));
    if (variable != environment.end() && !variable->second.empty()) overrides[row.key] = variable->second;
  }
  return overrides;
}

class Reader {
 public:
  Reader(const std::map<std::string, std::string>& environment, const outputs::Surroundings& surroundings,
         Diagnostics& diagnostics)
      : environment_{environment}, surroundings_{surroundings}, diagnostics_{diagnostics} {}

  void read(const std::string& file, const std::string& text);
  void add_from_environment();
  Outputs take() { return std::move(outputs_); }
  void read_sink(const YamlNode& name, const YamlNode& node, Fields::Unknown unknown = Fields::Unknown::Error);

 private:
  void read_network(Fields& fields);

  const std::map<std::string, std::string>& environment_;
  outputs::Surroundings surroundings_;
  Diagnostics& diagnostics_;
  SinkDefaults defaults_;
  std::size_t defaults_print_ = 0;
  Outputs outputs_;
  std::set<std::string> names_, disabled_;  // of sinks, the faulty ones too
};

void Reader::read(const std::string& file, const std::string& text) {
  const std::vector<YamlNode> documents = core::parse_yaml(file, text, diagnostics_);
  if (documents.empty()) {
    if (!diagnostics_.has_errors()) diagnostics_.error({file, 1, 1}, "the file is empty", "it needs outputs:");
    return;
  }
  if (documents.size() > 1)
    diagnostics_.error(documents[1].place, "the file has more than one document", "remove the '---'");

  Fields fields{documents.front(), "the file", diagnostics_};
  unsigned version = 1;
  fields.optional("version", version, "of this file's form");
  if (version != 1)
    fields.error("version", "the file is of version " + std::to_string(version) + ", which this hub does not know",
                 "write version: 1");
  fields.group("network", "where requests may go", [this](Fields& network) { read_network(network); });
  const YamlNode* defaults = fields.raw("defaults", "what sinks have unless they say otherwise");
  const YamlNode* sinks = fields.raw("outputs", "the sinks, by name");
  RoutingNodes routing;
  routing.hosts = fields.raw("hosts", "groups of hosts, for match.host_group");
  routing.intervals = fields.raw("intervals", "named times, for active and mute");
  routing.routes = fields.raw("routes", "which alerts go where", "list");
  routing.inhibit = fields.raw("inhibit", "which alerts keep others quiet", "list");
  fields.finish();

  for (const YamlNode* all : {defaults, documents.front().is_map() ? documents.front().find("network") : nullptr})
    if (all != nullptr) defaults_print_ = defaults_print_ * 31 + fingerprint_of(*all);
  if (defaults != nullptr) defaults_.read(*defaults, diagnostics_);
  if (sinks == nullptr) {
    diagnostics_.error(fields.place(), "the file has no outputs",
                       "add outputs: with at least one sink, e.g. outputs: {stdout: {}}");
  } else if (!sinks->is_map()) {
    diagnostics_.error(sinks->place, "'outputs' is not a map of sinks", "write each as name: {option: value}");
  } else {
    for (const auto& [name, node] : sinks->entries) read_sink(name, node);
  }
  add_from_environment();
  Routing read_back = read_routing(routing, {.known = names_, .disabled = disabled_}, diagnostics_);
  outputs_.routes = std::move(read_back.routes);
  outputs_.inhibitions = std::move(read_back.inhibitions);
  if (!diagnostics_.has_errors()) warn_of_routing(table_of(outputs_), file, diagnostics_);
}

void Reader::read_network(Fields& fields) {
  net::Egress& egress = surroundings_.egress;
  fields.optional("deny_private", egress.deny_private, "also loopback and private networks are out of reach");
  const auto read = [&fields](std::string_view key, std::vector<net::Network>& into, std::string_view help) {
    std::vector<std::string> texts;
    fields.optional(key, texts, help);
    for (const std::string& text : texts) {
      if (const auto network = net::Network::parse(text))
        into.push_back(*network);
      else
        fields.error(key, network.error().what, "write networks as 10.0.0.0/8 or fd00::/8, or one address");
    }
  };
  read("allow", egress.allow, "networks that may be reached whatever the others say");
  read("deny", egress.deny, "networks that may not be reached");
}

void Reader::read_sink(const YamlNode& key, const YamlNode& node, Fields::Unknown unknown) {
  const std::string& name = key.scalar;
  if (!names_.insert(name).second) return;  // a duplicate key: the YAML door has said so
  if (name.empty() || name.size() > kLongestName || name.front() == '@' || core::printable(name) != name) {
    diagnostics_.error(key.place, "'" + core::printable(name) + "' is no name for a sink",
                       "use 1 to 100 letters, digits, '-', '_' or '.'; '@' in front is the hub's");
    return;
  }
  const std::string owner = "output '" + name + "'";
  if (!node.is_map() && !node.is_null()) {
    diagnostics_.error(node.place, owner + " is not a map of options",
                       "write it as key: value, one a line; {} for none");
    core::conceal(node, diagnostics_);
    return;
  }

  // The kind first: the environment and the defaults depend on it.
  std::string type = name;
  const YamlNode* type_node = node.is_map() ? node.find("type") : nullptr;
  if (type_node != nullptr && type_node->is_scalar() && !type_node->scalar.empty()) type = type_node->scalar;
  const outputs::Kind* kind = outputs::find_kind(type);
  if (kind == nullptr) {
    // Nobody reads the options now, or knows which are secrets; the type itself is none.
    for (const auto& [option, value] : node.entries)
      if (&value != type_node) core::conceal(value, diagnostics_);
    std::vector<std::string> kinds;
    for (const outputs::Kind& known : outputs::kinds()) kinds.emplace_back(known.name);
    const std::string near = core::nearest(type, kinds);
    std::string hint = "one of ";
    for (const std::string& known : kinds) hint += (hint.size() > 7 ? ", " : "") + known;
    if (!near.empty()) hint = "did you mean '" + near + "'? " + hint;
    if (type_node == nullptr) {
      diagnostics_.error(key.place,
                         owner + " has no type, and there is no kind of output called '" + core::printable(name) + "'",
                         "add type: …; " + hint);
    } else {
      diagnostics_.error(type_node->place, owner + " has type '" + core::printable(type) + "', which does not exist",
                         hint);
    }
    return;
  }

  YamlNode options = node;
  if (options.is_null()) options = YamlNode{.kind = YamlNode::Kind::Map, .place = key.place};
  std::map<std::string, std::string> overrides;
  if (name == kind->name) overrides = overrides_for(*kind, environment_);
  const std::vector<core::OptionRow> rows = options_of(*kind);
  options = defaults_.fill(std::move(options), rows);

  Sink sink;
  sink.name = name;
  sink.kind = std::string{kind->name};
  sink.options = defaults_.options();
  Common common;
  common.type = type;
  const std::size_t errors = diagnostics_.errors();
  const std::map<std::string, std::string> overrides_print = overrides;
  Fields fields{options, owner, diagnostics_, std::move(overrides)};
  common.describe(fields);
  sink.archive = common.archive;
  sink.options.describe(fields, own_rate(rows));
  if (!common.enabled) {
    disabled_.insert(name);  // its options may point at what is not there yet
    return;
  }
  sink.fingerprint = fingerprint_of(options, overrides_print, defaults_print_, surroundings_);
  sink.output = kind->make(fields, surroundings_);
  fields.finish(unknown);
  if (diagnostics_.errors() == errors && sink.output) outputs_.sinks.push_back(std::move(sink));
}

void Reader::add_from_environment() {
  if (environment_.empty()) return;
  for (const outputs::Kind& kind : outputs::kinds()) {
    const std::string name{kind.name};
    const FalcosidekickOutput* known = find_falcosidekick_output(name);  // what makes a sink out of nothing, as there
    if (names_.contains(name) || known == nullptr || !is_in_use(*known, nullptr, environment_)) continue;
    YamlNode key{.kind = YamlNode::Kind::Scalar, .place = {"environment", 0, 0}, .scalar = name};
    read_sink(key, YamlNode{.kind = YamlNode::Kind::Null, .place = key.place});
  }
}

}  // namespace

RouteTable table_of(const Outputs& outputs) {
  std::vector<Guard> guards;
  for (const Sink& sink : outputs.sinks) guards.push_back({sink.name, sink.options.minimumpriority, sink.archive});
  return RouteTable{std::move(guards), outputs.routes, outputs.inhibitions};
}

Outputs read_outputs(const std::string& file, const std::string& text,
                     const std::map<std::string, std::string>& environment, const outputs::Surroundings& surroundings,
                     core::Diagnostics& diagnostics) {
  Reader reader{environment, surroundings, diagnostics};
  reader.read(file, text);
  return reader.take();
}

std::vector<core::OptionRow> list_sink_options() {
  std::vector<core::OptionRow> rows;
  Fields listing{rows};
  Common{}.describe(listing);
  SinkOptions{}.describe(listing, SinkOptions::OwnRate::No);
  return rows;
}

Outputs embedded_outputs(const std::string& state_directory, const std::map<std::string, std::string>& environment,
                         const outputs::Surroundings& surroundings, core::Diagnostics& diagnostics,
                         const core::YamlNode& falcosidekick) {
  Reader reader{environment, surroundings, diagnostics};
  const core::Place place{"embedded outputs", 0, 0};
  auto text = [&](std::string value) {
    return YamlNode{.kind = YamlNode::Kind::Scalar, .place = place, .scalar = std::move(value), .quoted = true};
  };
  reader.read_sink(text("stdout"), YamlNode{.kind = YamlNode::Kind::Null, .place = place});
  // The path is a value, not configuration text: `${` in a directory's name is no reference.
  YamlNode options{.kind = YamlNode::Kind::Map, .place = place};
  options.entries.emplace_back(text("path"), text(core::replace_all(state_directory, "${", "$${") + "/alerts.jsonl"));
  reader.read_sink(text("file"), options);
  for (const auto& [key, block] : falcosidekick.entries) {
    const FalcosidekickOutput* output = find_falcosidekick_output(key.scalar);
    if (output == nullptr || !output->is_ours || !is_in_use(*output, &block, environment)) continue;
    YamlNode untyped = block;
    std::erase_if(untyped.entries, [](const core::YamlEntry& entry) { return entry.first.scalar == "type"; });
    if (const YamlNode* type = block.find("type"))  // of Elasticsearch's documents there; with us it names the kind
      diagnostics.warning(type->place, "output '" + key.scalar + "': 'type' has no effect: documents have none any more");
    reader.read_sink(key, untyped, Fields::Unknown::Warning);
  }
  reader.add_from_environment();
  return reader.take();
}

}  // namespace hub

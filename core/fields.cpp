// Reading options. One path for every type: begin() notes the option or lists it, scalar() finds its text (environment
// over file, references resolved), and each type only turns text into a value.
#include "core/fields.h"

#include "core/references.h"
#include "core/suggest.h"
#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace core {
namespace {

std::string join(const std::vector<std::string>& items) {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : ",") + item;
  return out;
}

std::string join(const std::map<std::string, std::string>& items) {
  std::string out;
  for (const auto& [key, value] : items) out += (out.empty() ? "" : ",") + key + ":" + value;
  return out;
}

const YamlNode& empty_map() {
  static const YamlNode node{.kind = YamlNode::Kind::Map};
  return node;
}

// Addresses may carry user:password@ or a token, in whichever option they stand.
bool is_secret_address(const std::string& text) {
  return redact_url(text) != text;
}

bool starts_with_prefix(const std::string& key, const std::string& prefix) {
  return key.rfind(prefix, 0) == 0;
}

}  // namespace

Fields::Fields(const YamlNode& node, std::string owner, Diagnostics& diagnostics,
               std::map<std::string, std::string> overrides)
    : node_{&node}, owner_{std::move(owner)}, diagnostics_{&diagnostics}, overrides_{std::move(overrides)} {
  std::erase_if(overrides_,
                [](const auto& entry) { return entry.second.empty(); });  // falcosidekick: an empty variable is unset
  if (!node.is_map() && !node.is_null()) {
    diagnostics_->error(node.place, fmt::format("{} is not a map of options", owner_),
                        "write it as key: value, one a line");
    conceal(node, *diagnostics_);  // slack: https://hooks.slack.com/…
    node_ = &empty_map();
  }
}

Fields::Fields(std::vector<OptionRow>& rows, std::string prefix)
    : node_{&empty_map()}, prefix_{std::move(prefix)}, rows_{&rows} {
  static Diagnostics nobody_reads;
  diagnostics_ = &nobody_reads;
}

bool Fields::begin(std::string_view key, std::string_view type, const std::string& default_text, std::string_view help,
                   Need need) {
  if (rows_) {
    rows_->push_back(
        {prefix_ + std::string{key}, std::string{type}, default_text, need == Need::Required, std::string{help}});
    return false;
  }
  known_.emplace_back(key);
  return true;
}

const YamlNode* Fields::node_of(std::string_view key) const {
  const YamlNode* found = node_->find(key);
  return found && !found->is_null() ? found : nullptr;
}

void Fields::conceal_all(std::string_view key) {
  for (const auto& [name, value] : node_->entries)
    if (name.scalar == key) conceal(value, *diagnostics_);
}

bool Fields::has(std::string_view key) const {
  if (overrides_.contains(std::string{key})) return true;
  const YamlNode* node = node_of(key);
  return node && !(node->is_scalar() && node->scalar.empty());
}

const Place& Fields::place() const {
  return node_->place;
}

Place Fields::place_of(std::string_view key) const {
  const YamlNode* found = node_->find(key);
  return found ? found->place : node_->place;
}

void Fields::error(std::string_view key, std::string what, std::string hint) {
  diagnostics_->error(place_of(key), std::move(what), std::move(hint));
}

std::optional<Fields::Value> Fields::scalar(std::string_view key, Need need, std::string_view type) {
  Value value;
  if (const auto override = overrides_.find(std::string{key}); override != overrides_.end()) {
    value = {override->second, {"environment", 0, 0, 1}, nullptr};
  } else if (const YamlNode* node = node_of(key)) {
    if (!node->is_scalar()) {
      diagnostics_->error(
          node->place, fmt::format("{}: '{}' is a {}, not a {}", owner_, key, node->is_map() ? "map" : "list", type));
      return {};
    }
    value = {node->scalar, node->place, node};
    if (is_secret_address(node->scalar)) conceal(*node, *diagnostics_);
    const auto resolved = resolve_references(node->scalar);
    if (!resolved) {
      diagnostics_->error(node->place, fmt::format("{}: '{}': {}", owner_, key, resolved.error().what));
      return {};
    }
    value.text = *resolved;
  }
  if (value.text.empty()) {
    if (need == Need::Required)
      diagnostics_->error(place_of(key), fmt::format("{} lacks '{}'", owner_, key), fmt::format("add {}: …", key));
    return {};
  }
  return value;
}

void Fields::bad(const Value& value, std::string_view key, std::string_view wanted, bool secret) {
  const std::string shown =
      secret || (value.node && value.node->scalar != value.text) ? std::string{"<redacted>"} : redact_url(value.text);
  diagnostics_->error(
      value.place,
      fmt::format("{} has {} '{}', which is not {}", owner_, key, shown, wanted.substr(0, wanted.find(';'))),
      wanted.find(';') == std::string_view::npos ? "" : std::string{trim(wanted.substr(wanted.find(';') + 1))});
}

void Fields::option(std::string_view key, std::string& into, std::string_view help, Need need) {
  if (!begin(key, "text", into, help, need)) return;
  if (auto value = scalar(key, need, "text")) into = std::move(value->text);
}

void Fields::option(std::string_view key, Secret& into, std::string_view help, Need need) {
  if (!begin(key, "secret", "", help, need)) return;
  conceal_all(key);
  if (auto value = scalar(key, need, "text")) into = Secret{std::move(value->text)};
}

void Fields::option(std::string_view key, bool& into, std::string_view help, Need need) {
  if (!begin(key, "boolean", into ? "true" : "false", help, need)) return;
  const auto value = scalar(key, need, "boolean");
  if (!value) return;
  const std::string word = ascii_lower(value->text);
  if (word == "true" || word == "yes" || word == "on" || word == "1")
    into = true;
  else if (word == "false" || word == "no" || word == "off" || word == "0")
    into = false;
  else
    bad(*value, key, "true or false");
}

void Fields::option(std::string_view key, Duration& into, std::string_view help, Need need) {
  if (!begin(key, "duration", to_text(into), help, need)) return;
  const auto value = scalar(key, need, "duration");
  if (!value) return;
  if (const auto duration = parse_duration(value->text))
    into = *duration;
  else
    bad(*value, key, "a duration; write 500ms, 30s or 1h30m");
}

void Fields::option(std::string_view key, Bytes& into, std::string_view help, Need need) {
  if (!begin(key, "size", to_text(into), help, need)) return;
  const auto value = scalar(key, need, "size");
  if (!value) return;
  if (const auto bytes = parse_bytes(value->text))
    into = *bytes;
  else
    bad(*value, key, "a size; write 65536, 64KiB or 2GiB");
}

void Fields::option(std::string_view key, Rate& into, std::string_view help, Need need) {
  if (!begin(key, "rate", to_text(into), help, need)) return;
  if (const YamlNode* node = node_of(key); node && node->is_map() && !overrides_.contains(std::string{key})) {
    Fields inner{*node, fmt::format("{}: '{}'", owner_, key), *diagnostics_};
    inner.optional("per_second", into.per_second, "how many a second; 0: unlimited");
    inner.optional("burst", into.burst, "how many at once after a pause");
    inner.finish();
    return;
  }
  const auto value = scalar(key, need, "rate");
  if (!value) return;
  if (const auto rate = parse_rate(value->text))
    into = *rate;
  else
    bad(*value, key, "a rate; write 1/s, 10/5m or {per_second: 1, burst: 3}");
}

void Fields::option(std::string_view key, Priority& into, std::string_view help, Need need) {
  if (!begin(key, "priority", std::string{to_lower(into)}, help, need)) return;
  const auto value = scalar(key, need, "priority");
  if (!value) return;
  if (const auto priority = parse_priority(value->text))
    into = *priority;
  else
    bad(*value, key, "a priority; one of emergency, alert, critical, error, warning, notice, informational, debug");
}

void Fields::option(std::string_view key, double& into, std::string_view help, Need need) {
  if (!begin(key, "number", fmt::format("{:g}", into), help, need)) return;
  const auto value = scalar(key, need, "number");
  if (!value) return;
  double number = 0;
  const auto [end, error] = std::from_chars(value->text.data(), value->text.data() + value->text.size(), number);
  if (error != std::errc{} || end != value->text.data() + value->text.size())
    bad(*value, key, "a number");
  else
    into = number;
}

void Fields::option(std::string_view key, std::int64_t& into, std::string_view help, Need need, std::int64_t least,
                    std::int64_t most) {
  if (!begin(key, "whole number", fmt::format("{}", into), help, need)) return;
  const auto value = scalar(key, need, "whole number");
  if (!value) return;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value->text.data(), value->text.data() + value->text.size(), number);
  const bool whole = error == std::errc{} && end == value->text.data() + value->text.size();
  // A bound that only the type has is told to those who met it.
  const bool narrow = most <= std::numeric_limits<std::uint16_t>::max();
  const bool is_beyond = error == std::errc::result_out_of_range || (whole && number > most);
  const std::string wanted = narrow || is_beyond ? fmt::format("a whole number from {} to {}", least, most)
                             : least >= 0        ? "a whole number of at least 0"
                                                 : "a whole number";
  if (!whole || number < least || number > most)
    bad(*value, key, wanted);
  else
    into = number;
}

void Fields::option(std::string_view key, std::vector<std::string>& into, std::string_view help, Need need) {
  if (!begin(key, "list", join(into), help, need)) return;
  const YamlNode* node = node_of(key);
  if (node && node->is_sequence() && !overrides_.contains(std::string{key})) {
    std::vector<std::string> items;
    for (const YamlNode& item : node->items) {
      if (is_secret_address(item.scalar)) conceal(item, *diagnostics_);
      const auto resolved =
          item.is_scalar() ? resolve_references(item.scalar) : Result<std::string>{Error{Fault::Invalid, "not a text"}};
      if (!resolved)
        diagnostics_->error(item.place, fmt::format("{}: '{}': {}", owner_, key, resolved.error().what));
      else
        items.push_back(*resolved);
    }
    into = std::move(items);
    return;
  }
  const auto value = scalar(key, need, "list");
  if (!value) return;
  into.clear();
  for (const auto piece : split(value->text, ','))
    if (!trim(piece).empty()) into.emplace_back(trim(piece));
}

void Fields::option(std::string_view key, std::map<std::string, std::string>& into, std::string_view help, Need need) {
  if (!begin(key, "map", join(into), help, need)) return;
  conceal_all(key);  // headers carry tokens
  const YamlNode* node = node_of(key);
  if (node && node->is_map() && !overrides_.contains(std::string{key})) {
    for (const auto& [name, item] : node->entries) {
      const auto resolved = item.is_scalar() || item.is_null()
                                ? resolve_references(item.scalar)
                                : Result<std::string>{Error{Fault::Invalid, "not a text"}};
      if (!resolved)
        diagnostics_->error(item.place,
                            fmt::format("{}: '{}.{}': {}", owner_, key, name.scalar, resolved.error().what));
      else
        into[name.scalar] = *resolved;
    }
    return;
  }
  const auto value = scalar(key, need, "map");
  if (!value) return;
  if (value->text.starts_with('{')) {  // JSON, as falcosidekick wants it in ELASTICSEARCH_CUSTOMHEADERS
    Diagnostics unread;
    const auto documents = parse_yaml("environment", value->text, unread);
    if (unread.has_errors() || documents.size() != 1 || !documents.front().is_map())
      return bad(*value, key, "a map; write key:value,key:value", true);
    for (const auto& [name, item] : documents.front().entries) into[name.scalar] = item.scalar;
    return;
  }
  for (const auto piece : split(value->text, ',')) {
    const auto colon = piece.find(':');
    if (colon == std::string_view::npos) {
      bad(*value, key, "a map; write key:value,key:value", true);
      return;
    }
    into[std::string{trim(piece.substr(0, colon))}] = trim(piece.substr(colon + 1));
  }
}

void Fields::choice(std::string_view key, std::string& into, std::initializer_list<std::string_view> words,
                    std::string_view help) {
  std::string listed;
  for (const auto word : words) listed += (listed.empty() ? "" : ", ") + std::string{word};
  if (!begin(key, "one of " + listed, into, help, Need::Optional)) return;
  const auto value = scalar(key, Need::Optional, "word");
  if (!value) return;
  for (const auto word : words) {
    if (ascii_lower(word) != ascii_lower(value->text)) continue;
    into = word;
    return;
  }
  bad(*value, key, "one of its words; one of " + listed);
}

void Fields::text_template(std::string_view key, Template& into, std::string_view help, Template::Dot dot) {
  if (!begin(key, "template", into.text(), help, Need::Optional)) return;
  const auto value = scalar(key, Need::Optional, "template");
  if (!value) return;
  std::size_t at = 0;
  auto parsed = Template::parse(value->text, dot, &at);
  if (parsed) {
    into = std::move(*parsed);
    return;
  }
  const bool as_it_stands = value->node && value->node->scalar == value->text;
  diagnostics_->error(as_it_stands ? diagnostics_->within(value->place, value->text, at) : value->place,
                      fmt::format("{}: '{}': {}", owner_, key, parsed.error().what));
}

void Fields::group(std::string_view key, std::string_view help, const std::function<void(Fields&)>& describe) {
  if (rows_) {
    (void)help;
    Fields inner{*rows_, prefix_ + std::string{key} + "."};
    describe(inner);
    return;
  }
  known_.emplace_back(key);
  const YamlNode* node = node_of(key);
  const std::string prefix = std::string{key} + ".";
  std::map<std::string, std::string> inner_overrides;
  for (const auto& [name, value] : overrides_)
    if (starts_with_prefix(name, prefix)) inner_overrides[name.substr(prefix.size())] = value;
  Fields inner{node ? *node : empty_map(), fmt::format("{}: '{}'", owner_, key), *diagnostics_,
               std::move(inner_overrides)};
  describe(inner);
  inner.finish();
}

void Fields::exactly_one(std::initializer_list<std::string_view> keys) {
  if (rows_) return;
  std::string listed;
  std::size_t given = 0;
  std::string_view last;
  for (const auto key : keys) {
    listed += (listed.empty() ? "'" : ", '") + std::string{key} + "'";
    if (!has(key)) continue;
    ++given;
    last = key;
  }
  if (given == 0) diagnostics_->error(node_->place, fmt::format("{} lacks one of {}", owner_, listed));
  if (given > 1)
    diagnostics_->error(place_of(last), fmt::format("{} has more than one of {}", owner_, listed), "keep one of them");
}

void Fields::ignored(std::string_view key, std::string_view why) {
  if (rows_) return;
  known_.emplace_back(key);
  if (has(key)) diagnostics_->warning(place_of(key), fmt::format("{}: '{}' has no effect: {}", owner_, key, why));
}

const YamlNode* Fields::raw(std::string_view key, std::string_view help, std::string_view type) {
  if (!begin(key, type, "", help, Need::Optional)) return nullptr;
  return node_of(key);
}

void Fields::finish(Unknown unknown) {
  if (rows_) return;
  for (const auto& [key, value] : node_->entries) {
    if (std::find(known_.begin(), known_.end(), key.scalar) != known_.end()) continue;
    std::string what = fmt::format("{} has no option '{}'", owner_, key.scalar);
    std::string hint = did_you_mean(key.scalar, known_);
    conceal(value, *diagnostics_);  // what is misspelt may be the token's key
    if (unknown == Unknown::Error)
      diagnostics_->error(key.place, std::move(what), std::move(hint));
    else
      diagnostics_->warning(key.place, std::move(what), std::move(hint));
  }
}

}  // namespace core

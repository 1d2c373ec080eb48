// An option is named once: `f.optional("channel", channel, "where to post")`. Read from YAML that line fills, checks
// and reports; read for the docs it lists; read for the environment (falcosidekick's SLACK_CHANNEL) it fills too.
// Faults go to Diagnostics, all at once; a value that could not be read leaves `into` as it was.
#pragma once

#include "core/clock.h"
#include "core/priority.h"
#include "core/secret.h"
#include "core/template.h"
#include "core/units.h"
#include "core/yaml.h"

#include <concepts>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace core {

// One row of an option table, in the order of the calls.
struct OptionRow {
  std::string key;   // dotted for nested maps: batch.max_items
  std::string type;  // "text", "duration", …
  std::string default_text;
  bool required = false;
  std::string help;
};

// References ${env:NAME} and ${file:PATH} in scalars, resolved before a value is read. See references.h.
class Fields {
 public:
  // Reads `node` (a map; null counts as an empty one). `owner` names the thing in messages: "output 'slack'".
  // `overrides`: dotted key → text, which win over the file (the environment); may be empty.
  Fields(const YamlNode& node, std::string owner, Diagnostics& diagnostics,
         std::map<std::string, std::string> overrides = {});
  // Lists options instead of reading them.
  explicit Fields(std::vector<OptionRow>& rows, std::string prefix = {});

  void required(std::string_view key, auto& into, std::string_view help) { option(key, into, help, Need::Required); }
  // `into` holds the default.
  void optional(std::string_view key, auto& into, std::string_view help) { option(key, into, help, Need::Optional); }

  // One of a fixed set of words; `into` holds the chosen word. Any other: an error that lists them.
  void choice(std::string_view key, std::string& into, std::initializer_list<std::string_view> words,
              std::string_view help);

  // A text with holes; a fault is told where it stands in the text.
  void text_template(std::string_view key, Template& into, std::string_view help,
                     Template::Dot dot = Template::Dot::Alert);

  // A nested map, described by its own function. Not there: `describe` is called on an empty map, so that defaults and
  // docs work.
  void group(std::string_view key, std::string_view help, const std::function<void(Fields&)>& describe);

  // Exactly one of the keys must be given (not: empty).
  void exactly_one(std::initializer_list<std::string_view> keys);

  // A key that falcosidekick or falco.yaml has and we accept without effect: one warning that says why.
  void ignored(std::string_view key, std::string_view why);

  // The node under a key that the caller reads by itself (lists of routes …); marks it as known. nullptr: not there, or
  // listing.
  const YamlNode* raw(std::string_view key, std::string_view help, std::string_view type = "map");

  bool has(std::string_view key) const;  // given and not empty
  bool listing() const { return rows_ != nullptr; }
  Place place_of(std::string_view key) const;  // of the value, or of the map when it is not there
  const Place& place() const;
  const std::string& owner() const { return owner_; }
  Diagnostics& diagnostics() { return *diagnostics_; }
  void error(std::string_view key, std::string what, std::string hint = {});

  // Reports every key that nobody asked for, with "did you mean". Call once, after the last option. Strict: error;
  // otherwise warning.
  enum class Unknown { Error, Warning };
  void finish(Unknown unknown = Unknown::Error);

 private:
  enum class Need { Required, Optional };

  void option(std::string_view key, std::string& into, std::string_view help, Need need);
  void option(std::string_view key, Secret& into, std::string_view help, Need need);
  void option(std::string_view key, bool& into, std::string_view help, Need need);
  void option(std::string_view key, Duration& into, std::string_view help, Need need);
  void option(std::string_view key, Bytes& into, std::string_view help, Need need);
  void option(std::string_view key, Rate& into, std::string_view help, Need need);      // "10/s" or {per_second, burst}
  void option(std::string_view key, Priority& into, std::string_view help, Need need);  // "" keeps the default
  void option(std::string_view key, double& into, std::string_view help, Need need);
  void option(std::string_view key, std::vector<std::string>& into, std::string_view help,
              Need need);  // a list, or "a,b"
  void option(std::string_view key, std::map<std::string, std::string>& into, std::string_view help,
              Need need);  // a map, or "k:v,k:v"
  void option(std::string_view key, std::int64_t& into, std::string_view help, Need need, std::int64_t least,
              std::int64_t most);
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  void option(std::string_view key, T& into, std::string_view help, Need need) {
    std::int64_t wide = static_cast<std::int64_t>(into);
    constexpr auto most = static_cast<std::int64_t>(
        std::min<std::uint64_t>(std::numeric_limits<T>::max(), std::numeric_limits<std::int64_t>::max()));
    constexpr auto least = std::is_signed_v<T> ? static_cast<std::int64_t>(std::numeric_limits<T>::min()) : 0;
    option(key, wide, help, need, least, most);
    into = static_cast<T>(wide);
  }

  struct Value {
    std::string text;
    Place place;
    const YamlNode* node = nullptr;  // nullptr: from an override
  };
  const YamlNode* node_of(std::string_view key) const;
  void conceal_all(std::string_view key);  // every value under it, should it stand there twice
  std::optional<Value> scalar(std::string_view key, Need need,
                              std::string_view type);  // references resolved; nullopt: absent or reported
  bool begin(std::string_view key, std::string_view type, const std::string& default_text, std::string_view help,
             Need need);
  void bad(const Value& value, std::string_view key, std::string_view wanted, bool secret = false);

  const YamlNode* node_ = nullptr;
  std::string owner_;
  std::string prefix_;
  Diagnostics* diagnostics_ = nullptr;
  std::map<std::string, std::string> overrides_;
  std::vector<OptionRow>* rows_ = nullptr;
  std::vector<std::string> known_;
};

}  // namespace core

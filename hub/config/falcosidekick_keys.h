// falcosidekick's configuration as we know it: the keys of its top level and of the five outputs that we have too, and
// the names of its other outputs. Its variable is the key in upper case with '_' for '.'. docs/migrating.md has a row
// for each key; import, warnings and that table follow this list.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hub {

struct FalcosidekickKey {
  enum class Form { Text, List, Map, Templates };  // of its variable: a,b; k:v,k:v
  enum class Value { Open, Secret };

  std::string_view output;  // "": the top level
  std::string_view key;     // dotted: batching.enabled
  Form form = Form::Text;
  Value value = Value::Open;
  std::string_view without_effect = {};  // why it has none here; "": it is taken as it is

  std::string variable() const;
};

std::span<const FalcosidekickKey> falcosidekick_keys();
const FalcosidekickKey* find_falcosidekick_key(std::string_view output, std::string_view key);

// One of falcosidekick's outputs, ours too or not. In use when one of its `enabled_by` has a value ("a+b": both).
struct FalcosidekickOutput {
  std::string_view name;
  std::vector<std::string_view> enabled_by;
  bool is_ours = false;
};

std::span<const FalcosidekickOutput> falcosidekick_outputs();
const FalcosidekickOutput* find_falcosidekick_output(std::string_view name);

// "aws.s3.bucket" → AWS_S3_BUCKET.
std::string falcosidekick_variable(std::string_view output, std::string_view key);

}  // namespace hub

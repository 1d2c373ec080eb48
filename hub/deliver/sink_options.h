// What every sink of outputs.yaml has beside its output's own options: queue, retry, rate; and `defaults:`, which gives
// them, and some options of outputs, to every sink that does not say otherwise. An option is one line in describe().
#pragma once

#include "core/fields.h"
#include "core/priority.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace hub {

// What may wait for a sink.
struct QueuePolicy {
  core::Duration max_age = std::chrono::hours{72};

  void describe(core::Fields& fields);
};

struct RetryPolicy {
  enum class Then { DeadLetter, Drop };

  core::Duration initial = std::chrono::seconds{1};
  double multiplier = 2;
  core::Duration max = std::chrono::minutes{5};         // for one alert
  core::Duration probe_max = std::chrono::seconds{10};  // while the breaker is open, for the sink
  core::Duration give_up_after = std::chrono::hours{72};
  unsigned max_attempts = 10;  // … while others got through in between
  Then then = Then::DeadLetter;

  void describe(core::Fields& fields);
};

struct SinkOptions {
  core::Priority minimumpriority = core::Priority::Debug;
  QueuePolicy queue;
  RetryPolicy retry;
  std::optional<core::Rate> rate;  // unset: what the output says of itself

  // `own_rate`: the kind has a `rate` of its own, which it reads itself.
  enum class OwnRate { No, Yes };
  void describe(core::Fields& fields, OwnRate own_rate);
};

// `defaults:` of an outputs file.
class SinkDefaults {
 public:
  // Reads it and reports its faults where they stand, once. Without it nothing changes. With a listing: lists it.
  void read(const core::YamlNode& node, core::Diagnostics& diagnostics);
  static std::vector<core::OptionRow> rows();

  const SinkOptions& options() const { return options_; }
  // A sink's map with the defaults of the output's own options (timeout, tls …) put in where the sink says nothing, as
  // far as the kind has them: `rows` are the kind's.
  core::YamlNode fill(core::YamlNode sink, const std::vector<core::OptionRow>& rows) const;

 private:
  void describe(core::Fields& fields);

  SinkOptions options_;
  std::vector<std::pair<std::string, core::YamlNode>> of_outputs_;  // by key; faulty ones are left out
};

}  // namespace hub

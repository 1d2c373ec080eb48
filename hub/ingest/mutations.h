// What falcosidekick changes in every alert before an output sees it. The journal keeps the bytes as they came, so this
// runs at ingest (for routing and metrics) and again whenever a record is read: what a sink sees follows the
// configuration of the moment it is sent.
#pragma once

#include "core/alert.h"
#include "core/template.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace hub {

// falcosidekick's keys of these names; empty: that change is not made.
struct MutationOptions {
  std::map<std::string, std::string> customfields;        // output field → its value, over what the sender put there
  std::vector<std::string> customtags;                    // added
  std::map<std::string, core::Template> templatedfields;  // output field → rendered; `.` is output_fields
  std::string bracketreplacer;                            // proc.aname[2] → proc.aname_2 with "_"
  std::string outputfieldformat;                          // "<timestamp>: <priority> <output> (<custom_fields>)"
};

class Mutations {
 public:
  Mutations() = default;  // what happens without any configuration
  explicit Mutations(MutationOptions options) : options_{std::move(options)} {}

  // In falcosidekick's order: customfields, customtags, the rule "Test rule" gets the source "internal", no source
  // becomes "syscalls", templatedfields (each sees the alert before any of them), tags are sorted, bracketreplacer,
  // outputfieldformat. Applied once to a decoded alert.
  void apply(core::Alert& alert) const;

  // Alerts get a field here, so one may come without output_fields, as at falcosidekick.
  bool adds_fields() const { return !options_.customfields.empty() || !options_.templatedfields.empty(); }
  const MutationOptions& options() const { return options_; }

 private:
  MutationOptions options_;
};

using MutationsRef = std::shared_ptr<const Mutations>;  // never null where one is handed over

// The mutations of now; a reload replaces them. Any thread.
class CurrentMutations {
 public:
  MutationsRef get() const {
    const std::lock_guard lock{mutex_};
    return mutations_;
  }
  void set(MutationsRef mutations) {
    const std::lock_guard lock{mutex_};
    mutations_.swap(mutations);
  }

 private:
  mutable std::mutex mutex_;
  MutationsRef mutations_ = std::make_shared<const Mutations>();
};

}  // namespace hub

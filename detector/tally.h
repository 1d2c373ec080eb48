// How many events were seen and which rules they triggered: what the program says at its end, in Falco's words.
#pragma once

#include "detector/rules/engine.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>

namespace detector {

class Tally {
 public:
  void count_event() { ++events_; }
  void count_alert(const RuleInfo& rule);

  std::uint64_t events() const { return events_; }
  std::uint64_t alerts() const { return alerts_; }
  const std::map<std::string, std::uint64_t>& by_rule() const { return by_rule_; }

  // "Events detected: N\nRule counts by severity:\n   WARNING: n\nTriggered rules by rule name:\n   <rule>: n\n". As in Falco an "event
  // detected" is an alert.
  std::string render() const;

 private:
  std::uint64_t events_ = 0, alerts_ = 0;
  std::array<std::uint64_t, core::kPriorities.size()> by_priority_{};
  std::map<std::string, std::uint64_t> by_rule_;
};

}  // namespace detector

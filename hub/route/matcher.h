// Which alerts are meant: what a `match:` block says, asked of an alert. A pure function: no clock, no memory. Every
// key given must match; a list is OR; a comma inside an entry is AND (Falco Talon's convention). A new kind of matcher
// is a member here, a line in matches() (matcher.cpp) and a block in describe() (matcher_reader.cpp).
#pragma once

#include "core/alert.h"
#include "core/fields.h"
#include "hub/route/host_group.h"
#include "hub/route/text_pattern.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hub {

// One test of output_fields: k=v, k!=v, k (it is there), !k (it is not).
struct FieldTest {
  std::string name;
  bool negated = false;
  std::optional<TextPattern> value;             // not set: presence
  bool passes(const core::Alert& alert) const;  // k!=v holds for an alert without k
};

struct Matcher {
  std::vector<core::Priority> priorities = {};      // each empty list: any
  std::vector<std::vector<std::string>> tags = {};  // OR of ANDs
  std::vector<TextPattern> rules = {}, sources = {}, hostnames = {};
  std::vector<std::shared_ptr<const HostGroup>> host_groups = {};
  std::vector<std::vector<FieldTest>> output_fields = {};  // OR of ANDs
  std::vector<Matcher> negated = {};                       // none of these may match

  bool matches(const core::Alert& alert) const;
  // "" when it matches; else the first key that does not, with what the alert has: "priority: the alert's is notice".
  std::string why_not(const core::Alert& alert) const;
  bool is_everything() const;  // no key was given

  void describe(core::Fields& fields, const HostGroups& groups = {});
};

// True only when every alert that `narrow` matches is surely matched by `wide` too (priorities, exact rules, sources,
// hosts, groups, tags and fields; false whenever it cannot be told).
bool surely_covers(const Matcher& wide, const Matcher& narrow);

}  // namespace hub

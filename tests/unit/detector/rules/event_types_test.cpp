// Which event types a rule is tried on.
#include "tests/support/catch.h"
#include "tests/unit/detector/rules/support.h"

#include "detector/rules/rule_compiler.h"

using namespace detector;
using detector::rules::event_types_of;
using detector::rules::parse_condition;

namespace {

std::size_t count(const std::string& condition) { return event_types_of(*parse_condition(condition).expression).count; }
bool has(const std::string& condition, const std::string& type) {
  return event_types_of(*parse_condition(condition).expression).types[static_cast<std::size_t>(event_type(type))];
}

}  // namespace

TEST_CASE("a rule is tried on the event types its condition can be true of, and no others") {
  const std::size_t all = event_type_count() - 1;
  CHECK(count("evt.type = open") == 1);
  CHECK(count("evt.type in (open, openat)") == 2);
  CHECK(count("evt.type = open and proc.name = cat") == 1);
  CHECK(count("evt.type = open or proc.name = cat") == all);
  CHECK(count("evt.type != open") == all - 1);
  CHECK(count("not evt.type = open") == all - 1);
  CHECK(count("not evt.type != open") == 1);
  CHECK(count("not (evt.type = open or evt.type = openat)") == all - 2);
  CHECK(count("not (evt.type != open and evt.type != openat)") == 2);
  CHECK(count("evt.type in (open, openat) and evt.type != open") == 1);
  CHECK(count("not proc.name = cat") == all);
  CHECK(count("proc.name = cat and evt.num = 0") == 0);
  CHECK(has("syscall.type = execve and proc.name = cat", "execve"));
  CHECK(event_types_of(*parse_condition("syscall.type = execve").expression, rules::TypeView::Falco).count == all);
  CHECK_FALSE(has("(evt.type = open or evt.type = creat) and fd.num >= 0", "execve"));
}

TEST_CASE("the ruleset asks for the types of enabled rules only") {
  const std::string text = "- rule: a\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: INFO\n"
                           "- rule: b\n  desc: d\n  condition: evt.type = connect\n  output: o\n  priority: INFO\n  enabled: false\n"
                           "- rule: c\n  desc: d\n  condition: evt.type = dup\n  output: o\n  priority: DEBUG\n  tags: [quiet]\n";
  EngineOptions options;
  options.priority = core::Priority::Informational;

  const auto types = test::load_text(text, options).ruleset->event_types();

  CHECK(types[static_cast<std::size_t>(event_type("open"))]);
  CHECK_FALSE(types[static_cast<std::size_t>(event_type("connect"))]);
  CHECK_FALSE(types[static_cast<std::size_t>(event_type("dup"))]);
}

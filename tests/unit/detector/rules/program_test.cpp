// What an event costs: equal sub-expressions once, and no memory for an event that matches nothing.
#include "tests/support/catch.h"
#include "tests/unit/detector/rules/support.h"

#include "detector/rules/evaluator.h"

#include <cstdlib>
#include <ctime>
#include <iostream>
#include <new>

using namespace detector;
using namespace detector::test;

namespace {
std::size_t allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}
// Catch asks this way; a sanitizer's own would not match our delete.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

TEST_CASE("a sub-expression that two rules share is one node and is evaluated once an event") {
  rules::ProgramBuilder builder;
  const auto first = builder.add(*rules::parse_condition("(proc.name = cat and fd.num >= 0) and user.uid = 0").expression);
  const std::size_t nodes = builder.program().nodes.size();
  const auto second = builder.add(*rules::parse_condition("(proc.name = cat and fd.num >= 0) and user.uid = 1").expression);
  const auto again = builder.add(*rules::parse_condition("(proc.name = cat and fd.num >= 0) and user.uid = 0").expression);
  REQUIRE((first.ok && second.ok && again.ok));

  CHECK(again.root == first.root);
  CHECK(builder.program().nodes.size() == nodes + 2);      // user.uid = 1, and the new `and`

  Scene scene;
  scene.open("/etc/shadow");
  const rules::Program program = builder.take();
  rules::Evaluator evaluator{program};
  evaluator.begin(scene.event, scene.context);
  CHECK(evaluator.is_true(first.root));
  CHECK(evaluator.nodes_evaluated() == 5);
  CHECK_FALSE(evaluator.is_true(second.root));
  CHECK(evaluator.nodes_evaluated() == 7);
  CHECK(evaluator.is_true(again.root));
  CHECK(evaluator.nodes_evaluated() == 7);

  scene.process.comm = "dog";
  evaluator.begin(scene.event, scene.context);
  CHECK_FALSE(evaluator.is_true(first.root));              // nothing is remembered from the event before
}

TEST_CASE("an event that matches no rule allocates nothing") {
  const Loaded loaded = load_rules({{"tocsin_rules.yaml", read_file(std::string{TOCSIN_SOURCE_DIR} + "/config/rules/tocsin_rules.yaml")}}, {});
  REQUIRE(loaded.ruleset);
  Scene scene;
  std::size_t matches = 0;
  const std::function<void(Match&&)> each = [&](Match&&) { ++matches; };
  scene.open("/usr/share/a/long/path/that/does/not/fit/into/a/small/string");
  loaded.ruleset->evaluate(scene.event, scene.context, each);        // buffers grow once

  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) loaded.ruleset->evaluate(scene.event, scene.context, each);
  const std::size_t after = allocations;

  CHECK(after == before);
  CHECK(matches == 0);
}

TEST_CASE("how long an open event takes with the stable rule file is printed") {
  const auto file = shared_folder() / "conformance/falco-rules/falco_rules.yaml";
  if (!std::filesystem::exists(file)) {
    std::cout << "skipped: no " << file << "\n";
    return;
  }
  const Loaded loaded = load_rules({{"falco_rules.yaml", read_file(file)}}, {});
  REQUIRE(loaded.ruleset);
  Scene scene;
  scene.open("/usr/lib/x86_64-linux-gnu/libc.so.6");
  std::size_t matches = 0;
  const std::function<void(Match&&)> each = [&](Match&&) { ++matches; };
  loaded.ruleset->evaluate(scene.event, scene.context, each);
  constexpr int kEvents = 100'000;

  const std::size_t before = allocations;
  const std::clock_t begin = std::clock();      // CPU time: the machine may be busy
  for (int i = 0; i < kEvents; ++i) loaded.ruleset->evaluate(scene.event, scene.context, each);
  const double spent = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;

  std::cout << "stable rule file: " << static_cast<int>(spent * 1e9 / kEvents) << " ns an open event\n";
  CHECK(allocations == before);
  CHECK(matches == 0);
}

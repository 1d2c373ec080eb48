// Rules from text, events by hand: what the tests of this room share.
#pragma once

#include "detector/event/event.h"
#include "detector/event/field.h"
#include "detector/rules/engine.h"

#include <filesystem>
#include <string>

namespace detector::test {

std::filesystem::path shared_folder();       // $TOCSIN_SHARED, else beside the checkout
std::string read_file(const std::filesystem::path& path);
Loaded load_text(const std::string& text, const EngineOptions& options = {});

// A process tree of three (init → sshd → the process) and one event of it, ready to be changed.
struct Scene {
  Scene();
  Event& open(const std::string& path, const std::string& flags = "O_RDONLY|O_CLOEXEC", std::int64_t bits = 1 | 1 << 12, std::int64_t result = 3);
  Event& call(const std::string& name, std::int64_t result = 0);
  Event& connect_to(const std::string& ip, std::uint16_t port);
  bool matches(const std::string& condition);                 // one rule of that condition against the event
  std::vector<Match> run(Ruleset& ruleset);

  Process init, parent, process;
  Event event;
  FieldContext context;
};

// A file with one rule "r" of that condition and output.
std::string one_rule(const std::string& condition, const std::string& output = "o");

}  // namespace detector::test

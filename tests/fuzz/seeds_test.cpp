// The corpora replayed without a fuzzer: each seed is an example, or the input of a defect that was found and mended.
#include "targets.h"
#include "tests/support/catch.h"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace {

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

TEST_CASE("every seed of every fuzz target passes, and every target has seeds") {
  for (const fuzz::Target& target : fuzz::kTargets) {
    std::size_t seeds = 0;
    for (const auto& seed : std::filesystem::directory_iterator{std::filesystem::path{TOCSIN_SEEDS} / target.name}) {
      INFO(seed.path().string());
      target.run(bytes_of(seed.path()));
      ++seeds;
    }
    INFO(target.name);
    CHECK(seeds > 0);
  }
}

TEST_CASE("every prefix of every small seed passes") {
  for (const fuzz::Target& target : fuzz::kTargets) {
    for (const auto& seed : std::filesystem::directory_iterator{std::filesystem::path{TOCSIN_SEEDS} / target.name}) {
      const std::string bytes = bytes_of(seed.path());
      if (bytes.size() > 200) continue;
      for (std::size_t length = 0; length < bytes.size(); ++length)
        target.run(std::string_view{bytes}.substr(0, length));
    }
  }
  SUCCEED();
}

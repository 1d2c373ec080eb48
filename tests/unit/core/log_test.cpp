// The log, as it comes out of stderr.
#include "core/log.h"
#include "tests/support/catch.h"

#include <unistd.h>

#include <cstdio>
#include <string>

namespace {

// What is written to stderr while it lives.
struct Stderr {
  Stderr() : kept{dup(STDERR_FILENO)}, file{std::tmpfile()} { dup2(fileno(file), STDERR_FILENO); }
  ~Stderr() {
    dup2(kept, STDERR_FILENO);
    close(kept);
    std::fclose(file);
  }
  std::string text() const {
    std::string all(static_cast<std::size_t>(lseek(fileno(file), 0, SEEK_CUR)), '\0');
    const auto got = pread(fileno(file), all.data(), all.size(), 0);
    all.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return all;
  }
  int kept;
  std::FILE* file;
};

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("a warning that says the same as the one before is said once; another one is said") {
  std::string text;
  {
    const Stderr captured;
    for (int i = 0; i < 1000; ++i) core::log_warning("log_test_trouble", {{"why", "no room"}});
    core::log_warning("log_test_trouble", {{"why", "no light"}});
    text = captured.text();
  }

  CHECK(count(text, "log_test_trouble") == 2);
  CHECK(count(text, "why=\"no light\"") == 1);
}

TEST_CASE("what is no fault is said each time") {
  std::string text;
  {
    const Stderr captured;
    for (int i = 0; i < 3; ++i) core::log_info("log_test_opened");
    text = captured.text();
  }

  CHECK(count(text, "log_test_opened") == 3);
}

TEST_CASE("a value cannot begin a line of its own, nor write to the terminal") {
  std::string text;
  {
    const Stderr captured;
    core::log_info("log_test_value", {{"why", "a\n2026-01-01T00:00:00.000Z error forged\x1b[2J"}});
    text = captured.text();
  }

  CHECK(count(text, "\n") == 1);
  CHECK(text.find('\x1b') == std::string::npos);
}

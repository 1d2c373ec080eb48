// The stdout output, caught in a pipe.
#include "tests/support/loop.h"
#include "tests/unit/outputs/make_output.h"

#include <unistd.h>

namespace {

// Puts a pipe in the place of descriptor 1 while it lives.
struct Caught {
  int saved = dup(STDOUT_FILENO);
  int ends[2] = {-1, -1};
  Caught() {
    REQUIRE(pipe(ends) == 0);
    dup2(ends[1], STDOUT_FILENO);
  }
  std::string take() {
    dup2(saved, STDOUT_FILENO);
    close(ends[1]);
    std::string text;
    char chunk[4096];
    for (ssize_t size; (size = read(ends[0], chunk, sizeof chunk)) > 0;)
      text.append(chunk, static_cast<std::size_t>(size));
    return text;
  }
  ~Caught() {
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(ends[0]);
  }
};

std::string print(const std::string& yaml, const std::vector<core::AlertRef>& batch) {
  auto made = test::make("stdout", yaml);
  REQUIRE(made.output);
  Caught caught;
  const auto outcomes = test::run(*made.loop, made.output->send(batch, {}));
  std::string text = caught.take();
  for (const auto& outcome : outcomes) CHECK(test::word(outcome) == "delivered");
  return text;
}

}  // namespace

TEST_CASE("stdout shows an alert as one readable line") {
  CHECK(print("{}", {test::alert(test::kFixture)}) ==
        "2001-01-01T01:10:00Z Debug Test rule on test-host: This is a test from falcosidekick\n");
}

TEST_CASE("stdout does not repeat the time and priority that Falco puts in front") {
  CHECK(print("{}", {test::alert(test::kReadme)})
            .find("Error Write below binary dir on localhost: File below a known binary directory") !=
        std::string::npos);
}

TEST_CASE("stdout shows JSON when asked") {
  const std::string text = print("format: json", {test::alert(test::kFixture), test::alert(test::kReadme)});

  CHECK(text.starts_with("{\"uuid\":"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
}

TEST_CASE("no alert can write escape codes, forge lines or turn the text around on the terminal") {
  const std::string hostile =
      R"({"output":"\u001b[2J\u001b]0;owned\u0007\nforged line\r\u009b31m\u202eabc","priority":"Error","rule":"a\u001b[1m","time":"2001-01-01T01:10:00Z","output_fields":{"a":"b"}})";

  const std::string text = print("{}", {test::alert(hostile)});

  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  CHECK(text.ends_with('\n'));
  for (const char c : text.substr(0, text.size() - 1)) CHECK((static_cast<unsigned char>(c) >= 0x20 && c != 0x7F));
  CHECK(text.find("\xe2\x80\xae") == std::string::npos);
  CHECK(text.find("\xc2\x9b") == std::string::npos);
}

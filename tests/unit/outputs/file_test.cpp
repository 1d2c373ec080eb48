// The file output on a real folder.
#include "tests/support/loop.h"
#include "tests/unit/outputs/make_output.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/stat.h>

namespace {

struct Folder {
  std::string path;
  Folder() {
    char pattern[] = "/tmp/tocsin-file-output-XXXXXX";
    path = ::mkdtemp(pattern);
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

std::string send(test::Made& made, const std::vector<core::AlertRef>& batch) {
  REQUIRE(made.output);
  const auto outcomes = test::run(*made.loop, made.output->send(batch, {}));
  REQUIRE(outcomes.size() == batch.size());
  return test::word(outcomes.front());
}

}  // namespace

TEST_CASE("alerts are appended as JSON lines to a file that only its owner reads") {
  const Folder folder;
  const std::string path = folder.path + "/alerts.jsonl";
  auto made = test::make("file", "path: " + path);

  CHECK(send(made, {test::alert(test::kFixture, 1), test::alert(test::kReadme, 2)}) == "delivered");
  CHECK(send(made, {test::alert(test::kFixture, 3)}) == "delivered");

  const std::string text = read(path);
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
  CHECK(text.starts_with("{\"uuid\":\"00000000-0000-0000-0000-000000000001\""));
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("a file that was rotated away is opened anew") {
  const Folder folder;
  const std::string path = folder.path + "/alerts.jsonl";
  auto made = test::make("file", "path: " + path);
  REQUIRE(send(made, {test::alert(test::kFixture, 1)}) == "delivered");

  std::filesystem::rename(path, path + ".1");
  REQUIRE(send(made, {test::alert(test::kFixture, 2)}) == "delivered");

  CHECK(read(path + ".1").find("000000000001") != std::string::npos);
  CHECK(read(path).find("000000000002") != std::string::npos);
}

TEST_CASE("half a line that a crash left does not spoil the next alert") {
  const Folder folder;
  const std::string path = folder.path + "/alerts.jsonl";
  std::ofstream{path} << "{\"uuid\":\"ha";
  auto made = test::make("file", "path: " + path);

  REQUIRE(send(made, {test::alert(test::kFixture)}) == "delivered");

  CHECK(read(path).starts_with("{\"uuid\":\"ha\n{\"uuid\":\"00000000"));
}

TEST_CASE("a path that cannot be written is Misconfigured, a full disk a Retry that leaves no half line") {
  const Folder folder;
  auto missing = test::make("file", "path: " + folder.path + "/no/such/folder/alerts.jsonl");
  auto directory = test::make("file", "path: " + folder.path);
  std::filesystem::create_symlink("/dev/null", folder.path + "/link");
  auto link = test::make("file", "path: " + folder.path + "/link");
  auto full = test::make("file", "path: /dev/full");

  CHECK(send(missing, {test::alert(test::kFixture)}) == "misconfigured");
  CHECK(send(directory, {test::alert(test::kFixture)}) == "misconfigured");
  CHECK(send(link, {test::alert(test::kFixture)}) == "misconfigured");
  CHECK(send(full, {test::alert(test::kFixture)}) == "retry");
}

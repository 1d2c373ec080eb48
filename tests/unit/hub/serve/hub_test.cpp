// The hub as a whole, on a real journal and a real state, with a file as its sink.
#include "hub/hub.h"
#include "hub/cli_configuration.h"
#include "tests/support/catch.h"
#include "tests/unit/hub/serve/ingest_server.h"

#include "hub/control/control_socket.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace hub;
using namespace hub::test;
namespace fs = std::filesystem;

namespace {

struct Folder {
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "tocsin-hub-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

struct RunningHub {
  explicit RunningHub(const Folder& folder) {
    HubConfig config;
    config.listenport = 0;
    config.state_directory = (folder.path / "state").string();
    config.journal_segment_bytes = core::Bytes{1 << 20};
    core::Diagnostics diagnostics;
    const std::string text =
        "outputs:\n  archive: {type: file, path: " + (folder.path / "alerts.jsonl").string() + "}\n";
    Outputs outputs = read_outputs("outputs.yaml", text, {}, {loop.get_executor(), {}}, diagnostics);
    INFO(diagnostics.render());
    REQUIRE_FALSE(diagnostics.has_errors());
    auto opened = Hub::open(config, std::move(outputs), loop, real_parts());
    if (opened)
      hub = std::move(*opened);
    else
      why = opened.error().what;
  }
  boost::asio::io_context loop;
  std::unique_ptr<Hub> hub;
  std::string why;
};

std::size_t lines_in(const fs::path& file) {
  std::ifstream stream{file};
  std::string line;
  std::size_t count = 0;
  while (std::getline(stream, line)) ++count;
  return count;
}

}  // namespace

TEST_CASE("a hub that is stopped delivers what it took, now or after its next start, each alert once") {
  const Folder folder;
  RunningHub running{folder};
  INFO(running.why);
  REQUIRE(running.hub);
  std::thread serving{[&] { running.hub->run(); }};
  {
    Client client{running.hub->port()};
    for (int i = 0; i < 50; ++i) REQUIRE(client.post(alert(fmt::format("rule {}", i))).status == 200);
  }

  running.hub->stop();
  serving.join();

  running.hub.reset();
  CHECK(lines_in(folder.path / "alerts.jsonl") <= 50);
  RunningHub again{folder};
  INFO(again.why);
  REQUIRE(again.hub);
  for (int i = 0; i < 2000 && lines_in(folder.path / "alerts.jsonl") < 50; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  CHECK(lines_in(folder.path / "alerts.jsonl") == 50);  // none lost, and after an orderly end none twice
}

TEST_CASE("a second hub on the same state directory is told so in a sentence") {
  const Folder folder;
  RunningHub first{folder};
  REQUIRE(first.hub);

  RunningHub second{folder};

  CHECK_FALSE(second.hub);
  CHECK(second.why.find("in use by another") != std::string::npos);
}

TEST_CASE("the control socket is its owner's alone and answers status") {
  const Folder folder;
  RunningHub running{folder};
  REQUIRE(running.hub);
  const fs::path socket = folder.path / "state" / "control.sock";

  const auto status = ask_hub(socket.string(), R"({"command":"status"})");
  const auto letters = ask_hub(socket.string(), R"({"command":"dead-letters"})");
  const auto nonsense = ask_hub(socket.string(), "nonsense");

  CHECK((fs::status(socket).permissions() & fs::perms::all) == (fs::perms::owner_read | fs::perms::owner_write));
  REQUIRE(status);
  CHECK(status->find("\"name\":\"archive\"") != std::string::npos);
  REQUIRE(letters);
  CHECK(*letters == "{\"dead_letters\":[]}");
  REQUIRE(nonsense);
  CHECK(nonsense->rfind("{\"error\":", 0) == 0);
}

TEST_CASE("a port that is taken is told with its address") {
  const Folder folder, other;
  RunningHub first{folder};
  REQUIRE(first.hub);
  boost::asio::io_context loop;
  HubConfig config;
  config.listenport = first.hub->port();
  config.state_directory = (other.path / "state").string();

  const auto second = Hub::open(config, Outputs{}, loop, real_parts());

  REQUIRE_FALSE(second);
  CHECK(second.error().what.find(fmt::format("listen on 127.0.0.1:{}: ", config.listenport)) == 0);
}

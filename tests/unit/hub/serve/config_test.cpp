// hub.yaml, and falcosidekick's variables over it.
#include "hub/config/hub_config.h"
#include "tests/support/catch.h"

using namespace hub;

namespace {

HubConfig read(const std::string& text, const Environment& environment, core::Diagnostics& diagnostics) {
  return read_hub_config("hub.yaml", text, environment, diagnostics);
}

}  // namespace

TEST_CASE("without a file the hub listens on this machine alone, on falcosidekick's port") {
  core::Diagnostics diagnostics;

  const HubConfig config =
      read("", {{"LISTENADDRESS", ""}, {"STATE_DIRECTORY", ""}, {"HOME", "/home/me"}}, diagnostics);

  CHECK(diagnostics.all().empty());
  CHECK(config.listenaddress == "127.0.0.1");
  CHECK(config.listenport == 2801);
  CHECK_FALSE(config.state_directory.empty());
}

TEST_CASE("falcosidekick's variables win over the file, and the file over the defaults") {
  core::Diagnostics diagnostics;

  const HubConfig config = read(
      "listenport: 2900\nlistenaddress: 127.0.0.2\nstate_directory: /a\njournal: {retain: 1h, max_bytes: 1GiB}\nlog: "
      "{level: error}\n",
      {{"LISTENADDRESS", "0.0.0.0"}, {"STATE_DIRECTORY", "/b"}, {"DEBUG", "true"}}, diagnostics);

  CHECK(diagnostics.render() == "");
  CHECK(config.listenaddress == "0.0.0.0");
  CHECK(config.listenport == 2900);
  CHECK(config.state_directory == "/b");
  CHECK(config.journal_retain == std::chrono::hours{1});
  CHECK(config.journal_max_bytes.count == 1ULL << 30);
  CHECK(config.level() == core::LogLevel::Debug);
}

TEST_CASE("all faults of hub.yaml are told at once, with their places") {
  core::Diagnostics diagnostics;

  read("listenport: 70000\nlistenadress: 127.0.0.1\njournal:\n  retain: soon\nlog: {level: loud}\n", {}, diagnostics);

  CHECK(diagnostics.errors() == 4);
  const std::string text = diagnostics.render();
  CHECK(text.find("hub.yaml:1:13: error: ") != std::string::npos);
  CHECK(text.find("hub.yaml:2:1: error: hub.yaml has no option 'listenadress'") != std::string::npos);
  CHECK(text.find("did you mean 'listenaddress'?") != std::string::npos);
  CHECK(text.find("hub.yaml:4:11: error: ") != std::string::npos);
  CHECK(text.find("hub.yaml:5:14: error: ") != std::string::npos);
}

TEST_CASE("an address that is none is refused") {
  core::Diagnostics diagnostics;

  read("listenaddress: localhost:80\n", {}, diagnostics);

  CHECK(diagnostics.render().find("hub.yaml:1:16: error: listenaddress 'localhost:80' is not an IP address") !=
        std::string::npos);
}

TEST_CASE("falcosidekick's keys and variables that the hub lacks are warned of by name, and do not stop it") {
  core::Diagnostics diagnostics;

  read("customfields:\n  a: b\nslack:\n  webhookurl: https://example.org\n",
       {{"CUSTOMTAGS", "a,b"}, {"TEMPLATEDFIELDS", ""}, {"PATH", "/bin"}}, diagnostics);

  CHECK_FALSE(diagnostics.has_errors());
  CHECK(diagnostics.warnings() == 3);
  const std::string text = diagnostics.render();
  CHECK(text.find("'customfields'") != std::string::npos);
  CHECK(text.find("'slack'") != std::string::npos);
  CHECK(text.find("variable CUSTOMTAGS") != std::string::npos);
  CHECK(text.find("example.org") == std::string::npos);
}

TEST_CASE("every option of hub.yaml is listed with its type, its default and its meaning") {
  const auto rows = list_hub_options();

  CHECK(rows.size() >= 15);
  for (const auto& row : rows) {
    INFO(row.key);
    CHECK_FALSE(row.type.empty());
    CHECK_FALSE(row.help.empty());
  }
}

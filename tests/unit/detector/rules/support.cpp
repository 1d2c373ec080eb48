#include "tests/unit/detector/rules/support.h"

#include "core/text.h"
#include "tests/support/catch.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace detector::test {

std::filesystem::path shared_folder() {
  const char* given = std::getenv("TOCSIN_SHARED");
  return given ? std::filesystem::path{given} : std::filesystem::path{TOCSIN_SOURCE_DIR} / "../shared";
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Loaded load_text(const std::string& text, const EngineOptions& options) { return load_rules({{"rules.yaml", text}}, options); }

std::string one_rule(const std::string& condition, const std::string& output) {
  return "- rule: r\n  desc: d\n  condition: " + core::json_quote(condition) + "\n  output: " + core::json_quote(output) +
         "\n  priority: WARNING\n  tags: [zebra, ant]\n";
}

Scene::Scene() {
  init.tid = init.pid = init.vtid = init.vpid = 1;
  init.comm = "systemd";
  parent.tid = parent.pid = parent.vpid = 90;
  parent.comm = "sshd";
  parent.exe = "/usr/sbin/sshd";
  parent.parent = &init;
  process.tid = process.pid = process.vtid = process.vpid = 100;
  process.comm = "cat";
  process.exe = "cat";
  process.exepath = "/usr/bin/cat";
  process.args = {"-n", "/etc/shadow"};
  process.env = {"HOME=/root", "PATH=/bin"};
  process.cwd = "/root/";
  process.uid = process.gid = 0;
  process.parent = &parent;
  event.process = &process;
  event.number = 7;
  event.time = core::TimePoint{core::Duration{1'470'327'477'881'781'397}};
  context.hostname = "box";
}

Event& Scene::call(const std::string& name, std::int64_t result) {
  event.type = event_type(name);
  event.result = result;
  event.has_result = true;
  event.param_count = 0;
  event.params.clear();
  event.fd = {};
  return event;
}

Event& Scene::open(const std::string& path, const std::string& flags, std::int64_t bits, std::int64_t result) {
  call("openat", result);
  const auto add = [this](std::string_view name, ParamKind kind, std::int64_t number, const std::string& text) {
    event.params.push_back({name, kind, number, text, {}});
    ++event.param_count;
  };
  add("fd", ParamKind::Fd, result, "<f>" + path);
  add("name", ParamKind::RelPath, 0, path);
  add("flags", ParamKind::Flags, bits, flags);
  event.fd.use = EventFd::Use::Creates;
  event.fd.number = result < 0 ? -1 : result;
  event.fd.known = result >= 0;
  event.fd.entry.kind = FileKind::File;
  event.fd.entry.name = path;
  event.fd.fallback_name = path;
  return event;
}

Event& Scene::connect_to(const std::string& ip, std::uint16_t port) {
  call("connect", 0);
  event.fd.use = EventFd::Use::Uses;
  event.fd.number = 5;
  event.fd.known = true;
  FileEntry& entry = event.fd.entry;
  entry = {};
  entry.kind = FileKind::Ipv4;
  entry.type = SOCK_STREAM;
  entry.has_client = entry.has_server = true;
  inet_pton(AF_INET, "10.1.2.3", entry.client_ip.bytes.data());
  inet_pton(AF_INET, ip.c_str(), entry.server_ip.bytes.data());
  entry.client_port = 40000;
  entry.server_port = port;
  entry.connected = true;
  entry.name = "10.1.2.3:40000->" + ip + ":" + std::to_string(port);
  return event;
}

std::vector<Match> Scene::run(Ruleset& ruleset) {
  std::vector<Match> matches;
  ruleset.evaluate(event, context, [&](Match&& match) { matches.push_back(std::move(match)); });
  return matches;
}

bool Scene::matches(const std::string& condition) {
  Loaded loaded = load_text(one_rule(condition));
  INFO(condition << "\n" << render_text(loaded.files, {}));
  REQUIRE(loaded.ruleset);
  return !run(*loaded.ruleset).empty();
}

}  // namespace detector::test

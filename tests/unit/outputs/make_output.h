// Builds an output from YAML, as outputs.yaml would, and alerts to feed it with.
#pragma once

#include "core/alert_decoder.h"
#include "core/yaml.h"
#include "outputs/http_output.h"
#include "outputs/output.h"
#include "tests/support/catch.h"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>
#include <vector>

namespace test {

struct Made {
  std::unique_ptr<boost::asio::io_context> loop = std::make_unique<boost::asio::io_context>();
  core::Diagnostics diagnostics;
  std::unique_ptr<outputs::Output> output;

  const outputs::HttpOutput& http() const {
    REQUIRE(output);
    REQUIRE(outputs::http_part(*output));
    return *outputs::http_part(*output);
  }
};

inline Made make(const std::string& kind, const std::string& yaml, net::TlsOptions tls = {}) {
  Made made;
  const auto documents = core::parse_yaml("outputs.yaml", yaml, made.diagnostics);
  const core::YamlNode node = documents.empty() ? core::YamlNode{} : documents.front();
  core::Fields fields{node, "output '" + kind + "'", made.diagnostics};
  const outputs::Kind* known = outputs::find_kind(kind);
  REQUIRE(known);
  made.output = known->make(fields, {.executor = made.loop->get_executor(), .tls = std::move(tls)});
  fields.finish();
  return made;
}

inline core::AlertRef alert(const std::string& json, std::uint8_t id = 1) {
  auto decoded = core::AlertDecoder{}.decode(json);
  INFO((decoded ? "" : decoded.error().what));
  REQUIRE(decoded);
  decoded->id.bytes[15] = id;
  return std::make_shared<const core::Alert>(std::move(*decoded));
}

// falcosidekick's fixture (outputs/client_test.go), which its own tests send everywhere.
inline const std::string kFixture =
    R"({"output":"This is a test from falcosidekick","priority":"Debug","rule":"Test rule", "time":"2001-01-01T01:10:00Z","source":"syscalls","output_fields": {"proc.name":"falcosidekick", "proc.tty": 1234}, "tags":["test","example"], "hostname":"test-host"})";
// The event of falcosidekick's README.
inline const std::string kReadme =
    R"json({"output":"16:31:56.746609046: Error File below a known binary directory opened for writing (user=root command=touch /bin/hack file=/bin/hack)","hostname":"localhost","priority":"Error","rule":"Write below binary dir","time":"2019-05-17T15:31:56.746609046Z", "output_fields": {"evt.time":1507591916746609046,"fd.name":"/bin/hack","proc.cmdline":"touch /bin/hack","user.name":"root"}})json";

inline outputs::Rendered render(const Made& made, const std::vector<core::AlertRef>& alerts) {
  return made.http().request(alerts, {.number = 1, .now = core::now()});
}

inline net::HttpReply reply(int status, std::string body = {}, std::vector<net::Header> headers = {}) {
  return {.status = status, .headers = std::move(headers), .body = std::move(body)};
}

// "delivered", "retry", "throttle", "reject", "misconfigured"
inline std::string word(const core::Outcome& outcome) {
  constexpr const char* kWords[] = {"delivered", "retry", "throttle", "reject", "misconfigured"};
  return kWords[outcome.index()];
}

}  // namespace test

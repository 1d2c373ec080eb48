// outputs.yaml: what it builds, and what it says when it is wrong.
#include "hub/deliver/sinks.h"
#include "tests/support/catch.h"

#include <boost/asio/io_context.hpp>

using namespace std::chrono_literals;

namespace {

struct Read {
  boost::asio::io_context loop;
  core::Diagnostics diagnostics;
  hub::Outputs outputs;

  explicit Read(const std::string& yaml, const std::map<std::string, std::string>& environment = {}) {
    outputs =
        hub::read_outputs("outputs.yaml", yaml, environment, {.executor = loop.get_executor(), .tls = {}}, diagnostics);
  }
  bool says(const std::string& text) const { return diagnostics.render().find(text) != std::string::npos; }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const hub::Sink& sink : outputs.sinks) found.push_back(sink.name + ":" + sink.kind);
    return found;
  }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("an outputs file builds any number of sinks of a kind, with defaults and routes") {
  const Read read{R"(
version: 1
defaults: {minimumpriority: notice, retry: {initial: 2s, max_attempts: 5}, timeout: {total: 7s}}
outputs:
  webhook: {address: "http://127.0.0.1:1/a"}
  soar:
    type: webhook
    address: http://127.0.0.1:1/b
    minimumpriority: error
    retry: {max: 1m}
  archive: {type: stdout, enabled: false}
  stdout:
routes:
  - {name: page, match: {priority: ">=critical", tags: [a, "b,c"]}, to: [soar], continue: true}
  - {match: {tags: ci}, drop: all}
)"};

  CHECK(read.diagnostics.render() == "");
  REQUIRE(read.names() == Names{"webhook:webhook", "soar:webhook", "stdout:stdout"});
  CHECK(read.outputs.sinks[0].options.minimumpriority == core::Priority::Notice);
  CHECK(read.outputs.sinks[1].options.minimumpriority == core::Priority::Error);
  CHECK(read.outputs.sinks[1].options.retry.initial == 2s);
  CHECK(read.outputs.sinks[1].options.retry.max == 1min);
  CHECK(read.outputs.sinks[1].options.retry.max_attempts == 5);
  REQUIRE(read.outputs.routes.size() == 2);
  CHECK(read.outputs.routes[0].continues);
  CHECK(read.outputs.routes[0].to == Names{"soar"});
  CHECK(read.outputs.routes[0].match.tags == std::vector<std::vector<std::string>>{{"a"}, {"b", "c"}});
  CHECK(read.outputs.routes[1].name == "2");
  CHECK(read.outputs.routes[1].drops_all);
}

TEST_CASE("only outputs is required") {
  CHECK_FALSE(Read{"outputs: {stdout: {}}"}.diagnostics.has_errors());
  CHECK(Read{"routes: []"}.says("the file has no outputs"));
  CHECK(Read{""}.says("the file is empty"));
}

TEST_CASE("all faults of an outputs file are told at once, with places and the nearest right name") {
  const Read read{R"(outputs:
  webhok: {}
  soc: {type: slak}
  hook: {type: webhook, adress: "http://h/"}
  stdout: {minimumpriority: medium}
  off: {type: stdout, enabled: false}
  '@router': {type: stdout}
routes:
  - {name: a, to: [stdot]}
  - {name: a, to: [off]}
  - {name: c}
  - {name: d, to: [stdout], unless: x}
outptus: {}
)"};

  CHECK(read.says("outputs.yaml:2:3: error: output 'webhok' has no type"));
  CHECK(read.says("did you mean 'webhook'?"));
  CHECK(read.says("outputs.yaml:3:15: error: output 'soc' has type 'slak', which does not exist"));
  CHECK(read.says("output 'hook' has no option 'adress'"));
  CHECK(read.says("which is not a priority"));
  CHECK(read.says("'@router' is no name for a sink"));
  CHECK(read.says("route 'a' goes to output 'stdot', which does not exist"));
  CHECK(read.says("did you mean 'stdout'?"));
  CHECK(read.says("goes to output 'off', which is not enabled"));
  CHECK(read.says("there is another route 'a' above"));
  CHECK(read.says("route 'c' lacks 'to'"));
  CHECK(read.says("route 'd' has no option 'unless'"));
  CHECK(read.says("the file has no option 'outptus'"));
}

TEST_CASE("two sinks of one name are a fault") {
  CHECK(Read{"outputs:\n  stdout: {}\n  stdout: {}\n"}.diagnostics.has_errors());
}

TEST_CASE(
    "falcosidekick's variables fill the sink of their kind, win over the file, and make a sink where there is none") {
  const Read read{"outputs: {webhook: {address: 'http://127.0.0.1:1/', minimumpriority: debug}, stdout: {}}",
                  {{"WEBHOOK_MINIMUMPRIORITY", "error"},
                   {"SLACK_WEBHOOKURL", "http://127.0.0.1:1/s"},
                   {"SLACK_MINIMUMPRIORITY", "critical"},
                   {"KAFKA_HOSTPORT", ""},
                   {"STDOUT_MINIMUMPRIORITY", ""}}};

  CHECK(read.diagnostics.render() == "");
  REQUIRE(read.names() == Names{"webhook:webhook", "stdout:stdout", "slack:slack"});
  CHECK(read.outputs.sinks[0].options.minimumpriority == core::Priority::Error);
  CHECK(read.outputs.sinks[2].options.minimumpriority == core::Priority::Critical);
}

TEST_CASE("without an outputs file alerts go to stdout and to a file in the state directory") {
  boost::asio::io_context loop;
  core::Diagnostics diagnostics;

  const hub::Outputs outputs = hub::embedded_outputs("/tmp", {{"WEBHOOK_ADDRESS", "http://127.0.0.1:1/"}},
                                                     {.executor = loop.get_executor(), .tls = {}}, diagnostics);

  CHECK(diagnostics.render() == "");
  REQUIRE(outputs.sinks.size() == 3);
  CHECK(outputs.sinks[0].kind == "stdout");
  CHECK(outputs.sinks[1].kind == "file");
  CHECK(outputs.sinks[2].kind == "webhook");
}

TEST_CASE("queue, retry and rate are a sink's own, over the defaults of all") {
  const Read read{R"(
defaults:
  queue: {max_age: 24h}
  retry: {give_up_after: 12h, then: drop, jitter: full}
  rate: 5/s
outputs:
  stdout:
    queue: {max_age: 1h}
    rate: {per_second: 2, burst: 7}
  slack: {webhookurl: "http://127.0.0.1:1/x"}
)"};

  CHECK(read.diagnostics.render() == "");
  REQUIRE(read.outputs.sinks.size() == 2);
  const hub::SinkOptions& own = read.outputs.sinks[0].options;
  CHECK(own.queue.max_age == 1h);
  CHECK(own.retry.give_up_after == 12h);
  CHECK(own.retry.then == hub::RetryPolicy::Then::Drop);
  REQUIRE(own.rate);
  CHECK(own.rate->burst == 7);
  CHECK(read.outputs.sinks[1].options.queue.max_age == 24h);
  CHECK_FALSE(read.outputs.sinks[1].options.rate);  // Slack has a rate of its own
}

TEST_CASE("defaults of outputs' own options reach the kinds that have them, key by key") {
  const Read read{R"(
defaults: {timeout: {connect: 2s, total: 7s}, tls: {ca_file: /nowhere/ca.pem}, batch: {max_items: 50}}
outputs:
  stdout:
  webhook: {address: "https://127.0.0.1:1/", format: ndjson, timeout: {connect: 1s}, tls: {ca_file: ""}}
  influxdb: {hostport: "http://127.0.0.1:1", tls: {ca_file: ""}}
  kafka: {hostport: "127.0.0.1:1", topic: falco}
)"};

  CHECK(read.diagnostics.render() == "");
  REQUIRE(read.outputs.sinks.size() == 4);
  CHECK(read.outputs.sinks[1].output->limits().items == 50);
  CHECK(read.outputs.sinks[2].output->limits().items == 50);
}

TEST_CASE("a sink's options that mean nothing are refused where they stand") {
  const Read read{R"(
defaults: {queue: {max_age: 0s}}
outputs:
  stdout:
    queue: {max_age: 0s, maxage: 1h}
    retry: {give_up_after: 0s, then: forget}
    rate: fast
)"};

  CHECK(read.says("outputs.yaml:2:29: error: 'defaults"));
  CHECK(read.says("outputs.yaml:5:22: error: output 'stdout"));
  CHECK(read.says("has a max_age of 0"));
  CHECK(read.says("did you mean 'max_age'?"));
  CHECK(read.says("has a give_up_after of 0"));
  CHECK(read.says("dead_letter, drop"));
  CHECK(read.outputs.sinks.empty());
}

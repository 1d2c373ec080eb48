// Kafka's topics by template, and librdkafka's own properties: what is taken, what is refused and where that is said.
#include "core/text.h"
#include "outputs/kafka_options.h"
#include "tests/support/loop.h"
#include "tests/unit/outputs/make_output.h"

namespace {

core::AlertRef in_namespace(const std::string& name) {
  return test::alert(
      R"({"output":"o","priority":"Debug","rule":"r","time":"2001-01-01T01:10:00Z","output_fields":{"k8s.ns.name":")" +
      name + R"("}})");
}

}  // namespace

TEST_CASE("a topic with holes stays in Kafka's alphabet and under 250 bytes, whatever the alert brings") {
  const auto made = test::make("kafka", "{hostport: a, topic: 'falco-{{k8s.ns.name}}'}");
  REQUIRE(made.output);

  CHECK(made.output->destination(*in_namespace("shop")) == "falco-shop");
  CHECK(made.output->destination(*in_namespace("")) == "falco-");
  CHECK(made.output->destination(*in_namespace("../a b\\n€")) == "falco-.._a_b____");
  CHECK(made.output->destination(*in_namespace(std::string(400, 'x'))).size() == 249);
}

TEST_CASE("a fixed topic is the sink itself: what is said of it holds the sink") {
  const auto made = test::make("kafka", "{hostport: a, topic: falco}");
  REQUIRE(made.output);

  CHECK(made.output->destination(*in_namespace("shop")).empty());
}

TEST_CASE("a topic that an alert's sender could choose whole is refused") {
  for (const std::string topic :
       {"'{{k8s.ns.name}}'", "'__{{k8s.ns.name}}'", "'.{{rule}}'", "'fal co-{{rule}}'", "'a/b'", "'..'", "''"}) {
    CAPTURE(topic);
    const auto made = test::make("kafka", "{hostport: a, topic: " + topic + "}");
    CHECK_FALSE(made.output);
    CHECK(made.diagnostics.errors() == 1);
  }
  CHECK(test::make("kafka", "{hostport: a}").diagnostics.all().at(0).what == "output 'kafka' lacks 'topic'");
}

TEST_CASE("librdkafka's own properties are passed through and win over our defaults") {
  const auto made = test::make("kafka",
                               "{hostport: a, topic: t, properties: {linger.ms: 50, "
                               "queue.buffering.max.messages: 500, ssl.key.password: hunter2}}");

  CAPTURE(made.diagnostics.render());
  CHECK(made.output);
}

TEST_CASE("a property that an option stands for, that is not known or has a bad value is refused where it stands") {
  const auto made = test::make("kafka",
                               "hostport: a\ntopic: t\nproperties:\n  bootstrap.servers: b\n  linger.ms: hunter2\n"
                               "  lingr.ms: 1\n  sasl.password: hunter2\n  enable.idempotence: false\n"
                               "  plugin.library.paths: /tmp/x.so\n  delivery.report.only.error: true\n");

  CHECK_FALSE(made.output);
  CHECK(made.diagnostics.errors() == 7);
  for (const auto& diagnostic : made.diagnostics.all()) {
    CAPTURE(diagnostic.what);
    CHECK(diagnostic.place.line >= 4);
    CHECK_FALSE(diagnostic.hint.empty());
  }
  CHECK(made.diagnostics.render().find("hunter2") == std::string::npos);
}

TEST_CASE("properties that do not go together are told before anything is started") {
  const auto made =
      test::make("kafka", "{hostport: a, topic: t, properties: {max.in.flight.requests.per.connection: 100}}");

  CHECK_FALSE(made.output);
  REQUIRE(made.diagnostics.errors() == 1);
  CHECK(made.diagnostics.all().at(0).what.find("max.in.flight") != std::string::npos);
}

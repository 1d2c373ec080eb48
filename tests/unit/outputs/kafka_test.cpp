// Kafka's options and errors. That they hold against a broker is tests/integration's business.
#include "outputs/kafka_options.h"
#include "outputs/kafka_producer.h"
#include "tests/support/loop.h"
#include "tests/unit/outputs/make_output.h"

using namespace std::chrono_literals;

namespace {

std::map<std::string, std::string> properties(const std::string& yaml) {
  core::Diagnostics diagnostics;
  const auto documents = core::parse_yaml("outputs.yaml", yaml, diagnostics);
  core::Fields fields{documents.at(0), "output 'kafka'", diagnostics};
  outputs::KafkaOptions options;
  options.describe(fields, {});
  fields.finish();
  CAPTURE(diagnostics.render());
  CHECK_FALSE(diagnostics.has_errors());
  return options.properties();
}

}  // namespace

TEST_CASE("without being asked Kafka gets an idempotent producer that waits for all replicas") {
  const auto all = properties("{hostport: 'a:9092,b:9092', topic: falco}");

  CHECK(all.at("bootstrap.servers") == "a:9092,b:9092");
  CHECK(all.at("enable.idempotence") == "true");
  CHECK(all.at("acks") == "all");
  CHECK(all.at("security.protocol") == "plaintext");
  CHECK(all.at("compression.codec") == "none");
  CHECK(all.at("partitioner") == "random");
}

TEST_CASE("falcosidekick's spelling and the nested one mean the same") {
  const auto flat = properties(
      "{hostport: a, topic: t, sasl: SCRAM_SHA512, username: u, password: p, tls: true, compression: ZSTD, clientid: "
      "me, balancer: murmur2}");
  const auto nested = properties(
      "{hostport: a, topic: t, sasl: {mechanism: SCRAM-SHA-512, username: u, password: p}, tls: {enabled: true}, "
      "compression: zstd, clientid: me, balancer: murmur2}");

  CHECK(flat == nested);
  CHECK(flat.at("security.protocol") == "sasl_ssl");
  CHECK(flat.at("sasl.mechanisms") == "SCRAM-SHA-512");
  CHECK(flat.at("sasl.password") == "p");
  CHECK(flat.at("enable.ssl.certificate.verification") == "true");
  CHECK(flat.at("ssl.endpoint.identification.algorithm") == "https");
}

TEST_CASE("a key keeps a host's alerts in one partition unless another balancer is asked for") {
  CHECK(properties("{hostport: a, topic: t, key: hostname}").at("partitioner") == "murmur2_random");
  CHECK(properties("{hostport: a, topic: t, key: hostname, balancer: crc32}").at("partitioner") == "consistent");
  CHECK(properties("{hostport: a, topic: t, key: '{{k8s.ns.name}}'}").at("partitioner") == "murmur2_random");
}

TEST_CASE("asking for no acknowledgement is allowed, with a warning") {
  const auto made = test::make("kafka", "{hostport: 'a:9092', topic: t, requiredacks: none}");

  CHECK_FALSE(made.diagnostics.has_errors());
  REQUIRE(made.diagnostics.warnings() == 1);
  CHECK(made.diagnostics.all().at(0).what.find("may be lost") != std::string::npos);
}

TEST_CASE("each class of Kafka error has its outcome") {
  // librdkafka's numbers (rd_kafka_resp_err_t): below 0 its own, the others Kafka's protocol's.
  const std::vector<std::tuple<int, std::string, std::string>> table{
      {0, "NO_ERROR", "delivered"},
      {10, "MSG_SIZE_TOO_LARGE", "reject"},
      {87, "INVALID_RECORD", "reject"},
      {29, "TOPIC_AUTHORIZATION_FAILED", "misconfigured"},
      {31, "CLUSTER_AUTHORIZATION_FAILED", "misconfigured"},
      {3, "UNKNOWN_TOPIC_OR_PART", "misconfigured"},
      {-188, "_UNKNOWN_TOPIC", "misconfigured"},
      {-169, "_AUTHENTICATION", "misconfigured"},
      {-184, "_QUEUE_FULL", "throttle"},
      {89, "THROTTLING_QUOTA_EXCEEDED", "throttle"},
      {-192, "_MSG_TIMED_OUT", "retry"},
      {-195, "_TRANSPORT", "retry"},
      {-187, "_ALL_BROKERS_DOWN", "retry"},
      {-181, "_SSL", "retry"},
      {19, "NOT_ENOUGH_REPLICAS", "retry"},
      {5, "LEADER_NOT_AVAILABLE", "retry"},
      {-151, "_PURGE_INFLIGHT", "retry"},
      {-150, "_FATAL", "retry"},
      {12345, "a code of a later version", "retry"},
  };

  for (const auto& [code, name, wanted] : table) {
    CAPTURE(name);
    CHECK(test::word(outputs::judge_kafka_error(code, "why")) == wanted);
  }
}

TEST_CASE("brokers that are away are a Retry when the timeout is over, and closing does not hang") {
  auto made = test::make("kafka", "{hostport: '127.0.0.1:1', topic: t, timeout: {total: 300ms}}");
  REQUIRE(made.output);
  const std::vector<core::AlertRef> batch{test::alert(test::kFixture), test::alert(test::kReadme)};

  const auto outcomes = test::run(*made.loop, made.output->send(batch, {}));

  REQUIRE(outcomes.size() == 2);
  CHECK(test::word(outcomes[0]) == "retry");
  CHECK(test::word(outcomes[1]) == "retry");
  CHECK(std::get<core::Retry>(outcomes[0]).why.find("127.0.0.1") != std::string::npos);
}

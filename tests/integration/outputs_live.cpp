// The outputs against real servers, which run-outputs-live starts and names in the environment. What was sent is read
// back from the server itself, by another way than the output's: complete, once, in the bytes that were meant.
#include "core/payload.h"
#include "tests/integration/live_outputs.h"

#include <cstdio>
#include <map>

using nlohmann::json;
using test::word;

using namespace live;

namespace {

std::string shell(const std::string& command) {
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe);
  std::string out;
  char chunk[65536];
  for (std::size_t size; (size = std::fread(chunk, 1, sizeof chunk, pipe)) > 0;) out.append(chunk, size);
  ::pclose(pipe);
  return out;
}

// Every record of a topic, as kcat's JSON envelopes.
std::vector<json> records(const std::string& topic) {
  std::vector<json> all;
  const std::string text = shell("kcat -C -q -J -e -o beginning -b " + environment("TOCSIN_KAFKA") + " -t " + topic);
  for (const auto line : core::split(text, '\n'))
    if (!line.empty()) all.push_back(json::parse(line));
  return all;
}

}  // namespace

TEST_CASE("Kafka has every alert once, byte for byte, with its key and headers", "[kafka]") {
  auto made = test::make(
      "kafka", "{hostport: '" + environment("TOCSIN_KAFKA") + "', topic: alerts, key: hostname, compression: gzip}");
  const auto alerts = hostile_alerts(kMany, "kafka, once");

  const auto outcomes = send(made, alerts);

  CHECK(words(outcomes) == "300 delivered");
  std::map<std::string, json> stored;
  std::map<std::string, int> partition_of_key;
  for (const json& record : records("alerts")) {
    if (record["headers"][5] != "kafka, once") continue;
    CHECK(stored.emplace(record["headers"][1].get<std::string>(), record).second);
    const auto [place, first] =
        partition_of_key.emplace(record["key"].get<std::string>(), record["partition"].get<int>());
    CHECK((first || place->second == record["partition"]));
  }
  REQUIRE(stored.size() == alerts.size());
  for (const auto& alert : alerts) {
    const json& record = stored.at(core::to_text(alert->id));
    CHECK(record["payload"] == core::to_payload(*alert));
    CHECK(record["key"] == alert->hostname);
    CHECK(record["headers"][3] == "Warning");
  }
}

TEST_CASE(
    "Kafka with SASL or a client certificate takes what the right credentials bring, and a wrong password is "
    "Misconfigured soon",
    "[kafka]") {
  const std::string folder = environment("TOCSIN_CERTIFICATES");
  const auto with_sasl = [&](const std::string& mechanism, const std::string& password) {
    return test::make("kafka", "{hostport: '" + environment("TOCSIN_KAFKA_SASL") + "', topic: alerts, sasl: " +
                                   mechanism + ", username: alice, password: " + password + "}");
  };
  auto scram = with_sasl("SCRAM_SHA256", "alice-secret"), plain = with_sasl("PLAIN", "alice-secret"),
       wrong = with_sasl("PLAIN", "hunter2");
  auto mutual = test::make("kafka", "{hostport: '" + environment("TOCSIN_KAFKA_MTLS") +
                                        "', topic: alerts, tls: {ca_file: " + folder + "/ca.pem, cert_file: " + folder +
                                        "/client.pem, key_file: " + folder + "/client.key}}");
  auto stranger =
      test::make("kafka", "{hostport: '" + environment("TOCSIN_KAFKA_MTLS") +
                              "', topic: alerts, tls: {ca_file: " + folder + "/otherca.pem}, timeout: {total: 3s}}");
  const auto alerts = hostile_alerts(5, "credentials");

  CHECK(words(send(scram, alerts)) == "5 delivered");
  CHECK(words(send(plain, alerts)) == "5 delivered");
  CHECK(words(send(mutual, alerts)) == "5 delivered");

  const auto begin = std::chrono::steady_clock::now();
  const auto refused = send(wrong, alerts);
  CHECK(words(refused) == "5 misconfigured");
  CHECK(why(refused[0]).find("hunter2") == std::string::npos);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{10});
  CHECK(words(send(wrong, alerts)) == "5 misconfigured");  // a new producer, the same answer
  CHECK(words(send(stranger, alerts)) ==
        "5 retry");  // the broker's certificate may be replaced; the way there is unwell
}

TEST_CASE(
    "Kafka: a missing or forbidden topic is Misconfigured, an alert over the topic's limit a Reject that spares its "
    "neighbours",
    "[kafka]") {
  auto missing = test::make("kafka", "{hostport: '" + environment("TOCSIN_KAFKA") + "', topic: nosuch}");
  auto forbidden = test::make("kafka", "{hostport: '" + environment("TOCSIN_KAFKA_SASL") +
                                           "', topic: secret, sasl: PLAIN, username: alice, password: alice-secret}");
  auto small = test::make("kafka", "{hostport: '" + environment("TOCSIN_KAFKA") + "', topic: small}");
  auto alerts = hostile_alerts(4, "limits");
  auto big = std::make_shared<core::Alert>(*alerts[1]);
  big->output = std::string(5000, 'x');
  alerts[1] = big;

  CHECK(words(send(missing, alerts)) == "4 misconfigured");
  CHECK(words(send(forbidden, alerts)) == "4 misconfigured");
  const auto outcomes = send(small, alerts);
  CHECK(words(outcomes) == "3 delivered, 1 reject");
  CHECK(word(outcomes[1]) == "reject");
  CHECK(records("small").size() == 3);
}

TEST_CASE("closing Kafka ends quickly and leaves nothing behind", "[kafka]") {
  auto made = test::make("kafka", "{hostport: '" + environment("TOCSIN_KAFKA") + "', topic: alerts}");
  const auto alerts = hostile_alerts(5, "closing");
  REQUIRE(words(send(made, alerts)) == "5 delivered");
  const auto begin = std::chrono::steady_clock::now();

  bool closed = false;
  boost::asio::co_spawn(*made.loop, made.output->close(), [&](std::exception_ptr) { closed = true; });
  made.loop->restart();
  while (!closed) made.loop->run_one();
  const auto after = send(made, alerts);
  made.output.reset();

  CHECK(words(after) == "5 retry");
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{6});
}

TEST_CASE(
    "Kafka: made-up topics by the hundred cost those who made them up alone, and librdkafka is not filled by them",
    "[kafka]") {
  auto made = test::make("kafka", "{hostport: '" + environment("TOCSIN_KAFKA") + "', topic: 'a{{rule}}'}");
  const auto real = hostile_alerts(1, "lerts");
  for (int round = 0; round < 3; ++round) {
    std::vector<core::AlertRef> batch = hostile_alerts(1, "lerts");
    for (int i = 0; i < 300; ++i) batch.push_back(hostile_alerts(1, fmt::format("nother-{}-{}", round, i)).front());

    const auto outcomes = send(made, batch);

    CHECK(words(outcomes) == "1 delivered, 300 misconfigured");
    CHECK(word(outcomes[0]) == "delivered");
  }
}

TEST_CASE("Kafka: what a mechanism, certificate or broker that does not fit becomes", "[kafka]") {
  const std::string folder = environment("TOCSIN_CERTIFICATES"), mutual = environment("TOCSIN_KAFKA_MTLS");
  const std::string ca = "tls: {ca_file: " + folder + "/ca.pem";
  const auto pair = [&](const std::string& name) {
    return ca + ", cert_file: " + folder + "/" + name + ".pem, key_file: " + folder + "/" + name + ".key}";
  };
  const std::vector<std::tuple<std::string, std::string, std::string>> table{
      {environment("TOCSIN_KAFKA_SASL"), "sasl: SCRAM_SHA512, username: alice, password: alice-secret",
       "misconfigured"},
      {environment("TOCSIN_KAFKA_SASL"), "sasl: SCRAM_SHA256, username: nobody, password: alice-secret",
       "misconfigured"},
      {mutual, ca + "}", "retry"},  // no certificate: looks like a dropped connection
      {mutual, pair("expired"), "retry"},
      {mutual, pair("client"), "delivered"},
      {environment("TOCSIN_KAFKA"), ca + "}", "retry"},  // TLS to who speaks none
  };
  for (const auto& [hostport, options, wanted] : table) {
    CAPTURE(hostport, options);
    auto made =
        test::make("kafka", "{hostport: '" + hostport + "', topic: alerts, timeout: {total: 3s}, " + options + "}");
    const auto outcomes = send(made, hostile_alerts(2, "fit"));
    CHECK(words(outcomes) == "2 " + wanted);
    if (wanted != "delivered") CHECK_FALSE(why(outcomes[0]).empty());
  }
}

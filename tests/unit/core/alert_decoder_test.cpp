// What is an alert and what is not; and that nothing a sender put in gets lost on the way out again.
#include "core/alert_decoder.h"
#include "core/payload.h"
#include "tests/support/catch.h"

using namespace core;

namespace {

const std::string kAlert =
    R"~({"output":"16:31:56.746609046: Error File below a known binary directory opened for writing (user=root command=touch /bin/hack file=/bin/hack)",)~"
    R"("priority":"Error","rule":"Write below binary dir","time":"2019-05-17T15:31:56.746609046Z","output_fields":)"
    R"({"user.name":"root","evt.time":1507591916746609046,"fd.name":"/bin/hack","proc.cmdline":"touch /bin/hack"},"hostname":"localhost","tags":["b","a"]})";

std::string with(const std::string& from, const std::string& to) {
  std::string changed = kAlert;
  changed.replace(changed.find(from), from.size(), to);
  return changed;
}

std::string fault(const std::string& json) {
  AlertDecoder decoder;
  const auto alert = decoder.decode(json);
  return alert ? "" : alert.error().what;
}

}  // namespace

TEST_CASE("an alert of Falco is read with all it says") {
  AlertDecoder decoder;

  const auto alert = decoder.decode("  " + kAlert + "\n");

  REQUIRE(alert);
  CHECK(alert->json == kAlert);
  CHECK(alert->priority == Priority::Error);
  CHECK(alert->rule == "Write below binary dir");
  CHECK(alert->source == "syscalls");
  CHECK(alert->hostname == "localhost");
  CHECK(alert->tags == std::vector<std::string>{"a", "b"});
  CHECK(alert->fields.size() == 4);
  CHECK(alert->field("evt.time")->json == "1507591916746609046");
  CHECK(alert->field("proc.cmdline")->text == "touch /bin/hack");
  CHECK(alert->field("proc") == nullptr);
  CHECK(to_unix_nanoseconds(alert->time) == 1558107116746609046);
}

TEST_CASE("a payload has falcosidekick's keys in its order, and keeps what falcosidekick drops") {
  AlertDecoder decoder;
  auto alert = decoder.decode(
      with(R"("hostname":"localhost")", R"("hostname":"localhost","message":"<b>","x":{"n":12345678901234567890.5})"));
  REQUIRE(alert);
  alert->id = *parse_alert_id("0198c1f2-7b7e-7c3a-9d7e-0123456789ab");

  CHECK(
      to_payload(*alert) ==
      R"({"uuid":"0198c1f2-7b7e-7c3a-9d7e-0123456789ab","output":"16:31:56.746609046: Error File below a known binary directory opened for )"
      R"~(writing (user=root command=touch /bin/hack file=/bin/hack)","priority":"Error","rule":"Write below binary dir",)~"
      R"("time":"2019-05-17T15:31:56.746609046Z","output_fields":{"evt.time":1507591916746609046,"fd.name":"/bin/hack",)"
      R"("proc.cmdline":"touch /bin/hack","user.name":"root"},"source":"syscalls","tags":["a","b"],"hostname":"localhost",)"
      "\"message\":\"\\u003cb\\u003e\",\"x\":{\"n\":12345678901234567890.5}}");
}

TEST_CASE("what is no alert is refused with a sentence that names the key") {
  CHECK(fault("") == "empty");
  CHECK(fault("[]") == "not a JSON object");
  CHECK(fault(kAlert + "x").find("not valid JSON") == 0);
  CHECK(fault(R"({"a":tru,"b":01})").find("not valid JSON") == 0);
  CHECK(fault(with(R"("Error")", R"("loud")")).find("'priority' is 'loud', not one of emergency") == 0);
  CHECK(fault(with(R"("Error")", "3")) == "'priority' is not a string");
  CHECK(fault(with(R"("priority":"Error",)", "")) == "'priority' is missing");
  CHECK(fault(with("Write below binary dir", "")) == "'rule' is missing or empty");
  CHECK(fault(with("2019-05-17T", "yesterday")).find("'time' is not an RFC 3339 time") == 0);
  CHECK(fault(with(R"(["b","a"])", R"(["b",1])")) == "'tags' is not a list of strings");
  CHECK(fault(with(R"("hostname":"localhost")", R"("hostname":7)")) == "'hostname' is not a string");
  CHECK(fault(with(R"("hostname":"localhost")", R"("rule":"again")")) == "key 'rule' stands twice in one object");
  CHECK(fault(R"({"priority":"Error","rule":"r","time":"2019-05-17T15:31:56Z","output_fields":{}})") ==
        "'output_fields' is missing or empty");
  CHECK(fault(R"({"priority":"Error","rule":"r","time":"2019-05-17T15:31:56Z","output_fields":null})") ==
        "'output_fields' is null");
}

TEST_CASE("an alert beyond a limit is refused with the limit") {
  AlertDecoder decoder{{.bytes = 900, .depth = 5, .keys = 14, .text_bytes = 200}};

  CHECK(decoder.decode(with("touch /bin/hack\"", std::string(300, 'x') + "\"")).error().what ==
        "a string of more than 200 bytes");
  CHECK(decoder.decode(with(R"("hostname":"localhost")", R"("n":[[[[[[1]]]]]])")).error().what ==
        "nested deeper than 5");
  CHECK(decoder.decode(with(R"("hostname":"localhost")", R"("n":{"1":1,"2":1,"3":1,"4":1,"5":1})")).error().what ==
        "more than 14 keys");
  CHECK(decoder
            .decode(with(R"("hostname":"localhost")", R"("n":")" + std::string(190, 'x') + R"(","m":")" +
                                                          std::string(190, 'x') + R"(","o":")" + std::string(190, 'x') +
                                                          "\""))
            .error()
            .what == "more than 900 bytes");
}

TEST_CASE("a body is one alert, a list or lines, and a bad one among them harms none of its neighbours") {
  AlertDecoder decoder;
  std::vector<std::string> seen;
  const auto note = [&](std::size_t index, Result<Alert> alert) {
    seen.push_back(std::to_string(index) + (alert ? " " + alert->rule : " bad"));
  };
  const auto bad = R"({"rule":"no priority"})";

  const auto single = decoder.decode_body(kAlert, note);
  const auto list = decoder.decode_body("[" + kAlert + " , " + bad + "\n," + kAlert + "]", note);
  const auto lines = decoder.decode_body(kAlert + "\n\n" + bad + "\r\n" + kAlert + "\n{broken\n", note);

  REQUIRE(single);
  CHECK(single->single);
  REQUIRE(list);
  CHECK(list->count == 3);
  REQUIRE(lines);
  CHECK(lines->count == 4);
  CHECK(seen == std::vector<std::string>{"0 Write below binary dir", "0 Write below binary dir", "1 bad",
                                         "2 Write below binary dir", "0 Write below binary dir", "1 bad",
                                         "2 Write below binary dir", "3 bad"});
  CHECK_FALSE(decoder.decode_body("", note));
  CHECK_FALSE(decoder.decode_body("[]", note));
  CHECK_FALSE(decoder.decode_body(kAlert + "garbage", note));
  CHECK_FALSE(decoder.decode_body("{\n\"rule\": broken\n}", note));
}

TEST_CASE("keys match in any case, as Go's decoder lets them") {
  AlertDecoder decoder;
  const auto alert = decoder.decode(
      R"({"Priority":"INFO","Rule":"r","TIME":"2019-05-17T17:31:56+02:00","output_fields":{"k8s.ns.name":7}})");
  REQUIRE(alert);
  CHECK(alert->priority == Priority::Informational);
  CHECK(to_rfc3339(alert->time) == "2019-05-17T15:31:56Z");
  CHECK(alert->field("k8s.ns.name")->text == "7");
}

TEST_CASE("every kind of value leaves as it came") {
  AlertDecoder decoder;
  const std::string fields =
      R"~({"a":null,"b":true,"c":false,"d":-1.50e+3,"e":"x\\","f":"\"","g":{"h":[1,"]}",null]},"i":[],"j":"","k":"{"})~";
  const auto alert =
      decoder.decode(R"({"priority":"Error","rule":"r","time":"2019-05-17T15:31:56Z","output_fields":)" + fields + "}");
  REQUIRE(alert);

  const std::string payload = to_payload(*alert);

  CHECK(payload.find("\"output_fields\":" + fields) != std::string::npos);
  CHECK(decoder.decode(payload));
}

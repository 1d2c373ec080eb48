// What a sender is told, case by case: falcosidekick's table, and ours beyond it.
#include "hub/ingest/alert_record.h"
#include "tests/support/catch.h"
#include "tests/unit/hub/serve/ingest_server.h"

using namespace hub;
using namespace hub::test;

TEST_CASE("one alert is answered 200 with an empty body and the id under which it is stored") {
  IngestServer hub;
  Client client{hub.port()};

  const Answer answer = client.post(alert());

  CHECK(answer.status == 200);
  CHECK(answer.body.empty());
  CHECK(answer.header("Tocsin-Hub") == "1");
  REQUIRE(hub.journal.records().size() == 1);
  core::AlertDecoder decoder;
  const auto stored = decode_alert_record(decoder, hub.journal.records().front().payload, Mutations{});
  REQUIRE(stored);
  CHECK(answer.header("Tocsin-Alert-Id") == core::to_text(stored->id));
  CHECK(stored->json == alert());
  CHECK(stored->source == "syscalls");
  CHECK(stored->received > core::TimePoint{});
}

TEST_CASE("any path and any content type take alerts") {
  IngestServer hub;
  Client client{hub.port()};

  for (const char* target : {"/", "/falco", "/a/b?c=d", "/pingpong"})
    CHECK(client.post(alert(), "Content-Type: text/strange\r\n", target).status == 200);
  CHECK(client.post(alert()).status == 200);

  CHECK(hub.journal.records().size() == 5);
}

TEST_CASE("what is no alert gets falcosidekick's sentence, and ours in a header") {
  IngestServer hub;
  Client client{hub.port()};
  const std::string bodies[] = {
      "",
      "no json",
      "{}",
      "\x1f\x8b\x08",
      alert() + " trailing",
      alert("") /* an empty rule */,
      R"({"output":"o","priority":"medium","rule":"r","time":"2019-05-17T15:31:56Z","output_fields":{"a":"b"}})",
      R"({"output":"o","priority":3,"rule":"r","time":"2019-05-17T15:31:56Z","output_fields":{"a":"b"}})",
      R"({"output":"o","priority":"Error","rule":"r","time":"yesterday","output_fields":{"a":"b"}})",
      R"({"output":"o","priority":"Error","rule":"r","time":"2019-05-17T15:31:56Z","output_fields":{}})",
      R"({"output":"o","priority":"Error","rule":"r","time":"2019-05-17T15:31:56Z","output_fields":null})",
      R"({"output":"o","priority":"Error","rule":"r","time":"2019-05-17T15:31:56Z"})",
      alert("r", R"(,"tags":"x")"),
      alert("r", R"(,"hostname":5)"),
  };

  for (const std::string& body : bodies) {
    INFO(body);
    const Answer answer = client.post(body);
    CHECK(answer.status == 400);
    CHECK(answer.body == "Please send a valid request body\n");
    CHECK(answer.header("Content-Type") == "text/plain; charset=utf-8");
    CHECK(answer.header("X-Content-Type-Options") == "nosniff");
    CHECK_FALSE(answer.header("Tocsin-Error").empty());
  }
  CHECK(hub.journal.records().empty());
  CHECK(hub.metrics.value(Metric::FalcosidekickInputs, {"requests", "rejected"}) == std::size(bodies));
}

TEST_CASE("a reason that quotes what was sent cannot add headers to the answer") {
  IngestServer hub;
  Client client{hub.port()};

  const Answer answer = client.post(R"({"priority":"x\r\nSet-Cookie: a=b","rule":"r"})");

  CHECK(answer.status == 400);
  CHECK(answer.header("Set-Cookie").empty());
  CHECK(client.get("/ping").body == "pong\n");
}

TEST_CASE("only POST takes alerts, and another method is told so with 400, as falcosidekick does") {
  IngestServer hub;
  Client client{hub.port()};

  for (const char* target : {"/", "/test", "/anything"}) {
    const Answer answer = client.get(target);
    CHECK(answer.status == 400);
    CHECK(answer.body == "Please send with post http method\n");
    CHECK(answer.header("Allow").empty());
  }
}

TEST_CASE("an array or NDJSON stores what is valid and says what is not") {
  IngestServer hub;
  Client client{hub.port()};

  const Answer array = client.post("[" + alert("a") + ",{}," + alert("b") + "]");
  const Answer lines = client.post(alert("c") + "\nnonsense\n" + alert("d") + "\n");

  CHECK(array.status == 200);
  CHECK(array.body == "{\"accepted\":2,\"rejected\":[{\"index\":1,\"error\":\"'priority' is missing\"}]}\n");
  CHECK(lines.status == 200);
  CHECK(lines.body.rfind("{\"accepted\":2,\"rejected\":[{\"index\":1,\"error\":", 0) == 0);
  CHECK(hub.journal.records().size() == 4);
}

TEST_CASE("several of which none is valid are answered 400 with the reasons") {
  IngestServer hub;
  Client client{hub.port()};

  const Answer answer = client.post("[{},{}]");

  CHECK(answer.status == 400);
  CHECK(answer.header("Content-Type") == "application/json");
  CHECK(answer.body.rfind("{\"accepted\":0,\"rejected\":[{\"index\":0,", 0) == 0);
}

TEST_CASE("a k8s.ns.name that is a number, which crashes falcosidekick, is taken and counted") {
  IngestServer hub;
  Client client{hub.port()};

  const Answer answer = client.post(
      R"({"output":"","priority":"info","rule":"r","time":"2019-05-17T15:31:56Z","hostname":"h","output_fields":{"k8s.ns.name":5,"k8s.pod.name":null}})");

  CHECK(answer.status == 200);
  CHECK(hub.metrics.value(Metric::FalcosidekickFalcoEvents, {"h", "r", "2", "informational", "syscalls", "5", ""}) ==
        1);
}

TEST_CASE("the rule 'Test rule' and /test come from the source internal") {
  IngestServer hub;
  Client client{hub.port()};

  CHECK(client.post("ignored", {}, "/test").status == 200);
  CHECK(client.post(alert("Test rule", R"(,"source":"syscall")")).status == 200);

  CHECK(hub.metrics.value(Metric::AlertsReceived, {"internal", "debug"}) == 1);
  CHECK(hub.metrics.value(Metric::AlertsReceived, {"internal", "error"}) == 1);
}

TEST_CASE("ping, healthz, readyz, metrics and status answer as documented") {
  IngestServer hub;
  Client client{hub.port()};

  CHECK(client.get("/ping").body == "pong\n");
  const Answer health = client.get("/healthz");
  CHECK(health.body == "{\"status\": \"ok\"}");
  CHECK(health.header("Content-Type") == "application/json");
  CHECK(client.get("/readyz").status == 200);
  CHECK(client.get("/metrics").body.find("tocsin_hub_alerts_deduplicated_total 0\n") != std::string::npos);
  const Answer status = client.get("/status");
  CHECK(status.body.find("\"version\":\"") != std::string::npos);
  CHECK(status.body.find("\"sinks\":[]") != std::string::npos);

  hub.journal.fail_with(core::Error{core::Fault::Full, "the disk is full"});
  CHECK(client.get("/readyz").status == 503);
  CHECK(client.get("/healthz").status == 200);
}

TEST_CASE("an alert that cannot be stored is answered 503 with Retry-After, and never 200") {
  IngestServer hub;
  Client client{hub.port()};

  hub.journal.fail_with(core::Error{core::Fault::Full, "the disk is full"});
  const Answer full = client.post(alert());
  hub.journal.fail_with(core::Error{core::Fault::Io, "the disk failed"});
  const Answer broken = client.post("[" + alert() + "]");

  CHECK(full.status == 503);
  CHECK(full.header("Retry-After") == "5");
  CHECK(full.body == "the disk is full\n");
  CHECK(broken.status == 503);
  CHECK(broken.header("Tocsin-Error") == "the disk failed");
  CHECK(hub.metrics.value(Metric::AlertsReceived, {"syscalls", "error"}) == 0);
}

TEST_CASE("nothing is answered before the journal has the alert on disk") {
  IngestServer hub;
  Client client{hub.port()};
  hub.journal.hold();

  const std::string body = alert();
  client.write(
      fmt::format("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{}GET /ping HTTP/1.1\r\nHost: h\r\n\r\n",
                  body.size(), body));
  hub.journal.wait_for_held(1);
  CHECK(hub.metrics.value(Metric::AlertsReceived, {"syscalls", "error"}) == 0);
  hub.journal.release();

  CHECK_FALSE(client.read().header("Tocsin-Alert-Id").empty());  // and in order: the ping's answer waited
  CHECK(client.read().body == "pong\n");
}

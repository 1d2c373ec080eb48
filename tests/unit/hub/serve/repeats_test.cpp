// Alerts that come twice because an answer was lost.
#include "tests/support/catch.h"
#include "tests/unit/hub/serve/ingest_server.h"

using namespace hub;
using namespace hub::test;

namespace {

// Until the server has noticed: it does so by itself, but when is the kernel's business.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return false;
}

void send(Client& client, std::string_view body, std::string_view headers = {}) {
  client.write(fmt::format("POST / HTTP/1.1\r\nHost: h\r\n{}Content-Length: {}\r\n\r\n{}", headers, body.size(), body));
}

}  // namespace

TEST_CASE("the same bytes after an answer are a new alert") {
  IngestServer hub;
  Client client{hub.port()};

  const Answer first = client.post(alert()), second = client.post(alert());

  CHECK(first.header("Tocsin-Alert-Id") != second.header("Tocsin-Alert-Id"));
  CHECK(hub.journal.records().size() == 2);
}

TEST_CASE("the same bytes after a connection that broke before its answer are the same alert, once") {
  IngestServer hub;
  hub.journal.hold();
  {
    Client first{hub.port()};
    send(first, alert());
    hub.journal.wait_for_held(1);
    first.reset();
  }
  REQUIRE(eventually([&] { return hub.server->connections() == 0; }));

  Client second{hub.port()};
  send(second, alert());
  REQUIRE(eventually([&] { return hub.metrics.value(Metric::AlertsDeduplicated) == 1; }));
  hub.journal.release();

  CHECK_FALSE(second.read().header("Tocsin-Alert-Id").empty());
  CHECK(hub.journal.records().size() == 1);
  CHECK(second.post(alert()).status == 200);  // that copy was answered: this is another alert
  CHECK(hub.journal.records().size() == 2);
}

TEST_CASE("a first copy that failed is forgotten, so that its repeat is stored") {
  IngestServer hub;
  hub.journal.hold();
  {
    Client first{hub.port()};
    send(first, alert());
    hub.journal.wait_for_held(1);
    first.reset();
  }
  REQUIRE(eventually([&] { return hub.server->connections() == 0; }));
  hub.journal.fail_with(core::Error{core::Fault::Io, "the disk failed"});
  hub.journal.release();
  hub.journal.fail_with({});

  Client second{hub.port()};
  Answer answer = second.post(alert());
  if (answer.status == 503)
    answer = second.post(alert());  // it came while the first was still being answered, and shares its fault

  CHECK(answer.status == 200);
  CHECK(hub.journal.records().size() == 1);
}

TEST_CASE("a client that closed before its answer came sends again, and that is the same alert") {
  HttpServerOptions options;
  options.loops = 1;
  IngestServer hub{options};
  hub.journal.hold();
  {
    Client first{hub.port()};
    send(first, alert());
    hub.journal.wait_for_held(1);
  }  // closed properly, as a client does after a timeout of its own
  // The loop hears things in their order: when this is answered, it has heard of the end before it.
  REQUIRE(Client{hub.port()}.get("/ping").status == 200);
  hub.journal.release();
  REQUIRE(eventually([&] { return hub.server->connections() == 0; }));

  Client second{hub.port()};
  CHECK_FALSE(second.post(alert()).header("Tocsin-Alert-Id").empty());

  CHECK(hub.journal.records().size() == 1);
}

TEST_CASE("a numbered batch that comes twice is stored once, also when it is cut differently") {
  IngestServer hub;
  Client client{hub.port()};
  const auto headers = [](int first) {
    return fmt::format("Tocsin-Producer: boot-1\r\nTocsin-Sequence: {}\r\n", first);
  };

  CHECK(client.post("[" + alert("0") + "," + alert("1") + "]", headers(0)).body ==
        "{\"accepted\":2,\"rejected\":[]}\n");
  CHECK(client.post("[" + alert("0") + "," + alert("1") + "]", headers(0)).body ==
        "{\"accepted\":2,\"rejected\":[]}\n");
  CHECK(client.post("[" + alert("1") + "," + alert("2") + "]", headers(1)).body ==
        "{\"accepted\":2,\"rejected\":[]}\n");
  CHECK(client.post(alert("5"), headers(5)).status == 200);
  CHECK(client.post(alert("3"), headers(3)).status == 200);  // overtaken, not a repeat
  CHECK(hub.journal.records().size() == 5);

  CHECK(client.post(alert("0"), "Tocsin-Producer: boot-2\r\nTocsin-Sequence: 0\r\n").status == 200);
  CHECK(hub.journal.records().size() == 6);
  CHECK(client.post(alert("0"), "Tocsin-Producer: boot-2\r\n").status == 400);
}

TEST_CASE("a producer's heartbeat is answered 200 and stores nothing") {
  IngestServer hub;
  Client client{hub.port()};

  const Answer answer = client.post("", "Tocsin-Producer: boot-1\r\n");

  CHECK(answer.status == 200);
  CHECK(answer.header("Tocsin-Hub") == "1");
  CHECK(hub.journal.records().empty());
}

TEST_CASE("a numbered batch that could not be stored is new when it comes again") {
  IngestServer hub;
  Client client{hub.port()};
  const std::string headers = "Tocsin-Producer: boot-1\r\nTocsin-Sequence: 7\r\n";

  hub.journal.fail_with(core::Error{core::Fault::Full, "the disk is full"});
  CHECK(client.post("[" + alert() + "]", headers).status == 503);
  hub.journal.fail_with({});

  CHECK(client.post("[" + alert() + "]", headers).status == 200);
  CHECK(hub.journal.records().size() == 1);
}

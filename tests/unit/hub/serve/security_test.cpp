// What the doors refuse, and whom they let in.
#include "core/text.h"
#include "hub/http/inflate.h"
#include "hub/http/strict.h"
#include "hub/ingest/identity.h"
#include "outputs/gzip.h"
#include "tests/support/catch.h"
#include "tests/unit/hub/serve/ingest_server.h"

#include <nlohmann/json.hpp>

using namespace hub;
using namespace hub::test;
using namespace std::chrono_literals;

namespace {

std::string post(std::string_view body, std::string_view headers = {}, std::string_view target = "/") {
  return fmt::format("POST {} HTTP/1.1\r\nHost: h\r\n{}Content-Length: {}\r\n\r\n{}", target, headers, body.size(),
                     body);
}

nlohmann::json stored(const IngestServer& hub, std::size_t index) {
  return nlohmann::json::parse(hub.journal.records().at(index).payload.substr(25), nullptr, false);
}

void guard(IngestServer& hub, std::vector<std::string> hosts = {}) {
  hub.room.access =
      Access{{{.name = "node-a",
               .token = core::Secret{"a-token-of-24-characters"},
               .certificate = "",
               .hosts = std::move(hosts)},
              {.name = "node-b", .token = core::Secret{"another-token-of-its-own"}, .certificate = "", .hosts = {}}},
             {"/ping", "/healthz", "/readyz"}};
}

}  // namespace

TEST_CASE("more requests in one go than may be under way wait for a slow journal, and all are answered") {
  IngestServer hub;
  Client client{hub.port()};
  hub.journal.hold();
  std::string all;
  for (int i = 0; i < 150; ++i) all += post(alert(fmt::format("rule {}", i)));

  client.write(all);
  hub.journal.wait_for_held(64);
  hub.journal.release();

  for (int i = 0; i < 150; ++i) REQUIRE(client.read().status == 200);
  CHECK(hub.journal.records().size() == 150);
}

TEST_CASE("what two servers could read in two ways is refused, and the connection closed") {
  const std::string chunk = "Transfer-Encoding: chunked\r\n\r\n";
  for (const std::string& request : {
           std::string{"POST / HTTP/1.1\r\nHost: h\r\nX: a\r\n folded\r\nContent-Length: 2\r\n\r\n{}"},
           std::string{"POST / HTTP/1.1\r\nHost: h\r\nX: a\r\n\tfolded\r\nContent-Length: 2\r\n\r\n{}"},
           std::string{"POST / HTTP/1.1\r\nHost: h\nContent-Length: 2\r\n\r\n{}"},
           std::string{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length : 2\r\n\r\n{}"},
           std::string{"POST / HTTP/1.1\r\nHost: h\r\nContent(Length: 2\r\n\r\n{}"},
           std::string{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +2\r\n\r\n{}"},
           std::string{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2, 2\r\n\r\n{}"},
           std::string{"POST / HTTP/1.1\r\nHost: h\r\nHost: i\r\nContent-Length: 2\r\n\r\n{}"},
           std::string{"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"},
           std::string{"POST http://h/ HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"},
           std::string{"POST / HTTP/1.0\r\n"} + chunk + "0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: h\r\n" + chunk + "2;a=b\r\n{}\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: h\r\n" + chunk + "2\r\n{}\r\n0\r\nX: trailer\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: h\r\n" + chunk + "2\n{}\r\n0\r\n\r\n",
       }) {
    INFO(request);
    IngestServer hub;
    Client client{hub.port()};

    client.write(request + "GET /ping HTTP/1.1\r\nHost: h\r\n\r\n");

    CHECK(client.read().status == 400);
    CHECK(client.at_end());
    Client slow{hub.port()};
    for (const char c : request) slow.write({&c, 1});
    CHECK(slow.read().status == 400);
    CHECK(slow.at_end());
    CHECK(hub.journal.records().empty());
  }
}

TEST_CASE("a head is strict when every line ends with CRLF and none is folded") {
  CHECK(why_not_strict("GET /a HTTP/1.1\r\nHost: h\r\n\r\n").empty());
  CHECK(why_not_strict("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").empty());
  CHECK_FALSE(why_not_strict("GET /a HTTP/1.1\r\nX: a\r\n b\r\n\r\n").empty());
  CHECK_FALSE(why_not_strict("GET /a HTTP/1.1\nHost: h\r\n\r\n").empty());
  CHECK_FALSE(why_not_strict("GET /a HTTP/1.1\r\nX: a\rb\r\n\r\n").empty());
  CHECK_FALSE(why_not_strict("GET http://h/ HTTP/1.1\r\n\r\n").empty());
}

TEST_CASE("a gzip body is taken, a bomb and another coding are not, and the connection stays") {
  IngestServer hub;
  Client client{hub.port()};
  const std::string packed = outputs::gzip(alert());

  CHECK(client.post(packed, "Content-Encoding: gzip\r\n").status == 200);
  CHECK(client.post(outputs::gzip(std::string(7 << 20, ' ')), "Content-Encoding: gzip\r\n").status == 413);
  CHECK(client.post(packed.substr(0, packed.size() - 3), "Content-Encoding: gzip\r\n").status == 400);
  CHECK(client.post(packed + "x", "Content-Encoding: gzip\r\n").status == 400);
  CHECK(client.post("{}", "Content-Encoding: br\r\n").status == 415);
  CHECK(client.post(alert(), "Content-Encoding: identity\r\n").status == 200);

  CHECK(hub.journal.records().size() == 2);
}

TEST_CASE("one address has so many connections, and the next one is closed") {
  HttpServerOptions options;
  options.quota.connections = 2;
  std::atomic<int> refused = 0;
  options.refused = [&refused](std::string_view reason) { refused += reason == "connections"; };
  IngestServer hub{options};
  {
    Client one{hub.port()}, two{hub.port()};
    REQUIRE(one.get("/ping").status == 200);
    REQUIRE(two.get("/ping").status == 200);

    Client three{hub.port()};
    CHECK(three.at_end());
    CHECK(refused == 1);
    CHECK(one.get("/ping").status == 200);
  }
  for (int tries = 0; hub.server->connections() > 0 && tries < 1000; ++tries) std::this_thread::sleep_for(5ms);
  Client again{hub.port()};
  CHECK(again.get("/ping").status == 200);
}

TEST_CASE("one address has so many requests a second, and hears 429 beyond") {
  HttpServerOptions options;
  options.quota.requests = {.per_second = 0.001, .burst = 3};
  IngestServer hub{options};
  Client client{hub.port()};

  for (int i = 0; i < 3; ++i) CHECK(client.get("/ping").status == 200);
  const Answer answer = client.get("/ping");

  CHECK(answer.status == 429);
  CHECK(answer.header("Retry-After") == "1");
  Client other{hub.port()};
  CHECK(other.get("/ping").status == 429);
}

TEST_CASE("once there are producers, only they may send, by bearer, by basic and by path") {
  IngestServer hub;
  guard(hub);
  Client client{hub.port()};
  const std::string basic = core::base64("node-a:a-token-of-24-characters");

  CHECK(client.post(alert()).status == 401);
  CHECK_FALSE(client.post(alert()).header("WWW-Authenticate").empty());
  CHECK(client.post(alert(), "Authorization: Bearer a-token-of-24-character\r\n").status == 401);
  CHECK(client.post(alert(), "Authorization: Bearer \r\n").status == 401);
  CHECK(
      client.post(alert(), fmt::format("Authorization: Basic {}\r\n", core::base64("node-b:a-token-of-24-characters")))
          .status == 401);
  CHECK(client.post(alert(), "", "/token/").status == 401);
  CHECK(client.post(alert(), "", "/token/wrong").status == 401);
  CHECK(client.get("/metrics").status == 401);
  CHECK(client.get("/status").status == 401);
  CHECK(hub.journal.records().empty());

  CHECK(client.get("/ping").status == 200);
  CHECK(client.get("/healthz").status == 200);
  CHECK(client.post(alert("bearer"), "Authorization: bearer  a-token-of-24-characters\r\n").status == 200);
  CHECK(client.post(alert("basic"), fmt::format("Authorization: Basic {}\r\n", basic)).status == 200);
  CHECK(client.post(alert("path"), "", "/token/another-token-of-its-own?x=1").status == 200);

  REQUIRE(hub.journal.records().size() == 3);
  CHECK(stored(hub, 0)["output_fields"]["tocsin.producer"] == "node-a");
  CHECK(stored(hub, 1)["output_fields"]["tocsin.producer"] == "node-a");
  CHECK(stored(hub, 2)["output_fields"]["tocsin.producer"] == "node-b");
}

TEST_CASE("a producer cannot speak as another one, and a hostname that is not its own is marked") {
  IngestServer hub;
  guard(hub, {"node-a", "vm-*"});
  Client client{hub.port()};
  const std::string_view token = "Authorization: Bearer a-token-of-24-characters\r\n";
  const std::string forged =
      R"({"output":"o","priority":"Error","rule":"R","time":"2019-05-17T15:31:56Z","output_fields":{"tocsin.producer":"node-b"}})";
  const std::string hidden =
      R"({"output":"o","priority":"Error","rule":"R","time":"2019-05-17T15:31:56Z","output\u005ffields":{"a":"b"}})";

  const std::string two_cases =
      R"({"output":"o","priority":"Error","rule":"R","time":"2019-05-17T15:31:56Z","output_fields":{"a":"b"},"Output_fields":{"tocsin.producer":"node-b"}})";

  CHECK(client.post(forged, token).status == 400);
  CHECK(client.post(two_cases, token).status == 400);
  CHECK(client.post(hidden, token).status == 400);
  CHECK(client.post(alert("own", R"(,"hostname":"vm-7")"), token).status == 200);
  CHECK(client.post(alert("other", R"(,"hostname":"db")"), token).status == 200);
  CHECK(client
            .post(alert("line", R"(,"hostname":"node-a")") + "\n{broken\n" + alert("two", R"(,"hostname":"node-a")"),
                  token)
            .status == 200);

  REQUIRE(hub.journal.records().size() == 4);
  CHECK_FALSE(stored(hub, 0)["output_fields"].contains("tocsin.hostname_disputed"));
  CHECK(stored(hub, 1)["output_fields"]["tocsin.hostname_disputed"] == "true");
  CHECK(stored(hub, 2)["output_fields"]["tocsin.producer"] == "node-a");
  CHECK(stored(hub, 3)["output_fields"]["tocsin.producer"] == "node-a");
}

TEST_CASE("an alert without output fields has its producer's name too, where it may come without") {
  IngestServer hub;
  guard(hub);
  IngestRoom room{hub.journal, hub.metrics, {.needs_fields = false}};
  room.access = hub.room.access;
  HttpServerOptions options;
  options.port = 0;
  options.loops = 1;
  auto server = HttpServer::open(options, [&](unsigned) { return std::make_unique<Endpoints>(room, hub.report); });
  REQUIRE(server);
  Client client{(*server)->port()};

  CHECK(client
            .post(R"({"output":"o","priority":"Error","rule":"R","time":"2019-05-17T15:31:56Z"})",
                  "Authorization: Bearer a-token-of-24-characters\r\n")
            .status == 200);

  REQUIRE(hub.journal.records().size() == 1);
  CHECK(stored(hub, 0)["output_fields"]["tocsin.producer"] == "node-a");
}

TEST_CASE("a field is added to output_fields and nowhere else") {
  const auto add = [](std::string_view json) { return add_output_field(json, "p", "v"); };
  CHECK(add(R"({"output_fields":{"a":1}})") == R"({"output_fields":{"p":"v","a":1}})");
  CHECK(add(R"([{"output_fields" : { "a":1}},{"output_fields":{"b":2}}])") ==
        R"([{"output_fields" : {"p":"v", "a":1}},{"output_fields":{"p":"v","b":2}}])");
  CHECK(add(R"({"x":{"output_fields":{"a":1}},"s":"\"output_fields\":{"})") ==
        R"({"x":{"output_fields":{"a":1}},"s":"\"output_fields\":{"})");
  CHECK(add(R"({"output_fields":{}})") == R"({"output_fields":{"p":"v"}})");
  CHECK(add(R"({"output_fields":)") == R"({"output_fields":)");
  CHECK(add(R"({"output_fields":"{a")") == R"({"output_fields":"{a")");
}

TEST_CASE("hostnames are compared whole, or up to a star") {
  CHECK(is_one_of("node-a", {"node-a"}));
  CHECK_FALSE(is_one_of("node-ab", {"node-a"}));
  CHECK(is_one_of("node-ab", {"x", "node-*"}));
  CHECK(is_one_of("a.example.org", {"*.example.org"}));
  CHECK_FALSE(is_one_of("", {"node-*"}));
  CHECK(is_one_of("", {"*"}));
}

// HTTP as clients speak it, well or ill.
#include "tests/support/catch.h"
#include "tests/unit/hub/serve/ingest_server.h"

using namespace hub;
using namespace hub::test;
using namespace std::chrono_literals;

TEST_CASE("requests sent in one go are answered in their order") {
  IngestServer hub;
  Client client{hub.port()};
  std::string all;
  for (int i = 0; i < 200; ++i) {
    const std::string body = alert(fmt::format("rule {}", i));
    all += fmt::format("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
    all += "GET /ping HTTP/1.1\r\nHost: h\r\n\r\n";
  }

  client.write(all);

  for (int i = 0; i < 200; ++i) {
    REQUIRE_FALSE(client.read().header("Tocsin-Alert-Id").empty());
    REQUIRE(client.read().body == "pong\n");
  }
}

TEST_CASE("a request may come byte by byte, or in chunks") {
  IngestServer hub;
  Client client{hub.port()};
  const std::string body = alert();

  for (const char c : fmt::format("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{}", body.size(), body))
    client.write({&c, 1});
  CHECK(client.read().status == 200);
  client.write(fmt::format(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n", 10,
      body.substr(0, 10), body.size() - 10, body.substr(10)));
  CHECK(client.read().status == 200);

  CHECK(hub.journal.records().size() == 2);
}

TEST_CASE("a client that asks first is told to go on") {
  IngestServer hub;
  Client client{hub.port()};
  const std::string body = alert();

  client.write(
      fmt::format("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n", body.size()));
  CHECK(client.read().status == 100);
  client.write(body);

  CHECK(client.read().status == 200);
}

TEST_CASE("a request that two servers could read in two ways is refused, and the connection closed") {
  for (const char* headers :
       {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Content-Length: 4\r\nContent-Length: 5\r\n", "Content-Length: 4\r\nContent-Length: 4\r\n",
        "Content-Length: -1\r\n", "Transfer-Encoding: gzip\r\n", "Transfer-Encoding: gzip, chunked\r\n"}) {
    INFO(headers);
    IngestServer hub;
    Client client{hub.port()};

    client.write(fmt::format("POST / HTTP/1.1\r\nHost: h\r\n{}\r\n0\r\n\r\n", headers));

    CHECK(client.read().status == 400);
    CHECK(client.at_end());
  }
}

TEST_CASE("a body over the limit is answered 413, and so is a single alert over its own") {
  HttpServerOptions options;
  options.body_bytes = 3 << 20;
  IngestServer hub{options};

  Client large{hub.port()};
  large.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000\r\n\r\n");
  CHECK(large.read().status == 413);
  CHECK(large.at_end());
  Client single{hub.port()};
  const Answer answer = single.post(alert(
      "r", fmt::format(R"(,"x":["{:a>200000}","{:a>200000}","{:a>200000}","{:a>200000}","{:a>200000}","{:a>200000}"])",
                       "", "", "", "", "", "")));
  CHECK(answer.status == 413);
  CHECK(answer.header("Tocsin-Error") == "the alert has more than 1048576 bytes");
  CHECK(single.get("/ping").status == 200);
}

TEST_CASE("who is slow with headers or body is cut off, and who says nothing is let go") {
  HttpServerOptions options;
  options.header_deadline = 100ms;
  options.body_deadline = 100ms;
  options.idle_deadline = 100ms;
  IngestServer hub{options};

  Client slow_headers{hub.port()}, slow_body{hub.port()}, silent{hub.port()};
  slow_headers.write("POST / HTT");
  slow_body.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{");

  CHECK(slow_headers.read().status == 408);
  CHECK(slow_headers.at_end());
  CHECK(slow_body.read().status == 408);
  CHECK(slow_body.at_end());
  CHECK(silent.at_end());
}

TEST_CASE("a client that closes its sending side still gets its answer") {
  IngestServer hub;
  Client client{hub.port()};
  hub.journal.hold();

  const std::string body = alert();
  client.write(fmt::format("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
  client.shut();
  hub.journal.wait_for_held(1);
  hub.journal.release();

  CHECK(client.read().status == 200);
  CHECK(client.at_end());
}

TEST_CASE("HEAD gets headers alone, and Connection: close is honoured") {
  IngestServer hub;
  Client client{hub.port()};

  client.write("HEAD /ping HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");

  const Answer answer = client.read();  // ends with the connection: the length is that of the body it would have had
  CHECK(answer.head.rfind("HTTP/1.1 200 OK\r\n", 0) == 0);
  CHECK(answer.header("Content-Length") == "5");
  CHECK(answer.header("Connection") == "close");
  CHECK(client.at_end());
}

TEST_CASE("at the end, requests under way are answered and idle connections closed") {
  IngestServer hub;
  Client idle{hub.port()}, busy{hub.port()};
  REQUIRE(idle.get("/ping").status == 200);
  hub.journal.hold();
  const std::string body = alert();
  busy.write(fmt::format("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
  hub.journal.wait_for_held(1);

  std::thread stopping{[&] { hub.server->stop(10s); }};
  CHECK(idle.at_end());
  hub.journal.release();

  const Answer answer = busy.read();
  // No word on its Connection header: its loop may hear of the end after the other one, and after this answer.
  CHECK(answer.status == 200);
  CHECK(busy.at_end());
  stopping.join();
  CHECK_THROWS(Client{hub.port()});
}

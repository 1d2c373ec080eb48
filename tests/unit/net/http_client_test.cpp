// The client against a server that misbehaves in every way we know.
#include "net/http_client.h"
#include "tests/support/catch.h"
#include "tests/support/loop.h"
#include "tests/support/stub_server.h"

#include <boost/asio/ip/tcp.hpp>

using namespace std::chrono_literals;
using core::Fault;
using test::http_answer;
using test::StubAnswer;
using test::StubRequest;
using test::StubServer;
using Then = StubAnswer::Then;

namespace {

struct Caller {
  boost::asio::io_context loop;
  std::unique_ptr<net::HttpClient> client;

  explicit Caller(net::HttpClientOptions options = {}) {
    auto made = net::HttpClient::make(loop.get_executor(), std::move(options));
    REQUIRE(made);
    client = std::move(*made);
  }
  core::Result<net::HttpReply> post(const std::string& url, const std::string& body = "{}",
                                    std::vector<net::Header> headers = {}) {
    net::HttpRequest request{.url = *net::Url::parse(url), .headers = std::move(headers), .body = body};
    return test::run(loop, client->exchange(std::move(request)));
  }
};

}  // namespace

TEST_CASE("a request goes out as it was built, and the reply comes back whole") {
  StubServer server{[](const StubRequest&) { return StubAnswer{http_answer(201, "stored", "X-Id: 7\r\n")}; }};
  Caller caller;

  const auto reply = caller.post(server.url("/hook?x=1"), "{\"a\":1}\n", {{"Content-Type", "application/json"}});

  REQUIRE(reply);
  CHECK(reply->status == 201);
  CHECK(reply->body == "stored");
  CHECK(reply->header("x-id") == "7");
  const auto request = server.requests().at(0);
  CHECK(request.head == "POST /hook?x=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                            "\r\nContent-Type: application/json\r\nUser-Agent: Tocsin\r\nContent-Length: 8\r\n");
  CHECK(request.body == "{\"a\":1}\n");
}

TEST_CASE("every status is a reply, and a redirect is not followed") {
  StubServer elsewhere{[](const StubRequest&) { return StubAnswer{http_answer(200, "stolen")}; }};
  for (const int status : {200, 204, 301, 307, 400, 401, 404, 413, 429, 500, 503}) {
    StubServer server{[&](const StubRequest&) {
      return StubAnswer{http_answer(status, status == 204 ? "" : "x", "Location: " + elsewhere.url() + "\r\n")};
    }};
    Caller caller;

    const auto reply = caller.post(server.url());

    REQUIRE(reply);
    CHECK(reply->status == status);
  }
  CHECK(elsewhere.connections() == 0);
}

TEST_CASE("a hundred requests use one connection") {
  StubServer server{[](const StubRequest&) { return StubAnswer{http_answer(200, "ok")}; }};
  Caller caller;

  for (int i = 0; i < 100; ++i) REQUIRE(caller.post(server.url()));

  CHECK(server.connections() == 1);
  CHECK(server.requests().size() == 100);
}

TEST_CASE("a kept connection that the server closed meanwhile is replaced once, without a fault") {
  StubServer server{[](const StubRequest&) { return StubAnswer{http_answer(200, "ok"), Then::Close}; }};
  Caller caller;

  for (int i = 0; i < 5; ++i) REQUIRE(caller.post(server.url()));

  CHECK(server.requests().size() == 5);
}

TEST_CASE("a reply that says close is not followed by a request on its connection") {
  StubServer server{[](const StubRequest&) { return StubAnswer{http_answer(200, "ok", "Connection: close\r\n")}; }};
  Caller caller;

  REQUIRE(caller.post(server.url()));
  REQUIRE(caller.post(server.url()));

  CHECK(server.connections() == 2);
}

TEST_CASE("a server that takes the request and says nothing is a Timeout") {
  StubServer server{[](const StubRequest&) { return StubAnswer{"", Then::Hang}; }};
  Caller caller{{.total_timeout = 150ms}};

  const auto reply = caller.post(server.url("/secret-path"));

  REQUIRE_FALSE(reply);
  CHECK(reply.error().fault == Fault::Timeout);
  CHECK(reply.error().what.find("secret-path") == std::string::npos);
}

TEST_CASE("a server that stops in the middle of the reply is a Timeout too") {
  StubServer server{[](const StubRequest&) {
    return StubAnswer{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", Then::Hang};
  }};
  Caller caller{{.total_timeout = 150ms}};

  const auto reply = caller.post(server.url());

  REQUIRE_FALSE(reply);
  CHECK(reply.error().fault == Fault::Timeout);
}

TEST_CASE("a port where nobody listens is Unreachable") {
  std::string url;
  {
    StubServer server{[](const StubRequest&) { return StubAnswer{}; }};
    url = server.url();
  }
  Caller caller;

  const auto reply = caller.post(url);

  REQUIRE_FALSE(reply);
  CHECK(reply.error().fault == Fault::Unreachable);
}

TEST_CASE("a name that does not exist is Unreachable, or Timeout when the resolver is slow") {
  Caller caller{{.connect_timeout = 2s}};

  const auto reply = caller.post("http://no-such-host.invalid/");

  REQUIRE_FALSE(reply);
  CHECK((reply.error().fault == Fault::Unreachable || reply.error().fault == Fault::Timeout));
}

TEST_CASE("a reply cut in the middle, or not begun, on a fresh connection is Io") {
  for (const std::string bytes :
       {"", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"}) {
    StubServer server{[&](const StubRequest&) { return StubAnswer{bytes, Then::Close}; }};
    Caller caller;

    const auto reply = caller.post(server.url());

    REQUIRE_FALSE(reply);
    CHECK(reply.error().fault == Fault::Io);
    CHECK(server.requests().size() == 1);
  }
}

TEST_CASE("what is not HTTP is Invalid") {
  StubServer server{[](const StubRequest&) { return StubAnswer{"SSH-2.0-OpenSSH_9.2\r\n\r\n", Then::Close}; }};
  Caller caller;

  const auto reply = caller.post(server.url());

  REQUIRE_FALSE(reply);
  CHECK(reply.error().fault == Fault::Invalid);
}

TEST_CASE("a huge reply is kept up to the bound, and its connection is not used again") {
  StubServer server{[](const StubRequest&) { return StubAnswer{http_answer(200, std::string(5'000'000, 'x'))}; }};
  Caller caller{{.max_reply_bytes = 1000}};

  const auto reply = caller.post(server.url());
  REQUIRE(caller.post(server.url()));

  REQUIRE(reply);
  CHECK(reply->status == 200);
  CHECK(reply->body == std::string(1000, 'x'));
  CHECK(server.connections() == 2);
}

TEST_CASE("chunked replies, replies that end with the connection, and 100 Continue are understood") {
  for (const std::string bytes :
       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nhello",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
        "5\r\n\r\nhello"}) {
    StubServer server{[&](const StubRequest&) { return StubAnswer{bytes, Then::Close}; }};
    Caller caller;

    const auto reply = caller.post(server.url());

    REQUIRE(reply);
    CHECK(reply->status == 200);
    CHECK(reply->body == "hello");
  }
}

TEST_CASE("a large body arrives complete") {
  StubServer server{[](const StubRequest&) { return StubAnswer{http_answer(200, "")}; }};
  Caller caller;
  std::string body;
  while (body.size() < 8'000'000) body += std::to_string(body.size()) + ",";

  REQUIRE(caller.post(server.url(), body));

  CHECK(server.requests().at(0).body == body);
}

TEST_CASE("a header that would break out of its line is refused before anything is sent") {
  StubServer server{[](const StubRequest&) { return StubAnswer{http_answer(200, "")}; }};
  Caller caller;

  for (const net::Header& header :
       {net::Header{"X-A", "a\r\nX-B: b"}, net::Header{"X-A", std::string{"a\0b", 3}}, net::Header{"X A", "a"},
        net::Header{"", "a"}, net::Header{"X-A:", "a"}, net::Header{"Content-Length", "1"}}) {
    const auto reply = caller.post(server.url(), "{}", {header});
    REQUIRE_FALSE(reply);
    CHECK(reply.error().fault == Fault::Invalid);
  }
  CHECK(server.connections() == 0);
}

TEST_CASE("credentials in the URL become basic authentication") {
  StubServer server{[](const StubRequest&) { return StubAnswer{http_answer(200, "")}; }};
  Caller caller;

  REQUIRE(caller.post("http://w:s@127.0.0.1:" + std::to_string(server.port()) + "/"));

  CHECK(server.requests().at(0).head.find("Authorization: Basic dzpz\r\n") != std::string::npos);
}

TEST_CASE("a client may end while its loop still knows idle connections") {
  StubServer server{[](const StubRequest&) { return StubAnswer{http_answer(200, "")}; }};
  Caller caller;
  REQUIRE(caller.post(server.url()));

  caller.client.reset();

  caller.loop.restart();
  caller.loop.run();  // ends: nothing is left that waits for 30 s
}

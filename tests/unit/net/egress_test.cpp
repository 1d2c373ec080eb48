// The egress guard, and the client behind it.
#include "net/egress.h"
#include "net/http_client.h"
#include "tests/support/catch.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

using boost::asio::ip::make_address;

TEST_CASE("link-local and metadata addresses are out of reach until somebody allows them") {
  net::Egress egress;
  for (const char* address : {"169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "fd00:ec2::254", "224.0.0.1"}) {
    INFO(address);
    CHECK_FALSE(egress.why_not(make_address(address)).empty());
  }
  for (const char* address : {"127.0.0.1", "10.1.2.3", "1.1.1.1", "2606:4700::1111", "169.253.0.1"}) {
    INFO(address);
    CHECK(egress.why_not(make_address(address)).empty());
  }

  egress.allow.push_back(*net::Network::parse("169.254.169.254"));

  CHECK(egress.why_not(make_address("169.254.169.254")).empty());
  CHECK_FALSE(egress.why_not(make_address("169.254.169.253")).empty());
}

TEST_CASE("private networks are denied when asked for, and a network of one's own wins over that") {
  net::Egress egress;
  egress.deny_private = true;
  egress.allow.push_back(*net::Network::parse("10.7.0.0/16"));
  egress.deny.push_back(*net::Network::parse("203.0.113.0/24"));

  CHECK_FALSE(egress.why_not(make_address("127.0.0.1")).empty());
  CHECK_FALSE(egress.why_not(make_address("::1")).empty());
  CHECK_FALSE(egress.why_not(make_address("192.168.1.1")).empty());
  CHECK_FALSE(egress.why_not(make_address("172.31.255.255")).empty());
  CHECK(egress.why_not(make_address("172.32.0.0")).empty());
  CHECK(egress.why_not(make_address("10.7.255.1")).empty());
  CHECK_FALSE(egress.why_not(make_address("10.8.0.1")).empty());
  CHECK_FALSE(egress.why_not(make_address("203.0.113.9")).empty());
}

TEST_CASE("what is no network is refused") {
  for (const char* text : {"", "10.0.0.0/33", "10.0.0.0/", "::/129", "host", "10.0.0.0/8x", "10.0.0/8"}) {
    INFO(text);
    CHECK_FALSE(net::Network::parse(text));
  }
}

TEST_CASE("the client connects to no denied address, whatever name led there") {
  boost::asio::io_context loop;
  net::HttpClientOptions options;
  options.egress.deny.push_back(*net::Network::parse("127.0.0.0/8"));
  options.egress.deny.push_back(*net::Network::parse("::1"));
  auto client = net::HttpClient::make(loop.get_executor(), std::move(options));
  REQUIRE(client);
  net::HttpRequest request{.url = *net::Url::parse("http://localhost:1/x?token=secret")};

  auto replied = boost::asio::co_spawn(loop, (*client)->exchange(std::move(request)), boost::asio::use_future);
  loop.run();
  const auto reply = replied.get();

  REQUIRE_FALSE(reply);
  CHECK(reply.error().what.find("network.deny") != std::string::npos);
  CHECK(reply.error().what.find("secret") == std::string::npos);
}

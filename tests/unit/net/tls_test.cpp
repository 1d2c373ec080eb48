// Who is trusted, and who is not.
#include "net/http_client.h"
#include "tests/support/catch.h"
#include "tests/support/certificates.h"
#include "tests/support/loop.h"
#include "tests/support/stub_server.h"

using core::Fault;
using test::StubAnswer;
using test::StubRequest;
using test::StubServer;

namespace {

const test::Certificates& certificates() {
  static const test::Certificates made;
  return made;
}

core::Result<net::HttpReply> get(const StubServer& server, const std::string& host, net::TlsOptions tls) {
  boost::asio::io_context loop;
  auto client = net::HttpClient::make(loop.get_executor(), {.tls = std::move(tls)});
  REQUIRE(client);
  net::HttpRequest request{.url = *net::Url::parse(server.url("/", host))};
  return test::run(loop, (*client)->exchange(std::move(request)));
}

StubServer serve(const std::string& name, const std::string& names, int days) {
  const auto leaf = certificates().leaf(name, names, days);
  return StubServer{[](const StubRequest&) { return StubAnswer{test::http_answer(200, "ok")}; },
                    {leaf.certificate, leaf.key}};
}

}  // namespace

TEST_CASE("a server is trusted when a known authority signed its certificate for the name or address we asked for") {
  const StubServer server = serve("good", "DNS:localhost,IP:127.0.0.1", 10);

  const auto by_name = get(server, "localhost", {.ca_file = certificates().ca()});
  const auto by_address = get(server, "127.0.0.1", {.ca_file = certificates().ca()});

  CHECK(by_name);
  CHECK(by_address);
}

TEST_CASE("a server is refused before the request leaves when its authority, name, address or time is wrong") {
  const StubServer good = serve("good2", "DNS:localhost,IP:127.0.0.1", 10);
  const StubServer expired = serve("expired", "DNS:localhost", -1);
  const StubServer other = serve("other", "DNS:elsewhere.example,IP:127.0.0.2", 10);

  for (const auto& [server, host, ca] :
       {std::tuple{&good, "localhost", certificates().other_ca()}, std::tuple{&good, "localhost", std::string{}},
        std::tuple{&expired, "localhost", certificates().ca()}, std::tuple{&other, "localhost", certificates().ca()},
        std::tuple{&other, "127.0.0.1", certificates().ca()}}) {
    const auto reply = get(*server, host, {.ca_file = ca});

    REQUIRE_FALSE(reply);
    CHECK(reply.error().fault == Fault::Unreachable);
    CHECK(reply.error().what.find("TLS") != std::string::npos);
    CHECK(server->requests().empty());
  }
}

TEST_CASE("without verification any certificate will do, which is why it must be asked for") {
  const StubServer expired = serve("expired2", "DNS:elsewhere.example", -1);

  CHECK(get(expired, "localhost", {.verify = false}));
}

TEST_CASE("TLS files that cannot be used are a fault when the client is made, and named") {
  boost::asio::io_context loop;
  const auto leaf = certificates().leaf("mine", "DNS:me", 10);
  const auto stranger = certificates().leaf("stranger", "DNS:me", 10);

  for (const net::TlsOptions& tls :
       {net::TlsOptions{.ca_file = "/no/such/file"}, net::TlsOptions{.cert_file = leaf.certificate},
        net::TlsOptions{.cert_file = leaf.certificate, .key_file = "/no/such/file"},
        net::TlsOptions{.cert_file = leaf.certificate, .key_file = stranger.key}}) {
    const auto client = net::HttpClient::make(loop.get_executor(), {.tls = tls});
    REQUIRE_FALSE(client);
  }
}

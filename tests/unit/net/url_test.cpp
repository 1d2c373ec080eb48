// URLs and header names: what is taken, what is refused, what is never shown.
#include "net/url.h"
#include "net/http_message.h"
#include "tests/support/catch.h"

using net::Url;

TEST_CASE("a URL is taken apart into what a request needs") {
  const auto url = Url::parse("https://user:p%40ss@Hooks.Example.com:8443/a/b?x=1#there");

  REQUIRE(url);
  CHECK(url->tls);
  CHECK(url->host == "hooks.example.com");
  CHECK(url->port == 8443);
  CHECK(url->target == "/a/b?x=1");
  CHECK(url->userinfo.reveal() == "user:p@ss");
  CHECK(url->host_header() == "hooks.example.com:8443");
  CHECK(url->origin() == "https://hooks.example.com:8443");
}

TEST_CASE("a URL without a port has its scheme's, and without a path the root") {
  CHECK(Url::parse("http://a")->port == 80);
  CHECK(Url::parse("https://a")->port == 443);
  CHECK(Url::parse("http://a")->target == "/");
  CHECK(Url::parse("http://a?q=1")->target == "/?q=1");
  CHECK(Url::parse("http://a:80/")->host_header() == "a");
}

TEST_CASE("an IPv6 address loses its brackets as host and has them in the header") {
  const auto url = Url::parse("http://[::1]:8080/");

  REQUIRE(url);
  CHECK(url->host == "::1");
  CHECK(url->host_header() == "[::1]:8080");
}

TEST_CASE("a URL that would have to be guessed at is refused") {
  for (const char* text : {"", "example.com", "ftp://a/", "http://", "http://:80/", "http://a:0/", "http://a:65536/",
                           "http://a:x/", "http://a b/", "http://a/\r\nX: y", "http://[::1/", "http://[zz]/",
                           "http://a:/", "http://ä/", "http://a,b/", "http://a\\b/"})
    CHECK_FALSE(Url::parse(text));
}

TEST_CASE("a URL in a log shows neither its credentials nor the values of its query") {
  const auto url = Url::parse("https://me:secret@a/path?token=secret&x=secret");

  REQUIRE(url);
  CHECK(url->to_text().find("secret") == std::string::npos);
  CHECK(url->origin().find("secret") == std::string::npos);
}

TEST_CASE("a reply's header is found in any case") {
  const net::HttpReply reply{.status = 200, .headers = {{"Retry-After", "3"}}, .body = {}};

  CHECK(reply.header("retry-after") == "3");
  CHECK(reply.header("retry") == "");
}

// What each answer of a receiver means.
#include "detector/emit/http_verdict.h"
#include "tests/support/catch.h"

using namespace detector;
using Kind = Verdict::Kind;

namespace {

Verdict of(int status, std::size_t alerts, bool hub, std::string body = {}, std::vector<net::Header> headers = {}) {
  net::HttpReply reply{.status = status, .headers = std::move(headers), .body = std::move(body)};
  if (hub) reply.headers.push_back({"Tocsin-Hub", "1"});
  return judge(reply, alerts);
}

}  // namespace

TEST_CASE("a hub is known by its answer, and only an answer that took something makes somebody one or not") {
  CHECK(of(200, 1, true).hub == true);
  CHECK(of(200, 1, false).hub == false);
  CHECK_FALSE(of(502, 1, false).hub.has_value());
}

TEST_CASE("a batch that somebody else took counts as one alert taken, so that none is lost") {
  CHECK(of(200, 5, true).kind == Kind::Taken);
  CHECK(of(200, 5, false).kind == Kind::TakenFirst);
  CHECK(of(200, 1, false).kind == Kind::Taken);
}

TEST_CASE("alerts that a hub refused out of a batch are counted") {
  CHECK(of(200, 3, true, R"({"accepted":1,"rejected":[{"index":0,"error":"x"},{"index":2,"error":"y"}]})").rejected == 2);
  CHECK(of(200, 3, true, "nonsense").rejected == 0);
}

TEST_CASE("a refused batch is tried in halves, a refused alert is given up") {
  CHECK(of(400, 8, true).kind == Kind::Smaller);
  CHECK(of(413, 8, true).kind == Kind::Smaller);
  CHECK(of(400, 1, true).kind == Kind::Refused);
}

TEST_CASE("whoever is away, busy or misconfigured is asked again") {
  for (const int status : {301, 401, 403, 404, 408, 429, 500, 502, 503}) {
    INFO(status);
    CHECK(of(status, 1, false).kind == Kind::Again);
  }
  CHECK(of(503, 1, false, {}, {{"Retry-After", "7"}}).retry_after_seconds == 7);
  CHECK(of(503, 1, false, {}, {{"Retry-After", "999999"}}).retry_after_seconds == 60);
  CHECK(judge(core::Error{core::Fault::Unreachable, "refused"}, 1).kind == Kind::Again);
}

TEST_CASE("only a 500 says that they looked at this very alert and could not deal with it") {
  CHECK(of(500, 1, false).answered);
  CHECK_FALSE(of(503, 1, false).answered);
  CHECK_FALSE(judge(core::Error{core::Fault::Timeout, "late"}, 1).answered);
}

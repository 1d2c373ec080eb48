#include "detector/emit/http_verdict.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace detector {
namespace {

unsigned retry_after(const net::HttpReply& reply) {
  const auto text = reply.header("Retry-After");
  unsigned seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);   // a date, or nonsense: 0, our own backoff
  return std::min(seconds, 60U);
}

// {"accepted":n,"rejected":[{"index":…,"error":…}]}
std::size_t count_rejected(const std::string& body) {
  const auto answer = nlohmann::json::parse(body, nullptr, false);
  if (!answer.is_object()) return 0;
  const auto rejected = answer.find("rejected");
  return rejected != answer.end() && rejected->is_array() ? rejected->size() : 0;
}

}  // namespace

Verdict judge(const core::Result<net::HttpReply>& reply, std::size_t alerts) {
  using Kind = Verdict::Kind;
  if (!reply) return {.kind = Kind::Again, .why = reply.error().what};

  const int status = reply->status;
  const bool hub = reply->header("Tocsin-Hub") == "1";
  Verdict verdict{.answered = true, .why = fmt::format("status {}", status)};
  if (status >= 200 && status < 300) {
    verdict.hub = hub;
    // Somebody else may read the first of several JSON objects and answer 200. Sending the rest again may repeat one; not sending may lose one.
    verdict.kind = hub || alerts <= 1 ? Kind::Taken : Kind::TakenFirst;
    if (hub && alerts > 1) verdict.rejected = count_rejected(reply->body);
    return verdict;
  }
  switch (status) {
    case 408: case 425: case 429:
    case 401: case 403: case 404: case 405: case 410: case 501:   // theirs or our operator's to repair; until then the spool keeps
      verdict.retry_after_seconds = retry_after(*reply);
      verdict.answered = false;
      return verdict;
    default: break;
  }
  if (status >= 400 && status < 500) {
    if (!hub) verdict.hub = false;      // 400 to a batch: perhaps they are a hub no more
    verdict.kind = alerts > 1 ? Kind::Smaller : Kind::Refused;
    return verdict;
  }
  if (status < 400) verdict.why += " (redirects are not followed)";
  verdict.retry_after_seconds = retry_after(*reply);
  verdict.answered = status == 500;     // 502, 503, 504: nobody looked at this alert
  return verdict;
}

}  // namespace detector

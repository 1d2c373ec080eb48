// What HTTP statuses mean where a vendor says nothing else, and how long "later" is.
#include "outputs/output.h"

#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace outputs {
namespace {

using namespace std::chrono_literals;

constexpr core::Duration kLongestWait = 1h;
constexpr std::size_t kQuoted = 200;  // bytes of a reply's body in a `why`

std::string describe(const net::HttpReply& reply) {
  const std::string_view body = core::trim(reply.body);
  if (body.empty()) return fmt::format("HTTP {}", reply.status);
  return fmt::format("HTTP {}: {}", reply.status, core::printable(core::truncate_utf8(body, kQuoted)));
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that HTTP servers must send.
std::optional<core::TimePoint> parse_http_date(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || text[3] != ',' || text[19] != ':' || text[22] != ':' || text.substr(25) != " GMT") return {};
  const auto month = kMonths.find(text.substr(8, 3));
  const auto day = number(text.substr(5, 2)), year = number(text.substr(12, 4));
  const auto hour = number(text.substr(17, 2)), minute = number(text.substr(20, 2)),
             second = number(text.substr(23, 2));
  if (month == std::string_view::npos || month % 3 != 0 || !day || !year || !hour || !minute || !second) return {};
  if (*hour < 0 || *hour > 23 || *minute < 0 || *minute > 59 || *second < 0 || *second > 60 || *day < 1) return {};
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(month / 3 + 1)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *year < 1970 || *year > 2261) return {};
  return std::chrono::sys_days{date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
         std::chrono::seconds{*second};
}

}  // namespace

boost::asio::awaitable<void> Output::close() {
  co_return;
}

core::Outcomes HttpOutput::judge(Batch batch, const net::HttpReply& reply) const {
  return core::same_for_all(batch.size(), judge_by_status(reply));
}

Preparation HttpOutput::prepare(std::span<const net::HttpReply>, const Attempt&) const {
  return Ready{};
}

std::vector<Amended> HttpOutput::amend(Batch, const net::HttpReply&, const core::Outcomes&) const {
  return {};
}

core::Duration retry_after(const net::HttpReply& reply, core::TimePoint now) {
  const std::string_view text = core::trim(reply.header("Retry-After"));
  if (text.empty()) return {};
  if (std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    const auto seconds = number(text);
    return seconds ? std::min<core::Duration>(std::chrono::seconds{*seconds}, kLongestWait) : kLongestWait;
  }
  const auto date = parse_http_date(text);
  if (!date || *date <= now) return {};
  return std::min<core::Duration>(*date - now, kLongestWait);
}

bool is_proxy_page(const net::HttpReply& reply) {
  return reply.status == 400 && core::trim(reply.body).starts_with('<');
}

core::Outcome judge_by_status(const net::HttpReply& reply) {
  const int status = reply.status;
  if (status / 100 == 2) return core::Delivered{};
  if (status == 429) return core::Throttle{retry_after(reply, core::now())};
  if (status == 503) {
    const core::Duration wait = retry_after(reply, core::now());
    if (wait > core::Duration{}) return core::Throttle{wait};
  }
  switch (status) {
    case 408:
    case 425:
      return core::Retry{describe(reply)};
    case 401:
    case 403:
    case 404:
    case 405:
    case 410:
    case 501:
      return core::Misconfigured{describe(reply)};
    default:
      break;
  }
  // A redirect is never followed: it could send alerts, and credentials, wherever a compromised sink likes.
  if (status / 100 == 3)
    return core::Misconfigured{fmt::format("HTTP {}: redirects are not followed; give the final address", status)};
  if (status / 100 == 4) return core::Reject{describe(reply)};
  return core::Retry{describe(reply)};
}

}  // namespace outputs

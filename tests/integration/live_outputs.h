// What the tests of outputs against real servers share: hostile alerts, one send, and a way to the server that is not
// the output's.
#pragma once

#include "core/text.h"
#include "net/http_client.h"
#include "tests/support/loop.h"
#include "tests/unit/outputs/make_output.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <map>

namespace live {

inline constexpr std::size_t kMany = 300;

inline std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  INFO(name);
  REQUIRE(value);
  return value;
}

// Texts that broke somebody's encoder once, in every place of an alert that its sender chooses.
inline std::vector<core::AlertRef> hostile_alerts(std::size_t count, const std::string& rule) {
  const std::vector<std::string> evil{"plain",
                                      "with \"quotes\" and 'more'",
                                      "back\\slash\\",
                                      "line\nbreak\r\ntab\t",
                                      "comma, equals= space",
                                      "<!channel> & <b>",
                                      "ünïcödé €😀",
                                      "\x01\x1b[31m",
                                      "{\"create\":{}}",
                                      "%s%n$(id)`id`",
                                      "",
                                      "#comment",
                                      std::string{"nul\0byte", 8},
                                      "\u202egnp.exe\u2066 bidi"};
  std::vector<core::AlertRef> alerts;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& text = evil[i % evil.size()];
    const nlohmann::json alert{{"output", text + std::to_string(i)},
                               {"priority", "Warning"},
                               {"rule", rule},
                               {"time", fmt::format("2026-11-21T12:{:02}:{:02}.{:09}Z", i / 60 % 60, i % 60, i)},
                               {"hostname", "host " + std::to_string(i % 7)},
                               {"source", "syscalls"},
                               {"tags", {"t,1", text}},
                               {"output_fields",
                                {{"proc.cmdline", text},
                                 {"proc.pid", i},
                                 {"evt.rawtime", 1507591916746609046LL},
                                 {"ratio", 0.5},
                                 {"flag", true},
                                 {"none", nullptr}}}};
    auto decoded = core::AlertDecoder{}.decode(alert.dump());
    REQUIRE(decoded);
    decoded->id = core::make_alert_id();
    alerts.push_back(std::make_shared<const core::Alert>(std::move(*decoded)));
  }
  return alerts;
}

inline core::Outcomes send(test::Made& made, const std::vector<core::AlertRef>& batch, std::size_t host = 0) {
  INFO(made.diagnostics.render());
  REQUIRE(made.output);
  return test::run(*made.loop, made.output->send(batch, {.number = 1, .now = core::now(), .host = host}));
}

inline std::string words(const core::Outcomes& outcomes) {
  std::map<std::string, std::size_t> counts;
  for (const auto& outcome : outcomes) ++counts[test::word(outcome)];
  std::string text;
  for (const auto& [one, count] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, one);
  return text;
}

inline std::string why(const core::Outcome& outcome) {
  if (const auto* retry = std::get_if<core::Retry>(&outcome)) return retry->why;
  if (const auto* reject = std::get_if<core::Reject>(&outcome)) return reject->why;
  if (const auto* misconfigured = std::get_if<core::Misconfigured>(&outcome)) return misconfigured->why;
  return {};
}

inline std::string call(const std::string& method, const std::string& url, const std::string& body = {}) {
  boost::asio::io_context loop;
  auto client = net::HttpClient::make(loop.get_executor(), {.max_reply_bytes = 64 << 20});
  REQUIRE(client);
  net::HttpRequest request{
      .method = method, .url = *net::Url::parse(url), .headers = {{"Content-Type", "application/json"}}, .body = body};
  const auto reply = test::run(loop, (*client)->exchange(std::move(request)));
  REQUIRE(reply);
  return reply->body;
}

}  // namespace live

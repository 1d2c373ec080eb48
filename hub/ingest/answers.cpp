#include "hub/ingest/answers.h"

#include "core/text.h"

#include <fmt/format.h>

namespace hub {
namespace {

constexpr std::string_view kHub = "Tocsin-Hub: 1\r\n";
constexpr std::string_view kPlain = "text/plain; charset=utf-8";
constexpr std::string_view kJson = "application/json";
constexpr std::size_t kMostReason = 512;

// A reason quotes what was sent: only printable ASCII goes into a header.
std::string error_line(std::string_view why) {
  std::string line = "Tocsin-Error: ";
  for (const char c : why.substr(0, kMostReason)) line += c >= ' ' && c <= '~' ? c : '?';
  return line + "\r\n";
}

// As Go's http.Error writes it, which falcosidekick uses.
Response go_error(int status, std::string_view body, std::string headers) {
  return {.status = status,
          .content_type = kPlain,
          .headers = std::string{kHub} + "X-Content-Type-Options: nosniff\r\n" + headers,
          .body = std::string{body} + "\n"};
}

}  // namespace

Response answer_empty() {
  return {.status = 200, .content_type = {}, .headers = std::string{kHub}, .body = {}};
}

Response answer_taken(const core::AlertId& id) {
  Response response = answer_empty();
  response.headers.append("Tocsin-Alert-Id: ").append(core::to_text(id)).append("\r\n");
  return response;
}

Response answer_several(std::size_t accepted, const std::vector<Rejected>& rejected) {
  std::string body = fmt::format("{{\"accepted\":{},\"rejected\":[", accepted);
  for (const Rejected& each : rejected) {
    if (&each != &rejected.front()) body += ',';
    body += fmt::format("{{\"index\":{},\"error\":{}}}", each.index, core::json_quote(each.why));
  }
  body += "]}\n";
  return {
      .status = accepted > 0 ? 200 : 400, .content_type = kJson, .headers = std::string{kHub}, .body = std::move(body)};
}

Response answer_bad_body(std::string_view why) {
  return go_error(400, "Please send a valid request body", error_line(why));
}

Response answer_bad_method() {
  return go_error(400, "Please send with post http method", {});
}

Response answer_unauthorized() {
  return go_error(401, "Please send a token that this hub knows", "WWW-Authenticate: Basic realm=\"tocsin-hub\"\r\n");
}

Response answer_too_large(std::string_view why) {
  return go_error(413, why, error_line(why));
}

Response answer_not_stored(const core::Error& error) {
  return go_error(503, error.what, "Retry-After: 5\r\n" + error_line(error.what));
}

Response answer_come_again(std::string_view why) {
  return go_error(503, why, "Retry-After: 1\r\n" + error_line(why));
}

}  // namespace hub

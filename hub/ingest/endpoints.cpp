#include "hub/ingest/endpoints.h"

#include "core/log.h"
#include "core/text.h"
#include "hub/ingest/answers.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>

namespace hub {
namespace {

constexpr std::string_view kHub = "Tocsin-Hub: 1\r\n";
constexpr std::string_view kPlain = "text/plain; charset=utf-8";
constexpr std::string_view kJson = "application/json";

Response text(int status, std::string_view type, std::string body) {
  return {.status = status, .content_type = type, .headers = std::string{kHub}, .body = std::move(body)};
}

// falcosidekick's own test alert. Its source becomes "internal" on the way, by the rule's name.
std::string test_alert() {
  return fmt::format(
      R"({{"output":"This is a test from falcosidekick","source":"debug","priority":"Debug","hostname":"falcosidekick","rule":"Test rule",)"
      R"("time":"{}","output_fields":{{"proc.name":"falcosidekick","user.name":"falcosidekick"}},"tags":["test","example"]}})",
      core::to_rfc3339(core::now()));
}

// Falco does not look at answers: without a line in our log nobody would ever learn of a wrong token. At most one in
// ten seconds, for strangers may be many.
void warn_of_stranger(const std::string& peer) {
  static std::atomic<std::int64_t> last = -10;
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  std::int64_t before = last;
  if (now - before < 10 || !last.compare_exchange_strong(before, now)) return;
  core::log_warning("sender_refused", {{"peer", peer}, {"why", "no token or certificate of a producer in hub.yaml"}});
}

}  // namespace

void Endpoints::handle(const Request& request, Reply reply) {
  const std::string_view path = request.path();
  const ProducerOptions* sender = nullptr;
  if (room_.access.is_guarded()) {
    sender = room_.access.find(request);
    if (sender == nullptr && !room_.access.is_open_path(path)) {
      room_.metrics.add(Metric::RequestsRefused, {"unauthorized"});
      warn_of_stranger(request.peer);
      return reply.send(answer_unauthorized());
    }
  }
  const bool posts = request.method == "POST";

  if (path == "/ping") return reply.send(text(200, kPlain, "pong\n"));
  if (path == "/healthz") return reply.send(text(200, kJson, R"({"status": "ok"})"));
  if (path == "/readyz") {
    const std::string why = report_.not_ready();
    if (why.empty()) return reply.send(text(200, kJson, R"({"status": "ok"})"));
    return reply.send(
        text(503, kJson, fmt::format(R"({{"status": "not ready", "reason": {}}})", core::json_quote(why))));
  }
  if (path == "/metrics")
    return reply.send(text(200, "text/plain; version=0.0.4; charset=utf-8", report_.metrics_text()));
  if (path == "/status") return reply.send(text(200, kJson, report_.status_json()));
  if (!posts) {
    room_.metrics.add(Metric::FalcosidekickInputs, {"requests", "rejected"});  // as there
    return reply.send(answer_bad_method());
  }
  if (path == "/test") return ingest_.take_body(test_alert(), std::move(reply));
  ingest_.take(request, std::move(reply), sender);
}

void Endpoints::broken(const RequestKey& key) {
  room_.repeats.broken(key, std::chrono::steady_clock::now());
}

void Endpoints::answered(const RequestKey& key, const Response& response) {
  room_.repeats.answered(key, response);
}

}  // namespace hub

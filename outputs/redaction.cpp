// See redaction.h. The body is searched before it is cut for quoting: a secret cut in two would not be found.
#include "outputs/redaction.h"

#include "core/text.h"

#include <algorithm>

namespace outputs {
namespace {

constexpr std::size_t kShortest = 8;
constexpr std::size_t kShortestOfPath = 16;  // "services" is no secret; Slack's tokens have 24 characters
constexpr std::string_view kRedacted = "<redacted>";

bool is_public(std::string_view header) {
  for (const std::string_view name : {"Content-Type", "Content-Encoding", "User-Agent", "Accept", "Idempotency-Key"})
    if (net::same_header_name(header, name)) return true;
  return false;
}

// In one pass: a hostile reply may hold the piece a hundred thousand times.
std::string without(const std::string& piece, std::string text) {
  auto at = text.find(piece);
  if (at == std::string::npos) return text;
  std::string out;
  std::size_t from = 0;
  for (; at != std::string::npos; at = text.find(piece, from)) {
    out.append(text, from, at - from).append(kRedacted);
    from = at + piece.size();
  }
  return out.append(text, from);
}

}  // namespace

Redaction::Redaction(const net::HttpRequest& request) {
  const std::string& target = request.url.target;
  const auto question = target.find('?');
  const std::string_view path = std::string_view{target}.substr(0, question);
  add(target);
  add(path);
  for (const std::string_view piece : core::split(path, '/'))
    if (piece.size() >= kShortestOfPath) add(piece);
  if (question != std::string::npos)
    for (const std::string_view parameter : core::split(std::string_view{target}.substr(question + 1), '&'))
      add(parameter.substr(parameter.find('=') + 1));  // not found: npos + 1 is 0, the whole

  const std::string& userinfo = request.url.userinfo.reveal();
  if (!userinfo.empty()) {
    add(userinfo);
    add(std::string_view{userinfo}.substr(userinfo.find(':') + 1));
    add(core::base64(userinfo));
  }
  for (const net::Header& header : request.headers) {
    if (is_public(header.name)) continue;
    add(header.value);
    add(std::string_view{header.value}.substr(header.value.find(' ') + 1));  // "Bearer …"
  }
  std::sort(pieces_.begin(), pieces_.end(), [](const auto& one, const auto& other) { return one.size() > other.size(); });
}

void Redaction::add(std::string_view piece) {
  if (piece.size() >= kShortest) pieces_.emplace_back(piece);
}

void Redaction::apply(net::HttpReply& reply) const {
  if (reply.status >= 200 && reply.status < 300) return;
  for (const std::string& piece : pieces_) reply.body = without(piece, std::move(reply.body));
}

}  // namespace outputs

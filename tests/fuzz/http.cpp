// Any bytes on a connection, in pieces of several sizes: whole answers come back in order, the connection ends after a
// refusal, every request is one that a reader of our own takes too, and what was answered with 200 is in the journal
// and parses with nlohmann-json.
#include "core/text.h"
#include "hub/http/connection.h"
#include "hub/ingest/endpoints.h"
#include "targets.h"
#include "tests/fuzz/property.h"
#include "tests/fuzz/strict_reader.h"
#include "tests/support/memory_journal.h"

#include <nlohmann/json.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <charconv>

namespace fuzz {
namespace {

constexpr std::size_t kPieces[] = {1 << 20, 1, 7, 64, 1000};

struct Seen {
  std::string method, target, body;
};

// The doors of a hub, watched.
class Watched final : public hub::RequestHandler {
 public:
  Watched(hub::IngestRoom& room, const hub::Report& report, std::vector<Seen>& seen)
      : behind_{room, report}, seen_{seen} {}
  void handle(const hub::Request& request, hub::Reply reply) override {
    seen_.push_back({request.method, request.target, request.body});
    behind_.handle(request, std::move(reply));
  }
  void broken(const hub::RequestKey& key) override { behind_.broken(key); }
  void answered(const hub::RequestKey& key, const hub::Response& response) override { behind_.answered(key, response); }

 private:
  hub::Endpoints behind_;
  std::vector<Seen>& seen_;
};

// Reads the answers as a client would. How many had 200; the last must be whole.
void check_answers(std::string_view answers, const std::vector<Seen>& requests, std::size_t stored) {
  std::size_t number = 0, taken = 0;
  bool refused = false;
  while (!answers.empty()) {
    demand(answers.starts_with("HTTP/1.1 ") && answers.size() > 12, "an answer begins with its status", answers);
    int status = 0;
    std::from_chars(answers.data() + 9, answers.data() + 12, status);
    const auto end = answers.find("\r\n\r\n");
    demand(end != std::string_view::npos, "an answer's headers are whole", answers);
    const std::string_view head = answers.substr(0, end + 2);
    answers.remove_prefix(end + 4);
    if (status == 100) continue;
    demand(!refused, "nothing follows a refusal", head);
    demand(number < requests.size() || status >= 400, "there are no more answers than requests", head);
    const bool is_head = number < requests.size() && requests[number].method == "HEAD";
    refused = number++ >= requests.size();
    const auto at = head.find("Content-Length: ");
    std::size_t length = 0;
    demand(at != std::string_view::npos, "an answer says how long it is", head);
    std::from_chars(head.data() + at + 16, head.data() + head.size(), length);
    demand(is_head || answers.size() >= length, "an answer is whole", head);
    if (status == 200 && head.find("Tocsin-Alert-Id: ") != std::string_view::npos) ++taken;
    if (!is_head) answers.remove_prefix(length);
  }
  demand(number >= requests.size(), "every request has its answer");
  demand(stored >= taken, "what was acknowledged is stored");
}

// The hub may refuse more than the strict reader, but never take what that one does not, or take it for something else.
void check_requests(std::string_view input, const std::vector<Seen>& seen) {
  const std::vector<PlainRequest> plain = read_strictly(input);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    demand(i < plain.size(), "what the hub takes for a request is one", seen[i].target);
    if (plain[i].is_coded) return;  // unpacked, or answered without the handler
    demand(plain[i].method == seen[i].method && plain[i].target == seen[i].target && plain[i].body == seen[i].body,
           "the hub and the strict reader read the same request", seen[i].target);
  }
}

std::string exchange(std::string_view input, hub::Loop& loop) {
  int ends[2];
  demand(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0, "a pair of sockets");
  loop.reserve();
  loop.adopt(hub::LoopSocket{loop.context(), boost::asio::ip::tcp::v4(), ends[0]});
  std::string answers;
  const auto drain = [&] {
    char buffer[16384];
    for (ssize_t got; (got = ::read(ends[1], buffer, sizeof buffer)) > 0;)
      answers.append(buffer, static_cast<std::size_t>(got));
  };
  const std::size_t piece = kPieces[input.size() % std::size(kPieces)];
  bool open = true;
  while (!input.empty() && open) {
    const ssize_t sent = ::send(ends[1], input.data(), std::min(piece, input.size()), MSG_NOSIGNAL);
    if (sent > 0) input.remove_prefix(static_cast<std::size_t>(sent));
    open = sent > 0 || errno == EAGAIN;
    loop.context().poll();
    drain();
  }
  ::shutdown(ends[1], SHUT_WR);
  for (int i = 0; i < 4; ++i) {
    loop.context().poll();
    drain();
  }
  ::close(ends[1]);
  loop.context().poll();
  return answers;
}

}  // namespace

void fuzz_http(std::string_view input) {
  tests::MemoryJournal journal;
  hub::Metrics metrics;
  hub::IngestRoom room{journal, metrics, {}};
  const hub::Report report{journal, metrics, [] { return std::vector<hub::SinkStatus>{}; }};
  std::vector<Seen> seen;
  hub::HttpServerOptions options;
  options.body_bytes = 64 << 10;
  hub::Loop loop{options, std::make_unique<Watched>(room, report, seen)};
  const std::string answers = exchange(input, loop);
  loop.stop();

  const auto records = journal.records();
  for (const hub::Record& record : records) {
    constexpr std::size_t kBeforeJson = 25;  // version, id, time of receipt
    demand(record.payload.size() > kBeforeJson, "a record holds an alert");
    demand(nlohmann::json::accept(record.payload.substr(kBeforeJson)), "what is stored parses with nlohmann-json",
           record.payload.substr(kBeforeJson));
  }
  // An answer to a body that cannot be unpacked comes without the handler: answers could not be told apart.
  const bool has_coding = core::ascii_lower(input).find("content-encoding") != std::string::npos;
  if (!has_coding) check_answers(answers, seen, records.size());
  check_requests(input, seen);
}

}  // namespace fuzz

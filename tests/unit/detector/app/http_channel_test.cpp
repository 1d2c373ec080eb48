// Alerts on their way to a receiver that is there, away, slow, wrong, or a hub.
#include "detector/emit/http_channel.h"
#include "detector/emit/spool.h"
#include "tests/support/catch.h"
#include "tests/unit/detector/app/stub_receiver.h"

#include <fmt/format.h>

#include <atomic>
#include <thread>

using namespace detector;
using namespace std::chrono_literals;

namespace {

LineRef line(int number) { return std::make_shared<const Line>(Line{core::Priority::Warning, fmt::format(R"({{"n":{}}})", number)}); }

const HttpTiming kQuick{.heartbeat = 1h, .first_retry = 1ms, .last_retry = 10ms, .total_timeout = 5s};

std::unique_ptr<Channel> open(HttpOutput options, HttpTiming timing = kQuick) {
  auto channel = make_http_channel(options, true, timing);
  REQUIRE(channel);
  return std::move(*channel);
}

HttpOutput to(const std::string& url) {
  HttpOutput options;
  options.url = core::Secret{url};
  return options;
}

void stop(Channel& channel) { channel.stop(std::chrono::steady_clock::now() + 10s); }

// All alerts of all requests in order, each as its number.
std::vector<int> numbers(const std::vector<Seen>& seen) {
  std::vector<int> out;
  for (const Seen& request : seen) {
    for (std::size_t at = request.body.find(R"("n":)"); at != std::string::npos; at = request.body.find(R"("n":)", at + 1)) out.push_back(std::stoi(request.body.substr(at + 4)));
  }
  return out;
}

std::vector<int> up_to(int count) {
  std::vector<int> out;
  for (int n = 1; n <= count; ++n) out.push_back(n);
  return out;
}

}  // namespace

TEST_CASE("a receiver that is no hub gets one alert a request, in order, over one connection") {
  StubReceiver receiver{[](const Seen&, std::size_t) { return Answer{}; }};
  const auto channel = open(to(receiver.url()));

  for (int n = 1; n <= 20; ++n) channel->offer(line(n));
  stop(*channel);

  const auto seen = receiver.seen();
  CHECK(seen.size() == 20);
  CHECK(numbers(seen) == up_to(20));
  CHECK(seen.back().connection == 1);
  CHECK(seen.front().headers.at("content-type") == "application/json");
  CHECK(seen.front().headers.at("user-agent") == "tocsin-detector");
  CHECK(channel->status().sent == 20);
}

TEST_CASE("a hub, known by its first answer, gets batches with producer and sequence of the first") {
  std::atomic<bool> open_gate{false};
  StubReceiver receiver{[&](const Seen&, std::size_t) {
    while (!open_gate) std::this_thread::yield();
    return Answer{.hub = true};
  }};
  const auto channel = open(to(receiver.url()));

  for (int n = 1; n <= 1000; ++n) channel->offer(line(n));
  open_gate = true;
  REQUIRE(eventually([&] { return channel->status().sent == 1000; }));
  stop(*channel);

  const auto seen = receiver.seen();
  CHECK(numbers(seen) == up_to(1000));
  CHECK(seen.size() <= 6);
  CHECK(numbers({seen.front()}).size() == 1);
  std::size_t next = 1;
  for (const Seen& request : seen) {
    CHECK(request.headers.at("tocsin-sequence") == std::to_string(next));
    CHECK(request.headers.at("tocsin-producer") == seen.front().headers.at("tocsin-producer"));
    next += numbers({request}).size();
  }
}

TEST_CASE("a hub that became somebody else gets single alerts again, and none is lost") {
  StubReceiver receiver{[](const Seen&, std::size_t index) { return Answer{.hub = index == 0}; }};
  const auto channel = open(to(receiver.url()));
  channel->offer(line(1));
  REQUIRE(eventually([&] { return channel->status().sent == 1; }));

  for (int n = 2; n <= 10; ++n) channel->offer(line(n));
  REQUIRE(eventually([&] { return channel->status().sent == 10; }));
  stop(*channel);

  std::vector<int> last_of_each;
  for (const Seen& request : receiver.seen()) last_of_each.push_back(numbers({request}).front());
  CHECK(last_of_each == up_to(10));   // a batch counts by its first alert
}

TEST_CASE("alerts wait while the receiver is away and arrive in order when it comes") {
  const int port = free_port();
  const auto channel = open(to(fmt::format("http://127.0.0.1:{}/", port)));
  for (int n = 1; n <= 50; ++n) CHECK(channel->offer(line(n)));
  CHECK(channel->status().queued == 50);

  StubReceiver receiver{[](const Seen&, std::size_t) { return Answer{.hub = true}; }, port};
  REQUIRE(eventually([&] { return channel->status().sent == 50; }));
  stop(*channel);

  CHECK(numbers(receiver.seen()) == up_to(50));
  CHECK(channel->status().dropped == 0);
}

TEST_CASE("an answer that never came means the same alert again, with the same number") {
  StubReceiver receiver{[](const Seen&, std::size_t index) { return Answer{.hub = true, .hang_up = index == 1}; }};
  const auto channel = open(to(receiver.url()));
  channel->offer(line(1));
  REQUIRE(eventually([&] { return channel->status().sent == 1; }));

  channel->offer(line(2));
  REQUIRE(eventually([&] { return channel->status().sent == 2; }));
  stop(*channel);

  const auto seen = receiver.seen();
  REQUIRE(seen.size() >= 3);
  CHECK(seen[1].body == seen[2].body);
  CHECK(seen[1].headers.at("tocsin-sequence") == "2");
  CHECK(seen[2].headers.at("tocsin-sequence") == "2");
}

TEST_CASE("a full spool drops the newest, counts them, and leaves a gap in the numbers that a hub can see") {
  const int port = free_port();
  HttpOutput options = to(fmt::format("http://127.0.0.1:{}/", port));
  options.spool_alerts = 3;
  const auto channel = open(options);

  for (int n = 1; n <= 5; ++n) CHECK(channel->offer(line(n)) == (n <= 3));
  StubReceiver receiver{[](const Seen&, std::size_t) { return Answer{.hub = true}; }, port};
  REQUIRE(eventually([&] { return channel->status().sent == 3; }));
  channel->offer(line(6));
  REQUIRE(eventually([&] { return channel->status().sent == 4; }));
  stop(*channel);

  CHECK(channel->status().dropped == 2);
  const auto seen = receiver.seen();
  CHECK(numbers(seen) == std::vector<int>{1, 2, 3, 6});
  CHECK(seen.back().headers.at("tocsin-sequence") == "6");
}

TEST_CASE("a batch never spans a gap in the numbers, and the spool is bounded in bytes") {
  Spool spool{{.alerts = 10, .bytes = 3 * 7}};
  for (int n = 1; n <= 4; ++n) spool.push(line(n));   // 7 bytes each: the fourth has no room
  spool.pop(1);
  spool.push(line(5));

  CHECK(spool.dropped() == 1);
  CHECK(spool.front(10, 1000).lines.size() == 2);
  CHECK(spool.front(10, 7).lines.size() == 1);
  spool.pop(2);
  CHECK(spool.front(10, 1000).first == 5);
  spool.pop(1);
  CHECK(spool.front(10, 1000).first == 6);
}

TEST_CASE("an alert that nobody will ever take delays the others but does not stop them") {
  const auto poison = [](int status) {
    StubReceiver receiver{[status](const Seen& request, std::size_t) {
      return Answer{.status = request.body.find(R"("n":3})") == std::string::npos ? 200 : status, .hub = true};
    }};
    const auto channel = open(to(receiver.url()));
    for (int n = 1; n <= 9; ++n) channel->offer(line(n));
    const bool done = eventually([&] { return channel->status().sent == 8; });
    CHECK(channel->status().failed == 1);
    stop(*channel);
    return done;
  };

  CHECK(poison(400));
  CHECK(poison(500));
}

TEST_CASE("a hub hears a heartbeat with the next number while there is nothing to say, others hear nothing") {
  HttpTiming timing = kQuick;
  timing.heartbeat = 10ms;
  StubReceiver hub{[](const Seen&, std::size_t) { return Answer{.hub = true}; }};
  StubReceiver other{[](const Seen&, std::size_t) { return Answer{}; }};
  const auto to_hub = open(to(hub.url()), timing);
  const auto to_other = open(to(other.url()), timing);

  to_hub->offer(line(1));
  to_other->offer(line(1));
  REQUIRE(hub.wait_for(4));
  stop(*to_hub);
  stop(*to_other);

  const auto seen = hub.seen();
  CHECK(seen[2].body.empty());
  CHECK(seen[2].headers.at("tocsin-sequence") == "2");
  CHECK(other.seen().size() == 1);
}

TEST_CASE("at its end the channel sends what waits, and does not wait for a receiver that is away") {
  const auto channel = open(to(fmt::format("http://127.0.0.1:{}/", free_port())));
  channel->offer(line(1));
  channel->offer(line(2));

  const auto begin = std::chrono::steady_clock::now();
  stop(*channel);

  CHECK(std::chrono::steady_clock::now() - begin < 5s);
  CHECK(channel->status().dropped == 2);
  CHECK_FALSE(channel->offer(line(3)));
}

TEST_CASE("a receiver that takes a request and says nothing cannot hold up the end") {
  std::atomic<bool> over{false};
  StubReceiver receiver{[&](const Seen&, std::size_t) {
    while (!over) std::this_thread::yield();
    return Answer{};
  }};
  HttpTiming timing = kQuick;
  timing.total_timeout = 1h;
  const auto channel = open(to(receiver.url()), timing);
  channel->offer(line(1));
  REQUIRE(eventually([&] { return channel->status().queued == 1; }));

  channel->stop(std::chrono::steady_clock::now() + 50ms);

  CHECK(channel->status().dropped == 1);
  over = true;
}

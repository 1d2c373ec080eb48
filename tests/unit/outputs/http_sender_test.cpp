// What happens between an output's pure functions and the wire: preparing first, hosts that are away, batches that are
// too large, alerts amended and sent again.
#include "outputs/http_sender.h"

#include "outputs/batch_size.h"
#include "outputs/host_choice.h"
#include "outputs/http_output.h"
#include "tests/support/loop.h"
#include "tests/support/stub_server.h"
#include "tests/unit/outputs/make_output.h"

using namespace std::chrono_literals;
using test::word;

namespace {

// Puts /ready in place before the first alert; alerts whose rule the server does not like are sent again as "amended".
class Careful final : public outputs::HttpOutput {
 public:
  explicit Careful(std::vector<std::string> urls) {
    for (const auto& url : urls) urls_.push_back(*net::Url::parse(url));
  }
  outputs::Limits limits() const override { return {.items = 100}; }
  std::size_t hosts() const override { return urls_.size(); }
  outputs::Preparation prepare(std::span<const net::HttpReply> replies,
                               const outputs::Attempt& attempt) const override {
    if (replies.empty())
      return net::HttpRequest{.method = "PUT", .url = urls_[attempt.host % urls_.size()].with_target("/ready")};
    if (replies.front().status == 200) return outputs::Ready{};
    return outputs::judge_by_status(replies.front());
  }
  outputs::Rendered request(core::Batch batch, const outputs::Attempt& attempt) const override {
    outputs::Rendered rendered{.request = {.url = urls_[attempt.host % urls_.size()]}};
    for (const auto& alert : batch) rendered.request.body += alert->rule + ";";
    return rendered;
  }
  core::Outcomes judge(core::Batch batch, const net::HttpReply& reply) const override {
    if (reply.status != 200) return HttpOutput::judge(batch, reply);
    core::Outcomes outcomes;
    for (const auto& alert : batch)
      outcomes.push_back(alert->rule.starts_with("bad") ? core::Outcome{core::Reject{"bad"}}
                                                        : core::Outcome{core::Delivered{}});
    return outcomes;
  }
  std::vector<outputs::Amended> amend(core::Batch batch, const net::HttpReply& reply,
                                      const core::Outcomes& judged) const override {
    std::vector<outputs::Amended> again;
    if (reply.status != 200) return again;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (!core::is<core::Reject>(judged[i]) || batch[i]->rule == "bad for ever") continue;
      auto changed = std::make_shared<core::Alert>(*batch[i]);
      changed->rule = batch[i]->rule == "bad twice" ? "bad once" : "amended";
      again.push_back({i, changed});
    }
    return again;
  }

 private:
  std::vector<net::Url> urls_;
};

struct Sender {
  boost::asio::io_context loop;
  std::unique_ptr<outputs::Output> output;

  explicit Sender(std::vector<std::string> urls) {
    core::Diagnostics diagnostics;
    core::YamlNode none;
    core::Fields fields{none, "output 'careful'", diagnostics};
    output =
        outputs::wrap_http(std::make_unique<Careful>(std::move(urls)), {}, {.executor = loop.get_executor()}, fields);
  }
  std::string send(const std::vector<std::string>& rules, std::size_t host = 0) {
    std::vector<core::AlertRef> batch;
    for (const auto& rule : rules) {
      auto named = std::make_shared<core::Alert>(*test::alert(test::kFixture));
      named->rule = rule;
      batch.push_back(named);
    }
    const auto outcomes = test::run(loop, output->send(batch, {.number = 1, .now = {}, .host = host}));
    std::string words;
    for (const auto& outcome : outcomes) words += (words.empty() ? "" : " ") + word(outcome);
    return words;
  }
};

test::StubAnswer always(int status) {
  return {test::http_answer(status, "")};
}

std::string url_of_nobody() {
  test::StubServer gone{[](const test::StubRequest&) { return test::StubAnswer{}; }};
  return gone.url();
}

}  // namespace

TEST_CASE("what must stand at the destination is put there once, before the first alert") {
  test::StubServer server{[](const test::StubRequest&) { return always(200); }};
  Sender sender{{server.url()}};

  CHECK(sender.send({"a"}) == "delivered");
  CHECK(sender.send({"b"}) == "delivered");

  const auto requests = server.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[0].head.starts_with("PUT /ready "));
  CHECK(requests[1].body == "a;");
  CHECK(requests[2].body == "b;");
}

TEST_CASE(
    "a preparation that fails is the outcome of the alerts, none of them is sent, and the next send tries again") {
  std::vector<int> answers{503, 401, 200};
  test::StubServer server{[&answers](const test::StubRequest& request) {
    if (!request.head.starts_with("PUT")) return always(200);
    const int status = answers.front();
    answers.erase(answers.begin());
    return always(status);
  }};
  Sender sender{{server.url()}};

  CHECK(sender.send({"a", "b"}) == "retry retry");
  CHECK(sender.send({"a", "b"}) == "misconfigured misconfigured");
  CHECK(sender.send({"a", "b"}) == "delivered delivered");

  CHECK(server.requests().size() == 4);
}

TEST_CASE("a host that is away is passed over within the same send, and rests while another answers") {
  test::StubServer server{[](const test::StubRequest&) { return always(200); }};
  Sender sender{{url_of_nobody(), server.url()}};

  for (std::size_t turn = 0; turn < 4; ++turn) CHECK(sender.send({"a"}, turn) == "delivered");

  Sender alone{{url_of_nobody(), url_of_nobody()}};
  CHECK(alone.send({"a"}) == "retry");
}

TEST_CASE("alerts that the output amends are sent again in the same turn, and their outcome is the last one") {
  test::StubServer server{[](const test::StubRequest&) { return always(200); }};
  Sender sender{{server.url()}};

  CHECK(sender.send({"a", "bad", "b", "bad twice", "bad for ever"}) ==
        "delivered delivered delivered delivered reject");

  const auto requests = server.requests();
  REQUIRE(requests.size() == 4);
  CHECK(requests[2].body == "amended;bad once;");
  CHECK(requests[3].body == "amended;");
}

TEST_CASE("after 413 requests hold half of what was refused, and more again once they pass") {
  std::size_t most = 10;
  test::StubServer server{[&most](const test::StubRequest& request) {
    return always(std::size_t(std::count(request.body.begin(), request.body.end(), ';')) > most ? 413 : 200);
  }};
  Sender sender{{server.url()}};

  CHECK(sender.send(std::vector<std::string>(40, "a")).starts_with("reject reject"));  // hub/deliver bisects
  CHECK(sender.output->limits().items == 20);
  (void)sender.send(std::vector<std::string>(20, "a"));
  CHECK(sender.output->limits().items == 10);
  for (int i = 0; i < 16; ++i) CHECK(sender.send(std::vector<std::string>(10, "a")).starts_with("delivered"));
  CHECK(sender.output->limits().items == 20);
}

TEST_CASE("of hosts that all rest the one that has rested longest is asked") {
  outputs::HostChoice choice{3};
  const outputs::HostChoice::Instant now{1h};
  choice.failed(1, now - 3s);

  CHECK(choice.pick(0, now) == 0);
  CHECK(choice.pick(1, now) == 2);
  choice.failed(0, now - 2s);
  choice.failed(2, now - 1s);
  CHECK(choice.pick(0, now) == 1);
  CHECK(choice.pick(2, now) == 1);
  choice.answered(2);
  CHECK(choice.pick(0, now) == 2);
  CHECK(choice.pick(0, now + 10s) == 0);
}

TEST_CASE("a request of one alert that is too large leaves room for one") {
  outputs::BatchSize size;
  size.refused(1);
  CHECK(size.most(500) == 1);
  for (int i = 0; i < 16; ++i) size.passed(1);
  CHECK(size.most(500) == 2);
  CHECK(size.most(1) == 1);
}

// Slack: incoming webhooks in falcosidekick's layout, or a bot with chat.postMessage. Slack knows no idempotency: an
// alert whose reply was lost is posted twice. It disables applications that insist: one message a second, see limits().
//
// A bot remembers two small things on the delivery loop, both lost with the process without harm: the first message of
// each thread (a new run begins new threads), and which alerts Slack refused for their form, to send them as plain
// text.
#include "core/text.h"
#include "outputs/slack_message.h"
#include "outputs/slack_words.h"

#include <map>
#include <set>

namespace outputs {
namespace {

constexpr std::size_t kMostThreads = 10'000;
constexpr std::size_t kMostPlain = 64;

std::string value_of(const core::Alert& alert, const std::string& name) {
  if (name == "rule") return alert.rule;
  if (name == "hostname") return alert.hostname;
  if (name == "source") return alert.source;
  if (name == "priority") return std::string{core::to_text(alert.priority)};
  const core::AlertField* field = alert.field(name);
  return field ? field->text : std::string{};
}

class Slack final : public HttpOutput {
 public:
  Slack(SlackOptions options, net::Url url) : options_{std::move(options)}, url_{std::move(url)} {
    headers_.push_back({"Content-Type", "application/json; charset=utf-8"});
    if (options_.is_bot()) headers_.push_back({"Authorization", "Bearer " + options_.token.reveal()});
  }

  Limits limits() const override {
    // Threads begin with an answer: with two requests under way a key would get two threads.
    const unsigned concurrency = options_.thread_by.empty() ? options_.http.concurrency() : 1;
    return {.items = 1, .rate = options_.rate, .concurrency = concurrency};
  }

  std::string destination(const core::Alert& alert) const override {
    return options_.channel.is_fixed() ? std::string{} : slack_channel(options_.channel, alert);
  }

  Rendered request(Batch batch, const Attempt& attempt) const override {
    Rendered rendered{.request = {.url = url_, .headers = headers_}};
    const core::Alert& alert = *batch.front();
    const std::string channel = slack_channel(options_.channel, alert);
    const SlackForm form = plain_.contains(alert.id) ? SlackForm::Plain : SlackForm::Usual;
    rendered.request.body = slack_message(options_, alert, form, channel, find_thread(channel, alert, attempt.now));
    for (std::size_t i = 1; i < batch.size(); ++i)
      rendered.rejected.emplace_back(i, "one alert a message");  // limits() says 1
    return rendered;
  }

  core::Outcomes judge(Batch batch, const net::HttpReply& reply) const override {
    SlackPosted posted = options_.is_bot()
                             ? judge_slack_api(reply)
                             : SlackPosted{.outcome = judge_slack_webhook(reply), .word = {}, .timestamp = {}};
    if (!posted.timestamp.empty()) begin_thread(*batch.front(), std::move(posted.timestamp));
    if (!core::is<core::Reject>(posted.outcome)) plain_.erase(batch.front()->id);
    return core::same_for_all(batch.size(), posted.outcome);
  }

  // Once more as plain text, or outside a thread that is gone; an alert is never a dead letter for its looks.
  std::vector<Amended> amend(Batch batch, const net::HttpReply& reply, const core::Outcomes& judged) const override {
    if (judged.empty() || !core::is<core::Reject>(judged.front())) return {};
    const core::Alert& alert = *batch.front();
    const std::string word = options_.is_bot() ? judge_slack_api(reply).word : std::string{core::trim(reply.body)};
    const bool thread_is_gone = is_about_thread(word) && threads_.erase(thread_key(alert)) > 0;
    if (!thread_is_gone && !(is_about_form(word) && mark_plain(alert.id))) {
      plain_.erase(alert.id);
      return {};
    }
    std::vector<Amended> again;
    again.push_back({.index = 0, .alert = batch.front()});
    return again;
  }

 private:
  struct Thread {
    std::string timestamp;
    core::TimePoint begun;
  };

  std::string thread_key(const core::Alert& alert) const {
    std::string key = slack_channel(options_.channel, alert);
    for (const std::string& name : options_.thread_by) {
      const std::string value = value_of(alert, name);
      key += '\n' + std::to_string(value.size()) + ':' + value;  // with lengths, so that no value can look like two
    }
    return key;
  }

  std::string find_thread(const std::string& channel, const core::Alert& alert, core::TimePoint now) const {
    if (options_.thread_by.empty() || channel.empty()) return {};
    const auto found = threads_.find(thread_key(alert));
    if (found == threads_.end()) return {};
    if (now - found->second.begun <= options_.thread_for) return found->second.timestamp;
    threads_.erase(found);
    return {};
  }

  void begin_thread(const core::Alert& alert, std::string timestamp) const {
    if (options_.thread_by.empty()) return;
    if (threads_.size() >= kMostThreads) threads_.erase(threads_.begin());
    threads_.try_emplace(thread_key(alert), Thread{std::move(timestamp), core::now()});
  }

  // False: it was sent as plain text already.
  bool mark_plain(const core::AlertId& id) const {
    if (plain_.size() >= kMostPlain) plain_.erase(plain_.begin());
    return plain_.insert(id).second;
  }

  SlackOptions options_;
  net::Url url_;
  std::vector<net::Header> headers_;
  mutable std::map<std::string, Thread> threads_;
  mutable std::set<core::AlertId> plain_;
};

}  // namespace

std::unique_ptr<Output> make_slack(core::Fields& fields, const Surroundings& surroundings) {
  const Reading reading{fields};
  SlackOptions options;
  options.describe(fields);
  auto url = options.is_bot() ? read_url(fields, "apiurl", options.apiurl)
                              : read_url(fields, "webhookurl", options.webhookurl.reveal());
  if (reading.failed() || !url) return nullptr;
  if (options.is_bot()) url->target = join_path(*url, "/chat.postMessage");
  const HttpOptions http = options.http;
  return wrap_http(std::make_unique<Slack>(std::move(options), std::move(*url)), http, surroundings, fields);
}

}  // namespace outputs

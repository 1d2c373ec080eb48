// Of a token server's reply only the status and OAuth's error word are ever shown: a body may hold the token, or the
// secret it was asked with.
#include "outputs/kafka_tokens.h"

#include "core/text.h"
#include "outputs/options.h"
#include "outputs/output.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace outputs {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr core::Duration kLifetimeUntold = 5min;  // expires_in is only recommended
constexpr core::Duration kLongest = 24h;

// invalid_client, invalid_scope …; anything that is not such a word is not shown.
std::string error_word(const json& body) {
  if (!body.is_object() || !body.contains("error") || !body["error"].is_string()) return {};
  const auto word = body["error"].get<std::string>();
  const bool plain = word.size() <= 40 &&
                     std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  return plain && !word.empty() ? " (" + word + ")" : "";
}

// RFC 6750's b64token; librdkafka would refuse others, and so would a header.
bool is_token(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"-._~+/="}.find(c) != std::string_view::npos;
  });
}

core::Duration lifetime_of(const json& body) {
  double seconds = 0;
  if (const auto told = body.find("expires_in"); told != body.end()) {
    if (told->is_number()) seconds = told->get<double>();
    if (told->is_string()) seconds = std::strtod(told->get_ref<const std::string&>().c_str(), nullptr);
  }
  if (!(seconds >= 1)) return kLifetimeUntold;
  if (seconds > std::chrono::duration<double>(kLongest).count()) return kLongest;
  return std::chrono::duration_cast<core::Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

void KafkaOauth::describe(core::Fields& fields) {
  fields.optional("tokenurl", tokenurl, "where tokens are asked for: https://…/token");
  fields.optional("clientid", clientid, "our name at the token server");
  fields.optional("clientsecret", clientsecret, "our secret there");
  fields.optional("scope", scope, "what the token is to allow, if the server wants to be told");
  if (!fields.listing()) read_url(fields, "tokenurl", tokenurl);
}

net::HttpRequest token_request(const KafkaOauth& oauth, net::Url url) {
  // Client authentication by basic, which every server must take; both parts are form-encoded first (RFC 6749, 2.3.1).
  url.userinfo =
      core::Secret{core::percent_encode(oauth.clientid) + ":" + core::percent_encode(oauth.clientsecret.reveal())};
  std::string body = "grant_type=client_credentials";
  if (!oauth.scope.empty()) body += "&scope=" + core::percent_encode(oauth.scope);
  return {.method = "POST",
          .url = std::move(url),
          .headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}},
          .body = std::move(body)};
}

TokenReply judge_token(const net::HttpReply& reply, const net::Url& url) {
  const json body = json::parse(reply.body, nullptr, false);
  if (reply.status == 200 && body.is_object() && body.contains("access_token") && body["access_token"].is_string()) {
    auto token = body["access_token"].get<std::string>();
    if (is_token(token)) return KafkaToken{core::Secret{std::move(token)}, lifetime_of(body)};
  }
  const std::string who = "the token server " + url.origin();
  if (reply.status / 100 == 2)
    return core::Misconfigured{who + " answered without a token that can be used", core::About::Sink};
  const std::string why = fmt::format("{} answered {}{}", who, reply.status, error_word(body));
  const core::Outcome by_status = judge_by_status(reply);
  if (core::is<core::Misconfigured>(by_status) || core::is<core::Reject>(by_status))
    return core::Misconfigured{why, core::About::Sink};
  return core::Retry{why};
}

KafkaTokens::KafkaTokens(KafkaOauth oauth, net::Url url, std::unique_ptr<net::HttpClient> client)
    : oauth_{std::move(oauth)}, url_{std::move(url)}, client_{std::move(client)} {}

core::Result<std::shared_ptr<KafkaTokens>> KafkaTokens::make(boost::asio::any_io_executor executor, KafkaOauth oauth,
                                                             net::HttpClientOptions options) {
  auto url = net::Url::parse(oauth.tokenurl);
  if (!url) return url.error();
  auto client = net::HttpClient::make(std::move(executor), std::move(options));
  if (!client) return client.error();
  return std::shared_ptr<KafkaTokens>{new KafkaTokens{std::move(oauth), std::move(*url), std::move(*client)}};
}

boost::asio::awaitable<TokenReply> KafkaTokens::fetch() {
  net::HttpRequest request = token_request(oauth_, url_);
  auto reply = co_await client_->exchange(std::move(request));
  if (!reply) co_return core::Outcome{core::Retry{"no token: " + reply.error().what}};
  co_return judge_token(*reply, url_);
}

}  // namespace outputs

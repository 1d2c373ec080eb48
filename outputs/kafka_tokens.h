// Tokens for SASL OAUTHBEARER, by the client credentials grant (RFC 6749, 4.4), over our own HTTP client: Debian's
// librdkafka has no OIDC, and its requests would not ask our egress rule.
#pragma once

#include "core/fields.h"
#include "core/outcome.h"
#include "net/http_client.h"

#include <memory>
#include <string>
#include <variant>

namespace outputs {

struct KafkaOauth {
  std::string tokenurl, clientid, scope;
  core::Secret clientsecret;

  void describe(core::Fields& fields);
};

struct KafkaToken {
  core::Secret value;
  core::Duration lifetime{};  // from the reply on
};

// A token, or what becomes of the alerts that need it: Misconfigured (about the sink) or Retry.
using TokenReply = std::variant<KafkaToken, core::Outcome>;

net::HttpRequest token_request(const KafkaOauth& oauth, net::Url url);
TokenReply judge_token(const net::HttpReply& reply, const net::Url& url);

class KafkaTokens {
 public:
  static core::Result<std::shared_ptr<KafkaTokens>> make(boost::asio::any_io_executor executor, KafkaOauth oauth,
                                                         net::HttpClientOptions options);
  // The caller keeps the object until this ends; it ends by itself at the client's deadline.
  boost::asio::awaitable<TokenReply> fetch();
  const std::string& client() const { return oauth_.clientid; }

 private:
  KafkaTokens(KafkaOauth oauth, net::Url url, std::unique_ptr<net::HttpClient> client);

  KafkaOauth oauth_;
  net::Url url_;
  std::unique_ptr<net::HttpClient> client_;
};

}  // namespace outputs

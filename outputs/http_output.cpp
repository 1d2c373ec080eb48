// The only place where an HTTP output meets the wire.
#include "outputs/http_output.h"

#include "core/invariant.h"
#include "outputs/redaction.h"

#include <fmt/format.h>

namespace outputs {
namespace {

class WrappedHttp final : public Output {
 public:
  WrappedHttp(std::unique_ptr<HttpOutput> output, std::unique_ptr<net::HttpClient> client)
      : output_{std::move(output)}, client_{std::move(client)} {}

  Limits limits() const override { return output_->limits(); }
  std::string destination(const core::Alert& alert) const override { return output_->destination(alert); }
  boost::asio::awaitable<core::Outcomes> send(Batch batch, Attempt attempt) override;
  const HttpOutput& http() const { return *output_; }

 private:
  std::unique_ptr<HttpOutput> output_;
  std::unique_ptr<net::HttpClient> client_;
};

boost::asio::awaitable<core::Outcomes> WrappedHttp::send(Batch batch, Attempt attempt) {
  Rendered rendered = output_->request(batch, attempt);
  core::Outcomes outcomes(batch.size());
  std::vector<bool> refused(batch.size(), false);
  for (auto& [index, why] : rendered.rejected) {
    INVARIANT(index < batch.size());
    outcomes[index] = core::Reject{std::move(why)};
    refused[index] = true;
  }
  if (rendered.rejected.size() == batch.size()) co_return outcomes;

  std::vector<AlertRef> rest;
  Batch sent = batch;
  if (!rendered.rejected.empty()) {
    for (std::size_t i = 0; i < batch.size(); ++i)
      if (!refused[i]) rest.push_back(batch[i]);
    sent = rest;
  }

  const Redaction redaction{rendered.request};
  auto reply = co_await client_->exchange(std::move(rendered.request));
  if (reply) redaction.apply(*reply);
  core::Outcomes judged =
      reply ? output_->judge(sent, *reply) : core::same_for_all(sent.size(), core::Retry{reply.error().what});
  INVARIANT(judged.size() == sent.size());
  for (std::size_t i = 0, j = 0; i < batch.size(); ++i)
    if (!refused[i]) outcomes[i] = std::move(judged[j++]);
  co_return outcomes;
}

}  // namespace

void HttpOptions::describe(core::Fields& fields, CustomHeaders custom) {
  fields.optional("checkcert", checkcert, "verify the server's certificate and name; false only for tests");
  fields.optional("mutualtls", mutualtls,
                  "show the hub's client certificate (mutualtlsclient, or tls.cert_file and tls.key_file here)");
  fields.group("tls", "certificates of this output, over those of the hub", [this](core::Fields& tls) {
    tls.optional("ca_file", ca_file, "PEM file of authorities, added to the system's");
    tls.optional("cert_file", cert_file, "PEM file of our client certificate");
    tls.optional("key_file", key_file, "PEM file of its key");
  });
  fields.group("timeout", "deadlines of one request", [this](core::Fields& timeout) {
    timeout.optional("connect", connect, "resolve, connect and TLS handshake");
    timeout.optional("total", total, "the whole request, connecting included");
    if (connect <= core::Duration{} || total <= core::Duration{})
      timeout.error("total", fmt::format("{} has a timeout of 0; each request needs a deadline", timeout.owner()));
  });
  fields.optional("maxconcurrentrequests", maxconcurrentrequests, "requests under way at once; 0: as many as 64");
  if (custom == CustomHeaders::Allowed) {
    fields.optional("customheaders", customheaders, "headers added to each request");
    check_headers(fields, "customheaders", customheaders);
  }
}

void HttpOptions::add_custom(std::vector<net::Header>& headers) const {
  for (const auto& [name, value] : customheaders) net::set_header(headers, name, value);
}

std::unique_ptr<Output> wrap_http(std::unique_ptr<HttpOutput> output, const HttpOptions& options,
                                  const Surroundings& surroundings, core::Fields& fields) {
  net::HttpClientOptions client_options{
      .connect_timeout = options.connect, .total_timeout = options.total, .idle_connections = options.concurrency()};
  net::TlsOptions& tls = client_options.tls;
  tls.verify = options.checkcert && surroundings.tls.verify;
  tls.ca_file = options.ca_file.empty() ? surroundings.tls.ca_file : options.ca_file;
  const bool own_identity = !options.cert_file.empty() || !options.key_file.empty();
  if (own_identity || options.mutualtls) {
    tls.cert_file = own_identity ? options.cert_file : surroundings.tls.cert_file;
    tls.key_file = own_identity ? options.key_file : surroundings.tls.key_file;
    if (tls.cert_file.empty() && tls.key_file.empty()) {
      fields.error("mutualtls", fmt::format("{} has mutualtls, but there is no client certificate", fields.owner()),
                   "set mutualtlsclient in hub.yaml, or tls: {cert_file: …, key_file: …} here");
      return nullptr;
    }
  }
  auto client = net::HttpClient::make(surroundings.executor, std::move(client_options));
  if (!client) {
    fields.error("tls", fmt::format("{}: {}", fields.owner(), client.error().what));
    return nullptr;
  }
  return std::make_unique<WrappedHttp>(std::move(output), std::move(*client));
}

const HttpOutput* http_part(const Output& output) {
  const auto* wrapped = dynamic_cast<const WrappedHttp*>(&output);
  return wrapped ? &wrapped->http() : nullptr;
}

}  // namespace outputs

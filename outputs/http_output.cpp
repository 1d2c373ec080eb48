// Options become a client with its deadlines and certificates; http_sender.h does the rest.
#include "outputs/http_output.h"

#include "outputs/http_sender.h"

#include <fmt/format.h>

namespace outputs {

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
  client_options.egress = surroundings.egress;
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
  return std::make_unique<HttpSender>(std::move(output), std::move(*client));
}

const HttpOutput* http_part(const Output& output) {
  const auto* sender = dynamic_cast<const HttpSender*>(&output);
  return sender ? &sender->http() : nullptr;
}

}  // namespace outputs

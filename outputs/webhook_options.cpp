// falcosidekick's keys (address, method, customheaders …) and ours: body formats, credentials, signatures, and which
// statuses mean success.
#include "outputs/webhook_options.h"

#include "core/text.h"
#include "outputs/standard_webhooks.h"

#include <fmt/format.h>

#include <charconv>

namespace outputs {
namespace {

// "200", "2xx" or "200-204" → the statuses; empty: it is none of these.
std::set<int> read_statuses(std::string_view text) {
  const auto number = [](std::string_view digits) {
    int value = 0;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool good = fault == std::errc{} && end == digits.data() + digits.size() && value >= 200 && value <= 599;
    return good ? value : 0;
  };
  int first = 0, last = 0;
  if (text.size() == 3 && text.ends_with("xx")) {
    first = number(std::string{text[0]} + "00");
    last = first + 99;
  } else if (const auto dash = text.find('-'); dash != std::string_view::npos) {
    first = number(text.substr(0, dash));
    last = number(text.substr(dash + 1));
  } else {
    first = last = number(text);
  }
  std::set<int> statuses;
  if (first == 0 || last < first) return statuses;
  for (int status = first; status <= last; ++status) statuses.insert(status);
  return statuses;
}

}  // namespace

void WebhookOptions::describe(core::Fields& fields) {
  fields.required("address", address, "where to send: http:// or https://");
  fields.choice("method", method, {"POST", "PUT", "PATCH"}, "the request's method");
  describe_body(fields);
  describe_credentials(fields);
  describe_signature(fields);
  describe_success(fields);
  fields.optional("enablecompression", enablecompression, "gzip the requests");
  batch.describe(fields);
  http.describe(fields, HttpOptions::CustomHeaders::Allowed);
}

void WebhookOptions::describe_body(core::Fields& fields) {
  fields.choice("format", format,
                {"raw", "array", "ndjson", "template", "cloudevents", "cloudevents-batch", "cloudevents-binary"},
                "raw: one alert a request; array: a JSON array; ndjson: one alert a line; template: `body`; "
                "cloudevents…: structured, batched, binary");
  fields.text_template("body", body, "format template: the body, with holes such as {{rule}}");
  fields.choice("escape", escape, {"json", "url", "none"},
                "format template: how a hole's text is made safe: inside a JSON string, in a form or URL, not at all");
  fields.optional("contenttype", contenttype, "the Content-Type instead of the format's own");
  if (fields.listing()) return;
  if (!net::is_header_value(contenttype))
    fields.error("contenttype",
                 fmt::format("{}: 'contenttype' has characters that no header may have", fields.owner()));
  if (format == "template" && body.empty())
    fields.error("format", fmt::format("{} has format template, but no 'body'", fields.owner()),
                 "for example  body: '{\"text\": \"{{rule}} on {{hostname}}\"}'");
  if (format != "template" && !body.empty())
    fields.error("body", fmt::format("{} has a 'body', but format {}", fields.owner(), format), "set format: template");
}

void WebhookOptions::describe_credentials(core::Fields& fields) {
  fields.optional("username", username, "for basic authentication");
  fields.optional("password", password, "for basic authentication");
  fields.optional("bearer", bearer, "a token, sent as Authorization: Bearer");
  if (fields.listing()) return;
  if (!bearer.empty() && (!username.empty() || !password.empty()))
    fields.error("bearer", fmt::format("{} has both 'bearer' and 'username' or 'password'", fields.owner()),
                 "keep the one that the receiver wants");
  if (!net::is_header_value(bearer.reveal()))
    fields.error("bearer", fmt::format("{}: 'bearer' has characters that no header may have", fields.owner()),
                 "a line break at the end of the value, perhaps?");
}

void WebhookOptions::describe_signature(core::Fields& fields) {
  fields.group("hmac", "signs each request as Standard Webhooks has it: webhook-id, -timestamp, -signature",
               [this](core::Fields& hmac) {
                 core::Secret secret, previous;
                 hmac.optional("secret", secret, "the key: whsec_ and base64, or at least 16 characters");
                 hmac.optional("previous", previous,
                               "the key before it: signs too, until the receiver has the new one");
                 if (hmac.listing()) return;
                 if (secret.empty() && !previous.empty())
                   hmac.error("previous", fmt::format("{} has 'previous', but no 'secret'", hmac.owner()));
                 for (const auto& [key, text] : {std::pair{"secret", &secret}, std::pair{"previous", &previous}}) {
                   if (text->empty()) continue;
                   auto read = read_signing_key(*text);
                   if (read)
                     signing_keys.push_back(std::move(*read));
                   else
                     hmac.error(key, fmt::format("{}: {}", hmac.owner(), read.error().what));
                 }
               });
}

void WebhookOptions::describe_success(core::Fields& fields) {
  std::vector<std::string> words{"2xx"};
  fields.optional("success", words, "the statuses that mean taken: 200, 200-204, 2xx; another 2xx is tried again");
  if (fields.listing() || words == std::vector<std::string>{"2xx"}) return;
  for (const std::string& word : words) {
    auto statuses = read_statuses(word);
    if (statuses.empty())
      fields.error("success",
                   fmt::format("{}: 'success' has '{}', which is no status", fields.owner(), core::printable(word)),
                   "200, 200-204 or 2xx; from 200 to 599");
    success.merge(statuses);
  }
}

std::string WebhookOptions::authorization() const {
  if (!bearer.empty()) return "Bearer " + bearer.reveal();
  if (username.empty() && password.empty()) return {};
  return "Basic " + core::base64(username + ":" + password.reveal());
}

}  // namespace outputs

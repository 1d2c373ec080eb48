#include "outputs/cloud_event.h"

#include "core/payload.h"
#include "core/text.h"

#include <utility>

namespace outputs {
namespace {

constexpr std::size_t kLongest = 1'000;  // of an attribute: headers are bounded at every server

using Attributes = std::vector<std::pair<std::string_view, std::string>>;

Attributes attributes(const core::Alert& alert) {
  Attributes all{{"specversion", "1.0"}, {"id", core::to_text(alert.id)}};
  all.emplace_back("source", alert.hostname.empty()
                                 ? "urn:tocsin:hub"
                                 : "urn:tocsin:host:" + core::percent_encode(core::cut_utf8(alert.hostname, kLongest)));
  all.emplace_back("type", "falco.rule.output.v1");
  all.emplace_back("time", core::to_rfc3339(alert.time));
  const auto text = [&all](std::string_view name, std::string_view value) {
    if (!value.empty()) all.emplace_back(name, core::printable(core::truncate_utf8(value, kLongest)));
  };
  text("priority", core::to_text(alert.priority));
  text("rule", alert.rule);
  text("eventsource", alert.source);
  text("hostname", alert.hostname);
  return all;
}

std::string encode_header(std::string_view value) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '"' && c != '%') {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4U];
      encoded += kDigits[byte & 0xfU];
    }
  }
  return encoded;
}

}  // namespace

std::string to_cloud_event(const core::Alert& alert) {
  std::string json = "{";
  for (const auto& [name, value] : attributes(alert)) {
    core::append_json_quoted(json, name);
    json += ':';
    core::append_json_quoted(json, value);
    json += ',';
  }
  json += "\"datacontenttype\":\"application/json\",\"data\":";
  json += core::to_payload(alert);
  json += '}';
  return json;
}

void add_cloud_event_headers(std::vector<net::Header>& headers, const core::Alert& alert) {
  for (const auto& [name, value] : attributes(alert))
    headers.push_back({"ce-" + std::string{name}, encode_header(value)});
}

}  // namespace outputs

// Constants of conditions, parsed as their field's type demands, and which operators a type takes. The refusals are Falco's, word by word.
#include "detector/rules/program.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace detector::rules {
namespace {

bool is_ordering(Comparison c) {
  return c == Comparison::Less || c == Comparison::LessEqual || c == Comparison::Greater || c == Comparison::GreaterEqual;
}
bool is_plain(Comparison c) {
  return c == Comparison::Exists || c == Comparison::Equal || c == Comparison::NotEqual || c == Comparison::In || c == Comparison::Intersects;
}

std::string not_a_number(const std::string& text) { return text + " is not a valid number"; }

// As sscanf("%u%c") reads it, which is how Falco does: blanks and a sign before, nothing behind, no hexadecimal.
bool parse_number(const std::string& text, FieldType type, unsigned bits, __int128& into) {
  char extra = 0;
  if (type == FieldType::Int) {
    long long number = 0;
    if (std::sscanf(text.c_str(), "%lld%c", &number, &extra) != 1) return false;
    into = bits == 16 ? static_cast<std::int16_t>(number) : bits == 32 ? static_cast<std::int32_t>(number) : number;
    return true;
  }
  unsigned long long number = 0;
  if (std::sscanf(text.c_str(), "%llu%c", &number, &extra) != 1) return false;
  into = bits == 16 ? static_cast<std::uint16_t>(number) : bits == 32 ? static_cast<std::uint32_t>(number) : number;
  return true;
}

std::string parse_port(const std::string& text, __int128& into) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    unsigned long number = 0;
    if (!text.empty() && (text.size() > 9 || std::sscanf(text.c_str(), "%lu", &number) != 1)) return not_a_number(text);
    into = static_cast<std::uint16_t>(number);
    return "";
  }
  servent entry{};
  servent* found = nullptr;
  char buffer[4096];
  if (getservbyname_r(text.c_str(), nullptr, &entry, buffer, sizeof buffer, &found) == 0 && found != nullptr) {
    into = ntohs(static_cast<std::uint16_t>(found->s_port));
    return "";
  }
  // Images without /etc/services must read the same rules.
  constexpr std::pair<std::string_view, int> kCommon[] = {{"ftp", 21}, {"ssh", 22}, {"telnet", 23}, {"smtp", 25}, {"domain", 53},
    {"http", 80}, {"pop3", 110}, {"ntp", 123}, {"imap2", 143}, {"snmp", 161}, {"ldap", 389}, {"https", 443}, {"ldaps", 636}, {"mysql", 3306},
    {"postgresql", 5432}};
  for (const auto& [name, number] : kCommon) {
    if (name != text) continue;
    into = number;
    return "";
  }
  return "unrecognized protocol " + text;
}

std::string parse_ip(const std::string& text, IpAddress& into) {
  if (text.find('.') != std::string::npos) {
    if (inet_pton(AF_INET, text.c_str(), into.bytes.data()) != 1) return "unrecognized IPv4 address " + text;
    return "";
  }
  into.v6 = true;
  if (inet_pton(AF_INET6, text.c_str(), into.bytes.data()) != 1) return "unrecognized IPv6 address " + text;
  return "";
}

std::string parse_network(const std::string& text, Network& into) {
  const auto slash = text.find('/');
  const bool v6 = text.find('.') == std::string::npos;
  if (slash == std::string::npos) return (v6 ? "invalid v6 netmask: " : "unrecognized IP network ") + text;
  const std::string address = text.substr(0, slash), mask = text.substr(slash + 1);
  into.address.v6 = v6;
  if (inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), into.address.bytes.data()) != 1) {
    return (v6 ? "unrecognized IPv6 address " : "unrecognized IP address ") + (v6 ? text : address);
  }
  char extra = 0;
  if (std::sscanf(mask.c_str(), "%u%c", &into.bits, &extra) != 1) return not_a_number(mask);
  if (v6 && (into.bits == 0 || into.bits > 128)) return "invalid v6 netmask " + mask;
  if (!v6 && into.bits > 32) return "invalid v4 netmask " + mask;
  return "";
}

bool parse_hex(const std::string& text, std::string& into) {
  if (text.empty() || text.size() % 2 != 0) return false;
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return false;
    into += static_cast<char>(high * 16 + low);
  }
  return true;
}

std::string parse_text(Check& check, const std::string& value) {
  switch (check.comparison) {
    case Comparison::PathMatch:
      check.constants.paths.add(value);
      break;
    case Comparison::Regex: {
      re2::RE2::Options options{re2::RE2::POSIX};
      options.set_log_errors(false);
      auto regex = std::make_unique<re2::RE2>(value, options);
      if (!regex->ok()) return "invalid regex pattern: " + regex->error();
      check.constants.regexes.push_back(std::move(regex));
      break;
    }
    case Comparison::BContains: case Comparison::BStartsWith: {
      std::string bytes;
      if (!parse_hex(value, bytes)) return "filter error: bcontains and bstartswith operator support hex strings only";
      check.constants.texts.push_back(std::move(bytes));
      return "";
    }
    case Comparison::In: case Comparison::Intersects:
      check.constants.set.insert(value);
      break;
    default:
      break;
  }
  check.constants.texts.push_back(value);
  return "";
}

std::string parse_constant(Check& check, const Read& left, const std::string& value) {
  Constants& constants = check.constants;
  switch (left.type) {
    case FieldType::EventName: {
      const auto type = find_event_type(value);
      if (!type) return "unknown event type " + value;
      constants.event_types.resize(event_type_count());
      constants.event_types[static_cast<std::size_t>(*type)] = true;
      return parse_text(check, value);
    }
    case FieldType::Text: case FieldType::Path: case FieldType::Bytes: case FieldType::Dynamic:
      return parse_text(check, value);
    case FieldType::Bool:
      if (value != "true" && value != "false") return "filter error: unrecognized boolean value " + value;
      constants.numbers.push_back(value == "true");
      return "";
    case FieldType::Int: case FieldType::Uint: case FieldType::RelTime: case FieldType::AbsTime: {
      __int128 number = 0;
      if (!parse_number(value, left.type, left.bits, number)) return not_a_number(value);
      constants.numbers.push_back(number);
      return "";
    }
    case FieldType::Port: {
      __int128 number = 0;
      std::string refusal = parse_port(value, number);
      constants.numbers.push_back(number);
      return refusal;
    }
    case FieldType::Double: {
      double number = 0;
      char extra = 0;
      if (std::sscanf(value.c_str(), "%lf%c", &number, &extra) != 1) return not_a_number(value);
      constants.doubles.push_back(number);
      return "";
    }
    case FieldType::Ip: return parse_ip(value, constants.ips.emplace_back());
    case FieldType::Net: return parse_network(value, constants.networks.emplace_back());
  }
  return "";
}

}  // namespace

std::string refuse_comparison(Comparison comparison, Modifier modifier, const Read& left) {
  const std::string quoted = "filter error: '" + std::string{to_text(comparison)} + "'";
  if (left.list) {
    const bool fine = comparison == Comparison::Exists || comparison == Comparison::In || comparison == Comparison::Intersects;
    return fine ? "" : quoted + " operator not supported list filters";
  }
  const bool of_bytes = comparison == Comparison::BContains || comparison == Comparison::BStartsWith;
  switch (left.type) {
    case FieldType::Text: case FieldType::Path: case FieldType::EventName: case FieldType::Dynamic:
      return of_bytes ? quoted + " operator not supported for string filters" : "";
    case FieldType::Bytes: {
      const bool fine = is_plain(comparison) || of_bytes || comparison == Comparison::Contains || comparison == Comparison::StartsWith ||
                        comparison == Comparison::EndsWith;
      return fine ? "" : quoted + " operator not supported for buffer filters";
    }
    case FieldType::Ip: case FieldType::Net:
      if (modifier != Modifier::None) return quoted + " with modifier not supported for ip address and network filters";
      return is_plain(comparison) ? "" : quoted + " operator not supported for ip address and network filters";
    case FieldType::Bool:
      return is_plain(comparison) ? "" : quoted + " operator not supported for numeric filters";
    case FieldType::Int: case FieldType::Uint: case FieldType::Port: case FieldType::RelTime: case FieldType::AbsTime: case FieldType::Double:
      return is_plain(comparison) || is_ordering(comparison) ? "" : quoted + " operator not supported for numeric filters";
  }
  return "";
}

std::string parse_constants(Check& check, const Read& left, const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    std::string refusal = parse_constant(check, left, value);
    if (!refusal.empty()) return refusal;
  }
  return "";
}

bool Network::contains(const IpAddress& ip) const {
  if (ip.v6 != address.v6) return false;
  const unsigned whole = bits / 8, rest = bits % 8;
  if (std::memcmp(ip.bytes.data(), address.bytes.data(), whole) != 0) return false;
  if (rest == 0) return true;
  const unsigned mask = 0xFFu << (8 - rest) & 0xFFu;
  return (ip.bytes[whole] & mask) == (address.bytes[whole] & mask);
}

}  // namespace detector::rules

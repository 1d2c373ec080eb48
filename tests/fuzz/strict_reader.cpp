#include "tests/fuzz/strict_reader.h"

#include "core/text.h"

#include <algorithm>
#include <optional>

namespace fuzz {
namespace {

bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

bool is_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c == '\t' || (c >= ' ' && c != 0x7F); });
}

// The line before the next CRLF, which is taken away too.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  if (end == std::string_view::npos) return {};
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  if (line.find_first_of("\r\n") != std::string_view::npos) return {};
  return line;
}

std::optional<std::size_t> number(std::string_view digits, std::size_t base) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  if (digits.empty() || digits.size() > 15) return {};
  std::size_t value = 0;
  for (const char c : core::ascii_lower(digits)) {
    const auto digit = kDigits.find(c);
    if (digit >= base) return {};
    value = value * base + digit;
  }
  return value;
}

bool take_chunks(std::string_view& rest, std::string& body) {
  for (;;) {
    const auto line = take_line(rest);
    const auto size = line ? number(*line, 16) : std::nullopt;
    if (!size || rest.size() < *size + 2) return false;
    body.append(rest.substr(0, *size));
    if (rest.substr(*size, 2) != "\r\n") return false;
    rest.remove_prefix(*size + 2);
    if (*size == 0) return true;
  }
}

struct Framing {
  std::optional<std::size_t> length;
  std::size_t hosts = 0;
  bool is_chunked = false;
};

bool read_header(std::string_view line, Framing& framing, PlainRequest& request) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || !is_value(line.substr(colon + 1)))
    return false;
  const std::string name = core::ascii_lower(line.substr(0, colon));
  const std::string_view value = core::trim(line.substr(colon + 1));
  if (name == "host") ++framing.hosts;
  if (name == "content-encoding") request.is_coded = true;
  if (name == "transfer-encoding") {
    if (framing.is_chunked || core::ascii_lower(value) != "chunked") return false;
    framing.is_chunked = true;
  }
  if (name == "content-length") {
    if (framing.length) return false;
    framing.length = number(value, 10);
    return framing.length.has_value();
  }
  return true;
}

std::optional<PlainRequest> take_request(std::string_view& rest) {
  PlainRequest request;
  Framing framing;
  const auto first = take_line(rest);
  if (!first) return {};
  const auto words = core::split(*first, ' ');
  if (words.size() != 3 || !is_token(words[0]) || words[1].empty() || !is_value(words[1])) return {};
  if (words[1].front() != '/' && words[1].front() != '*') return {};
  if (words[2] != "HTTP/1.1" && words[2] != "HTTP/1.0") return {};
  const bool is_1_1 = words[2] == "HTTP/1.1";
  request.method = words[0];
  request.target = words[1];
  for (;;) {
    const auto line = take_line(rest);
    if (!line) return {};
    if (line->empty()) break;
    if (!read_header(*line, framing, request)) return {};
  }
  if (framing.hosts > 1 || (framing.hosts == 0 && is_1_1)) return {};
  if (framing.is_chunked && (framing.length || !is_1_1)) return {};
  if (framing.is_chunked) return take_chunks(rest, request.body) ? std::optional{request} : std::nullopt;
  const std::size_t length = framing.length.value_or(0);
  if (rest.size() < length) return {};
  request.body = rest.substr(0, length);
  rest.remove_prefix(length);
  return request;
}

}  // namespace

std::vector<PlainRequest> read_strictly(std::string_view bytes) {
  std::vector<PlainRequest> requests;
  while (auto request = take_request(bytes)) requests.push_back(std::move(*request));
  return requests;
}

}  // namespace fuzz

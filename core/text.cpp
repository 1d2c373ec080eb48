// Text functions; UTF-8 is decoded in one place (next_rune) and everything else asks it.
#include "core/text.h"

#include <fmt/format.h>

#include <array>

namespace core {
namespace {

constexpr char32_t kInvalid = 0xFFFFFFFF;

struct Rune {
  char32_t code;       // kInvalid: `length` bytes here are not UTF-8
  std::size_t length;  // at least 1
};

Rune next_rune(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {kInvalid, 1};
  char32_t code = lead & (0x7F >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {kInvalid, 1};
    code = (code << 6) | (byte(i) & 0x3F);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (overlong || surrogate || code > 0x10FFFF) return {kInvalid, 1};
  return {code, length};
}

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Characters that change what a reader sees around them: bidirectional controls, separators, zero-width, the byte-order
// mark.
bool deceives(char32_t code) {
  return (code >= 0x80 && code < 0xA0) || (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2060 && code <= 0x2069) || code == 0xFEFF || code == 0x061C;
}

}  // namespace

std::string ascii_lower(std::string_view text) {
  std::string lower{text};
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return lower;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  while (true) {
    const auto end = text.find(separator);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const Rune rune = next_rune(text);
    if (rune.code == kInvalid) return false;
    text.remove_prefix(rune.length);
  }
  return true;
}

std::string to_valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const Rune rune = next_rune(text);
    valid += rune.code == kInvalid ? kReplacement : text.substr(0, rune.length);
    text.remove_prefix(rune.length);
  }
  return valid;
}

std::string_view cut_utf8(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  std::size_t end = bytes;
  // At most three continuation bytes belong to one character; more than that is not UTF-8, and is cut where asked.
  for (int back = 0; back < 3 && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80; ++back) --end;
  if ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) end = bytes;
  return text.substr(0, end);
}

std::string truncate_utf8(std::string_view text, std::size_t bytes, std::string_view marker) {
  if (text.size() <= bytes) return std::string{text};
  if (bytes < marker.size()) return std::string{cut_utf8(text, bytes)};
  std::string cut{cut_utf8(text, bytes - marker.size())};
  cut += marker;
  return cut;
}

std::size_t count_runes(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(next_rune(text).length);
  return count;
}

std::string printable(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const Rune rune = next_rune(text);
    if (rune.code == kInvalid)
      safe += kReplacement;
    else if (rune.code == '\n')
      safe += "\\n";
    else if (rune.code == '\t')
      safe += "\\t";
    else if (rune.code == '\r')
      safe += "\\r";
    else if (rune.code < 0x20 || rune.code == 0x7F || deceives(rune.code))
      safe += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(rune.code));
    else
      safe += text.substr(0, rune.length);
    text.remove_prefix(rune.length);
  }
  return safe;
}

namespace {

// Most text is plain ASCII, and is copied in stretches.
constexpr std::array<bool, 256> plain_bytes(JsonEscape how) {
  std::array<bool, 256> plain{};
  for (unsigned c = 0x20; c < 0x7F; ++c) plain[c] = c != '"' && c != '\\';
  if (how.html_safe) plain['<'] = plain['>'] = plain['&'] = false;
  return plain;
}
constexpr auto kPlain = plain_bytes({.html_safe = false}), kPlainHtml = plain_bytes({.html_safe = true});

}  // namespace

void append_json_quoted(std::string& to, std::string_view text, JsonEscape how) {
  const auto& is_plain = how.html_safe ? kPlainHtml : kPlain;
  to += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain[static_cast<unsigned char>(text[plain])]) ++plain;
    to.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) break;

    const Rune rune = next_rune(text);
    const bool html = how.html_safe && (rune.code == '<' || rune.code == '>' || rune.code == '&' ||
                                        rune.code == 0x2028 || rune.code == 0x2029);
    switch (rune.code) {
      case '"':
        to += "\\\"";
        break;
      case '\\':
        to += "\\\\";
        break;
      case '\n':
        to += "\\n";
        break;
      case '\r':
        to += "\\r";
        break;
      case '\t':
        to += "\\t";
        break;
      case kInvalid:
        to += "\\ufffd";
        break;
      default:
        if (rune.code < 0x20 || html)
          fmt::format_to(std::back_inserter(to), "\\u{:04x}", static_cast<std::uint32_t>(rune.code));
        else
          to += text.substr(0, rune.length);
    }
    text.remove_prefix(rune.length);
  }
  to += '"';
}

std::string json_quote(std::string_view text, JsonEscape how) {
  std::string quoted;
  quoted.reserve(text.size() + 2);
  append_json_quoted(quoted, text, how);
  return quoted;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = (group << 8) | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j) out += i + j > bytes.size() ? '=' : kDigits[(group >> (18 - 6 * j)) & 63];
  }
  return out;
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(c));
  return out;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                            c == '.' || c == '_' || c == '~';
    if (unreserved)
      out += c;
    else
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace core

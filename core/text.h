// Small pure functions over text that more than one room needs. Everything that comes from alerts is hostile: see the
// printable_* ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace core {

std::string ascii_lower(std::string_view text);
std::string_view trim(std::string_view text);                                // blanks, tabs, CR, LF at both ends
std::vector<std::string_view> split(std::string_view text, char separator);  // "a,,b" → a, "", b; "" → one empty piece
std::string replace_all(std::string text, std::string_view from, std::string_view to);
bool is_valid_utf8(std::string_view text);

// Invalid UTF-8 becomes U+FFFD, as Go and Falco do.
std::string to_valid_utf8(std::string_view text);

// The longest prefix of at most `bytes` bytes that does not cut a UTF-8 character.
std::string_view cut_utf8(std::string_view text, std::size_t bytes);
// At most `bytes` bytes in all; when cut, ends in `marker`.
std::string truncate_utf8(std::string_view text, std::size_t bytes, std::string_view marker = "[...]");
std::size_t count_runes(std::string_view text);

// For terminals and logs: control characters, ESC, C1, DEL and bidirectional overrides become \n, \t, \u001b …; invalid
// UTF-8 becomes U+FFFD.
std::string printable(std::string_view text);

// A JSON string literal with its quotes. `html_safe` escapes < > & and U+2028/9 as Go's encoder does (falcosidekick's
// bodies).
struct JsonEscape {
  bool html_safe = false;
};
std::string json_quote(std::string_view text, JsonEscape how = {});
void append_json_quoted(std::string& to, std::string_view text, JsonEscape how = {});

std::string base64(std::string_view bytes);
std::string hex(std::string_view bytes);
std::string percent_encode(std::string_view text);  // RFC 3986 unreserved characters stay

}  // namespace core

// Taking a record apart. The kernel side is ours, but a length is believed only after it is checked: one wrong would read foreign memory.
#include "detector/sensor/record.h"

#include <algorithm>

namespace detector {

bool parse_record(std::string_view bytes, Record& record) {
  record.count = 0;
  if (bytes.size() < sizeof(wire_header)) return false;
  std::memcpy(&record.header, bytes.data(), sizeof(wire_header));
  if (record.header.length < sizeof(wire_header) || record.header.length > bytes.size()) return false;
  std::string_view left = bytes.substr(sizeof(wire_header), record.header.length - sizeof(wire_header));
  while (left.size() >= sizeof(wire_blob)) {
    wire_blob head;
    std::memcpy(&head, left.data(), sizeof head);
    left.remove_prefix(sizeof head);
    if (head.length > left.size()) return false;
    if (record.count < record.blobs.size()) record.blobs[record.count++] = Blob{head.tag, head.detail, left.substr(0, head.length)};
    left.remove_prefix(std::min<std::size_t>((head.length + 7u) & ~7u, left.size()));
  }
  return true;
}

std::string_view until_nul(std::string_view bytes) { return bytes.substr(0, std::min(bytes.find('\0'), bytes.size())); }

void append_path(std::string& text, std::string_view names) {
  std::array<std::string_view, 128> pieces;
  std::size_t count = 0;
  while (!names.empty() && count < pieces.size()) {
    const std::string_view name = until_nul(names);
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    if (!name.empty() && name != "/") pieces[count++] = name;
  }
  if (count == 0) text += '/';
  while (count > 0) {
    text += '/';
    text += pieces[--count];
  }
}

}  // namespace detector

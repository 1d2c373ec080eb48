// Encoding and checking of segment heads and records. Every read here is of bytes that a broken disk or a hostile sender may have chosen.
#include "hub/journal/record_format.h"

#include "core/invariant.h"
#include "hub/journal/crc32c.h"

#include <fmt/format.h>

#include <bit>

namespace hub {

namespace {

constexpr std::string_view kMagic = "TOCSINJL";
constexpr std::size_t kHeadCopyBytes = 64;
constexpr std::size_t kSecondCopy = 2048;

template <class Number>
void put(std::string& out, Number number) {
  for (std::size_t byte = 0; byte < sizeof(Number); ++byte) {
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * byte)));
  }
}

template <class Number>
Number get(std::string_view bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t byte = 0; byte < sizeof(Number); ++byte) {
    number |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + byte])) << (8 * byte);
  }
  return static_cast<Number>(number);
}

// The checksum of a record's head: of the segment it stands in, and of all its other fields.
std::uint32_t head_crc(std::string_view head, const SegmentHead& segment) {
  static_assert(std::endian::native == std::endian::little, "the salt is hashed as it lies in memory");
  const std::string_view place(reinterpret_cast<const char*>(&segment.salt), 8);
  std::uint32_t crc = crc32c(place, static_cast<std::uint32_t>(segment.id ^ (segment.id >> 32)));
  return crc32c(head.substr(8), crc32c(head.substr(0, 4), crc));
}

std::string encode_copy(const SegmentHead& head) {
  std::string out;
  out.reserve(kHeadCopyBytes);
  out += kMagic;
  put<std::uint32_t>(out, kFormatVersion);
  put<std::uint64_t>(out, head.id);
  put<std::uint64_t>(out, head.first.value);
  put<std::uint64_t>(out, head.durable_before.value);
  put<std::int64_t>(out, head.begun);
  put<std::uint64_t>(out, head.salt);
  out.resize(kHeadCopyBytes - 4, '\0');
  put<std::uint32_t>(out, crc32c(out));
  return out;
}

core::Result<SegmentHead> decode_copy(std::string_view copy) {
  // Magic, version and the checksum's place stay the same in every version, so that a newer one is told from damage.
  const bool whole = copy.substr(0, kMagic.size()) == kMagic &&
                     get<std::uint32_t>(copy, kHeadCopyBytes - 4) == crc32c(copy.substr(0, kHeadCopyBytes - 4));
  if (!whole) return core::Error{core::Fault::Corrupt, "its head is damaged"};
  const auto version = get<std::uint32_t>(copy, 8);
  if (version > kFormatVersion) {
    return core::Error{core::Fault::Invalid,
                       fmt::format("it was written by a newer tocsin-hub (journal format {}; this one knows {}): "
                                   "start that version again, or give this one another state_directory",
                                   version, kFormatVersion)};
  }
  SegmentHead head;
  head.id = get<std::uint64_t>(copy, 12);
  head.first = {get<std::uint64_t>(copy, 20)};
  head.durable_before = {get<std::uint64_t>(copy, 28)};
  head.begun = get<std::int64_t>(copy, 36);
  head.salt = get<std::uint64_t>(copy, 44);
  return head;
}

}  // namespace

std::string encode(const SegmentHead& head) {
  const std::string copy = encode_copy(head);
  std::string out = copy;
  out.resize(kSecondCopy, '\0');
  out += copy;
  out.resize(kSegmentHeadBytes, '\0');
  return out;
}

core::Result<SegmentHead> decode_segment_head(std::string_view bytes) {
  if (bytes.size() < kSegmentHeadBytes) return core::Error{core::Fault::Corrupt, "its head is missing"};
  auto head = decode_copy(bytes.substr(0, kHeadCopyBytes));
  if (head || head.error().fault == core::Fault::Invalid) return head;
  return decode_copy(bytes.substr(kSecondCopy, kHeadCopyBytes));
}

void append_record(std::string& out, const SegmentHead& segment, std::uint8_t type, Offset offset, std::string_view payload) {
  INVARIANT(payload.size() <= kMaxPayloadBytes);
  const std::size_t begin = out.size();
  put<std::uint32_t>(out, static_cast<std::uint32_t>(payload.size()));
  put<std::uint32_t>(out, 0);
  put<std::uint64_t>(out, offset.value);
  put<std::uint32_t>(out, crc32c(payload));
  put<std::uint32_t>(out, type);
  const std::uint32_t crc = head_crc(std::string_view(out).substr(begin, kRecordHeadBytes), segment);
  for (std::size_t byte = 0; byte < 4; ++byte) out[begin + 4 + byte] = static_cast<char>(crc >> (8 * byte));
  out += payload;
  out.resize(begin + framed_bytes(payload.size()), '\0');
}

std::optional<RecordHead> parse_record_head(std::string_view bytes, const SegmentHead& segment) {
  RecordHead head;
  head.length = get<std::uint32_t>(bytes, 0);
  if (head.length > kMaxPayloadBytes) return std::nullopt;
  if (get<std::uint32_t>(bytes, 4) != head_crc(bytes.substr(0, kRecordHeadBytes), segment)) return std::nullopt;
  head.offset = {get<std::uint64_t>(bytes, 8)};
  head.payload_crc = get<std::uint32_t>(bytes, 16);
  head.type = static_cast<std::uint8_t>(bytes[20]);
  return head;
}

bool is_intact(const RecordHead& head, std::string_view payload) { return crc32c(payload) == head.payload_crc; }

void append_commit(std::string& out, const SegmentHead& segment, Offset first, const CommitHead& commit) {
  std::string payload;
  put<std::uint64_t>(payload, commit.durable_end.value);
  put<std::uint32_t>(payload, commit.records);
  put<std::uint32_t>(payload, 0);
  append_record(out, segment, kCommitType, first, payload);
}

std::optional<CommitHead> parse_commit(std::string_view payload) {
  if (payload.size() != 16) return std::nullopt;
  return CommitHead{{get<std::uint64_t>(payload, 0)}, get<std::uint32_t>(payload, 8)};
}

std::string segment_name(std::uint64_t id) { return fmt::format("{:016x}.segment", id); }

std::optional<std::uint64_t> parse_segment_name(std::string_view name) {
  if (name.size() != 24 || name.substr(16) != ".segment") return std::nullopt;
  std::uint64_t id = 0;
  for (const char digit : name.substr(0, 16)) {
    const auto place = std::string_view("0123456789abcdef").find(digit);
    if (place == std::string_view::npos) return std::nullopt;
    id = id << 4 | place;
  }
  return id;
}

}  // namespace hub

// The bytes of a segment: its head, and the records in it. README.md beside this file describes them with a worked example; change both, and
// kFormatVersion, together. Little-endian throughout.
#pragma once

#include "core/result.h"
#include "hub/journal/journal.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hub {

inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::size_t kSegmentHeadBytes = 4096;         // two copies, in different sectors; records begin here
inline constexpr std::size_t kRecordHeadBytes = 24;
inline constexpr std::size_t kMaxPayloadBytes = 4 << 20;
inline constexpr std::uint8_t kCommitType = 255;               // not a RecordType: never leaves the journal

struct SegmentHead {
  std::uint64_t id = 0;                // rises by one with each segment; also in the file's name
  Offset first;                        // no record in it is below this
  Offset durable_before;               // one past the last durable record when it was begun: earlier segments end here, whatever they hold
  std::int64_t begun = 0;              // unix nanoseconds
  std::uint64_t salt = 0;              // random, in every record's checksum: a payload cannot be made to look like a record
};

std::string encode(const SegmentHead& head);                   // kSegmentHeadBytes long
// From the first kSegmentHeadBytes. Corrupt: neither copy is whole. Invalid: a newer format, with a sentence.
core::Result<SegmentHead> decode_segment_head(std::string_view bytes);

struct RecordHead {
  std::uint32_t length = 0;            // of the payload
  std::uint32_t payload_crc = 0;
  Offset offset;
  std::uint8_t type = 0;
};

// Head, payload and zeros up to the next multiple of eight.
constexpr std::size_t framed_bytes(std::size_t payload) { return kRecordHeadBytes + ((payload + 7) & ~std::size_t{7}); }

void append_record(std::string& out, const SegmentHead& segment, std::uint8_t type, Offset offset, std::string_view payload);

// From kRecordHeadBytes bytes. Nothing: they are not the head of a record of this segment.
std::optional<RecordHead> parse_record_head(std::string_view bytes, const SegmentHead& segment);
bool is_intact(const RecordHead& head, std::string_view payload);

// The first record of each commit. It is written only when everything before it is durable, so finding it whole proves that.
struct CommitHead {
  Offset durable_end;                  // before this commit
  std::uint32_t records = 0;
};
inline constexpr std::size_t kCommitBytes = framed_bytes(16);
void append_commit(std::string& out, const SegmentHead& segment, Offset first, const CommitHead& commit);
std::optional<CommitHead> parse_commit(std::string_view payload);

std::string segment_name(std::uint64_t id);                              // "00000000000000a7.segment"
std::optional<std::uint64_t> parse_segment_name(std::string_view name);  // nothing: some other file

}  // namespace hub

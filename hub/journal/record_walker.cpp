// Walking a segment. The heads are checked before anything in them is believed, so damage costs the records it touches and no more; and all
// records begin at multiples of eight, so that the next whole one is found quickly.
#include "hub/journal/record_walker.h"

#include <algorithm>

namespace hub {

RecordWalker::RecordWalker(File& file, const SegmentHead& segment, std::uint64_t begin, std::uint64_t end, Offset last, Want want)
    : file_(file), segment_(segment), position_(begin), end_(end), last_(last), want_(want) {}

core::Result<Step> RecordWalker::next() {
  if (position_ + kRecordHeadBytes > end_) return Step{Step::Kind::End, position_, 0, {}, {}, {}};
  const auto bytes = look(position_, kRecordHeadBytes);
  if (!bytes) return bytes.error();
  const auto head = parse_record_head(*bytes, segment_);
  if (!head || !is_plausible(*head, position_)) return bad(position_ + 8);

  Step step{Step::Kind::Record, position_, framed_bytes(head->length), *head, {}, {}};
  if (head->type == kCommitType || is_wanted(*head)) {
    const auto payload = look(position_ + kRecordHeadBytes, head->length);
    if (!payload) return payload.error();
    if (!is_intact(*head, *payload)) return bad(position_ + step.bytes);
    step.payload = *payload;
  }
  if (head->type == kCommitType) {
    const auto commit = parse_commit(step.payload);
    if (!commit) return bad(position_ + step.bytes);
    step.kind = Step::Kind::Commit;
    step.commit = *commit;
  } else {
    last_ = head->offset;
  }
  position_ += step.bytes;
  return step;
}

core::Result<Step> RecordWalker::bad(std::uint64_t search_from) {
  Step step{Step::Kind::Bad, position_, 0, {}, {}, {}};
  std::uint64_t at = search_from;
  for (; at + kRecordHeadBytes <= end_; at += 8) {
    const auto bytes = look(at, kRecordHeadBytes);
    if (!bytes) return bytes.error();
    // The rest of a segment is zeros, megabytes of them: not worth a checksum each.
    if (bytes->substr(0, 8) == std::string_view("\0\0\0\0\0\0\0\0", 8)) continue;
    const auto head = parse_record_head(*bytes, segment_);
    if (head && is_plausible(*head, at)) {
      step.head.offset = head->offset;
      break;
    }
  }
  if (at + kRecordHeadBytes > end_) at = end_;
  step.bytes = at - position_;
  position_ = at;
  return step;
}

bool RecordWalker::is_wanted(const RecordHead& head) const {
  return head.offset >= want_.from && (want_.only_type == 0 || want_.only_type == head.type);
}

bool RecordWalker::is_plausible(const RecordHead& head, std::uint64_t at) const {
  return head.offset > last_ && head.offset >= segment_.first && at + framed_bytes(head.length) <= end_;
}

core::Result<std::string_view> RecordWalker::look(std::uint64_t at, std::size_t bytes) {
  if (at < buffer_begin_ || at + bytes > buffer_begin_ + buffer_.size()) {
    const std::uint64_t room = end_ - at;
    buffer_.resize(std::min<std::uint64_t>(room, std::max(bytes, want_.read_ahead)));
    buffer_begin_ = at;
    const auto got = file_.read_at(at, buffer_);
    if (!got) {
      buffer_.clear();
      return got.error();
    }
    bytes_read_ += *got;
    // A file shorter than it should be reads as zeros: damage like any other, found by the checksums.
    std::fill(buffer_.begin() + static_cast<std::ptrdiff_t>(*got), buffer_.end(), '\0');
  }
  return std::string_view(buffer_).substr(at - buffer_begin_, bytes);
}

}  // namespace hub

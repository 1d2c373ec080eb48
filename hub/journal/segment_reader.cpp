// Reading. Offsets within a segment are consecutive, so a gap there is damage and only damage; between segments there may be gaps (a failed
// commit, a restart with cursors ahead of the journal), and they mean nothing.
#include "hub/journal/segment_reader.h"

#include "hub/journal/record_walker.h"

#include <algorithm>

namespace hub {

namespace {
// One call looks at no more than this, so that searching gigabytes for a rare type does not hold up the delivery loop.
constexpr std::uint64_t kMostBytesLookedAt = 8 << 20;
}  // namespace

core::Result<Journal::Page> SegmentReader::read(Offset from, Journal::ReadLimits limits, std::uint8_t only_type) {
  Journal::Page page;
  page.next = from;
  const Offset durable_end = segments_.durable_end();
  std::uint64_t may_read = kMostBytesLookedAt;
  while (page.next < durable_end) {
    SegmentSet::Found found = segments_.find(page.next);
    if (!found.segment || found.segment->head().first >= durable_end) {
      page.next = durable_end;
      break;
    }
    // The writer may have gone on meanwhile; what is shown ends where durable_end() said.
    found.extent.end = std::min(found.extent.end, durable_end);
    page.next = std::max(page.next, found.segment->head().first);
    const auto goes_on = read_segment(found, limits, may_read, only_type, page);
    if (!goes_on) return goes_on.error();
    if (!*goes_on) break;
  }
  return page;
}

core::Result<bool> SegmentReader::read_segment(const SegmentSet::Found& found, Journal::ReadLimits& limits, std::uint64_t& may_read,
                                               std::uint8_t only_type, Journal::Page& page) {
  const auto file = segments_.open(found.segment);
  if (!file) {
    // Upkeep removed it between find and open: released, so nobody needs what it held.
    if (file.error().fault != core::Fault::NotFound) return file.error();
    page.next = found.extent.end;
    return true;
  }
  Segment& segment = *found.segment;
  const Segment::Place place = segment.locate(page.next);
  Offset expected = place.last == Offset{} ? segment.head().first : place.last.next();
  RecordWalker walker(**file, segment.head(), place.position, found.extent.position, place.last, {.from = page.next, .only_type = only_type});
  while (expected < found.extent.end) {
    const auto step = walker.next();
    if (!step) return step.error();
    segment.note({step->position, {expected.value - 1}});
    switch (step->kind) {
      case Step::Kind::Commit: continue;
      case Step::Kind::Record: break;
      case Step::Kind::Bad:
      case Step::Kind::End: {
        const bool found_next = step->head.offset != Offset{} && step->head.offset < found.extent.end;
        const Offset next = found_next ? step->head.offset : found.extent.end;
        quarantine_.take(segment, **file, step->position, step->bytes, next.value - expected.value);
        expected = next;
        page.next = std::max(page.next, next);
        continue;
      }
    }
    // One that was voided by a later segment (its commit failed) is never shown.
    if (step->head.offset >= found.extent.end) break;
    const Offset offset = step->head.offset;
    if (offset >= page.next && (only_type == 0 || step->head.type == only_type)) {
      const std::size_t bytes = step->payload.size();
      const bool first = page.records.empty();
      if (limits.records == 0 || (bytes > limits.bytes && !first)) {
        segment.remember({step->position, {expected.value - 1}});
        return false;
      }
      page.records.push_back({offset, static_cast<RecordType>(step->head.type), std::string(step->payload)});
      limits.records -= 1;
      limits.bytes -= std::min(limits.bytes, bytes);
    }
    expected = offset.next();
    page.next = std::max(page.next, expected);
    if (limits.records == 0 || walker.bytes_read() > may_read) break;
  }
  may_read -= std::min(may_read, walker.bytes_read());
  segment.remember({walker.position(), {expected.value - 1}});
  page.next = std::max(page.next, std::min(expected, found.extent.end));
  return limits.records > 0 && may_read > 0;
}

core::Result<Record> SegmentReader::read_one(Offset offset) {
  const core::Error gone{core::Fault::NotFound, "record " + std::to_string(offset.value) + " is no longer in the journal"};
  const SegmentSet::Found found = segments_.find(offset);
  if (!found.segment || found.segment->head().first > offset) return gone;
  const auto file = segments_.open(found.segment);
  if (!file) return file.error().fault == core::Fault::NotFound ? gone : file.error();

  const Segment::Place place = found.segment->locate(offset);
  RecordWalker walker(**file, found.segment->head(), place.position, found.extent.position, place.last, {.from = offset, .read_ahead = 8 << 10});
  for (;;) {
    const auto step = walker.next();
    if (!step) return step.error();
    const bool is_record = step->kind == Step::Kind::Record;
    if (is_record && step->head.offset == offset) {
      found.segment->remember({walker.position(), offset});
      return Record{offset, static_cast<RecordType>(step->head.type), std::string(step->payload)};
    }
    if (step->kind == Step::Kind::End || step->head.offset > offset || (step->kind == Step::Kind::Bad && step->head.offset == Offset{})) break;
  }
  return core::Error{core::Fault::Corrupt, "record " + std::to_string(offset.value) + " is damaged"};
}

}  // namespace hub

// After a crash the last segment ends in whatever the disk kept of the commit under way. A commit record is written only when everything before
// it is durable; so bytes that do not parse are a torn tail when no whole commit follows them (cut, counted, expected), and damage when one
// does (the disk lied: quarantined, counted, logged). Reading backwards from there, `durable_before` in each segment's head says where the
// segment before it ends, whatever a failed commit left behind there.
#include "hub/journal/recovery.h"

#include "core/log.h"
#include "hub/journal/record_walker.h"

#include <algorithm>

namespace hub {

namespace {

struct Candidate {
  std::uint64_t id = 0;
  Path path;
  SegmentHead head;
  std::uint64_t size = 0;
};

// Where the last segment's good part ends.
struct Tail {
  Offset end;
  std::uint64_t position = kSegmentHeadBytes, torn_bytes = 0;
  std::uint64_t last_commit = kSegmentHeadBytes;   // where it begins: nothing proves that one
};

core::Result<std::vector<Candidate>> find_segments(FileSystem& file_system, const Path& directory) {
  const auto names = file_system.list(directory);
  if (!names) return names.error();
  std::vector<Candidate> found;
  for (const std::string& name : *names) {
    if (const auto id = parse_segment_name(name)) found.push_back({*id, directory / name, {}, 0});
  }
  std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
  return found;
}

// Reads its head and size. Corrupt: its head is gone.
core::Result<> look_at(FileSystem& file_system, Candidate& candidate) {
  auto file = file_system.open(candidate.path);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  candidate.size = *size;
  std::string bytes(kSegmentHeadBytes, '\0');
  const auto got = (*file)->read_at(0, bytes);
  if (!got) return got.error();
  bytes.resize(*got);
  const auto head = decode_segment_head(bytes);
  if (!head) return core::in_context("journal segment " + candidate.path.string(), head.error());
  if (head->id != candidate.id) return core::Error{core::Fault::Corrupt, candidate.path.string() + " is not the segment its name says"};
  candidate.head = *head;
  return {};
}

core::Result<std::uint64_t> count_nonzero_tail(File& file, std::uint64_t from, std::uint64_t to) {
  std::uint64_t end = from;
  std::string chunk;
  for (std::uint64_t at = from; at < to; at += chunk.size()) {
    chunk.resize(std::min<std::uint64_t>(to - at, 1 << 20));
    const auto got = file.read_at(at, chunk);
    if (!got) return got.error();
    chunk.resize(*got);
    if (chunk.empty()) break;
    const auto last = chunk.find_last_not_of('\0');
    if (last != std::string::npos) end = at + last + 1;
  }
  return end - from;
}

core::Result<Tail> scan(File& file, Segment& segment, std::uint64_t size, Quarantine& quarantine) {
  struct Damage {
    std::uint64_t position, bytes, records;
  };
  std::vector<Damage> unproven;        // since the last whole commit
  Tail tail{segment.head().first};
  Offset expected = segment.head().first;
  RecordWalker walker(file, segment.head(), kSegmentHeadBytes, size, {}, {});
  for (;;) {
    const auto step = walker.next();
    if (!step) return step.error();
    if (step->kind == Step::Kind::End) break;
    if (step->kind == Step::Kind::Bad) {
      const std::uint64_t lost = step->head.offset > expected ? step->head.offset.value - expected.value : 0;
      if (lost > 0) expected = step->head.offset;
      unproven.push_back({step->position, step->bytes, lost});
      continue;
    }
    if (step->kind == Step::Kind::Commit && step->commit.durable_end > segment.head().first) {
      for (const Damage& damage : unproven) quarantine.take(segment, file, damage.position, damage.bytes, damage.records);
      unproven.clear();
    }
    if (step->kind == Step::Kind::Commit && unproven.empty()) tail.last_commit = step->position;
    if (step->kind == Step::Kind::Record) {
      segment.note({step->position, {expected.value - 1}});
      expected = step->head.offset.next();
    }
    if (unproven.empty()) {
      tail.end = expected;
      tail.position = step->position + step->bytes;
    }
  }
  const auto torn = count_nonzero_tail(file, tail.position, size);
  if (!torn) return torn.error();
  tail.torn_bytes = *torn;
  return tail;
}

// Scans, cuts and syncs one that nothing newer has sealed.
core::Result<Tail> close_tail(FileSystem& file_system, const Candidate& candidate, Segment& segment, Quarantine& quarantine) {
  auto file = file_system.open(candidate.path);
  if (!file) return file.error();
  auto tail = scan(**file, segment, candidate.size, quarantine);
  if (!tail) return tail;
  if (tail->torn_bytes > 0) {
    core::log_warning("journal_tail_cut", {{"segment", candidate.path.string()}, {"bytes", std::to_string(tail->torn_bytes)}});
  }
  if (candidate.size != tail->position) {
    if (auto cut = (*file)->truncate(tail->position); !cut) return cut.error();
  }
  // What we saw may be in the page cache only (the hub was killed, not the machine): before anybody acts on it, it must be on the disk. A sync
  // would not be enough: if one failed before the kill, the pages are marked clean and never written. So the last commit is written again.
  std::string last(tail->position - tail->last_commit, '\0');
  const auto got = (*file)->read_at(tail->last_commit, last);
  if (!got) return got.error();
  if (auto written = write_fully(**file, tail->last_commit, last); !written) return written.error();
  if (auto synced = (*file)->sync(); !synced) return synced.error();
  return tail;
}

}  // namespace

core::Result<Recovered> recover(FileSystem& file_system, const Path& directory, SegmentSet& segments, Quarantine& quarantine) {
  auto found = find_segments(file_system, directory);
  if (!found) return found.error();
  Recovered recovered;
  std::vector<Candidate> whole, headless;
  for (Candidate& candidate : *found) {
    recovered.next_segment = candidate.id + 1;
    auto looked = look_at(file_system, candidate);
    if (!looked && looked.error().fault != core::Fault::Corrupt) return looked.error();
    (looked ? whole : headless).push_back(candidate);
  }

  // From here on things are changed. The end of each segment: what the next one's head says; for the last, what is found in it.
  for (std::size_t at = 0; at < whole.size(); ++at) {
    const Candidate& candidate = whole[at];
    auto segment = std::make_shared<Segment>(candidate.path, candidate.head);
    const bool is_last = at + 1 == whole.size();
    Segment::Extent extent{candidate.head.first, candidate.size};
    if (is_last) {
      const auto tail = close_tail(file_system, candidate, *segment, quarantine);
      if (!tail) return tail.error();
      extent = {tail->end, tail->position};
      recovered.torn_bytes += tail->torn_bytes;
    } else {
      extent.end = std::max(candidate.head.first, whole[at + 1].head.durable_before);
    }
    // An empty one's own end is no record's: offsets before its first may have been used up by a commit that failed.
    const bool is_empty = extent.end == candidate.head.first;
    recovered.proven = std::max(recovered.proven, is_empty ? candidate.head.durable_before : extent.end);
    recovered.end = std::max(recovered.end, extent.end);
    if (is_empty && !is_last) {
      // Nothing in it was ever acknowledged.
      if (auto removed = file_system.remove(candidate.path); !removed) return removed.error();
      continue;
    }
    segment->set_extent(extent);
    segment->set_disk_bytes(extent.position);
    segments.add(std::move(segment));
  }
  for (const Candidate& candidate : headless) {
    // How many records were in it nobody knows. Their offsets must not be given again, so it is taken for as full as it can be.
    const bool is_newest = whole.empty() || candidate.id > whole.back().id;
    if (is_newest) recovered.end.value += candidate.size / kRecordHeadBytes;
    if (auto moved = quarantine.take_whole(candidate.path, 0); !moved) return moved.error();
  }
  return recovered;
}

}  // namespace hub

// One group: one write, one fdatasync. A failed write or sync says nothing about what is on the disk, so it is never repeated in place: the same
// records go into a new segment under new offsets, once, and if that fails too their senders are told. The new segment's head voids whatever
// the failed attempt left behind (durable_before).
#include "hub/journal/group_commit.h"

#include "core/log.h"

#include <algorithm>
#include <random>

namespace hub {

namespace {

using namespace std::chrono_literals;

// When the disk is short, alerts leave the last eighth of the segment to decisions: alerts that nobody can decide on are never delivered, so
// nothing would ever be released.
std::uint64_t usable(std::uint64_t capacity, bool keep_some) { return keep_some ? capacity - capacity / 8 : capacity; }

std::uint64_t random_salt() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

}  // namespace

GroupCommit::GroupCommit(FileSystem& file_system, Path directory, const JournalOptions& options, SegmentSet& segments, DiskRoom& room,
                         Upkeep& upkeep, Begin begin)
    : file_system_(file_system),
      directory_(std::move(directory)),
      options_(options),
      segments_(segments),
      room_(room),
      upkeep_(upkeep),
      next_(begin.next),
      proven_(begin.proven),
      next_segment_(begin.segment) {
  // A disk that was full before the start is known to be full, not found out by the first alert. Upkeep looks at once, and may find room.
  if (!room_.has_spare() && !room_.has_free(room_.segment_bytes())) accepting_ = false;
}

std::vector<GroupCommit::Settled> GroupCommit::commit(std::deque<Appended>& queue) {
  std::vector<Settled> group;
  const auto take = [&] {
    group.push_back({std::move(queue.front()), Offset{}});
    queue.pop_front();
  };
  if (const auto found = find_segment(queue.front()); !found) {
    take();
    group.front().result = found.error();
    note_failure(found.error());
    return group;
  }
  std::uint64_t position = active_->position() + kCommitBytes;
  const std::uint64_t begin = position;
  while (!queue.empty()) {
    const Appended& next = queue.front();
    const bool first = group.empty();
    if (!first && (position - begin + next.bytes > options_.commit_bytes || !fits(next, position))) break;
    position += next.bytes;
    take();
  }

  auto written = write(group);
  if (!written) {
    core::log_warning("journal_segment_poisoned", {{"segment", active_->segment()->path().string()}, {"why", written.error().what}});
    abandon_segment();
    if (auto rotated = rotate(group.front().appended); rotated) {
      written = write(group);
      if (!written) abandon_segment();
    } else {
      written = rotated.error();
    }
  }
  if (!written) {
    note_failure(written.error());
    core::log_error("journal_commit_failed", {{"why", written.error().what}, {"appends", std::to_string(group.size())}});
    for (Settled& settled : group) settled.result = written.error();
    return group;
  }
  note_success();
  Offset first = *written;
  for (Settled& settled : group) {
    settled.result = first;
    first.value += settled.appended.records.size();
  }
  return group;
}

void GroupCommit::prove_last() {
  if (uncut_) (void)uncut_->cut_unacknowledged();
  if (!active_ || active_->position() == kSegmentHeadBytes) return;
  buffer_.clear();
  append_commit(buffer_, active_->segment()->head(), next_, {proven_, 0});
  if (auto proved = active_->commit(buffer_); !proved) core::log_warning("journal_not_proved", {{"why", proved.error().what}});
}

bool GroupCommit::fits(const Appended& appended, std::uint64_t position) const {
  const std::uint64_t capacity = active_->capacity() != 0 ? active_->capacity() : room_.segment_bytes();
  return position + appended.bytes <= usable(capacity, appended.is_ordinary && upkeep_.is_short());
}

core::Result<> GroupCommit::find_segment(const Appended& first) {
  if (active_ && fits(first, active_->position() + kCommitBytes)) return {};
  return rotate(first);
}

core::Result<> GroupCommit::rotate(const Appended& first) {
  const auto from = find_room(first);
  if (!from) {
    if (accepting_.exchange(false)) core::log_error("journal_full", {{"why", from.error().what}});
    upkeep_.wake();
    return from.error();
  }
  SegmentHead head{next_segment_, next_, proven_, options_.clock().time_since_epoch().count(), random_salt()};
  next_segment_ += 1;
  auto begun = SegmentWriter::begin(file_system_, directory_, head, *from);
  upkeep_.wake();
  if (!begun) {
    // Its name may be on the disk all the same, and its head says where the segment before it ends: nothing more may be written there.
    active_.reset();
    if (begun.error().fault == core::Fault::Full && first.is_ordinary) accepting_ = false;
    return begun.error();
  }
  active_ = std::move(*begun);
  uncut_.reset();
  segments_.add(active_->segment());
  return {};
}

// A spare segment's path, or an empty one: there is room for a file that grows.
core::Result<Path> GroupCommit::find_room(const Appended& first) {
  const std::uint64_t wanted = kSegmentHeadBytes + kCommitBytes + first.bytes;
  const core::Error full{core::Fault::Full, "the disk is full"};
  if (first.is_ordinary && !accepting_) return full;
  if (wanted <= room_.segment_bytes()) {
    Path spare = room_.take_spare(2s);
    if (!spare.empty()) return spare;
  }
  const std::uint64_t growing = std::max(wanted, room_.segment_bytes());
  if (room_.has_free(growing)) return Path{};
  (void)upkeep_.make_room(growing);
  if (room_.has_free(growing)) return Path{};
  if (first.is_ordinary) return full;
  // Decisions are small, and they are what lets the queues drain: they may eat into the reserve.
  while (!room_.has_free(wanted)) {
    if (!room_.give_up_stage()) return full;
  }
  return Path{};
}

core::Result<Offset> GroupCommit::write(const std::vector<Settled>& group) {
  const Offset first = next_;
  encode_group(group);   // moves next_: these offsets are used up, whatever happens
  const std::uint64_t position = active_->position();
  const auto begin = std::chrono::steady_clock::now();
  if (auto committed = active_->commit(buffer_); !committed) return committed.error();
  counts_.last_sync_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  counts_.commits += 1;
  counts_.records += next_.value - first.value;

  note_places(group, first, position);
  active_->segment()->set_extent({next_, active_->position()});
  proven_ = next_;
  segments_.set_durable_end(next_);
  if (buffer_.capacity() > 2 * options_.commit_bytes) std::string().swap(buffer_);
  return first;
}

void GroupCommit::encode_group(const std::vector<Settled>& group) {
  const SegmentHead& head = active_->segment()->head();
  std::uint32_t records = 0;
  for (const Settled& settled : group) records += static_cast<std::uint32_t>(settled.appended.records.size());
  buffer_.clear();
  append_commit(buffer_, head, next_, {proven_, records});
  for (const Settled& settled : group) {
    for (const NewRecord& record : settled.appended.records) {
      append_record(buffer_, head, static_cast<std::uint8_t>(record.type), next_, record.payload);
      next_ = next_.next();
    }
  }
}

void GroupCommit::note_places(const std::vector<Settled>& group, Offset first, std::uint64_t position) {
  Segment& segment = *active_->segment();
  segment.note({position, {first.value - 1}});
  position += kCommitBytes;
  for (const Settled& settled : group) {
    segment.note({position, {first.value - 1}});
    position += settled.appended.bytes;
    first.value += settled.appended.records.size();
  }
}

void GroupCommit::abandon_segment() {
  const SegmentRef segment = active_->segment();
  // If the disk does not even do that: the next segment's head voids what was refused (durable_before), and until there is one it is tried again.
  if (!active_->cut_unacknowledged()) uncut_ = std::move(active_);
  active_.reset();
  if (segment->extent().end > segment->head().first) return;
  // Nothing durable in it. If it cannot be removed, the next start does.
  segments_.drop(segment);
  (void)file_system_.remove(segment->path());
}

void GroupCommit::note_failure(const core::Error& error) {
  {
    const std::lock_guard lock(trouble_mutex_);
    trouble_ = error.what;
  }
  if (error.fault != core::Fault::Full) failing_ = true;
  upkeep_.wake();
}

void GroupCommit::room_found() {
  accepting_ = true;
  note_success();
}

void GroupCommit::note_success() {
  if (failing_.exchange(false)) core::log_info("journal_disk_recovered");
  const std::lock_guard lock(trouble_mutex_);
  trouble_.clear();
}

std::string GroupCommit::trouble() const {
  const std::lock_guard lock(trouble_mutex_);
  return trouble_;
}

}  // namespace hub

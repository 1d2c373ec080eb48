// Turns what was appended into commits on the disk: gives offsets, finds a segment with room, writes and syncs, and goes on in another segment
// when one fails. One thread: the journal's writer.
#pragma once

#include "hub/journal/segment_journal.h"
#include "hub/journal/segment_writer.h"
#include "hub/journal/upkeep.h"

#include <atomic>
#include <deque>

namespace hub {

struct Appended {
  std::vector<NewRecord> records;
  Journal::Done done;
  std::size_t bytes = 0;               // framed
  bool is_ordinary = false;            // it may not use what is kept back on a full disk
};

class GroupCommit {
 public:
  struct Begin {
    Offset next, proven;               // see Recovered
    std::uint64_t segment = 1;
  };
  struct Counts {
    std::atomic<std::uint64_t> commits{0}, records{0};
    std::atomic<double> last_sync_seconds{0};
  };
  GroupCommit(FileSystem& file_system, Path directory, const JournalOptions& options, SegmentSet& segments, DiskRoom& room, Upkeep& upkeep, Begin begin);

  // Takes the front of the queue, as much as one commit holds, makes it durable and visible to readers. The takers' `done` are for the caller
  // to call, with `result` of each.
  struct Settled {
    Appended appended;
    core::Result<Offset> result;
  };
  std::vector<Settled> commit(std::deque<Appended>& queue);

  // Proves the last commit, so that damage to it is not taken for a torn tail. For an orderly end.
  void prove_last();

  const Counts& counts() const { return counts_; }
  bool is_accepting() const { return accepting_ && !failing_; }   // any thread
  // Any thread: a spare segment is there. Every failed commit has used one up, so this one shows that the disk takes bytes (again).
  void room_found();
  std::string trouble() const;                        // any thread

 private:
  bool fits(const Appended& appended, std::uint64_t position) const;
  core::Result<> find_segment(const Appended& first);
  core::Result<> rotate(const Appended& first);
  core::Result<Path> find_room(const Appended& first);
  core::Result<Offset> write(const std::vector<Settled>& group);
  void encode_group(const std::vector<Settled>& group);
  void note_places(const std::vector<Settled>& group, Offset first, std::uint64_t position);
  void abandon_segment();
  void note_failure(const core::Error& error);
  void note_success();

  FileSystem& file_system_;
  const Path directory_;
  const JournalOptions& options_;
  SegmentSet& segments_;
  DiskRoom& room_;
  Upkeep& upkeep_;
  Offset next_, proven_;
  std::uint64_t next_segment_;
  std::unique_ptr<SegmentWriter> active_;
  std::unique_ptr<SegmentWriter> uncut_;     // poisoned, and what was refused is still in it
  std::string buffer_;
  Counts counts_;
  std::atomic<bool> accepting_{true};        // false: no room; alerts are refused without trying
  std::atomic<bool> failing_{false};         // the disk refused the last commit; the next is tried all the same
  mutable std::mutex trouble_mutex_;
  std::string trouble_;
};

}  // namespace hub

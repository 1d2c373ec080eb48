// The journal on our own disk: append-only segments in one folder, one writer thread that commits in groups, upkeep beside it.
#pragma once

#include "core/clock.h"
#include "hub/journal/file.h"
#include "hub/journal/journal.h"

#include <functional>
#include <memory>

namespace hub {

// Who writes spare segments, gives up the reserve and removes old segments. Inline: the writer, before each commit, so that tests see every
// call to the disk in the same order each time.
enum class UpkeepThread : std::uint8_t { Own, Inline };

struct JournalOptions {
  std::uint64_t segment_bytes = 0;     // 0: the smaller of 64 MiB and 1/32 of the file system
  std::uint64_t max_bytes = 0;         // of released segments kept; 0: the smaller of 10 GiB and a fifth of the file system
  std::uint64_t reserve_bytes = 0;     // 0: the smaller of 64 MiB and 1/16 of the file system
  core::Duration retain = std::chrono::hours(24);   // how long a released segment is kept
  Offset next_at_least;                // one past every cursor: offsets are never used twice, even if the journal was lost
  std::uint64_t commit_bytes = 4 << 20;   // at most so much in one group, unless a single append is larger
  UpkeepThread upkeep = UpkeepThread::Own;
  std::function<core::TimePoint()> clock = core::now;
};

// Opens or begins the journal in `directory` (made or tightened to 0700). `file_system` outlives it. Invalid: written by a newer version, with a
// sentence; Io: the disk refuses. A full disk is no fault: reading goes on, and appends get Full until there is room.
core::Result<std::unique_ptr<Journal>> open_journal(FileSystem& file_system, const Path& directory, JournalOptions options);

// Whether this version can read what is in `directory` (which need not be there); changes nothing. To be asked before anything else of the state
// is opened, and so upgraded. Invalid: written by a newer version, with a sentence; Io: the disk refuses.
core::Result<> check_journal_format(FileSystem& file_system, const Path& directory);

}  // namespace hub

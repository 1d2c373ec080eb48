// Steps through the records of one segment, from one boundary to the next, and over damage to the next whole record. Opening and reading both
// walk with this, so that they cannot disagree on what a record is.
#pragma once

#include "hub/journal/file.h"
#include "hub/journal/record_format.h"

#include <string>

namespace hub {

struct Step {
  enum class Kind : std::uint8_t { Record, Commit, Bad, End };
  Kind kind = Kind::End;
  std::uint64_t position = 0, bytes = 0;   // where it stands and how much it takes; Bad: up to the next whole record or the end
  RecordHead head;                         // Record, Commit. Bad: its offset is that of the next whole record, 0: none follows
  CommitHead commit;                       // Commit
  std::string_view payload;                // Record, if it was wanted; until the next step
};

class RecordWalker {
 public:
  // Which records' payloads are read and checked. Others are stepped over by their (checked) heads.
  struct Want {
    Offset from;
    std::uint8_t only_type = 0;            // 0: all
    std::size_t read_ahead = 128 << 10;    // bytes read at a time
  };

  // From `begin`, a boundary, to `end`; offsets at or below `last` are taken for damage. `file` outlives this.
  RecordWalker(File& file, const SegmentHead& segment, std::uint64_t begin, std::uint64_t end, Offset last, Want want);

  // Io: the disk does not give the bytes.
  core::Result<Step> next();

  std::uint64_t position() const { return position_; }
  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  core::Result<Step> bad(std::uint64_t search_from);
  bool is_wanted(const RecordHead& head) const;
  bool is_plausible(const RecordHead& head, std::uint64_t at) const;
  // `bytes` of the file from `at`; they lie below end_.
  core::Result<std::string_view> look(std::uint64_t at, std::size_t bytes);

  File& file_;
  const SegmentHead& segment_;
  std::uint64_t position_, end_;
  Offset last_;
  Want want_;
  std::string buffer_;
  std::uint64_t buffer_begin_ = 0, bytes_read_ = 0;
};

}  // namespace hub

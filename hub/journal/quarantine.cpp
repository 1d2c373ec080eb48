// Copies of damaged bytes. At most 64 MiB are kept in one run: a dying disk must not fill itself with copies of its own damage.
#include "hub/journal/quarantine.h"

#include "core/log.h"

#include <fmt/format.h>

#include <algorithm>

namespace hub {

namespace {
constexpr std::uint64_t kMostKept = 64 << 20;
constexpr std::uint64_t kChunkBytes = 1 << 20;
}  // namespace

void Quarantine::take(Segment& segment, File& file, std::uint64_t position, std::uint64_t bytes, std::uint64_t records) {
  if (!segment.report_damage(position)) return;
  records_ += records;
  const Path to = directory_ / fmt::format("{:016x}-{}.damaged", segment.head().id, position);
  const std::lock_guard lock(mutex_);
  core::Result<> copied = core::Error{core::Fault::Full, "enough is kept already"};
  if (kept_ + bytes <= kMostKept) copied = copy(file, position, bytes, to);
  if (copied) kept_ += bytes;
  core::log_error("journal_damage_found", {{"segment", segment.path().string()},
                                           {"position", std::to_string(position)},
                                           {"bytes", std::to_string(bytes)},
                                           {"records", std::to_string(records)},
                                           {"copy", copied ? to.string() : "none: " + copied.error().what}});
}

core::Result<> Quarantine::take_whole(const Path& segment_file, std::uint64_t records) {
  const std::lock_guard lock(mutex_);
  records_ += records;
  if (auto made = file_system_.make_directory(directory_); !made) return made.error();
  const Path to = directory_ / segment_file.filename();
  core::log_error("journal_segment_damaged", {{"segment", segment_file.string()}, {"moved_to", to.string()}});
  return file_system_.rename(segment_file, to);
}

core::Result<> Quarantine::copy(File& from, std::uint64_t position, std::uint64_t bytes, const Path& to) {
  if (auto made = file_system_.make_directory(directory_); !made) return made.error();
  auto file = file_system_.create(to);
  if (!file) return file.error();
  std::string chunk;
  for (std::uint64_t done = 0; done < bytes; done += chunk.size()) {
    chunk.resize(std::min(bytes - done, kChunkBytes));
    const auto got = from.read_at(position + done, chunk);
    if (!got) return got.error();
    if (*got == 0) break;
    chunk.resize(*got);
    if (auto written = write_fully(**file, done, chunk); !written) return written.error();
  }
  return (*file)->sync();
}

}  // namespace hub

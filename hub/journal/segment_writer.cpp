// Beginning and filling one segment. The order in begin() is what a crash at any point of it relies on: head durable before the name is, name
// durable before the first record is acknowledged.
#include "hub/journal/segment_writer.h"

#include <algorithm>

namespace hub {

SegmentWriter::SegmentWriter(std::unique_ptr<File> file, SegmentRef segment, std::uint64_t capacity)
    : file_(std::move(file)), segment_(std::move(segment)), capacity_(capacity) {}

core::Result<std::unique_ptr<SegmentWriter>> SegmentWriter::begin(FileSystem& file_system, const Path& directory, const SegmentHead& head,
                                                                  const Path& from) {
  const Path path = directory / segment_name(head.id);
  const Path before = from.empty() ? directory / "segment.tmp" : from;
  const auto give_up = [&](const core::Error& error) {
    (void)file_system.remove(before);   // what is left is removed at the next start
    return core::in_context("begin journal segment " + path.filename().string(), error);
  };
  auto file = from.empty() ? file_system.create(before) : file_system.open_ahead(before);
  if (!file) return give_up(file.error());
  if (auto written = write_fully(**file, 0, encode(head)); !written) return give_up(written.error());
  if (auto synced = (*file)->sync(); !synced) return give_up(synced.error());
  const auto size = (*file)->size();
  if (!size) return give_up(size.error());
  if (auto renamed = file_system.rename(before, path); !renamed) return give_up(renamed.error());
  if (auto synced = file_system.sync_directory(directory); !synced) {
    (void)file_system.remove(path);
    return give_up(synced.error());
  }
  auto segment = std::make_shared<Segment>(path, head);
  segment->set_disk_bytes(*size);
  const std::uint64_t capacity = from.empty() ? 0 : *size;
  return std::unique_ptr<SegmentWriter>(new SegmentWriter(std::move(*file), std::move(segment), capacity));
}

core::Result<> SegmentWriter::commit(std::string_view bytes) {
  if (auto written = write_fully(*file_, position_, bytes); !written) return written;
  if (auto synced = file_->sync(); !synced) return synced;
  position_ += bytes.size();
  segment_->set_disk_bytes(std::max(segment_->disk_bytes(), position_));
  return {};
}

core::Result<> SegmentWriter::cut_unacknowledged() {
  if (auto cut = file_->truncate(position_); !cut) return cut;
  segment_->set_disk_bytes(position_);
  return file_->sync();
}

}  // namespace hub

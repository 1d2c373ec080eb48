// A journal's bytes after a disk that lies. The input is a program: it writes records of its own into a segment, then
// damages bytes of it; what is read afterwards was written, at its own offset, or is not read at all. Then the input
// itself, as a segment, a decision, an alert record.
#include "hub/ingest/alert_record.h"
#include "hub/journal/recovery.h"
#include "hub/journal/segment_reader.h"
#include "hub/route/decision.h"
#include "targets.h"
#include "tests/fuzz/property.h"
#include "tests/support/faulty_file.h"

#include <map>

namespace fuzz {
namespace {

constexpr const char* kFolder = "/journal";

unsigned take_byte(std::string_view& rest) {
  if (rest.empty()) return 0;
  const unsigned byte = static_cast<unsigned char>(rest.front());
  rest.remove_prefix(1);
  return byte;
}

// Opens the folder and reads all of it.
std::vector<hub::Record> read_all(tests::FaultyFileSystem& disk) {
  hub::SegmentSet segments{disk};
  hub::Quarantine quarantine{disk, hub::Path{kFolder} / "quarantine"};
  const auto recovered = hub::recover(disk, kFolder, segments, quarantine);
  if (!recovered) {
    demand(!recovered.error().what.empty(), "a refusal has a reason");
    return {};
  }
  segments.set_durable_end(recovered->end);
  hub::SegmentReader reader{segments, quarantine};
  std::vector<hub::Record> all;
  for (hub::Offset at{1};;) {
    auto page = reader.read(at, {}, 0);
    if (!page) break;
    demand(page->next >= at, "reading goes forward");
    for (hub::Record& record : page->records) all.push_back(std::move(record));
    if (page->next == at || page->next >= recovered->end) break;
    at = page->next;
  }
  return all;
}

void put_segment(tests::FaultyFileSystem& disk, const std::string& bytes) {
  if (!disk.make_directory(kFolder)) return;
  auto file = disk.create(hub::Path{kFolder} / hub::segment_name(1));
  demand(file.has_value() && hub::write_fully(**file, 0, bytes).has_value() && (*file)->sync().has_value() &&
             disk.sync_directory(kFolder).has_value(),
         "the disk takes the segment");
}

void damage_written_records(std::string_view program) {
  const hub::SegmentHead head{.id = 1, .first = {1}, .durable_before = {1}, .begun = 1, .salt = 0x5eed};
  std::string bytes = hub::encode(head);
  std::map<std::uint64_t, std::string> written;
  std::uint64_t offset = 1;
  const std::size_t commits = take_byte(program) % 5;
  for (std::size_t commit = 0; commit < commits; ++commit) {
    const std::uint32_t count = 1 + take_byte(program) % 4;
    hub::append_commit(bytes, head, {offset}, {.durable_end = {offset}, .records = count});
    for (std::uint32_t i = 0; i < count; ++i, ++offset) {
      const std::size_t wanted = take_byte(program), length = std::min(wanted, program.size());
      written[offset] = program.substr(0, length);
      program.remove_prefix(length);
      hub::append_record(bytes, head, 1, {offset}, written[offset]);
    }
  }
  bytes.resize(bytes.size() + take_byte(program) * 16, '\0');
  while (program.size() >= 3) {
    const std::size_t at = (take_byte(program) << 8 | take_byte(program)) % bytes.size();
    bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ take_byte(program));
  }

  tests::FaultyFileSystem disk;
  put_segment(disk, bytes);
  std::uint64_t last = 0;
  for (const hub::Record& record : read_all(disk)) {
    demand(record.offset.value > last, "records are read in order");
    last = record.offset.value;
    const auto was = written.find(record.offset.value);
    demand(was != written.end() && was->second == record.payload, "what is read was written, at its own offset",
           record.payload);
  }
}

}  // namespace

void fuzz_journal(std::string_view input) {
  damage_written_records(input);

  (void)hub::decode_segment_head(input);
  if (const auto decision = hub::decode_decision(input)) {
    const auto again = hub::decode_decision(hub::encode(*decision));
    demand(again && *again == *decision, "a decision written out reads back the same");
  }
  core::AlertDecoder decoder;
  if (const auto alert = hub::decode_alert_record(decoder, input, hub::Mutations{}))
    demand(input.ends_with(alert->json), "an alert record holds the bytes of its alert", input);
}

}  // namespace fuzz

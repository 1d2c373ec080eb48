// The format's document is held against the code: what README.md shows byte by byte is what is written.
#include "hub/journal/record_format.h"

#include "tests/support/catch.h"

#include <fstream>

using namespace hub;

namespace {

struct Line {
  std::size_t at;
  std::string bytes;
};

// The lines "0010  00 00 …" of the worked example.
std::vector<Line> example() {
  std::ifstream document(TOCSIN_SOURCE_DIR "/hub/journal/README.md");
  std::vector<Line> lines;
  for (std::string line; std::getline(document, line);) {
    if (line.size() < 8 || line.find_first_not_of("0123456789abcdef") != 4 || line.substr(4, 2) != "  ") continue;
    Line found{std::stoul(line.substr(0, 4), nullptr, 16), {}};
    for (std::size_t column = 6; column + 2 <= line.size() && line[column] != ' '; column += 3) {
      if (line.find_first_not_of("0123456789abcdef", column) < column + 2) break;
      found.bytes.push_back(static_cast<char>(std::stoul(line.substr(column, 2), nullptr, 16)));
    }
    lines.push_back(found);
  }
  return lines;
}

}  // namespace

TEST_CASE("the worked example in hub/journal/README.md is what the journal writes, byte for byte") {
  const SegmentHead head{1, {1}, {1}, std::int64_t{0x18ea0da41e9d8000}, 0x1122334455667788};
  std::string segment = encode(head);
  append_commit(segment, head, {1}, {{1}, 1});
  append_record(segment, head, 1, {1}, "hello");

  std::size_t compared = 0;
  for (const Line& line : example()) {
    INFO("line at " << line.at);
    REQUIRE(line.at + line.bytes.size() <= segment.size());
    CHECK(segment.substr(line.at, line.bytes.size()) == line.bytes);
    compared += line.bytes.size();
  }

  CHECK(compared == 64 + 72);
  CHECK(segment.substr(0x800, 64) == segment.substr(0, 64));
}

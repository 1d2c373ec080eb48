// The file that goes past the page cache: whatever the positions and sizes, what is read is what was written.
#include "hub/journal/file.h"
#include "tests/support/catch.h"

#include <random>

#include <unistd.h>

namespace {

constexpr std::size_t kSize = 1 << 20;

struct Folder {
  Folder() { REQUIRE(mkdtemp(name) != nullptr); }
  ~Folder() { std::filesystem::remove_all(name); }
  char name[32] = "/var/tmp/tocsin-ahead-XXXXXX";
};

std::string content(hub::File& file) {
  std::string bytes(2 * kSize, '?');
  const auto read = file.read_at(0, std::span(bytes));
  REQUIRE(read);
  bytes.resize(*read);
  return bytes;
}

}  // namespace

TEST_CASE("a file written ahead holds what it was filled with, and zeros behind it") {
  const Folder folder;
  hub::FileSystem& disk = hub::posix_file_system();
  const hub::Path path = hub::Path(folder.name) / "ahead";
  std::string expected(kSize, '\0');
  {
    auto made = disk.create_ahead(path);
    REQUIRE(made);
    REQUIRE(hub::write_fully(**made, 0, expected));
    REQUIRE((*made)->sync());
  }

  std::minstd_rand random{7};
  auto file = disk.open_ahead(path);
  auto reader = disk.open(path);
  REQUIRE(file);
  REQUIRE(reader);
  std::size_t at = 4096;
  for (int round = 0; round < 200; ++round) {
    const std::string bytes(1 + random() % 9000, static_cast<char>('a' + round % 26));
    if (at + bytes.size() > kSize) break;
    REQUIRE(hub::write_fully(**file, at, bytes));
    expected.replace(at, bytes.size(), bytes);
    at += bytes.size();
    if (round % 50 == 20) file = disk.open_ahead(path);   // another writer goes on in the middle of a block
    if (round % 10 == 0) REQUIRE(content(**reader) == expected);
  }
  REQUIRE((*file)->sync());

  CHECK(at > kSize / 2);
  CHECK(content(**reader) == expected);
}

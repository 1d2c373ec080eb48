// The file that goes past the page cache: whatever the positions and sizes, what is read is what was written.
#include "hub/journal/file.h"
#include "tests/support/catch.h"

#include <csignal>
#include <random>

#include <sys/resource.h>
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

TEST_CASE("a disk that takes less than a block says how much of what was given it took, and no more") {
  const Folder folder;
  hub::FileSystem& disk = hub::posix_file_system();
  const hub::Path path = hub::Path(folder.name) / "ahead";
  const std::string zeros(64 << 10, '\0');
  {
    auto made = disk.create_ahead(path);
    REQUIRE(made);
    REQUIRE(hub::write_fully(**made, 0, zeros));
  }
  auto file = disk.open_ahead(path);
  REQUIRE(file);

  // The limit ends a write short where it lies, as a full or failing disk does.
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit small{8192 + 512, before.rlim_max};
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto little = (*file)->write_at(8192, std::string(100, 'x'));
  const auto more = (*file)->write_at(8192 + 100, std::string(700, 'y'));
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, old_handler);

  // A file system that does no direct I/O takes the bytes themselves.
  REQUIRE(little);
  CHECK(*little == 100);
  REQUIRE(more);
  CHECK(*more == 412);
  REQUIRE(hub::write_fully(**file, 8192 + 100 + *more, std::string(700 - *more, 'y')));
  const std::string read = content(**file);
  CHECK(read.substr(8192, 801) == std::string(100, 'x') + std::string(700, 'y') + std::string(1, '\0'));
  CHECK(read.size() == zeros.size());
}

// A real process with a journal on the real disk, killed with SIGKILL while it acknowledges, its unsynced writes gone with it; and the proof that
// this test sees an acknowledgement that came too early.
#include "tests/unit/hub/journal/journal_driver.h"

#include "tests/support/write_back_file.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

using namespace tests;
using hub::Offset;

namespace {

hub::JournalOptions kill_options() {
  hub::JournalOptions options;
  options.segment_bytes = 64 << 10;
  options.reserve_bytes = 64 << 10;
  options.max_bytes = 64 << 20;
  return options;
}

// In the child: appends for ever, and tells of each acknowledgement.
[[noreturn]] void acknowledge_until_killed(const hub::Path& directory, WriteBackFileSystem::Sync sync, int acknowledgements) {
  WriteBackFileSystem disk(sync);
  auto journal = hub::open_journal(disk, directory, kill_options());
  if (!journal) ::_exit(1);
  for (std::uint64_t number = 0;; ++number) {
    const auto offset = append_and_wait(**journal, "record " + std::to_string(number) + std::string(number % 700, '.'));
    if (!offset || ::write(acknowledgements, &offset->value, 8) != 8) ::_exit(2);
  }
}

struct Outcome {
  std::size_t acknowledged = 0, lost = 0;
};

Outcome kill_and_count(WriteBackFileSystem::Sync sync, std::size_t after) {
  std::string directory = (std::filesystem::temp_directory_path() / "tocsin-kill-XXXXXX").string();
  REQUIRE(::mkdtemp(directory.data()) != nullptr);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    acknowledge_until_killed(directory, sync, ends[1]);
  }
  ::close(ends[1]);
  std::vector<std::uint64_t> offsets;
  std::uint64_t offset = 0;
  while (::read(ends[0], &offset, 8) == 8) {
    offsets.push_back(offset);
    if (offsets.size() == after) ::kill(child, SIGKILL);
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));

  Outcome outcome{offsets.size(), 0};
  auto journal = hub::open_journal(hub::posix_file_system(), directory, kill_options());
  REQUIRE(journal);
  for (const std::uint64_t acknowledged : offsets) {
    const auto record = (*journal)->read_one({acknowledged});
    const bool is_there = record && record->payload.find("record " + std::to_string(acknowledged - 1)) == 0;
    outcome.lost += is_there ? 0 : 1;
  }
  CHECK((*journal)->status().quarantined_records == 0);
  journal->reset();
  std::filesystem::remove_all(directory);
  return outcome;
}

}  // namespace

TEST_CASE("a hub killed while it acknowledges loses none of what it acknowledged, even if its unsynced writes are gone") {
  const Quiet quiet;
  for (const std::size_t after : {1, 50, 333}) {
    const Outcome outcome = kill_and_count(WriteBackFileSystem::Sync::Honest, after);
    CHECK(outcome.acknowledged >= after);
    CHECK(outcome.lost == 0);
  }
}

TEST_CASE("the kill test fails when records are acknowledged before they are synced") {
  const Quiet quiet;
  const Outcome outcome = kill_and_count(WriteBackFileSystem::Sync::Lying, 100);
  CHECK(outcome.acknowledged >= 100);
  CHECK(outcome.lost > 0);
}

TEST_CASE("the journal's folder and files can be read by nobody else, and lost+found in it does not matter") {
  const Quiet quiet;
  std::string directory = (std::filesystem::temp_directory_path() / "tocsin-mode-XXXXXX").string();
  REQUIRE(::mkdtemp(directory.data()) != nullptr);
  REQUIRE(::chmod(directory.c_str(), 0755) == 0);
  std::filesystem::create_directory(hub::Path(directory) / "lost+found");
  {
    auto options = kill_options();
    options.upkeep = hub::UpkeepThread::Inline;
    auto journal = hub::open_journal(hub::posix_file_system(), directory, options);
    REQUIRE(journal);
    REQUIRE(append_and_wait(**journal, "a"));
  }
  struct stat status {};
  REQUIRE(::stat(directory.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    REQUIRE(::stat(entry.path().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    ++files;
  }
  CHECK(files >= 2);
  std::filesystem::remove_all(directory);
}

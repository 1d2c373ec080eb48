// Journal and state.db together on a real file system of 48 MB that fills up. A tmpfs in a mount namespace of a child process, so that nothing of it
// stays; where namespaces are not allowed the test says so and is left out.
#include "hub/state/sqlite_state_store.h"
#include "tests/unit/hub/journal/journal_driver.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

using namespace tests;
using hub::Offset;

namespace {

const std::string kNoNamespace = "no namespace";

bool save_one(hub::StateStore& state, std::uint64_t number) {
  hub::StateChange change;
  change.cursors["soc"] = {{number}, {}, {}};
  hub::DeadLetter letter;
  letter.sink = "soc";
  letter.alert = std::string(700, 'a');
  change.dead_letters.push_back(std::move(letter));
  std::promise<bool> saved;
  auto outcome = saved.get_future();
  state.save(std::move(change), [&](core::Result<> result) { saved.set_value(result.has_value()); });
  return outcome.get();
}

bool await(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return condition();
}

// "" or what went wrong.
std::string fill_up_and_recover(const hub::Path& directory) {
  auto opened = hub::open_state_store(directory / "state.db");
  if (!opened) return opened.error().what;
  auto journal = hub::open_journal(hub::posix_file_system(), directory / "journal", {});
  if (!journal) return journal.error().what;
  hub::Journal& it = **journal;

  std::uint64_t taken = 0;
  for (;; ++taken) {
    std::vector<hub::NewRecord> records;
    for (int number = 0; number < 50; ++number) records.push_back(alert(std::string(700, 'x')));
    const auto appended = append_and_wait(it, std::move(records));
    if (appended) continue;
    if (appended.error().fault != core::Fault::Full) return "refused with " + appended.error().what;
    break;
  }
  if (taken * 50 * 700 < (30U << 20)) return "full too early, after " + std::to_string(taken * 50) + " alerts";
  {
    std::ofstream junk(directory / "junk");
    const std::string chunk(4096, 'j');
    while (junk << chunk << std::flush) {
    }
  }
  for (std::uint64_t number = 1; number <= 200; ++number) {
    if (!save_one(*opened->store, number)) return "save " + std::to_string(number) + " failed on the full disk";
  }
  std::vector<hub::NewRecord> decided;
  decided.push_back(decision("to whom"));
  if (!append_and_wait(it, std::move(decided))) return "a decision was refused";

  std::filesystem::remove(directory / "junk");
  it.release({taken * 25});
  if (!await([&] { return it.status().accepting; })) return "it does not accept again";
  if (!append_and_wait(it, "again")) return "it refuses after accepting";
  const auto last = it.read_one({it.durable_end().value - 1});
  return last && last->payload == "again" ? "" : "the last record cannot be read";
}

std::string in_small_file_system(std::string (*scenario)(const hub::Path&)) {
  std::string directory = (std::filesystem::temp_directory_path() / "tocsin-small-XXXXXX").string();
  REQUIRE(::mkdtemp(directory.data()) != nullptr);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const bool mounted = ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                         ::mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=48m") == 0;
    const std::string wrong = mounted ? scenario(directory) : kNoNamespace;
    (void)!::write(ends[1], wrong.data(), wrong.size());
    ::_exit(wrong.empty() ? 0 : 1);
  }
  ::close(ends[1]);
  std::string wrong(4096, '\0');
  const ssize_t got = ::read(ends[0], wrong.data(), wrong.size());
  wrong.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  std::filesystem::remove_all(directory);
  if (wrong.empty() && status != 0) return "it crashed";
  return wrong;
}

}  // namespace

TEST_CASE("on a full disk of 48 MB alerts are refused, what is acknowledged can be settled, and room that comes back is used") {
  const Quiet quiet;
  const std::string wrong = in_small_file_system(fill_up_and_recover);
  if (wrong == kNoNamespace) {
    WARN("left out: this user may not mount a tmpfs");
    return;
  }
  CHECK(wrong == "");
}

// state.db on a real disk: what is saved is there together or not at all.
#include "hub/state/sqlite_state_store.h"
#include "hub/state/state_directory.h"

#include "hub/state/sqlite.h"
#include "tests/support/catch.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <future>

namespace {

using namespace hub;

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "tocsin-state-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) FAIL("no temporary directory");
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::unique_ptr<StateStore> open_or_fail(const std::filesystem::path& path) {
  auto opened = open_state_store(path);
  if (!opened) FAIL(opened.error().what);
  CHECK(!opened->was_reset());
  return std::move(opened->store);
}

core::Result<> save_and_wait(StateStore& store, StateChange change) {
  std::promise<core::Result<>> saved;
  auto outcome = saved.get_future();
  store.save(std::move(change), [&](core::Result<> result) { saved.set_value(std::move(result)); });
  return outcome.get();
}

DeadLetter letter(std::string sink, std::uint64_t offset) {
  DeadLetter dead;
  dead.sink = std::move(sink);
  dead.id = core::make_alert_id();
  dead.offset = {offset};
  dead.reason = "400 invalid_payload";
  dead.attempts = 3;
  dead.at = core::TimePoint{std::chrono::nanoseconds{1234567890123456789}};
  dead.rule = "Terminal shell";
  dead.priority = "Critical";
  dead.alert = std::string("{\"a\":\"\0\"}", 9);
  return dead;
}

}  // namespace

TEST_CASE("cursors, totals and dead letters survive closing and opening again") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "state.db";
  StateChange change;
  change.cursors["soc"] = {{7}, {{{9}, {12}}, {{20}, {20}}}, {5}};
  change.cursors["@router"] = {{UINT64_MAX}, {}, {0}};
  change.totals["soc"] = {10, 6, 1, 2};
  change.dead_letters.push_back(letter("soc", 8));
  {
    auto store = open_or_fail(path);
    REQUIRE(save_and_wait(*store, change));
  }

  auto store = open_or_fail(path);

  CHECK(store->cursors().value() == change.cursors);
  CHECK(store->totals().value() == change.totals);
  CHECK(store->count_dead_letters().value() == std::map<std::string, std::uint64_t>{{"soc", 1}});
  const auto letters = store->list_dead_letters("", 10, 0).value();
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].id == change.dead_letters[0].id);
  CHECK(letters[0].alert == change.dead_letters[0].alert);
  CHECK(letters[0].at == change.dead_letters[0].at);
  CHECK(letters[0].offset == Offset{8});
  CHECK(letters[0].reason == "400 invalid_payload");
}

TEST_CASE("dead letters are listed by sink and page, and purged by number") {
  const TemporaryDirectory directory;
  auto store = open_or_fail(directory.path() / "state.db");
  StateChange change;
  for (std::uint64_t offset = 1; offset <= 10; ++offset) change.dead_letters.push_back(letter(offset % 2 == 0 ? "even" : "odd", offset));
  REQUIRE(save_and_wait(*store, change));

  const auto first = store->list_dead_letters("even", 3, 0).value();
  REQUIRE(first.size() == 3);
  const auto rest = store->list_dead_letters("even", 3, first.back().number).value();
  REQUIRE(rest.size() == 2);
  CHECK(rest.back().offset == Offset{10});
  REQUIRE(store->purge_dead_letters({first[0].number, first[1].number}));
  CHECK(store->count_dead_letters().value().at("even") == 3);
  CHECK(store->count_dead_letters().value().at("odd") == 5);
}

TEST_CASE("a save whose dead letter cannot be written leaves the cursor where it was, and others in the queue are kept") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "state.db";
  auto store = open_or_fail(path);
  StateChange before;
  before.cursors["soc"] = {{7}, {}, {}};
  REQUIRE(save_and_wait(*store, before));
  auto connection = SqliteConnection::open(path);
  REQUIRE(connection);
  REQUIRE(connection->execute("CREATE TRIGGER refuse BEFORE INSERT ON dead_letters BEGIN SELECT RAISE(ABORT, 'no room'); END"));
  // Holds the writer up, so that both saves wait in the queue and share a transaction.
  REQUIRE(connection->execute("BEGIN IMMEDIATE"));
  StateChange blocked, bad, good;
  blocked.cursors["first"] = {{1}, {}, {}};
  bad.cursors["soc"] = {{8}, {}, {}};
  bad.dead_letters.push_back(letter("soc", 7));
  good.cursors["other"] = {{3}, {}, {}};
  std::promise<core::Result<>> bad_saved, good_saved;
  store->save(blocked, {});
  store->save(bad, [&](core::Result<> result) { bad_saved.set_value(std::move(result)); });
  store->save(good, [&](core::Result<> result) { good_saved.set_value(std::move(result)); });
  REQUIRE(connection->execute("COMMIT"));

  CHECK(!bad_saved.get_future().get());
  CHECK(good_saved.get_future().get());
  const auto cursors = store->cursors().value();
  CHECK(cursors.at("soc").position == Offset{7});
  CHECK(cursors.at("other").position == Offset{3});
  CHECK(store->count_dead_letters().value().empty());
}

TEST_CASE("many saves at once are all done, and the last one of a sink wins") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "state.db";
  {
    auto store = open_or_fail(path);
    std::atomic<int> done{0};
    for (std::uint64_t number = 1; number <= 500; ++number) {
      StateChange change;
      change.cursors["sink" + std::to_string(number % 5)] = {{number}, {}, {}};
      store->save(std::move(change), [&](core::Result<> result) { done += result ? 1 : 0; });
    }
    store->close();
    CHECK(done == 500);
    CHECK(!save_and_wait(*store, {}));
  }
  CHECK(open_or_fail(path)->cursors().value().at("sink0").position == Offset{500});
}

TEST_CASE("a state.db of a newer version is refused with a sentence and left alone") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "state.db";
  open_or_fail(path).reset();
  SqliteConnection::open(path)->execute("PRAGMA user_version=99").value();

  const auto opened = open_state_store(path);

  REQUIRE(!opened);
  CHECK(opened.error().fault == core::Fault::Invalid);
  CHECK(opened.error().what.find("written by a newer tocsin-hub (state version 99; this one knows ") != std::string::npos);
  CHECK(SqliteConnection::open(path)->query_number("PRAGMA user_version").value() == 99);
}

TEST_CASE("a state.db of version 1 is upgraded with what it has, and then knows which sinks are removed") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "state.db";
  {
    auto old = SqliteConnection::open(path).value();
    old.execute("CREATE TABLE cursors (sink TEXT PRIMARY KEY, position INTEGER NOT NULL, settled_above BLOB NOT NULL,"
                "  decisions_from INTEGER NOT NULL) WITHOUT ROWID;"
                "CREATE TABLE totals (sink TEXT PRIMARY KEY, routed INTEGER NOT NULL, delivered INTEGER NOT NULL,"
                "  dead_letters INTEGER NOT NULL, dropped INTEGER NOT NULL) WITHOUT ROWID;"
                "CREATE TABLE dead_letters (number INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, id BLOB NOT NULL,"
                "  position INTEGER NOT NULL, reason TEXT NOT NULL, attempts INTEGER NOT NULL, at INTEGER NOT NULL, rule TEXT NOT NULL,"
                "  priority TEXT NOT NULL, alert BLOB NOT NULL);"
                "CREATE INDEX dead_letters_by_sink ON dead_letters (sink, number);"
                "INSERT INTO totals VALUES ('soc', 5, 3, 1, 0); PRAGMA user_version=1;")
        .value();
  }
  const core::TimePoint since{std::chrono::hours{500'000}};

  const auto store = open_or_fail(path);
  hub::StateChange change;
  change.removed = {{"soc", since}, {"old", since}};
  CHECK(save_and_wait(*store, change));
  change = {};
  change.configured = {"old"};
  CHECK(save_and_wait(*store, change));

  CHECK(store->totals().value().at("soc") == hub::SinkTotals{5, 3, 1, 0});
  CHECK(store->removed().value() == std::map<std::string, core::TimePoint>{{"soc", since}});
}

TEST_CASE("a damaged state.db is set aside and a new one begun") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "state.db";
  std::ofstream(path) << std::string(8192, 'x');

  auto opened = open_state_store(path);

  REQUIRE(opened);
  CHECK(opened->was_reset());
  CHECK(opened->set_aside.filename().string().find("state.db.corrupt-") == 0);
  CHECK(std::filesystem::file_size(opened->set_aside) == 8192);
  CHECK(opened->store->cursors().value().empty());
}

TEST_CASE("state.db can be read by nobody else") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "state.db";
  auto store = open_or_fail(path);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat status {};
    REQUIRE(::stat((path.string() + suffix).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
}

TEST_CASE("a state directory is made private, tightened if it was not, and held by one hub at a time") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "a" / "b";
  struct stat status {};
  {
    const auto locked = lock_state_directory(path);
    REQUIRE(locked);
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0700);
    const auto second = lock_state_directory(path);
    REQUIRE(!second);
    CHECK(second.error().fault == core::Fault::Invalid);
    CHECK(second.error().what.find("is in use by another tocsin-hub") != std::string::npos);
  }
  REQUIRE(::chmod(path.c_str(), 0755) == 0);
  std::filesystem::create_directory(path / "lost+found");
  CHECK(lock_state_directory(path));
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
}

// Offsets are 64 bits unsigned, SQLite's numbers signed: they are stored as they are and compared only for equality or read back.
#include "hub/state/state_tables.h"

#include <fmt/format.h>

#include <algorithm>

namespace hub {

namespace {

// synchronous=FULL: in WAL mode a commit is then durable when it returns, which is what makes a cursor worth releasing a segment for.
constexpr const char* kPragmas =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=500; PRAGMA journal_size_limit=4194304;";

// Step n brings version n to n+1. A released step is never edited.
constexpr const char* kUpgrades[] = {
    "CREATE TABLE cursors (sink TEXT PRIMARY KEY, position INTEGER NOT NULL, settled_above BLOB NOT NULL, decisions_from INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE totals (sink TEXT PRIMARY KEY, routed INTEGER NOT NULL, delivered INTEGER NOT NULL, dead_letters INTEGER NOT NULL,"
    "  dropped INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE dead_letters (number INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, id BLOB NOT NULL, position INTEGER NOT NULL,"
    "  reason TEXT NOT NULL, attempts INTEGER NOT NULL, at INTEGER NOT NULL, rule TEXT NOT NULL, priority TEXT NOT NULL, alert BLOB NOT NULL);"
    "CREATE INDEX dead_letters_by_sink ON dead_letters (sink, number);",
    "CREATE TABLE removed_sinks (sink TEXT PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID;",
    "CREATE TABLE texts (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;",
};
static_assert(std::size(kUpgrades) == kStateVersion);

// Ranges as pairs of eight bytes, little-endian.
std::string encode(const std::vector<OffsetRange>& ranges) {
  std::string bytes;
  bytes.reserve(16 * ranges.size());
  for (const OffsetRange& range : ranges) {
    for (const Offset offset : {range.first, range.last}) {
      for (int byte = 0; byte < 8; ++byte) bytes.push_back(static_cast<char>(offset.value >> (8 * byte)));
    }
  }
  return bytes;
}

core::Result<std::vector<OffsetRange>> decode_ranges(std::string_view bytes) {
  if (bytes.size() % 16 != 0) return core::Error{core::Fault::Corrupt, "a cursor's settled offsets are cut short"};
  const auto number = [&](std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t byte = 0; byte < 8; ++byte) value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + byte])) << (8 * byte);
    return Offset{value};
  };
  std::vector<OffsetRange> ranges;
  for (std::size_t at = 0; at < bytes.size(); at += 16) ranges.push_back({number(at), number(at + 8)});
  return ranges;
}

std::int64_t to_number(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::uint64_t to_count(std::int64_t number) { return static_cast<std::uint64_t>(number); }

}  // namespace

core::Result<StateTables> StateTables::open(const std::filesystem::path& path) {
  auto connection = SqliteConnection::open(path);
  if (!connection) return connection.error();
  StateTables tables(std::move(*connection));
  // Before anything else, so that a newer file is not touched.
  const auto version = tables.connection_.query_number("PRAGMA user_version");
  if (!version) return version.error();
  if (*version > kStateVersion) {
    return core::Error{core::Fault::Invalid,
                       fmt::format("{} was written by a newer tocsin-hub (state version {}; this one knows {}): start that version again, "
                                   "or give this one another state_directory",
                                   path.string(), *version, kStateVersion)};
  }
  if (auto set = tables.connection_.execute(kPragmas); !set) return set.error();
  auto check = tables.connection_.prepare("PRAGMA quick_check(1)");
  if (!check) return check.error();
  const auto row = check->step();
  if (!row) return row.error();
  if (const std::string verdict = check->text(0); verdict != "ok") return core::Error{core::Fault::Corrupt, verdict};
  (void)check->run();
  if (*version == kStateVersion) return tables;

  auto upgraded = tables.in_transaction([&]() -> core::Result<> {
    for (std::int64_t step = *version; step < kStateVersion; ++step) {
      if (auto done = tables.connection_.execute(kUpgrades[step]); !done) return done;
    }
    return tables.connection_.execute(fmt::format("PRAGMA user_version={}", kStateVersion).c_str());
  });
  if (!upgraded) return core::in_context("upgrade " + path.string(), upgraded.error());
  return tables;
}

core::Result<> StateTables::save(const std::vector<const StateChange*>& changes) {
  return in_transaction([&]() -> core::Result<> {
    for (const StateChange* change : changes) {
      if (auto applied = apply(*change); !applied) return applied;
    }
    return {};
  });
}

core::Result<> StateTables::in_transaction(const std::function<core::Result<>()>& work) {
  if (auto begun = connection_.execute("BEGIN IMMEDIATE"); !begun) return begun;
  core::Result<> result = work();
  if (result) result = connection_.execute("COMMIT");
  // SQLite has rolled back by itself after some faults; then this one only says so.
  if (!result) (void)connection_.execute("ROLLBACK");
  return result;
}

core::Result<> StateTables::apply(const StateChange& change) {
  if (!change.cursors.empty()) {
    auto put = connection_.prepare("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?)");
    if (!put) return put.error();
    for (const auto& [sink, cursor] : change.cursors) {
      put->bind(sink).bind(to_number(cursor.position.value)).bind_blob(encode(cursor.settled_above)).bind(to_number(cursor.decisions_from.value));
      if (auto done = put->run(); !done) return done;
    }
  }
  if (!change.totals.empty()) {
    auto put = connection_.prepare("INSERT OR REPLACE INTO totals VALUES (?, ?, ?, ?, ?)");
    if (!put) return put.error();
    for (const auto& [sink, totals] : change.totals) {
      put->bind(sink).bind(to_number(totals.routed)).bind(to_number(totals.delivered));
      put->bind(to_number(totals.dead_letters)).bind(to_number(totals.dropped));
      if (auto done = put->run(); !done) return done;
    }
  }
  for (const DeadLetter& letter : change.dead_letters) {
    if (auto done = insert(letter); !done) return done;
  }
  if (!change.texts.empty()) {
    auto put = connection_.prepare("INSERT OR REPLACE INTO texts VALUES (?, ?)");
    if (!put) return put.error();
    for (const auto& [name, text] : change.texts) {
      put->bind(name).bind(text);
      if (auto done = put->run(); !done) return done;
    }
  }
  return apply_configuration(change);
}

core::Result<> StateTables::apply_configuration(const StateChange& change) {
  if (!change.configured.empty()) {
    auto forget = connection_.prepare("DELETE FROM removed_sinks WHERE sink = ?");
    if (!forget) return forget.error();
    for (const std::string& sink : change.configured) {
      forget->bind(sink);
      if (auto done = forget->run(); !done) return done;
    }
  }
  if (!change.removed.empty()) {
    auto put = connection_.prepare("INSERT OR REPLACE INTO removed_sinks VALUES (?, ?)");
    if (!put) return put.error();
    for (const auto& [sink, since] : change.removed) {
      put->bind(sink).bind(core::to_unix_nanoseconds(since));
      if (auto done = put->run(); !done) return done;
    }
  }
  return {};
}

core::Result<> StateTables::insert(const DeadLetter& letter) {
  auto put = connection_.prepare(
      "INSERT INTO dead_letters (sink, id, position, reason, attempts, at, rule, priority, alert) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  if (!put) return put.error();
  const std::string_view id(reinterpret_cast<const char*>(letter.id.bytes.data()), letter.id.bytes.size());
  put->bind(letter.sink).bind_blob(id).bind(to_number(letter.offset.value)).bind(letter.reason).bind(std::int64_t{letter.attempts});
  put->bind(core::to_unix_nanoseconds(letter.at)).bind(letter.rule).bind(letter.priority).bind_blob(letter.alert);
  return put->run();
}

core::Result<std::map<std::string, CursorState>> StateTables::cursors() {
  auto rows = connection_.prepare("SELECT sink, position, settled_above, decisions_from FROM cursors");
  if (!rows) return rows.error();
  std::map<std::string, CursorState> cursors;
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return cursors;
    auto ranges = decode_ranges(rows->text(2));
    if (!ranges) return ranges.error();
    cursors[rows->text(0)] = {{to_count(rows->number(1))}, std::move(*ranges), {to_count(rows->number(3))}};
  }
}

core::Result<std::map<std::string, SinkTotals>> StateTables::totals() {
  auto rows = connection_.prepare("SELECT sink, routed, delivered, dead_letters, dropped FROM totals");
  if (!rows) return rows.error();
  std::map<std::string, SinkTotals> totals;
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return totals;
    totals[rows->text(0)] = {to_count(rows->number(1)), to_count(rows->number(2)), to_count(rows->number(3)), to_count(rows->number(4))};
  }
}

core::Result<std::map<std::string, core::TimePoint>> StateTables::removed() {
  auto rows = connection_.prepare("SELECT sink, since FROM removed_sinks");
  if (!rows) return rows.error();
  std::map<std::string, core::TimePoint> removed;
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return removed;
    removed[rows->text(0)] = core::TimePoint{std::chrono::nanoseconds{rows->number(1)}};
  }
}

core::Result<std::string> StateTables::text(const std::string& name) {
  auto rows = connection_.prepare("SELECT text FROM texts WHERE name = ?");
  if (!rows) return rows.error();
  rows->bind(name);
  const auto row = rows->step();
  if (!row) return row.error();
  return *row ? rows->text(0) : std::string{};
}

core::Result<std::map<std::string, std::uint64_t>> StateTables::count_dead_letters() {
  auto rows = connection_.prepare("SELECT sink, count(*) FROM dead_letters GROUP BY sink");
  if (!rows) return rows.error();
  std::map<std::string, std::uint64_t> counts;
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return counts;
    counts[rows->text(0)] = to_count(rows->number(1));
  }
}

core::Result<std::vector<DeadLetter>> StateTables::list_dead_letters(const std::string& sink, std::size_t limit, std::int64_t after_number) {
  auto rows = connection_.prepare(
      "SELECT number, sink, id, position, reason, attempts, at, rule, priority, alert FROM dead_letters"
      " WHERE number > ?1 AND (?2 = '' OR sink = ?2) ORDER BY number LIMIT ?3");
  if (!rows) return rows.error();
  rows->bind(after_number).bind(sink).bind(static_cast<std::int64_t>(limit));
  std::vector<DeadLetter> letters;
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return letters;
    DeadLetter letter;
    letter.number = rows->number(0);
    letter.sink = rows->text(1);
    const std::string id = rows->text(2);
    std::copy_n(id.begin(), std::min(id.size(), letter.id.bytes.size()), letter.id.bytes.begin());
    letter.offset = {to_count(rows->number(3))};
    letter.reason = rows->text(4);
    letter.attempts = static_cast<unsigned>(rows->number(5));
    letter.at = core::TimePoint{std::chrono::nanoseconds{rows->number(6)}};
    letter.rule = rows->text(7);
    letter.priority = rows->text(8);
    letter.alert = rows->text(9);
    letters.push_back(std::move(letter));
  }
}

core::Result<> StateTables::purge_dead_letters(const std::vector<std::int64_t>& numbers) {
  return in_transaction([&]() -> core::Result<> {
    auto remove = connection_.prepare("DELETE FROM dead_letters WHERE number = ?");
    if (!remove) return remove.error();
    for (const std::int64_t number : numbers) {
      remove->bind(number);
      if (auto done = remove->run(); !done) return done;
    }
    return {};
  });
}

}  // namespace hub

// The tables of state.db, and the statements on them. One thread at a time; SqliteStateStore sees to that.
#pragma once

#include "hub/state/sqlite.h"
#include "hub/state/state_store.h"

#include <filesystem>

namespace hub {

inline constexpr std::int64_t kStateVersion = 3;

class StateTables {
 public:
  // Corrupt: damaged; Invalid: a newer version, with a sentence; nothing is changed then.
  static core::Result<StateTables> open(const std::filesystem::path& path);

  // All of them in one transaction, durable when it returns ok.
  core::Result<> save(const std::vector<const StateChange*>& changes);

  core::Result<std::map<std::string, CursorState>> cursors();
  core::Result<std::map<std::string, SinkTotals>> totals();
  core::Result<std::map<std::string, core::TimePoint>> removed();
  core::Result<std::string> text(const std::string& name);
  core::Result<std::map<std::string, std::uint64_t>> count_dead_letters();
  core::Result<std::vector<DeadLetter>> list_dead_letters(const std::string& sink, std::size_t limit, std::int64_t after_number);
  core::Result<> purge_dead_letters(const std::vector<std::int64_t>& numbers);

 private:
  explicit StateTables(SqliteConnection connection) : connection_(std::move(connection)) {}
  core::Result<> in_transaction(const std::function<core::Result<>()>& work);
  core::Result<> apply(const StateChange& change);
  core::Result<> apply_configuration(const StateChange& change);
  core::Result<> insert(const DeadLetter& letter);

  SqliteConnection connection_;
};

}  // namespace hub

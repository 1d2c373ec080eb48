// SQLite's result codes become four faults: no room, damaged, not there, and everything else.
#include "hub/state/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>

namespace hub {

namespace {

core::Error sqlite_error(sqlite3* connection, int code) {
  const std::string what = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
  switch (code & 0xff) {
    case SQLITE_FULL: return {core::Fault::Full, what};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return {core::Fault::Corrupt, what};
    case SQLITE_CANTOPEN: return {core::Fault::NotFound, what};
    default: return {core::Fault::Io, what};
  }
}

// Writes the WAL again as it is, and syncs it. After a kill it may hold a commit whose sync failed: Linux has marked those pages clean, so they are
// read and never written, and no later sync of SQLite's would change that. Built upon, they would be a hole after the next power cut, over a
// database that has pages from behind the hole. Nobody else has the file open: the state directory is locked. Through SQLite's own door to the
// disk, so that tests can put theirs there.
core::Result<> write_wal_again(const std::filesystem::path& path) {
  sqlite3_vfs* disk = sqlite3_vfs_find(nullptr);
  const std::string wal = path.string() + "-wal";
  int is_there = 0;
  if (disk->xAccess(disk, wal.c_str(), SQLITE_ACCESS_EXISTS, &is_there) != SQLITE_OK || is_there == 0) return {};
  std::string storage(static_cast<std::size_t>(disk->szOsFile), '\0');
  auto* file = reinterpret_cast<sqlite3_file*>(storage.data());
  int flags = 0;
  int code = disk->xOpen(disk, wal.c_str(), file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL, &flags);
  sqlite3_int64 size = 0;
  if (code == SQLITE_OK) code = file->pMethods->xFileSize(file, &size);
  std::string bytes(1 << 16, '\0');
  for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size; at += static_cast<sqlite3_int64>(bytes.size())) {
    bytes.resize(static_cast<std::size_t>(std::min<sqlite3_int64>(size - at, 1 << 16)));
    code = file->pMethods->xRead(file, bytes.data(), static_cast<int>(bytes.size()), at);
    if (code == SQLITE_OK) code = file->pMethods->xWrite(file, bytes.data(), static_cast<int>(bytes.size()), at);
  }
  if (code == SQLITE_OK && size > 0) code = file->pMethods->xSync(file, SQLITE_SYNC_FULL);
  if (file->pMethods != nullptr) file->pMethods->xClose(file);
  if (code != SQLITE_OK) return core::in_context("write " + wal + " again", sqlite_error(nullptr, code));
  return {};
}

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
void SqliteConnection::Close::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

SqliteStatement& SqliteStatement::bind(std::int64_t number) {
  sqlite3_bind_int64(statement_.get(), next_parameter_++, number);
  return *this;
}

SqliteStatement& SqliteStatement::bind(std::string_view bytes) {
  sqlite3_bind_text(statement_.get(), next_parameter_++, bytes.data(), static_cast<int>(bytes.size()), SQLITE_TRANSIENT);
  return *this;
}

SqliteStatement& SqliteStatement::bind_blob(std::string_view bytes) {
  // An empty view may have no address, which SQLite would take for NULL.
  sqlite3_bind_blob(statement_.get(), next_parameter_++, bytes.empty() ? "" : bytes.data(), static_cast<int>(bytes.size()), SQLITE_TRANSIENT);
  return *this;
}

core::Result<bool> SqliteStatement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  next_parameter_ = 1;
  // Before reset, which would overwrite the message.
  const core::Error error = code == SQLITE_DONE ? core::Error{} : sqlite_error(sqlite3_db_handle(statement_.get()), code);
  sqlite3_reset(statement_.get());
  if (code != SQLITE_DONE) return error;
  return false;
}

core::Result<> SqliteStatement::run() {
  for (;;) {
    const auto row = step();
    if (!row) return row.error();
    if (!*row) return {};
  }
}

std::int64_t SqliteStatement::number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string SqliteStatement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const int length = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(length));
}

core::Result<SqliteConnection> SqliteConnection::open(const std::filesystem::path& path) {
  // SQLite creates with 0644; the file's mode is what its WAL inherits.
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0) ::close(fd);
  if (auto written = write_wal_again(path); !written) return written.error();
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  SqliteConnection connection(raw);
  if (code != SQLITE_OK) return sqlite_error(raw, code);
  sqlite3_busy_timeout(raw, 5000);
  sqlite3_extended_result_codes(raw, 1);
  return connection;
}

core::Result<> SqliteConnection::execute(const char* statements) {
  const int code = sqlite3_exec(connection_.get(), statements, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite_error(connection_.get(), code);
  return {};
}

core::Result<SqliteStatement> SqliteConnection::prepare(std::string_view statement) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v2(connection_.get(), statement.data(), static_cast<int>(statement.size()), &raw, nullptr);
  if (code != SQLITE_OK) return sqlite_error(connection_.get(), code);
  return SqliteStatement(raw);
}

core::Result<std::int64_t> SqliteConnection::query_number(std::string_view statement) {
  auto prepared = prepare(statement);
  if (!prepared) return prepared.error();
  const auto row = prepared->step();
  if (!row) return row.error();
  return *row ? prepared->number(0) : 0;
}

std::int64_t SqliteConnection::last_row() const { return sqlite3_last_insert_rowid(connection_.get()); }

}  // namespace hub

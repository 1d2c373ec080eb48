// The one door to SQLite: a connection and prepared statements whose faults are core::Error. One thread at a time.
#pragma once

#include "core/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace hub {

// A prepared statement: bind its parameters in order, then step until it has no more rows. bind() after a run starts the next one.
class SqliteStatement {
 public:
  SqliteStatement& bind(std::int64_t number);
  SqliteStatement& bind(std::string_view bytes);        // as TEXT
  SqliteStatement& bind_blob(std::string_view bytes);

  // True: there is a row; false: it is done, and ready to be bound again.
  core::Result<bool> step();
  core::Result<> run();                                 // for statements without rows

  std::int64_t number(int column) const;
  std::string text(int column) const;                   // TEXT or BLOB

 private:
  friend class SqliteConnection;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int next_parameter_ = 1;
};

class SqliteConnection {
 public:
  // Opens or creates the file (0600). Corrupt: it is no database, or a damaged one. Never waits for another process longer than 5 s.
  static core::Result<SqliteConnection> open(const std::filesystem::path& path);

  core::Result<> execute(const char* statements);
  core::Result<SqliteStatement> prepare(std::string_view statement);
  core::Result<std::int64_t> query_number(std::string_view statement);
  std::int64_t last_row() const;

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  explicit SqliteConnection(sqlite3* connection) : connection_(connection) {}
  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace hub

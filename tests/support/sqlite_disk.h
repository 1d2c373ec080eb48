// SQLite on a disk of the tests': a VFS over hub::FileSystem, so that state.db lives on the same simulated disk as the
// journal and meets the same power cuts and faults. While one is there it is SQLite's default for the whole program;
// one at a time.
#pragma once

#include "hub/journal/file.h"

#include <memory>

namespace tests {

class SqliteDisk {
 public:
  explicit SqliteDisk(hub::FileSystem& disk);  // outlives this, and every connection does not
  ~SqliteDisk();

  struct Vfs;

 private:
  std::unique_ptr<Vfs> vfs_;
};

}  // namespace tests

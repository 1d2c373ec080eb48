// What SQLite's unix VFS does, as far as durability goes: a new journal or WAL is followed by a sync of its directory,
// and the WAL's index is memory of the process. Locks are not needed: one connection at a time.
#include "tests/support/sqlite_disk.h"

#include <sqlite3.h>

#include <cstring>
#include <map>
#include <new>
#include <vector>

namespace tests {

struct SqliteDisk::Vfs : sqlite3_vfs {
  explicit Vfs(hub::FileSystem& its_disk) : sqlite3_vfs{}, disk(its_disk) {}
  hub::FileSystem& disk;
  sqlite3_vfs* real = nullptr;
};

namespace {

using Vfs = SqliteDisk::Vfs;

struct OpenFile : sqlite3_file {
  struct State {
    Vfs* vfs;
    hub::Path path;
    std::unique_ptr<hub::File> file;
    bool sync_directory_first = false, delete_on_close = false;
    std::vector<std::unique_ptr<char[]>> index;  // of the WAL
  };
  State* state;
};

OpenFile::State& of(sqlite3_file* file) {
  return *static_cast<OpenFile*>(file)->state;
}

int code_of(const core::Error& error, int otherwise) {
  return error.fault == core::Fault::Full ? SQLITE_FULL : otherwise;
}

int close(sqlite3_file* file) {
  OpenFile::State* state = static_cast<OpenFile*>(file)->state;
  if (state->delete_on_close) (void)state->vfs->disk.remove(state->path);
  delete state;
  return SQLITE_OK;
}

int read(sqlite3_file* file, void* into, int bytes, sqlite3_int64 at) {
  const auto wanted = static_cast<std::size_t>(bytes);
  const auto got = of(file).file->read_at(static_cast<std::uint64_t>(at), {static_cast<char*>(into), wanted});
  if (!got) return SQLITE_IOERR_READ;
  if (*got == wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(into) + *got, 0, wanted - *got);
  return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 at) {
  const std::string_view given(static_cast<const char*>(from), static_cast<std::size_t>(bytes));
  const auto written = hub::write_fully(*of(file).file, static_cast<std::uint64_t>(at), given);
  return written ? SQLITE_OK : code_of(written.error(), SQLITE_IOERR_WRITE);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  return of(file).file->truncate(static_cast<std::uint64_t>(size)) ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

int sync(sqlite3_file* file, int) {
  OpenFile::State& state = of(file);
  if (!state.file->sync()) return SQLITE_IOERR_FSYNC;
  if (state.sync_directory_first) {
    if (!state.vfs->disk.sync_directory(state.path.parent_path())) return SQLITE_IOERR_DIR_FSYNC;
    state.sync_directory_first = false;
  }
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  const auto known = of(file).file->size();
  if (!known) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(*known);
  return SQLITE_OK;
}

int map_index(sqlite3_file* file, int region, int bytes, int extend, void volatile** mapped) {
  auto& index = of(file).index;
  *mapped = nullptr;
  while (extend != 0 && index.size() <= static_cast<std::size_t>(region))
    index.push_back(std::make_unique<char[]>(static_cast<std::size_t>(bytes)));
  if (index.size() > static_cast<std::size_t>(region)) *mapped = index[static_cast<std::size_t>(region)].get();
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {
    2,
    close,
    read,
    write,
    truncate,
    sync,
    file_size,
    [](sqlite3_file*, int) { return SQLITE_OK; },  // lock
    [](sqlite3_file*, int) { return SQLITE_OK; },  // unlock
    [](sqlite3_file*, int* reserved) {
      *reserved = 0;
      return SQLITE_OK;
    },
    [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; },       // file control
    [](sqlite3_file*) { return 512; },                               // sector size
    [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; },  // as the unix VFS says
    map_index,
    [](sqlite3_file*, int, int, int) { return SQLITE_OK; },  // lock of the index
    [](sqlite3_file*) {},                                    // barrier
    [](sqlite3_file* file, int remove) {
      if (remove != 0) of(file).index.clear();
      return SQLITE_OK;
    },
    nullptr,
    nullptr};

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto& disk = static_cast<Vfs*>(vfs)->disk;
  static_cast<OpenFile*>(file)->pMethods = nullptr;
  auto state = std::make_unique<OpenFile::State>();
  state->vfs = static_cast<Vfs*>(vfs);
  state->path = name != nullptr ? hub::Path(name) : hub::Path("/state/sqlite-temporary");
  state->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  auto opened = disk.open(state->path);
  if (!opened && opened.error().fault == core::Fault::NotFound && (flags & SQLITE_OPEN_CREATE) != 0)
    opened = disk.create(state->path);
  if (!opened) return SQLITE_CANTOPEN;
  state->file = std::move(*opened);
  state->sync_directory_first =
      (flags & SQLITE_OPEN_CREATE) != 0 && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)) != 0;
  if (out_flags != nullptr) *out_flags = flags;
  static_cast<OpenFile*>(file)->state = state.release();
  static_cast<OpenFile*>(file)->pMethods = &kMethods;
  return SQLITE_OK;
}

int remove(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  auto& disk = static_cast<Vfs*>(vfs)->disk;
  const auto removed = disk.remove(name);
  if (!removed) return removed.error().fault == core::Fault::NotFound ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
  if (sync_directory != 0 && !disk.sync_directory(hub::Path(name).parent_path())) return SQLITE_IOERR_DIR_FSYNC;
  return SQLITE_OK;
}

int access(sqlite3_vfs* vfs, const char* name, int, int* result) {
  const auto opened = static_cast<Vfs*>(vfs)->disk.open(name);
  if (!opened && opened.error().fault != core::Fault::NotFound) return SQLITE_IOERR_ACCESS;
  *result = opened ? 1 : 0;
  return SQLITE_OK;
}

int full_name(sqlite3_vfs*, const char* name, int room, char* into) {
  std::strncpy(into, name, static_cast<std::size_t>(room));
  into[room - 1] = '\0';
  return SQLITE_OK;
}

}  // namespace

SqliteDisk::SqliteDisk(hub::FileSystem& disk) : vfs_(std::make_unique<Vfs>(disk)) {
  vfs_->real = sqlite3_vfs_find("unix");
  vfs_->iVersion = 1;
  vfs_->szOsFile = sizeof(OpenFile);
  vfs_->mxPathname = 512;
  vfs_->zName = "tests";
  vfs_->xOpen = open;
  vfs_->xDelete = remove;
  vfs_->xAccess = access;
  vfs_->xFullPathname = full_name;
  vfs_->xRandomness = [](sqlite3_vfs* vfs, int bytes, char* into) {
    sqlite3_vfs* real = static_cast<Vfs*>(vfs)->real;
    return real->xRandomness(real, bytes, into);
  };
  vfs_->xSleep = [](sqlite3_vfs*, int microseconds) { return microseconds; };
  vfs_->xCurrentTime = [](sqlite3_vfs* vfs, double* now) {
    sqlite3_vfs* real = static_cast<Vfs*>(vfs)->real;
    return real->xCurrentTime(real, now);
  };
  vfs_->xGetLastError = [](sqlite3_vfs*, int, char*) { return 0; };
  sqlite3_vfs_register(vfs_.get(), 1);
}

SqliteDisk::~SqliteDisk() {
  sqlite3_vfs_unregister(vfs_.get());
  sqlite3_vfs_register(sqlite3_vfs_find("unix"), 1);
}

}  // namespace tests

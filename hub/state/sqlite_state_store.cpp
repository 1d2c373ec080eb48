// One thread writes; saves that queue up meanwhile share the next transaction, so that many sinks settling cost one fsync. Should such a shared
// transaction fail, each save is tried alone: one that does not fit must not take the others with it. On a full disk it waits a little first:
// the journal's upkeep notices within a second at most and gives up a part of its reserve, which is there for these saves.
#include "hub/state/sqlite_state_store.h"

#include "core/log.h"
#include "hub/state/state_tables.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace hub {

namespace {

constexpr auto kReserveComesWithin = std::chrono::milliseconds(2000);
constexpr auto kTryAgainAfter = std::chrono::milliseconds(100);

class SqliteStateStore final : public StateStore {
 public:
  explicit SqliteStateStore(StateTables tables) : tables_(std::move(tables)), thread_([this] { run(); }) {}
  ~SqliteStateStore() override { close(); }

  void save(StateChange change, std::function<void(core::Result<>)> done) override {
    {
      const std::lock_guard lock(mutex_);
      if (!closing_) {
        queue_.push_back({std::move(change), std::move(done)});
        wakeup_.notify_one();
        return;
      }
    }
    if (done) done(kClosed);
  }

  core::Result<std::map<std::string, CursorState>> cursors() override {
    const std::lock_guard lock(tables_mutex_);
    if (!tables_) return kClosed;
    return tables_->cursors();
  }
  core::Result<std::map<std::string, SinkTotals>> totals() override {
    const std::lock_guard lock(tables_mutex_);
    if (!tables_) return kClosed;
    return tables_->totals();
  }
  core::Result<std::map<std::string, core::TimePoint>> removed() override {
    const std::lock_guard lock(tables_mutex_);
    if (!tables_) return kClosed;
    return tables_->removed();
  }
  core::Result<std::string> text(const std::string& name) override {
    const std::lock_guard lock(tables_mutex_);
    if (!tables_) return kClosed;
    return tables_->text(name);
  }
  core::Result<std::map<std::string, std::uint64_t>> count_dead_letters() override {
    const std::lock_guard lock(tables_mutex_);
    if (!tables_) return kClosed;
    return tables_->count_dead_letters();
  }
  core::Result<std::vector<DeadLetter>> list_dead_letters(const std::string& sink, std::size_t limit, std::int64_t after_number) override {
    const std::lock_guard lock(tables_mutex_);
    if (!tables_) return kClosed;
    return tables_->list_dead_letters(sink, limit, after_number);
  }
  core::Result<> purge_dead_letters(const std::vector<std::int64_t>& numbers) override {
    const std::lock_guard lock(tables_mutex_);
    if (!tables_) return kClosed;
    return tables_->purge_dead_letters(numbers);
  }

  void close() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wakeup_.notify_one();
    if (thread_.joinable()) thread_.join();
    const std::lock_guard lock(tables_mutex_);
    tables_.reset();
  }

 private:
  struct Save {
    StateChange change;
    std::function<void(core::Result<>)> done;
  };
  inline static const core::Error kClosed{core::Fault::Io, "the state store is closed"};

  void run() {
    for (;;) {
      std::vector<Save> saves;
      {
        std::unique_lock lock(mutex_);
        wakeup_.wait(lock, [&] { return closing_ || !queue_.empty(); });
        if (queue_.empty()) return;
        saves.swap(queue_);
      }
      save_all(saves);
    }
  }

  void save_all(const std::vector<Save>& saves) {
    std::vector<const StateChange*> changes;
    for (const Save& save : saves) changes.push_back(&save.change);
    core::Result<> together = write(changes);
    for (auto waited = kTryAgainAfter; is_full(together) && waited <= kReserveComesWithin; waited += kTryAgainAfter) {
      std::unique_lock lock(mutex_);
      if (wakeup_.wait_for(lock, kTryAgainAfter, [&] { return closing_; })) break;
      lock.unlock();
      together = write(changes);
    }
    for (const Save& save : saves) {
      const core::Result<> result = together || saves.size() == 1 ? together : write({&save.change});
      if (save.done) save.done(result);
    }
  }

  static bool is_full(const core::Result<>& result) { return !result && result.error().fault == core::Fault::Full; }

  core::Result<> write(const std::vector<const StateChange*>& changes) {
    const std::lock_guard lock(tables_mutex_);
    auto saved = tables_->save(changes);
    // The faults callers know here; the file's damage is found at the next start.
    if (!saved && !is_full(saved)) return core::Error{core::Fault::Io, "write state.db: " + saved.error().what};
    return saved;
  }

  std::mutex tables_mutex_;
  std::optional<StateTables> tables_;
  std::mutex mutex_;
  std::condition_variable wakeup_;
  std::vector<Save> queue_;
  bool closing_ = false;
  std::thread thread_;
};

// Its WAL goes with it: laid over a new file it would bring the damage back.
core::Result<std::filesystem::path> set_aside(const std::filesystem::path& path) {
  const auto seconds = core::to_unix_nanoseconds(core::now()) / 1'000'000'000;
  std::filesystem::path to = path;
  to += fmt::format(".corrupt-{}", seconds);
  std::error_code fault;
  for (const char* suffix : {"-wal", "-shm"}) {
    std::filesystem::path from = path, aside = to;
    from += suffix;
    aside += suffix;
    std::filesystem::rename(from, aside, fault);   // mostly not there
  }
  std::filesystem::rename(path, to, fault);
  if (fault) return core::Error{core::Fault::Io, "set " + path.string() + " aside: " + fault.message()};
  return to;
}

}  // namespace

core::Result<OpenedState> open_state_store(const std::filesystem::path& path) {
  OpenedState opened;
  auto tables = StateTables::open(path);
  if (!tables && tables.error().fault == core::Fault::Corrupt) {
    const auto aside = set_aside(path);
    if (!aside) return aside.error();
    core::log_error("state_damaged", {{"file", path.string()}, {"why", tables.error().what}, {"set_aside", aside->string()}});
    opened.set_aside = *aside;
    tables = StateTables::open(path);
  }
  if (!tables) return core::in_context("open " + path.string(), tables.error());
  opened.store = std::make_unique<SqliteStateStore>(std::move(*tables));
  return opened;
}

}  // namespace hub

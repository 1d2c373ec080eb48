// The journal put together: a queue, the thread that empties it, and the rooms it calls. The thread takes everything that is queued, so that while
// one fdatasync runs the next group gathers by itself. Under load it also waits a moment for company: see run().
#include "hub/journal/segment_journal.h"

#include "core/invariant.h"
#include "core/log.h"
#include "hub/journal/group_commit.h"
#include "hub/journal/recent_records.h"
#include "hub/journal/record_format.h"
#include "hub/journal/recovery.h"
#include "hub/journal/segment_reader.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <thread>

namespace hub {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();
// Some 500 alerts: what comes in while the router rests. More would be freed long after it has left the caches, which costs more than it saves.
constexpr std::size_t kRecentBytes = 512 << 10;
// See run(): no commit of several appends begins sooner than this after the one before it, unless as many have come again.
constexpr auto kPace = std::chrono::microseconds{400};

class SegmentJournal final : public Journal {
 public:
  SegmentJournal(FileSystem& file_system, const Path& directory, JournalOptions options)
      : file_system_(file_system),
        directory_(directory),
        options_(std::move(options)),
        segments_(file_system),
        quarantine_(file_system, directory / "quarantine"),
        reader_(segments_, quarantine_),
        room_(file_system, directory, {options_.segment_bytes, options_.reserve_bytes}),
        upkeep_(file_system, segments_, room_, {options_.retain, options_.max_bytes, options_.clock}, [this] { room_found(); }) {}

  ~SegmentJournal() override { close(); }

  core::Result<> open() {
    const auto recovered = recover(file_system_, directory_, segments_, quarantine_);
    if (!recovered) return recovered.error();
    torn_bytes_ = recovered->torn_bytes;
    const Offset next = std::max(recovered->end, options_.next_at_least);
    segments_.set_durable_end(next);
    room_.open();
    commits_ = std::make_unique<GroupCommit>(file_system_, directory_, options_, segments_, room_, upkeep_,
                                             GroupCommit::Begin{next, recovered->proven, recovered->next_segment});
    if (options_.upkeep == UpkeepThread::Own) upkeep_.start();
    writer_ = std::thread([this] { run(); });
    core::log_info("journal_opened", {{"directory", directory_.string()},
                                      {"segments", std::to_string(segments_.size())},
                                      {"first", std::to_string(first().value)},
                                      {"next", std::to_string(next.value)},
                                      {"torn_bytes", std::to_string(torn_bytes_)}});
    return {};
  }

  void append(std::vector<NewRecord> records, Done done) override {
    INVARIANT(!records.empty());
    Appended appended{std::move(records), std::move(done)};
    for (const NewRecord& record : appended.records) {
      appended.bytes += framed_bytes(record.payload.size());
      appended.is_ordinary = appended.is_ordinary || (record.type == RecordType::Alert && record.room == Room::Ordinary);
    }
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      if (!closing_) {
        queue_.push_back(std::move(appended));
        wake = queue_.size() >= wake_at_;
        if (wake) wake_at_ = kNever;   // one wake-up is enough, however many append before it is answered
      }
    }
    if (wake) wakeup_.notify_one();
    if (appended.done) appended.done(core::Error{core::Fault::Io, "the journal is closed"});
  }

  Offset durable_end() const override { return segments_.durable_end(); }
  Offset first() const override { return segments_.first(); }
  void on_durable(std::function<void(Offset)> listener) override { listener_ = std::move(listener); }
  core::Result<Page> read(Offset from, ReadLimits limits, std::uint8_t only_type) override {
    Page page;
    if (recent_.read(from, limits, only_type, page)) return page;
    return reader_.read(from, limits, only_type);
  }
  core::Result<Record> read_one(Offset offset) override { return reader_.read_one(offset); }

  void release(Offset below) override {
    segments_.release(below);
    upkeep_.wake();
  }

  JournalStatus status() const override {
    JournalStatus status;
    status.first = first();
    status.durable_end = durable_end();
    status.bytes = segments_.bytes();
    status.segments = segments_.size();
    status.free_bytes = room_.free_bytes();
    status.torn_bytes = torn_bytes_;
    status.quarantined_records = quarantine_.records();
    status.commits = commits_->counts().commits;
    status.records = commits_->counts().records;
    status.last_sync_seconds = commits_->counts().last_sync_seconds;
    status.accepting = commits_->is_accepting();
    status.trouble = commits_->trouble();
    if (status.trouble.empty()) status.trouble = upkeep_.trouble();
    return status;
  }

  void close() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wakeup_.notify_one();
    if (writer_.joinable()) writer_.join();
    upkeep_.stop();
  }

 private:
  // A commit costs some 50 us of CPU for one append as for twenty. So when several came together, the next commit waits until as many are there
  // again, or kPace has passed since the last one began: at 15,000 appends a second that halves the commits, and the sync itself would have taken
  // a good part of that time. A lone append never waits: the commit before it was of one, too, or is longer ago than kPace.
  void run() {
    std::deque<Appended> batch;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        if (company_ > 1) wait_for(lock, company_, begun_ + kPace);
        if (queue_.empty()) wait_for(lock, 1, Clock::time_point::max());
        if (queue_.empty()) break;
        begun_ = Clock::now();
        company_ = queue_.size();
        batch.swap(queue_);
      }
      if (options_.upkeep == UpkeepThread::Inline) upkeep_.look();
      while (!batch.empty()) commit(batch);
    }
    commits_->prove_last();
  }

  // Until so many appends wait, or the time has come, or the end.
  void wait_for(std::unique_lock<std::mutex>& lock, std::size_t appends, Clock::time_point until) {
    wake_at_ = appends;
    const auto enough = [&] { return closing_ || queue_.size() >= appends; };
    if (until == Clock::time_point::max())
      wakeup_.wait(lock, enough);
    else
      wakeup_.wait_until(lock, until, enough);
    wake_at_ = kNever;
  }

  void commit(std::deque<Appended>& batch) {
    const Offset before = segments_.durable_end();
    auto settled = commits_->commit(batch);
    for (auto& [appended, result] : settled) {
      if (result) recent_.put(*result, std::move(appended.records));
      if (appended.done) appended.done(std::move(result));
    }
    const Offset after = segments_.durable_end();
    if (listener_ && after > before) listener_(after);
  }

  void room_found() {
    if (commits_) commits_->room_found();
  }

  FileSystem& file_system_;
  const Path directory_;
  const JournalOptions options_;
  SegmentSet segments_;
  Quarantine quarantine_;
  SegmentReader reader_;
  RecentRecords recent_{kRecentBytes};
  DiskRoom room_;
  Upkeep upkeep_;
  std::unique_ptr<GroupCommit> commits_;
  std::function<void(Offset)> listener_;
  std::uint64_t torn_bytes_ = 0;
  std::mutex mutex_;
  std::condition_variable wakeup_;
  std::deque<Appended> queue_;
  std::size_t wake_at_ = kNever;   // so many appends in the queue wake the writer
  bool closing_ = false;
  std::size_t company_ = 1;        // so many the next commit waits for, but not for ever
  Clock::time_point begun_;        // of the last commit
  std::thread writer_;
};

void fill_defaults(JournalOptions& options, std::uint64_t total) {
  constexpr std::uint64_t kMiB = 1 << 20;
  if (options.segment_bytes == 0) options.segment_bytes = std::min(64 * kMiB, total / 32);
  if (options.max_bytes == 0) options.max_bytes = std::min(10240 * kMiB, total / 5);
  if (options.reserve_bytes == 0) options.reserve_bytes = std::min(64 * kMiB, total / 16);
  options.segment_bytes = std::max<std::uint64_t>((options.segment_bytes + 4095) & ~std::uint64_t{4095}, 4 * kSegmentHeadBytes);
}

}  // namespace

core::Result<> check_journal_format(FileSystem& file_system, const Path& directory) {
  const auto names = file_system.list(directory);
  if (!names && names.error().fault == core::Fault::NotFound) return {};
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (!parse_segment_name(name)) continue;
    auto file = file_system.open(directory / name);
    if (!file) return file.error();
    std::string bytes(kSegmentHeadBytes, '\0');
    const auto got = (*file)->read_at(0, bytes);
    if (!got) return got.error();
    bytes.resize(*got);
    const auto head = decode_segment_head(bytes);
    if (!head && head.error().fault == core::Fault::Invalid) return core::in_context("journal segment " + (directory / name).string(), head.error());
  }
  return {};
}

core::Result<std::unique_ptr<Journal>> open_journal(FileSystem& file_system, const Path& directory, JournalOptions options) {
  if (auto made = file_system.make_directory(directory); !made) return core::in_context("open journal", made.error());
  const auto space = file_system.space(directory);
  if (!space) return core::in_context("open journal", space.error());
  fill_defaults(options, space->total);
  auto journal = std::make_unique<SegmentJournal>(file_system, directory, std::move(options));
  if (auto opened = journal->open(); !opened) return core::in_context("open journal", opened.error());
  return std::unique_ptr<Journal>(std::move(journal));
}

}  // namespace hub

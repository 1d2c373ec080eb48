// The live sensor. The programs are attached first and /proc is read afterwards, while what happens is set aside: nothing between the two is
// missed, and what is seen twice says the same twice. The kernel does not wake us for every record (700-1650 ns each): it does at 64 KiB, and
// we look by ourselves every few milliseconds while there is something, more rarely when there is not.
#include "detector/sensor/ebpf_sensor.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <deque>

#include <fmt/format.h>

#include "core/log.h"
#include "detector/bpf/wire.h"      // the skeleton names its structs
#include "detector/bpf/sensor.skel.h"
#include "detector/event/containers.h"
#include "detector/event/process_table.h"
#include "detector/event/users.h"
#include "detector/sensor/decoder.h"
#include "detector/sensor/proc_scan.h"
#include "detector/sensor/syscalls.h"

namespace detector {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortestNap{2}, kLongestNap{50};
constexpr std::size_t kRecordsPerPoll = 65536;     // then the caller gets its turn
constexpr std::size_t kMostSetAside = 64 << 20;    // of records, while /proc is read; then the ring has to hold the rest
constexpr auto kClockEvery = std::chrono::seconds(10), kPurgeEvery = std::chrono::seconds(300);

// libbpf's own words are only of use when loading fails; then the last of them are added to the error.
std::string& last_words() {
  static std::string words;
  return words;
}

int keep_words(libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_DEBUG) return 0;
  char line[1024];
  const int length = vsnprintf(line, sizeof line, format, arguments);
  std::string& words = last_words();
  if (length > 0) words.append(line, std::min<std::size_t>(static_cast<std::size_t>(length), sizeof line - 1));
  if (words.size() > 4096) words.erase(0, words.size() - 4096);
  return length;
}

std::string kernel_release() {
  utsname name{};
  return uname(&name) == 0 ? name.release : "?";
}

core::Error why_not(std::string_view doing, int error) {
  if (access("/sys/kernel/btf/vmlinux", R_OK) != 0) {
    return {core::Fault::NotFound, fmt::format("this kernel ({}) has no BTF at /sys/kernel/btf/vmlinux, which the eBPF sensor needs "
                                               "(CONFIG_DEBUG_INFO_BTF); use replay, or another kernel", kernel_release())};
  }
  if (error == EPERM || error == EACCES) {
    return {core::Fault::Invalid, fmt::format("no right to load eBPF programs: run as root, or give the program CAP_BPF, CAP_PERFMON and "
                                              "CAP_SYS_PTRACE (setcap cap_bpf,cap_perfmon,cap_sys_ptrace=ep), outside a user namespace ({}: {})",
                                              doing, std::strerror(error))};
  }
  if (error == EINVAL || error == ESRCH || error == ENOENT || error == EOPNOTSUPP) {
    return {core::Fault::NotFound, fmt::format("kernel {} does not take the eBPF programs, which need 5.11 or newer ({}: {}): {}",
                                               kernel_release(), doing, std::strerror(error), last_words())};
  }
  return {core::Fault::Io, fmt::format("{}: {}: {}", doing, std::strerror(error), last_words())};
}

struct SkeletonEnd {
  void operator()(sensor_bpf* skeleton) const { sensor_bpf__destroy(skeleton); }
};
struct RingEnd {
  void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};

class EbpfSensor : public Sensor {
 public:
  explicit EbpfSensor(const EbpfOptions& options)
      : options_(options), users_(system_users()), scan_(containers_),
        decoder_(table_, containers_, *users_, [this](ProcessTable& table, std::int64_t tid) { scan_.look_up(table, tid); }) {
    fields_.users = users_.get();
    fields_.hostname = options.hostname;
    if (fields_.hostname.empty()) {
      char name[256] = {};
      if (gethostname(name, sizeof name - 1) == 0) fields_.hostname = name;
    }
  }

  core::Result<> start() {
    libbpf_set_print(keep_words);
    last_words().clear();
    skeleton_.reset(sensor_bpf__open());
    if (!skeleton_) return why_not("open the eBPF object", errno);
    bpf_map__set_max_entries(skeleton_->maps.ring, static_cast<std::uint32_t>(options_.ring_bytes));
    // Before 5.11 maps count against RLIMIT_MEMLOCK; since, against the cgroup. Raising it would want CAP_SYS_RESOURCE, so that is not tried.
    if (const int failed = sensor_bpf__load(skeleton_.get())) return why_not("load the eBPF programs", -failed);
    if (!options_.include_own_calls) skeleton_->bss->own_pid = static_cast<std::uint32_t>(getpid());
    fill_shapes();
    choose({});
    ring_.reset(ring_buffer__new(bpf_map__fd(skeleton_->maps.ring), &EbpfSensor::on_record, this, nullptr));
    if (!ring_) return why_not("map the ring buffer", errno);
    if (const int failed = sensor_bpf__attach(skeleton_.get())) return why_not("attach the eBPF programs", -failed);
    set_clock();
    starting_ = true;
    scan_.scan(table_, [this] {
      if (set_aside_bytes_ < kMostSetAside) ring_buffer__consume(ring_.get());
    });
    starting_ = false;
    return {};
  }

  core::Result<> want(const std::vector<bool>& types) override {
    choose(types);
    return {};
  }

  core::Result<bool> poll(core::Duration wait, const Each& each) override {
    each_ = &each;
    const auto now = std::chrono::steady_clock::now();
    if (now - clock_set_ > kClockEvery) set_clock();
    if (now - purged_ > kPurgeEvery) purge();
    if (consume()) {
      nap_ = kShortestNap;
      return true;
    }
    const auto nap = std::min<core::Duration>(nap_, wait);
    const int woken = ring_buffer__poll(ring_.get(), static_cast<int>(std::chrono::ceil<milliseconds>(nap).count()));
    if (woken < 0 && woken != -EINTR && woken != kTurnOver) {
      return core::Error{core::Fault::Io, fmt::format("read the ring buffer: {}", std::strerror(-woken))};
    }
    if (woken == 0) {
      const bool some = consume();
      nap_ = some ? kShortestNap : std::min(nap_ * 2, kLongestNap);
    }
    return true;
  }

  FieldContext& fields() override { return fields_; }

  SensorStatus status() const override {
    SensorStatus status;
    status.events = records_;
    const auto& drops = skeleton_->bss->drops;
    status.drops.ring_full = drops[DROP_RING_FULL];
    status.drops.scratch = drops[DROP_SCRATCH] + drops[DROP_CALL_NUMBER] + decoder_.counts().malformed;
    status.drops.table_full = table_.refused();
    status.gaps.unread = skeleton_->bss->unread;
    status.gaps.unknown_process = decoder_.counts().unknown_process;
    status.processes = table_.size();
    status.files = table_.files();
    return status;
  }

 private:
  static constexpr int kTurnOver = -EAGAIN;   // from on_record: enough for one poll

  static int on_record(void* self, void* bytes, std::size_t length) {
    auto& sensor = *static_cast<EbpfSensor*>(self);
    const std::string_view record{static_cast<const char*>(bytes), length};
    if (!sensor.starting_) return sensor.take(record);
    sensor.set_aside_.emplace_back(record);
    sensor.set_aside_bytes_ += length;
    return 0;
  }

  int take(std::string_view record) {
    ++records_;
    if (decoder_.decode(record, event_) && (wanted_.empty() || wanted_[static_cast<std::size_t>(event_.type)])) (*each_)(event_);
    return ++this_poll_ >= kRecordsPerPoll ? kTurnOver : 0;
  }

  bool consume() {
    this_poll_ = 0;
    for (; !set_aside_.empty() && this_poll_ < kRecordsPerPoll; set_aside_.pop_front()) take(set_aside_.front());
    if (set_aside_.empty()) ring_buffer__consume(ring_.get());
    return this_poll_ > 0;
  }

  void fill_shapes() {
    const auto fill = [](std::span<const std::string_view> names, wire_shape* shapes) {
      for (std::size_t i = 0; i < names.size() && i < WIRE_CALLS; ++i) {
        if (const CallRow* row = find_call(names[i])) shapes[i] = shape_of(*row);
      }
    };
    fill(syscall_names(), skeleton_->bss->shapes);
    fill(compat_syscall_names(), skeleton_->bss->shapes_compat);
  }

  // Empty: every call that has a row, and no other (the noise of the rest would drown them).
  void choose(const std::vector<bool>& types) {
    wanted_ = types;
    bool files = types.empty(), sockets = types.empty();
    const auto asked = [&types](std::string_view name) {
      if (types.empty()) return find_call(name) != nullptr && find_call(name)->keeps != Keeps::Nothing;
      const auto type = find_event_type(name);
      return type && static_cast<std::size_t>(*type) < types.size() && types[static_cast<std::size_t>(*type)];
    };
    for (const std::string_view name : syscall_names()) {
      const CallRow* row = find_call(name);
      if (row == nullptr || !asked(name)) continue;
      files = files || looks_at_files(*row);
      sockets = sockets || row->keeps == Keeps::Sockets || row->effect == Effect::Send;
    }
    const auto flip = [&](std::span<const std::string_view> names, std::uint8_t* interest) {
      for (std::size_t i = 0; i < names.size() && i < WIRE_CALLS; ++i) {
        const CallRow* row = names[i].empty() ? nullptr : find_call(names[i]);
        const bool exec = names[i] == "execve" || names[i] == "execveat";
        std::uint8_t bits = 0;
        if (!names[i].empty() && asked(names[i])) bits = exec ? WANT_FAILURE : WANT_SUCCESS | WANT_FAILURE;
        if (options_.drop_failed) bits &= WANT_SUCCESS;
        if (row != nullptr) {
          const bool kept = row->keeps == Keeps::Always || (row->keeps == Keeps::Files && files) || (row->keeps == Keeps::Sockets && sockets);
          if (kept) bits |= WANT_SUCCESS;
        }
        interest[i] = bits;       // a byte each: the kernel sees the old or the new, and no event is lost
      }
    };
    flip(syscall_names(), skeleton_->bss->interest);
    flip(compat_syscall_names(), skeleton_->bss->interest_compat);
    if (!wanted_.empty()) wanted_.resize(event_type_count(), false);
  }

  void set_clock() {
    clock_set_ = std::chrono::steady_clock::now();
    decoder_.set_boot(boot_time());
  }

  // Processes whose exit was lost with a full ring.
  void purge() {
    purged_ = std::chrono::steady_clock::now();
    for (const std::int64_t pid : table_.main_threads()) {
      if (access(fmt::format("/proc/{}", pid).c_str(), F_OK) == 0) continue;
      if (Process* process = table_.find(pid)) table_.exit(*process, true, 1);
    }
  }

  EbpfOptions options_;
  ProcessTable table_;
  Containers containers_;
  std::unique_ptr<Users> users_;
  ProcScan scan_;
  Decoder decoder_;
  FieldContext fields_;
  Event event_;
  std::vector<bool> wanted_;
  const Each* each_ = nullptr;
  std::uint64_t records_ = 0;
  std::size_t this_poll_ = 0;
  // Records that came while /proc was read. A machine with 30,000 processes takes seconds for that; the ring alone would be full by then.
  bool starting_ = false;
  std::deque<std::string> set_aside_;
  std::size_t set_aside_bytes_ = 0;
  milliseconds nap_ = kShortestNap;
  std::chrono::steady_clock::time_point clock_set_, purged_ = std::chrono::steady_clock::now();
  std::unique_ptr<sensor_bpf, SkeletonEnd> skeleton_;
  std::unique_ptr<ring_buffer, RingEnd> ring_;
};

}  // namespace

core::Result<std::unique_ptr<Sensor>> open_ebpf_sensor(const EbpfOptions& options) {
  auto sensor = std::make_unique<EbpfSensor>(options);
  if (auto started = sensor->start(); !started) return started.error();
  return std::unique_ptr<Sensor>(std::move(sensor));
}

}  // namespace detector

// Reading /proc. Everything may vanish between two lines: what is gone is left as it was.
#include "detector/sensor/proc_scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>

#include "core/text.h"
#include "detector/sensor/record.h"

namespace detector {
namespace {

constexpr std::size_t kMaxStrings = 4096;       // of argv and of env, as the kernel side takes

std::string read_all(const std::string& path, std::size_t most) {
  std::string text;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return text;
  text.resize(most);
  std::size_t length = 0;
  while (length < most) {
    const ssize_t got = read(file, text.data() + length, most - length);
    if (got <= 0) break;
    length += static_cast<std::size_t>(got);
  }
  close(file);
  text.resize(length);
  return text;
}

std::string read_link(const std::string& path) {
  std::array<char, 4096> target;
  const ssize_t length = readlink(path.c_str(), target.data(), target.size());
  return length <= 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(length));
}

template <class T>
T number(std::string_view text, int base = 10) {
  T value{};
  text = core::trim(text);
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

std::vector<std::string> split_nul(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::string_view word = until_nul(text);
    words.emplace_back(word);
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  return words;
}

// The last number of "NSpid:\t1234\t7", which is the id in the process's own namespace.
std::int64_t last_number(std::string_view line) {
  const auto parts = core::split(line, '\t');
  return number<std::int64_t>(parts.back());
}

// The v2 line ("0::/path") unless it is the root; else the memory controller's, as the kernel side chooses.
std::string cgroup_of(std::string_view text) {
  std::string unified, memory;
  for (const std::string_view line : core::split(text, '\n')) {
    const auto part = core::split(line, ':');
    if (part.size() < 3) continue;
    const std::string_view path = line.substr(part[0].size() + part[1].size() + 2);
    if (part[0] == "0") unified = path;
    else if (part[1] == "memory") memory = path;
  }
  return unified.size() > 1 || memory.empty() ? unified : memory;
}

std::vector<std::int64_t> ids_in(const std::string& folder) {
  std::vector<std::int64_t> ids;
  DIR* entries = opendir(folder.c_str());
  if (entries == nullptr) return ids;
  while (const dirent* entry = readdir(entries)) {
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') ids.push_back(number<std::int64_t>(entry->d_name));
  }
  closedir(entries);
  return ids;
}

void read_status(Process& process, std::string_view text) {
  for (const std::string_view line : core::split(text, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, colon);
    const std::string_view value = core::trim(line.substr(colon + 1));
    const auto second = [&value] { return number<std::uint32_t>(core::split(value, '\t').size() > 1 ? core::split(value, '\t')[1] : value); };
    if (key == "Name") process.comm = value;
    else if (key == "Uid") process.uid = second();
    else if (key == "Gid") process.gid = second();
    else if (key == "CapInh") process.cap_inheritable = number<std::uint64_t>(value, 16);
    else if (key == "CapPrm") process.cap_permitted = number<std::uint64_t>(value, 16);
    else if (key == "CapEff") process.cap_effective = number<std::uint64_t>(value, 16);
    else if (key == "NStgid") process.vpid = last_number(value);
    else if (key == "NSpid") process.vtid = last_number(value);
    else if (key == "NSpgid") process.vpgid = last_number(value);
  }
}

}  // namespace

core::TimePoint boot_time() {
  timespec boot{};
  clock_gettime(CLOCK_BOOTTIME, &boot);
  return core::now() - std::chrono::seconds(boot.tv_sec) - std::chrono::nanoseconds(boot.tv_nsec);
}

ProcScan::ProcScan(Containers& containers, std::string proc) : containers_(containers), proc_(std::move(proc)), boot_(boot_time()) {}

void ProcScan::scan(ProcessTable& table, const std::function<void()>& between) {
  const auto processes = ids_in(proc_);
  for (const std::int64_t pid : processes) {
    between();
    if (!read_process(table, pid)) continue;
    for (const std::int64_t tid : ids_in(fmt::format("{}/{}/task", proc_, pid))) {
      if (tid != pid) read_process(table, tid);
    }
  }
  // Parents may have come after their children.
  for (const std::int64_t pid : processes) {
    if (Process* process = table.find(pid)) table.set_parent(*process, process->parent_tid);
  }
}

void ProcScan::look_up(ProcessTable& table, std::int64_t tid) {
  if (!read_process(table, tid)) return;
  Process* process = table.find(tid);
  if (process == nullptr) return;
  // Up the chain too, as far as it is unknown.
  for (int depth = 0; depth < 64; ++depth) {
    const std::int64_t above = process->parent_tid;
    if (above <= 0) return;
    const bool known = table.find(above) != nullptr;
    if (!known && !read_process(table, above)) return;
    table.set_parent(*process, above);
    if (known) return;
    process = table.find(above);
    if (process == nullptr) return;
  }
}

bool ProcScan::read_process(ProcessTable& table, std::int64_t tid) {
  const std::string folder = fmt::format("{}/{}", proc_, tid);
  const std::string status = read_all(folder + "/status", 8192);
  if (status.empty()) return false;
  std::int64_t pid = tid;
  for (const std::string_view line : core::split(status, '\n')) {
    if (line.starts_with("Tgid:")) pid = number<std::int64_t>(line.substr(5));
  }
  if (pid != tid && table.find(pid) == nullptr && !read_process(table, pid)) return false;
  Process* found = table.add(tid, pid);
  if (found == nullptr) return false;
  Process& process = *found;
  read_status(process, status);
  const std::string stat = read_all(folder + "/stat", 2048);
  const std::size_t end = stat.rfind(')');
  if (end != std::string::npos && end + 2 < stat.size()) {
    const auto part = core::split(std::string_view(stat).substr(end + 2), ' ');
    if (part.size() > 19) {
      process.parent_tid = number<std::int64_t>(part[1]);
      process.pgid = number<std::int64_t>(part[2]);
      process.sid = number<std::int64_t>(part[3]);
      process.tty = static_cast<std::uint32_t>(number<std::int64_t>(part[4]));
      const double seconds = static_cast<double>(number<std::uint64_t>(part[19])) / static_cast<double>(sysconf(_SC_CLK_TCK));
      process.started = boot_ + std::chrono::duration_cast<core::Duration>(std::chrono::duration<double>(seconds));
    }
  }
  if (process.vpgid < 0) process.vpgid = process.pgid;
  std::vector<std::string> arguments = split_nul(read_all(folder + "/cmdline", kMaxStrings));
  if (!arguments.empty()) {
    process.exe = arguments.front();
    arguments.erase(arguments.begin());
  } else {
    process.exe = process.comm;
  }
  process.args = std::move(arguments);
  process.env = split_nul(read_all(folder + "/environ", kMaxStrings));
  if (std::string path = read_link(folder + "/exe"); !path.empty()) {
    process.exe_from_memfd = path.starts_with("/memfd:");
    process.exepath = process.exe_from_memfd ? path.substr(1) : path;
    struct stat exe {};
    if (::stat((folder + "/exe").c_str(), &exe) == 0) {
      process.exe_inode = exe.st_ino;
      process.exe_ctime = core::TimePoint{std::chrono::seconds(exe.st_ctim.tv_sec) + std::chrono::nanoseconds(exe.st_ctim.tv_nsec)};
      process.exe_mtime = core::TimePoint{std::chrono::seconds(exe.st_mtim.tv_sec) + std::chrono::nanoseconds(exe.st_mtim.tv_nsec)};
    }
  }
  if (std::string cwd = read_link(folder + "/cwd"); !cwd.empty()) {
    if (cwd.back() != '/') cwd += '/';
    process.cwd = std::move(cwd);
  } else if (errno != ENOENT) {
    process.cwd = "/<UNKNOWN>/";    // we may not ask: "x" of such a process must not look like "/x"
  }
  if (std::string root = read_link(folder + "/root"); !root.empty()) process.root = std::move(root);
  if (const std::string loginuid = read_all(folder + "/loginuid", 32); !loginuid.empty()) process.loginuid = number<std::uint32_t>(loginuid);
  process.cgroup = cgroup_of(read_all(folder + "/cgroup", 8192));
  process.container = containers_.of(process.cgroup);
  if (pid == tid) read_files(process);
  return true;
}

void ProcScan::read_files(Process& process) {
  const std::string folder = fmt::format("{}/{}/fd", proc_, process.pid);
  for (const std::int64_t fd : ids_in(folder)) {
    if (process.files->entries.size() >= kMaxFilesPerProcess) return;
    const std::string path = fmt::format("{}/{}", folder, fd);
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) continue;
    FileEntry entry;
    entry.device = static_cast<std::uint32_t>(status.st_dev);
    entry.inode = status.st_ino;
    switch (status.st_mode & S_IFMT) {
      case S_IFREG:
      case S_IFCHR:
      case S_IFBLK: entry.kind = FileKind::File; break;
      case S_IFDIR: entry.kind = FileKind::Directory; break;
      case S_IFIFO: entry.kind = FileKind::Pipe; break;
      default: continue;    // sockets and the rest tell what they are when they are used
    }
    entry.name = read_link(path);
    process.files->entries[static_cast<std::int32_t>(fd)] = std::move(entry);
  }
}

}  // namespace detector

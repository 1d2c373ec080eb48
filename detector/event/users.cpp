// Users of the host and of containers. A container's files are written by whoever runs in it: they are opened inside its own root, must be
// regular and small, and are never waited for.
#include "detector/event/users.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <unordered_map>

#include "core/text.h"

namespace detector {
namespace {

constexpr std::size_t kMaxFile = 1 << 20;
constexpr core::Duration kLookAgainAfter = std::chrono::seconds(1);
constexpr std::size_t kMaxContainers = 4096;

struct UserEntry {
  std::string name, home, shell;
};

struct NameFiles {
  core::TimePoint looked;
  struct timespec passwd_changed {}, group_changed {};
  std::unordered_map<std::uint32_t, UserEntry> users;
  std::unordered_map<std::uint32_t, std::string> groups;
};

// -1: no such file, or not one that may be read.
int open_below(const std::string& root, const char* path) {
  const int folder = open(root.empty() ? "/" : root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return -1;
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const int file = static_cast<int>(syscall(SYS_openat2, folder, path, &how, sizeof how));
  close(folder);
  return file;
}

// True: `text` has the file's new contents. False: unchanged, or not to be had.
bool read_if_changed(const std::string& root, const char* path, struct timespec& changed, std::string& text) {
  const int file = open_below(root, path);
  if (file < 0) return false;
  struct stat status {};
  const bool fit = fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  const bool same = changed.tv_sec == status.st_mtim.tv_sec && changed.tv_nsec == status.st_mtim.tv_nsec;
  if (!fit || same) {
    close(file);
    return false;
  }
  changed = status.st_mtim;
  text.resize(kMaxFile);
  std::size_t length = 0;
  while (length < text.size()) {
    const ssize_t got = read(file, text.data() + length, text.size() - length);
    if (got <= 0) break;
    length += static_cast<std::size_t>(got);
  }
  close(file);
  text.resize(length);
  return true;
}

bool parse_id(std::string_view text, std::uint32_t& id) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return error == std::errc{} && end == text.data() + text.size();
}

void look(const std::string& root, NameFiles& files) {
  std::string text;
  if (read_if_changed(root, "etc/passwd", files.passwd_changed, text)) {
    files.users.clear();
    for (const std::string_view line : core::split(text, '\n')) {
      const auto part = core::split(line, ':');
      std::uint32_t id = 0;
      if (part.size() < 7 || !parse_id(part[2], id)) continue;
      files.users.try_emplace(id, UserEntry{std::string(part[0]), std::string(part[5]), std::string(part[6])});
    }
  }
  if (read_if_changed(root, "etc/group", files.group_changed, text)) {
    files.groups.clear();
    for (const std::string_view line : core::split(text, '\n')) {
      const auto part = core::split(line, ':');
      std::uint32_t id = 0;
      if (part.size() < 3 || !parse_id(part[2], id)) continue;
      files.groups.try_emplace(id, std::string(part[0]));
    }
  }
}

class SystemUsers : public Users {
 public:
  explicit SystemUsers(std::string root) : root_(std::move(root)) {}

  std::string user_name(const Process& of, std::uint32_t uid) override { return user(of, uid).name; }
  std::string user_home(const Process& of, std::uint32_t uid) override { return user(of, uid).home; }
  std::string user_shell(const Process& of, std::uint32_t uid) override { return user(of, uid).shell; }

  std::string group_name(const Process& of, std::uint32_t gid) override {
    const NameFiles& files = files_of(of);
    const auto at = files.groups.find(gid);
    return at == files.groups.end() ? std::string() : at->second;
  }

 private:
  UserEntry user(const Process& of, std::uint32_t uid) {
    const NameFiles& files = files_of(of);
    const auto at = files.users.find(uid);
    return at == files.users.end() ? UserEntry{} : at->second;
  }

  NameFiles& files_of(const Process& process) {
    const core::TimePoint now = core::now();
    if (process.container == nullptr) {
      if (host_.looked + kLookAgainAfter < now) {
        host_.looked = now;
        look(root_, host_);
      }
      return host_;
    }
    if (containers_.size() > kMaxContainers) containers_.clear();
    NameFiles& files = containers_[process.container->full_id];
    if (files.looked + kLookAgainAfter < now) {
      files.looked = now;
      look(root_ + "/proc/" + std::to_string(process.pid) + "/root", files);   // gone already: what was known stays
    }
    return files;
  }

  std::string root_;
  NameFiles host_;
  std::unordered_map<std::string, NameFiles> containers_;
};

}  // namespace

std::unique_ptr<Users> system_users(std::string root) { return std::make_unique<SystemUsers>(std::move(root)); }

}  // namespace detector

// The child is stopped by a pipe until the watch listens, and watched until its exit was read out of the ring: no sleeping, no guessing.
#include "tests/integration/live_sensor.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

namespace live {

const detector::Param* Seen::param(std::string_view name) const {
  for (const auto& param : params) {
    if (param.name == name) return &param;
  }
  return nullptr;
}

std::string Seen::text(std::string_view name) const {
  const auto* found = param(name);
  return found == nullptr ? std::string() : found->text;
}

std::unique_ptr<Watch> Watch::open(const detector::EbpfOptions& options, std::string* why_not) {
  auto sensor = detector::open_ebpf_sensor(options);
  if (!sensor) {
    if (why_not != nullptr) *why_not = sensor.error().what;
    return nullptr;
  }
  auto made = std::make_unique<Watch>();
  made->sensor_ = std::move(*sensor);
  std::vector<bool> all(detector::event_type_count(), false);
  for (const char* name : {"execve", "execveat", "clone", "clone3", "fork", "vfork", "procexit", "open", "openat", "openat2", "creat", "connect",
                           "dup", "dup2", "dup3", "chdir", "fchdir", "setuid", "setresuid", "setsid", "socket", "bind", "listen", "accept",
                           "accept4", "symlink", "symlinkat", "link", "linkat", "rename", "renameat", "renameat2", "unlink", "unlinkat",
                           "rmdir", "mkdir", "mkdirat", "chmod", "fchmod", "fchmodat", "ptrace", "setns", "unshare", "mount", "umount2",
                           "memfd_create", "bpf", "init_module", "finit_module", "sendto", "sendmsg", "userfaultfd", "kill", "getppid"}) {
    all[static_cast<std::size_t>(detector::event_type(name))] = true;
  }
  if (!made->sensor_->want(all)) return nullptr;
  return made;
}

Watch* Watch::get() {
  static std::string why_not = "the sensor took no wishes";
  static const std::unique_ptr<Watch> watch = open({}, &why_not);
  if (watch == nullptr) std::printf("skipped: %s\n", why_not.c_str());
  return watch.get();
}

std::vector<Seen> Watch::child(const std::function<void()>& act) {
  int go[2];
  if (pipe(go) != 0) return {};
  const pid_t pid = fork();
  if (pid == 0) {
    close(go[1]);
    char byte;
    if (read(go[0], &byte, 1) != 0) _exit(9);
    act();
    _exit(0);
  }
  close(go[0]);
  close(go[1]);
  std::vector<Seen> seen;
  std::set<std::int64_t> family{pid};
  bool ended = false;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!ended && std::chrono::steady_clock::now() < deadline) {
    const auto polled = sensor_->poll(std::chrono::milliseconds(20), [&](detector::Event& event) {
      const detector::Process& process = *event.process;
      const bool ours = family.contains(process.pid) || (process.parent != nullptr && family.contains(process.parent->pid));
      if (!ours) return;
      family.insert(process.pid);
      Seen one;
      one.type = to_text(event.type);
      one.result = event.result;
      one.params.assign(event.params.begin(), event.params.begin() + static_cast<std::ptrdiff_t>(event.param_count));
      one.fd = event.fd;
      one.process = process;
      if (process.parent != nullptr) {
        one.parent_comm = process.parent->comm;
        one.parent_pid = process.parent->pid;
      }
      if (process.container != nullptr) one.container_id = process.container->id;
      one.rewritten = event.rewritten;
      one.object_path = event.object_path;
      seen.push_back(std::move(one));
      ended = ended || (seen.back().type == "procexit" && process.tid == pid);
    });
    if (!polled) break;
  }
  waitpid(pid, nullptr, 0);
  return seen;
}

const Seen* find(const std::vector<Seen>& seen, std::string_view type, const std::function<bool(const Seen&)>& fits) {
  for (const Seen& one : seen) {
    if (one.type == type && (!fits || fits(one))) return &one;
  }
  return nullptr;
}

std::function<bool(const Seen&)> param_is(std::string name, std::string text) {
  return [name = std::move(name), text = std::move(text)](const Seen& seen) { return seen.text(name) == text; };
}

std::function<bool(const Seen&)> fd_is(std::string name) {
  return [name = std::move(name)](const Seen& seen) { return seen.fd.entry.name == name; };
}

void run(const char* program, std::vector<const char*> arguments) {
  if (fork() == 0) {
    arguments.push_back(nullptr);
    execv(program, const_cast<char* const*>(arguments.data()));
    _exit(127);
  }
  wait(nullptr);
}

Folder::Folder() {
  char name[] = "/tmp/live_sensor.XXXXXX";
  path = mkdtemp(name);
}

Folder::~Folder() { std::filesystem::remove_all(path); }

}  // namespace live

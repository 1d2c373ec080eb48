// The eBPF sensor against the running kernel, second part: sockets, identities, names in folders, memfd, containers, int 0x80.
#include "tests/integration/live_sensor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "tests/support/catch.h"

using namespace live;
using detector::FileKind;

namespace {

// Undoes itself when the child that was in it has ended.
struct SimulatedContainer {
  std::vector<std::string> folders;

  explicit SimulatedContainer(const std::string& id) {
    for (const char* hierarchy : {"memory", "pids", "cpu", "devices", "unified", "systemd", "."}) {
      const std::string base = std::string("/sys/fs/cgroup/") + hierarchy;
      if (access((base + "/cgroup.procs").c_str(), W_OK) != 0) continue;
      const std::string folder = base + "/docker/" + id;
      std::error_code error;
      std::filesystem::create_directories(folder, error);
      if (!error) folders.push_back(folder);
    }
  }
  void enter() const {
    for (const auto& folder : folders) std::ofstream(folder + "/cgroup.procs") << "0";
  }
  ~SimulatedContainer() {
    for (const auto& folder : folders) {
      rmdir(folder.c_str());
      rmdir(std::filesystem::path(folder).parent_path().c_str());   // only when it is empty
    }
  }
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

TEST_CASE("a connection is seen from both ends, client before server in its name") {
  NEEDS_LIVE_SENSOR();
  static std::uint16_t port = 0;
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(0);
  REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(listen(listener, 4) == 0);
  socklen_t length = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  port = ntohs(address.sin_port);
  const auto seen = watch->child([&] {
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in to = loopback(port);
    if (connect(client, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) _exit(1);
    dup2(client, 0);
    accept(listener, nullptr, nullptr);
  });
  close(listener);

  const Seen* made = find(seen, "socket");
  REQUIRE(made != nullptr);
  CHECK(made->text("domain") == "AF_INET");
  CHECK(made->fd.entry.kind == FileKind::Ipv4);
  const Seen* connected = find(seen, "connect");
  REQUIRE(connected != nullptr);
  CHECK(connected->fd.entry.server_port == port);
  CHECK(to_text(connected->fd.entry.server_ip) == "127.0.0.1");
  CHECK(connected->fd.entry.name == fmt::format("127.0.0.1:{}->127.0.0.1:{}", connected->fd.entry.client_port, port));
  CHECK(connected->text("tuple") == connected->fd.entry.name);
  CHECK(connected->text("addr") == fmt::format("127.0.0.1:{}", port));
  CHECK(connected->fd.entry.connected);
  CHECK(connected->fd.name_changed);
  CHECK_FALSE(connected->rewritten);
  const Seen* copied = find(seen, "dup2");
  REQUIRE(copied != nullptr);
  CHECK(copied->fd.number == 0);
  CHECK(copied->fd.entry.kind == FileKind::Ipv4);
  CHECK(copied->fd.entry.name == connected->fd.entry.name);
  const Seen* accepted = find(seen, "accept");
  REQUIRE(accepted != nullptr);
  CHECK(accepted->fd.entry.local_is_server);
  CHECK(accepted->fd.entry.name == connected->fd.entry.name);
}

TEST_CASE("a connect that fails is seen with its error and where it wanted to go") {
  NEEDS_LIVE_SENSOR();
  const auto seen = watch->child([] {
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in to = loopback(1);
    connect(client, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    const int local = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un path{};
    path.sun_family = AF_UNIX;
    std::snprintf(path.sun_path, sizeof path.sun_path, "/run/no such socket");
    connect(local, reinterpret_cast<const sockaddr*>(&path), sizeof path);
  });

  const Seen* refused = find(seen, "connect", param_is("res", "ECONNREFUSED"));
  REQUIRE(refused != nullptr);
  CHECK(refused->text("addr") == "127.0.0.1:1");
  const Seen* absent = find(seen, "connect", param_is("res", "ENOENT"));
  REQUIRE(absent != nullptr);
  CHECK(absent->text("addr") == "/run/no such socket");
  CHECK(absent->fd.entry.kind == FileKind::Unix);
}

TEST_CASE("calls on names are seen with their paths and flags") {
  NEEDS_LIVE_SENSOR();
  const Folder folder;
  const auto seen = watch->child([&] {
    (void)chdir(folder.path.c_str());
    close(creat("a", 0600));
    symlink("/etc/shadow", "link");
    link("a", "hard");
    rename("a", "b");
    const int directory = open(".", O_DIRECTORY | O_RDONLY);
    renameat(directory, "b", directory, "c");
    mkdir("d", 0700);
    unlinkat(directory, "d", AT_REMOVEDIR);
    unlink("hard");
    chmod("c", 04755);
    const int fd = open("c", O_RDONLY);
    fchmod(fd, 0600);
  });

  const Seen* linked = find(seen, "symlink");
  REQUIRE(linked != nullptr);
  CHECK(linked->text("target") == "/etc/shadow");
  CHECK(linked->text("linkpath") == folder.path + "/link");
  CHECK(find(seen, "link", param_is("newpath", folder.path + "/hard")) != nullptr);
  CHECK(find(seen, "rename", param_is("newpath", folder.path + "/b")) != nullptr);
  CHECK(find(seen, "renameat", param_is("oldpath", folder.path + "/b")) != nullptr);
  CHECK(find(seen, "mkdir", param_is("path", folder.path + "/d")) != nullptr);
  const Seen* removed = find(seen, "unlinkat");
  REQUIRE(removed != nullptr);
  CHECK(removed->text("name") == folder.path + "/d");
  CHECK(removed->text("flags") == "AT_REMOVEDIR");
  CHECK(find(seen, "unlink", param_is("path", folder.path + "/hard")) != nullptr);
  const Seen* setuid_bit = find(seen, "chmod");
  REQUIRE(setuid_bit != nullptr);
  CHECK(setuid_bit->text("filename") == folder.path + "/c");
  CHECK(setuid_bit->text("mode") == "S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID");
  const Seen* by_fd = find(seen, "fchmod");
  REQUIRE(by_fd != nullptr);
  CHECK(by_fd->fd.entry.name == folder.path + "/c");
}

TEST_CASE("identity is followed through setuid, setsid and setpgid") {
  NEEDS_LIVE_SENSOR();
  const auto seen = watch->child([] {
    setsid();
    syscall(SYS_setuid, 65534);
    syscall(SYS_getppid);
  });

  const Seen* session = find(seen, "setsid");
  REQUIRE(session != nullptr);
  CHECK(session->process.sid == session->process.pid);
  const Seen* changed = find(seen, "setuid");
  REQUIRE(changed != nullptr);
  CHECK(changed->process.uid == 65534);
  if (geteuid() == 0) CHECK(changed->process.cap_effective == 0);
  CHECK(changed->text("uid") == "nobody");
  const Seen* after = find(seen, "getppid");
  REQUIRE(after != nullptr);
  CHECK(after->process.uid == 65534);
}

TEST_CASE("a program run out of a memfd is known as one") {
  NEEDS_LIVE_SENSOR();
  const auto seen = watch->child([] {
    const int program = memfd_create("payload", 0);
    const int from = open("/bin/true", O_RDONLY);
    std::vector<char> bytes(1 << 20);
    const ssize_t length = read(from, bytes.data(), bytes.size());
    if (write(program, bytes.data(), static_cast<std::size_t>(length)) != length) _exit(1);
    if (fork() == 0) {
      const char* const arguments[] = {"payload", nullptr};
      fexecve(program, const_cast<char* const*>(arguments), environ);
      _exit(127);
    }
    wait(nullptr);
  });

  const Seen* made = find(seen, "memfd_create");
  REQUIRE(made != nullptr);
  CHECK(made->fd.entry.kind == FileKind::Memfd);
  const Seen* exec = find(seen, "execve", [](const Seen& s) { return s.result == 0; });
  REQUIRE(exec != nullptr);
  CHECK(exec->process.exe_from_memfd);
  CHECK(exec->process.exepath.starts_with("memfd:payload"));
  CHECK(exec->text("flags").find("EXE_FROM_MEMFD") != std::string::npos);
}

TEST_CASE("requests and commands are seen by their names") {
  NEEDS_LIVE_SENSOR();
  const auto seen = watch->child([] {
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    unshare(CLONE_NEWUTS);
    bpf_attr attributes{};
    syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
    syscall(SYS_setns, -1, 0);
    kill(getpid(), 0);
    char arguments[] = "a=b";      // not a literal: nobody has read that page yet, and BPF cannot fault it in
    syscall(SYS_finit_module, -1, arguments, 0);
    umount2("/no/such/mount", MNT_DETACH);
  });

  const Seen* traced = find(seen, "ptrace");
  REQUIRE(traced != nullptr);
  CHECK(traced->text("request") == "PTRACE_TRACEME");
  CHECK(find(seen, "unshare", param_is("flags", "CLONE_NEWUTS")) != nullptr);
  CHECK(find(seen, "bpf", param_is("cmd", "BPF_PROG_LOAD")) != nullptr);
  CHECK(find(seen, "setns", param_is("res", "EBADF")) != nullptr);
  CHECK(find(seen, "kill") != nullptr);
  CHECK(find(seen, "finit_module", param_is("uargs", "a=b")) != nullptr);
  CHECK(find(seen, "umount2", param_is("flags", "DETACH")) != nullptr);
}

TEST_CASE("a process is known to be in a container by its cgroup, with its id in its own pid namespace") {
  NEEDS_LIVE_SENSOR();
  const std::string id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  const SimulatedContainer container(id);
  if (container.folders.empty()) {
    std::printf("skipped: cgroups cannot be made here\n");
    return;
  }
  const auto seen = watch->child([&] {
    container.enter();
    unshare(CLONE_NEWPID);
    run("/bin/true", {"true"});
  });

  const Seen* exec = find(seen, "execve", param_is("comm", "true"));
  REQUIRE(exec != nullptr);
  CHECK(exec->container_id == id.substr(0, 12));
  CHECK(exec->process.vpid == 1);
}

#if defined(__x86_64__)
TEST_CASE("a call made by int 0x80 is seen as what it is") {
  NEEDS_LIVE_SENSOR();
  const auto seen = watch->child([] {
    char* const low = static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
    std::snprintf(low, 4096, "/etc/hostname");
    long result = 5;   // open, in the i386 table
    asm volatile("int $0x80" : "+a"(result) : "b"(low), "c"(0), "d"(0) : "memory");
  });

  const Seen* opened = find(seen, "open", fd_is("/etc/hostname"));
  REQUIRE(opened != nullptr);
  CHECK(opened->text("flags") == "O_RDONLY");
}
#endif

TEST_CASE("threads share their process's folder and files, and children are handed to the reaper") {
  NEEDS_LIVE_SENSOR();
  const auto seen = watch->child([] {
    std::thread([] { syscall(SYS_chdir, "/usr/share"); }).join();
    syscall(SYS_open, "doc", O_RDONLY | O_DIRECTORY);
  });

  CHECK(find(seen, "open", fd_is("/usr/share/doc")) != nullptr);
}

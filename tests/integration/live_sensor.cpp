// The eBPF sensor against the running kernel: real acts of a real child, and what the events say of them. Needs root and BPF.
#include "tests/integration/live_sensor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/catch.h"

using namespace live;

TEST_CASE("an exec is seen with its arguments, environment, path, folder, ids and parent") {
  NEEDS_LIVE_SENSOR();
  const auto seen = watch->child([] {
    setenv("LIVE_SENSOR", "yes", 1);
    (void)chdir("/usr");
    run("/bin/cat", {"cat", "/etc/hostname", "two words"});
  });

  const Seen* exec = find(seen, "execve", param_is("comm", "cat"));
  REQUIRE(exec != nullptr);
  CHECK(exec->process.exe == "cat");
  CHECK(exec->process.args == std::vector<std::string>{"/etc/hostname", "two words"});
  CHECK(exec->process.exepath == std::filesystem::canonical("/bin/cat").string());
  CHECK(exec->process.cwd == "/usr/");
  CHECK(std::find(exec->process.env.begin(), exec->process.env.end(), "LIVE_SENSOR=yes") != exec->process.env.end());
  CHECK(exec->process.uid == geteuid());
  CHECK(exec->process.pid == exec->process.tid);
  CHECK(exec->parent_pid == seen.front().process.pid);
  CHECK(exec->result == 0);
  CHECK(exec->text("filename") == "/bin/cat");
  CHECK(exec->process.sid == getsid(0));
  CHECK_FALSE(exec->process.exe_from_memfd);
  struct stat status {};
  stat("/bin/cat", &status);
  CHECK(exec->process.exe_inode == status.st_ino);
  CHECK(core::to_unix_nanoseconds(exec->process.exe_mtime) / 1000000000 == status.st_mtime);
}

TEST_CASE("a failed exec is seen with its error and leaves the process as it was") {
  NEEDS_LIVE_SENSOR();
  const auto seen = watch->child([] {
    const char* const arguments[] = {"nothing", nullptr};
    execv("/does/not/exist", const_cast<char* const*>(arguments));
  });

  const Seen* exec = find(seen, "execve");
  REQUIRE(exec != nullptr);
  CHECK(exec->result == -ENOENT);
  CHECK(exec->text("res") == "ENOENT");
  CHECK(exec->text("filename") == "/does/not/exist");
  CHECK(exec->process.exe.find("nothing") == std::string::npos);
}

TEST_CASE("open and its kin are seen with path, flags, device and inode, relative ones joined") {
  NEEDS_LIVE_SENSOR();
  const Folder folder;
  const auto seen = watch->child([&] {
    syscall(SYS_open, "/etc/../etc/hostname", O_RDONLY);
    openat(AT_FDCWD, (folder.path + "/new").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    (void)chdir(folder.path.c_str());
    open("./new", O_RDWR | O_APPEND);
    const int directory = open("/etc", O_RDONLY | O_DIRECTORY);
    openat(directory, "passwd", O_RDONLY);
    open_how how{};
    how.flags = O_RDONLY;
    syscall(SYS_openat2, AT_FDCWD, "/etc/group", &how, sizeof how);
    creat("created", 0600);
    open("/etc/absent", O_RDONLY);
  });

  const Seen* plain = find(seen, "open", fd_is("/etc/hostname"));
  REQUIRE(plain != nullptr);
  CHECK(plain->fd.name_raw == "/etc/../etc/hostname");
  CHECK(plain->text("name") == "/etc/../etc/hostname");
  CHECK(plain->text("flags") == "O_RDONLY");
  CHECK(plain->fd.number == plain->result);
  struct stat status {};
  stat("/etc/hostname", &status);
  CHECK(plain->fd.entry.inode == status.st_ino);
  CHECK(plain->fd.entry.device == status.st_dev);
  CHECK_FALSE(plain->rewritten);

  const Seen* made = find(seen, "openat", fd_is(folder.path + "/new"));
  REQUIRE(made != nullptr);
  CHECK(made->text("flags") == "O_TRUNC|O_CREAT|O_WRONLY|O_CLOEXEC|O_F_CREATED");
  CHECK(made->param("mode")->number == 0644);
  const Seen* relative = find(seen, "openat", [&](const Seen& s) { return s.fd.name_raw == folder.path + "/./new"; });
  REQUIRE(relative != nullptr);
  CHECK(relative->text("name") == folder.path + "/new");
  CHECK(relative->text("flags") == "O_APPEND|O_RDWR");
  CHECK(find(seen, "openat", [](const Seen& s) { return s.fd.entry.name == "/etc" && s.fd.entry.kind == detector::FileKind::Directory; }) != nullptr);
  CHECK(find(seen, "openat", fd_is("/etc/passwd")) != nullptr);
  CHECK(find(seen, "openat2", fd_is("/etc/group")) != nullptr);
  CHECK(find(seen, "creat", fd_is(folder.path + "/created")) != nullptr);
  const Seen* absent = find(seen, "openat", [](const Seen& s) { return s.fd.fallback_name == "/etc/absent"; });
  REQUIRE(absent != nullptr);
  CHECK(absent->result == -ENOENT);
  CHECK(absent->fd.number == -1);
}

TEST_CASE("with drop_failed_exit a call that fails is no event, and one that succeeds still is") {
  NEEDS_LIVE_SENSOR();
  const auto sparing = Watch::open({.drop_failed = true});
  REQUIRE(sparing != nullptr);
  const auto act = [] {
    open("/etc/absent", O_RDONLY);
    open("/etc/hostname", O_RDONLY);
    run("/does/not/exist", {"nothing"});
  };
  const auto failed = [](const Seen& s) { return s.result < 0; };
  const auto seen = sparing->child(act), all = watch->child(act);

  CHECK(find(seen, "openat", fd_is("/etc/hostname")) != nullptr);
  CHECK(find(seen, "openat", failed) == nullptr);
  CHECK(find(seen, "execve", failed) == nullptr);
  CHECK(find(all, "openat", failed) != nullptr);
  CHECK(find(all, "execve", failed) != nullptr);
}

TEST_CASE("an open through a symlink tells what was really opened, and is not called rewritten") {
  NEEDS_LIVE_SENSOR();
  const Folder folder;
  const std::string link = folder.path + "/innocent";
  REQUIRE(symlink("/etc/hostname", link.c_str()) == 0);
  const auto seen = watch->child([&] { open(link.c_str(), O_RDONLY); });

  const Seen* opened = find(seen, "openat", fd_is(link));
  REQUIRE(opened != nullptr);
  CHECK(opened->object_path.ends_with("etc/hostname"));
  CHECK_FALSE(opened->rewritten);
}

TEST_CASE("who unmaps the path while the kernel opens what it says is seen with the path all the same, and nothing counts as lost") {
  NEEDS_LIVE_SENSOR();
  const Folder folder;
  const std::string fifo = folder.path + "/fifo";
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  const auto before = watch->sensor().status();
  const auto seen = watch->child([&] {
    char* const page = static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    std::strcpy(page, fifo.c_str());
    std::atomic<pid_t> tid{0};
    std::thread opener([&] {
      tid = gettid();
      open(page, O_WRONLY);       // waits for a reader: the string was copied long before
    });
    while (tid == 0) std::this_thread::yield();
    // "257 0xffffff9c 0x…" once it sleeps in openat, "running" until then.
    for (std::string state; !state.starts_with("257 ");) std::getline(std::ifstream("/proc/self/task/" + std::to_string(tid) + "/syscall"), state);
    munmap(page, 4096);
    const int reader = open(fifo.c_str(), O_RDONLY);
    opener.join();
    close(reader);
  });

  const Seen* opened = find(seen, "openat", [](const Seen& s) { return s.text("flags") == "O_WRONLY"; });
  REQUIRE(opened != nullptr);
  CHECK(opened->fd.entry.name == fifo);
  CHECK(opened->object_path == fifo);
  const auto after = watch->sensor().status();
  CHECK(after.gaps.unread > before.gaps.unread);
  CHECK(after.drops.ring_full + after.drops.scratch + after.drops.table_full == before.drops.ring_full + before.drops.scratch + before.drops.table_full);
}

TEST_CASE("a path that another thread rewrites during the call is found out") {
  NEEDS_LIVE_SENSOR();
  const auto seen = watch->child([] {
    static char path[64];
    std::strcpy(path, "/etc/hostname");
    std::atomic<bool> stop{false};
    std::thread other([&] {
      while (!stop) {
        std::memcpy(path, "/etc/xostname", 13);
        std::memcpy(path, "/etc/hostname", 13);
      }
    });
    for (int i = 0; i < 20000; ++i) {
      const int fd = open(path, O_RDONLY);
      if (fd >= 0) close(fd);
    }
    stop = true;
    other.join();
  });

  std::size_t lied = 0, caught = 0;
  for (const Seen& one : seen) {
    if (one.type != "openat" || one.result < 0 || one.fd.name_raw.find("xostname") == std::string::npos) continue;
    ++lied;
    caught += one.rewritten && one.object_path.ends_with("hostname");
  }
  CHECK(caught == lied);
  INFO("strings that were not what was opened: " << lied);
}

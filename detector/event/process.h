// What is known of one process (or thread), its files, and the way to its ancestors. Owned by the process table; see falco.md 4.5 and 7.
#pragma once

#include "core/clock.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace detector {

struct IpAddress {
  bool v6 = false;
  std::array<std::uint8_t, 16> bytes{};            // v4: the first four
  auto operator<=>(const IpAddress&) const = default;
};
std::string to_text(const IpAddress& ip);

enum class FileKind : std::uint8_t {
  Unknown, File, Directory, Ipv4, Ipv6, Unix, Pipe, Event, Signal, EventPoll, Inotify, Timer, Netlink, Bpf, IoUring, Memfd, Pidfd, Unsupported
};

struct FileEntry {
  FileKind kind = FileKind::Unknown;
  std::string name;                 // files: absolute, lexically normalised; sockets: "cip:cport->sip:sport"; unix: path
  std::uint32_t flags = 0;          // open(2) flags as the kernel has them
  std::uint64_t device = 0, inode = 0;
  bool upper_layer = false, lower_layer = false;
  // sockets
  int family = 0, type = 0, protocol = 0;    // AF_*, SOCK_*, IPPROTO_*
  IpAddress client_ip, server_ip;
  std::uint16_t client_port = 0, server_port = 0;
  bool has_client = false, has_server = false;
  bool local_is_server = false;
  bool connected = false;
};

struct FileTable {                   // shared by threads and CLONE_FILES
  std::unordered_map<std::int32_t, FileEntry> entries;
};

struct Container {                   // "host" has no Container object
  std::string id, full_id;           // 12 and 64 hex digits
  bool known = false;                // metadata has arrived
  std::string name, image, image_id, repository, tag, digest, type, pod_name, pod_namespace, pod_uid;
  bool privileged = false;
  std::unordered_map<std::string, std::string> labels;
};

struct Process {
  std::int64_t tid = -1, pid = -1, parent_tid = -1;          // in the first pid namespace
  std::int64_t vtid = -1, vpid = -1;                         // in its own
  std::int64_t sid = -1, pgid = -1, vpgid = -1, reaper_tid = -1;
  std::string comm = "<NA>", exe = "<NA>", exepath = "<NA>";   // exe: argv[0]
  std::vector<std::string> args, env;                        // args without argv[0]
  std::string cwd = "/", root = "/";                         // cwd with a trailing "/"
  std::uint32_t uid = 0xFFFFFFFF, gid = 0xFFFFFFFF;          // effective
  std::uint32_t loginuid = 0xFFFFFFFF;
  std::uint32_t tty = 0;
  std::uint64_t cap_permitted = 0, cap_effective = 0, cap_inheritable = 0;
  core::TimePoint started;                                   // clone time
  core::TimePoint pidns_init_started;
  std::uint64_t exe_inode = 0;
  core::TimePoint exe_ctime, exe_mtime;
  bool exe_writable = false, exe_upper_layer = false, exe_lower_layer = false, exe_from_memfd = false;
  bool exited = false;
  std::string cgroup;
  std::shared_ptr<Container> container;                      // nullptr: host
  std::shared_ptr<FileTable> files;
  Process* parent = nullptr;                                 // main thread of the parent; nullptr: not in the table. Kept right by the table
  Process* main_thread = nullptr;                            // itself for a main thread
};

// User and group names of the host (and, where known, of the container's root). "" : no such id.
class Users {
 public:
  virtual ~Users() = default;
  virtual std::string user_name(const Process& of, std::uint32_t uid) = 0;
  virtual std::string user_home(const Process& of, std::uint32_t uid) = 0;
  virtual std::string user_shell(const Process& of, std::uint32_t uid) = 0;
  virtual std::string group_name(const Process& of, std::uint32_t gid) = 0;
};

}  // namespace detector

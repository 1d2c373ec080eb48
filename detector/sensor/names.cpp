// Falco's tables of flags and enums. A flag table is walked in order and each bit is named once: O_RDWR takes both access bits before
// O_WRONLY and O_RDONLY are asked. A row of value 0 fits only the number 0.
#include "detector/sensor/names.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <span>

namespace detector {
namespace {

struct Row {
  std::string_view name;
  std::uint64_t value;
};

// Falco's order and bits, not the kernel's.
constexpr auto kOpen = std::to_array<Row>({{"O_LARGEFILE", 1 << 11}, {"O_DIRECTORY", 1 << 10}, {"O_DIRECT", 1 << 9}, {"O_TRUNC", 1 << 8},
  {"O_SYNC", 1 << 7}, {"O_NONBLOCK", 1 << 6}, {"O_EXCL", 1 << 5}, {"O_DSYNC", 1 << 4}, {"O_APPEND", 1 << 3}, {"O_CREAT", 1 << 2},
  {"O_RDWR", 3}, {"O_WRONLY", 2}, {"O_RDONLY", 1}, {"O_CLOEXEC", 1 << 12}, {"O_NONE", 0}, {"O_TMPFILE", 1 << 13},
  {"O_F_CREATED", kFalcoOpenCreated}, {"FD_UPPER_LAYER", kFalcoUpperLayer}, {"FD_LOWER_LAYER", kFalcoLowerLayer}});

constexpr auto kClone = std::to_array<Row>({{"CLONE_FILES", 1 << 0}, {"CLONE_FS", 1 << 1}, {"CLONE_IO", 1 << 2}, {"CLONE_NEWIPC", 1 << 3},
  {"CLONE_NEWNET", 1 << 4}, {"CLONE_NEWNS", 1 << 5}, {"CLONE_NEWPID", 1 << 6}, {"CLONE_NEWUTS", 1 << 7}, {"CLONE_PARENT", 1 << 8},
  {"CLONE_PARENT_SETTID", 1 << 9}, {"CLONE_PTRACE", 1 << 10}, {"CLONE_SIGHAND", 1 << 11}, {"CLONE_SYSVSEM", 1 << 12},
  {"CLONE_THREAD", 1 << 13}, {"CLONE_UNTRACED", 1 << 14}, {"CLONE_VM", 1 << 15}, {"CLONE_INVERTED", 1 << 16}, {"NAME_CHANGED", 1 << 17},
  {"CLOSED", 1 << 18}, {"CLONE_NEWUSER", 1 << 19}, {"CLONE_CHILD_CLEARTID", 1 << 20}, {"CLONE_CHILD_SETTID", 1 << 21},
  {"CLONE_SETTLS", 1 << 22}, {"CLONE_STOPPED", 1 << 23}, {"CLONE_VFORK", 1 << 24}, {"CLONE_NEWCGROUP", 1 << 25},
  {"CHILD_IN_PIDNS", 1 << 26}});
struct BitPair {
  std::uint64_t kernel, falco;
};
constexpr auto kCloneBits = std::to_array<BitPair>({{CLONE_FILES, 1 << 0}, {CLONE_FS, 1 << 1}, {CLONE_IO, 1 << 2}, {CLONE_NEWIPC, 1 << 3},
  {CLONE_NEWNET, 1 << 4}, {CLONE_NEWNS, 1 << 5}, {CLONE_NEWPID, 1 << 6}, {CLONE_NEWUTS, 1 << 7}, {CLONE_PARENT, 1 << 8},
  {CLONE_PARENT_SETTID, 1 << 9}, {CLONE_PTRACE, 1 << 10}, {CLONE_SIGHAND, 1 << 11}, {CLONE_SYSVSEM, 1 << 12}, {CLONE_THREAD, 1 << 13},
  {CLONE_UNTRACED, 1 << 14}, {CLONE_VM, 1 << 15}, {CLONE_NEWUSER, 1 << 19}, {CLONE_CHILD_CLEARTID, 1 << 20},
  {CLONE_CHILD_SETTID, 1 << 21}, {CLONE_SETTLS, 1 << 22}, {CLONE_VFORK, 1 << 24}, {CLONE_NEWCGROUP, 1 << 25}});

constexpr auto kMode = std::to_array<Row>({{"S_IXOTH", S_IXOTH}, {"S_IWOTH", S_IWOTH}, {"S_IROTH", S_IROTH}, {"S_IXGRP", S_IXGRP},
  {"S_IWGRP", S_IWGRP}, {"S_IRGRP", S_IRGRP}, {"S_IXUSR", S_IXUSR}, {"S_IWUSR", S_IWUSR}, {"S_IRUSR", S_IRUSR}, {"S_ISVTX", S_ISVTX},
  {"S_ISGID", S_ISGID}, {"S_ISUID", S_ISUID}});
constexpr auto kUnlink = std::to_array<Row>({{"AT_REMOVEDIR", AT_REMOVEDIR}});
constexpr auto kLink = std::to_array<Row>({{"AT_SYMLINK_FOLLOW", AT_SYMLINK_FOLLOW}, {"AT_EMPTY_PATH", 0x1000}});
constexpr auto kRename = std::to_array<Row>({{"RENAME_NOREPLACE", 1}, {"RENAME_EXCHANGE", 2}, {"RENAME_WHITEOUT", 4}});
constexpr auto kDup = std::to_array<Row>({{"O_CLOEXEC", O_CLOEXEC}});
constexpr auto kMount = std::to_array<Row>({{"RDONLY", 1}, {"NOSUID", 2}, {"NODEV", 4}, {"NOEXEC", 8}, {"SYNCHRONOUS", 16}, {"REMOUNT", 32},
  {"MANDLOCK", 64}, {"DIRSYNC", 128}, {"NOATIME", 1024}, {"NODIRATIME", 2048}, {"BIND", 4096}, {"MOVE", 8192}, {"REC", 16384},
  {"SILENT", 32768}, {"POSIXACL", 1 << 16}, {"UNBINDABLE", 1 << 17}, {"PRIVATE", 1 << 18}, {"SLAVE", 1 << 19}, {"SHARED", 1 << 20},
  {"RELATIME", 1 << 21}, {"KERNMOUNT", 1 << 22}, {"I_VERSION", 1 << 23}, {"STRICTATIME", 1 << 24}, {"LAZYTIME", 1 << 25}});
constexpr auto kUmount = std::to_array<Row>({{"FORCE", 1}, {"DETACH", 2}, {"EXPIRE", 4}, {"NOFOLLOW", 8}});
constexpr auto kMemfd = std::to_array<Row>({{"MFD_CLOEXEC", 1}, {"MFD_ALLOW_SEALING", 2}, {"MFD_HUGETLB", 4}});
constexpr auto kAccept = std::to_array<Row>({{"SOCK_CLOEXEC", SOCK_CLOEXEC}, {"SOCK_NONBLOCK", SOCK_NONBLOCK}});
constexpr auto kUserfault = std::to_array<Row>({{"O_CLOEXEC", O_CLOEXEC}, {"O_NONBLOCK", O_NONBLOCK}});
constexpr auto kFinit = std::to_array<Row>({{"MODULE_INIT_IGNORE_MODVERSIONS", 1}, {"MODULE_INIT_IGNORE_VERMAGIC", 2},
  {"MODULE_INIT_COMPRESSED_FILE", 4}});
constexpr auto kExec = std::to_array<Row>({{"EXE_WRITABLE", 1}, {"EXE_UPPER_LAYER", 2}, {"EXE_FROM_MEMFD", 4}, {"EXE_LOWER_LAYER", 8}});
constexpr auto kResolve = std::to_array<Row>({{"RESOLVE_BENEATH", 8}, {"RESOLVE_IN_ROOT", 16}, {"RESOLVE_NO_MAGICLINKS", 2},
  {"RESOLVE_NO_SYMLINKS", 4}, {"RESOLVE_NO_XDEV", 1}, {"RESOLVE_CACHED", 32}});
constexpr auto kFchmod = std::to_array<Row>({{"AT_SYMLINK_NOFOLLOW", AT_SYMLINK_NOFOLLOW}, {"AT_EMPTY_PATH", 0x1000}});

constexpr auto kFamilies = std::to_array<Row>({{"AF_NFC", 39}, {"AF_ALG", 38}, {"AF_CAIF", 37}, {"AF_IEEE802154", 36}, {"AF_PHONET", 35},
  {"AF_ISDN", 34}, {"AF_RXRPC", 33}, {"AF_IUCV", 32}, {"AF_BLUETOOTH", 31}, {"AF_TIPC", 30}, {"AF_CAN", 29}, {"AF_LLC", 26},
  {"AF_WANPIPE", 25}, {"AF_PPPOX", 24}, {"AF_IRDA", 23}, {"AF_SNA", 22}, {"AF_RDS", 21}, {"AF_ATMSVC", 20}, {"AF_ECONET", 19},
  {"AF_ASH", 18}, {"AF_PACKET", 17}, {"AF_ROUTE", 16}, {"AF_NETLINK", 16}, {"AF_KEY", 15}, {"AF_SECURITY", 14}, {"AF_NETBEUI", 13},
  {"AF_DECnet", 12}, {"AF_ROSE", 11}, {"AF_INET6", 10}, {"AF_X25", 9}, {"AF_ATMPVC", 8}, {"AF_BRIDGE", 7}, {"AF_NETROM", 6},
  {"AF_APPLETALK", 5}, {"AF_IPX", 4}, {"AF_AX25", 3}, {"AF_INET", 2}, {"AF_LOCAL", 1}, {"AF_UNIX", 1}, {"AF_UNSPEC", 0}, {"AF_VSOCK", 40},
  {"AF_KCM", 41}, {"AF_QIPCRTR", 42}, {"AF_SMC", 43}, {"AF_XDP", 44}, {"AF_MCTP", 45}});
constexpr auto kPtrace = std::to_array<Row>({{"PTRACE_TRACEME", 0}, {"PTRACE_PEEKTEXT", 1}, {"PTRACE_PEEKDATA", 2}, {"PTRACE_PEEKUSR", 3},
  {"PTRACE_POKETEXT", 4}, {"PTRACE_POKEDATA", 5}, {"PTRACE_POKEUSR", 6}, {"PTRACE_CONT", 7}, {"PTRACE_KILL", 8}, {"PTRACE_SINGLESTEP", 9},
  {"PTRACE_GETREGS", 12}, {"PTRACE_SETREGS", 13}, {"PTRACE_GETFPREGS", 14}, {"PTRACE_SETFPREGS", 15}, {"PTRACE_ATTACH", 16},
  {"PTRACE_DETACH", 17}, {"PTRACE_GETFPXREGS", 18}, {"PTRACE_SETFPXREGS", 19}, {"PTRACE_OLDSETOPTIONS", 21}, {"PTRACE_SYSCALL", 24},
  {"PTRACE_GET_THREAD_AREA", 25}, {"PTRACE_SET_THREAD_AREA", 26}, {"PTRACE_ARCH_PRCTL", 30}, {"PTRACE_SYSEMU", 31},
  {"PTRACE_SYSEMU_SINGLESTEP", 32}, {"PTRACE_SINGLEBLOCK", 33}, {"PTRACE_SETOPTIONS", 0x4200}, {"PTRACE_GETEVENTMSG", 0x4201},
  {"PTRACE_GETSIGINFO", 0x4202}, {"PTRACE_SETSIGINFO", 0x4203}, {"PTRACE_GETREGSET", 0x4204}, {"PTRACE_SETREGSET", 0x4205},
  {"PTRACE_SEIZE", 0x4206}, {"PTRACE_INTERRUPT", 0x4207}, {"PTRACE_LISTEN", 0x4208}, {"PTRACE_PEEKSIGINFO", 0x4209},
  {"PTRACE_GETSIGMASK", 0x420a}, {"PTRACE_SETSIGMASK", 0x420b}});
constexpr auto kBpf = std::to_array<Row>({{"BPF_MAP_CREATE", 0}, {"BPF_MAP_LOOKUP_ELEM", 1}, {"BPF_MAP_UPDATE_ELEM", 2},
  {"BPF_MAP_DELETE_ELEM", 3}, {"BPF_MAP_GET_NEXT_KEY", 4}, {"BPF_PROG_LOAD", 5}, {"BPF_OBJ_PIN", 6}, {"BPF_OBJ_GET", 7},
  {"BPF_PROG_ATTACH", 8}, {"BPF_PROG_DETACH", 9}, {"BPF_PROG_TEST_RUN", 10}, {"BPF_PROG_RUN", 10}, {"BPF_PROG_GET_NEXT_ID", 11},
  {"BPF_MAP_GET_NEXT_ID", 12}, {"BPF_PROG_GET_FD_BY_ID", 13}, {"BPF_MAP_GET_FD_BY_ID", 14}, {"BPF_OBJ_GET_INFO_BY_FD", 15},
  {"BPF_PROG_QUERY", 16}, {"BPF_RAW_TRACEPOINT_OPEN", 17}, {"BPF_BTF_LOAD", 18}, {"BPF_BTF_GET_FD_BY_ID", 19}, {"BPF_TASK_FD_QUERY", 20},
  {"BPF_MAP_LOOKUP_AND_DELETE_ELEM", 21}, {"BPF_MAP_FREEZE", 22}, {"BPF_BTF_GET_NEXT_ID", 23}, {"BPF_MAP_LOOKUP_BATCH", 24},
  {"BPF_MAP_LOOKUP_AND_DELETE_BATCH", 25}, {"BPF_MAP_UPDATE_BATCH", 26}, {"BPF_MAP_DELETE_BATCH", 27}, {"BPF_LINK_CREATE", 28},
  {"BPF_LINK_UPDATE", 29}, {"BPF_LINK_GET_FD_BY_ID", 30}, {"BPF_LINK_GET_NEXT_ID", 31}, {"BPF_ENABLE_STATS", 32}, {"BPF_ITER_CREATE", 33},
  {"BPF_LINK_DETACH", 34}, {"BPF_PROG_BIND_MAP", 35}});
constexpr auto kFcntl = std::to_array<Row>({{"F_DUPFD", 0}, {"F_GETFD", 1}, {"F_SETFD", 2}, {"F_GETFL", 3}, {"F_SETFL", 4}, {"F_GETLK", 5},
  {"F_SETLK", 6}, {"F_SETLKW", 7}, {"F_SETOWN", 8}, {"F_GETOWN", 9}, {"F_SETSIG", 10}, {"F_GETSIG", 11}, {"F_SETOWN_EX", 15},
  {"F_GETOWN_EX", 16}, {"F_OFD_GETLK", 36}, {"F_OFD_SETLK", 37}, {"F_OFD_SETLKW", 38}, {"F_SETLEASE", 1024}, {"F_GETLEASE", 1025},
  {"F_CANCELLK", 1029}, {"F_DUPFD_CLOEXEC", 1030}, {"F_NOTIFY", 1026}, {"F_SETPIPE_SZ", 1031}, {"F_GETPIPE_SZ", 1032},
  {"F_ADD_SEALS", 1033}, {"F_GET_SEALS", 1034}});

struct Table {
  std::span<const Row> rows;
  bool flags;
};

Table table_of(Names names) {
  switch (names) {
    case Names::None: break;
    case Names::OpenFlags: return {kOpen, true};
    case Names::CloneFlags: return {kClone, true};
    case Names::SocketFamily: return {kFamilies, false};
    case Names::PtraceRequest: return {kPtrace, false};
    case Names::BpfCommand: return {kBpf, false};
    case Names::UnlinkFlags: return {kUnlink, true};
    case Names::LinkFlags: return {kLink, true};
    case Names::RenameFlags: return {kRename, true};
    case Names::DupFlags: return {kDup, true};
    case Names::MountFlags: return {kMount, true};
    case Names::UmountFlags: return {kUmount, true};
    case Names::MemfdFlags: return {kMemfd, true};
    case Names::AcceptFlags: return {kAccept, true};
    case Names::UserfaultFlags: return {kUserfault, true};
    case Names::FinitFlags: return {kFinit, true};
    case Names::ExecFlags: return {kExec, true};
    case Names::FcntlCommand: return {kFcntl, false};
    case Names::ResolveFlags: return {kResolve, true};
    case Names::FchmodFlags: return {kFchmod, true};
    case Names::Mode: return {kMode, true};
  }
  return {{}, true};
}

std::uint64_t open_bits(std::uint64_t kernel) {
  std::uint64_t bits = 0;
  switch (kernel & O_ACCMODE) {
    case O_RDONLY: bits = 1; break;
    case O_WRONLY: bits = 2; break;
    case O_RDWR: bits = 3; break;
  }
  if (kernel & O_CREAT) bits |= 1 << 2;
  if ((kernel & O_TMPFILE) == O_TMPFILE) bits |= 1 << 13;
  if (kernel & O_APPEND) bits |= 1 << 3;
  if (kernel & O_DSYNC) bits |= 1 << 4;
  if (kernel & O_EXCL) bits |= 1 << 5;
  if (kernel & O_NONBLOCK) bits |= 1 << 6;
  if ((kernel & O_SYNC) == O_SYNC) bits |= 1 << 7;
  if (kernel & O_TRUNC) bits |= 1 << 8;
  if (kernel & O_DIRECT) bits |= 1 << 9;
  if (kernel & O_DIRECTORY) bits |= 1 << 10;
  if (kernel & 0100000) bits |= 1 << 11;
  if (kernel & O_CLOEXEC) bits |= 1 << 12;
  return bits;
}

}  // namespace

std::uint64_t to_falco_bits(Names names, std::uint64_t kernel) {
  if (names == Names::OpenFlags) return open_bits(kernel);
  if (names != Names::CloneFlags) return kernel;
  std::uint64_t bits = 0;
  for (const BitPair& pair : kCloneBits) {
    if (kernel & pair.kernel) bits |= pair.falco;
  }
  return bits;
}

void append_names(std::string& text, Names names, std::uint64_t falco) {
  const Table table = table_of(names);
  const std::size_t start = text.size();
  std::uint64_t left = falco;
  for (const Row& row : table.rows) {
    const bool fits = table.flags && row.value != 0 ? (left & row.value) == row.value : falco == row.value;
    if (!fits) continue;
    if (text.size() > start) text += '|';
    text += row.name;
    if (table.flags) left &= ~row.value;
  }
}

}  // namespace detector

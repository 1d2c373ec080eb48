// proc.*, thread.*, user.*, group.*: the process an event belongs to. Everything was already written into it before rules see the event.
#include "detector/event/field_rows.h"

#include <array>
#include <charconv>

namespace detector {
namespace {

constexpr std::uint32_t kNobody = 0xFFFFFFFF;

void append_joined(std::string& to, const std::vector<std::string>& pieces) {
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (i > 0) to += ' ';
    to += pieces[i];
  }
}

// "a b c" of the list, the n-th of it, or (environment) the value of a name.
Value read_list(const std::vector<std::string>& pieces, std::string_view argument, std::string& scratch) {
  if (argument.empty()) {
    scratch.clear();
    append_joined(scratch, pieces);
    return std::string_view{scratch};
  }
  std::size_t index = 0;
  const auto parsed = std::from_chars(argument.data(), argument.data() + argument.size(), index);
  if (parsed.ec != std::errc{} || parsed.ptr != argument.data() + argument.size() || index >= pieces.size()) return Missing{};
  return std::string_view{pieces[index]};
}

Value read_environment(const Process& process, std::string_view argument, std::string& scratch) {
  if (argument.empty()) return read_list(process.env, argument, scratch);
  for (const std::string& entry : process.env) {
    if (entry.size() > argument.size() && entry[argument.size()] == '=' && entry.compare(0, argument.size(), argument) == 0) {
      return std::string_view{entry}.substr(argument.size() + 1);
    }
  }
  return Missing{};
}

Value command_line(const Process& process, std::string_view first, std::string& scratch) {
  scratch.assign(first);
  if (!process.args.empty()) scratch += ' ';
  append_joined(scratch, process.args);
  return std::string_view{scratch};
}

// The highest ancestor that still has the same id: leaders of sessions and groups, found without a lookup by pid.
template <std::int64_t Process::* Id>
const Process* leader(const Process& process) {
  if (process.*Id < 0) return nullptr;
  const Process* found = &process;
  for (int depth = 0; depth < 64 && found->parent && found->parent->*Id == process.*Id; ++depth) found = found->parent;
  return found;
}

std::uint64_t count(core::TimePoint time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); }
Value time_or_missing(core::TimePoint time) { return count(time) == 0 ? Value{Missing{}} : Value{count(time)}; }
Value since(core::TimePoint now, core::TimePoint then) {
  if (count(then) == 0 || now < then) return Missing{};
  return count(now) - count(then);
}

constexpr auto kCapabilities = std::to_array<std::string_view>({
  "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
  "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK",
  "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN",
  "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
  "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND",
  "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE"});

Value capabilities(std::uint64_t set, std::string& scratch) {
  scratch.clear();
  for (std::size_t i = 0; i < kCapabilities.size(); ++i) {
    if ((set >> i & 1) == 0) continue;
    if (!scratch.empty()) scratch += ' ';
    scratch += kCapabilities[i];
  }
  return std::string_view{scratch};
}

Value named(const std::string& name, std::string& scratch) {
  if (name.empty()) return std::string_view{"<NA>"};
  scratch = name;          // not moved: the scratch keeps its memory
  return std::string_view{scratch};
}

std::int64_t signed_login(std::uint32_t loginuid) { return loginuid == kNobody ? -1 : std::int64_t{loginuid}; }

template <class Read>
Value of_leader(const Process* found, Read read) {
  return found == nullptr ? Value{Missing{}} : read(*found);
}

#define READ(expression) [](std::string_view argument, const Event& event, FieldContext& context) -> Value { \
    const Process& p = *event.process; (void)argument; (void)context; (void)p; return expression; }
#define OF(which, expression) READ(of_leader(which, [&](const Process& l) -> Value { (void)context; return expression; }))

constexpr auto kNo = FieldArgument::None;
constexpr auto kMay = FieldArgument::Optional;
constexpr auto kNeeds = FieldArgument::Required;
constexpr std::string_view kSys = "syscall";

const FieldRow kRows[] = {
  {{"proc.name", FieldType::Text, kNo, false, false, false, kSys, "the program's name (comm), at most 15 characters"}, READ(std::string_view{p.comm})},
  {{"proc.exe", FieldType::Text, kNo, false, false, false, kSys, "argv[0]"}, READ(std::string_view{p.exe})},
  {{"proc.exepath", FieldType::Text, kNo, false, false, false, kSys, "the executable's path"}, READ(std::string_view{p.exepath})},
  {{"proc.args", FieldType::Text, kMay, false, false, false, kSys, "argv without argv[0]"}, READ(read_list(p.args, argument, context.scratch))},
  {{"proc.cmdline", FieldType::Text, kNo, false, false, false, kSys, "name and arguments"}, READ(command_line(p, p.comm, context.scratch))},
  {{"proc.exeline", FieldType::Text, kNo, false, false, false, kSys, "argv[0] and arguments"}, READ(command_line(p, p.exe, context.scratch))},
  {{"proc.env", FieldType::Text, kMay, false, false, false, kSys, "the environment, or one variable"}, READ(read_environment(p, argument, context.scratch))},
  {{"proc.cwd", FieldType::Text, kNo, false, false, false, kSys, "working directory, ending in /"}, READ(std::string_view{p.cwd})},
  {{"proc.cmdnargs", FieldType::Uint, kNo, false, false, false, kSys, "how many arguments"}, READ(std::uint64_t{p.args.size()})},
  {{"proc.cmdlenargs", FieldType::Uint, kNo, false, false, false, kSys, "how long they are"}, [](std::string_view, const Event& event, FieldContext&) -> Value {
     std::uint64_t length = 0;
     for (const std::string& piece : event.process->args) length += piece.size();
     return length;
   }},
  {{"proc.pname", FieldType::Text, kNo, false, false, false, kSys, "the parent's name"}, OF(p.parent, std::string_view{l.comm})},
  {{"proc.pexe", FieldType::Text, kNo, false, false, false, kSys, "the parent's argv[0]"}, OF(p.parent, std::string_view{l.exe})},
  {{"proc.pexepath", FieldType::Text, kNo, false, false, false, kSys, "the parent's executable"}, OF(p.parent, std::string_view{l.exepath})},
  {{"proc.pcmdline", FieldType::Text, kNo, false, false, false, kSys, "the parent's command line"}, OF(p.parent, command_line(l, l.comm, context.scratch))},
  {{"proc.pid", FieldType::Int, kNo, false, false, false, kSys, "process id"}, READ(p.pid)},
  {{"proc.ppid", FieldType::Int, kNo, false, false, false, kSys, "the parent's id"}, OF(p.parent, l.pid)},
  {{"proc.vpid", FieldType::Int, kNo, false, false, false, kSys, "process id in its namespace"}, READ(p.vpid)},
  {{"proc.pvpid", FieldType::Int, kNo, false, false, false, kSys, "the parent's id in its namespace"}, OF(p.parent, l.vpid)},
  {{"proc.tty", FieldType::Uint, kNo, false, false, false, kSys, "controlling terminal, 0: none", 32}, READ(std::uint64_t{p.tty})},
  {{"proc.loginshellid", FieldType::Int, kNo, false, false, false, kSys, "the oldest shell above it"}, read_nothing},
  {{"proc.sid", FieldType::Int, kNo, false, false, false, kSys, "session id"}, READ(p.sid)},
  {{"proc.sname", FieldType::Text, kNo, false, false, false, kSys, "the session leader's name"}, OF(leader<&Process::sid>(p), std::string_view{l.comm})},
  {{"proc.sid.exe", FieldType::Text, kNo, false, false, false, kSys, "its argv[0]"}, OF(leader<&Process::sid>(p), std::string_view{l.exe})},
  {{"proc.sid.exepath", FieldType::Text, kNo, false, false, false, kSys, "its executable"}, OF(leader<&Process::sid>(p), std::string_view{l.exepath})},
  {{"proc.vpgid", FieldType::Int, kNo, false, false, false, kSys, "process group in its namespace"}, READ(p.vpgid)},
  {{"proc.vpgid.name", FieldType::Text, kNo, false, false, false, kSys, "the group leader's name"}, OF(leader<&Process::vpgid>(p), std::string_view{l.comm})},
  {{"proc.vpgid.exe", FieldType::Text, kNo, false, false, false, kSys, "its argv[0]"}, OF(leader<&Process::vpgid>(p), std::string_view{l.exe})},
  {{"proc.vpgid.exepath", FieldType::Text, kNo, false, false, false, kSys, "its executable"}, OF(leader<&Process::vpgid>(p), std::string_view{l.exepath})},
  {{"proc.pgid", FieldType::Int, kNo, false, false, false, kSys, "process group"}, READ(p.pgid)},
  {{"proc.pgid.name", FieldType::Text, kNo, false, false, false, kSys, "the group leader's name"}, OF(leader<&Process::pgid>(p), std::string_view{l.comm})},
  {{"proc.pgid.exe", FieldType::Text, kNo, false, false, false, kSys, "its argv[0]"}, OF(leader<&Process::pgid>(p), std::string_view{l.exe})},
  {{"proc.pgid.exepath", FieldType::Text, kNo, false, false, false, kSys, "its executable"}, OF(leader<&Process::pgid>(p), std::string_view{l.exepath})},
  {{"proc.duration", FieldType::RelTime, kNo, false, false, false, kSys, "ns since the process began"}, READ(since(event.time, p.started))},
  {{"proc.ppid.duration", FieldType::RelTime, kNo, false, false, false, kSys, "ns since the parent began"}, OF(p.parent, since(event.time, l.started))},
  {{"proc.pid.ts", FieldType::RelTime, kNo, false, false, false, kSys, "when the process began"}, READ(time_or_missing(p.started))},
  {{"proc.ppid.ts", FieldType::RelTime, kNo, false, false, false, kSys, "when the parent began"}, OF(p.parent, time_or_missing(l.started))},
  {{"proc.is_exe_writable", FieldType::Bool, kNo, false, false, false, kSys, "its user may write the executable"}, READ(p.exe_writable)},
  {{"proc.is_exe_upper_layer", FieldType::Bool, kNo, false, false, false, kSys, "the executable is in overlayfs' upper layer"}, READ(p.exe_upper_layer)},
  {{"proc.is_exe_lower_layer", FieldType::Bool, kNo, false, false, false, kSys, "… in the lower layer"}, READ(p.exe_lower_layer)},
  {{"proc.is_exe_from_memfd", FieldType::Bool, kNo, false, false, false, kSys, "the executable is a memfd"}, READ(p.exe_from_memfd)},
  {{"proc.is_sid_leader", FieldType::Bool, kNo, false, false, false, kSys, "leads its session"}, READ(p.sid == p.vpid)},
  {{"proc.is_vpgid_leader", FieldType::Bool, kNo, false, false, false, kSys, "leads its group"}, READ(p.vpgid == p.vpid)},
  {{"proc.is_pgid_leader", FieldType::Bool, kNo, false, false, false, kSys, "leads its group"}, READ(p.pgid == p.pid)},
  {{"proc.exe_ino", FieldType::Int, kNo, false, false, false, kSys, "the executable's inode"}, READ(static_cast<std::int64_t>(p.exe_inode))},
  {{"proc.exe_ino.ctime", FieldType::AbsTime, kNo, false, false, false, kSys, "its ctime, ns"}, READ(time_or_missing(p.exe_ctime))},
  {{"proc.exe_ino.mtime", FieldType::AbsTime, kNo, false, false, false, kSys, "its mtime, ns"}, READ(time_or_missing(p.exe_mtime))},
  {{"proc.exe_ino.ctime_duration_proc_start", FieldType::AbsTime, kNo, false, false, false, kSys, "start − ctime, ns"}, READ(since(p.started, p.exe_ctime))},
  {{"proc.exe_ino.ctime_duration_pidns_start", FieldType::AbsTime, kNo, false, false, false, kSys, "namespace start − ctime, ns"}, READ(since(p.exe_ctime, p.pidns_init_started))},
  {{"proc.pidns_init_start_ts", FieldType::Uint, kNo, false, false, false, kSys, "when its pid namespace began"}, READ(time_or_missing(p.pidns_init_started))},
  {{"proc.fdopencount", FieldType::Uint, kNo, false, false, false, kSys, "open files"}, READ(std::uint64_t{p.files ? p.files->entries.size() : 0})},
  {{"proc.fdlimit", FieldType::Int, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"proc.fdusage", FieldType::Double, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"proc.vmsize", FieldType::Uint, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"proc.vmrss", FieldType::Uint, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"proc.vmswap", FieldType::Uint, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"proc.nthreads", FieldType::Uint, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"proc.nchilds", FieldType::Uint, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"thread.tid", FieldType::Int, kNo, false, false, false, kSys, "thread id"}, READ(p.tid)},
  {{"thread.vtid", FieldType::Int, kNo, false, false, false, kSys, "thread id in its namespace"}, READ(p.vtid)},
  {{"thread.ismain", FieldType::Bool, kNo, false, false, false, kSys, "the main thread"}, READ(p.tid == p.pid)},
  {{"thread.nametid", FieldType::Text, kNo, false, false, false, kSys, "name and thread id"}, READ((context.scratch.assign(p.comm).append(std::to_string(p.tid)), Value{std::string_view{context.scratch}}))},
  {{"thread.cap_permitted", FieldType::Text, kNo, false, false, false, kSys, "permitted capabilities"}, READ(capabilities(p.cap_permitted, context.scratch))},
  {{"thread.cap_inheritable", FieldType::Text, kNo, false, false, false, kSys, "inheritable capabilities"}, READ(capabilities(p.cap_inheritable, context.scratch))},
  {{"thread.cap_effective", FieldType::Text, kNo, false, false, false, kSys, "effective capabilities"}, READ(capabilities(p.cap_effective, context.scratch))},
  {{"thread.cgroups", FieldType::Text, kNo, false, false, false, kSys, "its control groups"}, READ(std::string_view{p.cgroup})},
  {{"thread.cgroup", FieldType::Text, kNeeds, false, false, false, kSys, "its control group in one hierarchy"}, READ(std::string_view{p.cgroup})},
  {{"thread.pfmajor", FieldType::Uint, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"thread.pfminor", FieldType::Uint, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"thread.exectime", FieldType::RelTime, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"thread.totexectime", FieldType::RelTime, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"thread.cpu", FieldType::Double, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"thread.cpu.user", FieldType::Double, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"thread.cpu.system", FieldType::Double, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"thread.vmsize", FieldType::Uint, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"thread.vmrss", FieldType::Uint, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"thread.vmsize.b", FieldType::Uint, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"thread.vmrss.b", FieldType::Uint, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"user.uid", FieldType::Uint, kNo, false, false, false, kSys, "effective user id", 32}, READ(std::uint64_t{p.uid})},
  {{"user.name", FieldType::Text, kNo, false, false, false, kSys, "its name, <NA> unknown"}, READ(named(context.users ? context.users->user_name(p, p.uid) : "", context.scratch))},
  {{"user.homedir", FieldType::Text, kNo, false, false, false, kSys, "home directory"}, READ(named(context.users ? context.users->user_home(p, p.uid) : "", context.scratch))},
  {{"user.shell", FieldType::Text, kNo, false, false, false, kSys, "login shell"}, READ(named(context.users ? context.users->user_shell(p, p.uid) : "", context.scratch))},
  {{"user.loginuid", FieldType::Int, kNo, false, false, false, kSys, "who logged in, -1: nobody"}, READ(signed_login(p.loginuid))},
  {{"user.loginname", FieldType::Text, kNo, false, false, false, kSys, "their name"}, READ(named(context.users && p.loginuid != kNobody ? context.users->user_name(p, p.loginuid) : "", context.scratch))},
  {{"group.gid", FieldType::Uint, kNo, false, false, false, kSys, "group id", 32}, READ(std::uint64_t{p.gid})},
  {{"group.name", FieldType::Text, kNo, false, false, false, kSys, "its name"}, READ(named(context.users ? context.users->group_name(p, p.gid) : "", context.scratch))},
};

#undef OF

// The n-th ancestor: 0 is the process itself. Chains of hostile length end at 1000.
const Process* ancestor(const Process& process, std::string_view argument) {
  int n = -1;
  const auto parsed = std::from_chars(argument.data(), argument.data() + argument.size(), n);
  if (parsed.ec != std::errc{} || n < 0 || n > 1000) return nullptr;
  const Process* found = &process;
  while (n > 0 && found != nullptr) {
    found = found->parent;
    --n;
  }
  return found;
}

template <ProcessReader Read>
Value nth(std::string_view argument, const Event& event, FieldContext& context) {
  const Process* found = ancestor(*event.process, argument);
  return found == nullptr ? Value{Missing{}} : Read(*found, context);
}

Value name_of(const Process& p, FieldContext&) { return std::string_view{p.comm}; }
Value exe_of(const Process& p, FieldContext&) { return std::string_view{p.exe}; }
Value exepath_of(const Process& p, FieldContext&) { return std::string_view{p.exepath}; }
Value cmdline_of(const Process& p, FieldContext& context) { return command_line(p, p.comm, context.scratch); }
Value args_of(const Process& p, FieldContext& context) { return read_list(p.args, {}, context.scratch); }
Value env_of(const Process& p, FieldContext& context) { return read_environment(p, {}, context.scratch); }
Value pid_of(const Process& p, FieldContext&) { return p.pid; }

Value nth_env(std::string_view argument, const Event& event, FieldContext& context) {
  if (ancestor(*event.process, argument) != nullptr) return nth<env_of>(argument, event, context);
  for (const Process* p = event.process->parent; p != nullptr && !argument.empty(); p = p->parent) {
    Value value = read_environment(*p, argument, context.scratch);
    if (!std::holds_alternative<Missing>(value)) return value;
  }
  return Missing{};
}

const FieldRow kAncestorRows[] = {
  {{"proc.aname", FieldType::Text, kMay, false, false, false, kSys, "an ancestor's name", 64, true}, nth<name_of>, name_of},
  {{"proc.aexe", FieldType::Text, kMay, false, false, false, kSys, "an ancestor's argv[0]", 64, true}, nth<exe_of>, exe_of},
  {{"proc.aexepath", FieldType::Text, kMay, false, false, false, kSys, "an ancestor's executable", 64, true}, nth<exepath_of>, exepath_of},
  {{"proc.acmdline", FieldType::Text, kMay, false, false, false, kSys, "an ancestor's command line", 64, true}, nth<cmdline_of>, cmdline_of},
  {{"proc.aargs", FieldType::Text, kMay, false, false, false, kSys, "an ancestor's arguments", 64, true}, nth<args_of>, args_of},
  {{"proc.aenv", FieldType::Text, kMay, false, false, false, kSys, "an ancestor's environment", 64, true}, nth_env, env_of},
  {{"proc.apid", FieldType::Int, kMay, false, false, false, kSys, "an ancestor's id", 64, true}, nth<pid_of>, pid_of},
};

#undef READ

}  // namespace

std::span<const FieldRow> process_field_rows() { return kRows; }
std::span<const FieldRow> ancestor_field_rows() { return kAncestorRows; }

}  // namespace detector

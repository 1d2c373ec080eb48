// The names of event parameters that any of Falco's events has: a rule that asks for another is refused when it is loaded.
#include "detector/event/field_rows.h"

#include <algorithm>
#include <array>

namespace detector {
namespace {

constexpr auto kText = std::to_array<std::string_view>({
  "name", "path", "exe", "args", "cwd", "comm", "env", "cgroups", "filename", "trusted_exepath", "tuple", "addr", "target", "linkpath",
  "oldpath", "newpath", "uargs", "data", "msgcontrol", "special", "dir", "newcurrent", "source", "dest", "fds", "fsname", "key", "value",
  "json", "plugin_id", "event_data", "scope", "tags", "arg2_str", "description", "image", "uri", "quota_file", "domain_name", "pathname",
  "filehandle_data", "argument_text", "put_old", "new_root", "dqb_path", "fs_type", "addrs", "buf", "tracer", "hostname"});

constexpr auto kNumbers = std::to_array<std::string_view>({
  "res", "fd", "flags", "mode", "dev", "ino", "dirfd", "resolve", "creat_flags", "mountfd", "tid", "pid", "ptid", "fdlimit", "pgft_maj",
  "pgft_min", "vm_size", "vm_rss", "vm_swap", "tty", "vpgid", "loginuid", "cap_inheritable", "cap_permitted", "cap_effective", "exe_ino",
  "exe_ino_ctime", "exe_ino_mtime", "uid", "pgid", "gid", "vtid", "vpid", "pidns_init_start_ts", "queuepct", "queuelen", "queuemax",
  "backlog", "domain", "type", "proto", "size", "linkdirfd", "olddir", "newdir", "olddirfd", "newdirfd", "oldfd", "newfd", "request", "img",
  "length", "nstype", "cmd", "status", "ret", "sig", "core", "reaper_tid", "initval", "level", "optname", "val", "optlen", "fd1", "fd2",
  "offset", "pos", "whence", "nativeID", "ID", "cpu", "resource", "cur", "max", "oldcur", "oldmax", "newcur", "newmax", "id", "who", "nice",
  "nfds", "timeout", "sigmask", "clockid", "interval", "ruid", "euid", "suid", "rgid", "egid", "sgid", "option", "arg2_int", "how",
  "entries", "sq_entries", "cq_entries", "to_submit", "min_complete", "opcode", "arg", "nr_args", "features", "sq_thread_cpu",
  "sq_thread_idle", "prot", "pgoff", "quota_fmt", "quota_fmt_out", "dqb_bhardlimit", "dqb_bsoftlimit", "dqb_curspace", "dqb_ihardlimit",
  "dqb_isoftlimit", "dqb_btime", "dqb_itime", "dqi_bgrace", "dqi_igrace", "dqi_flags", "op", "next", "ratio", "spid", "dpid", "pidfd",
  "target_fd", "nsid", "operation", "sleeptime", "error", "ip", "code", "mask", "owner", "group", "euid_out", "advice", "behavior",
  "start", "end", "old_addr", "new_addr", "vlen", "iovcnt", "in_offset", "out_offset", "in_fd", "out_fd", "fd_in", "fd_out", "shmid", "semid",
  "semflg", "nsops", "sem_num_0", "sem_op_0", "sem_flg_0", "sem_num_1", "sem_op_1", "sem_flg_1", "semnum", "nsems", "count", "policy",
  "parent_pid", "event_type", "maxevents", "events", "epfd", "ro", "rw", "first", "last", "sec", "nsec", "rounding"});

}  // namespace

std::optional<KnownParam> find_param_name(std::string_view name) {
  if (std::find(kText.begin(), kText.end(), name) != kText.end()) {
    return KnownParam{name, name == "data" ? FieldType::Bytes : FieldType::Text};
  }
  if (std::find(kNumbers.begin(), kNumbers.end(), name) != kNumbers.end()) return KnownParam{name, FieldType::Int};
  return std::nullopt;
}

std::string_view longest_param_name(std::string_view text) {
  std::string_view best;
  const auto consider = [&](std::string_view name) {
    if (name.size() > best.size() && text.substr(0, name.size()) == name) best = text.substr(0, name.size());
  };
  std::for_each(kText.begin(), kText.end(), consider);
  std::for_each(kNumbers.begin(), kNumbers.end(), consider);
  return best;
}

}  // namespace detector

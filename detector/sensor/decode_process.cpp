// What records say about processes: forks, execs, exits, and calls that change who a process is or where it stands.
#include <sys/stat.h>

#include "detector/sensor/calls_rows.h"
#include "detector/sensor/decoder.h"

namespace detector {
namespace {

constexpr std::uint64_t kCapDacOverride = 1ull << 1;

constexpr ParamRow kExecRows[] = {
    rows::own("res", ParamKind::Errno), rows::own("exe", ParamKind::Text), rows::own("args", ParamKind::Text),
    rows::own("tid", ParamKind::Number), rows::own("pid", ParamKind::Number), rows::own("ptid", ParamKind::Number),
    rows::own("cwd", ParamKind::Text), rows::own("comm", ParamKind::Text), rows::own("cgroups", ParamKind::Text),
    rows::own("env", ParamKind::Text), rows::own("tty", ParamKind::Number), rows::own("vpgid", ParamKind::Number),
    rows::own("loginuid", ParamKind::Number), {"flags", ParamKind::Flags, From::Process, 0, 0, Names::ExecFlags},
    rows::own("cap_inheritable", ParamKind::Number), rows::own("cap_permitted", ParamKind::Number),
    rows::own("cap_effective", ParamKind::Number), rows::own("exe_ino", ParamKind::Number), rows::own("exe_ino_ctime", ParamKind::Number),
    rows::own("exe_ino_mtime", ParamKind::Number), rows::own("uid", ParamKind::Uid), rows::own("trusted_exepath", ParamKind::Text),
    rows::own("pgid", ParamKind::Number), rows::own("gid", ParamKind::Gid), rows::own("filename", ParamKind::Text)};

void split_strings(std::string_view bytes, std::vector<std::string>& words) {
  std::size_t used = 0;
  while (!bytes.empty()) {
    const std::string_view word = until_nul(bytes);
    bytes.remove_prefix(std::min(word.size() + 1, bytes.size()));
    if (used < words.size()) words[used] = word;
    else words.emplace_back(word);
    ++used;
  }
  words.resize(used);
}

bool may_write(const Process& process, const wire_exe& exe) {
  if (process.cap_effective & kCapDacOverride) return true;
  if (exe.uid == process.uid) return (exe.mode & S_IWUSR) != 0;
  if (exe.gid == process.gid) return (exe.mode & S_IWGRP) != 0;
  return (exe.mode & S_IWOTH) != 0;
}

core::TimePoint file_time(std::int64_t seconds, std::uint32_t nanoseconds) {
  return core::TimePoint{std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanoseconds)};
}

}  // namespace

// The thread a record is about. One that the table lacks was started before us, or its fork was lost: /proc may still know it.
Process* Decoder::process_of_header() {
  const std::int64_t tid = record_.header.tid, pid = record_.header.pid;
  Process* process = table_.find(tid);
  if (process != nullptr && process->pid == pid) return process;
  if (record_.header.kind != WIRE_EXIT) {
    look_up_(table_, tid);
    process = table_.find(tid);
    if (process != nullptr && process->pid == pid) return process;
    ++counts_.unknown_process;    // an exit needs no count: nobody will ask about this one again
  }
  process = table_.add(tid, pid);
  // "x" of a process whose folder nobody told must not look like "/x".
  if (process != nullptr) process->cwd = process->main_thread == process ? "/<UNKNOWN>/" : process->main_thread->cwd;
  if (process != nullptr && process->uid == 0xFFFFFFFF) process->uid = record_.header.uid;
  return process;
}

void Decoder::decode_exec(Event& event) {
  event.type = exec_type_;
  event.result = 0;
  Process& p = *process_;
  table_.begin_exec(p);
  if (const auto task = record_.get<wire_task>(BLOB_TASK)) {
    p.comm = until_nul({task->comm, sizeof task->comm});
    p.vtid = task->vtid;
    p.vpid = task->vpid;
    p.sid = task->sid;
    p.pgid = task->pgid;
    p.vpgid = task->vpgid;
    p.tty = task->tty;
    p.loginuid = task->loginuid;
    p.started = time_of(task->started);
    p.pidns_init_started = time_of(task->pidns_init_started);
    if (p.parent == nullptr || p.parent_tid != task->parent_pid) {
      if (task->parent_pid != 0 && table_.find(task->parent_pid) == nullptr) look_up_(table_, task->parent_pid);
      table_.set_parent(p, task->parent_pid);
    }
  }
  if (const Blob* cgroup = record_.find(BLOB_CGROUP)) {
    p.cgroup.clear();
    append_path(p.cgroup, cgroup->bytes);
    p.container = containers_.of(p.cgroup);
  }
  apply_credentials(p);
  if (const auto exe = record_.get<wire_exe>(BLOB_EXE_FILE)) {
    p.exe_inode = exe->inode;
    p.exe_ctime = file_time(exe->ctime_sec, exe->ctime_nsec);
    p.exe_mtime = file_time(exe->mtime_sec, exe->mtime_nsec);
    p.exe_from_memfd = exe->memfd != 0;
    p.exe_upper_layer = exe->layer == LAYER_UPPER;
    p.exe_lower_layer = exe->layer == LAYER_LOWER;
    p.exe_writable = may_write(p, *exe);
  }
  if (const Blob* path = record_.find(BLOB_EXE)) {
    p.exepath.clear();
    if (p.exe_from_memfd) p.exepath = until_nul(path->bytes);
    else append_path(p.exepath, path->bytes);
  }
  if (const Blob* path = record_.find(BLOB_CWD)) {
    p.cwd.clear();
    append_path(p.cwd, path->bytes);
    if (p.cwd.back() != '/') p.cwd += '/';
  }
  if (const Blob* argv = record_.find(BLOB_ARGV)) {
    std::string_view bytes = argv->bytes;
    p.exe = until_nul(bytes);
    bytes.remove_prefix(std::min(p.exe.size() + 1, bytes.size()));
    split_strings(bytes, p.args);
  }
  if (const Blob* env = record_.find(BLOB_ENV)) split_strings(env->bytes, p.env);
  for (const ParamRow& row : kExecRows) add_param(event, row);
}

void Decoder::decode_fork() {
  const auto forked = record_.get<wire_fork>(BLOB_FORK);
  if (!forked) return;
  Fork fork;
  fork.child_tid = forked->child_tid;
  fork.child_pid = forked->child_pid;
  fork.child_vtid = forked->child_vtid;
  fork.child_vpid = forked->child_vpid;
  fork.shares_files = (forked->flags & FORK_SHARES_FILES) != 0;
  fork.parent_is_callers = forked->parent_pid != record_.header.pid;
  fork.time = time_of(forked->started);
  Process* child = table_.fork(*process_, fork);
  if (child == nullptr) return;
  if (fork.child_pid == process_->pid) return;
  if (const Blob* cgroup = record_.find(BLOB_CGROUP)) {
    child->cgroup.clear();
    append_path(child->cgroup, cgroup->bytes);
    child->container = containers_.of(child->cgroup);
  }
  if (child->vpid == 1) child->pidns_init_started = child->started;
}

void Decoder::decode_exit(Event& event) {
  event.type = exit_type_;
  event.has_result = false;
  event.result = 0;
  const auto exit = record_.get<wire_exit>(BLOB_EXIT);
  if (!exit) return;
  const std::uint32_t code = exit->code;
  event.add_param("status", ParamKind::Number).number = code;
  event.add_param("ret", ParamKind::Number).number = (code >> 8) & 0xff;
  event.add_param("sig", ParamKind::Number).number = code & 0x7f;
  event.add_param("core", ParamKind::Number).number = (code >> 7) & 1;
  event.add_param("reaper_tid", ParamKind::Number).number = exit->reaper_tid;
  table_.exit(*process_, exit->whole_process != 0, exit->reaper_tid);
}

void Decoder::apply_credentials(Process& process) {
  const auto now = record_.get<wire_credentials>(BLOB_CREDENTIALS);
  if (!now) return;
  process.uid = now->euid;
  process.gid = now->egid;
  process.cap_inheritable = now->inheritable;
  process.cap_permitted = now->permitted;
  process.cap_effective = now->effective;
}

void Decoder::change_process(const CallRow& row) {
  switch (row.effect) {
    case Effect::Chdir:
    case Effect::Credentials:
    case Effect::Chroot:
    case Effect::NewSession:
    case Effect::SetGroup: break;
    case Effect::None:
    case Effect::Open:
    case Effect::Duplicate:
    case Effect::Fcntl:
    case Effect::Socket:
    case Effect::Connect:
    case Effect::Bind:
    case Effect::Accept:
    case Effect::Send:
    case Effect::Listen: return;
  }
  apply_credentials(*process_);
  Process& main = *process_->main_thread;
  if (const Blob* path = record_.find(BLOB_CWD)) {
    // The kernel's own path of it, not Falco's lexical join: after `cd` through a symlink, "open shadow" is what it really is.
    process_->cwd.clear();
    append_path(process_->cwd, path->bytes);
    if (process_->cwd.back() != '/') process_->cwd += '/';
    main.cwd = process_->cwd;
  }
  if (const Blob* path = record_.find(BLOB_ROOT)) {
    process_->root.clear();
    append_path(process_->root, path->bytes);
    main.root = process_->root;
  }
  if (row.effect == Effect::NewSession) {
    main.sid = main.pgid = main.pid;
    main.vpgid = main.vpid;
    main.tty = 0;
  }
  if (row.effect == Effect::SetGroup) {
    // Arguments are ids of the caller's namespace: only "myself" (0) and ids of the first namespace are followed here; exec tells again.
    const auto whom = static_cast<std::int32_t>(record_.header.args[0]);
    const auto group = static_cast<std::int32_t>(record_.header.args[1]);
    Process* target = whom == 0 ? &main : main.pid == main.vpid ? table_.find(whom) : nullptr;
    if (target != nullptr) {
      target->pgid = group == 0 || group == target->vpid ? target->pid : group;
      target->vpgid = group == 0 ? target->vpid : group;
    }
  }
}

}  // namespace detector

// Calls about processes: their making, identity, rights and namespaces. A successful exec is no row here: it has its own record.
#include "detector/sensor/calls_rows.h"

#include <array>

namespace detector {
namespace {

using namespace rows;

// What every call that makes a process tells of it; clone and clone3 have their flags in between.
constexpr std::array kMakerBegin = {ParamRow{"res", ParamKind::Number, From::Result}, own("exe", ParamKind::Text), own("args", ParamKind::Text),
                                    own("tid", ParamKind::Number), own("pid", ParamKind::Number), own("ptid", ParamKind::Number),
                                    own("cwd", ParamKind::Text), own("comm", ParamKind::Text)};
constexpr std::array kMakerEnd = {own("uid", ParamKind::Uid), own("gid", ParamKind::Gid), own("vtid", ParamKind::Number),
                                  own("vpid", ParamKind::Number)};

template <std::size_t... Sizes>
constexpr auto joined(const std::array<ParamRow, Sizes>&... parts) {
  std::array<ParamRow, (Sizes + ...)> all{};
  std::size_t used = 0;
  const auto append = [&](const auto& part) {
    for (const ParamRow& row : part) all[used++] = row;
  };
  (append(parts), ...);
  return all;
}

constexpr auto kClone = joined(kMakerBegin, std::array{flags("flags", 0, Names::CloneFlags)}, kMakerEnd);
constexpr auto kClone3 = joined(kMakerBegin, std::array{ParamRow{"flags", ParamKind::Flags, From::Clone3Flags, 0, 0, Names::CloneFlags}}, kMakerEnd);
constexpr auto kFork = joined(kMakerBegin, kMakerEnd);
constexpr ParamRow kExecve[] = {res, own("exe", ParamKind::Text), own("comm", ParamKind::Text), path("filename", 0)};
constexpr ParamRow kExecveat[] = {res, own("exe", ParamKind::Text), own("comm", ParamKind::Text), fd("dirfd", 0), path_at("filename", 1, 0)};
constexpr ParamRow kChdir[] = {res, text("path", 0)};
constexpr ParamRow kFchdir[] = {res, fd("fd", 0)};
constexpr ParamRow kChroot[] = {res, path("path", 0)};
constexpr ParamRow kSetuid[] = {res, uid("uid", 0)};
constexpr ParamRow kSetgid[] = {res, gid("gid", 0)};
constexpr ParamRow kSetreuid[] = {res, uid("ruid", 0), uid("euid", 1)};
constexpr ParamRow kSetregid[] = {res, gid("rgid", 0), gid("egid", 1)};
constexpr ParamRow kSetresuid[] = {res, uid("ruid", 0), uid("euid", 1), uid("suid", 2)};
constexpr ParamRow kSetresgid[] = {res, gid("rgid", 0), gid("egid", 1), gid("sgid", 2)};
constexpr ParamRow kRes[] = {res};
constexpr ParamRow kSetpgid[] = {res, number("pid", 0), number("pgid", 1)};
constexpr ParamRow kPtrace[] = {res, number("addr", 2), number("data", 3), named("request", 0, Names::PtraceRequest), number("pid", 1)};
constexpr ParamRow kSetns[] = {res, fd("fd", 0), flags("nstype", 1, Names::CloneFlags)};
constexpr ParamRow kUnshare[] = {res, flags("flags", 0, Names::CloneFlags)};
constexpr ParamRow kBpf[] = {new_fd, named("cmd", 0, Names::BpfCommand)};
constexpr ParamRow kInitModule[] = {res, number("img", 0), number("length", 1), text("uargs", 2)};
constexpr ParamRow kDeleteModule[] = {res, text("name", 0), number("flags", 1)};
constexpr ParamRow kUserfaultfd[] = {res, flags("flags", 0, Names::UserfaultFlags)};
constexpr ParamRow kKill[] = {res, number("pid", 0), number("sig", 1)};
constexpr ParamRow kTgkill[] = {res, number("pid", 0), number("tid", 1), number("sig", 2)};

constexpr wire_shape changes(int state) { return takes_fd(FD_NONE, state); }

constexpr CallRow kRows[] = {
    {"clone", kClone},
    {"clone3", kClone3, EventFd::Use::None, Effect::None, Keeps::Nothing, {{TAKE_BYTES8}, 0, 0}},
    {"fork", kFork},
    {"vfork", kFork},
    {"execve", kExecve, EventFd::Use::None, Effect::None, Keeps::Nothing, {{0, TAKE_ARGV}, 0, 0}},
    {"execveat", kExecveat, EventFd::Use::None, Effect::None, Keeps::Nothing, {{0, 0, TAKE_ARGV}, 0, 0}},
    {"chdir", kChdir, EventFd::Use::None, Effect::Chdir, Keeps::Always, changes(STATE_CWD)},
    {"fchdir", kFchdir, EventFd::Use::Uses, Effect::Chdir, Keeps::Always, takes_fd(FD_ARG + 0, STATE_CWD)},
    {"chroot", kChroot, EventFd::Use::None, Effect::Chroot, Keeps::Always, changes(STATE_ROOT)},
    {"setuid", kSetuid, EventFd::Use::None, Effect::Credentials, Keeps::Always, changes(STATE_CREDENTIALS)},
    {"setgid", kSetgid, EventFd::Use::None, Effect::Credentials, Keeps::Always, changes(STATE_CREDENTIALS)},
    {"setreuid", kSetreuid, EventFd::Use::None, Effect::Credentials, Keeps::Always, changes(STATE_CREDENTIALS)},
    {"setregid", kSetregid, EventFd::Use::None, Effect::Credentials, Keeps::Always, changes(STATE_CREDENTIALS)},
    {"setresuid", kSetresuid, EventFd::Use::None, Effect::Credentials, Keeps::Always, changes(STATE_CREDENTIALS)},
    {"setresgid", kSetresgid, EventFd::Use::None, Effect::Credentials, Keeps::Always, changes(STATE_CREDENTIALS)},
    {"capset", kRes, EventFd::Use::None, Effect::Credentials, Keeps::Always, changes(STATE_CREDENTIALS)},
    {"setsid", kRes, EventFd::Use::None, Effect::NewSession, Keeps::Always},
    {"setpgid", kSetpgid, EventFd::Use::None, Effect::SetGroup, Keeps::Always},
    {"ptrace", kPtrace},
    {"setns", kSetns, EventFd::Use::Uses, Effect::Credentials, Keeps::Always, takes_fd(FD_ARG + 0, STATE_CREDENTIALS | STATE_CWD)},
    {"unshare", kUnshare, EventFd::Use::None, Effect::Credentials, Keeps::Always, changes(STATE_CREDENTIALS)},
    {"bpf", kBpf, EventFd::Use::None},
    {"init_module", kInitModule},
    {"delete_module", kDeleteModule},
    {"userfaultfd", kUserfaultfd, EventFd::Use::Creates},
    {"kill", kKill},
    {"tkill", kKill},
    {"tgkill", kTgkill},
};

}  // namespace

std::span<const CallRow> process_calls() { return kRows; }

}  // namespace detector

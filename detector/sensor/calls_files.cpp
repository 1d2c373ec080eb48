// Calls on files by fd and by path. Close is not among those that keep state: every record that uses an fd carries the kernel's device and
// inode of it, and an entry of the file table counts only where they agree, so that a stale one is never believed.
#include "detector/sensor/calls_rows.h"

namespace detector {
namespace {

using namespace rows;

constexpr ParamRow kOpen[] = {new_fd, path("name", 0), flags("flags", 1, Names::OpenFlags), number("mode", 2), dev, ino};
constexpr ParamRow kOpenat[] = {new_fd, fd("dirfd", 0), path_at("name", 1, 0), flags("flags", 2, Names::OpenFlags), number("mode", 3), dev, ino};
constexpr ParamRow kOpenat2[] = {new_fd,
                                 fd("dirfd", 0),
                                 path_at("name", 1, 0),
                                 {"flags", ParamKind::Flags, From::HowFlags, 2, 0, Names::OpenFlags},
                                 {"mode", ParamKind::Number, From::HowMode, 2},
                                 {"resolve", ParamKind::Flags, From::HowResolve, 2, 0, Names::ResolveFlags},
                                 dev,
                                 ino};
constexpr ParamRow kCreat[] = {new_fd, path("name", 0), number("mode", 1), dev, ino};
constexpr ParamRow kClose[] = {res, fd("fd", 0)};
constexpr ParamRow kDup[] = {{"res", ParamKind::Fd, From::Result}, fd("oldfd", 0)};
constexpr ParamRow kDup2[] = {{"res", ParamKind::Fd, From::Result}, fd("oldfd", 0), fd("newfd", 1)};
constexpr ParamRow kDup3[] = {{"res", ParamKind::Fd, From::Result}, fd("oldfd", 0), fd("newfd", 1), flags("flags", 2, Names::DupFlags)};
constexpr ParamRow kFcntl[] = {{"res", ParamKind::Fd, From::Result}, fd("fd", 0), named("cmd", 1, Names::FcntlCommand)};
constexpr ParamRow kFchmod[] = {res, fd("fd", 0), mode("mode", 1)};
constexpr ParamRow kMemfd[] = {new_fd, text("name", 0), flags("flags", 1, Names::MemfdFlags)};
constexpr ParamRow kFd[] = {res, fd("fd", 0)};
constexpr ParamRow kFdSize[] = {res, fd("fd", 0), number("size", 2)};
constexpr ParamRow kFinit[] = {res, fd("fd", 0), text("uargs", 1), flags("flags", 2, Names::FinitFlags)};

constexpr CallRow kRows[] = {
    {"open", kOpen, EventFd::Use::Creates, Effect::Open, Keeps::Files, takes_fd(FD_RESULT)},
    {"openat", kOpenat, EventFd::Use::Creates, Effect::Open, Keeps::Files, takes_fd(FD_RESULT)},
    {"openat2", kOpenat2, EventFd::Use::Creates, Effect::Open, Keeps::Files, takes_fd(FD_RESULT)},
    {"creat", kCreat, EventFd::Use::Creates, Effect::Open, Keeps::Files, takes_fd(FD_RESULT)},
    {"close", kClose, EventFd::Use::Uses, Effect::None, Keeps::Nothing, {}},
    {"dup", kDup, EventFd::Use::Creates, Effect::Duplicate, Keeps::Files, takes_fd(FD_RESULT)},
    {"dup2", kDup2, EventFd::Use::Creates, Effect::Duplicate, Keeps::Files, takes_fd(FD_RESULT)},
    {"dup3", kDup3, EventFd::Use::Creates, Effect::Duplicate, Keeps::Files, takes_fd(FD_RESULT)},
    {"fcntl", kFcntl, EventFd::Use::Uses, Effect::Fcntl, Keeps::Nothing, takes_fd(FD_ARG + 0)},
    {"fchmod", kFchmod, EventFd::Use::Uses, Effect::None, Keeps::Nothing, takes_fd(FD_ARG + 0)},
    {"fchown", kFd, EventFd::Use::Uses, Effect::None, Keeps::Nothing, takes_fd(FD_ARG + 0)},
    {"ftruncate", kFd, EventFd::Use::Uses, Effect::None, Keeps::Nothing, takes_fd(FD_ARG + 0)},
    {"read", kFdSize, EventFd::Use::Uses, Effect::None, Keeps::Nothing, takes_fd(FD_ARG + 0)},
    {"write", kFdSize, EventFd::Use::Uses, Effect::None, Keeps::Nothing, takes_fd(FD_ARG + 0)},
    {"memfd_create", kMemfd, EventFd::Use::Creates, Effect::Open, Keeps::Nothing, takes_fd(FD_RESULT)},
    {"finit_module", kFinit, EventFd::Use::Uses, Effect::None, Keeps::Nothing, takes_fd(FD_ARG + 0)},
};

}  // namespace

std::span<const CallRow> file_calls() { return kRows; }

}  // namespace detector

// Calls that change the file system by name.
#include "detector/sensor/calls_rows.h"

namespace detector {
namespace {

using namespace rows;

constexpr ParamRow kSymlink[] = {res, text("target", 0), path("linkpath", 1)};
constexpr ParamRow kSymlinkat[] = {res, text("target", 0), fd("linkdirfd", 1), path_at("linkpath", 2, 1)};
constexpr ParamRow kLink[] = {res, path("oldpath", 0), path("newpath", 1)};
constexpr ParamRow kLinkat[] = {res, fd("olddir", 0), path_at("oldpath", 1, 0), fd("newdir", 2), path_at("newpath", 3, 2), flags("flags", 4, Names::LinkFlags)};
constexpr ParamRow kRename[] = {res, path("oldpath", 0), path("newpath", 1)};
constexpr ParamRow kRenameat[] = {res, fd("olddirfd", 0), path_at("oldpath", 1, 0), fd("newdirfd", 2), path_at("newpath", 3, 2)};
constexpr ParamRow kRenameat2[] = {res, fd("olddirfd", 0), path_at("oldpath", 1, 0), fd("newdirfd", 2), path_at("newpath", 3, 2),
                                   flags("flags", 4, Names::RenameFlags)};
constexpr ParamRow kPath[] = {res, path("path", 0)};
constexpr ParamRow kUnlinkat[] = {res, fd("dirfd", 0), path_at("name", 1, 0), flags("flags", 2, Names::UnlinkFlags)};
constexpr ParamRow kMkdir[] = {res, path("path", 0), number("mode", 1)};
constexpr ParamRow kMkdirat[] = {res, fd("dirfd", 0), path_at("path", 1, 0), number("mode", 2)};
constexpr ParamRow kChmod[] = {res, path("filename", 0), mode("mode", 1)};
constexpr ParamRow kFchmodat[] = {res, fd("dirfd", 0), path_at("filename", 1, 0), mode("mode", 2)};
constexpr ParamRow kFchmodat2[] = {res, fd("dirfd", 0), path_at("filename", 1, 0), mode("mode", 2), flags("flags", 3, Names::FchmodFlags)};
constexpr ParamRow kChown[] = {res, path("path", 0), uid("uid", 1), gid("gid", 2)};
constexpr ParamRow kFchownat[] = {res, fd("dirfd", 0), path_at("pathname", 1, 0), uid("uid", 2), gid("gid", 3)};
constexpr ParamRow kMount[] = {res, text("dev", 0), path("dir", 1), text("type", 2), flags("flags", 3, Names::MountFlags)};
constexpr ParamRow kUmount[] = {res, path("name", 0), flags("flags", 1, Names::UmountFlags)};
constexpr ParamRow kMknod[] = {res, path("path", 0), mode("mode", 1), number("dev", 2)};
constexpr ParamRow kMknodat[] = {res, fd("dirfd", 0), path_at("path", 1, 0), mode("mode", 2), number("dev", 3)};

constexpr CallRow kRows[] = {
    {"symlink", kSymlink},     {"symlinkat", kSymlinkat}, {"link", kLink},         {"linkat", kLinkat},       {"rename", kRename},
    {"renameat", kRenameat},   {"renameat2", kRenameat2}, {"unlink", kPath},       {"unlinkat", kUnlinkat},   {"rmdir", kPath},
    {"mkdir", kMkdir},         {"mkdirat", kMkdirat},     {"chmod", kChmod},       {"fchmodat", kFchmodat},   {"fchmodat2", kFchmodat2},
    {"chown", kChown},         {"lchown", kChown},        {"fchownat", kFchownat}, {"mount", kMount},         {"umount2", kUmount},
    {"mknod", kMknod},         {"mknodat", kMknodat},     {"truncate", kPath},
};

}  // namespace

std::span<const CallRow> path_calls() { return kRows; }

}  // namespace detector

// Asking /proc about a process that another thread may be changing: answers are only believed together with device and inode.
#pragma once

#include <cstdint>
#include <string>

namespace detector {

enum class Roots { Ours, Another };   // whose root a process lived in, for when it has ended

// Whether `path`, looked up inside the root of `pid` now, is the file (device as stat(2) gives it, inode). False also when it cannot be told.
bool is_file_at(std::int64_t pid, Roots roots, const std::string& path, std::uint64_t device, std::uint64_t inode);

// The kernel's path of an open fd, if that fd is still this file. "" otherwise.
std::string path_of_fd(std::int64_t pid, std::int64_t fd, std::uint64_t device, std::uint64_t inode);

}  // namespace detector

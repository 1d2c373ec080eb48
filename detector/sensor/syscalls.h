// Which system call a number is, on this architecture and for its 32-bit programs.
#pragma once

#include <span>
#include <string_view>

namespace detector {

std::span<const std::string_view> syscall_names();          // by number; "" for none
std::span<const std::string_view> compat_syscall_names();   // int 0x80

}  // namespace detector

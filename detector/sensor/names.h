// Numbers of system calls as Falco writes them: flags joined by "|" in its own order, enums by name, errno names (falco.md 4.3).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace detector {

// Which table a number is read with.
enum class Names : std::uint8_t {
  None, OpenFlags, CloneFlags, SocketFamily, PtraceRequest, BpfCommand, UnlinkFlags, LinkFlags, RenameFlags, DupFlags, MountFlags, UmountFlags,
  MemfdFlags, AcceptFlags, UserfaultFlags, FinitFlags, ExecFlags, FcntlCommand, ResolveFlags, FchmodFlags, Mode
};

// Falco's own bits (PPM) for a number as the kernel has it; where Falco keeps the kernel's, the number itself.
std::uint64_t to_falco_bits(Names names, std::uint64_t kernel);
// The names of a number that to_falco_bits() gave, into `text`; unknown bits have no name. "" where nothing fits.
void append_names(std::string& text, Names names, std::uint64_t falco);

std::string_view errno_name(std::int64_t error);   // 2 → "ENOENT"; "" unknown

inline constexpr std::uint64_t kFalcoOpenCreated = 1 << 14, kFalcoUpperLayer = 1 << 15, kFalcoLowerLayer = 1 << 16;

}  // namespace detector

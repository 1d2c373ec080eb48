// CRC-32C (Castagnoli), the checksum with an instruction of its own on x86 and the one iSCSI, ext4 and leveldb use.
#pragma once

#include <cstdint>
#include <string_view>

namespace hub {

// Of `bytes`, after `before`: crc32c(b, crc32c(a)) is that of a and b together. crc32c("123456789") is 0xe3069283.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

// The same without the processor's instruction; for machines that lack it, and for the test that compares them.
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before = 0);

}  // namespace hub

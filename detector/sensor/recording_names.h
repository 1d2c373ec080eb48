// The words of the recording format for our enumerations, and addresses as text; one table for reading and writing.
#pragma once

#include "detector/event/event.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace detector {

using ParamKindName = std::pair<ParamKind, std::string_view>;
inline constexpr std::array<ParamKindName, 13> kParamKinds{{
  {ParamKind::Number, "number"}, {ParamKind::Errno, "errno"}, {ParamKind::Fd, "fd"}, {ParamKind::Uid, "uid"}, {ParamKind::Gid, "gid"},
  {ParamKind::Flags, "flags"}, {ParamKind::Enum, "enum"}, {ParamKind::Mode, "mode"}, {ParamKind::Text, "text"}, {ParamKind::Path, "path"},
  {ParamKind::RelPath, "relpath"}, {ParamKind::Tuple, "tuple"}, {ParamKind::Bytes, "bytes"},
}};

using FileKindName = std::pair<FileKind, std::string_view>;
inline constexpr std::array<FileKindName, 18> kFileKinds{{
  {FileKind::Unknown, "unknown"}, {FileKind::File, "file"}, {FileKind::Directory, "directory"}, {FileKind::Ipv4, "ipv4"}, {FileKind::Ipv6, "ipv6"},
  {FileKind::Unix, "unix"}, {FileKind::Pipe, "pipe"}, {FileKind::Event, "event"}, {FileKind::Signal, "signal"}, {FileKind::EventPoll, "eventpoll"},
  {FileKind::Inotify, "inotify"}, {FileKind::Timer, "timer"}, {FileKind::Netlink, "netlink"}, {FileKind::Bpf, "bpf"}, {FileKind::IoUring, "io_uring"},
  {FileKind::Memfd, "memfd"}, {FileKind::Pidfd, "pidfd"}, {FileKind::Unsupported, "unsupported"},
}};

template <class Table>
auto find_by_name(const Table& table, std::string_view name) -> std::optional<typename Table::value_type::first_type> {
  for (const auto& [value, text] : table) {
    if (text == name) return value;
  }
  return std::nullopt;
}

template <class Table, class Value>
std::string_view name_of(const Table& table, Value value) {
  for (const auto& [each, text] : table) {
    if (each == value) return text;
  }
  return {};
}

// "10.0.0.1:443", "[::1]:443"
std::string endpoint_text(const IpAddress& ip, std::uint16_t port);
bool parse_endpoint(std::string_view text, IpAddress& ip, std::uint16_t& port);

}  // namespace detector

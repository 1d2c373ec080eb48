// Short forms for the rows of calls_*.cpp.
#pragma once

#include "detector/sensor/calls.h"

namespace detector::rows {

inline constexpr ParamRow res{"res", ParamKind::Errno, From::Result};
inline constexpr ParamRow new_fd{"fd", ParamKind::Fd, From::Result};
inline constexpr ParamRow dev{"dev", ParamKind::Number, From::Device};
inline constexpr ParamRow ino{"ino", ParamKind::Number, From::Inode};
inline constexpr ParamRow tuple{"tuple", ParamKind::Tuple, From::Tuple};

constexpr ParamRow fd(std::string_view name, std::uint8_t argument) { return {name, ParamKind::Fd, From::Argument, argument}; }
constexpr ParamRow number(std::string_view name, std::uint8_t argument) { return {name, ParamKind::Number, From::Argument, argument}; }
constexpr ParamRow text(std::string_view name, std::uint8_t argument) { return {name, ParamKind::Text, From::Text, argument}; }
constexpr ParamRow path(std::string_view name, std::uint8_t argument) { return {name, ParamKind::RelPath, From::Path, argument}; }
constexpr ParamRow path_at(std::string_view name, std::uint8_t argument, std::uint8_t dirfd) {
  return {name, ParamKind::RelPath, From::PathAt, argument, dirfd};
}
constexpr ParamRow flags(std::string_view name, std::uint8_t argument, Names names) {
  return {name, ParamKind::Flags, From::Argument, argument, 0, names};
}
constexpr ParamRow named(std::string_view name, std::uint8_t argument, Names names) {
  return {name, ParamKind::Enum, From::Argument, argument, 0, names};
}
constexpr ParamRow mode(std::string_view name, std::uint8_t argument) { return {name, ParamKind::Mode, From::Argument, argument, 0, Names::Mode}; }
constexpr ParamRow uid(std::string_view name, std::uint8_t argument) { return {name, ParamKind::Uid, From::Argument, argument}; }
constexpr ParamRow gid(std::string_view name, std::uint8_t argument) { return {name, ParamKind::Gid, From::Argument, argument}; }
constexpr ParamRow address(std::string_view name, std::uint8_t argument) { return {name, ParamKind::Tuple, From::Address, argument}; }
constexpr ParamRow own(std::string_view name, ParamKind kind) { return {name, kind, From::Process}; }

constexpr wire_shape takes_fd(int which, int state = 0) {
  return {{}, static_cast<std::uint8_t>(which), static_cast<std::uint8_t>(state)};
}

}  // namespace detector::rows

// The system calls that Tocsin knows more of than name and result: one row a call, with Falco's parameters in Falco's order (falco.md 4.3),
// what the BPF program must take for them, and what the call changes. To add a call: a row in calls_*.cpp and a line in its live test.
#pragma once

#include "detector/event/event.h"
#include "detector/sensor/names.h"

#include <cstdint>
#include <span>
#include <string_view>

#include "detector/bpf/wire.h"

namespace detector {

enum class From : std::uint8_t {
  Result,      // what the call returned
  Argument,    // a register
  Text,        // a string, as given
  Path,        // a string, joined to the current folder where relative
  PathAt,      // a string, joined to the folder `dirfd`
  Tuple,       // of the fd's socket after the call
  Address,     // the sockaddr given
  Device, Inode,         // of the fd's file
  HowFlags, HowMode, HowResolve,   // openat2's struct
  Clone3Flags,
  Process      // exe, args … of the process, by the parameter's name
};

struct ParamRow {
  std::string_view name;
  ParamKind kind = ParamKind::Number;
  From from = From::Argument;
  std::uint8_t argument = 0;
  std::uint8_t dirfd = 0;
  Names names = Names::None;
};

// What a success does to the state.
enum class Effect : std::uint8_t { None, Open, Duplicate, Fcntl, Socket, Connect, Bind, Accept, Send, Listen, Chdir, Chroot, Credentials, NewSession,
                                   SetGroup };

// When the call is captured although no rule asks for it.
enum class Keeps : std::uint8_t { Nothing, Always, Files, Sockets };

struct CallRow {
  std::string_view name;
  std::span<const ParamRow> params;
  EventFd::Use use = EventFd::Use::None;
  Effect effect = Effect::None;
  Keeps keeps = Keeps::Nothing;
  wire_shape shape{};                  // fd and state; `arg` is completed from params by shape_of()
};

std::span<const CallRow> file_calls();
std::span<const CallRow> path_calls();
std::span<const CallRow> network_calls();
std::span<const CallRow> process_calls();

const CallRow* find_call(std::string_view name);   // nullptr: known by name only
wire_shape shape_of(const CallRow& row);
bool looks_at_files(const CallRow& row);           // its meaning needs names of open files or folders

}  // namespace detector

// An event: one system call as rules see it, after the process table has learned from it. Decoders (live, replay) fill it; fields read it.
// One Event object is reused for the next record: clear() keeps the memory, so that an event that matches nothing allocates nothing.
#pragma once

#include "core/clock.h"
#include "detector/event/event_type.h"
#include "detector/event/process.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace detector {

// How a parameter prints (evt.arg, evt.rawarg) and compares. falco.md 4.3.
enum class ParamKind : std::uint8_t {
  Number,    // number
  Errno,     // result of the call: number; prints "SUCCESS"-less: 0 or the errno name ("ENOENT")
  Fd,        // number, and text = what it is ("<f>/etc/passwd")
  Uid, Gid,  // number, and text = the name ("root"), "<NA>" unknown
  Flags,     // number = Falco's PPM bits, text = names joined by "|"
  Enum,      // number, and text = the name(s)
  Mode,      // number, and text = S_IXUSR|…
  Text,      // text
  Path,      // text = as the program gave it
  RelPath,   // text = joined to cwd or dirfd where it was relative; raw = as given
  Tuple,     // text = "127.0.0.1:4000->10.0.0.1:443"
  Bytes,     // text = raw bytes
};

struct Param {
  std::string_view name;     // static storage: "flags"
  ParamKind kind = ParamKind::Number;
  std::int64_t number = 0;
  std::string text;
  std::string raw;           // RelPath only
};

// fd.* of the event. Copied out of the process's table when the event is decoded (a close may follow).
struct EventFd {
  enum class Use : std::uint8_t { None, Uses, Creates };   // None: fd.* is missing altogether
  Use use = Use::None;
  std::int64_t number = -1;
  bool known = false;                    // `entry` is meaningful; otherwise name is rebuilt from the event, and the type guessed
  bool name_changed = false;
  FileEntry entry;
  std::string name_raw;                  // joined, not normalised
  std::string fallback_name;             // !known: the event's own path or tuple
};

struct Event {
  std::uint64_t number = 0;              // evt.num, from 1
  core::TimePoint time;
  EventType type{};
  int cpu = 0;
  std::int64_t result = 0;               // evt.rawres; negative: -errno
  bool has_result = true;                // procexit and the like have none
  std::vector<Param> params;             // used up to param_count, so that their strings keep their memory
  std::size_t param_count = 0;
  EventFd fd;
  Process* process = nullptr;            // never null when rules run; ancestors via process->parent
  bool rewritten = false;                // the kernel's object disagreed with the user's string (TOCTOU); object_path says what it was
  std::string object_path;

  void clear();
  Param& add_param(std::string_view param_name, ParamKind kind);
  const Param* param(std::string_view param_name) const;   // nullptr: this event has none of that name
  bool failed() const { return has_result && result < 0; }
};

}  // namespace detector

// Bytes become an Event, and the process table learns from them first (falco.md, appendix B). One thread.
#pragma once

#include "detector/event/containers.h"
#include "detector/event/event.h"
#include "detector/event/process_table.h"
#include "detector/sensor/calls.h"
#include "detector/sensor/record.h"

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace detector {

struct DecoderCounts {
  std::uint64_t malformed = 0, unknown_process = 0;
};

class Decoder {
 public:
  // Asked for what /proc knows of a thread that the table does not; it adds what it finds.
  using LookUp = std::function<void(ProcessTable&, std::int64_t tid)>;
  Decoder(ProcessTable& table, Containers& containers, Users& users, LookUp look_up);

  // What to add to the records' time since boot to make it wall time.
  void set_boot(core::TimePoint boot) { boot_ = boot; }

  // True: `event` is one that rules may see. False: it only changed the state, or is no record (counted).
  // Neither the event nor its process may be kept: the next call changes both.
  bool decode(std::string_view bytes, Event& event);

  const DecoderCounts& counts() const { return counts_; }

 private:
  // decode.cpp
  bool decode_call(Event& event);
  void add_params(Event& event, const CallRow& row);
  void add_param(Event& event, const ParamRow& row);
  void fill_names(Param& param, const ParamRow& row, std::uint64_t value);
  void add_process_param(Event& event, const ParamRow& row);
  std::string folder_of(std::uint8_t dirfd_argument);
  std::string_view text_argument(std::uint8_t argument) const;

  // decode_process.cpp
  Process* process_of_header();
  void decode_exec(Event& event);
  void decode_fork();
  void decode_exit(Event& event);
  void apply_credentials(Process& process);
  void change_process(const CallRow& row);

  // decode_files.cpp
  void change_files(Event& event, const CallRow& row);
  void open_file(Event& event);
  void use_file(Event& event, const CallRow& row, std::int64_t fd);
  void duplicate(Event& event, std::int64_t from, std::int64_t to, bool close_on_exec);
  void remember(std::int64_t fd, const FileEntry& entry);
  bool describe(const Process& process, std::int64_t fd, FileEntry& entry) const;   // from the record's witness, without its name
  FileEntry* known_file(std::int64_t fd);            // agrees with the witness, where there is one
  void check_witness(Event& event, std::string_view path);
  std::uint64_t open_flags() const;

  // decode_sockets.cpp
  void change_socket(Event& event, const CallRow& row);
  void name_socket(FileEntry& entry) const;

  core::TimePoint time_of(std::uint64_t since_boot) const { return boot_ + std::chrono::nanoseconds(since_boot); }

  ProcessTable& table_;
  Containers& containers_;
  Users& users_;
  LookUp look_up_;
  DecoderCounts counts_;
  core::TimePoint boot_;
  std::uint64_t events_ = 0;

  // Of the record in hand.
  Record record_;
  Process* process_ = nullptr;
  const CallRow* row_ = nullptr;                            // nullptr: a call known by name only, or no call
  std::vector<const CallRow*> native_rows_, compat_rows_;   // by number
  std::vector<EventType> native_types_, compat_types_;
  EventType exec_type_, exit_type_;
};

std::uint64_t to_user_device(std::uint64_t kernel_device);   // major << 20 | minor → as stat(2) gives it
char type_character(FileKind kind);                          // fd.typechar
// "1.2.3.4:5->6.7.8.9:10" of a sockaddr alone: "6.7.8.9:10", or a unix path. "" when it is no address.
std::string address_text(std::string_view sockaddr);

}  // namespace detector

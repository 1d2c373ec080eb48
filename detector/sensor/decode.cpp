// From a record to an Event: which process, which type, and each parameter as its row says.
#include "detector/sensor/decoder.h"

#include <fcntl.h>

#include "core/invariant.h"
#include "detector/event/process_path.h"
#include "detector/sensor/syscalls.h"

namespace detector {
namespace {

void fill_tables(std::span<const std::string_view> names, std::vector<const CallRow*>& rows, std::vector<EventType>& types) {
  rows.assign(names.size(), nullptr);
  types.assign(names.size(), EventType{});
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) continue;
    rows[i] = find_call(names[i]);
    types[i] = find_event_type(names[i]).value_or(EventType{});
  }
}

void append_joined(std::string& text, const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += ' ';
    text += words[i];
  }
}

}  // namespace

Decoder::Decoder(ProcessTable& table, Containers& containers, Users& users, LookUp look_up)
    : table_(table), containers_(containers), users_(users), look_up_(std::move(look_up)), exec_type_(event_type("execve")),
      exit_type_(event_type("procexit")) {
  fill_tables(syscall_names(), native_rows_, native_types_);
  fill_tables(compat_syscall_names(), compat_rows_, compat_types_);
}

bool Decoder::decode(std::string_view bytes, Event& event) {
  table_.collect();
  event.clear();
  if (!parse_record(bytes, record_)) {
    ++counts_.malformed;
    return false;
  }
  event.time = time_of(record_.header.time);
  event.cpu = record_.header.cpu;
  event.result = record_.header.result;
  process_ = process_of_header();
  if (process_ == nullptr) return false;
  bool shown = false;
  row_ = nullptr;
  switch (record_.header.kind) {
    case WIRE_CALL: shown = decode_call(event); break;
    case WIRE_EXEC:
      decode_exec(event);
      shown = true;
      break;
    case WIRE_FORK: decode_fork(); break;
    case WIRE_EXIT:
      decode_exit(event);
      shown = true;
      break;
    default: ++counts_.malformed; break;
  }
  if (!shown) return false;
  event.number = ++events_;
  event.process = process_;
  return true;
}

bool Decoder::decode_call(Event& event) {
  const bool compat = (record_.header.flags & WIRE_COMPAT) != 0;
  const auto& rows = compat ? compat_rows_ : native_rows_;
  const auto& types = compat ? compat_types_ : native_types_;
  const std::size_t number = record_.header.call;
  if (number >= rows.size()) return false;
  event.type = types[number];
  const CallRow* row = row_ = rows[number];
  if (row == nullptr) {
    Param& result = event.add_param("res", ParamKind::Errno);
    result.number = event.result;
    fill_names(result, {"res", ParamKind::Errno}, static_cast<std::uint64_t>(event.result));
    return true;
  }
  if (event.result >= 0) change_process(*row);
  event.fd.use = row->use;
  change_files(event, *row);
  add_params(event, *row);
  return true;
}

void Decoder::add_params(Event& event, const CallRow& row) {
  for (const ParamRow& param : row.params) add_param(event, param);
}

void Decoder::add_param(Event& event, const ParamRow& row) {
  if (row.from == From::Process) {
    add_process_param(event, row);
    return;
  }
  Param& param = event.add_param(row.name, row.kind);
  const auto& args = record_.header.args;
  switch (row.from) {
    case From::Result: fill_names(param, row, static_cast<std::uint64_t>(event.result)); break;
    case From::Argument: {
      std::uint64_t value = args[row.argument];
      const bool narrow = row.kind == ParamKind::Fd || row.kind == ParamKind::Uid || row.kind == ParamKind::Gid || row.name == "pid";
      if (narrow) value = static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(value)));
      fill_names(param, row, value);
      break;
    }
    case From::Text: param.text = text_argument(row.argument); break;
    case From::Path:
    case From::PathAt: {
      const std::string_view given = text_argument(row.argument);
      param.raw = given;
      if (given.empty() || given.front() == '/') {
        param.text = given;
      } else {
        param.text = join_path(row.from == From::Path ? process_->cwd : folder_of(row.dirfd), given);
      }
      break;
    }
    case From::Tuple: param.text = event.fd.known ? event.fd.entry.name : event.fd.fallback_name; break;
    case From::Address:
      if (const Blob* blob = record_.find(BLOB_ADDRESS)) param.text = address_text(blob->bytes);
      break;
    case From::Device:
      if (const auto file = record_.get<wire_file>(BLOB_FILE)) param.number = static_cast<std::int64_t>(to_user_device(file->device));
      break;
    case From::Inode:
      if (const auto file = record_.get<wire_file>(BLOB_FILE)) param.number = static_cast<std::int64_t>(file->inode);
      break;
    case From::HowFlags:
    case From::HowMode:
    case From::HowResolve: {
      std::uint64_t how[3] = {};
      const Blob* blob = record_.find(BLOB_BYTES);
      if (blob != nullptr && blob->bytes.size() == sizeof how) std::memcpy(how, blob->bytes.data(), sizeof how);
      fill_names(param, row, how[row.from == From::HowFlags ? 0 : row.from == From::HowMode ? 1 : 2]);
      break;
    }
    case From::Clone3Flags: {
      std::uint64_t flags = 0;
      const Blob* blob = record_.find(BLOB_BYTES);
      if (blob != nullptr && blob->bytes.size() == sizeof flags) std::memcpy(&flags, blob->bytes.data(), sizeof flags);
      fill_names(param, row, flags);
      break;
    }
    case From::Process: break;
  }
}

void Decoder::fill_names(Param& param, const ParamRow& row, std::uint64_t value) {
  param.number = static_cast<std::int64_t>(value);
  switch (row.kind) {
    case ParamKind::Errno:
      if (param.number < 0) param.text = errno_name(-param.number);
      break;
    case ParamKind::Fd: {
      if (param.number < 0) {
        if (row.from == From::Result) param.text = errno_name(-param.number);
        else if (param.number == AT_FDCWD) param.text = "AT_FDCWD";
        break;
      }
      const auto at = process_->files->entries.find(static_cast<std::int32_t>(param.number));
      if (at != process_->files->entries.end()) {
        param.text += '<';
        param.text += type_character(at->second.kind);
        param.text += '>';
        param.text += at->second.name;
      }
      break;
    }
    case ParamKind::Uid:
    case ParamKind::Gid:
      if (param.number == -1) {
        param.text = "<NONE>";
      } else {
        const auto id = static_cast<std::uint32_t>(value);
        param.text = row.kind == ParamKind::Uid ? users_.user_name(*process_, id) : users_.group_name(*process_, id);
        if (param.text.empty()) param.text = "<NA>";
      }
      break;
    case ParamKind::Flags:
    case ParamKind::Enum:
    case ParamKind::Mode: {
      std::uint64_t bits = to_falco_bits(row.names, value);
      if (row.names == Names::OpenFlags) {
        if (const auto file = record_.get<wire_file>(BLOB_FILE)) {
          constexpr std::uint32_t kFmodeCreated = 0x100000;
          if (file->mode & kFmodeCreated) bits |= kFalcoOpenCreated;
          if (file->layer == LAYER_UPPER) bits |= kFalcoUpperLayer;
          if (file->layer == LAYER_LOWER) bits |= kFalcoLowerLayer;
        }
      }
      param.number = static_cast<std::int64_t>(bits);
      append_names(param.text, row.names, bits);
      break;
    }
    case ParamKind::Number:
    case ParamKind::Text:
    case ParamKind::Path:
    case ParamKind::RelPath:
    case ParamKind::Tuple:
    case ParamKind::Bytes: break;
  }
}

void Decoder::add_process_param(Event& event, const ParamRow& row) {
  Param& param = event.add_param(row.name, row.kind);
  const Process& p = *process_;
  if (row.name == "exe") param.text = p.exe;
  else if (row.name == "args") append_joined(param.text, p.args);
  else if (row.name == "env") append_joined(param.text, p.env);
  else if (row.name == "comm") param.text = p.comm;
  else if (row.name == "cgroups") param.text = p.cgroup;
  else if (row.name == "cwd") param.text = p.cwd;
  else if (row.name == "trusted_exepath") param.text = p.exepath;
  else if (row.name == "tid") param.number = p.tid;
  else if (row.name == "pid") param.number = p.pid;
  else if (row.name == "ptid") param.number = p.parent_tid;
  else if (row.name == "vtid") param.number = p.vtid;
  else if (row.name == "vpid") param.number = p.vpid;
  else if (row.name == "pgid") param.number = p.pgid;
  else if (row.name == "vpgid") param.number = p.vpgid;
  else if (row.name == "tty") param.number = p.tty;
  else if (row.name == "loginuid") param.number = static_cast<std::int32_t>(p.loginuid);
  else if (row.name == "cap_inheritable") param.number = static_cast<std::int64_t>(p.cap_inheritable);
  else if (row.name == "cap_permitted") param.number = static_cast<std::int64_t>(p.cap_permitted);
  else if (row.name == "cap_effective") param.number = static_cast<std::int64_t>(p.cap_effective);
  else if (row.name == "exe_ino") param.number = static_cast<std::int64_t>(p.exe_inode);
  else if (row.name == "exe_ino_ctime") param.number = core::to_unix_nanoseconds(p.exe_ctime);
  else if (row.name == "exe_ino_mtime") param.number = core::to_unix_nanoseconds(p.exe_mtime);
  else if (row.name == "uid") fill_names(param, row, p.uid);
  else if (row.name == "gid") fill_names(param, row, p.gid);
  else if (row.name == "res") param.number = event.result;
  else if (row.name == "flags") {
    fill_names(param, row, (p.exe_writable ? 1u : 0u) | (p.exe_upper_layer ? 2u : 0u) | (p.exe_from_memfd ? 4u : 0u) | (p.exe_lower_layer ? 8u : 0u));
  } else if (row.name == "filename") {
    if (const Blob* blob = record_.find(BLOB_FILENAME)) param.text = until_nul(blob->bytes);
  } else {
    INVARIANT(!"a row names what a process has not");
  }
}

// The folder that a relative path of an …at call starts from: as the file table has it where the kernel agrees, else as the kernel has it.
std::string Decoder::folder_of(std::uint8_t dirfd_argument) {
  if (dirfd_argument >= std::size(record_.header.args)) return process_->cwd;   // a torn record may name any
  const auto fd = static_cast<std::int32_t>(record_.header.args[dirfd_argument]);
  if (fd == AT_FDCWD) return process_->cwd;
  if (const Blob* blob = record_.find(BLOB_DIRFD, dirfd_argument)) {
    std::string folder;
    append_path(folder, blob->bytes);
    return folder;
  }
  const auto at = process_->files->entries.find(fd);
  return at == process_->files->entries.end() ? "<UNKNOWN>" : at->second.name;
}

std::string_view Decoder::text_argument(std::uint8_t argument) const {
  const Blob* blob = record_.find(BLOB_TEXT, argument);
  return blob == nullptr ? std::string_view() : until_nul(blob->bytes);
}

}  // namespace detector

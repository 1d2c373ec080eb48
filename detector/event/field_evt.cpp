// evt.* and syscall.*: what an event says of itself, without the process behind it. falco.md 4.3 has the parameters.
#include "detector/event/field_rows.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <ctime>

namespace detector {
namespace {

// Bits of open flags as Falco encodes them (falco.md 4.3).
constexpr std::int64_t kRead = 1 << 0, kWrite = 1 << 1, kCreate = 1 << 2, kTemporary = 1 << 13, kCreated = 1 << 14;
constexpr std::int64_t kAnyExecute = 0111;

std::string_view errno_name(std::int64_t number) {
  const char* name = strerrorname_np(static_cast<int>(number));
  return name ? std::string_view{name} : std::string_view{};
}

std::int64_t nanoseconds(core::TimePoint time) { return time.time_since_epoch().count(); }

std::tm local(core::TimePoint time, bool utc) {
  const std::time_t seconds = nanoseconds(time) / 1'000'000'000;
  std::tm parts{};
  if (utc) gmtime_r(&seconds, &parts);
  else localtime_r(&seconds, &parts);
  return parts;
}

// strftime into the scratch, then the nanoseconds and a tail.
Value formatted(const Event& event, FieldContext& context, const char* pattern, bool fraction, bool utc = false, std::string_view tail = {}) {
  const std::tm parts = local(event.time, utc);
  char text[64];
  const std::size_t length = std::strftime(text, sizeof text, pattern, &parts);
  context.scratch.assign(text, length);
  if (fraction) fmt::format_to(std::back_inserter(context.scratch), ".{:09}", nanoseconds(event.time) % 1'000'000'000);
  context.scratch += tail;
  return std::string_view{context.scratch};
}

bool is_open(const Event& event) {
  const std::string_view name = to_text(event.type);
  return name == "open" || name == "openat" || name == "openat2" || name == "open_by_handle_at";
}

Value flag_of_open(const Event& event, std::int64_t bits) {
  if (!is_open(event)) return false;
  const Param* flags = event.param("flags");
  return flags != nullptr && (flags->number & bits) != 0;
}

bool is_numeric(ParamKind kind) {
  switch (kind) {
    case ParamKind::Number: case ParamKind::Errno: case ParamKind::Fd: case ParamKind::Uid: case ParamKind::Gid:
    case ParamKind::Flags: case ParamKind::Enum: case ParamKind::Mode:
      return true;
    case ParamKind::Text: case ParamKind::Path: case ParamKind::RelPath: case ParamKind::Tuple: case ParamKind::Bytes:
      return false;
  }
  return false;
}

std::string_view decimal(std::int64_t number, std::string& scratch) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  scratch.assign(digits, end);
  return scratch;
}

const Param* find_param(const Event& event, std::string_view argument) {
  std::size_t index = 0;
  const auto parsed = std::from_chars(argument.data(), argument.data() + argument.size(), index);
  if (!argument.empty() && parsed.ec == std::errc{} && parsed.ptr == argument.data() + argument.size()) {
    return index < event.param_count ? &event.params[index] : nullptr;
  }
  return event.param(argument);
}

// The resolved text where there is one, else the number.
std::string_view shown(const Param& param, std::string& scratch) {
  if (!is_numeric(param.kind)) return param.text;
  if (param.kind == ParamKind::Errno) {
    if (param.number < 0 && !errno_name(-param.number).empty()) return errno_name(-param.number);
    return decimal(param.number, scratch);
  }
  return param.text.empty() ? decimal(param.number, scratch) : std::string_view{param.text};
}

Value read_arg(std::string_view argument, const Event& event, FieldContext& context) {
  const Param* param = find_param(event, argument);
  if (param == nullptr) return Missing{};
  return shown(*param, context.scratch);
}

Value read_rawarg(std::string_view argument, const Event& event, FieldContext&) {
  const Param* param = find_param(event, argument);
  if (param == nullptr) return Missing{};
  if (is_numeric(param->kind)) return param->number;
  return std::string_view{param->raw.empty() ? param->text : param->raw};
}

Value read_args(std::string_view, const Event& event, FieldContext& context) {
  std::string& text = context.scratch;
  text.clear();
  std::string number;
  for (std::size_t i = 0; i < event.param_count; ++i) {
    const Param& param = event.params[i];
    if (i > 0) text += ' ';
    text += param.name;
    text += '=';
    if (!is_numeric(param.kind)) {
      text += param.raw.empty() ? param.text : param.raw;
      if (!param.raw.empty() && param.raw != param.text) text.append("(").append(param.text).append(")");
      continue;
    }
    text += decimal(param.number, number);
    const std::string_view resolved = param.kind == ParamKind::Errno ? (param.number < 0 ? errno_name(-param.number) : "") : param.text;
    if (!resolved.empty()) text.append("(").append(resolved).append(")");
  }
  return std::string_view{text};
}

Value read_res(std::string_view, const Event& event, FieldContext& context) {
  if (!event.has_result) return Missing{};
  if (event.result >= 0) return std::string_view{"SUCCESS"};
  const std::string_view name = errno_name(-event.result);
  return name.empty() ? decimal(-event.result, context.scratch) : name;
}

Value read_is_open_exec(std::string_view, const Event& event, FieldContext&) {
  const Param* mode = event.param("mode");
  if (mode == nullptr || (mode->number & kAnyExecute) == 0) return false;
  if (to_text(event.type) == "creat") return true;
  return flag_of_open(event, kCreate | kTemporary);
}

Value read_is_open_create(std::string_view, const Event& event, FieldContext&) {
  if (to_text(event.type) == "creat") return event.result >= 0;
  return flag_of_open(event, kCreated);
}

Value read_buffer(std::string_view, const Event& event, FieldContext&) {
  const Param* data = event.param("data");
  if (data == nullptr) return Missing{};
  return std::string_view{data->text};
}

Value read_buflen(std::string_view, const Event& event, FieldContext&) {
  if (event.param("data") == nullptr || event.result < 0) return Missing{};
  return static_cast<std::uint64_t>(event.result);
}

Value read_abspath(std::string_view argument, const Event& event, FieldContext&) {
  const Param* param = event.param(argument);
  if (param == nullptr || param->kind != ParamKind::RelPath) return Missing{};
  return std::string_view{param->text};
}

Value read_category(std::string_view, const Event& event, FieldContext&) {
  if (event.fd.use != EventFd::Use::None) return std::string_view{"file"};
  return std::string_view{event.has_result ? "process" : "other"};
}

Value read_false(std::string_view, const Event&, FieldContext&) { return false; }
Value read_zero(std::string_view, const Event&, FieldContext&) { return std::uint64_t{0}; }
Value read_one(std::string_view, const Event&, FieldContext&) { return std::uint64_t{1}; }

#define READ(expression) [](std::string_view argument, const Event& event, FieldContext& context) -> Value { \
    (void)argument; (void)event; (void)context; return expression; }

constexpr auto kNo = FieldArgument::None;
constexpr auto kNeeds = FieldArgument::Required;

const FieldRow kRows[] = {
  {{"evt.num", FieldType::Uint, kNo, false, false, false, "", "the event's number, from 1"}, READ(event.number)},
  {{"evt.type", FieldType::EventName, kNo, false, false, false, "syscall", "the system call's name"}, READ(to_text(event.type))},
  {{"syscall.type", FieldType::Text, kNo, false, false, false, "syscall", "the system call's name"}, READ(to_text(event.type))},
  {{"evt.type.is", FieldType::Uint, kNeeds, false, false, false, "syscall", "1 for an event of that name", 32},
   READ(std::uint64_t{to_text(event.type) == argument})},
  {{"evt.category", FieldType::Text, kNo, false, false, false, "syscall", "what kind of call it is"}, read_category},
  {{"evt.cpu", FieldType::Int, kNo, false, false, false, "syscall", "the CPU it ran on", 16}, READ(std::int64_t{event.cpu})},
  {{"evt.args", FieldType::Text, kNo, false, false, false, "syscall", "all parameters"}, read_args},
  {{"evt.info", FieldType::Text, kNo, false, false, false, "syscall", "all parameters"}, read_args},
  {{"evt.arg", FieldType::Text, kNeeds, false, false, false, "syscall", "one parameter, by name or number"}, read_arg},
  {{"evt.rawarg", FieldType::Dynamic, kNeeds, false, false, false, "syscall", "one parameter, unresolved", 64, true}, read_rawarg},
  {{"evt.abspath", FieldType::Text, kNeeds, false, false, false, "syscall", "a path parameter, made absolute"}, read_abspath},
  {{"evt.res", FieldType::Text, kNo, false, false, false, "syscall", "SUCCESS or the error's name"}, read_res},
  {{"evt.rawres", FieldType::Int, kNo, false, false, false, "syscall", "what the call returned"},
   READ(event.has_result ? Value{event.result} : Value{Missing{}})},
  {{"evt.failed", FieldType::Bool, kNo, false, false, false, "syscall", "whether the call failed"}, READ(event.failed())},
  {{"evt.is_open_read", FieldType::Bool, kNo, false, false, false, "syscall", "opened for reading"}, READ(flag_of_open(event, kRead))},
  {{"evt.is_open_write", FieldType::Bool, kNo, false, false, false, "syscall", "opened for writing"}, READ(flag_of_open(event, kWrite))},
  {{"evt.is_open_exec", FieldType::Bool, kNo, false, false, false, "syscall", "created with an execute bit"}, read_is_open_exec},
  {{"evt.is_open_create", FieldType::Bool, kNo, false, false, false, "syscall", "the file was created by it"}, read_is_open_create},
  {{"evt.buffer", FieldType::Bytes, kNo, false, false, false, "syscall", "bytes read or written"}, read_buffer},
  {{"evt.buflen", FieldType::Uint, kNo, false, false, false, "syscall", "how many bytes"}, read_buflen},
  {{"evt.time", FieldType::Text, kNo, false, false, false, "", "local time with nanoseconds"}, READ(formatted(event, context, "%H:%M:%S", true))},
  {{"evt.outputtime", FieldType::Text, kNo, false, false, false, "", "local time"}, READ(formatted(event, context, "%H:%M:%S", true))},
  {{"evt.time.s", FieldType::Text, kNo, false, false, false, "", "local time"}, READ(formatted(event, context, "%H:%M:%S", false))},
  {{"evt.time.iso8601", FieldType::Text, kNo, false, false, false, "", "UTC as ISO 8601"},
   READ(formatted(event, context, "%Y-%m-%dT%H:%M:%S", true, true, "+0000"))},
  {{"evt.datetime", FieldType::Text, kNo, false, false, false, "", "local date and time"},
   READ(formatted(event, context, "%Y-%m-%d %H:%M:%S", true))},
  {{"evt.datetime.s", FieldType::Text, kNo, false, false, false, "", "local date and time"},
   READ(formatted(event, context, "%Y-%m-%d %H:%M:%S", false))},
  {{"evt.rawtime", FieldType::AbsTime, kNo, false, false, false, "", "nanoseconds since 1970"}, READ(std::uint64_t(nanoseconds(event.time)))},
  {{"evt.rawtime.s", FieldType::AbsTime, kNo, false, false, false, "", "its seconds"},
   READ(std::uint64_t(nanoseconds(event.time) / 1'000'000'000))},
  {{"evt.rawtime.ns", FieldType::AbsTime, kNo, false, false, false, "", "its fraction"},
   READ(std::uint64_t(nanoseconds(event.time) % 1'000'000'000))},
  {{"evt.reltime", FieldType::RelTime, kNo, false, false, false, "", "since the first event"}, read_nothing},
  {{"evt.reltime.s", FieldType::RelTime, kNo, false, false, false, "", "since the first event"}, read_nothing},
  {{"evt.reltime.ns", FieldType::RelTime, kNo, false, false, false, "", "since the first event"}, read_nothing},
  {{"evt.deltatime", FieldType::RelTime, kNo, false, false, false, "syscall", "since the event before"}, read_nothing},
  {{"evt.deltatime.s", FieldType::RelTime, kNo, false, false, false, "syscall", "since the event before"}, read_nothing},
  {{"evt.deltatime.ns", FieldType::RelTime, kNo, false, false, false, "syscall", "since the event before"}, read_nothing},
  {{"evt.source", FieldType::Text, kNo, false, false, false, "", "where it came from"}, READ(std::string_view{"syscall"})},
  {{"evt.hostname", FieldType::Text, kNo, false, false, false, "", "this host's name"}, READ(std::string_view{context.hostname})},
  {{"evt.pluginname", FieldType::Text, kNo, false, false, false, "", "the plugin it came from"}, read_nothing},
  {{"evt.plugininfo", FieldType::Text, kNo, false, false, false, "", "what the plugin says of it"}, read_nothing},
  {{"evt.is_async", FieldType::Bool, kNo, false, false, false, "", "an asynchronous event"}, read_false},
  {{"evt.asynctype", FieldType::Text, kNo, false, false, false, "", "its type, if asynchronous"}, read_nothing},
  {{"evt.is_syslog", FieldType::Bool, kNo, false, false, false, "syscall", "a write to /dev/log"}, READ(event.fd.entry.name == "/dev/log")},
  {{"evt.is_io", FieldType::Bool, kNo, false, false, false, "syscall", "moves bytes"}, READ(event.param("data") != nullptr)},
  {{"evt.is_io_read", FieldType::Bool, kNo, false, false, false, "syscall", "reads"}, read_nothing},
  {{"evt.is_io_write", FieldType::Bool, kNo, false, false, false, "syscall", "writes"}, read_nothing},
  {{"evt.io_dir", FieldType::Text, kNo, false, false, false, "syscall", "r or w"}, read_nothing},
  {{"evt.is_wait", FieldType::Bool, kNo, false, false, false, "syscall", "waits"}, read_false},
  {{"evt.count", FieldType::Uint, kNo, false, false, false, "syscall", "1", 32}, read_one},
  {{"evt.count.error", FieldType::Uint, kNo, false, false, false, "syscall", "1 for a failed call", 32}, READ(std::uint64_t{event.failed()})},
  {{"evt.count.error.file", FieldType::Uint, kNo, false, false, false, "syscall", "", 32}, read_nothing},
  {{"evt.count.error.net", FieldType::Uint, kNo, false, false, false, "syscall", "", 32}, read_nothing},
  {{"evt.count.error.memory", FieldType::Uint, kNo, false, false, false, "syscall", "", 32}, read_nothing},
  {{"evt.count.error.other", FieldType::Uint, kNo, false, false, false, "syscall", "", 32}, read_nothing},
  {{"evt.count.exit", FieldType::Uint, kNo, false, false, false, "syscall", "1", 32}, read_one},
  {{"evt.count.procinfo", FieldType::Uint, kNo, false, false, false, "syscall", "", 32}, read_nothing},
  {{"evt.count.threadinfo", FieldType::Uint, kNo, false, false, false, "syscall", "", 32}, read_nothing},
  {{"evt.buflen.in", FieldType::Uint, kNo, false, false, false, "syscall", ""}, read_nothing},
  {{"evt.buflen.out", FieldType::Uint, kNo, false, false, false, "syscall", ""}, read_nothing},
  {{"evt.buflen.file", FieldType::Uint, kNo, false, false, false, "syscall", ""}, read_nothing},
  {{"evt.buflen.file.in", FieldType::Uint, kNo, false, false, false, "syscall", ""}, read_nothing},
  {{"evt.buflen.file.out", FieldType::Uint, kNo, false, false, false, "syscall", ""}, read_nothing},
  {{"evt.buflen.net", FieldType::Uint, kNo, false, false, false, "syscall", ""}, read_nothing},
  {{"evt.buflen.net.in", FieldType::Uint, kNo, false, false, false, "syscall", ""}, read_nothing},
  {{"evt.buflen.net.out", FieldType::Uint, kNo, false, false, false, "syscall", ""}, read_nothing},
  {{"evt.infra.docker.name", FieldType::Text, kNo, false, false, false, "syscall", ""}, read_nothing},
  {{"evt.infra.docker.container.id", FieldType::Text, kNo, false, false, false, "syscall", ""}, read_nothing},
  {{"evt.infra.docker.container.name", FieldType::Text, kNo, false, false, false, "syscall", ""}, read_nothing},
  {{"evt.infra.docker.container.image", FieldType::Text, kNo, false, false, false, "syscall", ""}, read_nothing},
  {{"evt.dir", FieldType::Text, kNo, false, false, true, "syscall", "always <: there are no enter events"}, READ(std::string_view{"<"})},
  {{"evt.latency", FieldType::RelTime, kNo, false, false, true, "syscall", "always 0"}, read_zero},
  {{"evt.latency.s", FieldType::RelTime, kNo, false, false, true, "syscall", "always 0"}, read_zero},
  {{"evt.latency.ns", FieldType::RelTime, kNo, false, false, true, "syscall", "always 0"}, read_zero},
  {{"evt.latency.quantized", FieldType::Uint, kNo, false, false, true, "syscall", ""}, read_nothing},
  {{"evt.latency.human", FieldType::Text, kNo, false, false, true, "syscall", ""}, read_nothing},
  {{"evt.wait_latency", FieldType::RelTime, kNo, false, false, true, "syscall", "always 0"}, read_zero},
  {{"evt.around", FieldType::Uint, kNeeds, false, true, false, "syscall", "", 64, true}, read_nothing},
};

#undef READ

}  // namespace

std::span<const FieldRow> event_field_rows() { return kRows; }

}  // namespace detector

// fd.*, fs.*: the file or socket of the event. An event that uses none has none of these; see falco.md appendix B for what is missing
// when the table did not know the descriptor.
#include "detector/event/field_rows.h"

#include <sys/socket.h>
#include <sys/sysmacros.h>

#include <netinet/in.h>

namespace detector {
namespace {

std::string_view type_name(FileKind kind) {
  switch (kind) {
    case FileKind::Unknown: return "";
    case FileKind::File: return "file";
    case FileKind::Directory: return "directory";
    case FileKind::Ipv4: return "ipv4";
    case FileKind::Ipv6: return "ipv6";
    case FileKind::Unix: return "unix";
    case FileKind::Pipe: return "pipe";
    case FileKind::Event: return "event";
    case FileKind::Signal: return "signalfd";
    case FileKind::EventPoll: return "eventpoll";
    case FileKind::Inotify: return "inotify";
    case FileKind::Timer: return "timerfd";
    case FileKind::Netlink: return "netlink";
    case FileKind::Bpf: return "bpf";
    case FileKind::IoUring: return "io_uring";
    case FileKind::Memfd: return "memfd";
    case FileKind::Pidfd: return "pidfd";
    case FileKind::Unsupported: return "unsupported";
  }
  return "";
}

std::string_view type_char(FileKind kind) {
  switch (kind) {
    case FileKind::Unknown: return "o";
    case FileKind::File: return "f";
    case FileKind::Directory: return "d";
    case FileKind::Ipv4: return "4";
    case FileKind::Ipv6: return "6";
    case FileKind::Unix: return "u";
    case FileKind::Pipe: return "p";
    case FileKind::Event: return "e";
    case FileKind::Signal: return "s";
    case FileKind::EventPoll: return "l";
    case FileKind::Inotify: return "i";
    case FileKind::Timer: return "t";
    case FileKind::Netlink: return "n";
    case FileKind::Bpf: return "b";
    case FileKind::IoUring: return "r";
    case FileKind::Memfd: return "m";
    case FileKind::Pidfd: return "P";
    case FileKind::Unsupported: return "X";
  }
  return "o";
}

// What Falco guesses from the call alone. open(2) and connect are "o" there too, and rules rely on it (open_file_failed).
std::string_view guessed_char(const Event& event) {
  const std::string_view name = to_text(event.type);
  if (name == "openat" || name == "openat2" || name == "creat") return "f";
  if (name == "socket" || name == "accept" || name == "accept4") return "4";
  if (name == "pipe" || name == "pipe2") return "p";
  if (name == "eventfd" || name == "eventfd2") return "e";
  if (name == "signalfd" || name == "signalfd4") return "s";
  if (name == "timerfd_create") return "t";
  if (name == "inotify_init" || name == "inotify_init1") return "i";
  return "o";
}

Value text_or_missing(std::string_view text) { return text.empty() ? Value{Missing{}} : Value{text}; }

std::string_view fd_name(const EventFd& fd) { return fd.known ? std::string_view{fd.entry.name} : std::string_view{fd.fallback_name}; }

Value directory(const EventFd& fd) {
  const std::string_view name = fd_name(fd);
  if (name.empty()) return Missing{};
  if (fd.known && fd.entry.kind == FileKind::Directory) return name;
  if (fd.known && fd.entry.kind != FileKind::File) return Missing{};
  const auto slash = name.rfind('/');
  if (slash == std::string_view::npos) return std::string_view{"/"};
  return slash == 0 ? name.substr(0, 1) : name.substr(0, slash);
}

Value file_name(const EventFd& fd) {
  if (!fd.known || fd.entry.kind != FileKind::File) return Missing{};
  const std::string_view name = fd.entry.name;
  const auto slash = name.rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

bool is_ip(const FileEntry& entry) { return entry.kind == FileKind::Ipv4 || entry.kind == FileKind::Ipv6; }

Value layer4(const FileEntry& entry) {
  if (!is_ip(entry)) return Missing{};
  if (entry.protocol == IPPROTO_ICMP || entry.protocol == IPPROTO_ICMPV6) return std::string_view{"icmp"};
  if (entry.protocol == IPPROTO_TCP || (entry.protocol == 0 && entry.type == SOCK_STREAM)) return std::string_view{"tcp"};
  if (entry.protocol == IPPROTO_UDP || (entry.protocol == 0 && entry.type == SOCK_DGRAM)) return std::string_view{"udp"};
  if (entry.type == SOCK_RAW) return std::string_view{"raw"};
  return std::string_view{"<NA>"};
}

Value family(const FileEntry& entry) {
  if (is_ip(entry)) return std::string_view{"ip"};
  return entry.kind == FileKind::Unix ? Value{std::string_view{"unix"}} : Value{Missing{}};
}

enum class End { Client, Server, Local, Remote };

bool wants_client(const FileEntry& entry, End end) {
  switch (end) {
    case End::Client: return true;
    case End::Server: return false;
    case End::Local: return !entry.local_is_server;
    case End::Remote: return entry.local_is_server;
  }
  return true;
}

Value address(const FileEntry& entry, End end) {
  if (!is_ip(entry)) return Missing{};
  if (wants_client(entry, end)) return entry.has_client ? Value{entry.client_ip} : Value{Missing{}};
  return entry.has_server ? Value{entry.server_ip} : Value{Missing{}};
}

Value port(const FileEntry& entry, End end) {
  if (!is_ip(entry)) return Missing{};
  if (wants_client(entry, end)) return entry.has_client ? Value{std::uint64_t{entry.client_port}} : Value{Missing{}};
  return entry.has_server ? Value{std::uint64_t{entry.server_port}} : Value{Missing{}};
}

Value read_types(std::string_view argument, const Event& event, FieldContext&) {
  std::vector<std::string> types;
  if (!event.process->files) return Missing{};
  for (const auto& [number, entry] : event.process->files->entries) {
    if (!argument.empty() && argument != std::to_string(number)) continue;
    if (entry.kind != FileKind::Unknown) types.emplace_back(type_name(entry.kind));
  }
  if (types.empty()) return Missing{};
  return types;
}

const FileEntry* standard(const Event& event, int number) {
  if (!event.process->files) return nullptr;
  const auto found = event.process->files->entries.find(number);
  return found == event.process->files->entries.end() ? nullptr : &found->second;
}
template <int Number>
Value standard_type(std::string_view, const Event& event, FieldContext&) {
  const FileEntry* entry = standard(event, Number);
  return entry == nullptr ? Value{Missing{}} : text_or_missing(type_name(entry->kind));
}
template <int Number>
Value standard_name(std::string_view, const Event& event, FieldContext&) {
  const FileEntry* entry = standard(event, Number);
  return entry == nullptr ? Value{Missing{}} : Value{std::string_view{entry->name}};
}

// The first of these parameters that the event has.
Value first_param(const Event& event, std::initializer_list<std::string_view> names, bool raw) {
  for (const std::string_view name : names) {
    const Param* param = event.param(name);
    if (param != nullptr) return std::string_view{raw && !param->raw.empty() ? param->raw : param->text};
  }
  return Missing{};
}
bool takes_two_paths(const Event& event) {
  return event.param("oldpath") != nullptr || event.param("linkpath") != nullptr || event.param("target") != nullptr;
}

#define READ(expression) [](std::string_view argument, const Event& event, FieldContext& context) -> Value { \
    (void)argument; (void)context; const EventFd& fd = event.fd; \
    return fd.use == EventFd::Use::None ? Value{Missing{}} : (expression); }
#define KNOWN(expression) READ(!fd.known ? Value{Missing{}} : Value{expression})
#define PATH(expression) [](std::string_view, const Event& event, FieldContext&) -> Value { return expression; }

constexpr auto kNo = FieldArgument::None;
constexpr auto kMay = FieldArgument::Optional;
constexpr std::string_view kSys = "syscall";

const FieldRow kRows[] = {
  {{"fd.num", FieldType::Int, kNo, false, false, false, kSys, "the descriptor, -1: none was made"}, READ(Value{fd.number})},
  {{"fd.type", FieldType::Text, kNo, false, false, false, kSys, "file, directory, ipv4, …"}, KNOWN(text_or_missing(type_name(fd.entry.kind)))},
  {{"fd.typechar", FieldType::Text, kNo, false, false, false, kSys, "f, d, 4, 6, u, …"}, READ(fd.known ? Value{type_char(fd.entry.kind)} : Value{guessed_char(event)})},
  {{"fd.name", FieldType::Text, kNo, false, false, false, kSys, "full path, or the connection's ends"}, READ(text_or_missing(fd_name(fd)))},
  {{"fd.nameraw", FieldType::Text, kNo, false, false, false, kSys, "path as given, .. not folded"}, READ(text_or_missing(fd.name_raw.empty() ? fd_name(fd) : std::string_view{fd.name_raw}))},
  {{"fd.directory", FieldType::Text, kNo, false, false, false, kSys, "the directory it is in"}, READ(directory(fd))},
  {{"fd.filename", FieldType::Text, kNo, false, false, false, kSys, "the name in it"}, READ(file_name(fd))},
  {{"fd.ip", FieldType::Ip, kNo, false, true, false, kSys, "either end's address", 64, true}, read_nothing},
  {{"fd.cip", FieldType::Ip, kNo, false, false, false, kSys, "the client's address"}, KNOWN(address(fd.entry, End::Client))},
  {{"fd.sip", FieldType::Ip, kNo, false, false, false, kSys, "the server's address"}, KNOWN(address(fd.entry, End::Server))},
  {{"fd.lip", FieldType::Ip, kNo, false, false, false, kSys, "our address"}, KNOWN(address(fd.entry, End::Local))},
  {{"fd.rip", FieldType::Ip, kNo, false, false, false, kSys, "the other's address"}, KNOWN(address(fd.entry, End::Remote))},
  {{"fd.port", FieldType::Port, kNo, false, true, false, kSys, "either end's port", 16, true}, read_nothing},
  {{"fd.cport", FieldType::Port, kNo, false, false, false, kSys, "the client's port", 16}, KNOWN(port(fd.entry, End::Client))},
  {{"fd.sport", FieldType::Port, kNo, false, false, false, kSys, "the server's port", 16}, KNOWN(port(fd.entry, End::Server))},
  {{"fd.lport", FieldType::Port, kNo, false, false, false, kSys, "our port", 16}, KNOWN(port(fd.entry, End::Local))},
  {{"fd.rport", FieldType::Port, kNo, false, false, false, kSys, "the other's port", 16}, KNOWN(port(fd.entry, End::Remote))},
  {{"fd.net", FieldType::Net, kNo, false, true, false, kSys, "either end's network", 64, true}, read_nothing},
  {{"fd.cnet", FieldType::Net, kNo, false, true, false, kSys, "the client's network", 64, true}, KNOWN(address(fd.entry, End::Client))},
  {{"fd.snet", FieldType::Net, kNo, false, true, false, kSys, "the server's network", 64, true}, KNOWN(address(fd.entry, End::Server))},
  {{"fd.lnet", FieldType::Net, kNo, false, true, false, kSys, "our network", 64, true}, KNOWN(address(fd.entry, End::Local))},
  {{"fd.rnet", FieldType::Net, kNo, false, true, false, kSys, "the other's network", 64, true}, KNOWN(address(fd.entry, End::Remote))},
  {{"fd.l4proto", FieldType::Text, kNo, false, false, false, kSys, "tcp, udp, icmp, raw"}, KNOWN(layer4(fd.entry))},
  {{"fd.sockfamily", FieldType::Text, kNo, false, false, false, kSys, "ip or unix"}, KNOWN(family(fd.entry))},
  {{"fd.is_server", FieldType::Bool, kNo, false, false, false, kSys, "we are the server"}, KNOWN(fd.entry.local_is_server)},
  {{"fd.connected", FieldType::Bool, kNo, false, false, false, kSys, "the socket is connected"}, KNOWN(fd.entry.connected)},
  {{"fd.name_changed", FieldType::Bool, kNo, false, false, false, kSys, "this event changed fd.name"}, READ(Value{fd.name_changed})},
  {{"fd.uid", FieldType::Text, kNo, false, false, false, kSys, "process and descriptor"}, READ((context.scratch.assign(std::to_string(event.process->pid)).append(std::to_string(fd.number)), Value{std::string_view{context.scratch}}))},
  {{"fd.containername", FieldType::Text, kNo, false, false, false, kSys, "container and name"}, READ((context.scratch.assign(event.process->container ? event.process->container->id : std::string{}).append(":").append(fd_name(fd)), Value{std::string_view{context.scratch}}))},
  {{"fd.containerdirectory", FieldType::Text, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"fd.proto", FieldType::Port, kNo, false, true, false, kSys, "either end's port", 16, true}, read_nothing},
  {{"fd.cproto", FieldType::Text, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"fd.sproto", FieldType::Text, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"fd.lproto", FieldType::Text, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"fd.rproto", FieldType::Text, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"fd.cip.name", FieldType::Text, kNo, false, false, false, kSys, "", 64, true}, read_nothing},
  {{"fd.sip.name", FieldType::Text, kNo, false, false, false, kSys, "", 64, true}, read_nothing},
  {{"fd.lip.name", FieldType::Text, kNo, false, false, false, kSys, "", 64, true}, read_nothing},
  {{"fd.rip.name", FieldType::Text, kNo, false, false, false, kSys, "", 64, true}, read_nothing},
  {{"fd.dev", FieldType::Int, kNo, false, false, false, kSys, "device", 32}, KNOWN(static_cast<std::int64_t>(fd.entry.device))},
  {{"fd.dev.major", FieldType::Int, kNo, false, false, false, kSys, "its major number", 32}, KNOWN(std::int64_t{gnu_dev_major(fd.entry.device)})},
  {{"fd.dev.minor", FieldType::Int, kNo, false, false, false, kSys, "its minor number", 32}, KNOWN(std::int64_t{gnu_dev_minor(fd.entry.device)})},
  {{"fd.ino", FieldType::Int, kNo, false, false, false, kSys, "inode"}, KNOWN(static_cast<std::int64_t>(fd.entry.inode))},
  {{"fd.types", FieldType::Text, kMay, true, false, false, kSys, "the kinds of all open files"}, read_types},
  {{"fd.is_upper_layer", FieldType::Bool, kNo, false, false, false, kSys, "in overlayfs' upper layer"}, KNOWN(fd.entry.upper_layer)},
  {{"fd.is_lower_layer", FieldType::Bool, kNo, false, false, false, kSys, "in overlayfs' lower layer"}, KNOWN(fd.entry.lower_layer)},
  {{"proc.stdin.type", FieldType::Text, kNo, false, false, false, kSys, "what stdin is"}, standard_type<0>},
  {{"proc.stdout.type", FieldType::Text, kNo, false, false, false, kSys, "what stdout is"}, standard_type<1>},
  {{"proc.stderr.type", FieldType::Text, kNo, false, false, false, kSys, "what stderr is"}, standard_type<2>},
  {{"proc.stdin.name", FieldType::Text, kNo, false, false, false, kSys, "stdin's name"}, standard_name<0>},
  {{"proc.stdout.name", FieldType::Text, kNo, false, false, false, kSys, "stdout's name"}, standard_name<1>},
  {{"proc.stderr.name", FieldType::Text, kNo, false, false, false, kSys, "stderr's name"}, standard_name<2>},
  {{"fs.path.name", FieldType::Text, kNo, false, false, false, kSys, "the path a call works on"}, PATH(takes_two_paths(event) ? Value{Missing{}} : first_param(event, {"name", "path", "filename", "pathname"}, false))},
  {{"fs.path.nameraw", FieldType::Text, kNo, false, false, false, kSys, "as given"}, PATH(takes_two_paths(event) ? Value{Missing{}} : first_param(event, {"name", "path", "filename", "pathname"}, true))},
  {{"fs.path.source", FieldType::Text, kNo, false, false, false, kSys, "what is renamed or linked to"}, PATH(first_param(event, {"oldpath", "target"}, false))},
  {{"fs.path.sourceraw", FieldType::Text, kNo, false, false, false, kSys, "as given"}, PATH(first_param(event, {"oldpath", "target"}, true))},
  {{"fs.path.target", FieldType::Text, kNo, false, false, false, kSys, "the new name"}, PATH(first_param(event, {"newpath", "linkpath"}, false))},
  {{"fs.path.targetraw", FieldType::Text, kNo, false, false, false, kSys, "as given"}, PATH(first_param(event, {"newpath", "linkpath"}, true))},
  {{"fdlist.nums", FieldType::Text, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"fdlist.names", FieldType::Text, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"fdlist.cips", FieldType::Text, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"fdlist.sips", FieldType::Text, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"fdlist.cports", FieldType::Text, kNo, false, false, false, kSys, ""}, read_nothing},
  {{"fdlist.sports", FieldType::Text, kNo, false, false, false, kSys, ""}, read_nothing},
};

#undef READ
#undef KNOWN
#undef PATH

}  // namespace

std::span<const FieldRow> fd_field_rows() { return kRows; }

}  // namespace detector

// File tables: what open, dup and their kin make of them, and what an fd of an event is. The record carries the kernel's device and inode of
// the fd; an entry of ours that says otherwise is stale (closed, and the number used again: we do not watch close) and is not believed.
#include <fcntl.h>
#include <sys/stat.h>

#include "detector/event/process_path.h"
#include "detector/sensor/decoder.h"
#include "detector/sensor/witness.h"

namespace detector {
namespace {

constexpr std::uint64_t kProcMagic = 0x9fa0, kAnonInodeMagic = 0x09041934, kTmpfsMagic = 0x01021994;

FileKind kind_of_anonymous(std::string_view name) {
  if (name == "[eventfd]") return FileKind::Event;
  if (name == "[eventpoll]") return FileKind::EventPoll;
  if (name == "[signalfd]") return FileKind::Signal;
  if (name == "[timerfd]") return FileKind::Timer;
  if (name == "[pidfd]") return FileKind::Pidfd;
  if (name == "[io_uring]") return FileKind::IoUring;
  if (name == "inotify" || name == "[inotify]") return FileKind::Inotify;
  if (name == "[userfaultfd]") return FileKind::Unix;   // as Falco types it
  if (name.starts_with("bpf")) return FileKind::Bpf;
  return FileKind::Unsupported;
}

FileKind kind_of(const wire_file& file, std::string_view name) {
  if (file.magic == kAnonInodeMagic) return kind_of_anonymous(name);
  switch (file.inode_mode & S_IFMT) {
    case S_IFDIR: return FileKind::Directory;
    case S_IFIFO: return FileKind::Pipe;
    case S_IFSOCK: return FileKind::Unknown;
    case 0: return FileKind::Pidfd;      // pidfs has no type bits
    default: return file.magic == kTmpfsMagic && name.starts_with("memfd:") ? FileKind::Memfd : FileKind::File;
  }
}

struct LastNames {
  std::string_view name, folder;
};

LastNames names_of(const Blob& blob) {
  std::string_view rest = blob.bytes.substr(sizeof(wire_file));
  LastNames names;
  names.name = until_nul(rest);
  rest.remove_prefix(std::min(names.name.size() + 1, rest.size()));
  names.folder = until_nul(rest);
  return names;
}

// Paths that mean something else to each process that uses them: nothing can be said about them from outside.
bool is_relative_to_self(std::string_view path) {
  return path.starts_with("/proc/") || path.starts_with("/dev/fd/") || path.starts_with("/dev/std") || path.starts_with("/dev/tty");
}

}  // namespace

std::uint64_t to_user_device(std::uint64_t kernel_device) {
  const std::uint64_t major = kernel_device >> 20, minor = kernel_device & 0xfffff;
  return (minor & 0xff) | (major << 8) | ((minor & ~0xffull) << 12);
}

char type_character(FileKind kind) {
  switch (kind) {
    case FileKind::Unknown: return 'o';
    case FileKind::File: return 'f';
    case FileKind::Directory: return 'd';
    case FileKind::Ipv4: return '4';
    case FileKind::Ipv6: return '6';
    case FileKind::Unix: return 'u';
    case FileKind::Pipe: return 'p';
    case FileKind::Event: return 'e';
    case FileKind::Signal: return 's';
    case FileKind::EventPoll: return 'l';
    case FileKind::Inotify: return 'i';
    case FileKind::Timer: return 't';
    case FileKind::Netlink: return 'n';
    case FileKind::Bpf: return 'b';
    case FileKind::IoUring: return 'r';
    case FileKind::Memfd: return 'm';
    case FileKind::Pidfd: return 'P';
    case FileKind::Unsupported: return 'X';
  }
  return 'o';
}

void Decoder::change_files(Event& event, const CallRow& row) {
  switch (row.effect) {
    case Effect::Open: open_file(event); return;
    case Effect::Duplicate: {
      event.fd.number = event.result < 0 ? -1 : event.result;
      if (event.result < 0) return;
      const bool close_on_exec = row.name == "dup3" && (record_.header.args[2] & O_CLOEXEC) != 0;
      duplicate(event, static_cast<std::int32_t>(record_.header.args[0]), event.result, close_on_exec);
      return;
    }
    case Effect::Fcntl: {
      constexpr std::uint64_t kDuplicateCloseOnExec = 1030;
      const std::uint64_t command = record_.header.args[1];
      use_file(event, row, static_cast<std::int32_t>(record_.header.args[0]));
      if (event.result < 0 || (command != F_DUPFD && command != kDuplicateCloseOnExec) || !event.fd.known) return;
      FileEntry copy = event.fd.entry;
      copy.flags = command == F_DUPFD ? copy.flags & ~static_cast<unsigned>(O_CLOEXEC) : copy.flags | O_CLOEXEC;
      remember(event.result, copy);
      return;
    }
    case Effect::Socket:
    case Effect::Connect:
    case Effect::Bind:
    case Effect::Accept:
    case Effect::Send:
    case Effect::Listen: change_socket(event, row); return;
    case Effect::None:
    case Effect::Chdir:
    case Effect::Chroot:
    case Effect::Credentials:
    case Effect::NewSession:
    case Effect::SetGroup: break;
  }
  if (row.use == EventFd::Use::Uses) {
    const int argument = row.shape.fd >= FD_ARG ? row.shape.fd - FD_ARG : 0;
    use_file(event, row, static_cast<std::int32_t>(record_.header.args[argument]));
  } else if (row.use == EventFd::Use::Creates) {
    event.fd.number = event.result < 0 ? -1 : event.result;
  }
}

std::uint64_t Decoder::open_flags() const {
  const auto& args = record_.header.args;
  const std::string_view name = row_ == nullptr ? std::string_view() : row_->name;
  if (name == "open") return args[1];
  if (name == "openat") return args[2];
  if (name == "creat") return O_CREAT | O_WRONLY | O_TRUNC;
  if (name == "memfd_create") return O_RDWR | ((args[1] & 1) != 0 ? O_CLOEXEC : 0);
  const Blob* how = record_.find(BLOB_BYTES);
  std::uint64_t flags = 0;
  if (how != nullptr && how->bytes.size() >= sizeof flags) std::memcpy(&flags, how->bytes.data(), sizeof flags);
  return flags;
}

void Decoder::open_file(Event& event) {
  const Blob* given = record_.find(BLOB_TEXT);
  const std::string_view path = given == nullptr ? std::string_view() : until_nul(given->bytes);
  const std::string folder = given == nullptr || given->detail == 0 || path.starts_with('/') ? process_->cwd
                                                                                            : folder_of(static_cast<std::uint8_t>(given->detail - 1));
  event.fd.name_raw = join_path_raw(folder, path);
  event.fd.number = event.result < 0 ? -1 : event.result;
  if (event.result < 0) {
    event.fd.fallback_name = join_path(folder, path);
    return;
  }
  FileEntry& entry = event.fd.entry;
  event.fd.known = describe(*process_, event.result, entry);
  if (!event.fd.known) entry = FileEntry{.kind = FileKind::File};
  event.fd.known = true;
  entry.flags = static_cast<std::uint32_t>(open_flags());
  if (const Blob* opened = record_.find(BLOB_OPENED)) {
    if (entry.kind != FileKind::Memfd) append_path(entry.name, opened->bytes);
    event.fd.name_raw = event.object_path = entry.name;
  } else if (entry.kind == FileKind::Memfd) {
    entry.name = "memfd:";
    entry.name += path;
  } else {
    entry.name = join_path(folder, path);
    check_witness(event, entry.name);
  }
  remember(event.result, entry);
}

void Decoder::check_witness(Event& event, std::string_view path) {
  const Blob* blob = record_.find(BLOB_FILE);
  if (blob == nullptr || blob->bytes.size() < sizeof(wire_file)) return;
  const auto file = record_.get<wire_file>(BLOB_FILE);
  const LastNames object = names_of(*blob);
  const bool is_mount_root = object.name == "/";
  const bool unnamed = (event.fd.entry.flags & O_TMPFILE) == O_TMPFILE;
  if (is_mount_root || unnamed || file->magic == kAnonInodeMagic) return;
  const std::string_view folder = last_name(parent_path(path));
  const bool folder_agrees = object.folder == folder || object.folder == "/" || file->magic == kProcMagic;
  if (object.name == last_name(path) && folder_agrees) return;
  const FileEntry& entry = event.fd.entry;
  event.object_path = path_of_fd(process_->pid, event.fd.number, entry.device, entry.inode);
  if (event.object_path.empty()) {
    event.object_path = object.folder;
    event.object_path += '/';
    event.object_path += object.name;
  }
  // A symlink says one name and opens another, and so does a bind mount: then the string still leads to this very file.
  const Roots roots = process_->container == nullptr && process_->root == "/" ? Roots::Ours : Roots::Another;
  event.rewritten = !is_relative_to_self(path) && !is_file_at(process_->pid, roots, std::string(path), entry.device, entry.inode);
}

bool Decoder::describe(const Process&, std::int64_t fd, FileEntry& entry) const {
  if (const Blob* blob = record_.find(BLOB_FILE, static_cast<std::int32_t>(fd)); blob != nullptr && blob->bytes.size() >= sizeof(wire_file)) {
    wire_file file;
    std::memcpy(&file, blob->bytes.data(), sizeof file);
    const std::string_view name = names_of(*blob).name;
    entry.kind = kind_of(file, name);
    entry.name.clear();
    entry.flags = file.flags;
    entry.device = to_user_device(file.device);
    entry.inode = file.inode;
    entry.upper_layer = file.layer == LAYER_UPPER;
    entry.lower_layer = file.layer == LAYER_LOWER;
    entry.family = entry.type = entry.protocol = 0;
    entry.has_client = entry.has_server = entry.local_is_server = entry.connected = false;
    if (entry.kind == FileKind::Memfd) entry.name = name;
    return true;
  }
  return false;
}

FileEntry* Decoder::known_file(std::int64_t fd) {
  const auto at = process_->files->entries.find(static_cast<std::int32_t>(fd));
  if (at == process_->files->entries.end()) return nullptr;
  FileEntry& entry = at->second;
  const auto agrees = [&entry](std::uint64_t device, std::uint64_t inode) {
    return entry.inode == 0 || (entry.inode == inode && entry.device == to_user_device(device));
  };
  if (const Blob* blob = record_.find(BLOB_FILE, static_cast<std::int32_t>(fd)); blob != nullptr && blob->bytes.size() >= sizeof(wire_file)) {
    wire_file file;
    std::memcpy(&file, blob->bytes.data(), sizeof file);
    return agrees(file.device, file.inode) ? &entry : nullptr;
  }
  if (const auto socket = record_.get<wire_socket>(BLOB_SOCKET)) return agrees(socket->device, socket->inode) ? &entry : nullptr;
  return &entry;
}

void Decoder::use_file(Event& event, const CallRow&, std::int64_t fd) {
  event.fd.use = EventFd::Use::Uses;
  event.fd.number = fd;
  if (fd < 0) return;
  if (const FileEntry* entry = known_file(fd)) {
    event.fd.known = true;
    event.fd.entry = *entry;
    event.fd.name_raw = entry->name;
    return;
  }
  if (!describe(*process_, fd, event.fd.entry)) return;
  event.fd.known = true;
  if (event.fd.entry.name.empty()) event.fd.entry.name = path_of_fd(process_->pid, fd, event.fd.entry.device, event.fd.entry.inode);
  event.fd.name_raw = event.fd.entry.name;
  remember(fd, event.fd.entry);
}

void Decoder::duplicate(Event& event, std::int64_t from, std::int64_t to, bool close_on_exec) {
  const auto at = process_->files->entries.find(static_cast<std::int32_t>(from));
  const auto file = record_.get<wire_file>(BLOB_FILE);
  const auto socket = record_.get<wire_socket>(BLOB_SOCKET);
  const std::uint64_t inode = file ? file->inode : socket ? socket->inode : 0;
  if (at != process_->files->entries.end() && (inode == 0 || at->second.inode == 0 || at->second.inode == inode)) {
    event.fd.entry = at->second;
    event.fd.known = true;
  } else if (socket) {
    event.fd.entry = FileEntry{};
    name_socket(event.fd.entry);
    event.fd.known = true;
  } else if (describe(*process_, to, event.fd.entry)) {
    if (event.fd.entry.name.empty()) event.fd.entry.name = path_of_fd(process_->pid, to, event.fd.entry.device, event.fd.entry.inode);
    event.fd.known = true;
  } else {
    return;
  }
  event.fd.entry.flags = close_on_exec ? event.fd.entry.flags | O_CLOEXEC : event.fd.entry.flags & ~static_cast<unsigned>(O_CLOEXEC);
  event.fd.name_raw = event.fd.entry.name;
  remember(to, event.fd.entry);
}

void Decoder::remember(std::int64_t fd, const FileEntry& entry) {
  auto& entries = process_->files->entries;
  const auto number = static_cast<std::int32_t>(fd);
  if (entries.size() >= kMaxFilesPerProcess && entries.find(number) == entries.end()) return;
  entries[number] = entry;
}

}  // namespace detector

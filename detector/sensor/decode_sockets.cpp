// Sockets: who is client and who server, and the name "client->server" that Falco gives them (falco.md, appendix B). Addresses are the
// kernel's own; the sockaddr in user memory only stands in where the kernel has none (a failed connect, an unconnected datagram).
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fmt/format.h>

#include "detector/sensor/decoder.h"

namespace detector {
namespace {

struct Endpoint {
  int family = AF_UNSPEC;
  IpAddress ip;
  std::uint16_t port = 0;
  std::string_view path;
};

// ::ffff:1.2.3.4 is shown, and compared, as 1.2.3.4.
IpAddress from_v6(const std::uint8_t* bytes) {
  constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  IpAddress ip;
  if (std::memcmp(bytes, kMapped, sizeof kMapped) == 0) {
    std::memcpy(ip.bytes.data(), bytes + 12, 4);
    return ip;
  }
  ip.v6 = true;
  std::memcpy(ip.bytes.data(), bytes, 16);
  return ip;
}

IpAddress from_v4(const std::uint8_t* bytes) {
  IpAddress ip;
  std::memcpy(ip.bytes.data(), bytes, 4);
  return ip;
}

bool is_any(const IpAddress& ip) { return ip.bytes == IpAddress{}.bytes; }

Endpoint parse_address(std::string_view bytes) {
  Endpoint end;
  sa_family_t family = AF_UNSPEC;
  if (bytes.size() < sizeof family) return end;
  std::memcpy(&family, bytes.data(), sizeof family);
  if (family == AF_INET && bytes.size() >= 8) {
    sockaddr_in address{};
    std::memcpy(&address, bytes.data(), std::min(bytes.size(), sizeof address));
    end.ip = from_v4(reinterpret_cast<const std::uint8_t*>(&address.sin_addr));
    end.port = ntohs(address.sin_port);
    end.family = AF_INET;
  } else if (family == AF_INET6 && bytes.size() >= 24) {
    sockaddr_in6 address{};
    std::memcpy(&address, bytes.data(), std::min(bytes.size(), sizeof address));
    end.ip = from_v6(address.sin6_addr.s6_addr);
    end.port = ntohs(address.sin6_port);
    end.family = AF_INET6;
  } else if (family == AF_UNIX) {
    end.path = bytes.substr(sizeof family);
    if (end.path.starts_with('\0')) end.path.remove_prefix(1);   // abstract
    end.path = until_nul(end.path);
    end.family = AF_UNIX;
  } else {
    end.family = family;
  }
  return end;
}

std::string address_and_port(const IpAddress& ip, std::uint16_t port) { return fmt::format("{}:{}", to_text(ip), port); }

FileKind kind_of_family(int family) {
  switch (family) {
    case AF_INET: return FileKind::Ipv4;
    case AF_INET6: return FileKind::Ipv6;
    case AF_UNIX: return FileKind::Unix;
    case AF_NETLINK: return FileKind::Netlink;
    default: return FileKind::Unsupported;
  }
}

void build_name(FileEntry& entry) {
  if (entry.kind != FileKind::Ipv4 && entry.kind != FileKind::Ipv6) return;
  if (entry.has_client && entry.has_server) {
    entry.name = address_and_port(entry.client_ip, entry.client_port) + "->" + address_and_port(entry.server_ip, entry.server_port);
  } else if (entry.has_server) {
    entry.name = address_and_port(entry.server_ip, entry.server_port);
  } else {
    entry.name.clear();
  }
}

void set_ends(FileEntry& entry, const IpAddress& local, std::uint16_t local_port, const IpAddress& remote, std::uint16_t remote_port) {
  entry.client_ip = entry.local_is_server ? remote : local;
  entry.client_port = entry.local_is_server ? remote_port : local_port;
  entry.server_ip = entry.local_is_server ? local : remote;
  entry.server_port = entry.local_is_server ? local_port : remote_port;
  entry.has_client = entry.has_server = true;
  entry.kind = entry.client_ip.v6 || entry.server_ip.v6 ? FileKind::Ipv6 : FileKind::Ipv4;
}

}  // namespace

std::string address_text(std::string_view sockaddr) {
  const Endpoint end = parse_address(sockaddr);
  if (end.family == AF_INET || end.family == AF_INET6) return address_and_port(end.ip, end.port);
  return std::string(end.path);
}

// What the record's socket is, with both ends where it has them; the role (local_is_server) is the entry's own.
void Decoder::name_socket(FileEntry& entry) const {
  const auto socket = record_.get<wire_socket>(BLOB_SOCKET);
  if (!socket) return;
  entry.kind = kind_of_family(socket->family);
  entry.family = socket->family;
  entry.type = socket->type;
  entry.protocol = socket->protocol;
  entry.device = to_user_device(socket->device);
  entry.inode = socket->inode;
  if (socket->family == AF_UNIX) {
    const std::string_view path(reinterpret_cast<const char*>(socket->path), std::min<std::size_t>(socket->path_length, sizeof socket->path));
    const std::string_view name = path.starts_with('\0') ? path.substr(1) : until_nul(path);
    entry.name = fmt::format("{:x}->{:x} {}", socket->kernel_socket, socket->kernel_peer, name);
    return;
  }
  if (socket->family != AF_INET && socket->family != AF_INET6) return;
  const bool v6 = socket->family == AF_INET6;
  const IpAddress local = v6 ? from_v6(socket->local) : from_v4(socket->local);
  const IpAddress remote = v6 ? from_v6(socket->remote) : from_v4(socket->remote);
  if (socket->remote_port != 0 || !is_any(remote)) {
    set_ends(entry, local, socket->local_port, remote, socket->remote_port);
  } else if (entry.local_is_server) {
    entry.has_client = false;
    entry.has_server = true;
    entry.server_ip = local;
    entry.server_port = socket->local_port;
  }
  build_name(entry);
}

void Decoder::change_socket(Event& event, const CallRow& row) {
  const bool creates = row.use == EventFd::Use::Creates;
  const std::int64_t fd = creates ? event.result : static_cast<std::int32_t>(record_.header.args[0]);
  event.fd.number = creates && event.result < 0 ? -1 : fd;
  const Blob* blob = record_.find(BLOB_ADDRESS);
  const Endpoint given = blob == nullptr ? Endpoint{} : parse_address(blob->bytes);
  const auto socket = record_.get<wire_socket>(BLOB_SOCKET);
  const bool in_progress = row.effect == Effect::Connect && event.result == -EINPROGRESS;
  const bool worked = event.result >= 0 || in_progress;
  if (creates && event.result < 0) return;
  if (fd < 0) return;

  const FileEntry* before = creates ? nullptr : known_file(fd);
  FileEntry& entry = event.fd.entry;
  entry = before != nullptr ? *before : FileEntry{};
  const std::string old_name = entry.name;
  const bool had_ends = entry.has_client && entry.has_server;
  if (before == nullptr && socket) name_socket(entry);
  event.fd.known = before != nullptr || socket.has_value();

  if (!worked) {   // what it would have been, for the event alone; the state stays
    if (row.effect == Effect::Connect && socket && given.family != AF_UNSPEC) {
      if (given.family == AF_UNIX) event.fd.fallback_name = given.path;
      else event.fd.fallback_name = address_and_port(socket->family == AF_INET6 ? from_v6(socket->local) : from_v4(socket->local), socket->local_port) +
                                    "->" + address_and_port(given.ip, given.port);
    }
    return;
  }
  switch (row.effect) {
    case Effect::Accept: entry.local_is_server = true; break;
    case Effect::Bind: entry.local_is_server = given.family != AF_UNIX && socket && socket->local_port != 0; break;
    case Effect::Connect:
      entry.local_is_server = false;
      entry.connected = true;
      break;
    case Effect::None:
    case Effect::Open:
    case Effect::Duplicate:
    case Effect::Fcntl:
    case Effect::Socket:
    case Effect::Send:
    case Effect::Listen:
    case Effect::Chdir:
    case Effect::Chroot:
    case Effect::Credentials:
    case Effect::NewSession:
    case Effect::SetGroup: break;
  }
  name_socket(entry);
  const bool inet = given.family == AF_INET || given.family == AF_INET6;
  const bool kernel_has_peer = entry.has_client && entry.has_server;
  if (row.effect == Effect::Accept) entry.connected = true;
  if (row.effect == Effect::Connect && inet) {
    if (!kernel_has_peer && socket) {
      set_ends(entry, socket->family == AF_INET6 ? from_v6(socket->local) : from_v4(socket->local), socket->local_port, given.ip, given.port);
    } else if (!is_any(given.ip) && (entry.server_ip != given.ip || entry.server_port != given.port)) {
      event.rewritten = true;     // the kernel connected to another address than the string says by now
      event.object_path = address_and_port(entry.server_ip, entry.server_port);
    }
  }
  if (row.effect == Effect::Send) {
    if (inet && socket && socket->remote_port == 0) {
      set_ends(entry, socket->family == AF_INET6 ? from_v6(socket->local) : from_v4(socket->local), socket->local_port, given.ip, given.port);
    }
    if (had_ends) entry.connected = true;
  }
  build_name(entry);
  event.fd.name_changed = entry.name != old_name;
  event.fd.name_raw = entry.name;
  remember(fd, entry);
}

}  // namespace detector

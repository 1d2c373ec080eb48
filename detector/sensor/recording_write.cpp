// Writing an event: whatever still has its default is left out, so that a line says what matters.
#include "detector/sensor/recording.h"

#include "detector/sensor/recording_names.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <type_traits>

namespace detector {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMostAncestors = 32;

template <class T>
void put(Json& into, const char* key, const T& value, const T& unless) {
  if (value != unless) into[key] = value;
}

void put_time(Json& into, const char* key, core::TimePoint time) {
  if (time != core::TimePoint{}) into[key] = core::to_rfc3339(time);
}

void put_file(Json& into, const FileEntry& file) {
  const FileEntry blank;
  into["kind"] = name_of(kFileKinds, file.kind);
  put(into, "name", file.name, blank.name);
  put(into, "flags", file.flags, blank.flags);
  put(into, "dev", file.device, blank.device);
  put(into, "ino", file.inode, blank.inode);
  put(into, "upper_layer", file.upper_layer, false);
  put(into, "lower_layer", file.lower_layer, false);
  put(into, "family", file.family, blank.family);
  put(into, "type", file.type, blank.type);
  put(into, "protocol", file.protocol, blank.protocol);
  if (file.has_client) into["client"] = endpoint_text(file.client_ip, file.client_port);
  if (file.has_server) into["server"] = endpoint_text(file.server_ip, file.server_port);
  put(into, "local_is_server", file.local_is_server, false);
  put(into, "connected", file.connected, false);
}

Json container_of(const Container& container) {
  const Container blank;
  Json out = Json::object();
  out["id"] = container.id;
  put(out, "full_id", container.full_id, blank.full_id);
  put(out, "name", container.name, blank.name);
  put(out, "image", container.image, blank.image);
  put(out, "image_id", container.image_id, blank.image_id);
  put(out, "repository", container.repository, blank.repository);
  put(out, "tag", container.tag, blank.tag);
  put(out, "digest", container.digest, blank.digest);
  put(out, "type", container.type, blank.type);
  put(out, "pod_name", container.pod_name, blank.pod_name);
  put(out, "pod_namespace", container.pod_namespace, blank.pod_namespace);
  put(out, "pod_uid", container.pod_uid, blank.pod_uid);
  put(out, "privileged", container.privileged, false);
  out["known"] = container.known;
  for (const auto& [key, value] : container.labels) out["labels"][key] = value;
  return out;
}

Json process_of(const Process& p, Users* users) {
  const Process blank;
  Json out = Json::object();
  out["tid"] = p.tid;
  out["pid"] = p.pid;
  put(out, "ppid", p.parent_tid, blank.parent_tid);
  out["vtid"] = p.vtid;
  out["vpid"] = p.vpid;
  put(out, "sid", p.sid, blank.sid);
  put(out, "pgid", p.pgid, blank.pgid);
  put(out, "vpgid", p.vpgid, blank.vpgid);
  out["name"] = p.comm;
  out["exe"] = p.exe;
  out["exepath"] = p.exepath;
  out["args"] = p.args;
  put(out, "env", p.env, blank.env);
  out["cwd"] = p.cwd;
  put(out, "root", p.root, blank.root);
  put(out, "uid", p.uid, blank.uid);
  put(out, "gid", p.gid, blank.gid);
  put(out, "loginuid", p.loginuid, blank.loginuid);
  if (users) {
    put(out, "user", users->user_name(p, p.uid), std::string{});
    put(out, "home", users->user_home(p, p.uid), std::string{});
    put(out, "shell", users->user_shell(p, p.uid), std::string{});
    put(out, "group", users->group_name(p, p.gid), std::string{});
    put(out, "loginuser", users->user_name(p, p.loginuid), std::string{});
  }
  put(out, "tty", p.tty, blank.tty);
  put(out, "cap_permitted", p.cap_permitted, blank.cap_permitted);
  put(out, "cap_effective", p.cap_effective, blank.cap_effective);
  put(out, "cap_inheritable", p.cap_inheritable, blank.cap_inheritable);
  put_time(out, "started", p.started);
  put_time(out, "pidns_init_started", p.pidns_init_started);
  put(out, "exe_ino", p.exe_inode, blank.exe_inode);
  put_time(out, "exe_ctime", p.exe_ctime);
  put_time(out, "exe_mtime", p.exe_mtime);
  put(out, "exe_writable", p.exe_writable, false);
  put(out, "exe_upper_layer", p.exe_upper_layer, false);
  put(out, "exe_lower_layer", p.exe_lower_layer, false);
  put(out, "exe_from_memfd", p.exe_from_memfd, false);
  put(out, "cgroup", p.cgroup, blank.cgroup);
  if (p.container) out["container"] = container_of(*p.container);
  for (const int fd : {0, 1, 2}) {   // what proc.stdin.name and its like ask for
    if (!p.files) break;
    const auto file = p.files->entries.find(fd);
    if (file != p.files->entries.end()) put_file(out["files"][fmt::to_string(fd)], file->second);
  }
  return out;
}

// Everything of a process that changes in its life; two equal prints are the same process in the same state.
std::size_t print_of(const Process& p) {
  std::size_t print = 0;
  const auto mix = [&print](const auto& value) { print = print * 1099511628211U + std::hash<std::decay_t<decltype(value)>>{}(value); };
  for (const std::string* text : {&p.comm, &p.exe, &p.exepath, &p.cwd, &p.root, &p.cgroup}) mix(*text);
  for (const auto& arg : p.args) mix(arg);
  mix(p.env.size());
  for (const std::int64_t number : {p.pid, p.parent_tid, p.sid, p.pgid, p.vpgid, std::int64_t{p.uid}, std::int64_t{p.gid}, std::int64_t{p.loginuid}, std::int64_t{p.tty}}) mix(number);
  mix(p.cap_effective);
  mix(p.cap_permitted);
  mix(p.started.time_since_epoch().count());
  mix(p.container && p.container->known);
  return print;
}

Json process_of(const Process& p, Users* users, SaidOfProcesses* said) {
  if (said) {
    const auto print = print_of(p);
    if (const auto [entry, is_new] = said->try_emplace(p.tid, print); !is_new && entry->second == print) return Json{{"tid", p.tid}};
    (*said)[p.tid] = print;
  }
  return process_of(p, users);
}

Json params_of(const Event& event) {
  Json out = Json::object();
  for (std::size_t i = 0; i < event.param_count; ++i) {
    const Param& param = event.params[i];
    Json& value = out[std::string{param.name}];
    if (param.kind == ParamKind::Number && param.text.empty()) {
      value = param.number;
    } else if (param.kind == ParamKind::Text) {
      value = param.text;
    } else {
      value["kind"] = name_of(kParamKinds, param.kind);
      if (param.number != 0) value["number"] = param.number;
      if (!param.text.empty()) value["text"] = param.text;
      if (!param.raw.empty()) value["raw"] = param.raw;
    }
  }
  return out;
}

Json fd_of(const EventFd& fd) {
  Json out = Json::object();
  out["use"] = fd.use == EventFd::Use::Creates ? "creates" : "uses";
  out["num"] = fd.number;
  if (fd.known) put_file(out, fd.entry);
  put(out, "name_raw", fd.name_raw, std::string{});
  put(out, "fallback_name", fd.fallback_name, std::string{});
  put(out, "name_changed", fd.name_changed, false);
  return out;
}

}  // namespace

std::string to_recording(const Event& event, Users* users, SaidOfProcesses* said) {
  Json out = Json::object();
  out["num"] = event.number;
  out["time"] = core::to_rfc3339(event.time);
  out["type"] = to_text(event.type);
  put(out, "cpu", event.cpu, 0);
  if (event.has_result) out["result"] = event.result;
  out["params"] = params_of(event);
  if (event.fd.use != EventFd::Use::None) out["fd"] = fd_of(event.fd);
  put(out, "rewritten", event.rewritten, false);
  put(out, "object_path", event.object_path, std::string{});
  if (event.process) {
    out["proc"] = process_of(*event.process, users, said);
    Json ancestors = Json::array();
    int depth = 0;
    for (const Process* p = event.process->parent; p && depth < kMostAncestors; p = p->parent, ++depth) ancestors.push_back(process_of(*p, users, said));
    if (!ancestors.empty()) out["ancestors"] = std::move(ancestors);
  }
  // Bytes that are no UTF-8 become U+FFFD: JSON has no other way to say them.
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string endpoint_text(const IpAddress& ip, std::uint16_t port) {
  return ip.v6 ? fmt::format("[{}]:{}", to_text(ip), port) : fmt::format("{}:{}", to_text(ip), port);
}

}  // namespace detector

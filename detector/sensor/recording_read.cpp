#include "detector/sensor/recording.h"

#include "core/suggest.h"
#include "detector/sensor/recording_names.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace detector {

namespace {

using Json = nlohmann::ordered_json;   // params keep their order
using Faults = std::vector<std::string>;

// Reads the keys of one object: each is asked for once, and those that nobody asked for are faults.
class Object {
 public:
  Object(const Json& json, std::string name, Faults& faults) : json_{json}, name_{std::move(name)}, faults_{faults} {
    if (!json.is_object()) wrong("", "an object");
  }

  const Json* find(std::string_view key) {
    known_.emplace_back(key);
    if (!json_.is_object()) return nullptr;
    const auto found = json_.find(std::string{key});
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  }
  void text(std::string_view key, std::string& into) {
    const Json* value = find(key);
    if (!value) return;
    if (value->is_string()) into = value->get<std::string>();
    else wrong(key, "a text");
  }
  template <class T>
  void number(std::string_view key, T& into) {
    const Json* value = find(key);
    if (!value) return;
    if (value->is_number_unsigned() && std::in_range<T>(value->get<std::uint64_t>())) into = static_cast<T>(value->get<std::uint64_t>());
    else if (value->is_number_integer() && !value->is_number_unsigned() && std::in_range<T>(value->get<std::int64_t>())) into = static_cast<T>(value->get<std::int64_t>());
    else wrong(key, "a whole number in its range");
  }
  void boolean(std::string_view key, bool& into) {
    const Json* value = find(key);
    if (!value) return;
    if (value->is_boolean()) into = value->get<bool>();
    else wrong(key, "true or false");
  }
  void texts(std::string_view key, std::vector<std::string>& into) {
    const Json* value = find(key);
    if (!value) return;
    std::vector<std::string> items;
    for (const Json& item : value->is_array() ? *value : Json::array({nullptr})) {
      if (!item.is_string()) return wrong(key, "a list of texts");
      items.push_back(item.get<std::string>());
    }
    into = std::move(items);
  }
  // "2026-11-21T12:00:00.5Z", or nanoseconds since 1970.
  void time(std::string_view key, core::TimePoint& into) {
    const Json* value = find(key);
    if (!value) return;
    if (value->is_number_integer()) {
      into = core::TimePoint{std::chrono::nanoseconds{value->get<std::int64_t>()}};
      return;
    }
    const auto parsed = value->is_string() ? core::parse_rfc3339(value->get<std::string>()) : core::Result<core::TimePoint>{core::Error{core::Fault::Invalid, ""}};
    if (parsed) into = *parsed;
    else wrong(key, "a time such as \"2026-11-21T12:00:00.5Z\", or nanoseconds since 1970");
  }
  template <class Table, class T>
  void word(std::string_view key, const Table& table, T& into) {
    std::string name;
    text(key, name);
    if (name.empty()) return;
    if (const auto value = find_by_name(table, name)) into = *value;
    else wrong(key, fmt::format("a kind we know ('{}')", name));
  }

  void wrong(std::string_view key, std::string_view wanted) {
    faults_.push_back(key.empty() ? fmt::format("'{}' is not {}", name_, wanted) : fmt::format("'{}.{}' is not {}", name_, key, wanted));
  }
  void finish() {
    if (!json_.is_object()) return;
    for (const auto& [key, value] : json_.items()) {
      if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
      faults_.push_back(fmt::format("'{}' has no key '{}'; {}", name_, key, core::did_you_mean(key, known_)));
    }
  }

 private:
  const Json& json_;
  const std::string name_;
  Faults& faults_;
  std::vector<std::string> known_;
};

void read_file(const Json& json, const std::string& name, FileEntry& file, Faults& faults, Object* shared = nullptr) {
  Object own{json, name, faults};
  Object& object = shared ? *shared : own;
  object.word("kind", kFileKinds, file.kind);
  object.text("name", file.name);
  object.number("flags", file.flags);
  object.number("dev", file.device);
  object.number("ino", file.inode);
  object.boolean("upper_layer", file.upper_layer);
  object.boolean("lower_layer", file.lower_layer);
  object.number("family", file.family);
  object.number("type", file.type);
  object.number("protocol", file.protocol);
  std::string client, server;
  object.text("client", client);
  object.text("server", server);
  if (!client.empty() && !(file.has_client = parse_endpoint(client, file.client_ip, file.client_port))) object.wrong("client", "\"address:port\"");
  if (!server.empty() && !(file.has_server = parse_endpoint(server, file.server_ip, file.server_port))) object.wrong("server", "\"address:port\"");
  object.boolean("local_is_server", file.local_is_server);
  object.boolean("connected", file.connected);
  if (!shared) object.finish();
}

void read_container(const Json& json, std::shared_ptr<Container>& into, Faults& faults) {
  if (json == "host") {
    into = nullptr;
    return;
  }
  auto container = std::make_shared<Container>();
  Object object{json, "container", faults};
  object.text("id", container->id);
  object.text("full_id", container->full_id);
  object.text("name", container->name);
  object.text("image", container->image);
  object.text("image_id", container->image_id);
  object.text("repository", container->repository);
  object.text("tag", container->tag);
  object.text("digest", container->digest);
  object.text("type", container->type);
  object.text("pod_name", container->pod_name);
  object.text("pod_namespace", container->pod_namespace);
  object.text("pod_uid", container->pod_uid);
  object.boolean("privileged", container->privileged);
  container->known = !container->image.empty() || !container->name.empty();
  object.boolean("known", container->known);
  if (const Json* labels = object.find("labels"); labels && labels->is_object()) {
    for (const auto& [key, value] : labels->items()) container->labels[key] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  object.finish();
  into = std::move(container);
}

void read_fd(const Json& json, EventFd& fd, Faults& faults) {
  Object object{json, "fd", faults};
  std::string use = "uses";
  object.text("use", use);
  if (use != "uses" && use != "creates") object.wrong("use", "\"uses\" or \"creates\"");
  fd.use = use == "creates" ? EventFd::Use::Creates : EventFd::Use::Uses;
  object.number("num", fd.number);
  object.text("name_raw", fd.name_raw);
  object.text("fallback_name", fd.fallback_name);
  object.boolean("name_changed", fd.name_changed);
  fd.entry = FileEntry{};
  read_file(json, "fd", fd.entry, faults, &object);
  fd.known = json.is_object() && json.contains("kind");
  object.finish();
}

}  // namespace

class RecordingReader::RecordedUsers final : public Users {
 public:
  struct User { std::string name, home, shell; };
  std::string user_name(const Process&, std::uint32_t uid) override { return user(uid).name; }
  std::string user_home(const Process&, std::uint32_t uid) override { return user(uid).home; }
  std::string user_shell(const Process&, std::uint32_t uid) override { return user(uid).shell; }
  std::string group_name(const Process&, std::uint32_t gid) override {
    const auto found = groups.find(gid);
    return found == groups.end() ? "" : found->second;
  }
  std::map<std::uint32_t, User> users;
  std::map<std::uint32_t, std::string> groups;

 private:
  User user(std::uint32_t uid) const {
    const auto found = users.find(uid);
    return found == users.end() ? User{} : found->second;
  }
};

namespace {

void read_params(const Json& json, Event& event, std::set<std::string, std::less<>>& names, Faults& faults) {
  if (!json.is_object()) {
    faults.emplace_back("'params' is not an object");
    return;
  }
  for (const auto& [key, value] : json.items()) {
    Param& param = event.add_param(*names.insert(key).first, ParamKind::Text);
    if (value.is_string()) {
      param.text = value.get<std::string>();
    } else if (value.is_number_integer()) {
      param.kind = ParamKind::Number;
      param.number = value.get<std::int64_t>();
    } else {
      Object object{value, "params." + key, faults};
      object.word("kind", kParamKinds, param.kind);
      object.number("number", param.number);
      object.text("text", param.text);
      object.text("raw", param.raw);
      object.finish();
    }
  }
}

}  // namespace

RecordingReader::RecordingReader() : users_{std::make_unique<RecordedUsers>()} {}
RecordingReader::~RecordingReader() = default;
Users& RecordingReader::users() { return *users_; }

std::vector<std::string> RecordingReader::read(std::string_view line, Event& event, std::size_t& column) {
  Faults faults;
  column = 1;
  Json json;
  try {
    json = Json::parse(line);
  } catch (const Json::parse_error& error) {
    column = std::max<std::size_t>(error.byte, 1);
    return {"this line is not one JSON object"};
  }

  event.clear();
  Object top{json, "event", faults};
  top.number("num", event.number);
  top.time("time", event.time);
  if (event.time == core::TimePoint{}) faults.emplace_back("the event lacks 'time'");
  std::string type;
  top.text("type", type);
  if (const auto found = find_event_type(type)) event.type = *found;
  else faults.push_back(type.empty() ? "the event lacks 'type'" : fmt::format("'{}' is not a type of event", type));
  top.number("cpu", event.cpu);
  event.has_result = top.find("result") != nullptr;
  top.number("result", event.result);
  if (const Json* params = top.find("params")) read_params(*params, event, names_, faults);
  if (const Json* fd = top.find("fd")) read_fd(*fd, event.fd, faults);
  top.boolean("rewritten", event.rewritten);
  top.text("object_path", event.object_path);

  const auto read_process = [&](const Json& from) -> Process* {
    Object object{from, "proc", faults};
    std::int64_t tid = -1;
    object.number("tid", tid);
    if (tid < 0) object.number("pid", tid);
    if (tid < 0) {
      faults.emplace_back("a process lacks 'tid' and 'pid'");
      return nullptr;
    }
    auto& slot = processes_[tid];
    if (!slot) {
      slot = std::make_unique<Process>();
      slot->tid = slot->pid = slot->vtid = slot->vpid = tid;
      slot->main_thread = slot.get();
      slot->files = std::make_shared<FileTable>();
    }
    Process& p = *slot;
    object.number("pid", p.pid);
    object.number("ppid", p.parent_tid);
    object.number("vtid", p.vtid);
    object.number("vpid", p.vpid);
    object.number("sid", p.sid);
    object.number("pgid", p.pgid);
    object.number("vpgid", p.vpgid);
    object.text("name", p.comm);
    object.text("exe", p.exe);
    object.text("exepath", p.exepath);
    object.texts("args", p.args);
    object.texts("env", p.env);
    object.text("cwd", p.cwd);
    object.text("root", p.root);
    object.number("uid", p.uid);
    object.number("gid", p.gid);
    object.number("loginuid", p.loginuid);
    object.number("tty", p.tty);
    object.number("cap_permitted", p.cap_permitted);
    object.number("cap_effective", p.cap_effective);
    object.number("cap_inheritable", p.cap_inheritable);
    object.time("started", p.started);
    object.time("pidns_init_started", p.pidns_init_started);
    object.number("exe_ino", p.exe_inode);
    object.time("exe_ctime", p.exe_ctime);
    object.time("exe_mtime", p.exe_mtime);
    object.boolean("exe_writable", p.exe_writable);
    object.boolean("exe_upper_layer", p.exe_upper_layer);
    object.boolean("exe_lower_layer", p.exe_lower_layer);
    object.boolean("exe_from_memfd", p.exe_from_memfd);
    object.text("cgroup", p.cgroup);
    object.text("user", users_->users[p.uid].name);
    object.text("home", users_->users[p.uid].home);
    object.text("shell", users_->users[p.uid].shell);
    object.text("group", users_->groups[p.gid]);
    object.text("loginuser", users_->users[p.loginuid].name);
    if (const Json* container = object.find("container")) read_container(*container, p.container, faults);
    if (const Json* files = object.find("files"); files && files->is_object()) {
      for (const auto& [number, file] : files->items()) {
        std::int32_t fd = -1;
        std::from_chars(number.data(), number.data() + number.size(), fd);
        read_file(file, "proc.files." + number, p.files->entries[fd] = FileEntry{}, faults);
      }
    }
    object.finish();
    return &p;
  };

  if (const Json* process = top.find("proc")) event.process = read_process(*process);
  else faults.emplace_back("the event lacks 'proc'");
  Process* child = event.process;
  if (const Json* ancestors = top.find("ancestors")) {
    if (!ancestors->is_array()) faults.emplace_back("'ancestors' is not a list of processes, the parent first");
    else for (const Json& one : *ancestors) {
      Process* parent = read_process(one);
      if (!parent || !child || parent == child) break;
      child->parent = parent;
      child->parent_tid = parent->tid;
      child = parent;
    }
  }
  top.finish();
  return faults;
}

bool parse_endpoint(std::string_view text, IpAddress& ip, std::uint16_t& port) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::string host{text.substr(0, colon)};
  ip = IpAddress{};
  ip.v6 = host.starts_with('[') && host.ends_with(']');
  if (ip.v6) host = host.substr(1, host.size() - 2);
  const auto [end, fault] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
  return fault == std::errc{} && end == text.data() + text.size() && ::inet_pton(ip.v6 ? AF_INET6 : AF_INET, host.c_str(), ip.bytes.data()) == 1;
}

}  // namespace detector

// container.*, k8s.*, util.*: what Falco's container plugin knows. On the host the id is "host" and the image is empty, not missing:
// rules say `container.id != host`. Metadata that has not arrived yet is missing.
#include "detector/event/field_rows.h"

namespace detector {
namespace {

const Container* container_of(const Event& event) { return event.process->container.get(); }

template <std::string Container::* Member>
Value known(std::string_view, const Event& event, FieldContext&) {
  const Container* container = container_of(event);
  if (container == nullptr) return std::string_view{};
  if (!container->known) return Missing{};
  return std::string_view{container->*Member};
}

template <std::string Container::* Member>
Value pod(std::string_view, const Event& event, FieldContext&) {
  const Container* container = container_of(event);
  if (container == nullptr || (container->*Member).empty()) return Missing{};
  return std::string_view{container->*Member};
}

Value read_id(std::string_view, const Event& event, FieldContext&) {
  return container_of(event) ? std::string_view{container_of(event)->id} : std::string_view{"host"};
}
Value read_full_id(std::string_view, const Event& event, FieldContext&) {
  return container_of(event) ? std::string_view{container_of(event)->full_id} : std::string_view{};
}
Value read_name(std::string_view, const Event& event, FieldContext&) {
  const Container* container = container_of(event);
  if (container == nullptr) return std::string_view{"host"};
  return container->known ? Value{std::string_view{container->name}} : Value{Missing{}};
}
Value read_type(std::string_view, const Event& event, FieldContext&) {
  const Container* container = container_of(event);
  if (container == nullptr) return std::string_view{"host"};
  return container->type.empty() ? Value{Missing{}} : Value{std::string_view{container->type}};
}
Value read_privileged(std::string_view, const Event& event, FieldContext&) {
  const Container* container = container_of(event);
  if (container == nullptr || !container->known) return Missing{};
  return container->privileged;
}
Value read_label(std::string_view argument, const Event& event, FieldContext&) {
  const Container* container = container_of(event);
  if (container == nullptr || !container->known) return Missing{};
  const auto found = container->labels.find(std::string{argument});
  return found == container->labels.end() ? Value{Missing{}} : Value{std::string_view{found->second}};
}
Value read_labels(std::string_view, const Event& event, FieldContext& context) {
  const Container* container = container_of(event);
  if (container == nullptr || !container->known || container->labels.empty()) return Missing{};
  context.scratch.clear();
  for (const auto& [name, value] : container->labels) {
    if (!context.scratch.empty()) context.scratch += ", ";
    context.scratch.append(name).append(":").append(value);
  }
  return std::string_view{context.scratch};
}
Value read_start(std::string_view, const Event& event, FieldContext&) {
  const auto started = event.process->pidns_init_started.time_since_epoch().count();
  if (container_of(event) == nullptr || started == 0) return Missing{};
  return static_cast<std::uint64_t>(started);
}
Value read_duration(std::string_view, const Event& event, FieldContext&) {
  const auto started = event.process->pidns_init_started;
  if (container_of(event) == nullptr || started.time_since_epoch().count() == 0 || event.time < started) return Missing{};
  return static_cast<std::uint64_t>((event.time - started).count());
}

constexpr auto kNo = FieldArgument::None;
constexpr auto kNeeds = FieldArgument::Required;
constexpr std::string_view kSys = "syscall";

constexpr FieldRow text(std::string_view name, FieldReader read, std::string_view help = "", FieldArgument argument = kNo, bool deprecated = false) {
  return {{name, FieldType::Text, argument, false, false, deprecated, kSys, help}, read};
}
constexpr FieldRow flag(std::string_view name, FieldReader read, std::string_view help = "") {
  return {{name, FieldType::Bool, kNo, false, false, false, kSys, help}, read};
}

const FieldRow kRows[] = {
  text("container.id", read_id, "host, or the first 12 digits"),
  text("container.full_id", read_full_id, "all 64 digits"),
  text("container.name", read_name, "its name"),
  text("container.image", known<&Container::image>, "image as it was asked for"),
  text("container.image.id", known<&Container::image_id>, "image id"),
  text("container.image.repository", known<&Container::repository>, "image without tag"),
  text("container.image.tag", known<&Container::tag>, "image tag"),
  text("container.image.digest", known<&Container::digest>, "image digest"),
  text("container.type", read_type, "docker, podman, containerd, cri-o, host"),
  flag("container.privileged", read_privileged, "runs privileged"),
  text("container.mounts", read_nothing, "its mounts"),
  text("container.mount", read_nothing, "", kNeeds),
  text("container.mount.source", read_nothing, "", kNeeds),
  text("container.mount.dest", read_nothing, "", kNeeds),
  text("container.mount.mode", read_nothing, "", kNeeds),
  text("container.mount.rdwr", read_nothing, "", kNeeds),
  text("container.mount.propagation", read_nothing, "", kNeeds),
  text("container.healthcheck", read_nothing),
  text("container.liveness_probe", read_nothing),
  text("container.readiness_probe", read_nothing),
  {{"container.start_ts", FieldType::AbsTime, kNo, false, false, false, kSys, "when it began, ns"}, read_start},
  {{"container.duration", FieldType::RelTime, kNo, false, false, false, kSys, "ns since it began"}, read_duration},
  text("container.ip", read_nothing),
  text("container.cni.json", read_nothing),
  flag("container.host_pid", read_nothing),
  flag("container.host_network", read_nothing),
  flag("container.host_ipc", read_nothing),
  text("container.label", read_label, "one label", kNeeds),
  text("container.labels", read_labels, "all labels"),
  flag("proc.is_container_healthcheck", read_nothing),
  flag("proc.is_container_liveness_probe", read_nothing),
  flag("proc.is_container_readiness_probe", read_nothing),
  text("k8s.ns.name", pod<&Container::pod_namespace>, "the pod's namespace"),
  text("k8s.pod.name", pod<&Container::pod_name>, "the pod's name"),
  text("k8s.pod.id", pod<&Container::pod_uid>, "the pod's id"),
  text("k8s.pod.uid", pod<&Container::pod_uid>, "the pod's id"),
  text("k8s.pod.sandbox_id", read_nothing),
  text("k8s.pod.full_sandbox_id", read_nothing),
  text("k8s.pod.label", read_nothing, "", kNeeds),
  text("k8s.pod.labels", read_nothing),
  text("k8s.pod.ip", read_nothing),
  text("k8s.pod.cni.json", read_nothing),
  text("k8s.rc.name", read_nothing, "", kNo, true), text("k8s.rc.id", read_nothing, "", kNo, true),
  text("k8s.rc.label", read_nothing, "", kNeeds, true), text("k8s.rc.labels", read_nothing, "", kNo, true),
  text("k8s.svc.name", read_nothing, "", kNo, true), text("k8s.svc.id", read_nothing, "", kNo, true),
  text("k8s.svc.label", read_nothing, "", kNeeds, true), text("k8s.svc.labels", read_nothing, "", kNo, true),
  text("k8s.ns.id", read_nothing, "", kNo, true),
  text("k8s.ns.label", read_nothing, "", kNeeds, true), text("k8s.ns.labels", read_nothing, "", kNo, true),
  text("k8s.rs.name", read_nothing, "", kNo, true), text("k8s.rs.id", read_nothing, "", kNo, true),
  text("k8s.rs.label", read_nothing, "", kNeeds, true), text("k8s.rs.labels", read_nothing, "", kNo, true),
  text("k8s.deployment.name", read_nothing, "", kNo, true), text("k8s.deployment.id", read_nothing, "", kNo, true),
  text("k8s.deployment.label", read_nothing, "", kNeeds, true), text("k8s.deployment.labels", read_nothing, "", kNo, true),
  {{"util.cnt", FieldType::Uint, kNo, false, false, false, kSys, ""}, read_nothing},
};

}  // namespace

std::span<const FieldRow> misc_field_rows() { return kRows; }

}  // namespace detector

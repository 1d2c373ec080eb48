// Containers by cgroup path.
#include "detector/event/containers.h"

#include "core/text.h"

#include <algorithm>
#include <array>

namespace detector {
namespace {

constexpr std::size_t kIdLength = 64, kShortId = 12;
constexpr std::size_t kMaxRemembered = 16384;   // cgroup paths: an attacker may make as many as he likes

struct Form {
  std::string_view prefix, engine;
};
// "libpod-conmon-<id>" is podman's own monitor, outside the container: no form fits it.
constexpr auto kForms = std::to_array<Form>({{"docker-", "docker"},
                                             {"libpod-payload-", "podman"},
                                             {"libpod-", "podman"},
                                             {"crio-", "cri-o"},
                                             {"cri-containerd-", "containerd"},
                                             {"nerdctl-", "containerd"}});

bool is_id(std::string_view text) {
  return text.size() == kIdLength &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

ContainerName parse_container(std::string_view cgroup) {
  const auto names = core::split(cgroup, '/');
  for (std::size_t i = names.size(); i-- > 1;) {
    std::string_view name = names[i];
    if (name.ends_with(".scope")) name.remove_suffix(6);
    if (is_id(name)) {
      if (names[i - 1] == "docker") return {name, "docker"};
      return {name, names[i - 1].starts_with("libpod") ? "podman" : "containerd"};
    }
    if (const std::size_t colon = name.rfind(':'); colon != std::string_view::npos && is_id(name.substr(colon + 1))) {
      return {name.substr(colon + 1), "containerd"};   // "system.slice:cri-containerd:<id>"
    }
    for (const Form& form : kForms) {
      if (name.starts_with(form.prefix) && is_id(name.substr(form.prefix.size()))) return {name.substr(form.prefix.size()), form.engine};
    }
  }
  return {};
}

std::shared_ptr<Container> Containers::of(const std::string& cgroup) {
  if (const auto at = by_cgroup_.find(cgroup); at != by_cgroup_.end()) return at->second;
  if (by_cgroup_.size() >= kMaxRemembered) by_cgroup_.clear();
  const ContainerName name = parse_container(cgroup);
  if (name.id.empty()) return by_cgroup_[cgroup] = nullptr;
  if (by_id_.size() >= kMaxRemembered) forget_unused();
  std::shared_ptr<Container>& container = by_id_[std::string(name.id)];
  const bool is_new = container == nullptr;
  if (is_new) {
    container = std::make_shared<Container>();
    container->full_id = name.id;
    container->id = name.id.substr(0, kShortId);
    container->type = name.engine;
  }
  by_cgroup_[cgroup] = container;
  const std::shared_ptr<Container> found = container;
  if (is_new && on_new) on_new(found);
  return found;
}

std::shared_ptr<Container> Containers::find(std::string_view full_id) const {
  const auto at = by_id_.find(std::string(full_id));
  return at == by_id_.end() ? nullptr : at->second;
}

void Containers::forget_unused() {
  by_cgroup_.clear();
  std::erase_if(by_id_, [](const auto& entry) { return entry.second.use_count() == 1; });
}

}  // namespace detector

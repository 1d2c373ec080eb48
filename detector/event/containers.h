// Which container a process is in, from the path of its cgroup (falco.md 7). One Container object per id, shared by all its processes, so
// that metadata which arrives later is seen by all of them.
#pragma once

#include "detector/event/process.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace detector {

struct ContainerName {
  std::string_view id;      // 64 hex digits; "": not a container
  std::string_view engine;  // docker, podman, cri-o, containerd
};
// "/docker/<64 hex>" and the forms of the other engines. Exactly 64 digits: other software names its cgroups with 32.
ContainerName parse_container(std::string_view cgroup);

class Containers {
 public:
  // The container of a cgroup path; nullptr: the host. Known paths cost one look-up.
  std::shared_ptr<Container> of(const std::string& cgroup);
  // nullptr: no process of it was seen.
  std::shared_ptr<Container> find(std::string_view full_id) const;
  // Called once for each container when its first process is seen, before that process's event; the receiver may ask an engine.
  std::function<void(const std::shared_ptr<Container>&)> on_new;

 private:
  void forget_unused();

  std::unordered_map<std::string, std::shared_ptr<Container>> by_cgroup_;
  std::unordered_map<std::string, std::shared_ptr<Container>> by_id_;
};

}  // namespace detector

// Named groups of hosts (`hosts:` in outputs.yaml): names, globs, and networks for hosts whose name is an address.
#pragma once

#include "core/fields.h"

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hub {

// An IPv4 or IPv6 network. IPv4 addresses count as ::ffff:a.b.c.d.
class Network {
 public:
  static core::Result<Network> parse(std::string_view text);  // "10.1.0.0/16", "fe80::/10"
  bool contains(std::string_view address) const;              // false for what is no address

 private:
  std::array<unsigned char, 16> bytes_{};
  unsigned bits_ = 128;
};

struct HostGroup {
  std::string name;
  std::vector<std::string> globs;
  std::vector<Network> networks;
  bool contains(std::string_view host) const;
};

using HostGroups = std::map<std::string, std::shared_ptr<const HostGroup>>;

// `hosts: {prod: ["prod-*", "10.1.0.0/16"]}`. Faults go to `diagnostics`; a faulty group is there all the same.
HostGroups read_host_groups(const core::YamlNode& node, core::Diagnostics& diagnostics);

}  // namespace hub

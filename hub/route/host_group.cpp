#include "hub/route/host_group.h"

#include "core/text.h"
#include "hub/route/text_pattern.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace hub {
namespace {

struct Address {
  std::array<unsigned char, 16> bytes{};
  bool is_v4 = false;
};

std::optional<Address> parse_address(std::string_view text) {
  if (text.size() > INET6_ADDRSTRLEN) return std::nullopt;
  const std::string whole{text};
  Address address;
  if (inet_pton(AF_INET6, whole.c_str(), address.bytes.data()) == 1) return address;
  std::array<unsigned char, 4> four{};
  if (inet_pton(AF_INET, whole.c_str(), four.data()) != 1) return std::nullopt;
  address.bytes[10] = address.bytes[11] = 0xff;
  std::copy(four.begin(), four.end(), address.bytes.begin() + 12);
  address.is_v4 = true;
  return address;
}

}  // namespace

core::Result<Network> Network::parse(std::string_view text) {
  const core::Error no{core::Fault::Invalid, "is no network; write 10.1.0.0/16 or fe80::/10"};
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return no;
  const auto address = parse_address(text.substr(0, slash));
  const std::string_view length = text.substr(slash + 1);
  unsigned bits = 0;
  const auto parsed = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (!address || length.empty() || parsed.ec != std::errc{} || parsed.ptr != length.data() + length.size()) return no;
  if (bits > (address->is_v4 ? 32U : 128U)) return no;
  Network made;
  made.bytes_ = address->bytes;
  made.bits_ = address->is_v4 ? bits + 96 : bits;
  return made;
}

bool Network::contains(std::string_view text) const {
  const auto address = parse_address(text);
  if (!address) return false;
  const unsigned whole = bits_ / 8, rest = bits_ % 8;
  if (std::memcmp(address->bytes.data(), bytes_.data(), whole) != 0) return false;
  if (rest == 0) return true;
  const unsigned mask = 0xff00U >> rest & 0xffU;
  return (address->bytes[whole] & mask) == (bytes_[whole] & mask);
}

bool HostGroup::contains(std::string_view host) const {
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) { return glob_matches(glob, host); }) ||
         std::any_of(networks.begin(), networks.end(), [&](const Network& network) { return network.contains(host); });
}

HostGroups read_host_groups(const core::YamlNode& node, core::Diagnostics& diagnostics) {
  HostGroups groups;
  if (!node.is_map()) {
    diagnostics.error(node.place, "'hosts' is not a map of groups",
                      "write hosts: {prod: [\"prod-*\", \"10.1.0.0/16\"]}");
    return groups;
  }
  for (const auto& [name, entries] : node.entries) {
    auto group = std::make_shared<HostGroup>();
    group->name = name.scalar;
    const std::string owner = "group of hosts '" + core::printable(name.scalar) + "'";
    if (!entries.is_sequence() || entries.items.empty()) {
      diagnostics.error(entries.place, owner + " is not a list of hosts", "write [\"prod-*\", \"10.1.0.0/16\"]");
    }
    for (const core::YamlNode& item : entries.items) {
      if (!item.is_scalar() || item.scalar.empty()) {
        diagnostics.error(item.place, owner + " has an entry that is not a text", "write a name, a glob or a network");
      } else if (item.scalar.find('/') != std::string::npos) {
        const auto network = Network::parse(item.scalar);
        if (network) {
          group->networks.push_back(*network);
        } else {
          diagnostics.error(item.place, owner + ": '" + core::printable(item.scalar) + "' " + network.error().what);
        }
      } else {
        group->globs.push_back(item.scalar.starts_with("glob:") ? item.scalar.substr(5) : item.scalar);
      }
    }
    groups[name.scalar] = std::move(group);
  }
  return groups;
}

}  // namespace hub

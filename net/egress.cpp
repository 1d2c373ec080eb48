#include "net/egress.h"

#include <boost/asio/ip/network_v4.hpp>

#include <algorithm>
#include <charconv>

namespace net {
namespace {

namespace ip = boost::asio::ip;

ip::address_v6 widened(const ip::address& address) {
  return address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()) : address.to_v6();
}

std::vector<Network> networks(std::initializer_list<std::string_view> texts) {
  std::vector<Network> made;
  for (const std::string_view text : texts) made.push_back(*Network::parse(text));
  return made;
}

const Network* find(const std::vector<Network>& all, const ip::address& address) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Network& each) { return each.contains(address); });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

core::Result<Network> Network::parse(std::string_view text) {
  const core::Error bad{core::Fault::Invalid, "'" + std::string{text} + "' is not a network like 10.0.0.0/8"};
  const auto slash = text.find('/');
  boost::system::error_code fault;
  const auto address = ip::make_address(std::string{text.substr(0, slash)}, fault);
  if (fault) return bad;
  const unsigned most = address.is_v4() ? 32 : 128;
  unsigned bits = most;
  if (slash != std::string_view::npos) {
    const auto [end, error] = std::from_chars(text.data() + slash + 1, text.data() + text.size(), bits);
    if (error != std::errc{} || end != text.data() + text.size() || bits > most) return bad;
  }
  return Network{widened(address), bits + (128 - most)};
}

bool Network::contains(const ip::address& address) const {
  const auto mine = first.to_bytes(), other = widened(address).to_bytes();
  for (unsigned bit = 0; bit < bits; bit += 8) {
    const unsigned left = bits - bit;
    const auto mask = static_cast<unsigned char>(left >= 8 ? 0xFF : 0xFF << (8 - left));
    if ((mine[bit / 8] & mask) != (other[bit / 8] & mask)) return false;
  }
  return true;
}

std::string Egress::why_not(const ip::address& address) const {
  static const auto kNever =
      networks({"169.254.0.0/16", "fe80::/10", "fd00:ec2::254", "224.0.0.0/4", "ff00::/8", "255.255.255.255"});
  static const auto kPrivate = networks({"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
                                         "100.64.0.0/10", "0.0.0.0/8", "::1", "::", "fc00::/7"});
  if (find(allow, address) != nullptr) return {};
  const auto refusal = [&](std::string_view why) {
    return "network: " + address.to_string() + " is " + std::string{why};
  };
  if (find(deny, address) != nullptr) return refusal("in network.deny");
  if (find(kNever, address) != nullptr)
    return refusal("link-local, metadata or multicast; network.allow would permit it");
  if (deny_private && find(kPrivate, address) != nullptr) return refusal("private, and network.deny_private is on");
  return {};
}

}  // namespace net

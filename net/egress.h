// Where requests may go: an address is looked at after its name was resolved and just before the connection to that
// very address is made, so that a name cannot change its mind in between. Cloud metadata services, which hand out
// credentials to whoever asks, are out of reach unless somebody allows them.
#pragma once

#include "core/result.h"

#include <boost/asio/ip/address.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace net {

// "10.0.0.0/8", "fd00::/8", or one address.
struct Network {
  boost::asio::ip::address_v6 first;  // IPv4 as ::ffff:a.b.c.d
  unsigned bits = 128;

  static core::Result<Network> parse(std::string_view text);
  bool contains(const boost::asio::ip::address& address) const;
};

struct Egress {
  bool deny_private = false;   // loopback, 10/8, 172.16/12, 192.168/16, 100.64/10, fc00::/7 too
  std::vector<Network> allow;  // win over everything below
  std::vector<Network> deny;

  // The reason why nothing may be sent to this address; "": it may. Link-local addresses (169.254.0.0/16, fe80::/10),
  // fd00:ec2::254, multicast and broadcast are denied by default.
  std::string why_not(const boost::asio::ip::address& address) const;
};

}  // namespace net

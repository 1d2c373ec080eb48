// What one address may take of the hub: a number of connections, and requests a second, so that one noisy host cannot
// keep the others out. Any thread.
#pragma once

#include "core/units.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace hub {

struct PeerQuota {
  std::size_t connections = 1024;  // at a time
  core::Rate requests;             // per_second 0: unlimited
};

class Peers;

// One connection's place in its peer's quota; gives it back when it goes.
class PeerPlace {
 public:
  PeerPlace() = default;
  PeerPlace(PeerPlace&& other) noexcept;
  PeerPlace& operator=(PeerPlace&& other) noexcept;
  ~PeerPlace();

  explicit operator bool() const { return peers_ != nullptr; }
  // False: this peer has used up its requests for now.
  bool take_request(std::chrono::steady_clock::time_point now);

 private:
  friend class Peers;
  struct Peer;
  PeerPlace(Peers& peers, std::string address, std::shared_ptr<Peer> peer);
  Peers* peers_ = nullptr;
  std::string address_;
  std::shared_ptr<Peer> peer_;
};

class Peers {
 public:
  explicit Peers(PeerQuota quota) : quota_{quota} {}

  // An empty place: this address has all the connections it may have.
  PeerPlace enter(const std::string& address);
  const PeerQuota& quota() const { return quota_; }

 private:
  friend class PeerPlace;
  void leave(const std::string& address);

  const PeerQuota quota_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<PeerPlace::Peer>> peers_;  // those with a connection
};

}  // namespace hub

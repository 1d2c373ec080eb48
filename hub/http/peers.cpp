#include "hub/http/peers.h"

#include <algorithm>

namespace hub {

struct PeerPlace::Peer {
  std::size_t connections = 0;  // under Peers' mutex
  std::mutex mutex;             // of the two below
  double tokens = 0;
  std::chrono::steady_clock::time_point filled;
};

PeerPlace::PeerPlace(Peers& peers, std::string address, std::shared_ptr<Peer> peer)
    : peers_{&peers}, address_{std::move(address)}, peer_{std::move(peer)} {}

PeerPlace::PeerPlace(PeerPlace&& other) noexcept
    : peers_{std::exchange(other.peers_, nullptr)},
      address_{std::move(other.address_)},
      peer_{std::move(other.peer_)} {}

PeerPlace& PeerPlace::operator=(PeerPlace&& other) noexcept {
  if (this == &other) return *this;
  if (peers_ != nullptr) peers_->leave(address_);
  peers_ = std::exchange(other.peers_, nullptr);
  address_ = std::move(other.address_);
  peer_ = std::move(other.peer_);
  return *this;
}

PeerPlace::~PeerPlace() {
  if (peers_ != nullptr) peers_->leave(address_);
}

bool PeerPlace::take_request(std::chrono::steady_clock::time_point now) {
  if (peers_ == nullptr || peers_->quota().requests.per_second <= 0) return true;
  const core::Rate& rate = peers_->quota().requests;
  const std::lock_guard lock{peer_->mutex};
  const double seconds = std::chrono::duration<double>(now - peer_->filled).count();
  peer_->tokens = std::min(static_cast<double>(rate.burst), peer_->tokens + std::max(seconds, 0.0) * rate.per_second);
  peer_->filled = now;
  if (peer_->tokens < 1) return false;
  peer_->tokens -= 1;
  return true;
}

PeerPlace Peers::enter(const std::string& address) {
  const std::lock_guard lock{mutex_};
  auto& peer = peers_[address];
  if (!peer) {
    peer = std::make_shared<PeerPlace::Peer>();
    peer->tokens = quota_.requests.burst;
    peer->filled = std::chrono::steady_clock::now();
  }
  if (peer->connections >= quota_.connections) return {};
  ++peer->connections;
  return PeerPlace{*this, address, peer};
}

// A peer without connections is forgotten, unless that would give it a full bucket again at once.
void Peers::leave(const std::string& address) {
  const std::lock_guard lock{mutex_};
  const auto found = peers_.find(address);
  if (found == peers_.end() || --found->second->connections > 0) return;
  if (quota_.requests.per_second <= 0 || peers_.size() > 10'000) peers_.erase(found);
}

}  // namespace hub

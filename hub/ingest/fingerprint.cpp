// Multiply-and-fold over 16-byte blocks, as wyhash does it: some 60 ns for an alert, where SHA-256 takes 2 µs of every
// acknowledgement.
#include "hub/ingest/fingerprint.h"

#include <cstring>
#include <random>

namespace hub {
namespace {

struct Keys {
  std::array<std::uint64_t, 4> words{};
  Keys() {
    std::random_device device;
    for (auto& word : words) word = (static_cast<std::uint64_t>(device()) << 32 | device()) | 1;
  }
};

__extension__ using Wide = unsigned __int128;

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

void mix(RequestKey& state, std::string_view bytes, const Keys& keys) {
  const auto take = [&state, &keys](std::uint64_t a, std::uint64_t b) {
    state.words[0] = fold(a ^ keys.words[0] ^ state.words[0], b ^ keys.words[1]);
    state.words[1] = fold(b ^ keys.words[2] ^ state.words[1], a ^ keys.words[3]) + state.words[0];
  };
  std::uint64_t block[2];
  std::size_t at = 0;
  for (; at + sizeof block <= bytes.size(); at += sizeof block) {
    std::memcpy(block, bytes.data() + at, sizeof block);
    take(block[0], block[1]);
  }
  block[0] = block[1] = 0;
  std::memcpy(block, bytes.data() + at, bytes.size() - at);
  take(block[0], block[1]);
  take(bytes.size(), 0);
}

}  // namespace

RequestKey fingerprint(std::string_view peer, std::string_view body) {
  static const Keys keys;
  RequestKey state{{keys.words[1], keys.words[3]}};
  mix(state, peer, keys);
  mix(state, body, keys);
  state.words[0] |= 1;  // never all zero
  return state;
}

}  // namespace hub

// Hashes stand for series and ids: a collision moves a point by less than 0.1 ms, and loses nothing.
#include "outputs/point_memory.h"

#include <functional>

namespace outputs {
namespace {

std::uint64_t mixed(std::uint64_t one, std::uint64_t other) {
  std::uint64_t hash = one ^ (other + 0x9E3779B97F4A7C15ULL + (one << 6) + (one >> 2));
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9ULL;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBULL;
  return hash ^ (hash >> 31);
}

std::uint64_t number_of(const core::AlertId& id) {
  std::uint64_t high = 0, low = 0;
  for (std::size_t i = 0; i < 8; ++i) high = high << 8 | id.bytes[i];
  for (std::size_t i = 8; i < 16; ++i) low = low << 8 | id.bytes[i];
  return mixed(high, low);
}

}  // namespace

std::int64_t PointMemory::place(std::string_view series, std::int64_t time, const core::AlertId& id,
                                std::int64_t spread) {
  const std::uint64_t line = std::hash<std::string_view>{}(series), owner = number_of(id);
  for (std::int64_t at = time;; ++at) {
    const std::uint64_t key = mixed(line, static_cast<std::uint64_t>(at));
    const auto [found, is_new] = places_.try_emplace(key, owner);
    if (is_new) {
      oldest_.push_back(key);
      if (oldest_.size() > kMostPlaces) {
        places_.erase(oldest_.front());
        oldest_.pop_front();
      }
    }
    if (is_new || found->second == owner) return at;
    if (at == time && spread > 1) at += static_cast<std::int64_t>(owner % static_cast<std::uint64_t>(spread - 1));
  }
}

bool PointMemory::learn_conflict(std::string name, std::string_view type) {
  if (conflicts_.size() >= kMostConflicts) return false;
  return conflicts_.emplace(std::move(name), std::string{type}).second;
}

std::string PointMemory::name_for(std::string name, std::string_view type) const {
  for (int depth = 0; depth < 4 && !conflicts_.empty() && conflicts_.contains({name, std::string{type}}); ++depth) {
    name += '_';
    name += type;
  }
  return name;
}

}  // namespace outputs

#include "detector/emit/spool.h"

#include "core/invariant.h"

namespace detector {

bool Spool::push(LineRef line) {
  const std::lock_guard lock{mutex_};
  const std::uint64_t number = next_++;
  if (closed_ || entries_.size() >= limits_.alerts || bytes_ + line->text.size() > limits_.bytes) {
    ++dropped_;
    return false;
  }
  bytes_ += line->text.size();
  entries_.push_back({number, std::move(line)});
  return true;
}

Spool::Batch Spool::front(std::size_t alerts, std::size_t bytes) const {
  const std::lock_guard lock{mutex_};
  Batch batch{.first = entries_.empty() ? next_ : entries_.front().number, .lines = {}};
  std::size_t taken = 0;
  for (const Entry& entry : entries_) {
    if (batch.lines.size() >= alerts || entry.number != batch.first + batch.lines.size()) break;
    taken += entry.line->text.size();
    if (!batch.lines.empty() && taken > bytes) break;
    batch.lines.push_back(entry.line);
  }
  return batch;
}

void Spool::pop(std::size_t count) {
  const std::lock_guard lock{mutex_};
  INVARIANT(count <= entries_.size());
  for (; count > 0; --count) {
    bytes_ -= entries_.front().line->text.size();
    entries_.pop_front();
  }
}

std::size_t Spool::close() {
  const std::lock_guard lock{mutex_};
  closed_ = true;
  const auto left = entries_.size();
  dropped_ += left;
  entries_.clear();
  bytes_ = 0;
  return left;
}

std::size_t Spool::size() const {
  const std::lock_guard lock{mutex_};
  return entries_.size();
}

bool Spool::crowded() const {
  const std::lock_guard lock{mutex_};
  return entries_.size() * 2 > limits_.alerts || bytes_ * 2 > limits_.bytes;
}

std::uint64_t Spool::dropped() const {
  const std::lock_guard lock{mutex_};
  return dropped_;
}

}  // namespace detector

#include "hub/route/memory.h"

#include "core/varint.h"

#include <algorithm>

namespace hub {
namespace {

constexpr auto kSlack = std::chrono::minutes{1};
constexpr auto kSweepAtMost = std::chrono::seconds{1};
constexpr auto kOwedFor = std::chrono::hours{24};  // a summary whose route does not give any more
constexpr std::size_t kLongestKey = 4096;

std::uint64_t to_number(core::TimePoint time) {
  return static_cast<std::uint64_t>(core::to_unix_nanoseconds(time));
}

core::TimePoint to_time(std::uint64_t number) {
  return core::TimePoint{core::Duration{static_cast<std::int64_t>(number)}};
}

}  // namespace

bool Remembered::covers(core::TimePoint time) const {
  return time >= start - kSlack && time < end;
}

std::string encode(const Remembered& value) {
  std::string bytes;
  for (const core::TimePoint time : {value.start, value.end, value.due}) core::put_number(bytes, to_number(time));
  core::put_number(bytes, value.passed);
  core::put_number(bytes, value.held);
  core::put_number(bytes, value.sample.value);
  core::put_number(bytes, static_cast<std::uint64_t>(value.severest));
  core::put_number(bytes, value.members.size());
  Offset before;
  for (const Offset member : value.members) {
    core::put_number(bytes, member.value - before.value);
    before = member;
  }
  core::put_number(bytes, value.sinks.size());
  for (const std::string& sink : value.sinks) core::put_text(bytes, sink);
  return bytes;
}

core::Result<Remembered> decode_remembered(std::string_view bytes) {
  const core::Error no{core::Fault::Corrupt, "what the router remembered cannot be read"};
  core::VarintInput input{bytes};
  Remembered value;
  for (core::TimePoint* time : {&value.start, &value.end, &value.due}) *time = to_time(input.number());
  value.passed = input.number();
  value.held = input.number();
  value.sample = {input.number()};
  const std::uint64_t severest = input.number(), members = input.number();
  if (severest > static_cast<std::uint64_t>(core::Priority::Debug) || members > input.left()) return no;
  value.severest = static_cast<core::Priority>(severest);
  Offset member;
  for (std::uint64_t i = 0; i < members && input.ok(); ++i) {
    member.value += input.number();
    value.members.push_back(member);
  }
  const std::uint64_t sinks = input.number();
  if (sinks > input.left()) return no;
  for (std::uint64_t i = 0; i < sinks && input.ok(); ++i) value.sinks.emplace_back(input.text());
  if (!input.ok() || input.left() > 0) return no;
  return value;
}

const Remembered* Memory::find(Stage stage, const std::string& owner, const std::string& key) const {
  const auto table = tables_.find({stage, owner});
  if (table == tables_.end()) return nullptr;
  const auto found = table->second.find(key);
  return found == table->second.end() ? nullptr : &found->second;
}

Remembered* Memory::put(Stage stage, const std::string& owner, const std::string& key, core::TimePoint now) {
  const Owner whose{stage, owner};
  Table& table = tables_[whose];
  if (const auto found = table.find(key); found != table.end()) {
    touch(whose, key);
    return &found->second;
  }
  const auto is_full = [&] { return keys_ >= limits_.keys || table.size() >= limits_.keys_of_one; };
  if (is_full() && (now >= swept_ + kSweepAtMost || now < swept_)) sweep(now);
  if (is_full()) return nullptr;
  touch(whose, key);
  ++keys_;
  return &table[key];
}

void Memory::forget(Stage stage, const std::string& owner, const std::string& key) {
  if (find(stage, owner, key) == nullptr) return;
  touch({stage, owner}, key);
  set({stage, owner}, key, std::nullopt);
}

void Memory::add_member(Remembered& group, Offset offset) {
  group.members.push_back(offset);
  ++members_;
}

void Memory::take_members(Remembered& group, std::size_t count) {
  count = std::min(count, group.members.size());
  group.members.erase(group.members.begin(), group.members.begin() + static_cast<std::ptrdiff_t>(count));
  members_ -= count;
}

std::vector<MemoryChange> Memory::changes() const {
  std::vector<MemoryChange> made;
  for (const auto& [key, before] : touched_) {
    const Remembered* now = find(key.owner.first, key.owner.second, key.key);
    if (now == nullptr && !before) continue;  // came and went
    if (now != nullptr && before && *now == *before) continue;
    made.push_back({key.owner.first, key.owner.second, key.key, now == nullptr ? std::string{} : encode(*now)});
  }
  return made;
}

void Memory::undo() {
  for (const auto& [key, before] : touched_) set(key.owner, key.key, before);
  touched_.clear();
}

bool Memory::apply(const MemoryChange& change) {
  if (change.stage == Stage::Everything) {
    tables_.clear();
    keys_ = members_ = 0;
    return true;
  }
  if (change.key.size() > kLongestKey) return false;
  if (change.value.empty()) {
    set({change.stage, change.owner}, change.key, std::nullopt);
    return true;
  }
  auto value = decode_remembered(change.value);
  if (!value) return false;
  set({change.stage, change.owner}, change.key, std::move(*value));
  return true;
}

std::vector<MemoryChange> Memory::snapshot() const {
  std::vector<MemoryChange> all{{Stage::Everything, {}, {}, {}}};
  for (const auto& [owner, table] : tables_) {
    for (const auto& [key, value] : table) all.push_back({owner.first, owner.second, key, encode(value)});
  }
  return all;
}

void Memory::sweep(core::TimePoint now) {
  swept_ = now;
  for (auto& [owner, table] : tables_) {
    for (auto at = table.begin(); at != table.end();) {
      const bool waits = touched_.contains({owner, at->first});  // an undo may need it
      if (!waits && is_over(owner.first, at->second, now)) {
        --keys_;
        at = table.erase(at);
      } else {
        ++at;
      }
    }
  }
}

void Memory::keep_owners(const std::map<Stage, std::set<std::string>>& owners) {
  for (auto& [owner, table] : tables_) {
    if (owner.first == Stage::Group) continue;
    const auto known = owners.find(owner.first);
    if (known != owners.end() && known->second.contains(owner.second)) continue;
    keys_ -= table.size();
    table.clear();
  }
}

Offset Memory::oldest_member() const {
  Offset oldest;
  for (const auto& [owner, table] : tables_) {
    if (owner.first != Stage::Group) continue;
    for (const auto& [key, value] : table) {
      if (!value.members.empty() && (oldest.value == 0 || value.members.front() < oldest))
        oldest = value.members.front();
    }
  }
  return oldest;
}

void Memory::touch(const Owner& owner, const std::string& key) {
  if (touched_.contains({owner, key})) return;
  const Remembered* now = find(owner.first, owner.second, key);
  touched_[{owner, key}] = now == nullptr ? std::nullopt : std::optional{*now};
}

void Memory::set(const Owner& owner, const std::string& key, const std::optional<Remembered>& value) {
  Table& table = tables_[owner];
  if (const auto found = table.find(key); found != table.end()) {
    members_ -= found->second.members.size();
    --keys_;
    table.erase(found);
  }
  if (!value) return;
  members_ += value->members.size();
  ++keys_;
  table[key] = *value;
}

bool Memory::is_over(Stage stage, const Remembered& value, core::TimePoint now) const {
  if (stage == Stage::Group) return value.members.empty();
  return !value.covers(now) && (value.held == 0 || now > value.due + kOwedFor);
}

}  // namespace hub

#include "hub/route/decision.h"

#include "core/invariant.h"
#include "core/varint.h"

#include <algorithm>
#include <limits>
#include <map>

namespace hub {
namespace {

constexpr std::string_view kMagic{"D\x01", 2}, kMagic2{"D\x02", 2};
constexpr std::size_t kLongestName = 4096;  // several reasons in one; bounds what a hostile record can make us hold

core::Error corrupt(const char* what) {
  return {core::Fault::Corrupt, std::string{"decision record "} + what};
}

core::Result<> decode_changes(core::VarintInput& input, const std::vector<std::string_view>& names, Decision& into) {
  const std::uint64_t count = input.number();
  if (count > input.left()) return corrupt("has fewer changes than it says");
  for (std::uint64_t i = 0; i < count && input.ok(); ++i) {
    const std::uint64_t stage = input.number(), owner = input.number();
    if (stage > 4) return corrupt("changes what it does not have");
    if (owner >= names.size()) return corrupt("names an owner it does not have");
    const std::string_view key = input.text(), value = input.text();
    into.changes.push_back(
        {static_cast<Stage>(stage), std::string{names[owner]}, std::string{key}, std::string{value}});
  }
  return {};
}

}  // namespace

void Decision::add(Offset alert, std::vector<std::string> sinks, std::string suppressed_by) {
  if (!runs.empty()) {
    DecisionRun& last = runs.back();
    if (last.first.value + last.count == alert.value && last.sinks == sinks && last.suppressed_by == suppressed_by) {
      ++last.count;
      return;
    }
  }
  runs.push_back({alert, 1, std::move(sinks), std::move(suppressed_by)});
}

std::string encode(const Decision& decision) {
  std::map<std::string_view, std::uint64_t> indexes;
  std::vector<std::string_view> names;
  auto index_of = [&](std::string_view name) {
    const auto [at, fresh] = indexes.try_emplace(name, names.size());
    if (fresh) names.push_back(name);
    return at->second;
  };

  std::string runs;
  Offset end = decision.from;
  for (const DecisionRun& run : decision.runs) {
    INVARIANT(run.first >= end && run.count > 0);
    core::put_number(runs, run.first.value - end.value);
    core::put_number(runs, run.count);
    core::put_number(runs, run.suppressed_by.empty() ? 0 : index_of(run.suppressed_by) + 1);
    core::put_number(runs, run.sinks.size());
    for (const std::string& sink : run.sinks) core::put_number(runs, index_of(sink));
    end = {run.first.value + run.count};
  }
  INVARIANT(end <= decision.to);
  std::string changes;
  for (const MemoryChange& change : decision.changes) {
    core::put_number(changes, static_cast<std::uint64_t>(change.stage));
    core::put_number(changes, index_of(change.owner));
    core::put_text(changes, change.key);
    core::put_text(changes, change.value);
  }

  std::string bytes{changes.empty() ? kMagic : kMagic2};
  core::put_number(bytes, decision.from.value);
  core::put_number(bytes, decision.to.value - decision.from.value);
  core::put_number(bytes, names.size());
  for (const std::string_view name : names) {
    core::put_text(bytes, name);
  }
  core::put_number(bytes, decision.runs.size());
  bytes += runs;
  if (changes.empty()) return bytes;
  core::put_number(bytes, decision.changes.size());
  return bytes + changes;
}

core::Result<Decision> decode_decision(std::string_view bytes) {
  const bool remembers = bytes.starts_with(kMagic2);
  if (!remembers && !bytes.starts_with(kMagic)) return corrupt("is of another kind or version");
  core::VarintInput input{bytes.substr(kMagic.size())};

  Decision decision;
  decision.from = {input.number()};
  const std::uint64_t length = input.number();
  if (length > std::numeric_limits<std::uint64_t>::max() - decision.from.value)
    return corrupt("ends beyond the last offset");
  decision.to = {decision.from.value + length};

  // Each name and each run takes at least a byte, so a count above what is left is a lie; that also bounds what is
  // allocated.
  const std::uint64_t name_count = input.number();
  if (name_count > input.left()) return corrupt("has fewer names than it says");
  std::vector<std::string_view> names;
  for (std::uint64_t i = 0; i < name_count && input.ok(); ++i) names.push_back(input.text());
  for (const std::string_view name : names) {
    if (name.size() > kLongestName) return corrupt("has a name that is too long");
  }

  const std::uint64_t run_count = input.number();
  if (run_count > input.left()) return corrupt("has fewer runs than it says");
  Offset end = decision.from;
  for (std::uint64_t i = 0; i < run_count && input.ok(); ++i) {
    DecisionRun run;
    const std::uint64_t gap = input.number();
    if (gap > decision.to.value - end.value) return corrupt("has a run beyond its end");
    run.first = {end.value + gap};
    run.count = input.number();
    if (run.count == 0 || run.count > decision.to.value - run.first.value) return corrupt("has a run beyond its end");
    const std::uint64_t reason = input.number();
    if (reason > names.size()) return corrupt("names a reason it does not have");
    if (reason > 0) run.suppressed_by = names[reason - 1];
    const std::uint64_t sinks = input.number();
    if (sinks > names.size()) return corrupt("names more sinks than it has");
    for (std::uint64_t n = 0; n < sinks && input.ok(); ++n) {
      const std::uint64_t index = input.number();
      if (index >= names.size()) return corrupt("names a sink it does not have");
      run.sinks.emplace_back(names[index]);
    }
    end = {run.first.value + run.count};
    decision.runs.push_back(std::move(run));
  }
  if (remembers) {
    if (auto read = decode_changes(input, names, decision); !read) return read.error();
  }
  if (!input.ok() || input.left() > 0) return corrupt("ends too early or too late");
  return decision;
}

}  // namespace hub

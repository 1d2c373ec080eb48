#include "hub/route/decision.h"

#include "core/invariant.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

namespace hub {
namespace {

constexpr std::string_view kMagic{"D\x01", 2};
constexpr std::size_t kLongestName = 256;  // read_outputs allows less; bounds what a hostile record can make us hold

void put(std::string& to, std::uint64_t number) {
  while (number >= 0x80) {
    to.push_back(static_cast<char>(number | 0x80));
    number >>= 7;
  }
  to.push_back(static_cast<char>(number));
}

// Reads from the front; once something is wrong everything after it is, and ok() says so.
class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_{bytes} {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) return fail();
      const auto byte = static_cast<std::uint8_t>(bytes_.front());
      bytes_.remove_prefix(1);
      if (shift == 63 && byte > 1) return fail();
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    return fail();
  }

  std::string_view text() {
    const std::uint64_t size = number();
    if (size > bytes_.size()) return fail(), std::string_view{};
    const std::string_view found = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return found;
  }

  bool ok() const { return ok_; }
  std::size_t left() const { return bytes_.size(); }

 private:
  std::uint64_t fail() {
    ok_ = false;
    bytes_ = {};
    return 0;
  }

  std::string_view bytes_;
  bool ok_ = true;
};

core::Error corrupt(const char* what) {
  return {core::Fault::Corrupt, std::string{"decision record "} + what};
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
    put(runs, run.first.value - end.value);
    put(runs, run.count);
    put(runs, run.suppressed_by.empty() ? 0 : index_of(run.suppressed_by) + 1);
    put(runs, run.sinks.size());
    for (const std::string& sink : run.sinks) put(runs, index_of(sink));
    end = {run.first.value + run.count};
  }
  INVARIANT(end <= decision.to);

  std::string bytes{kMagic};
  put(bytes, decision.from.value);
  put(bytes, decision.to.value - decision.from.value);
  put(bytes, names.size());
  for (const std::string_view name : names) {
    put(bytes, name.size());
    bytes += name;
  }
  put(bytes, decision.runs.size());
  return bytes + runs;
}

core::Result<Decision> decode_decision(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) return corrupt("is of another kind or version");
  Input input{bytes.substr(kMagic.size())};

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
  if (!input.ok() || input.left() > 0) return corrupt("ends too early or too late");
  return decision;
}

}  // namespace hub

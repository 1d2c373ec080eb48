// Random lives of a journal against the oracle: appends, releases, restarts, faults, full disks and power cuts in any order. TOCSIN_SEED repeats one
// (it is printed when a check fails); TOCSIN_LIVES asks for more of them.
#include "tests/unit/hub/journal/oracle.h"

#include <cstdlib>
#include <random>

using namespace tests;
using hub::Offset;

namespace {

std::uint32_t from_environment(const char* name, std::uint32_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10));
}

class Life {
 public:
  explicit Life(std::uint32_t seed) : random_(seed), disk_(600 << 10) { options_ = small_options(); }

  // "" or what is wrong.
  std::string live(int steps) {
    if (auto wrong = open(); !wrong.empty()) return wrong;
    for (int step = 0; step < steps; ++step) {
      if (auto wrong = one_step(); !wrong.empty()) return "step " + std::to_string(step) + ": " + wrong;
    }
    return check_unless_dead();
  }

  std::size_t acknowledged() const { return oracle_.acknowledged(); }
  std::size_t refused = 0;

 private:
  std::uint32_t roll(std::uint32_t sides) { return random_() % sides; }

  std::string one_step() {
    switch (roll(40)) {
      case 0: return cut_power();
      case 1: {
        journal_.reset();
        return open();
      }
      case 2: disk_.fail_call(disk_.calls() + roll(8), Failure::Io); return "";
      case 3: disk_.fail_call(disk_.calls() + roll(8), Failure::ShortWrite); return "";
      case 4: disk_.fail_call(disk_.calls() + roll(8), Failure::Full); return "";
      case 5: disk_.fail_call(disk_.calls() + roll(12), Failure::PowerCut); return "";
      case 6: disk_.occupy(roll(3) == 0 ? 600 << 10 : roll(300 << 10)); return "";
      case 7: disk_.occupy(0); return "";
      case 8: return check_unless_dead();
      case 9:
      case 10: return release();
      default: append(); return "";
    }
  }

  void append() {
    std::vector<hub::NewRecord> records;
    const std::uint32_t count = roll(6) == 0 ? 1 + roll(20) : 1;
    for (std::uint32_t number = 0; number < count; ++number) {
      const std::size_t bytes = roll(50) == 0 ? roll(40000) : roll(1500);
      records.push_back(roll(4) == 0 ? decision(oracle_.payload(bytes)) : alert(oracle_.payload(bytes)));
    }
    if (!oracle_.append(*journal_, std::move(records))) ++refused;
  }

  std::string release() {
    const Offset below{journal_->first().value + roll(40)};
    if (below > journal_->durable_end()) return "";
    // As the hub does: what it released, it has made durable first.
    journal_->release(below);
    oracle_.released(below);
    return "";
  }

  std::string check_unless_dead() {
    if (!disk_.space("/")) return cut_power();
    return oracle_.check(*journal_);
  }

  std::string cut_power() {
    disk_.fail_call(disk_.calls(), Failure::PowerCut);
    append();
    journal_.reset();
    disk_.crash(static_cast<Unsynced>(roll(3)), random_());
    oracle_.crashed();
    return open();
  }

  std::string open() {
    options_.next_at_least = Offset{roll(4) == 0 ? roll(200) : 0};
    for (int attempt = 0; attempt < 12; ++attempt) {
      auto opened = hub::open_journal(disk_, kJournalDirectory, options_);
      if (opened) {
        journal_ = std::move(*opened);
        if (!disk_.space("/")) continue;
        if (journal_->status().quarantined_records != 0) return "a crash was taken for damage";
        return oracle_.check(*journal_);
      }
      // A planned fault hit the opening; the next attempt meets the disk as that left it. The power may be gone, too.
      if (!disk_.space("/")) {
        disk_.crash(static_cast<Unsynced>(roll(3)), random_());
        oracle_.crashed();
      }
    }
    return "it does not open";
  }

  std::mt19937 random_;
  FaultyFileSystem disk_;
  hub::JournalOptions options_;
  Oracle oracle_;
  std::unique_ptr<hub::Journal> journal_;
};

}  // namespace

TEST_CASE("lives that once went wrong go right") {
  const Quiet quiet;
  // 120: pages that a failed sync marked clean were believed after a kill. 1063: an empty segment's first offset was taken for the end of the one
  // before it. 1173: a segment went on after its successor's head was on the disk.
  for (const std::uint32_t seed : {120, 1063, 1173}) {
    INFO("TOCSIN_SEED=" << seed);
    const std::string wrong = Life(seed).live(250);
    CHECK(wrong == "");
  }
}

TEST_CASE("over any life of faults, full disks and power cuts every acknowledged record is kept as it was given") {
  const auto quiet = std::getenv("TOCSIN_SEED") == nullptr ? std::make_unique<Quiet>() : nullptr;
  const std::uint32_t first = from_environment("TOCSIN_SEED", 1);
  const std::uint32_t lives = from_environment("TOCSIN_LIVES", std::getenv("TOCSIN_SEED") == nullptr ? 150 : 1);
  std::size_t acknowledged = 0, refused = 0;
  for (std::uint32_t seed = first; seed < first + lives; ++seed) {
    INFO("repeat with TOCSIN_SEED=" << seed);
    Life life(seed);
    const std::string wrong = life.live(250);
    REQUIRE(wrong == "");
    acknowledged += life.acknowledged();
    refused += life.refused;
  }
  // The faults bite, and do not drown everything.
  CHECK(acknowledged > 20 * lives);
  CHECK(refused > lives);
}

// Every state in which a power cut can leave the disk, one by one: the cut comes before each call of a scripted life,
// and of what was not synced then every prefix and, where they are few, every set of sectors has arrived, the last
// write also torn at any byte. From each the journal opens, holds exactly what it owes, and goes on.
#include "tests/unit/hub/journal/oracle.h"

using namespace tests;
using hub::Offset;

namespace {

// Up to this many pieces every set of them is tried; of more, every prefix, every suffix, each alone and all but each.
constexpr std::size_t kAllSetsUpTo = 6;
// In a write up to this long each byte is a place to tear it; in longer ones every 61st.
constexpr std::size_t kEveryByteUpTo = 1024;

struct Count {
  std::size_t cuts = 0, states = 0, torn_bytes = 0;
};

// Two lives of a small journal: first segment, commits of one and of several records, one that is larger than a sector
// by far, rotations, a release, closing and opening again. Ends when the power does.
void live(FaultyFileSystem& disk, Oracle& oracle) {
  for (int life = 0; life < 2; ++life) {
    auto opened = hub::open_journal(disk, kJournalDirectory, small_options());
    if (!opened) return;
    for (int number = 0; number < 9; ++number) {
      std::vector<hub::NewRecord> records;
      records.push_back(alert(oracle.payload(number % 4 == 3 ? 6000 : 150)));
      if (number % 3 == 0) records.push_back(decision(oracle.payload(40)));
      if (!oracle.append(**opened, std::move(records))) return;
      if (number == 6) {
        (*opened)->release({4});
        oracle.released({4});
      }
    }
  }
}

// "" or what is wrong with a disk after the cut.
std::string recover_and_go_on(FaultyFileSystem& disk, Oracle oracle) {
  for (int life = 0; life < 2; ++life) {
    auto opened = hub::open_journal(disk, kJournalDirectory, small_options());
    if (!opened) return "it does not open: " + opened.error().what;
    if (auto wrong = oracle.check(**opened); !wrong.empty()) return wrong;
    if ((*opened)->status().quarantined_records != 0) return "a crash was taken for damage";
    std::vector<hub::NewRecord> records;
    records.push_back(alert(oracle.payload(700)));
    if (!oracle.append(**opened, std::move(records))) return "it does not take records again";
    if (auto wrong = oracle.check(**opened); !wrong.empty()) return wrong;
    opened->reset();
    disk.crash(Unsynced::Dropped);
    oracle.crashed();
  }
  return "";
}

std::vector<std::function<bool(std::size_t)>> sets_of(std::size_t pieces) {
  std::vector<std::function<bool(std::size_t)>> sets;
  if (pieces <= kAllSetsUpTo) {
    for (std::size_t set = 0; set < std::size_t{1} << pieces; ++set)
      sets.push_back([set](std::size_t piece) { return (set >> piece & 1) != 0; });
    return sets;
  }
  for (std::size_t at = 0; at <= pieces; ++at) sets.push_back([at](std::size_t piece) { return piece < at; });
  for (std::size_t at = 1; at < pieces; ++at) sets.push_back([at](std::size_t piece) { return piece >= at; });
  for (std::size_t at = 0; at < pieces; ++at) {
    sets.push_back([at](std::size_t piece) { return piece == at; });
    sets.push_back([at](std::size_t piece) { return piece != at; });
  }
  return sets;
}

std::string visit(const FaultyFileSystem& cut, const Oracle& oracle, const FaultyFileSystem::Kept& kept) {
  const auto disk = cut.clone();
  disk->crash(kept);
  return recover_and_go_on(*disk, oracle);
}

// All states of one cut.
std::string visit_all(const FaultyFileSystem& cut, const Oracle& oracle, Count& count) {
  for (std::size_t names = 0; names <= cut.unsynced_names(); ++names) {
    const std::vector<std::size_t> pieces = cut.unsynced_pieces(names);
    std::size_t number = 0;
    for (const auto& set : sets_of(pieces.size())) {
      if (auto wrong = visit(cut, oracle, {.name_changes = names, .piece = set}); !wrong.empty()) {
        return "names " + std::to_string(names) + ", set " + std::to_string(number) + " of " +
               std::to_string(pieces.size()) + " pieces: " + wrong;
      }
      ++number;
      ++count.states;
    }
    if (!cut.cut_in_write() || names != cut.unsynced_names()) continue;
    // One piece torn at a byte, all before it whole: together with the prefixes above, the write torn anywhere.
    const std::size_t step = pieces.size() <= kEveryByteUpTo / 512 ? 1 : 61;
    for (std::size_t last = 0; last < pieces.size(); ++last) {
      for (std::size_t byte = 1; byte < pieces[last]; byte += step) {
        const auto before = [last](std::size_t piece) { return piece <= last; };
        if (auto wrong = visit(cut, oracle, {names, before, last, byte}); !wrong.empty()) {
          return "piece " + std::to_string(last) + " torn at byte " + std::to_string(byte) + ": " + wrong;
        }
        ++count.states;
        ++count.torn_bytes;
      }
    }
  }
  return "";
}

std::uint64_t calls_of_a_life() {
  FaultyFileSystem disk;
  Oracle oracle;
  live(disk, oracle);
  REQUIRE(oracle.acknowledged() == 24);
  return disk.calls();
}

}  // namespace

TEST_CASE(
    "in every state a power cut can leave, each acknowledged record is whole, nothing else is there, and no offset "
    "comes twice") {
  const Quiet quiet;
  const std::uint64_t calls = calls_of_a_life();
  Count count;
  for (std::uint64_t call = 0; call < calls; ++call) {
    FaultyFileSystem disk;
    Oracle oracle;
    disk.fail_call(call, Failure::PowerCut);
    live(disk, oracle);
    oracle.crashed();
    INFO("cut at call " << call << " of " << calls);
    const std::string wrong = visit_all(disk, oracle, count);
    REQUIRE(wrong == "");
    ++count.cuts;
  }
  WARN("power cuts: before each of " << count.cuts << " calls; " << count.states << " states visited, "
                                     << count.torn_bytes
                                     << " of them torn inside a sector; 0 acknowledged records lost");
  CHECK(count.states > 3000);
}

// The plainest account of what a journal owes: every acknowledged record, as it was given, at its offset; nothing that was never given; nothing that
// was refused; offsets that only rise. Kept outside the journal, over crashes.
#pragma once

#include "tests/unit/hub/journal/journal_driver.h"

#include <map>
#include <set>
#include <thread>

namespace tests {

class Oracle {
 public:
  // A payload never used before, of about `bytes`.
  std::string payload(std::size_t bytes) {
    std::string text = std::to_string(issued_++) + ":";
    while (text.size() < bytes) text += static_cast<char>('a' + (issued_ * 7 + text.size()) % 26);
    given_.insert(text);
    return text;
  }

  // Appends and notes what was answered. False: a fault.
  bool append(hub::Journal& journal, std::vector<hub::NewRecord> records) {
    std::vector<std::string> payloads;
    for (const auto& record : records) payloads.push_back(record.payload);
    const auto result = append_and_wait(journal, std::move(records));
    for (std::size_t at = 0; at < payloads.size(); ++at) {
      if (!result) {
        refused_.insert(payloads[at]);
        continue;
      }
      const hub::Offset offset{result->value + at};
      if (offset < least_next_) complain("offset " + std::to_string(offset.value) + " was given twice");
      acknowledged_[offset] = payloads[at];
      least_next_ = offset.next();
    }
    return result.has_value();
  }

  void released(hub::Offset below) { released_ = std::max(released_, below); }
  // After this, what was under way may be there or not; only what was acknowledged counts.
  void crashed() { refused_.clear(); }

  // The first thing wrong, "" when nothing is.
  std::string check(hub::Journal& journal) {
    std::map<hub::Offset, std::string> found;
    hub::Offset last;
    std::set<std::string> seen;
    for (const auto& record : read_all(journal, {.records = 50, .bytes = 3000})) {
      if (record.offset <= last) complain("offset " + std::to_string(record.offset.value) + " does not rise");
      if (!given_.contains(record.payload)) complain("a record that nobody gave at " + std::to_string(record.offset.value));
      if (refused_.contains(record.payload)) complain("a refused record is read at " + std::to_string(record.offset.value));
      if (!seen.insert(record.payload).second) complain("a record is read twice, again at " + std::to_string(record.offset.value));
      last = record.offset;
      found[record.offset] = record.payload;
    }
    for (const auto& [offset, payload] : acknowledged_) {
      if (offset < journal.first() && offset < released_) continue;
      const auto at = found.find(offset);
      if (at == found.end()) complain("acknowledged record " + std::to_string(offset.value) + " is lost");
      else if (at->second != payload) complain("acknowledged record " + std::to_string(offset.value) + " is changed");
    }
    // Who read a record may have remembered its offset.
    least_next_ = std::max(least_next_, last.next());
    return complaint_;
  }

  std::size_t acknowledged() const { return acknowledged_.size(); }

 private:
  void complain(std::string what) {
    if (complaint_.empty()) complaint_ = std::move(what);
  }

  std::uint64_t issued_ = 0;
  std::set<std::string> given_, refused_;
  std::map<hub::Offset, std::string> acknowledged_;
  hub::Offset least_next_{1}, released_;
  std::string complaint_;
};

}  // namespace tests

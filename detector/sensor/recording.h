// Events as JSON lines: what `--record` writes and `replay` reads. The format, with an example, is in REPLAY.md. Writing an event and reading
// it back gives the same alerts, to the letter.
#pragma once

#include "detector/event/event.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace detector {

// Reads lines, one after the other. A line may say of a process only what changed since an earlier line with the same tid.
class RecordingReader {
 public:
  RecordingReader();
  ~RecordingReader();

  // Fills `event`, which stays valid until the next call. What comes back are faults, as sentences in the words of the line; with any, the
  // event must not be used. `column` is where the first is (from 1; 1 when it is about the line as a whole).
  std::vector<std::string> read(std::string_view line, Event& event, std::size_t& column);

  Users& users();                         // those that the recording names
  std::size_t processes() const { return processes_.size(); }

 private:
  class RecordedUsers;
  std::unordered_map<std::int64_t, std::unique_ptr<Process>> processes_;
  std::set<std::string, std::less<>> names_;          // backing of Param::name
  std::unique_ptr<RecordedUsers> users_;
};

// What earlier lines said of each process, by tid; a process that is still the same is then written as its tid alone.
using SaidOfProcesses = std::unordered_map<std::int64_t, std::size_t>;

// One line without its newline. `users` names uids and gids; nullptr: numbers alone. `said` nullptr: the line stands by itself.
std::string to_recording(const Event& event, Users* users, SaidOfProcesses* said = nullptr);

}  // namespace detector

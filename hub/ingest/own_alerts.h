// The door by which any room of the hub raises an alert of the hub's own: a digest, a summary, an alarm. It goes into
// the journal like any other, with source "tocsin", and is routed like any other unless `only_to` names its sinks.
#pragma once

#include "core/alert.h"
#include "hub/journal/journal.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace hub {

struct OwnAlert {
  struct Field {
    std::string name;
    std::string json;  // its value, as JSON
  };
  static Field text(std::string name, std::string_view value);
  static Field number(std::string name, std::uint64_t value);

  std::string rule;  // what happened, always in the same words
  core::Priority priority = core::Priority::Warning;
  std::string output;              // the sentence for people
  std::vector<Field> fields = {};  // each name once
  std::vector<std::string> tags = {};
  std::string hostname = {};         // "": this machine's
  core::Directions directions = {};  // {.only_to = {…}}: these sinks alone, whatever routes say
};

// The alert as a record, received (and happened) at `now`. Any text is made valid UTF-8.
NewRecord to_record(const OwnAlert& alert, core::TimePoint now);

class OwnAlerts {
 public:
  explicit OwnAlerts(Journal& journal) : journal_{journal} {}

  // Any thread; never blocks. `done`, when given, runs on the journal's thread as for Journal::append; when not, an
  // alert that could not be kept is logged.
  void raise(const OwnAlert& alert, Journal::Done done = {});

 private:
  Journal& journal_;
};

}  // namespace hub

// Offsets → alerts, for all sinks. The hot tail comes from a small cache that the router fills as it decides, so that
// an alert that every sink takes at once is decoded once; older ones are read from the journal, a run at a time. The
// delivery loop's; not thread-safe.
#pragma once

#include "core/alert.h"
#include "core/alert_decoder.h"
#include "hub/ingest/fresh_alerts.h"
#include "hub/ingest/mutations.h"
#include "hub/journal/journal.h"

#include <deque>
#include <unordered_map>

namespace hub {

class AlertReader {
 public:
  explicit AlertReader(Journal& journal) : journal_{journal} {}

  // NotFound: its segment is gone; Corrupt or Invalid: it will never be readable; Io: it may be later.
  // `run`: how many offsets from this one on the caller is going to ask for.
  core::Result<core::AlertRef> fetch(Offset offset, std::uint64_t run = 1);

  core::Result<core::AlertRef> decode(const Record& record);  // and remembers it

  // Where alerts that have just come in may still lie, decoded. Not set: none do.
  void look_in(FreshAlerts& fresh) { fresh_ = &fresh; }

  // What is done to every alert read from now on; those in the cache stay as they are.
  void mutate_with(MutationsRef mutations) { mutations_ = std::move(mutations); }

 private:
  void remember(Offset offset, const core::AlertRef& alert);

  Journal& journal_;
  FreshAlerts* fresh_ = nullptr;
  MutationsRef mutations_ = std::make_shared<const Mutations>();
  core::AlertDecoder decoder_{
      {.bytes = 4 << 20, .depth = 1024, .keys = 1 << 20, .text_bytes = 4 << 20, .needs_fields = false}};  // never stricter than ingest
  std::unordered_map<Offset, core::AlertRef> cache_;
  std::deque<Offset> order_;  // oldest first
  std::size_t bytes_ = 0;
};

}  // namespace hub

// Room 7 of an alert's journey: a body becomes alerts, each is checked, the good ones go to the journal, and only when
// they are durable is the sender told so. One Ingest a loop (it owns a decoder); what the loops share is in IngestRoom.
#pragma once

#include "core/alert_decoder.h"
#include "hub/http/access.h"
#include "hub/http/request_handler.h"
#include "hub/ingest/event_labels.h"
#include "hub/ingest/fresh_alerts.h"
#include "hub/ingest/mutations.h"
#include "hub/ingest/producers.h"
#include "hub/ingest/repeats.h"
#include "hub/journal/journal.h"
#include "hub/metrics/metrics.h"

namespace hub {

struct IngestRoom {
  IngestRoom(Journal& its_journal, Metrics& its_metrics, core::AlertLimits its_limits);

  Journal& journal;
  Metrics& metrics;
  const core::AlertLimits limits;
  CurrentMutations mutations;
  EventLabels labels;  // set before the port opens
  FreshAlerts* fresh = nullptr;  // set: alerts are handed to the router decoded
  Access access;                 // set before the first request
  Repeats repeats;
  Producers producers;
  Series& append_seconds;
  Series& accepted;  // requests
};

class Ingest {
 public:
  explicit Ingest(IngestRoom& room) : room_{room}, decoder_{room.limits} {}

  // A POST. Answered from here when nothing is to be stored, else from the journal's thread. `sender`: who sent it, and
  // its name becomes part of each alert; nullptr: nobody in particular.
  void take(const Request& request, Reply reply, const ProducerOptions* sender = nullptr);
  // The same for a body of our own (/test).
  void take_body(std::string_view body, Reply reply);

 private:
  struct Batch;
  void decode(std::string_view body, Batch& batch, const ProducerOptions* sender = nullptr);
  core::Result<core::Alert> identified(core::Alert alert, const ProducerOptions& sender);
  core::Result<core::Alert> with_field(const core::Alert& alert, std::string_view name, std::string_view value);
  bool claim(const Request& request, Batch& batch, Reply& reply);
  void append(std::shared_ptr<Batch> batch);
  void count_rejected(const Batch& batch);

  IngestRoom& room_;
  core::AlertDecoder decoder_;
};

}  // namespace hub

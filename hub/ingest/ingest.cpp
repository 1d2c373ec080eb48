// The journal's writer runs `done` for every append, one after the other, and nothing is synced meanwhile: what happens
// there must be short. So labels are looked up on the loop, and only counted there.
#include "hub/ingest/ingest.h"

#include "core/text.h"
#include "hub/ingest/alert_record.h"
#include "hub/ingest/answers.h"
#include "hub/ingest/fingerprint.h"
#include "hub/ingest/identity.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace hub {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kHandedOver = 256;  // larger batches are read from the journal, like any backlog

std::string_view text_of(const core::Alert& alert, std::string_view field) {
  const core::AlertField* found = alert.field(field);
  return found == nullptr ? std::string_view{} : std::string_view{found->text};
}

std::string_view reason_of(const core::Error& error) {
  return error.fault == core::Fault::Full ? "full" : "io";
}

}  // namespace

IngestRoom::IngestRoom(Journal& its_journal, Metrics& its_metrics, core::AlertLimits its_limits)
    : journal{its_journal},
      metrics{its_metrics},
      limits{its_limits},
      append_seconds{its_metrics.series(Metric::JournalAppendSeconds)},
      accepted{its_metrics.series(Metric::FalcosidekickInputs, {"requests", "accepted"})} {}

// One request on its way. After append() it belongs to the journal's `done`.
struct Ingest::Batch {
  explicit Batch(IngestRoom& its_room, Reply its_reply) : room{its_room}, reply{std::move(its_reply)} {}

  struct Taken {
    std::size_t index;
    NewRecord record;
    core::AlertRef alert;
    Series& events;    // falco_events_total
    Series& received;  // alerts_received_total
  };

  IngestRoom& room;
  Reply reply;
  bool single = false;
  std::size_t count = 0;  // alerts in the body, good and bad
  std::vector<Taken> taken;
  std::size_t known = 0;  // of a producer's batch: stored before
  std::vector<Rejected> rejected;
  std::string producer;  // "": a sender that does not number
  Producers::Numbers numbers;
  Clock::time_point begun;

  Response success() const {
    if (single && taken.size() == 1) return answer_taken(taken.front().alert->id);
    if (single && known == 1) return answer_empty();
    return answer_several(taken.size() + known, rejected);
  }

  void settle(core::Result<Offset> stored) {
    if (stored) {
      Metrics::observe(room.append_seconds, std::chrono::duration<double>(Clock::now() - begun).count());
      Offset offset = *stored;
      for (Taken& each : taken) {
        Metrics::add(each.events);
        Metrics::add(each.received);
        if (room.fresh != nullptr && taken.size() <= kHandedOver) room.fresh->put(offset, each.alert);
        offset = offset.next();
      }
      Metrics::add(room.accepted, static_cast<double>(taken.size()));
    } else {
      room.metrics.add(Metric::AlertsRejected, {reason_of(stored.error())}, static_cast<double>(taken.size()));
      room.metrics.add(Metric::FalcosidekickInputs, {"requests", "rejected"}, static_cast<double>(taken.size()));
    }
    Response response = stored ? success() : answer_not_stored(stored.error());
    if (!producer.empty()) room.producers.settle(producer, numbers, response);
    reply.send(std::move(response));
  }
};

void Ingest::take(const Request& request, Reply reply, const ProducerOptions* sender) {
  const std::string_view producer = request.header("Tocsin-Producer");
  if (!producer.empty() && request.body.empty()) return reply.send(answer_empty());

  if (producer.empty()) {
    const RequestKey key = fingerprint(request.peer, request.body);
    reply.remember(key);
    if (room_.repeats.claim(key, reply, Clock::now())) return room_.metrics.add(Metric::AlertsDeduplicated);
  }

  auto batch = std::make_shared<Batch>(room_, std::move(reply));
  if (sender != nullptr)
    decode(add_output_field(request.body, kProducerField, sender->name), *batch, sender);
  else
    decode(request.body, *batch);
  if (batch->taken.empty()) return;
  if (!producer.empty() && !claim(request, *batch, batch->reply)) return;
  append(std::move(batch));
}

void Ingest::take_body(std::string_view body, Reply reply) {
  auto batch = std::make_shared<Batch>(room_, std::move(reply));
  decode(body, *batch);
  if (!batch->taken.empty()) append(std::move(batch));
}

// Fills the batch; answers at once when nothing in it is to be stored.
void Ingest::decode(std::string_view body, Batch& batch, const ProducerOptions* sender) {
  const core::TimePoint received = core::now();
  const MutationsRef mutations = room_.mutations.get();
  const auto each = [this, &batch, &mutations, received, sender](std::size_t index, core::Result<core::Alert> alert) {
    if (alert && sender != nullptr) alert = identified(std::move(*alert), *sender);
    if (!alert) {
      batch.rejected.push_back({index, alert.error().what});
      return;
    }
    mutations->apply(*alert);
    Metrics& metrics = batch.room.metrics;
    Series& events = batch.room.labels.series(metrics, *alert);
    Series& of_source = metrics.series(Metric::AlertsReceived, {alert->source, core::to_lower(alert->priority)});
    alert->id = core::make_alert_id();
    alert->received = received;
    auto shared = std::make_shared<const core::Alert>(std::move(*alert));
    NewRecord record{RecordType::Alert, encode_alert_record(shared->id, received, shared->json)};
    batch.taken.push_back({index, std::move(record), std::move(shared), events, of_source});
  };
  const auto shape = decoder_.decode_body(
      body, [&each](std::size_t index, core::Result<core::Alert> alert) { each(index, std::move(alert)); });

  if (shape) {
    batch.single = shape->single;
    batch.count = shape->count;
  }
  if (!shape) batch.rejected.push_back({0, shape.error().what});
  if (!batch.rejected.empty()) count_rejected(batch);
  if (!batch.taken.empty()) return;
  if (shape && !shape->single) return batch.reply.send(answer_several(0, batch.rejected));
  if (core::trim(body).size() > room_.limits.bytes) {
    return batch.reply.send(answer_too_large(fmt::format("the alert has more than {} bytes", room_.limits.bytes)));
  }
  batch.reply.send(answer_bad_body(batch.rejected.front().why));
}

// The producer's name stands in the alert already, unless the alert is among lines that hid it (a broken one before it,
// a key behind escapes); and the mark, where its hostname is not its producer's.
core::Result<core::Alert> Ingest::identified(core::Alert alert, const ProducerOptions& sender) {
  if (text_of(alert, kProducerField) != sender.name) {
    auto named = with_field(alert, kProducerField, sender.name);
    if (!named) return named;
    if (text_of(*named, kProducerField) != sender.name)
      return core::Error{core::Fault::Invalid, "output_fields must be written without escapes"};
    alert = std::move(*named);
  }
  if (sender.hosts.empty() || is_one_of(alert.hostname, sender.hosts)) return alert;
  return with_field(alert, kDisputedField, "true");
}

// Rare, so that a decoder of its own is no matter.
core::Result<core::Alert> Ingest::with_field(const core::Alert& alert, std::string_view name, std::string_view value) {
  core::AlertDecoder decoder{room_.limits};
  if (alert.fields.empty())  // none at all, where the configuration adds some
    return decoder.decode(
        fmt::format(R"({{"output_fields":{{{}:{}}},)", core::json_quote(name), core::json_quote(value)) +
        alert.json.substr(1));
  return decoder.decode(add_output_field(alert.json, name, value));
}

void Ingest::count_rejected(const Batch& batch) {
  const auto count = static_cast<double>(batch.rejected.size());
  room_.metrics.add(Metric::AlertsRejected, {"invalid"}, count);
  room_.metrics.add(Metric::FalcosidekickInputs, {"requests", "rejected"}, count);
}

// Of a numbered batch, what is new. False: nothing is to be appended, and the reply is cared for.
bool Ingest::claim(const Request& request, Batch& batch, Reply& reply) {
  const std::string_view sequence = request.header("Tocsin-Sequence");
  std::uint64_t first = 0;
  const auto parsed = std::from_chars(sequence.data(), sequence.data() + sequence.size(), first);
  if (sequence.empty() || parsed.ec != std::errc{} || parsed.ptr != sequence.data() + sequence.size() ||
      first > UINT64_MAX / 2) {
    reply.send(answer_bad_body("Tocsin-Producer needs Tocsin-Sequence, the number of the first alert"));
    return false;
  }
  batch.producer = request.header("Tocsin-Producer").substr(0, 128);
  batch.numbers = {first, batch.count};

  const auto is_known = [this, &batch, first](const Batch::Taken& each) {
    return room_.producers.is_settled(batch.producer, first + each.index);
  };
  switch (room_.producers.claim(batch.producer, batch.numbers, reply)) {
    case Producers::Verdict::New: {
      const std::size_t before = batch.taken.size();
      std::vector<Batch::Taken> fresh;
      for (auto& each : batch.taken)
        if (!is_known(each)) fresh.push_back(std::move(each));
      batch.taken.swap(fresh);
      batch.known = before - batch.taken.size();
      room_.metrics.add(Metric::AlertsDeduplicated, {}, static_cast<double>(batch.known));
      return true;
    }
    case Producers::Verdict::Settled:
      room_.metrics.add(Metric::AlertsDeduplicated, {}, static_cast<double>(batch.taken.size()));
      batch.known = batch.taken.size();
      batch.taken.clear();
      reply.send(batch.success());
      return false;
    case Producers::Verdict::Waiting:
      room_.metrics.add(Metric::AlertsDeduplicated, {}, static_cast<double>(batch.taken.size()));
      return false;
    case Producers::Verdict::Overlap:
      reply.send(answer_come_again("a part of this batch is under way on another connection"));
      return false;
  }
  return false;
}

void Ingest::append(std::shared_ptr<Batch> batch) {
  std::vector<NewRecord> records;
  records.reserve(batch->taken.size());
  for (auto& each : batch->taken) records.push_back(std::move(each.record));
  if (records.empty()) return batch->settle(Offset{});  // a numbered batch whose new part was all refused
  batch->begun = Clock::now();
  room_.journal.append(std::move(records), [batch](core::Result<Offset> stored) { batch->settle(std::move(stored)); });
}

}  // namespace hub

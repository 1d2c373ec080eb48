// {"command":"replay","sink":"soc","since":"2h", and more of a Selection, "limit":10000,"after":4711}
// → {"replayed":2417,"next":9000,"done":true}: alerts that the journal still has go to one sink once more, under the
// same ids. Copies are appended to the journal for that sink alone, a page at a time, each durable before the next; so
// a kill in between loses nothing, and "after" goes on where the last part said. What the hub itself stored (digests,
// alarms, copies) is not replayed.
#include "hub/control/command.h"
#include "hub/control/selection.h"
#include "hub/ingest/alert_record.h"

#include "core/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace hub {
namespace {

constexpr Journal::ReadLimits kPage{.records = 500, .bytes = 512 << 10};  // a millisecond or two of the delivery loop
constexpr char kFromOutside = 1;                                          // the record's version
constexpr std::size_t kId = 1, kReceived = 17, kJson = 25;

class Replay : public std::enable_shared_from_this<Replay> {
 public:
  Replay(Selection selection, Offset from, std::uint64_t limit, const OpenHub& hub, Answer answer)
      : selection_{std::move(selection)},
        next_{std::max(from, hub.journal.first())},
        end_{hub.journal.durable_end()},
        limit_{limit},
        hub_{hub},
        answer_{std::move(answer)} {}

  void go_on() {
    hub_.on_delivery([self = shared_from_this()] { self->step(); });
  }

 private:
  void step() {
    if (!answer_.is_wanted()) return;
    if (next_ >= end_ || replayed_ >= limit_) return finish();
    auto page = hub_.journal.read(next_, kPage, static_cast<std::uint8_t>(RecordType::Alert));
    if (!page) return fail(page.error());
    if (page->next <= next_) return finish();
    std::vector<NewRecord> copies;
    Offset next = page->next;
    for (const Record& record : page->records) {
      if (record.offset >= end_) break;
      if (replayed_ + copies.size() >= limit_) {
        next = record.offset;
        break;
      }
      if (!is_wanted(record.payload)) continue;
      core::AlertId id;
      std::copy_n(record.payload.begin() + kId, id.bytes.size(), id.bytes.begin());
      const std::string_view json = std::string_view{record.payload}.substr(kJson);
      const core::Directions directions{.only_to = {selection_.sink}, .closes = {}};
      copies.push_back({RecordType::Alert, encode_alert_record(id, core::now(), json, directions)});
    }
    next_ = std::min(next, end_);
    const std::size_t count = copies.size();
    if (count == 0) return turned(0);
    hub_.journal.append(std::move(copies), [self = shared_from_this(), count](core::Result<Offset> kept) {
      const core::Result<> result = kept ? core::Result<>{} : core::Result<>{kept.error()};
      self->hub_.on_delivery([self, count, result] {
        if (!result) return self->fail(result.error());
        self->turned(count);
      });
    });
  }

  bool is_wanted(std::string_view payload) {
    if (payload.size() <= kJson || payload[0] != kFromOutside) return false;
    std::uint64_t nanoseconds = 0;
    for (std::size_t i = 0; i < 8; ++i)
      nanoseconds |= static_cast<std::uint64_t>(static_cast<unsigned char>(payload[kReceived + i])) << (8 * i);
    const core::TimePoint received{std::chrono::nanoseconds{static_cast<std::int64_t>(nanoseconds)}};
    if (received < selection_.since || received >= selection_.until) return false;
    if (selection_.rule.empty() && selection_.floor == core::Priority::Debug) return true;
    const auto alert = decode_alert_record(decoder_, payload, Mutations{});
    return alert && selection_.takes(*alert);
  }

  nlohmann::ordered_json so_far() const {
    return {{"replayed", replayed_}, {"next", next_.value}, {"end", end_.value}};
  }

  void turned(std::size_t count) {
    replayed_ += count;
    answer_.part(so_far());
    go_on();
  }

  void finish() {
    nlohmann::ordered_json last = so_far();
    last["done"] = next_ >= end_;
    answer_.end(last);
  }

  void fail(const core::Error& error) {
    answer_.fail(error.what + " (" + std::to_string(replayed_) + " were replayed before; go on with --after " +
                 std::to_string(next_.value) + ")");
  }

  Selection selection_;
  Offset next_, end_;
  std::uint64_t limit_;
  OpenHub hub_;
  Answer answer_;
  core::AlertDecoder decoder_{{.bytes = 4 << 20, .depth = 1024, .keys = 1 << 20, .text_bytes = 4 << 20}};
  std::uint64_t replayed_ = 0;
};

}  // namespace

void control_replay(const nlohmann::json& request, const CommandRoom& room, Answer answer) {
  auto selection = Selection::parse(request, core::now());
  if (!selection) return answer.fail(selection.error().what);
  std::string all;
  bool known = false;
  for (const SinkStatus& sink : room.hub->delivery.status()) {
    known = known || sink.name == selection->sink;
    all += (all.empty() ? "" : ", ") + core::printable(sink.name);
  }
  if (!known)
    return answer.fail("there is no sink '" + core::printable(selection->sink) +
                       "' in the running hub; it has: " + all);
  const Offset from{request.value("after", std::uint64_t{0})};
  const auto limit = request.value("limit", std::uint64_t{10'000});
  std::make_shared<Replay>(std::move(*selection), from, limit, *room.hub, std::move(answer))->go_on();
}

}  // namespace hub

// {"command":"dead-letters-replay", and a Selection} → {"replayed":7,"skipped":1}: dead letters go to their sinks once
// more. Each is appended to the journal under its own id, for its sink alone; only when that is durable the dead letter
// goes. So a kill in between repeats at most one page, and loses nothing.
#include "hub/control/command.h"
#include "hub/control/selection.h"
#include "hub/ingest/alert_record.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace hub {
namespace {

constexpr std::size_t kPage = 200;

class Redeliver : public std::enable_shared_from_this<Redeliver> {
 public:
  Redeliver(Selection selection, StateStore& state, const OpenHub& hub, Answer answer)
      : selection_{std::move(selection)}, state_{state}, hub_{hub}, answer_{std::move(answer)} {}

  void go_on() {
    hub_.on_delivery([self = shared_from_this()] { self->step(); });
  }

 private:
  void step() {
    if (!answer_.is_wanted()) return;  // Ctrl-C: what is not replayed is a dead letter still
    const auto page = state_.list_dead_letters(selection_.sink, kPage, after_);
    if (!page) return fail(page.error());
    last_page_ = page->size() < kPage;
    const std::vector<SinkStatus> sinks = hub_.delivery.status();
    std::vector<NewRecord> records;
    std::vector<std::int64_t> numbers;
    for (const DeadLetter& letter : *page) {
      after_ = letter.number;
      if (!selection_.takes(letter)) continue;
      if (std::none_of(sinks.begin(), sinks.end(), [&](const auto& sink) { return sink.name == letter.sink; })) {
        ++skipped_;
        continue;
      }
      const core::Directions directions{.only_to = {letter.sink}, .closes = {}};
      records.push_back({RecordType::Alert, encode_alert_record(letter.id, core::now(), letter.alert, directions)});
      numbers.push_back(letter.number);
    }
    if (records.empty()) return turned({});
    hub_.journal.append(std::move(records),
                        [self = shared_from_this(), numbers = std::move(numbers)](core::Result<Offset> kept) {
                          const core::Result<> result = kept ? core::Result<>{} : core::Result<>{kept.error()};
                          self->hub_.on_delivery([self, numbers, result] {
                            if (!result) return self->fail(result.error());
                            self->turned(numbers);
                          });
                        });
  }

  void turned(const std::vector<std::int64_t>& numbers) {
    if (!numbers.empty()) {
      if (const auto purged = state_.purge_dead_letters(numbers); !purged) return fail(purged.error());
    }
    replayed_ += numbers.size();
    const nlohmann::ordered_json so_far{{"replayed", replayed_}, {"skipped", skipped_}};
    if (last_page_) return answer_.end(so_far);
    answer_.part(so_far);
    go_on();
  }

  void fail(const core::Error& error) {
    answer_.fail(error.what + " (" + std::to_string(replayed_) + " were replayed before; the others are kept)");
  }

  Selection selection_;
  StateStore& state_;
  OpenHub hub_;
  Answer answer_;
  std::int64_t after_ = 0;
  bool last_page_ = false;
  std::uint64_t replayed_ = 0, skipped_ = 0;
};

}  // namespace

void control_redeliver(const nlohmann::json& request, const CommandRoom& room, Answer answer) {
  auto selection = Selection::parse(request, core::now());
  if (!selection) return answer.fail(selection.error().what);
  if (selection->is_open()) return answer.fail("say which dead letters: numbers, filters, or all of them");
  std::make_shared<Redeliver>(std::move(*selection), room.state, *room.hub, std::move(answer))->go_on();
}

}  // namespace hub

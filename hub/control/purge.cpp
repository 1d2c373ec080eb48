// {"command":"dead-letters-purge", and a Selection, "dry_run":true} → {"purged":7}: deletes dead letters for good, a
// page at a time. The totals of their sinks stay: they were dead letters.
#include "hub/control/command.h"
#include "hub/control/selection.h"

#include <nlohmann/json.hpp>

namespace hub {
namespace {

constexpr std::size_t kPage = 500;

class Purge : public std::enable_shared_from_this<Purge> {
 public:
  Purge(Selection selection, bool dry_run, StateStore& state, Answer answer)
      : selection_{std::move(selection)}, dry_run_{dry_run}, state_{state}, answer_{std::move(answer)} {}

  // True: there may be more.
  bool step() {
    const auto page = state_.list_dead_letters(selection_.sink, kPage, after_);
    if (!page) return fail(page.error());
    std::vector<std::int64_t> numbers;
    for (const DeadLetter& letter : *page) {
      after_ = letter.number;
      if (selection_.takes(letter)) numbers.push_back(letter.number);
    }
    if (!numbers.empty() && !dry_run_) {
      if (const auto purged = state_.purge_dead_letters(numbers); !purged) return fail(purged.error());
    }
    purged_ += numbers.size();
    if (page->size() < kPage) {
      answer_.end({{dry_run_ ? "found" : "purged", purged_}});
      return false;
    }
    answer_.part({{dry_run_ ? "found" : "purged", purged_}});
    return answer_.is_wanted();
  }

  void go_on(const OpenHub& hub) {
    hub.on_delivery([self = shared_from_this(), hub] {
      if (self->step()) self->go_on(hub);
    });
  }

 private:
  bool fail(const core::Error& error) {
    answer_.fail(error.what + " (" + std::to_string(purged_) + " were purged before)");
    return false;
  }

  Selection selection_;
  bool dry_run_;
  StateStore& state_;
  Answer answer_;
  std::int64_t after_ = 0;
  std::uint64_t purged_ = 0;
};

}  // namespace

void control_purge(const nlohmann::json& request, const CommandRoom& room, Answer answer) {
  auto selection = Selection::parse(request, core::now());
  if (!selection) return answer.fail(selection.error().what);
  if (selection->is_open()) return answer.fail("say which dead letters: numbers, filters, or all of them");
  const auto purge =
      std::make_shared<Purge>(std::move(*selection), request.value("dry_run", false), room.state, std::move(answer));
  if (room.hub != nullptr) return purge->go_on(*room.hub);
  while (purge->step()) {
  }
}

}  // namespace hub

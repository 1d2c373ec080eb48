// {"command":"suppressed","since":NANOSECONDS,"by":"dedup page","limit":100}: the newest alerts in the journal that
// were kept from a sink, oldest first, a part each. Reads every decision that is retained, a few pages at a time, so
// that deliveries go on in between.
#include "hub/control/command.h"
#include "hub/deliver/alert_reader.h"
#include "hub/route/decision.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>

namespace hub {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kMost = 1'000;

struct Search : std::enable_shared_from_this<Search> {
  Search(const OpenHub& its_hub, Answer its_answer)
      : hub{its_hub}, answer{std::move(its_answer)}, reader{hub.journal} {}

  // One stretch, then again later.
  void look() {
    if (!answer.is_wanted()) return;
    auto page =
        hub.journal.read(at, {.records = 64, .bytes = 256 << 10}, static_cast<std::uint8_t>(RecordType::Decision));
    if (!page) return answer.fail("read the journal: " + page.error().what);
    for (const Record& record : page->records) {
      if (const auto decision = decode_decision(record.payload)) take(*decision);
    }
    if (page->next <= at || page->next >= hub.journal.durable_end()) return tell();
    at = page->next;
    hub.on_delivery([self = shared_from_this()] { self->look(); });
  }

  void take(const Decision& decision) {
    for (const DecisionRun& run : decision.runs) {
      if (run.suppressed_by.empty() ||
          (!by.empty() && (", " + run.suppressed_by + ",").find(", " + by) == std::string::npos))
        continue;
      const std::uint64_t end = run.first.value + run.count;
      for (std::uint64_t each = end - std::min<std::uint64_t>(run.count, limit); each < end; ++each) {
        found.emplace_back(Offset{each}, run.suppressed_by);
        if (found.size() > limit) found.pop_front();
      }
    }
  }

  void tell() {
    std::size_t told = 0;
    for (const auto& [offset, reason] : found) {
      const auto alert = reader.fetch(offset);
      if (!alert || (*alert)->received < since) continue;
      ++told;
      answer.part({{"at", core::to_rfc3339((*alert)->received)},
                   {"by", reason},
                   {"priority", core::to_lower((*alert)->priority)},
                   {"hostname", (*alert)->hostname},
                   {"rule", (*alert)->rule},
                   {"output", (*alert)->output},
                   {"id", core::to_text((*alert)->id)}});
    }
    answer.end({{"suppressed", told}});
  }

  const OpenHub hub;
  Answer answer;
  AlertReader reader;
  Offset at;
  core::TimePoint since;
  std::string by;
  std::size_t limit = 100;
  std::deque<std::pair<Offset, std::string>> found;
};

}  // namespace

void control_suppressed(const json& request, const CommandRoom& room, Answer answer) {
  auto search = std::make_shared<Search>(*room.hub, std::move(answer));
  search->at = room.hub->journal.first();
  search->since = core::TimePoint{core::Duration{request.value("since", std::int64_t{0})}};
  search->by = request.value("by", "");
  search->limit = std::clamp<std::size_t>(request.value("limit", std::size_t{100}), 1, kMost);
  room.hub->on_delivery([search] { search->look(); });
}

}  // namespace hub

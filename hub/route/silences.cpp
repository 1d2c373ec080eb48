#include "hub/route/silences.h"

#include "core/log.h"
#include "core/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <future>

namespace hub {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr const char* kName = "silences";  // of the text in state.db
constexpr std::size_t kMost = 1000, kLongestText = 1000, kLongestMatch = 4096;
constexpr auto kKept = 120h;  // after their end, for `silence list`

json to_json(const Silence& silence) {
  return {{"number", silence.number},
          {"match", silence.match},
          {"comment", silence.comment},
          {"author", silence.author},
          {"from", core::to_unix_nanoseconds(silence.from)},
          {"until", core::to_unix_nanoseconds(silence.until)}};
}

core::TimePoint time_of(const json& value, const char* key) {
  return core::TimePoint{core::Duration{value.value(key, std::int64_t{0})}};
}

core::Error invalid(std::string what) {
  return {core::Fault::Invalid, std::move(what)};
}

}  // namespace

core::Result<Matcher> parse_silence_match(const std::string& match) {
  if (match.size() > kLongestMatch) return invalid("the match of a silence has more than 4096 bytes");
  core::Diagnostics diagnostics;
  const auto documents = core::parse_yaml("match", match, diagnostics);
  Matcher matcher;
  if (documents.size() == 1 && documents.front().is_map()) {
    core::Fields fields{documents.front(), "the silence", diagnostics};
    matcher.describe(fields);
    fields.finish();
  } else if (!diagnostics.has_errors()) {
    return invalid("the match of a silence is no block of keys; write {rules: [\"Terminal shell in container\"]}");
  }
  if (diagnostics.has_errors()) {
    const core::Diagnostic& first = diagnostics.all().front();
    return invalid(first.what + (first.hint.empty() ? "" : "; " + first.hint));
  }
  if (matcher.is_everything()) return invalid("a silence without any matcher would keep every alert quiet: say which");
  return matcher;
}

core::Result<std::unique_ptr<Silences>> Silences::open(StateStore& state) {
  auto text = state.text(kName);
  if (!text) return core::in_context("read the silences", text.error());
  auto made = std::unique_ptr<Silences>{new Silences{state}};
  if (text->empty()) return made;
  try {
    const json kept = json::parse(*text);
    std::vector<Silence> silences;
    for (const json& each : kept.at("silences")) {
      Silence silence{.number = each.at("number"),
                      .match = each.at("match"),
                      .comment = each.at("comment"),
                      .author = each.at("author"),
                      .from = time_of(each, "from"),
                      .until = time_of(each, "until")};
      auto matcher = parse_silence_match(silence.match);
      if (!matcher) {
        core::log_error("silence_unreadable",
                        {{"number", std::to_string(silence.number)}, {"why", matcher.error().what}});
        continue;
      }
      silence.matcher = std::move(*matcher);
      silences.push_back(std::move(silence));
    }
    made->last_number_ = kept.at("last_number");
    made->any_ = !silences.empty();
    made->all_ = std::make_shared<const std::vector<Silence>>(std::move(silences));
  } catch (const json::exception& fault) {
    core::log_error("silences_unreadable", {{"why", fault.what()}, {"effect", "there are none; alerts go out"}});
  }
  return made;
}

SilenceList Silences::all() const {
  const std::lock_guard lock{mutex_};
  return all_;
}

core::Result<Silence> Silences::add(Silence wanted) {
  const std::lock_guard one_at_a_time{changing_};
  auto matcher = parse_silence_match(wanted.match);
  if (!matcher) return matcher.error();
  wanted.matcher = std::move(*matcher);
  if (wanted.until <= wanted.from) return invalid("the silence ends before it begins");
  if (wanted.until - wanted.from > 24h * 366) return invalid("the silence is longer than a year");
  if (core::trim(wanted.comment).empty()) return invalid("a silence needs a comment: why is it there?");
  if (wanted.comment.size() > kLongestText || wanted.author.size() > kLongestText)
    return invalid("comment or author has more than 1000 bytes");
  std::vector<Silence> silences;
  for (const Silence& each : *all()) {
    if (each.until + kKept > wanted.from) silences.push_back(each);
  }
  if (silences.size() >= kMost) return invalid("there are 1000 silences already; expire some");
  wanted.number = last_number_ + 1;
  silences.push_back(wanted);
  if (auto kept = keep(std::move(silences), wanted.number); !kept) return kept.error();
  return wanted;
}

core::Result<> Silences::expire(std::int64_t number, core::TimePoint now) {
  const std::lock_guard one_at_a_time{changing_};
  std::vector<Silence> silences = *all();
  const auto found = std::find_if(silences.begin(), silences.end(), [&](const Silence& silence) {
    return silence.number == number && silence.until > now;
  });
  if (found == silences.end())
    return core::Error{core::Fault::NotFound, "there is no silence " + std::to_string(number) + " that holds"};
  found->from = std::min(found->from, now);
  found->until = now;
  return keep(std::move(silences), last_number_);
}

core::Result<> Silences::keep(std::vector<Silence> silences, std::int64_t last_number) {
  json kept{{"last_number", last_number}, {"silences", json::array()}};
  for (const Silence& silence : silences) kept["silences"].push_back(to_json(silence));
  StateChange change;
  change.texts[kName] = kept.dump(-1, ' ', false, json::error_handler_t::replace);
  auto promise = std::make_shared<std::promise<core::Result<>>>();
  auto durable = promise->get_future();
  state_.save(std::move(change), [promise](core::Result<> result) { promise->set_value(std::move(result)); });
  if (auto result = durable.get(); !result) return core::in_context("keep the silences", result.error());
  last_number_ = last_number;
  any_ = !silences.empty();
  const std::lock_guard lock{mutex_};
  all_ = std::make_shared<const std::vector<Silence>>(std::move(silences));
  return {};
}

}  // namespace hub

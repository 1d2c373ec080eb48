// Three questions an item: is it stored (409 too: our id is there), is it the document's fault, is it ours to
// configure?
#include "outputs/elasticsearch_reply.h"

#include "core/text.h"
#include "outputs/output.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace outputs {
namespace {

using nlohmann::json;

// The client keeps this much of a reply: an item's reason may quote a whole value, five hundred of them are too long to
// read.
constexpr std::size_t kLongestReply = 1 << 20;

struct ItemError {
  int status = 0;
  std::string type, reason;
};

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

ItemError read_item(const json& item) {
  ItemError error;
  if (const auto status = item.find("status"); status != item.end() && status->is_number_integer())
    error.status = status->get<int>();
  const auto given = item.find("error");
  if (given == item.end() || !given->is_object()) return error;
  error.type = text_of(*given, "type");
  error.reason = text_of(*given, "reason");
  const json* cause = &*given;
  for (int depth = 0; depth < 3; ++depth) {
    const auto next = cause->find("caused_by");
    if (next == cause->end() || !next->is_object()) break;
    cause = &*next;
    if (const std::string reason = text_of(*cause, "reason"); !reason.empty()) error.reason += ": " + reason;
  }
  return error;
}

bool is_mapping_conflict(const ItemError& error) {
  return error.status == 400 &&
         (error.type == "mapper_parsing_exception" || error.type == "document_parsing_exception" ||
          error.type == "strict_dynamic_mapping_exception" || error.type == "illegal_argument_exception") &&
         error.reason.find("pipeline with id") == std::string::npos;
}

core::Outcome judge_item(const ItemError& error) {
  if (error.status == 200 || error.status == 201) return core::Delivered{};
  if (error.status == 409) return core::Delivered{};  // this id is stored: an earlier try got through
  std::string why = fmt::format("item {} {}: {}", error.status, core::printable(error.type),
                                core::printable(core::truncate_utf8(error.reason, 300)));
  if (error.status == 429 || error.status >= 500 || error.status == 0) return core::Retry{std::move(why)};
  if (error.type == "cluster_block_exception")
    return core::Retry{std::move(why)};  // flood stage: old versions say 403, and it ends by itself
  const auto says = [&error](std::string_view words) { return error.reason.find(words) != std::string::npos; };
  const bool not_the_documents_fault =
      error.type == "index_closed_exception" || error.type == "validation_exception" ||
      error.type == "invalid_index_name_exception" || (says("pipeline with id") && says("does not exist")) ||
      says("no write index is defined") || says("only write ops with an op_type of create");
  if (error.status == 401 || error.status == 403 || error.status == 404 || not_the_documents_fault)
    return core::Misconfigured{std::move(why)};
  return core::Reject{std::move(why)};
}

core::Outcome about_the_sink(core::Outcome outcome) {
  if (auto* throttle = std::get_if<core::Throttle>(&outcome)) throttle->about = core::About::Sink;
  if (auto* fault = std::get_if<core::Misconfigured>(&outcome)) fault->about = core::About::Sink;
  return outcome;
}

}  // namespace

core::Outcomes judge_bulk(const net::HttpReply& reply, std::size_t alerts) {
  const auto all = [alerts](core::Outcome outcome) { return core::same_for_all(alerts, outcome); };
  if (reply.status == 406)
    return all(
        core::Misconfigured{"HTTP 406: this is no Elasticsearch or OpenSearch that takes x-ndjson", core::About::Sink});
  if (is_proxy_page(reply))
    return all(core::Misconfigured{"HTTP 400 from a proxy: " + core::printable(core::truncate_utf8(reply.body, 200)),
                                   core::About::Sink});
  if (reply.status / 100 != 2) return all(about_the_sink(judge_by_status(reply)));
  if (reply.body.starts_with("{\"errors\":false")) return all(core::Delivered{});
  const json parsed = json::parse(reply.body, nullptr, false);
  const auto nonsense = [&](std::string_view what) {
    return all(core::Retry{
        fmt::format("HTTP {} with {}: {}", reply.status, what, core::printable(core::truncate_utf8(reply.body, 200)))});
  };
  // All in the same words: hub/deliver bisects, and what is stored already answers 409.
  if (parsed.is_discarded() && reply.body.size() >= kLongestReply)
    return all(core::Reject{fmt::format("HTTP {} with a bulk reply of more than 1 MiB", reply.status)});
  // A proxy's login page answers 200 too.
  if (!parsed.is_object() || !parsed.contains("errors")) return nonsense("what is no bulk reply");
  if (parsed["errors"] == false) return all(core::Delivered{});
  const auto items = parsed.find("items");
  if (items == parsed.end() || !items->is_array() || items->size() != alerts)
    return nonsense("another number of items than were sent");
  core::Outcomes outcomes;
  outcomes.reserve(alerts);
  for (const json& item : *items)
    outcomes.push_back(item.is_object() && item.size() == 1 && item.begin()->is_object()
                           ? judge_item(read_item(*item.begin()))
                           : core::Retry{"an item of the bulk reply cannot be read"});
  return outcomes;
}

std::vector<std::string> mapping_conflicts(const net::HttpReply& reply, std::size_t alerts) {
  if (reply.status / 100 != 2) return {};
  const json parsed = json::parse(reply.body, nullptr, false);
  if (!parsed.is_object()) return {};
  const auto items = parsed.find("items");
  if (items == parsed.end() || !items->is_array() || items->size() != alerts) return {};
  std::vector<std::string> reasons(alerts);
  for (std::size_t i = 0; i < alerts; ++i) {
    const json& item = (*items)[i];
    if (!item.is_object() || item.size() != 1 || !item.begin()->is_object()) continue;
    ItemError error = read_item(*item.begin());
    if (is_mapping_conflict(error)) reasons[i] = std::move(error.reason);
  }
  return reasons;
}

}  // namespace outputs

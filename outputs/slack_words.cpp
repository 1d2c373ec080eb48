#include "outputs/slack_words.h"

#include "core/text.h"
#include "outputs/output.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <span>

namespace outputs {
namespace {

using namespace std::chrono_literals;
using Words = std::span<const std::string_view>;

constexpr std::string_view kForm[] = {"invalid_payload",   "msg_too_long",          "msg_blocks_too_long",
                                      "invalid_blocks",    "invalid_blocks_format", "invalid_attachments",
                                      "no_text",           "too_many_attachments",  "attachment_payload_limit_exceeded",
                                      "invalid_arguments", "invalid_array_arg",     "invalid_charset",
                                      "invalid_form_data"};
constexpr std::string_view kThread[] = {"thread_not_found", "invalid_thread_ts", "cannot_reply_to_message",
                                        "restricted_action_thread_locked", "restricted_action_non_threadable_channel"};
constexpr std::string_view kRefused[] = {"user_not_found", "users_not_found", "invalid_metadata_format",
                                         "invalid_metadata_schema", "markdown_text_conflict"};
constexpr std::string_view kSetUp[] = {
    // of webhooks
    "action_prohibited", "posting_to_general_channel_denied", "invalid_token", "channel_not_found", "no_service",
    "no_service_id", "no_team", "no_active_hooks", "team_disabled", "channel_is_archived",
    // of the API
    "not_in_channel", "is_archived", "is_inactive", "invalid_auth", "not_authed", "account_inactive", "token_revoked",
    "token_expired", "missing_scope", "no_permission", "not_allowed_token_type", "access_denied", "ekm_access_denied",
    "enterprise_is_restricted", "restricted_action", "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel", "org_login_required", "two_factor_setup_required",
    "team_access_not_granted", "team_added_to_org", "messages_tab_disabled", "as_user_not_supported",
    "duplicate_channel_not_found", "duplicate_message_not_found", "method_deprecated", "deprecated_endpoint",
    "slack_connect_file_link_sharing_blocked", "invalid_channel", "channel_type_not_supported", "user_is_restricted"};
constexpr std::string_view kUnwell[] = {"rollup_error", "internal_error", "fatal_error", "service_unavailable",
                                        "request_timeout"};
constexpr std::string_view kTooMuch[] = {"ratelimited", "rate_limited", "message_limit_exceeded"};

bool has(Words words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string describe(int status, std::string_view word) {
  return fmt::format("HTTP {}: {}", status, core::printable(core::truncate_utf8(word, 200)));
}

}  // namespace

bool is_about_form(std::string_view word) {
  return has(kForm, word);
}

bool is_about_thread(std::string_view word) {
  return has(kThread, word);
}

core::Outcome judge_slack_webhook(const net::HttpReply& reply) {
  const std::string_view word = core::trim(reply.body);
  if (reply.status / 100 == 2 || reply.status == 429) return judge_by_status(reply);
  const std::string why = describe(reply.status, word);
  if (has(kForm, word) || has(kRefused, word)) return core::Reject{why};
  if (has(kSetUp, word)) return core::Misconfigured{why};
  if (has(kUnwell, word)) return core::Retry{why};
  return judge_by_status(reply);
}

SlackPosted judge_slack_api(const net::HttpReply& reply) {
  if (reply.status / 100 != 2) return {.outcome = judge_by_status(reply), .word = {}, .timestamp = {}};
  const auto answer = nlohmann::json::parse(reply.body, nullptr, false);
  const auto text = [&answer](const char* key) {
    const auto found = answer.find(key);
    return found != answer.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  if (!answer.is_object() || !answer.contains("ok") || !answer["ok"].is_boolean())
    return {.outcome = core::Retry{"HTTP 200 that is no answer of Slack's API: " +
                                   core::printable(core::truncate_utf8(reply.body, 100))},
            .word = {},
            .timestamp = {}};
  if (answer["ok"].get<bool>()) {
    std::string timestamp = text("ts");
    if (!std::all_of(timestamp.begin(), timestamp.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; }))
      timestamp.clear();
    return {.outcome = core::Delivered{}, .word = {}, .timestamp = std::move(timestamp)};
  }

  const std::string word = core::printable(core::truncate_utf8(text("error"), 100));
  const std::string why = "Slack says " + (word.empty() ? std::string{"ok: false"} : word);
  core::Outcome outcome = core::Retry{why};  // a word of tomorrow: neither lost nor in the way of others for long
  if (has(kTooMuch, word))
    outcome = core::Throttle{std::max<core::Duration>(retry_after(reply, core::now()), 30s)};
  else if (has(kForm, word) || has(kThread, word) || has(kRefused, word))
    outcome = core::Reject{why};
  else if (has(kSetUp, word))
    outcome = core::Misconfigured{why};
  return {.outcome = std::move(outcome), .word = word, .timestamp = {}};
}

}  // namespace outputs

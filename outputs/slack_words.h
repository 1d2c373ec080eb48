// What Slack's words mean for an alert: those of incoming webhooks (https://api.slack.com/changelog/2016-05-17) stand
// alone in the body of a 4xx; those of chat.postMessage (https://api.slack.com/methods/chat.postMessage#errors) in
// {"ok":false,"error":"…"} of a 200.
#pragma once

#include "core/outcome.h"
#include "net/http_message.h"

#include <string>

namespace outputs {

core::Outcome judge_slack_webhook(const net::HttpReply& reply);

struct SlackPosted {
  core::Outcome outcome;
  std::string word;       // the API's, printable; "" when it said ok, or no JSON
  std::string timestamp;  // of the message, when it was posted: what names a thread
};
SlackPosted judge_slack_api(const net::HttpReply& reply);

// Slack would not take this message in its form, but may take a short plain text.
bool is_about_form(std::string_view word);
// The thread it should have gone into is no longer there.
bool is_about_thread(std::string_view word);

}  // namespace outputs

// What Slack shows: an alert as falcosidekick's attachment, as Block Kit, or as plain text when Slack would not take
// the others. Every text is escaped, and cut to Slack's limits between characters (limits: api.slack.com/reference;
// that all blocks together hold some 13,000 characters is measured by others, bolt-js #2509).
#pragma once

#include "outputs/slack_options.h"

#include <string>

namespace outputs {

enum class SlackForm { Usual, Plain };

// The body of the request. `channel` and `thread` may be empty.
std::string slack_message(const SlackOptions& options, const core::Alert& alert, SlackForm form,
                          const std::string& channel, const std::string& thread);

// `&`, `<` and `>` begin Slack's own markup: <!channel> in a file name would ring everybody's phone.
std::string slack_escape(std::string_view text);

// Escaped, and not longer than that many bytes.
std::string slack_fit(std::string_view text, std::size_t bytes);

}  // namespace outputs

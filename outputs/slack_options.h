// The options of the slack output: falcosidekick's, and those of a bot that posts with chat.postMessage.
#pragma once

#include "core/template.h"
#include "outputs/http_output.h"

#include <string>
#include <vector>

namespace outputs {

struct SlackOptions {
  core::Secret webhookurl, token;
  std::string apiurl = "https://slack.com/api/";
  core::Template channel;
  std::string footer = "https://github.com/falcosecurity/falcosidekick";
  std::string icon =
      "https://raw.githubusercontent.com/falcosecurity/falcosidekick/master/imgs/falcosidekick_color.png";
  std::string username = "Falcosidekick";
  bool shows_sender =
      true;  // username and icon go along: a bot needs chat:write.customize for that, so only when asked
  std::string outputformat = "all";
  std::string layout = "attachments";
  core::Template message;
  std::vector<std::string> thread_by;  // names of fields; empty: no threads
  core::Duration thread_for = std::chrono::hours{24};
  core::Rate rate{.per_second = 1, .burst = 3};
  HttpOptions http;

  // Reads and checks everything but the addresses.
  void describe(core::Fields& fields);
  bool is_bot() const { return !token.empty(); }
};

// A channel as Slack lets it be named: what a template put there is made lower case, other characters become '-', and
// 80 are kept. An id (C0123…) and a name that was given as it is stay.
std::string slack_channel(const core::Template& channel, const core::Alert& alert);

}  // namespace outputs

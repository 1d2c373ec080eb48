// tocsin-hub output test NAME: one alert straight through one configured sink, and what came of it. From the files, in
// this process: no hub is needed, and nothing is queued, tried again or counted.
#include "hub/cli/cli.h"

#include "core/alert_decoder.h"
#include "core/text.h"

#include <fmt/format.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <chrono>
#include <optional>

namespace hub {
namespace {

using Clock = std::chrono::steady_clock;

core::AlertRef test_alert(const std::string& sink) {
  const std::string json = fmt::format(
      R"({{"output":{},"priority":"Debug","rule":"Test rule","source":"debug",)"
      R"("hostname":"tocsin-hub","time":"{}","output_fields":{{"proc.name":"tocsin-hub","user.name":"tocsin"}},)"
      R"("tags":["test"]}})",
      core::json_quote("This is a test of output '" + sink + "' by tocsin-hub"), core::to_rfc3339(core::now()));
  core::AlertDecoder decoder;
  auto alert = decoder.decode(json);
  if (!alert) return nullptr;
  alert->id = core::make_alert_id();
  alert->received = core::now();
  return std::make_shared<const core::Alert>(std::move(*alert));
}

struct Words {
  std::string_view outcome;
  std::string why;
};

Words words_of(const core::Outcome& outcome) {
  if (const auto* retry = std::get_if<core::Retry>(&outcome)) return {"retry", retry->why};
  if (const auto* throttle = std::get_if<core::Throttle>(&outcome))
    return {"throttle", "the destination asks for time: " + core::to_text(throttle->wait)};
  if (const auto* reject = std::get_if<core::Reject>(&outcome)) return {"refused", reject->why};
  if (const auto* fault = std::get_if<core::Misconfigured>(&outcome)) return {"misconfigured", fault->why};
  return {"delivered", {}};
}

int tell_outcome(const Cli& cli, const Sink& sink, const Words& words, Clock::duration took) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  const bool delivered = words.outcome == "delivered";
  if (cli.as_json) {
    const nlohmann::ordered_json said{{"sink", sink.name},
                                      {"kind", sink.kind},
                                      {"outcome", words.outcome},
                                      {"why", core::printable(words.why)},
                                      {"milliseconds", milliseconds}};
    fmt::print("{}\n", said.dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace));
  } else {
    fmt::print("{} ({}): {} after {} ms{}{}\n", core::printable(sink.name), sink.kind, words.outcome, milliseconds,
               words.why.empty() ? "" : ": ", core::printable(words.why));
  }
  return delivered ? 0 : 1;
}

int test_output(const Cli& cli, const std::string& name, double seconds) {
  boost::asio::io_context loop{1};  // outlives the outputs
  core::Diagnostics diagnostics;
  Configuration configuration = read_configuration(cli.line, loop, diagnostics);
  if (!tell(diagnostics)) return 2;
  std::vector<Sink>& sinks = configuration.outputs.sinks;
  const auto sink = std::find_if(sinks.begin(), sinks.end(), [&](const Sink& one) { return one.name == name; });
  if (sink == sinks.end()) {
    std::string all;
    for (const Sink& one : sinks) all += (all.empty() ? "" : ", ") + core::printable(one.name);
    return complain({core::Fault::NotFound, "there is no output '" + core::printable(name) + "'; there are: " + all});
  }
  const std::vector<core::AlertRef> alerts{test_alert(name)};
  if (!alerts.front()) return complain({core::Fault::Invalid, "this name is beyond what an alert can hold"});

  boost::asio::cancellation_signal cancel;
  std::optional<Words> words;
  const auto begun = Clock::now();
  auto over = [&](const std::exception_ptr& thrown, const core::Outcomes& outcomes) {
    words = thrown || outcomes.empty() ? Words{"retry", "the output failed"} : words_of(outcomes.front());
  };
  boost::asio::awaitable<core::Outcomes> sending =
      sink->output->send(core::Batch{alerts}, outputs::Attempt{.number = 1, .now = core::now(), .host = 0});
  boost::asio::co_spawn(loop, std::move(sending), boost::asio::bind_cancellation_slot(cancel.slot(), over));
  const auto until = begun + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  while (!words && Clock::now() < until) loop.run_one_until(until);
  const bool late = !words;
  if (late) words = Words{"retry", fmt::format("no outcome within {} s", seconds)};
  const int status = tell_outcome(cli, *sink, *words, Clock::now() - begun);

  if (late) {
    words.reset();
    cancel.emit(boost::asio::cancellation_type::terminal);
    const auto given_up = Clock::now() + std::chrono::seconds{1};
    while (!words && Clock::now() < given_up) loop.run_one_until(given_up);
  }
  bool closed = false;
  boost::asio::awaitable<void> closing = sink->output->close();
  boost::asio::co_spawn(loop, std::move(closing), [&](const std::exception_ptr&) { closed = true; });
  const auto end = Clock::now() + std::chrono::seconds{1};
  loop.restart();
  while (!closed && Clock::now() < end) loop.run_one_until(end);
  return status;
}

}  // namespace

void cli_output(Cli& cli) {
  CLI::App* output = cli.app.add_subcommand("output", "the configured outputs");
  output->require_subcommand(1);
  CLI::App* test = output->add_subcommand("test", "send a test alert through one of them, and say what came of it");
  auto& name = cli.keep(std::string{});
  auto& seconds = cli.keep(35.0);
  test->add_option("name", name, "the output's name in outputs.yaml")->required();
  test->add_option("--timeout", seconds, "seconds to wait for its outcome; default 35")->type_name("SECONDS");
  cli.on(test, [&] { return test_output(cli, name, seconds); });
}

}  // namespace hub

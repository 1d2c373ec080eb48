// What the CLI can ask a hub: one JSON object on one line in, one out; long work says parts of it in lines before that.
//   {"command":"status"} → {"version":…}
//   {"command":"dead-letters","number":7} → {"error":"there is no dead letter 7"}
//   {"command":"replay",…} → {"part":{"read":1000}} · {"part":{"read":2000}} · {"replayed":2417}
// Answered by a running hub through its socket, or by the CLI itself on the state that it has locked. A command is a
// file here and its line in commands.def, nothing else.
#pragma once

#include "hub/control/report.h"
#include "hub/state/state_store.h"

#include <boost/asio/io_context.hpp>
#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace hub {

class Reload;
class Silences;

// Whoever asked. Any thread.
class Asker {
 public:
  virtual ~Asker() = default;
  virtual void take(std::string line) = 0;  // without its newline
  virtual void take_last(std::string line) = 0;
  virtual bool is_there() const = 0;
  virtual bool keeps_up() const = 0;
};

// The answer to one command: parts, as many as there are, then one end. It goes along with the work, to whatever thread
// that is done on; if its last copy is let go before its end, the asker is told that the work was broken off. Any
// thread.
class Answer {
 public:
  explicit Answer(std::shared_ptr<Asker> asker);

  void part(const nlohmann::ordered_json& row) const;
  void end(const nlohmann::ordered_json& object) const;  // once
  void fail(const std::string& sentence) const;          // the end, too
  bool has_ended() const;

  // False: the asker has gone (Ctrl-C). Whether the work goes on without it is the command's to say.
  bool is_wanted() const;
  // False: more than a megabyte of parts waits to be read. Who has many rows waits a little, or pages.
  bool keeps_up() const;

 private:
  struct Open;
  std::shared_ptr<Open> open_;
};

// What a command may look at and change.
struct OpenHub {
  const Report& report;
  Journal& journal;
  Metrics& metrics;
  Delivery& delivery;  // on its loop only, but for what says otherwise
  boost::asio::io_context& delivery_loop;
  Reload& reload;  // on the control loop, where commands start
  Silences& silences;
  // Runs `work` on the delivery loop, soon.
  void on_delivery(std::function<void()> work) const;
};
struct CommandRoom {
  StateStore& state;
  const OpenHub* hub;  // nullptr: none runs, and the CLI answers by itself; the command must end before it returns
};

// Starts on the control loop, where it must not wait for long: work that takes time goes to the delivery loop, with the
// answer. `request` is gone when this returns; what an argument of a wrong type throws is dealt with by the caller.
using RunCommand = void (*)(const nlohmann::json& request, const CommandRoom& room, Answer answer);

// Any line, also nonsense; a fault is answered as {"error":"a sentence"}.
void run_command(std::string_view line, const CommandRoom& room, Answer answer);
// The same for whoever waits: what takes its time and needs a hub is a fault. The answer has no newline at its end.
std::string answer_command(std::string_view line, StateStore& state);

}  // namespace hub

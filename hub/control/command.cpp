#include "hub/control/command.h"

#include "core/invariant.h"
#include "core/text.h"

#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include <atomic>

namespace hub {

#define COMMAND(file, name, needs) void control_##file(const nlohmann::json&, const CommandRoom&, Answer);
#include "hub/control/commands.def"
#undef COMMAND

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

enum Needs { ALWAYS, NEEDS_HUB };
struct Command {
  std::string_view name;
  Needs needs;
  RunCommand run;
};
constexpr Command kCommands[] = {
#define COMMAND(file, name, needs) {name, needs, control_##file},
#include "hub/control/commands.def"
#undef COMMAND
};

std::string dump(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

// The CLI itself, without a hub.
struct Waiting : Asker {
  void take(std::string) override {}
  void take_last(std::string line) override { answer = std::move(line); }
  bool is_there() const override { return true; }
  bool keeps_up() const override { return true; }
  std::string answer;
};

}  // namespace

struct Answer::Open {
  explicit Open(std::shared_ptr<Asker> its_asker) : asker{std::move(its_asker)} {}
  ~Open() {
    if (!ended) asker->take_last(dump({{"error", "the hub broke this off before it was done"}}));
  }
  void end(const ordered_json& object) {
    INVARIANT(!ended.exchange(true));
    asker->take_last(dump(object));
  }
  std::shared_ptr<Asker> asker;
  std::atomic<bool> ended{false};
};

Answer::Answer(std::shared_ptr<Asker> asker) : open_{std::make_shared<Open>(std::move(asker))} {}

void Answer::part(const ordered_json& row) const {
  open_->asker->take(dump({{"part", row}}));
}

void Answer::end(const ordered_json& object) const {
  open_->end(object);
}

void Answer::fail(const std::string& sentence) const {
  open_->end({{"error", sentence}});
}

bool Answer::has_ended() const {
  return open_->ended;
}

bool Answer::is_wanted() const {
  return open_->asker->is_there();
}

bool Answer::keeps_up() const {
  return open_->asker->keeps_up();
}

void OpenHub::on_delivery(std::function<void()> work) const {
  boost::asio::post(delivery_loop, std::move(work));
}

void run_command(std::string_view line, const CommandRoom& room, Answer answer) {
  const json request = json::parse(line, nullptr, false);
  if (!request.is_object()) return answer.fail("a command is one JSON object on one line");
  std::string name, all;
  try {
    name = request.value("command", std::string{});
    for (const Command& command : kCommands) {
      if (command.name != name) {
        all.append(all.empty() ? "" : ", ").append(command.name);
        continue;
      }
      if (command.needs == NEEDS_HUB && room.hub == nullptr)
        return answer.fail("no hub is running on this state directory");
      return command.run(request, room, answer);
    }
  } catch (const json::exception&) {
    if (!answer.has_ended()) answer.fail("an argument of the command has the wrong type");
    return;
  }
  answer.fail("there is no command '" + core::printable(name) + "'; there are: " + all);
}

std::string answer_command(std::string_view line, StateStore& state) {
  const auto waiting = std::make_shared<Waiting>();
  run_command(line, {state, nullptr}, Answer{waiting});
  if (waiting->answer.empty()) return R"({"error":"this can be done by a running hub only"})";
  return waiting->answer;
}

}  // namespace hub

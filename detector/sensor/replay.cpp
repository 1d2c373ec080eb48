#include "detector/sensor/replay.h"

#include "core/text.h"
#include "detector/sensor/recording.h"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>

namespace detector {
namespace {

constexpr std::size_t kEventsAPoll = 16;    // so that signals and slow outputs are looked at in between
constexpr std::size_t kMostFaults = 20;     // the rest of a file that is no recording says nothing new

class Replay final : public Sensor {
 public:
  Replay(std::string text, std::string hostname) : text_{std::move(text)} {
    fields_.users = &reader_.users();
    fields_.hostname = std::move(hostname);
  }

  core::Result<> want(const std::vector<bool>& types) override {
    wanted_ = types;
    return {};
  }

  core::Result<bool> poll(core::Duration, const Each& each) override {
    for (std::size_t n = 0; n < kEventsAPoll; ++n) {
      const auto line = next_line();
      if (line.data() == nullptr) return false;
      if (core::trim(line).empty()) continue;
      std::size_t column = 0;
      if (const auto faults = reader_.read(line, event_, column); !faults.empty()) return core::Error{core::Fault::Invalid, faults.front()};
      ++events_;
      if (event_.number == 0) event_.number = events_;
      const auto type = static_cast<std::size_t>(event_.type);
      if (type < wanted_.size() && !wanted_[type]) continue;
      each(event_);
    }
    return true;
  }

  FieldContext& fields() override { return fields_; }
  SensorStatus status() const override { return {.events = events_, .drops = {}, .processes = reader_.processes(), .files = 0}; }

 private:
  // nullptr at the end.
  std::string_view next_line() {
    if (at_ >= text_.size()) return {};
    const auto end = std::min(text_.find('\n', at_), text_.size());
    const auto line = std::string_view{text_}.substr(at_, end - at_);
    at_ = end + 1;
    return line;
  }

  const std::string text_;
  std::size_t at_ = 0;
  RecordingReader reader_;
  FieldContext fields_;
  Event event_;
  std::uint64_t events_ = 0;
  std::vector<bool> wanted_;
};

void check(const std::string& file, std::string_view text, core::Diagnostics& diagnostics) {
  RecordingReader reader;
  Event event;
  int number = 0;
  for (const auto line : core::split(text, '\n')) {
    ++number;
    if (core::trim(line).empty()) continue;
    std::size_t column = 1;
    for (auto& fault : reader.read(line, event, column)) {
      diagnostics.error({.file = file, .line = number, .column = static_cast<int>(column)}, std::move(fault), "the format is described in detector/sensor/REPLAY.md");
      if (diagnostics.errors() >= kMostFaults) return;
    }
  }
}

}  // namespace

std::unique_ptr<Sensor> open_replay(const std::string& file, std::string hostname, core::Diagnostics& diagnostics) {
  std::string text;
  if (file == "-") {
    text.assign(std::istreambuf_iterator<char>{std::cin}, std::istreambuf_iterator<char>{});
  } else {
    std::ifstream in{file, std::ios::binary};
    text.assign(std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{});
    if (!in) {
      diagnostics.error({.file = file, .line = 0, .column = 0}, "this recording cannot be read");
      return nullptr;
    }
  }
  check(file, text, diagnostics);
  if (diagnostics.has_errors()) return nullptr;
  return std::make_unique<Replay>(std::move(text), std::move(hostname));
}

}  // namespace detector

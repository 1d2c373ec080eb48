// A live sensor over one child process: the child acts, and what the sensor saw of it and its descendants is kept as plain values.
#pragma once

#include "detector/sensor/ebpf_sensor.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace live {

struct Seen {
  std::string type;
  std::int64_t result = 0;
  std::vector<detector::Param> params;
  detector::EventFd fd;
  detector::Process process;              // a copy: its pointers are not to be followed
  std::string parent_comm, container_id;
  std::int64_t parent_pid = -1;
  bool rewritten = false;
  std::string object_path;

  const detector::Param* param(std::string_view name) const;
  std::string text(std::string_view name) const;       // "" when it has none of that name
};

class Watch {
 public:
  // One for all tests of a program. nullptr: there is no live sensor here; the reason is printed as "skipped: …".
  static Watch* get();
  // Another one, for what is decided when a sensor opens. nullptr as above, without a word.
  static std::unique_ptr<Watch> open(const detector::EbpfOptions& options, std::string* why_not = nullptr);

  // Runs `act` in a forked child and returns all that was seen of it until it had ended.
  std::vector<Seen> child(const std::function<void()>& act);
  detector::Sensor& sensor() { return *sensor_; }

 private:
  std::unique_ptr<detector::Sensor> sensor_;
};

// Leaves a test where there is no live sensor, with the reason where tests/run looks for it.
#define NEEDS_LIVE_SENSOR()          \
  Watch* const watch = Watch::get(); \
  if (watch == nullptr) return

const Seen* find(const std::vector<Seen>& seen, std::string_view type, const std::function<bool(const Seen&)>& fits = {});

std::function<bool(const Seen&)> param_is(std::string name, std::string text);
std::function<bool(const Seen&)> fd_is(std::string name);

// In a child: a grandchild that execs, waited for.
void run(const char* program, std::vector<const char*> arguments);

struct Folder {                           // a temporary one, removed with all that is in it
  std::string path;
  Folder();
  ~Folder();
};

}  // namespace live

// All channels together: an alert goes to each. The sensor's thread calls it; nothing here blocks.
#pragma once

#include "core/result.h"
#include "detector/config/config.h"
#include "detector/emit/channel.h"

#include <vector>

namespace detector {

// outputs_queue.capacity 0 is "unbounded" in Falco. Ours ends here: some 100 MB of alerts, before memory does.
inline constexpr std::size_t kLargeQueue = 65'536;

class Emitter {
 public:
  // The channels that the configuration enables, each with its thread running. Fault: one cannot be used at all (a bad URL or TLS file);
  // the others are stopped again.
  static core::Result<Emitter> open(const Config& config);

  void add(std::unique_ptr<Channel> channel) { channels_.push_back(std::move(channel)); }
  void emit(Line line);
  // One of the channels has a long queue. A recording can wait until it is shorter; a kernel cannot.
  bool is_crowded() const;
  void reopen();
  void stop(core::Duration grace);

  struct Row {
    std::string name;
    ChannelStatus status;
  };
  std::vector<Row> status() const;

 private:
  std::vector<std::unique_ptr<Channel>> channels_;
};

}  // namespace detector

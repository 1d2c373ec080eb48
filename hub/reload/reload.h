// Hot reload: on SIGHUP, `tocsin-hub reload` or a change of the files everything is read and checked as at a start. One
// fault, and the hub goes on as it was, and says so in its log (every fault), its metrics and /status. Without a fault
// what can change while the hub runs does, all at once; what cannot is named in one warning. The control loop's, but
// for status().
#pragma once

#include "hub/cli_configuration.h"
#include "hub/deliver/delivery.h"
#include "hub/metrics/metrics.h"
#include "hub/reload/file_watch.h"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace hub {

struct ReloadStatus {
  bool successful = true;
  core::TimePoint at;                      // of the last one that was tried, or the start
  std::string fault;                       // why the last one was refused: how many faults, and the first
  std::vector<std::string> needs_restart;  // options that the files have otherwise than the running hub
  std::vector<std::string> files;
};

struct ReloadResult {
  bool successful = false;
  std::string faults;  // every fault, as check-config shows it
  Delivery::Reloaded sinks;
  std::vector<std::string> needs_restart;
};

class Reload {
 public:
  using Read = std::function<Configuration(core::Diagnostics&)>;
  struct Place {
    boost::asio::io_context& control_loop;
    boost::asio::io_context& delivery_loop;
    Delivery& delivery;
    Metrics& metrics;
    std::function<void(const HubConfig&)> live;  // what else of hub.yaml can change while it runs
  };

  // `running` is what the hub was opened with, from `files`, which are watched.
  Reload(Place place, HubConfig running, Read read, std::vector<std::string> files);

  // One at a time; those asked for meanwhile are one more. `done`, on the control loop, hears of the one that answers.
  void ask(const std::string& why, std::function<void(const ReloadResult&)> done = {});
  void stop() { stopped_ = true; }

  ReloadStatus status() const;  // any thread

 private:
  void begin(const std::string& why);
  void apply(Configuration configuration, const std::string& why);
  void over(const ReloadResult& result, const std::string& fault);
  std::vector<std::string> restart_options(const HubConfig& next) const;

  Place place_;
  const HubConfig running_;
  Read read_;
  FileWatch watch_;
  bool under_way_ = false, stopped_ = false;
  std::string again_;  // why; "": not asked for
  std::vector<std::function<void(const ReloadResult&)>> waiting_, waiting_for_next_;
  mutable std::mutex mutex_;
  ReloadStatus status_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace hub

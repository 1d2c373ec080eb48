// What /proc knows of processes that were there before us, or whose records were lost (falco.md 7, "Start").
#pragma once

#include "detector/event/containers.h"
#include "detector/event/process_table.h"

#include <functional>
#include <string>

namespace detector {

class ProcScan {
 public:
  // `proc`: where it is mounted; another folder in tests.
  ProcScan(Containers& containers, std::string proc = "/proc");

  // All processes and threads. `between` is called before each process: for whoever must not be kept waiting.
  void scan(ProcessTable& table, const std::function<void()>& between);
  void look_up(ProcessTable& table, std::int64_t tid);         // one; unknown to /proc too: the table is unchanged

 private:
  bool read_process(ProcessTable& table, std::int64_t tid);
  void read_files(Process& process);

  Containers& containers_;
  std::string proc_;
  core::TimePoint boot_;
};

core::TimePoint boot_time();   // wall time of the moment that CLOCK_BOOTTIME counts from

}  // namespace detector

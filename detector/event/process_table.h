// Every process and thread of the machine, by thread id, with who is whose child. The sensor changes it before rules see the event.
// Pointers to a Process stay good until it is removed, which happens only in collect() and in add()/fork() of a reused id.
#pragma once

#include "detector/event/process.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace detector {

inline constexpr std::size_t kMaxProcesses = 262144;     // Falco's cap; beyond it new ones are refused and counted
inline constexpr std::size_t kMaxFilesPerProcess = 4096;

struct Fork {
  std::int64_t child_tid = -1, child_pid = -1, child_vtid = -1, child_vpid = -1;
  bool shares_files = false;     // CLONE_FILES
  bool parent_is_callers = false;  // CLONE_PARENT: the child's parent is the caller's
  core::TimePoint time;
};

class ProcessTable {
 public:
  explicit ProcessTable(std::size_t capacity = kMaxProcesses);
  ~ProcessTable();
  ProcessTable(const ProcessTable&) = delete;
  ProcessTable& operator=(const ProcessTable&) = delete;

  Process* find(std::int64_t tid);              // nullptr: unknown
  // The process `tid`, made with "<NA>" everywhere when unknown (its main thread too). nullptr: the table is full, which is counted.
  Process* add(std::int64_t tid, std::int64_t pid);
  // Makes `parent_tid`'s main thread the parent of `process`'s; a parent that is not in the table leaves it without one.
  void set_parent(Process& process, std::int64_t parent_tid);
  // A child or thread of `by`, with everything that the kernel copies. What was known of child_tid before is removed: the id was reused.
  Process* fork(Process& by, const Fork& fork);
  // What exec does to a process besides its new image: it is alone (other threads gone), has its own files, without close-on-exec ones.
  void begin_exec(Process& process);
  // The thread ended; `whole_process`: it was the last. The children go to `reaper_tid` at once; the object stays until collect().
  void exit(Process& process, bool whole_process, std::int64_t reaper_tid);
  void collect();                               // removes what exit() marked

  std::size_t size() const { return nodes_.size(); }
  std::size_t files() const;
  std::uint64_t refused() const { return refused_; }
  std::vector<std::int64_t> main_threads() const;   // for the purge of those whose exit was lost

 private:
  struct Node;
  static void detach(Node& child);
  static void attach(Node& child, Node& parent);
  Node* node_of(std::int64_t tid);
  Node* make(std::int64_t tid);
  void remove(Node& node);

  std::size_t capacity_;
  std::uint64_t refused_ = 0;
  std::unordered_map<std::int64_t, std::unique_ptr<Node>> nodes_;
  std::vector<std::int64_t> exited_;
};

}  // namespace detector

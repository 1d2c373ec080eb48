// The process table. A node is linked into two lists, its parent's children (main threads only) and its process's threads, so that an exit
// costs what that process costs and not a walk over the table.
#include "detector/event/process_table.h"

#include <fcntl.h>

#include "core/invariant.h"

namespace detector {

struct ProcessTable::Node : Process {
  Node* first_child = nullptr;                          // main threads: their children
  Node* next = nullptr;                                 // main threads: next child of the same parent; others: next thread
  Node* previous = nullptr;
  Node* first_thread = nullptr;                         // main threads: the other threads
};

ProcessTable::ProcessTable(std::size_t capacity) : capacity_(capacity) {}
ProcessTable::~ProcessTable() = default;

Process* ProcessTable::find(std::int64_t tid) { return node_of(tid); }

Process* ProcessTable::add(std::int64_t tid, std::int64_t pid) {
  if (Node* known = node_of(tid)) {
    if (known->pid == pid) return known;
    exit(*known, known->main_thread == known, 0);       // the id was reused, and its end was lost
    remove(*known);
  }
  Node* main = tid == pid ? nullptr : static_cast<Node*>(add(pid, pid));
  if (tid != pid && main == nullptr) return nullptr;
  Node* made = make(tid);
  if (made == nullptr) return nullptr;
  made->tid = tid;
  made->pid = pid;
  made->vtid = tid;
  made->vpid = pid;
  if (main == nullptr) {
    made->main_thread = made;
    made->files = std::make_shared<FileTable>();
    return made;
  }
  made->main_thread = main;
  made->files = main->files;
  made->parent = main->parent;
  made->next = main->first_thread;
  if (made->next != nullptr) made->next->previous = made;
  main->first_thread = made;
  return made;
}

void ProcessTable::set_parent(Process& process, std::int64_t parent_tid) {
  Node& child = static_cast<Node&>(*process.main_thread);
  Node* parent = node_of(parent_tid);
  if (parent != nullptr) parent = static_cast<Node*>(parent->main_thread);
  // A chain that leads back to the child can only come from a lost exit and a reused id: without a parent is better than a ring.
  for (const Process* above = parent; above != nullptr; above = above->parent) {
    if (above == &child) {
      parent = nullptr;
      break;
    }
  }
  detach(child);
  if (parent != nullptr) attach(child, *parent);
  for (Node* each = &child; each != nullptr; each = each == &child ? child.first_thread : each->next) {
    each->parent = parent;
    each->parent_tid = parent_tid;
  }
}

Process* ProcessTable::fork(Process& by, const Fork& fork) {
  if (Node* stale = node_of(fork.child_tid); stale != nullptr && stale != &by) {
    // The scan of /proc may have found this very child before its fork was read: only a thread or process with another pid is stale.
    exit(*stale, stale->main_thread == stale, 0);
    remove(*stale);
  }
  const bool thread = fork.child_pid == by.pid;
  Process* child = add(fork.child_tid, fork.child_pid);
  if (child == nullptr) return nullptr;
  const Process& from = thread ? by : *by.main_thread;
  child->vtid = fork.child_vtid;
  child->vpid = fork.child_vpid;
  child->sid = from.sid;
  child->pgid = from.pgid;
  child->vpgid = from.vpgid;
  child->comm = by.comm;
  child->exe = from.exe;
  child->exepath = from.exepath;
  child->args = from.args;
  child->env = from.env;
  child->cwd = from.cwd;
  child->root = from.root;
  child->uid = by.uid;
  child->gid = by.gid;
  child->loginuid = from.loginuid;
  child->tty = from.tty;
  child->cap_permitted = by.cap_permitted;
  child->cap_effective = by.cap_effective;
  child->cap_inheritable = by.cap_inheritable;
  child->started = fork.time;
  child->pidns_init_started = from.pidns_init_started;
  child->exe_inode = from.exe_inode;
  child->exe_ctime = from.exe_ctime;
  child->exe_mtime = from.exe_mtime;
  child->exe_writable = from.exe_writable;
  child->exe_upper_layer = from.exe_upper_layer;
  child->exe_lower_layer = from.exe_lower_layer;
  child->exe_from_memfd = from.exe_from_memfd;
  child->cgroup = from.cgroup;
  child->container = from.container;
  if (thread) return child;
  if (fork.shares_files) {
    child->files = by.files;
  } else if (by.files != nullptr) {
    *child->files = *by.files;
  }
  set_parent(*child, fork.parent_is_callers ? by.parent_tid : by.pid);
  return child;
}

void ProcessTable::begin_exec(Process& process) {
  Node& main = static_cast<Node&>(*process.main_thread);
  while (main.first_thread != nullptr) {
    const std::int64_t tid = main.first_thread->tid;
    Node& thread = *main.first_thread;
    thread.exited = true;
    main.first_thread = thread.next;
    thread.next = thread.previous = nullptr;
    thread.main_thread = nullptr;
    nodes_.erase(tid);
  }
  if (main.files.use_count() > 1) main.files = std::make_shared<FileTable>(*main.files);
  std::erase_if(main.files->entries, [](const auto& entry) { return (entry.second.flags & O_CLOEXEC) != 0; });
}

void ProcessTable::exit(Process& process, bool whole_process, std::int64_t reaper_tid) {
  Node& node = static_cast<Node&>(process);
  if (!whole_process) {
    if (process.main_thread != &process && !process.exited) {   // a main thread that ends first stays: it is the process
      process.exited = true;
      exited_.push_back(process.tid);
    }
    return;
  }
  Node& main = static_cast<Node&>(*node.main_thread);
  main.reaper_tid = reaper_tid;
  // The init of a pid namespace is its own reaper: what it leaves (by lost records only) has nobody.
  if (Node* reaper = node_of(reaper_tid); reaper != nullptr && reaper->main_thread == &main) reaper_tid = 0;
  while (main.first_child != nullptr) set_parent(*main.first_child, reaper_tid);
  if (main.exited) return;
  main.exited = true;
  exited_.push_back(main.tid);
}

void ProcessTable::collect() {
  for (const std::int64_t tid : exited_) {
    if (Node* node = node_of(tid); node != nullptr && node->exited) remove(*node);
  }
  exited_.clear();
}

std::size_t ProcessTable::files() const {
  std::size_t count = 0;
  for (const auto& [tid, node] : nodes_) {
    if (node->main_thread == node.get() && node->files != nullptr) count += node->files->entries.size();
  }
  return count;
}

std::vector<std::int64_t> ProcessTable::main_threads() const {
  std::vector<std::int64_t> tids;
  for (const auto& [tid, node] : nodes_) {
    if (node->main_thread == node.get()) tids.push_back(tid);
  }
  return tids;
}

ProcessTable::Node* ProcessTable::node_of(std::int64_t tid) {
  const auto at = nodes_.find(tid);
  return at == nodes_.end() ? nullptr : at->second.get();
}

ProcessTable::Node* ProcessTable::make(std::int64_t tid) {
  if (nodes_.size() >= capacity_) {
    ++refused_;
    return nullptr;
  }
  return nodes_.emplace(tid, std::make_unique<Node>()).first->second.get();
}

void ProcessTable::detach(Node& child) {
  Node* parent = static_cast<Node*>(child.parent);
  if (parent == nullptr) return;
  if (child.previous != nullptr) child.previous->next = child.next;
  if (child.next != nullptr) child.next->previous = child.previous;
  if (parent->first_child == &child) parent->first_child = child.next;
  child.next = child.previous = nullptr;
  child.parent = nullptr;
}

void ProcessTable::attach(Node& child, Node& parent) {
  INVARIANT(child.previous == nullptr && child.next == nullptr);
  child.next = parent.first_child;
  if (child.next != nullptr) child.next->previous = &child;
  parent.first_child = &child;
  child.parent = &parent;
}

void ProcessTable::remove(Node& node) {
  if (node.main_thread != &node) {
    Node& main = static_cast<Node&>(*node.main_thread);
    if (node.previous != nullptr) node.previous->next = node.next;
    if (node.next != nullptr) node.next->previous = node.previous;
    if (main.first_thread == &node) main.first_thread = node.next;
    nodes_.erase(node.tid);
    return;
  }
  while (node.first_child != nullptr) set_parent(*node.first_child, 0);
  while (node.first_thread != nullptr) remove(*node.first_thread);
  detach(node);
  nodes_.erase(node.tid);
}

}  // namespace detector

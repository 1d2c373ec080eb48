// The process table without a kernel: who is whose child, what a fork copies, what an exec and an exit leave.
#include "detector/event/process_table.h"

#include <fcntl.h>

#include "detector/event/containers.h"
#include "detector/event/process_path.h"
#include "tests/support/catch.h"

using namespace detector;

namespace {

Process& process(ProcessTable& table, std::int64_t pid, std::int64_t parent = 0) {
  Process* made = table.add(pid, pid);
  REQUIRE(made != nullptr);
  if (parent != 0) table.set_parent(*made, parent);
  return *made;
}

}  // namespace

TEST_CASE("a child has what its parent had, and its own copy of the files") {
  ProcessTable table;
  Process& parent = process(table, 10);
  parent.comm = "bash";
  parent.args = {"-l"};
  parent.cwd = "/home/";
  parent.uid = 1000;
  parent.files->entries[3].name = "/etc/passwd";

  Process* child = table.fork(parent, {.child_tid = 11, .child_pid = 11, .child_vtid = 2, .child_vpid = 2});
  child->files->entries[3].name = "/etc/group";

  CHECK(child->comm == "bash");
  CHECK(child->args == std::vector<std::string>{"-l"});
  CHECK(child->cwd == "/home/");
  CHECK(child->uid == 1000);
  CHECK(child->vpid == 2);
  CHECK(child->parent == &parent);
  CHECK(parent.files->entries[3].name == "/etc/passwd");
}

TEST_CASE("threads share the files of their process and have its parent") {
  ProcessTable table;
  Process& shell = process(table, 10);
  Process& server = process(table, 20, 10);

  Process* thread = table.fork(server, {.child_tid = 21, .child_pid = 20});

  CHECK(thread->files == server.files);
  CHECK(thread->main_thread == &server);
  CHECK(thread->parent == &shell);
}

TEST_CASE("children of a process that ends are its reaper's, and it is still there for its own exit event") {
  ProcessTable table;
  Process& init = process(table, 1);
  Process& parent = process(table, 10, 1);
  Process& child = process(table, 11, 10);

  table.exit(parent, true, 1);

  CHECK(child.parent == &init);
  CHECK(child.parent_tid == 1);
  CHECK(table.find(10) == &parent);
  table.collect();
  CHECK(table.find(10) == nullptr);
  CHECK(table.size() == 2);
}

TEST_CASE("a process that is its own reaper, as the first of a pid namespace, leaves its children to nobody") {
  ProcessTable table;
  Process& init = process(table, 10);
  Process& child = process(table, 11, 10);

  table.exit(init, true, 10);

  CHECK(child.parent == nullptr);
}

TEST_CASE("a main thread that ends before the others stays, being the process") {
  ProcessTable table;
  Process& main = process(table, 10);
  table.fork(main, {.child_tid = 11, .child_pid = 10});

  table.exit(main, false, 0);
  table.collect();
  CHECK(table.find(10) != nullptr);

  table.exit(*table.find(11), true, 1);
  table.collect();
  CHECK(table.size() == 0);
}

TEST_CASE("exec leaves one thread and closes what is to be closed on exec") {
  ProcessTable table;
  Process& main = process(table, 10);
  table.fork(main, {.child_tid = 11, .child_pid = 10});
  table.fork(main, {.child_tid = 12, .child_pid = 10});
  main.files->entries[3].flags = O_CLOEXEC;
  main.files->entries[4].flags = O_RDONLY;

  table.begin_exec(main);

  CHECK(table.size() == 1);
  CHECK(main.files->entries.count(3) == 0);
  CHECK(main.files->entries.count(4) == 1);
}

TEST_CASE("an id that is used again is another process") {
  ProcessTable table;
  Process& parent = process(table, 10);
  Process& old = process(table, 11, 10);
  old.comm = "old";
  Process& orphan = process(table, 12, 11);

  Process* fresh = table.fork(parent, {.child_tid = 11, .child_pid = 11});

  CHECK(fresh->comm == "<NA>");
  CHECK(orphan.parent == nullptr);
}

TEST_CASE("lost exits cannot make a ring of parents") {
  ProcessTable table;
  Process& a = process(table, 10);
  Process& b = process(table, 11, 10);
  table.set_parent(a, 11);

  CHECK(a.parent == nullptr);
  CHECK(b.parent == &a);
}

TEST_CASE("a full table refuses and counts, and goes on") {
  ProcessTable table(2);
  process(table, 1);
  process(table, 2);

  CHECK(table.add(3, 3) == nullptr);
  CHECK(table.add(4, 5) == nullptr);
  CHECK(table.refused() == 2);
  table.exit(*table.find(2), true, 1);
  table.collect();
  CHECK(table.add(3, 3) != nullptr);
}

TEST_CASE("paths are joined and folded by their letters") {
  CHECK(join_path("/home/me/", "x") == "/home/me/x");
  CHECK(join_path("/home/me", "../you//./y/") == "/home/you/y");
  CHECK(join_path("/a", "/etc/../etc/shadow") == "/etc/shadow");
  CHECK(join_path("/", "../../..") == "/");
  CHECK(join_path_raw("/home/", "../x") == "/home/../x");
  CHECK(join_path_raw("/home", "x") == "/home/x");
  CHECK(last_name("/etc/shadow") == "shadow");
  CHECK(parent_path("/etc") == "/");
}

TEST_CASE("containers are found in the cgroups of every engine, by exactly 64 digits") {
  const std::string id(64, 'a');
  CHECK(parse_container("/docker/" + id).engine == "docker");
  CHECK(parse_container("/system.slice/docker-" + id + ".scope").id == id);
  CHECK(parse_container("/kubepods/burstable/pod12/" + id).engine == "containerd");
  CHECK(parse_container("/kubepods.slice/cri-containerd-" + id + ".scope").engine == "containerd");
  CHECK(parse_container("/kubepods.slice/crio-" + id + ".scope").engine == "cri-o");
  CHECK(parse_container("/machine.slice/libpod-" + id + ".scope/container").engine == "podman");
  CHECK(parse_container("/libpod_parent/libpod-" + id).engine == "podman");
  CHECK(parse_container("/system.slice:cri-containerd:" + id).id == id);
  CHECK(parse_container("/machine.slice/libpod-conmon-" + id + ".scope").id.empty());
  CHECK(parse_container("/docker/" + std::string(63, 'a')).id.empty());
  CHECK(parse_container("/docker/" + std::string(32, 'a')).id.empty());
  CHECK(parse_container("/user.slice").id.empty());
  CHECK(parse_container("").id.empty());
}

TEST_CASE("all processes of a container share what is known of it") {
  Containers containers;
  std::size_t asked = 0;
  containers.on_new = [&asked](const std::shared_ptr<Container>&) { ++asked; };
  const std::string id(64, 'b');

  const auto one = containers.of("/docker/" + id);
  const auto two = containers.of("/docker/" + id + "/sub");

  CHECK(one == two);
  CHECK(one->id == std::string(12, 'b'));
  CHECK(asked == 1);
  CHECK(containers.of("/user.slice") == nullptr);
}

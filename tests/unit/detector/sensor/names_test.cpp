// Falco's names of flags and enums.
#include "detector/sensor/names.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>

#include "detector/sensor/calls.h"
#include "detector/sensor/syscalls.h"
#include "tests/support/catch.h"

using namespace detector;

namespace {

std::string named(Names names, std::uint64_t kernel) {
  std::string text;
  append_names(text, names, to_falco_bits(names, kernel));
  return text;
}

}  // namespace

TEST_CASE("open flags have Falco's names in Falco's order") {
  CHECK(named(Names::OpenFlags, O_RDONLY) == "O_RDONLY");
  CHECK(named(Names::OpenFlags, O_RDWR) == "O_RDWR");
  CHECK(named(Names::OpenFlags, O_WRONLY | O_CREAT | O_TRUNC) == "O_TRUNC|O_CREAT|O_WRONLY");
  CHECK(named(Names::OpenFlags, O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NONBLOCK) == "O_DIRECTORY|O_NONBLOCK|O_RDONLY|O_CLOEXEC");
  CHECK(to_falco_bits(Names::OpenFlags, O_RDWR | O_CREAT) == 7);
}

TEST_CASE("enums have all names of their value, flags each of theirs once") {
  CHECK(named(Names::SocketFamily, AF_UNIX) == "AF_LOCAL|AF_UNIX");
  CHECK(named(Names::SocketFamily, AF_PACKET) == "AF_PACKET");
  CHECK(named(Names::PtraceRequest, 16) == "PTRACE_ATTACH");
  CHECK(named(Names::BpfCommand, 5) == "BPF_PROG_LOAD");
  CHECK(named(Names::Mode, 04755) == "S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID");
  CHECK(named(Names::CloneFlags, CLONE_NEWNS | CLONE_NEWUSER) == "CLONE_NEWNS|CLONE_NEWUSER");
  CHECK(named(Names::SocketFamily, 4711).empty());
}

TEST_CASE("errors have their names") {
  CHECK(errno_name(2) == "ENOENT");
  CHECK(errno_name(115) == "EINPROGRESS");
  CHECK(errno_name(512) == "ERESTARTSYS");
  CHECK(errno_name(-1).empty());
  CHECK(errno_name(100000).empty());
}

TEST_CASE("every row is a system call of this machine, and every native call an event type") {
  const auto names = syscall_names();
  for (const auto rows : {file_calls(), path_calls(), network_calls(), process_calls()}) {
    for (const CallRow& row : rows) {
      INFO(row.name);
      CHECK(std::find(names.begin(), names.end(), row.name) != names.end());
      CHECK(find_event_type(row.name).has_value());
    }
  }
}

TEST_CASE("what the kernel takes for a row follows from its parameters") {
  const wire_shape openat = shape_of(*find_call("openat"));
  CHECK(openat.arg[0] == TAKE_DIRFD);
  CHECK(openat.arg[1] == TAKE_PATH);
  CHECK(openat.arg[2] == TAKE_NOTHING);
  CHECK(openat.fd == FD_RESULT);
  CHECK(shape_of(*find_call("connect")).arg[1] == TAKE_SOCKADDR);
}

// Records made by hand become events; hostile lengths become nothing.
#include "detector/sensor/decoder.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <random>

#include "detector/event/users.h"
#include "tests/support/catch.h"

using namespace detector;

namespace {

class RecordMaker {
 public:
  RecordMaker(wire_kind kind, int call, std::int64_t result) {
    header_.kind = static_cast<std::uint16_t>(kind);
    header_.call = static_cast<std::uint16_t>(call);
    header_.result = result;
    header_.tid = header_.pid = 100;
  }
  RecordMaker& argument(int n, std::uint64_t value) {
    header_.args[n] = value;
    return *this;
  }
  RecordMaker& thread(std::uint32_t tid, std::uint32_t pid) {
    header_.tid = tid;
    header_.pid = pid;
    return *this;
  }
  RecordMaker& blob(wire_tag tag, std::string_view bytes, std::int32_t detail = 0) {
    const wire_blob head{static_cast<std::uint16_t>(tag), static_cast<std::uint16_t>(bytes.size()), detail};
    body_.append(reinterpret_cast<const char*>(&head), sizeof head);
    body_.append(bytes);
    body_.resize((body_.size() + 7) & ~std::size_t{7});
    return *this;
  }
  template <class T>
  RecordMaker& value(wire_tag tag, const T& value, std::int32_t detail = 0) {
    return blob(tag, {reinterpret_cast<const char*>(&value), sizeof value}, detail);
  }
  std::string bytes() {
    header_.length = static_cast<std::uint32_t>(sizeof header_ + body_.size());
    return std::string(reinterpret_cast<const char*>(&header_), sizeof header_) + body_;
  }

 private:
  wire_header header_{};
  std::string body_;
};

struct Bench {
  ProcessTable table;
  Containers containers;
  std::unique_ptr<Users> users = system_users();
  Decoder decoder{table, containers, *users, [](ProcessTable&, std::int64_t) {}};
  Event event;

  Bench() {
    table.add(1, 1);
    Process* process = table.add(100, 100);
    process->comm = "cat";
    process->cwd = "/home/";
    table.set_parent(*process, 1);
  }
  bool decode(RecordMaker& record) { return decoder.decode(record.bytes(), event); }
};

std::string file_blob(std::uint64_t inode, const std::string& name, const std::string& folder, std::uint16_t mode = S_IFREG) {
  wire_file file{};
  file.inode = inode;
  file.device = 8 << 20 | 1;
  file.inode_mode = mode;
  std::string bytes(reinterpret_cast<const char*>(&file), sizeof file);
  return bytes + name + '\0' + folder + '\0';
}

std::string text(const std::string& value) { return value + '\0'; }

}  // namespace

TEST_CASE("an open becomes an event with its parameters, and the file table knows it first") {
  Bench bench;
  RecordMaker record(WIRE_CALL, SYS_openat, 3);
  record.argument(0, static_cast<std::uint64_t>(AT_FDCWD)).argument(2, O_RDWR | O_CREAT).argument(3, 0600);
  record.blob(BLOB_TEXT, text("../etc/passwd"), 1).blob(BLOB_FILE, file_blob(77, "passwd", "etc"), 3);

  REQUIRE(bench.decode(record));

  CHECK(to_text(bench.event.type) == "openat");
  CHECK(bench.event.fd.entry.name == "/etc/passwd");
  CHECK(bench.event.fd.name_raw == "/home/../etc/passwd");
  CHECK(bench.event.fd.number == 3);
  CHECK(bench.event.param("name")->text == "/etc/passwd");
  CHECK(bench.event.param("flags")->text == "O_CREAT|O_RDWR");
  CHECK(bench.event.param("ino")->number == 77);
  CHECK(bench.event.param("dev")->number == 0x801);
  CHECK(bench.table.find(100)->files->entries.at(3).inode == 77);
  CHECK_FALSE(bench.event.rewritten);
  CHECK(bench.event.process->comm == "cat");
}

TEST_CASE("a string that is not what was opened is marked, with what was") {
  Bench bench;
  RecordMaker record(WIRE_CALL, SYS_open, 3);
  record.blob(BLOB_TEXT, text("/tmp/harmless"), 0).blob(BLOB_FILE, file_blob(77, "shadow", "etc"), 3);

  REQUIRE(bench.decode(record));

  CHECK(bench.event.rewritten);
  CHECK(bench.event.object_path == "etc/shadow");
}

TEST_CASE("an open whose string was gone has the kernel's name, not that of the current folder") {
  Bench bench;
  RecordMaker record(WIRE_CALL, SYS_openat, 3);
  record.argument(0, static_cast<std::uint64_t>(AT_FDCWD))
      .blob(BLOB_FAULT, {}, 1)
      .blob(BLOB_FILE, file_blob(77, "shadow", "etc"), 3)
      .blob(BLOB_OPENED, std::string_view("shadow\0etc\0", 11));

  REQUIRE(bench.decode(record));

  CHECK(bench.event.fd.entry.name == "/etc/shadow");
  CHECK(bench.event.fd.name_raw == "/etc/shadow");
  CHECK(bench.event.object_path == "/etc/shadow");
  CHECK(bench.table.find(100)->files->entries.at(3).name == "/etc/shadow");
}

TEST_CASE("the exit of a process that was never seen is no gap, a call of one is") {
  Bench bench;
  RecordMaker exit(WIRE_EXIT, 0, 0), call(WIRE_CALL, SYS_getppid, 1);
  exit.thread(501, 501).value(BLOB_EXIT, wire_exit{});
  call.thread(502, 502);

  bench.decode(exit);
  CHECK(bench.decoder.counts().unknown_process == 0);
  bench.decode(call);
  CHECK(bench.decoder.counts().unknown_process == 1);
}

TEST_CASE("a relative path of a process that nobody knows is not taken for one in the root") {
  Bench bench;
  RecordMaker record(WIRE_CALL, SYS_openat, 3);
  record.thread(503, 503).argument(0, static_cast<std::uint64_t>(AT_FDCWD)).blob(BLOB_TEXT, text("notes"), 1);

  REQUIRE(bench.decode(record));

  CHECK(bench.event.fd.entry.name == "/<UNKNOWN>/notes");
}

TEST_CASE("an entry of the file table that the kernel contradicts is not believed") {
  Bench bench;
  RecordMaker opened(WIRE_CALL, SYS_open, 3);
  opened.blob(BLOB_TEXT, text("/etc/passwd"), 0).blob(BLOB_FILE, file_blob(77, "passwd", "etc"), 3);
  REQUIRE(bench.decode(opened));

  RecordMaker same(WIRE_CALL, SYS_fchmod, 0);
  same.argument(0, 3).argument(1, 0600).blob(BLOB_FILE, file_blob(77, "passwd", "etc"), 3);
  REQUIRE(bench.decode(same));
  CHECK(bench.event.fd.entry.name == "/etc/passwd");

  RecordMaker other(WIRE_CALL, SYS_fchmod, 0);
  other.argument(0, 3).argument(1, 0600).blob(BLOB_FILE, file_blob(78, "group", "etc"), 3);
  REQUIRE(bench.decode(other));
  CHECK(bench.event.fd.entry.name != "/etc/passwd");
  CHECK(bench.event.fd.entry.inode == 78);
}

TEST_CASE("a connection's name is built from the kernel's addresses, and a lying string is found out") {
  Bench bench;
  wire_socket socket{};
  socket.family = AF_INET;
  socket.type = SOCK_STREAM;
  socket.local_port = 4000;
  socket.remote_port = 443;
  inet_pton(AF_INET, "127.0.0.1", socket.local);
  inet_pton(AF_INET, "10.0.0.1", socket.remote);
  sockaddr_in said{};
  said.sin_family = AF_INET;
  said.sin_port = htons(443);
  inet_pton(AF_INET, "10.0.0.2", &said.sin_addr);
  RecordMaker record(WIRE_CALL, SYS_connect, 0);
  record.argument(0, 5).value(BLOB_SOCKET, socket, 5).value(BLOB_ADDRESS, said, 1);

  REQUIRE(bench.decode(record));

  CHECK(bench.event.fd.entry.name == "127.0.0.1:4000->10.0.0.1:443");
  CHECK(bench.event.fd.entry.connected);
  CHECK(bench.event.param("addr")->text == "10.0.0.2:443");
  CHECK(bench.event.rewritten);
  CHECK(bench.event.object_path == "10.0.0.1:443");
}

TEST_CASE("a fork is no event, but its child is known before it does anything") {
  Bench bench;
  wire_fork fork{};
  fork.child_tid = fork.child_pid = 200;
  fork.child_vtid = fork.child_vpid = 200;
  fork.parent_pid = 100;
  RecordMaker record(WIRE_FORK, 0, 0);
  record.value(BLOB_FORK, fork);

  CHECK_FALSE(bench.decode(record));

  REQUIRE(bench.table.find(200) != nullptr);
  CHECK(bench.table.find(200)->comm == "cat");
  CHECK(bench.table.find(200)->parent->pid == 100);
}

TEST_CASE("an exec's image is in the process before rules see the event") {
  Bench bench;
  wire_task task{};
  task.parent_tid = task.parent_pid = 1;
  std::memcpy(task.comm, "bash", 5);
  RecordMaker record(WIRE_EXEC, 0, 0);
  record.value(BLOB_TASK, task).blob(BLOB_EXE, text("bash") + text("bin") + text("usr")).blob(BLOB_ARGV, text("-bash") + text("-c") + text("id; ls"));
  record.blob(BLOB_ENV, text("A=1") + text("B=2")).blob(BLOB_FILENAME, text("/bin/bash"));
  record.blob(BLOB_CGROUP, text(std::string(64, 'c')) + text("docker"));

  REQUIRE(bench.decode(record));

  CHECK(to_text(bench.event.type) == "execve");
  const Process& process = *bench.event.process;
  CHECK(process.comm == "bash");
  CHECK(process.exe == "-bash");
  CHECK(process.args == std::vector<std::string>{"-c", "id; ls"});
  CHECK(process.exepath == "/usr/bin/bash");
  CHECK(process.env.size() == 2);
  CHECK(process.container->id == std::string(12, 'c'));
  CHECK(bench.event.param("args")->text == "-c id; ls");
  CHECK(bench.event.param("filename")->text == "/bin/bash");
}

TEST_CASE("a call without a row has its name and result") {
  Bench bench;
  RecordMaker record(WIRE_CALL, SYS_getppid, 1);

  REQUIRE(bench.decode(record));

  CHECK(to_text(bench.event.type) == "getppid");
  CHECK(bench.event.result == 1);
}

TEST_CASE("no bytes whatever make the decoder read beyond them") {
  Bench bench;
  RecordMaker record(WIRE_CALL, SYS_openat, 3);
  record.blob(BLOB_TEXT, "no end", 1).blob(BLOB_FILE, "short", 3).blob(BLOB_DIRFD, "etc", 0).blob(BLOB_BYTES, "x", 2).blob(BLOB_ADDRESS, "\x02", 1);
  const std::string good = record.bytes();
  for (std::size_t length = 0; length <= good.size(); ++length) {
    const std::string cut = good.substr(0, length);
    const std::unique_ptr<char[]> exact(new char[length + 1]);    // so that a sanitizer sees one byte too many
    std::memcpy(exact.get(), cut.data(), length);
    bench.decoder.decode({exact.get(), length}, bench.event);
  }

  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = good;
    for (int i = 0; i < 6; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    bench.decoder.decode(bytes, bench.event);
  }
  CHECK(bench.decoder.counts().malformed > 0);
}

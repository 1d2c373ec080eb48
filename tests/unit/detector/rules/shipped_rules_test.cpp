// config/rules/tocsin_rules.yaml: it loads without a word, fires on the acts it names, and stays silent on a normal day.
#include "tests/support/catch.h"
#include "tests/unit/detector/rules/support.h"

using namespace detector;
using namespace detector::test;

namespace {

struct Shipped : Scene {
  Shipped() {
    loaded = load_rules({{"tocsin_rules.yaml", read_file(std::string{TOCSIN_SOURCE_DIR} + "/config/rules/tocsin_rules.yaml")}}, {});
    INFO(render_text(loaded.files, {}));
    REQUIRE(loaded.ruleset);
  }
  // The name of the rule that fires; "": none.
  std::string fires() {
    const auto matches = run(*loaded.ruleset);
    return matches.empty() ? "" : matches[0].rule->name;
  }
  void param(std::string_view name, ParamKind kind, const std::string& text, std::int64_t number = 0) {
    event.params.push_back({name, kind, number, text, {}});
    ++event.param_count;
  }
  void in_container() {
    process.container = std::make_shared<Container>();
    process.container->id = "0123456789ab";
  }
  Loaded loaded;
};

}  // namespace

TEST_CASE_METHOD(Shipped, "the shipped rules load without error or warning") {
  for (const LoadFault& warning : loaded.files[0].warnings) FAIL_CHECK(warning.code << ": " << warning.message << " " << warning.context.back().item_name);
  CHECK(loaded.ruleset->rules().size() >= 10);
}

TEST_CASE_METHOD(Shipped, "cat /etc/shadow raises the alarm, passwd and sshd doing the same do not") {
  open("/etc/shadow");
  CHECK(fires() == "Sensitive file read");

  for (const char* name : {"passwd", "sshd", "useradd", "sudo", "dpkg", "systemd"}) {
    process.comm = name;
    INFO(name);
    CHECK(fires() == "");
  }
}

TEST_CASE_METHOD(Shipped, "what a package's script reads and writes is the package tool's doing") {
  Process apt = parent;
  apt.comm = "apt-get";
  parent.comm = "sh";
  parent.parent = &apt;
  process.comm = "sed";

  open("/etc/shadow");
  CHECK(fires() == "");
  open("/etc/motd", "O_WRONLY|O_CREAT", 2 | 4);
  CHECK(fires() == "");
}

TEST_CASE_METHOD(Shipped, "writes below /etc, /root and the binary directories raise the alarm") {
  process.comm = "tee";
  open("/etc/motd", "O_WRONLY|O_CREAT", 2 | 4);
  CHECK(fires() == "File written below etc");
  open("/root/dropped", "O_WRONLY|O_CREAT", 2 | 4);
  CHECK(fires() == "File written below root");
  open("/dropped", "O_WRONLY|O_CREAT", 2 | 4);
  CHECK(fires() == "File written below root");
  open("/usr/bin/backdoor", "O_WRONLY|O_CREAT", 2 | 4);
  CHECK(fires() == "File written below a binary directory");
  open("/usr/binary", "O_WRONLY|O_CREAT", 2 | 4);
  CHECK(fires() == "");
  open("/root/.bash_history", "O_WRONLY|O_APPEND", 2 | 8);
  CHECK(fires() == "");
  open("/etc/motd");
  CHECK(fires() == "");
}

TEST_CASE_METHOD(Shipped, "a file without a name in / or /tmp is not one written below the root, though its folder's name looks so") {
  for (const char* folder : {"/", "/tmp"}) {
    open(folder, "O_DIRECTORY|O_RDWR|O_TMPFILE", 3 | 1 << 10 | 1 << 13);
    INFO(folder);
    CHECK(fires() == "");
  }
  open("/etc/cron.d", "O_DIRECTORY|O_RDWR|O_TMPFILE", 3 | 1 << 10 | 1 << 13);    // linkat(2) may name it there
  CHECK(fires() == "File written below etc");
}

TEST_CASE_METHOD(Shipped, "keys, links, logs, setuid bits, modules and ptrace raise the alarm") {
  open("/root/.ssh/id_ed25519");
  CHECK(fires() == "SSH private key read");

  call("symlinkat");
  param("target", ParamKind::Text, "/etc/shadow");
  param("linkpath", ParamKind::RelPath, "/tmp/x");
  CHECK(fires() == "Symlink over sensitive file");

  open("/var/log/auth.log", "O_TRUNC|O_WRONLY", 2 | 1 << 7);
  CHECK(fires() == "Log file cleared or removed");
  call("unlinkat");
  param("name", ParamKind::RelPath, "/var/log/auth.log");
  CHECK(fires() == "Log file cleared or removed");

  call("fchmodat");
  param("filename", ParamKind::RelPath, "/tmp/x");
  param("mode", ParamKind::Mode, "S_IXUSR|S_ISUID", 04100);
  CHECK(fires() == "Setuid or setgid bit set");

  call("finit_module");
  process.comm = "insmod";
  CHECK(fires() == "Kernel module loaded");
  process.comm = "modprobe";
  CHECK(fires() == "");

  call("ptrace");
  param("request", ParamKind::Enum, "PTRACE_ATTACH", 16);
  process.comm = "inject";
  CHECK(fires() == "Another process attached to");
}

TEST_CASE_METHOD(Shipped, "shells and package tools in containers, and programs without a file, raise the alarm") {
  call("execve");
  process.comm = process.exe = "bash";
  process.args.clear();
  process.tty = 34816;
  CHECK(fires() == "");
  in_container();
  CHECK(fires() == "Terminal shell in container");

  process.tty = 0;
  process.comm = "apt-get";
  CHECK(fires() == "Package management in container");

  process.container.reset();
  process.comm = "x";
  process.exepath = "/dev/shm/x";
  CHECK(fires() == "Program run from shared memory");
  process.exepath = "memfd:x";
  process.exe_from_memfd = true;
  CHECK(fires() == "Program run from memory only");
}

TEST_CASE_METHOD(Shipped, "a shell that connects to another machine raises the alarm, to itself not") {
  process.comm = "bash";
  connect_to("203.0.113.9", 4444);
  CHECK(fires() == "Outbound connection by a shell");
  connect_to("127.0.0.1", 4444);
  CHECK(fires() == "");
  process.comm = "curl";
  connect_to("203.0.113.9", 443);
  CHECK(fires() == "");
}

// What conditions mean: operators, missing values, precedence, transformers, and that no text brings the parser down.
#include "tests/support/catch.h"
#include "tests/unit/detector/rules/support.h"

#include "detector/rules/condition.h"

#include <random>

using namespace detector;
using namespace detector::test;

TEST_CASE("comparisons of text, numbers and truth values mean what Falco says they mean") {
  Scene scene;
  scene.open("/etc/shadow");
  for (const char* condition : {
         "proc.name = cat", "proc.name == cat", "proc.name != dog", "proc.name > 9", "fd.name contains sha", "fd.name icontains SHA",
         "fd.name startswith /etc", "fd.name endswith shadow", "fd.name glob /*/shad?w", "fd.name glob *shadow", "fd.name iglob /ETC/*",
         "fd.name regex ^/etc/.*w$", "fd.name in (/etc/passwd, /etc/shadow)", "fd.name intersects (/etc/shadow)", "fd.name pmatch (/etc)",
         "fd.name pmatch (/e*c)", "proc.name exists", "proc.pid = 100", "proc.pid > 99", "proc.pid >= 100", "proc.pid < 101", "proc.pid in (1, 100)",
         "proc.pid != 5", "evt.is_open_read = true", "evt.failed = false", "fd.name startswith oneof (/etc, /var)",
         "fd.name contains allof (etc, shadow)", "fd.name contains anyof (nothing, shadow)", "proc.args[1] = /etc/shadow", "proc.env[HOME] = /root",
         "proc.cmdline = \"cat -n /etc/shadow\"", "evt.arg.flags contains O_CLOEXEC", "evt.arg[1] = /etc/shadow", "evt.rawarg.flags = 4097",
         "proc.aname = systemd", "proc.aname in (init, systemd)", "proc.aname[2] = systemd", "proc.aname[0] = cat", "proc.pname = sshd",
         "user.loginuid = -1", "container.id = host", "fd.directory = /etc", "fd.filename = shadow", "evt.res = SUCCESS"}) {
    INFO(condition);
    CHECK(scene.matches(condition));
  }
  for (const char* condition : {
         "proc.name = dog", "fd.name pmatch (/et)", "fd.name regex /etc", "fd.name contains oneof (etc, shadow)", "proc.pid in ()",
         "fd.name contains allof (etc, passwd)", "proc.aname = cat", "proc.aname[9] exists", "fd.name glob shadow", "fd.type = directory"}) {
    INFO(condition);
    CHECK_FALSE(scene.matches(condition));
  }
}

TEST_CASE("a missing value makes every comparison false, unequal too, and its negation true") {
  Scene scene;
  scene.call("execve");
  for (const char* comparison : {"fd.name = x", "fd.name != x", "fd.name contains x", "fd.name in (x)", "fd.name exists", "fd.num < 5", "fd.sport != 5",
                                 "fd.sip != 1.2.3.4", "fd.name pmatch (/)", "evt.arg.flags = x", "k8s.ns.name != x", "fd.connected = false"}) {
    INFO(comparison);
    CHECK_FALSE(scene.matches(comparison));
    CHECK(scene.matches("not " + std::string{comparison}));
    CHECK(scene.matches("not (" + std::string{comparison} + ")"));
  }
}

TEST_CASE("not binds tighter than and, and tighter than or") {
  Scene scene;
  scene.call("execve");
  CHECK(scene.matches("proc.name = cat or proc.name = dog and proc.name = cow"));
  CHECK_FALSE(scene.matches("(proc.name = cat or proc.name = dog) and proc.name = cow"));
  CHECK(scene.matches("not proc.name = dog and proc.name = cat"));
  CHECK_FALSE(scene.matches("not not not proc.name = cat"));
  CHECK(scene.matches("not(proc.name = dog) and(proc.name = cat)or(proc.name = cow)"));
}

TEST_CASE("addresses, ports and networks compare with either end where the field names no end") {
  Scene scene;
  scene.connect_to("192.168.7.9", 443);
  for (const char* condition : {"fd.ip = 192.168.7.9", "fd.ip = 10.1.2.3", "fd.ip != 8.8.8.8", "fd.sip = 192.168.7.9", "fd.cip in (10.1.2.3)",
                                "fd.port = 443", "fd.port = https", "fd.port in (1, 40000)", "fd.sport = https", "fd.sport >= 443", "fd.lport = 40000",
                                "fd.net = 192.168.0.0/16", "fd.net in (1.0.0.0/8, 10.0.0.0/8)", "fd.snet = 192.168.7.8/31", "fd.cnet != 192.168.0.0/16",
                                "fd.l4proto = tcp", "fd.type = ipv4", "fd.typechar = 4", "fd.sip != ::1", "fd.connected = true"}) {
    INFO(condition);
    CHECK(scene.matches(condition));
  }
  for (const char* condition : {"fd.ip != 10.1.2.3", "fd.snet = 10.0.0.0/8", "fd.net = 8.0.0.0/8", "fd.sip = ::1", "fd.port = 80", "fd.cip = 192.168.7.9"}) {
    INFO(condition);
    CHECK_FALSE(scene.matches(condition));
  }
}

TEST_CASE("transformers change what is compared, and a field may be compared with a field") {
  Scene scene;
  scene.open("/etc/shadow");
  scene.process.env.push_back("BLOB=aGVsbG8");
  for (const char* condition : {"toupper(proc.name) = CAT", "tolower(toupper(proc.name)) = cat", "basename(fd.name) = shadow", "len(fd.name) = 11",
                                "len(proc.name) < 4", "b64(proc.env[BLOB]) = hello", "concat(proc.name, \"-\", proc.pname) = cat-sshd",
                                "join(\"+\", (proc.name, proc.pname)) = cat+sshd", "proc.name = basename(proc.exepath)", "proc.name = val(proc.exe)",
                                "getopt((\"-n\", \"-o\", \"file\"), \"no:\")[o] = file", "getopt((\"-n\"), \"n\")[n] = n"}) {
    INFO(condition);
    CHECK(scene.matches(condition));
  }
  CHECK_FALSE(scene.matches("proc.name = val(proc.pname)"));
  CHECK_FALSE(scene.matches("b64(proc.cmdline) exists"));
  CHECK_FALSE(scene.matches("getopt((\"-n\"), \"no:\")[o] exists"));
}

TEST_CASE("no text of words and signs brings the parser or the compiler down") {
  const std::vector<std::string> words{"proc.name", "fd.ip", "evt.type", "and ", "or ", "not ", "not(", "(", ")", "=", "!=", "<", ">=", " in ", "contains ",
    "regex ", "oneof ", "val(", "tolower(", "len(", "getopt(", "[", "]", "\"", "'", "\\", ",", " ", "\n", "x", "5", "0x", "-1", ".", "exists", "pmatch ", "/", "*", "\x01", "\xff"};
  std::mt19937 random{7};
  for (int i = 0; i < 4000; ++i) {
    std::string text;
    const auto length = random() % 14;
    for (unsigned j = 0; j < length; ++j) text += words[random() % words.size()];
    const auto parsed = rules::parse_condition(text);
    CHECK((parsed.expression != nullptr) == parsed.error.empty());
  }
  CHECK_FALSE(rules::parse_condition(std::string(100'000, '(')).expression);
}

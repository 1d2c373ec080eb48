#!/usr/bin/env python3
"""Each shipped rule, shown by its act: what it speaks of is really done, and the real detector tells of it under that rule's name.

Acts in a container are done in one as the detector sees it: a process in a cgroup named as Docker names its own. What an act leaves
behind (files, cgroups, links) is removed, also when it fails.
"""
import contextlib
import ctypes
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import ROOT, Skip, case, expect, run_cases, wait_until
from harness.detector import Detector, need_kernel
from harness.receiver import Receiver

RULES = os.path.join(ROOT, "config/rules/tocsin_rules.yaml")
MARK = f"tocsin{os.getpid()}"   # at most 15 characters, as a process's name; part of every path and command of ours, so that nobody else's alert is taken for it
_shown = set()
_running = {}


def detector():
    """One for all acts: it takes a second to start. Ended by the process's exit."""
    need_kernel()
    if not _running:
        stack = contextlib.ExitStack()
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-e2e-"))
        receiver = Receiver()
        stack.callback(receiver.close)
        # All rules that match are told of, so that an act that two rules speak of shows both.
        _running["detector"] = stack.enter_context(Detector(folder, receiver.url + "/", "rule_matching=all", rules=(RULES,)))
        _running["stack"] = stack
    return _running["detector"]


def alerts(rule):
    for line in detector().tail(100_000_000).splitlines():
        if line.startswith("{"):
            alert = json.loads(line)
            if alert["rule"] == rule:
                yield alert


def shows(rule):
    """Declares the act that the rule speaks of; the alert must carry `MARK` or what the act gives back."""
    def declare(act):
        @case(f"rule '{rule}' tells of its act")
        def _(folder):
            detector()
            mark = act(folder) or MARK
            alert = wait_until(lambda: next((a for a in alerts(rule) if mark in json.dumps(a)), None), 5, f"an alert of '{rule}' with {mark}")
            expect("<NA>" not in alert["output_fields"].get("proc.name", "<NA>"), f"the alert names its process: {alert}")
            _shown.add(rule)
    return declare


def run(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, **options)


@contextlib.contextmanager
def own_file(path, text="x", mode=0o600):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, mode)
    try:
        yield path
    finally:
        os.unlink(path)


@contextlib.contextmanager
def cgroup_of_a_container():
    """Calls join() in the process that shall be in it."""
    identity = os.urandom(32).hex()
    bases = [os.path.join("/sys/fs/cgroup", h) for h in ("memory", "pids", "cpu", "devices", "unified", "systemd")]
    bases = [b for b in bases if os.access(os.path.join(b, "cgroup.procs"), os.W_OK)] or ["/sys/fs/cgroup"]
    made = []
    try:
        for base in bases:
            folder = os.path.join(base, "docker", identity)
            try:
                os.makedirs(folder)
            except OSError as fault:
                raise Skip(f"cgroups cannot be made here: {fault}") from fault
            made.append(folder)

        def join():
            for folder in made:
                with open(os.path.join(folder, "cgroup.procs"), "w", encoding="ascii") as procs:
                    procs.write("0")
        yield join, identity[:12]
    finally:
        for folder in made:
            for place in (folder, os.path.dirname(folder)):
                with contextlib.suppress(OSError):
                    os.rmdir(place)


def copy_of(program, folder, name):
    """The program under another name: its comm is the file's."""
    path = os.path.join(folder, name)
    shutil.copy(program, path)
    os.chmod(path, 0o755)
    return path


@shows("Sensitive file read")
def _(folder):
    link = os.path.join(folder, MARK)
    os.symlink("/bin/cat", link)
    run(link, "/etc/shadow")


@shows("SSH private key read")
def _(_folder):
    os.makedirs("/root/.ssh", mode=0o700, exist_ok=True)
    with own_file(f"/root/.ssh/id_{MARK}") as key:
        run("cat", key)


@shows("Environment of another process read")
def _(_folder):
    with cgroup_of_a_container() as (join, identity):
        run("cat", f"/proc/{os.getpid()}/environ", preexec_fn=join)
        return identity


@shows("Symlink over sensitive file")
def _(folder):
    run("ln", "-s", "/etc/shadow", os.path.join(folder, MARK))


@shows("File written below etc")
def _(_folder):
    with own_file(f"/etc/{MARK}"):
        pass


@shows("File written below root")
def _(_folder):
    with own_file(f"/root/{MARK}"):
        pass


@shows("File written below a binary directory")
def _(_folder):
    with own_file(f"/usr/local/bin/{MARK}"):
        pass


@shows("Setuid or setgid bit set")
def _(folder):
    with own_file(os.path.join(folder, MARK)) as path:
        run("chmod", "u+s", path)


@shows("Log file cleared or removed")
def _(_folder):
    with own_file(f"/var/log/{MARK}.log") as log:
        run("truncate", "-s", "0", log)
        with open(log, "w", encoding="ascii"):
            pass


@shows("Kernel module loaded")
def _(_folder):
    # An attempt is enough, and this one cannot succeed: a module of no bytes.
    libc = ctypes.CDLL(None, use_errno=True)
    expect(libc.syscall(175, None, 0, b"") == -1, "a module of no bytes was taken")
    return f'"proc.name": "{open("/proc/self/comm", encoding="ascii").read().strip()}"'


@shows("Terminal shell in container")
def _(_folder):
    with cgroup_of_a_container() as (join, identity):
        child, terminal = pty.fork()
        if child == 0:
            join()
            os.execv("/bin/bash", ["bash", "-c", f": {MARK}"])
        with contextlib.suppress(OSError):
            while os.read(terminal, 1000):
                pass
        os.waitpid(child, 0)
        os.close(terminal)
        return identity


@shows("Package management in container")
def _(_folder):
    with cgroup_of_a_container() as (join, identity):
        run("apt-get", "--version", preexec_fn=join)
        return identity


@shows("Program run from shared memory")
def _(_folder):
    program = copy_of("/bin/true", "/dev/shm", MARK)
    try:
        run(program)
    finally:
        os.unlink(program)


@shows("Program run from memory only")
def _(_folder):
    memory = os.memfd_create(MARK)
    with open("/bin/true", "rb") as true:
        os.write(memory, true.read())
    os.set_inheritable(memory, True)
    run(f"/proc/self/fd/{memory}", MARK, pass_fds=(memory,))
    os.close(memory)


@shows("Another process attached to")
def _(_folder):
    libc = ctypes.CDLL(None, use_errno=True)
    with subprocess.Popen(["sleep", "60"]) as victim:
        try:
            expect(libc.ptrace(16, victim.pid, 0, 0) == 0, f"ptrace: {os.strerror(ctypes.get_errno())}")
            os.waitpid(victim.pid, 0)
            libc.ptrace(17, victim.pid, 0, 0)
        finally:
            victim.kill()
        return f"target_pid={victim.pid}"


# A network of its own with another machine's address, so that nothing leaves this one.
NETWORK = """
import os, socket, subprocess, sys
for command in ("ip link set lo up", "ip addr add 198.51.100.1/32 dev lo"):
    subprocess.run(command.split(), check=True)
server = socket.create_server(("198.51.100.1", 0))
port = server.getsockname()[1]
"""


def in_a_network(script):
    if not shutil.which("ip"):
        raise Skip("needs ip (iproute2)")
    run("unshare", "-n", sys.executable, "-c", NETWORK + script)


@shows("Outbound connection by a shell")
def _(_folder):
    in_a_network(f"subprocess.run(['bash', '-c', f': {MARK}; exec 3<>/dev/tcp/198.51.100.1/{{port}}'], check=True)")


@shows("Standard stream sent to a network connection")
def _(_folder):
    in_a_network(f"mark = '{MARK}'; client = socket.create_connection(('198.51.100.1', port)); os.dup2(client.fileno(), 0)")


@case("every shipped rule has an act here that shows it")
def _(_folder):
    detector()
    with open(RULES, encoding="utf-8") as file:
        rules = set(re.findall(r"^- rule: (.*)$", file.read(), re.M))
    if "-k" not in sys.argv:
        expect(rules == _shown, f"not shown: {sorted(rules - _shown)}")


if __name__ == "__main__":
    try:
        run_cases()
    finally:
        if "stack" in _running:
            _running["stack"].close()

"""Real servers (Kafka, OpenSearch, InfluxDB) for one test, started by tests/support/servers.sh and gone when the block ends."""
import os
import queue
import shlex
import shutil
import subprocess
import threading
import time

from .case import ROOT, Skip

SCRIPT = os.environ.get("TOCSIN_SERVERS") or os.path.join(ROOT, "tests/support/servers.sh")


class Servers:
    """with Servers(folder, "up_kafka", "up_os", "up_influx") as servers: servers["KAFKA_PLAIN"], servers.run("kafka_topic alerts")"""

    def __init__(self, folder, *starts):
        self.starts, self.values = starts, {}
        for start, program in (("up_kafka", "java"), ("up_kafka", "kcat"), ("up_os", "javac"), ("up_es", "javac"), ("up_ossec", "javac"),
                               ("up_influx", "influxd"), ("up_vm", "victoria-metrics"), ("up_nginx", "nginx")):
            if any(wanted.split()[0] == start for wanted in starts) and not shutil.which(program):
                raise Skip(f"{program} is not installed (scripts/setup --test)")
        if not os.path.exists(SCRIPT):
            raise Skip(f"{SCRIPT} is not there")
        self.folder = os.path.join(folder, "servers")

    def __enter__(self):
        names = "W T KAFKA_PLAIN KAFKA_SASL KAFKA_TLS KAFKA_MTLS KAFKA_OAUTH OS_URL OSSEC_URL ES_URL INFLUX_URL VM_URL NGINX_HTTP NGINX_TLS NGINX_MTLS"
        # The shell stays: its functions know what runs, and it takes everything down when its input ends, however we end.
        # exec 3: the commands come by a descriptor of their own, so that no server reads them.
        program = f'''. {SCRIPT}
certs || exit 9
for start in {" ".join(shlex.quote(start) for start in self.starts)}; do eval "$start" >&2 || {{ echo "@failed $start"; down_all; exit 9; }}; done
for name in {names}; do echo "$name=${{!name-}}"; done
echo @ready
trap 'down_all >&2; exit 0' TERM
while read -r line; do eval "$line" < /dev/null; echo "@done $?"; done
down_all >&2'''
        os.makedirs(self.folder, exist_ok=True)
        self.log = open(os.path.join(self.folder, "servers.log"), "ab")
        environment = dict(os.environ)
        environment.setdefault("W", self.folder)
        self.shell = subprocess.Popen(["bash", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment)
        # A thread reads, because select() does not see lines that are in Python's buffer already.
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        for line in self._until("@ready", 240):
            name, _, value = line.partition("=")
            self.values[name] = value
        return self

    def _read(self):
        for line in self.shell.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put("@ended")

    def _until(self, last, seconds):
        """The lines up to the one that begins with `last`, which is included."""
        lines, deadline = [], time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = "@silent"
            if line.startswith(("@failed", "@ended", "@silent")):
                self.__exit__()
                with open(self.log.name, encoding="utf-8", errors="replace") as log:
                    raise AssertionError(f"the servers did not do as told ({line}):\n{log.read()[-2000:]}")
            lines.append(line)
            if line.startswith(last):
                return lines

    def __getitem__(self, name):
        return self.values[name]

    def run(self, command, seconds=60):
        """Runs a line of shell among the functions of servers.sh; gives back what it printed."""
        self.shell.stdin.write(command + "\n")
        self.shell.stdin.flush()
        *printed, done = self._until("@done", seconds)
        if done != "@done 0":
            raise AssertionError(f"`{command}` ended with {done}: {printed}")
        return "\n".join(printed)

    def __exit__(self, *_):
        if self.shell.poll() is None:
            try:
                self.shell.stdin.close()
                self.shell.wait(30)
            except (OSError, subprocess.TimeoutExpired):
                self.shell.kill()
        self.log.close()

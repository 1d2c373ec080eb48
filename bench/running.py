"""What the benches share: the programs under test are started in a folder of their own, on free ports, and stopped whatever happens."""
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TICK = os.sysconf("SC_CLK_TCK")


class Skipped(Exception):
    """What is to be measured is not here; the text says why."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, program):
    until = time.time() + 20
    while time.time() < until:
        if program.poll() is not None:
            raise SystemExit(f"the server ended with {program.returncode}")
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.002)
    raise SystemExit(f"nothing listens on port {port}")


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_mib(pid, name="VmRSS"):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return 0


def stop(program):
    if program.poll() is not None:
        return
    program.send_signal(signal.SIGTERM)
    try:
        program.wait(12)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()


def median(rows):
    return {k: statistics.median(r[k] for r in rows) for k in rows[0] if isinstance(rows[0][k], (int, float))}


class Hub:
    """One hub on a state directory; `outputs` is the text below `outputs:`."""

    def __init__(self, bench, outputs, settings=""):
        self.bench, self.port = bench, free_port()
        self.state = os.path.join(bench.folder, f"state-{self.port}")
        self.config = self.write("hub.yaml", f"listenport: {self.port}\nstate_directory: {self.state}\njournal: {{max_bytes: 4GiB}}\n{settings}")
        self.outputs = self.write("outputs.yaml", "outputs:\n" + outputs)
        self.start()

    def write(self, name, text):
        path = os.path.join(self.bench.folder, f"{self.port}-{name}")
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o600)
        return path

    def start(self):
        begin = time.time()
        log = open(os.path.join(self.bench.folder, "hub.log"), "a")
        self.program = subprocess.Popen([self.bench.path("tocsin-hub"), "--config", self.config, "--outputs", self.outputs], stderr=log)
        self.bench.programs.append(self.program)
        wait_for(self.port, self.program)
        return time.time() - begin

    def status(self):
        return json.load(urllib.request.urlopen(f"http://127.0.0.1:{self.port}/status", timeout=10))

    def sink(self, name):
        return next(s for s in self.status()["sinks"] if s["name"] == name)

    def wait_until(self, sink, holds, seconds=60):
        until = time.time() + seconds
        while time.time() < until:
            if holds(self.sink(sink)):
                return time.time()
            time.sleep(0.02)
        raise SystemExit(f"sink {sink} did not come so far in {seconds} s: {self.sink(sink)}")

    def cpu(self):
        return cpu_seconds(self.program.pid)

    def end(self):
        stop(self.program)
        shutil.rmtree(self.state, ignore_errors=True)


class Bench:
    def __init__(self, binaries, state_directory=None):
        self.binaries = binaries or os.path.join(ROOT, "build/release/bin")
        self.folder = tempfile.mkdtemp(prefix="tocsin-bench-", dir=state_directory or ROOT)
        self.programs = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in self.programs:
            stop(program)
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, program):
        return os.path.join(self.binaries, program)

    def start(self, *command):
        program = subprocess.Popen([self.path(command[0]), *map(str, command[1:])], stdout=subprocess.PIPE, text=True)
        self.programs.append(program)
        return program

    def floor(self):
        port = free_port()
        program = self.start("bench_ingest_floor", port)
        wait_for(port, program)
        return program, port

    def receiver(self, *options, port=None):
        port = port or free_port()
        program = self.start("bench_delivery_receiver", port, *options)
        wait_for(port, program)
        return program, port

    def load(self, port, connections=16, seconds=5, batch=1, rate=0, most=10**12):
        out = subprocess.run([self.path("bench_ingest_load"), *map(str, (port, connections, seconds, batch, rate, most))],
                             capture_output=True, text=True, check=True).stdout
        return json.loads(out)


def report_of(receiver):
    """What a receiver has to say; it ends by that."""
    receiver.send_signal(signal.SIGTERM)
    return json.loads(receiver.communicate(timeout=20)[0])


def arguments(parser):
    parser.add_argument("--bin", help="where the programs are (build/release/bin)")
    parser.add_argument("--state-directory", help="the disk to measure; not a tmpfs (default: this checkout)")
    return parser

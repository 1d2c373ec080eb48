"""A hub to start, ask, kill and start again on the same port and state."""
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

from .case import expect, program, wait_until


def free_port():
    """Below the ephemeral range: nobody's outgoing connection takes it while the hub is dead."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Hub:
    def __init__(self, folder, outputs=None, settings=None, binary="tocsin-hub", environment=None):
        """`outputs`: what outputs.yaml says (None: no such file); `settings`: more keys of hub.yaml. Both as dicts: JSON is YAML."""
        self.folder, self.binary = folder, program(binary)
        self.environment = environment or {}
        self.port = free_port()
        self.state = os.path.join(folder, "state")
        self.log = os.path.join(folder, "hub.log")
        self.hub_yaml = os.path.join(folder, "hub.yaml")
        self.outputs_yaml = os.path.join(folder, "outputs.yaml") if outputs is not None else None
        self.process = None
        self.write(self.hub_yaml, {"listenaddress": "127.0.0.1", "listenport": self.port, "state_directory": self.state, **(settings or {})})
        if outputs is not None:
            self.write(self.outputs_yaml, outputs)

    @staticmethod
    def write(path, content):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)

    def start(self, ready=True):
        command = [self.binary, "--config", self.hub_yaml] + (["--outputs", self.outputs_yaml] if self.outputs_yaml else [])
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder,
                                            env=dict(os.environ, **self.environment))
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=20):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"the hub ended with {self.process.returncode}:\n{self.tail()}")
            try:
                return self.get("/readyz")[0] == 200
            except OSError:
                return False
        wait_until(ready, seconds, f"the hub to be ready; it said:\n{self.tail()}")

    def tail(self, characters=3000):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                return file.read()[-characters:]
        except FileNotFoundError:
            return ""

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=12):
        """SIGTERM, as an operator stops it. Gives back the seconds it took; it must have ended well."""
        if self.process is None or self.process.poll() is not None:
            return 0.0
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the hub did not stop within {seconds} s of SIGTERM:\n{self.tail()}") from None
        expect(self.process.returncode == 0, f"the hub ended with {self.process.returncode} after SIGTERM:\n{self.tail()}")
        return time.monotonic() - start

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            self.kill()

    # ---- what it says of itself

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as fault:
            return fault.code, fault.read()

    def post(self, body, path="/", headers=None):
        """Status, headers, body of the answer. `body`: bytes, or anything that JSON can say."""
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", payload, {"Content-Type": "application/json", **(headers or {})}, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as fault:
            return fault.code, fault.headers, fault.read()

    def status(self):
        return json.loads(self.get("/status")[1])

    def sink(self, name):
        """The sink's part of /status: state, routed, delivered, dead_letters, dropped, queued, last_error …"""
        return next(s for s in self.status()["sinks"] if s["name"] == name)

    def dead_letters(self):
        """[(sink, alert as it came in, reason)], read behind the hub's back. Before the hub is stopped the last second may be missing."""
        database = sqlite3.connect(f"file:{self.state}/state.db?mode=ro", uri=True, timeout=10)
        try:
            rows = database.execute("select sink, alert, reason from dead_letters order by 1").fetchall()
            return [(sink, json.loads(alert), reason) for sink, alert, reason in rows]
        finally:
            database.close()

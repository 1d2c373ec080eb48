#!/usr/bin/env python3
"""Posts alerts at a steady rate and writes down which were acknowledged: the outside oracle of the durability tests. A process of its own.

Each alert has a sequence number in output_fields (`e2e.seq`); the file of acknowledgements has a line `seq alert-id` for each 200.
An alert whose answer did not come is not sent again: nobody promised anything about it.
"""
import argparse
import datetime
import itertools
import json
import signal
import socket
import threading
import time


def alert(seq, hostname="e2e", rule="Load", priority="Warning", extra=None, padding=0):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
    return {"time": now, "rule": rule, "priority": priority, "source": "syscall", "hostname": hostname, "tags": ["e2e"],
            "output": f"{now}: {priority} alert number {seq} of the load" + "x" * padding,
            "output_fields": {"e2e.seq": seq, "proc.name": "load", **(extra or {})}}


class Connection:
    """Keep-alive, one request at a time. Raises OSError when the hub is away."""

    def __init__(self, port, timeout=5.0):
        self.port, self.timeout, self.socket = port, timeout, None

    def post(self, body, path="/", headers=""):
        """Status, headers in lower case, body."""
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), self.timeout)
            if self.socket.getsockname() == self.socket.getpeername():
                self.close()
                raise ConnectionRefusedError("connected to itself")   # loopback: a free port in the ephemeral range may do that
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.socket.sendall(f"POST {path} HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            return self._answer()
        except (OSError, ValueError):
            self.close()
            raise

    def _answer(self):
        received = b""
        while b"\r\n\r\n" not in received:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise ConnectionResetError("closed before the answer")
            received += chunk
        head, _, rest = received.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", 0))
        while len(rest) < length:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise ConnectionResetError("closed within the answer")
            rest += chunk
        if headers.get("connection", "").lower() == "close":
            self.close()
        return status, headers, rest

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--rate", type=float, default=2000)
    arguments.add_argument("--connections", type=int, default=16)
    arguments.add_argument("--first", type=int, default=1)
    arguments.add_argument("--acks", required=True)
    options = arguments.parse_args()

    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    numbers = itertools.count(options.first)
    acknowledged = [[] for _ in range(options.connections)]
    refused = [0]

    def send(index):
        connection, every = Connection(options.port), options.connections / options.rate
        due = time.monotonic() + every * index / options.connections
        while not stopped.is_set():
            if (wait := due - time.monotonic()) > 0:
                time.sleep(wait)
            due = max(due + every, time.monotonic() - 0.5)          # after an outage: catch up half a second's worth, no more
            seq = next(numbers)
            try:
                status, headers, _ = connection.post(json.dumps(alert(seq)).encode())
            except (OSError, ValueError):
                stopped.wait(0.02)
                continue
            if status == 200:
                acknowledged[index].append((seq, headers.get("tocsin-alert-id", "")))
            else:
                refused[0] += 1

    threads = [threading.Thread(target=send, args=(index,)) for index in range(options.connections)]
    for thread in threads:
        thread.start()
    while not stopped.wait(0.2):
        pass
    for thread in threads:
        thread.join()
    with open(options.acks, "w", encoding="ascii") as file:
        for seq, alert_id in sorted(itertools.chain(*acknowledged)):
            file.write(f"{seq} {alert_id}\n")
    print(f"acknowledged {sum(map(len, acknowledged))} refused {refused[0]} of {next(numbers) - options.first}")


if __name__ == "__main__":
    main()

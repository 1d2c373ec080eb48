#!/usr/bin/env python3
"""Starting over a large backlog: how long until the hub is ready, and until its sink gets the first alert.

The backlog is ingested by a hub whose sink is away; then the hub is killed, and started again with the sink back. Ready within 5 s.

    test_backlog.py [--gib N]        default: a backlog that fits a test run (0.3 GiB); 10 takes some minutes and 11 GiB of disk
"""
import http.client
import json
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import case, expect, run_cases, wait_until
from harness.hub import Hub
from harness.receiver import Receiver

GIB = float(sys.argv[sys.argv.index("--gib") + 1]) if "--gib" in sys.argv else 0.3
ALERT_BYTES, BATCH, SENDERS = 8 << 10, 100, 4


def configuration(receiver):
    return {"outputs": {"sink": {"type": "webhook", "address": receiver.url + "/", "format": "ndjson",
                                 "batch": {"max_items": 1000, "max_bytes": "1MiB", "max_wait": "50ms"}}}}


def batch():
    alert = {"time": "2026-01-02T03:04:05.000000000Z", "rule": "Backlog", "priority": "Notice", "source": "syscall", "tags": ["e2e"],
             "output": "x" * (ALERT_BYTES - 300), "output_fields": {"evt.num": 1}}
    return (json.dumps(alert) + "\n").encode() * BATCH


def ingest(hub, gib):
    body, wanted = batch(), int(gib * (1 << 30))
    left, lock, faults = [-(-wanted // len(body))], threading.Lock(), []

    def send():
        connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=60)
        while True:
            with lock:
                if left[0] == 0 or faults:
                    return
                left[0] -= 1
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != 200:
                faults.append(f"{answer.status} {said[:200]}")

    threads = [threading.Thread(target=send) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(not faults, f"a batch was refused: {faults[:1]}")


def read_bytes(pid):
    with open(f"/proc/{pid}/io", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("rchar")).split()[1])


@case(f"a hub killed over a backlog of {GIB} GiB is ready within 5 s, without reading it, and delivers", quick=False)
def _(folder):
    receiver = Receiver()
    receiver.down()
    hub = Hub(folder, configuration(receiver), {"journal": {"max_bytes": "20GiB"}})
    try:
        began = time.monotonic()
        with hub:
            ingest(hub, GIB)
            wait_until(lambda: (j := hub.status()["journal"])["routed_to"] >= j["durable_end"], 120, "the router to decide all of it")
            wait_until(lambda: hub.sink("sink")["queued"] > 0, 5, "a backlog")
            queued, built = hub.status()["journal"]["bytes"], time.monotonic() - began
            hub.kill()
        receiver.up()
        began = time.monotonic()
        hub.start()
        ready = time.monotonic() - began
        read = read_bytes(hub.process.pid)
        first = wait_until(lambda: receiver.requests and receiver.requests[0], 20, "the first delivery")
        delivered = first.at - time.time() + time.monotonic() - began
        hub.kill()
    finally:
        receiver.close()
    print(f"  journal of {queued / (1 << 30):.2f} GiB (ingested in {built:.0f} s): ready after {ready:.2f} s, "
          f"first delivery after {delivered:.2f} s, {read / (1 << 20):.0f} MiB read by then")
    expect(queued >= GIB * 0.95 * (1 << 30), f"the journal holds {queued} bytes only")
    expect(ready < 5, f"ready after {ready:.1f} s")


if __name__ == "__main__":
    run_cases()

#!/usr/bin/env python3
"""State directories of earlier versions are opened and lose nothing; one of a newer version is refused with a sentence, and left as it is.

The earlier ones are kept in tests/fixtures/state, made by the script there.
"""
import base64
import hashlib
import json
import os
import sqlite3
import struct
import sys
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import ROOT, case, expect, run_cases, wait_until
from harness.hub import Hub
from harness.receiver import Receiver

FIXTURES = os.path.join(ROOT, "tests/fixtures/state")
RELEASES = sorted(n.removesuffix(".json") for n in os.listdir(FIXTURES) if n.endswith(".json"))
ALL = {1, 2, 3, 4, 5, 6}


def hub_over(folder, release, receivers):
    sinks = {name: {"type": "webhook", "address": receiver.url + "/"} for name, receiver in receivers.items()}
    hub = Hub(folder, {"outputs": sinks}, {"journal": {"segment_bytes": "16KiB"}})
    os.makedirs(os.path.join(hub.state, "journal"))
    with open(os.path.join(FIXTURES, release + ".json"), encoding="ascii") as packed:
        for name, content in json.load(packed).items():
            with open(os.path.join(hub.state, name), "wb") as file:
                file.write(zlib.decompress(base64.b64decode(content)))
    return hub


def contents(folder):
    """What is in every file of ours, by name; not the lock and SQLite's index, which are of the moment."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if os.path.isfile(path) and os.path.getsize(path) and not name.endswith(("-shm", "lock")):
                with open(path, "rb") as file:
                    found[os.path.relpath(path, folder)] = hashlib.sha256(file.read()).hexdigest()
    return found


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def refused(hub):
    """Starts it; gives back what it said. It must end by itself, in good order."""
    hub.start(ready=False)
    expect(hub.process.wait(10) in (1, 2), f"a newer state ends the start with {hub.process.returncode}: {hub.tail()}")
    return hub.tail()


def opens(release):
    @case(f"the state of '{release}' is opened, and what was queued in it is delivered")
    def _(folder):
        receivers = {"away": Receiver(), "picky": Receiver()}
        hub = hub_over(folder, release, receivers)
        try:
            with hub:
                wait_until(lambda: all(s["queued"] == 0 for s in hub.status()["sinks"]), 10, f"the queues to drain: {hub.tail()}")
                status, headers, _ = hub.post({"rule": "New", "priority": "Notice", "output": "n", "time": "2026-01-02T03:04:05Z", "output_fields": {"e2e.seq": 7}})
                expect(status == 200 and headers.get("Tocsin-Alert-Id"), f"a new alert is answered {status}")
                wait_until(lambda: {seq(a) for a in receivers["away"].alerts()} >= ALL | {7}, 5, "every kept alert, and the new one")
                wait_until(lambda: 7 in {seq(a) for a in receivers["picky"].alerts()}, 5, "the new alert")
                expect({seq(a) for a in receivers["picky"].alerts()} == {7}, "what was delivered before is not delivered again")
                hub.stop()
            expect([(sink, seq(a)) for sink, a, _ in hub.dead_letters()] == [("picky", 3)], f"the dead letter is kept: {hub.dead_letters()}")
            rules = {a["rule"]: a for a in receivers["away"].alerts()}
            expect(rules["Kept 1"]["output_fields"] == {"e2e.seq": 1} and rules["Kept 1"]["hostname"] == "fixture", f"as it was given: {rules['Kept 1']}")
        finally:
            for receiver in receivers.values():
                receiver.close()


def seq(alert):
    return alert["output_fields"]["e2e.seq"]


for kept in RELEASES:
    opens(kept)


@case("a journal of a newer version is refused with a sentence, and nothing is changed: not even an older state.db is upgraded")
def _(folder):
    hub = hub_over(folder, RELEASES[0], {})
    segment = os.path.join(hub.state, "journal", sorted(os.listdir(os.path.join(hub.state, "journal")))[-1])
    with open(segment, "r+b") as file:
        for copy in (0, 2048):
            file.seek(copy)
            head = bytearray(file.read(60))
            head[8:12] = struct.pack("<I", 99)
            file.seek(copy)
            file.write(bytes(head) + struct.pack("<I", crc32c(head)))
    database = sqlite3.connect(os.path.join(hub.state, "state.db"))
    database.execute("DROP TABLE IF EXISTS removed_sinks")
    database.execute("PRAGMA user_version=1")
    database.commit()
    database.close()
    before = contents(hub.state)

    said = refused(hub)

    expect("written by a newer tocsin-hub (journal format 99" in said, f"a sentence: {said}")
    expect(contents(hub.state) == before, f"nothing is changed: {before} {contents(hub.state)}")


@case("a state.db of a newer version is refused with a sentence, and nothing is changed")
def _(folder):
    hub = hub_over(folder, RELEASES[0], {})
    database = sqlite3.connect(os.path.join(hub.state, "state.db"))
    database.execute("PRAGMA user_version=99")
    database.commit()
    database.close()
    before = contents(hub.state)

    said = refused(hub)

    expect("written by a newer tocsin-hub (state version 99" in said, f"a sentence: {said}")
    expect(contents(hub.state) == before, f"nothing is changed: {json.dumps([before, contents(hub.state)])}")


if __name__ == "__main__":
    run_cases()

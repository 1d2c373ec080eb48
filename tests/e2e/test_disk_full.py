#!/usr/bin/env python3
"""A full disk: on a 48 MB tmpfs and on a real ext4 the hub refuses alerts with 503 and Retry-After, says so at /readyz, goes on delivering and saving
what it delivered, raises its own alarm while the disk is still full, and takes alerts again without a restart when there is room.
"""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import case, expect, run_cases, wait_until
from harness.hub import Hub
from harness.mounts import Mounts
from harness.receiver import Receiver, Reply

FULL, AGAIN = "Tocsin hub takes no alerts", "Tocsin hub takes alerts again"


def alert(seq):
    return {"time": "2026-01-02T03:04:05.000000000Z", "rule": "Fill", "priority": "Notice", "source": "syscall", "tags": ["e2e"],
            "output": "x" * 1500, "output_fields": {"e2e.seq": seq}}


class World:
    """A hub whose state is on `place`, with a sink that is away and a picky one that refuses one alert in ten for good."""

    def __init__(self, folder, place):
        self.place, self.junk = place, os.path.join(place, "junk")
        self.away, self.picky = Receiver(), Receiver(lambda r: Reply(400, b"never") if any(seq_of(a) % 10 == 7 for a in r.alerts()) else Reply(200))
        batch = {"max_items": 100, "max_bytes": "1MiB", "max_wait": "20ms"}
        retry = {"initial": "50ms", "max": "500ms", "probe_max": "500ms"}
        sinks = {name: {"type": "webhook", "address": receiver.url + "/", "format": "ndjson", "batch": batch, "retry": retry}
                 for name, receiver in (("away", self.away), ("picky", self.picky))}
        self.hub = Hub(folder, {"outputs": sinks}, {"journal": {"retain": "0s"}})
        self.hub.state = os.path.join(place, "state")
        self.hub.write(self.hub.hub_yaml, {"listenaddress": "127.0.0.1", "listenport": self.hub.port, "state_directory": self.hub.state,
                                           "journal": {"retain": "0s"}})
        self.acknowledged, self.next = set(), 0

    def __enter__(self):
        self.away.down()
        self.hub.start()
        return self

    def __exit__(self, *_):
        self.hub.__exit__()
        self.away.close()
        self.picky.close()

    def send(self, count=50):
        """One batch; gives back the answer's status and headers."""
        seqs = range(self.next, self.next + count)
        self.next += count
        status, headers, _ = self.hub.post("\n".join(json.dumps(alert(seq)) for seq in seqs).encode())
        if status == 200:
            self.acknowledged |= set(seqs)
        return status, headers

    def fill(self):
        for _ in range(3000):
            status, headers = self.send()
            if status != 200:
                return status, headers
        raise AssertionError("150,000 alerts did not fill the disk")

    def occupy(self):
        """Somebody else takes all that is left, as far as there is any."""
        with open(self.junk, "ab", buffering=0) as file:
            try:
                while True:
                    file.write(b"j" * 4096)
            except OSError:
                pass


def seq_of(an_alert):
    return an_alert["output_fields"].get("e2e.seq", 0)


def rules(receiver):
    return [a["rule"] for a in receiver.alerts() if a["rule"] in (FULL, AGAIN)]


def full_and_back(world):
    hub = world.hub
    status, headers = world.fill()
    filled = len(world.acknowledged)
    expect(status == 503, f"a full disk is answered {status}")
    expect(int(headers.get("Retry-After", 0)) > 0, f"503 says when to come again: {dict(headers)}")
    wait_until(lambda: hub.get("/readyz")[0] == 503, 5, "/readyz to say no")
    expect(hub.get("/healthz")[0] == 200, "a full disk is no reason to restart the hub")

    # The alarm goes out while the disk is full: by the sink that works.
    wait_until(lambda: FULL in rules(world.picky), 10, f"the alarm at the sink while the disk is full; the hub said:\n{hub.tail()}")
    expect(not hub.status()["journal"]["accepting"], "the disk is still full")

    # Others take the last bytes; what was delivered and buried is saved all the same, from the reserve.
    world.occupy()
    wait_until(lambda: hub.sink("picky")["queued"] == 0, 15, f"the working sink to settle everything: {hub.sink('picky')}")
    refused_for_good = {seq for seq in world.acknowledged if seq % 10 == 7}

    def saved():
        return {seq_of(a) for sink, a, _ in hub.dead_letters() if sink == "picky"} == refused_for_good
    wait_until(saved, 15, "every dead letter to be in state.db on the full disk")
    hub.kill()
    hub.start(ready=False)
    wait_until(lambda: hub_answers(hub), 10, f"the hub to start on the full disk:\n{hub.tail()}")
    wait_until(lambda: hub.sink("picky")["queued"] == 0, 10, "the cursors to be where they were")
    again = [seq_of(a) for a in world.picky.alerts()]
    expect(len(again) - len(set(again)) < 0.2 * len(again) + 200, f"cursors were lost: {len(again)} deliveries of {len(set(again))}")

    # Room comes back: the sink drains what pins the segments, and the junk goes. No restart.
    os.remove(world.junk)
    world.away.up()
    wait_until(lambda: hub.get("/readyz")[0] == 200, 30, f"the hub to be ready again; it said:\n{hub.tail()}")
    expect(world.send(1)[0] == 200, "alerts are taken again")
    wait_until(lambda: all(s["queued"] == 0 for s in hub.status()["sinks"]), 30, "the queues to drain")
    for receiver in (world.away, world.picky):
        wait_until(lambda r=receiver: AGAIN in rules(r), 5, "the word that alerts are taken again")
    lost = world.acknowledged - {seq_of(a) for a in world.away.alerts()}
    expect(not lost, f"{len(lost)} acknowledged alerts are lost, such as {sorted(lost)[:5]}")
    print(f"  {filled} alerts until 503, {len(refused_for_good)} dead letters saved on the full disk, 0 lost")


def hub_answers(hub):
    try:
        return hub.get("/status")[0] == 200
    except OSError:
        return False


@case("on a full tmpfs of 48 MB the hub refuses, alarms, saves what it settled, and recovers without a restart", quick=False)
def _(folder):
    with Mounts(folder) as mounts, World(folder, mounts.tmpfs("disk", 48)) as world:
        full_and_back(world)


@case("… and on a full ext4", quick=False)
def _(folder):
    with Mounts(folder) as mounts, World(folder, mounts.ext4("disk", 64)) as world:
        full_and_back(world)


if __name__ == "__main__":
    run_cases()

#!/usr/bin/env python3
"""An acknowledged alert outlives a power cut.

The state directory is on an ext4 image behind a loop device with direct I/O. While the hub is under load it is stopped; then the image, which holds
what the file system has sent to its disk and nothing of the page cache, is copied while nothing writes. The copy is what a power cut would have
left: it is mounted (ext4 replays its journal), a hub is started on it, and each alert acknowledged before the cut must come to the sink.
"""
import os
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import ROOT, case, expect, run_cases, wait_until
from harness.hub import Hub
from harness.mounts import Mounts
from harness.receiver import Receiver

RATE, LOAD = 1500, 4.0


def configuration(receiver):
    return {"outputs": {"sink": {"type": "webhook", "address": receiver.url + "/", "format": "ndjson",
                                 "batch": {"max_items": 200, "max_bytes": "1MiB", "max_wait": "50ms"}}}}



def cut_power(folder, mounts, seconds, binary="tocsin-hub", environment=None):
    """Gives back what was acknowledged, and what a hub on the cut disk delivers."""
    before, after = Receiver(), Receiver()
    settings = {"journal": {"segment_bytes": "1MiB", "retain": "1h"}}
    hub = Hub(folder, configuration(before), settings, binary, environment)
    hub.state = os.path.join(mounts.ext4("disk", 192), "state")
    hub.write(hub.hub_yaml, {"listenaddress": "127.0.0.1", "listenport": hub.port, "state_directory": hub.state, **settings})
    acks = os.path.join(folder, "acks")
    try:
        before.down()           # so that all of it is a backlog: what arrived before the cut would prove nothing
        hub.start()
        sender = subprocess.Popen([sys.executable, os.path.join(ROOT, "tests/e2e/harness/sender.py"), "--port", str(hub.port), "--rate", str(RATE),
                                   "--acks", acks], stdout=subprocess.PIPE, text=True)
        try:
            time.sleep(seconds)      # the load itself: there is nothing to wait for
            # Everything acknowledged from here on is lost with the machine, so the sender must not hear of more: the hub stops first.
            hub.process.send_signal(signal.SIGSTOP)
            wait_until(lambda: all_stopped(hub.process.pid), 5, "the hub to stop")
            image = os.path.join(folder, "disk.image")
            cut = os.path.join(folder, "cut.image")
            settle_writes(image)
            subprocess.run(["cp", "--sparse=always", image, cut], check=True)
        finally:
            hub.kill()
            sender.send_signal(signal.SIGTERM)
            sender.communicate(timeout=30)
        with open(acks, encoding="ascii") as file:
            acknowledged = {int(seq): alert_id for seq, alert_id in (line.split() for line in file)}

        again = os.path.join(folder, "again")
        os.makedirs(again)
        second = Hub(again, configuration(after), settings)
        second.state = os.path.join(mounts.image("after", cut), "state")
        second.write(second.hub_yaml, {"listenaddress": "127.0.0.1", "listenport": second.port, "state_directory": second.state, **settings})
        began = time.monotonic()
        with second:
            opened = time.monotonic() - began
            wait_until(lambda: drained(second), 20, "the backlog to drain")
            second.stop()
        arrived = {alert["output_fields"]["e2e.seq"]: alert["uuid"] for alert in after.alerts()}
        return acknowledged, arrived, opened
    finally:
        if hub.process and hub.process.poll() is None:
            hub.kill()
        before.close()
        after.close()


def all_stopped(pid):
    states = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/stat", encoding="ascii") as file:
            states.append(file.read().rsplit(")", 1)[1].split()[0])
    return all(state == "T" for state in states)


def settle_writes(image):
    """Waits until the image has not been written for a moment: the kernel may still be busy with what the hub asked for before it stopped."""
    quiet_since, last = time.monotonic(), os.stat(image).st_mtime_ns
    while time.monotonic() - quiet_since < 0.2:
        now = os.stat(image).st_mtime_ns
        if now != last:
            quiet_since, last = time.monotonic(), now
        time.sleep(0.02)


def drained(hub):
    status = hub.status()
    return status["journal"]["routed_to"] >= status["journal"]["durable_end"] and all(s["queued"] == 0 for s in status["sinks"])


@case("after a power cut under load each acknowledged alert is delivered, under the id it was acknowledged with", quick=False)
def _(folder):
    with Mounts(folder) as mounts:
        acknowledged, arrived, opened = cut_power(folder, mounts, LOAD)
    lost = sorted(set(acknowledged) - set(arrived))
    print(f"  {len(acknowledged)} acknowledged, {len(lost)} lost, {len(arrived)} delivered from the cut disk, open after {opened:.1f} s")
    expect(len(acknowledged) > 0.2 * RATE * LOAD, f"the load did not get through: {len(acknowledged)} acknowledged")
    expect(not lost, f"{len(lost)} acknowledged alerts are lost, such as {lost[:5]}")
    wrong = [seq for seq, alert_id in acknowledged.items() if arrived[seq] != alert_id]
    expect(not wrong, f"{len(wrong)} alerts came under another id, such as {wrong[:5]}")


@case("the power-cut test catches a hub that acknowledges before it syncs", quick=False)
def _(folder):
    for attempt in range(3):
        inner = os.path.join(folder, str(attempt))
        os.makedirs(inner)
        with Mounts(inner) as mounts:
            acknowledged, arrived, _ = cut_power(inner, mounts, 2.0, "tocsin-hub-lossy", {"TOCSIN_DEFECT": "ack-before-sync"})
        lost = set(acknowledged) - set(arrived)
        shutil.rmtree(inner, ignore_errors=True)
        if lost:
            print(f"  caught: {len(lost)} of {len(acknowledged)} acknowledged alerts lost")
            return
    raise AssertionError("three cuts did not notice acknowledgements that came before the sync")


if __name__ == "__main__":
    run_cases()

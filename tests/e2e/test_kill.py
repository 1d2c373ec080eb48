#!/usr/bin/env python3
"""An acknowledged alert is never lost: the hub is killed ten times under 2,000 alerts a second, and a process outside counts.

Four sinks: `steady` takes everything; `flaky` fails one request in five; `outage` is away for 20 seconds; `picky` refuses one alert in
fifty for good, which must end as a dead letter. After the last start each acknowledged alert must be at each sink, or among its dead letters.

The same is asked of tocsin-hub-lossy, whose disk forgets at a kill what was not synced. And so that this test is known to be able to
fail, three defects are planted in that binary, each of which it must catch.

    test_kill.py [--repeat N] [-k WORD]      N times in a row (make soak)
"""
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import ROOT, case, expect, program, run_cases
from harness.hub import Hub
from harness.receiver import Receiver, Reply

RATE, KILLS, OUTAGE = 2000, 10, 20.0


class Loss(AssertionError):
    """An acknowledged alert is nowhere."""


def seq_of(alert):
    return alert["output_fields"]["e2e.seq"]


def flaky(request):
    return Reply(500, b"not now") if request.number % 5 == 4 else Reply(200, b"ok")


def picky(request):
    """Refuses a batch that has an alert it will never take, as bulk APIs without per-item answers do: the hub must find the culprit."""
    return Reply(400, b"never") if any(seq_of(a) % 50 == 7 for a in request.alerts()) else Reply(200)


def configuration(receivers):
    retry = {"initial": "50ms", "max": "500ms", "probe_max": "500ms", "max_attempts": 50}
    batch = {"max_items": 200, "max_bytes": "1MiB", "max_wait": "50ms"}
    sinks = {name: {"type": "webhook", "address": receiver.url + "/", "format": "ndjson", "batch": batch, "retry": retry} for name, receiver in receivers.items()}
    return {"outputs": sinks}


class Run:
    """One hub, one sender, four receivers; what was acknowledged and what arrived."""

    def __init__(self, folder, binary, kills=KILLS, outage=OUTAGE, rate=RATE, environment=None):
        self.folder, self.kills, self.outage, self.rate = folder, kills, outage, rate
        self.receivers = {"steady": Receiver(), "flaky": Receiver(flaky), "outage": Receiver(), "picky": Receiver(picky)}
        # Small segments, nothing retained: so that segments come to their end and go while we kill.
        settings = {"journal": {"segment_bytes": "1MiB", "retain": "0s"}}
        self.hub = Hub(folder, configuration(self.receivers), settings, binary, environment)
        self.slowest_start = 0.0

    def close(self):
        for receiver in self.receivers.values():
            receiver.close()
        if self.hub.process and self.hub.process.poll() is None:
            self.hub.kill()

    def load_and_kill(self):
        self.hub.start()
        acks = os.path.join(self.folder, "acks")
        sender = subprocess.Popen([sys.executable, os.path.join(ROOT, "tests/e2e/harness/sender.py"), "--port", str(self.hub.port), "--rate", str(self.rate),
                                   "--acks", acks], stdout=subprocess.PIPE, text=True)
        try:
            start = time.monotonic()
            self.receivers["outage"].down()
            # The kills are spread over the outage and a little more, at moments that nobody chose.
            pause = (self.outage + 4) / self.kills
            away = True
            for _ in range(self.kills):
                time.sleep(random.uniform(0.5, 1.5) * pause)
                if away and time.monotonic() - start > self.outage:
                    self.receivers["outage"].up()
                    away = False
                self.hub.kill()
                began = time.monotonic()
                self.hub.start()
                self.slowest_start = max(self.slowest_start, time.monotonic() - began)
            if away:
                time.sleep(max(0.0, self.outage - (time.monotonic() - start)))
                self.receivers["outage"].up()
        finally:
            sender.send_signal(signal.SIGTERM)
            self.said, _ = sender.communicate(timeout=30)
        with open(acks, encoding="ascii") as file:
            self.acknowledged = {int(seq): alert_id for seq, alert_id in (line.split() for line in file)}

    def settle(self, seconds):
        """Waits until every sink has settled everything, as long as there is progress."""
        last, since = None, time.monotonic()
        while True:
            status = self.hub.status()
            sinks, journal = status["sinks"], status["journal"]
            # What is not routed yet is in no queue.
            if all(s["queued"] == 0 for s in sinks) and journal["routed_to"] >= journal["durable_end"]:
                break
            now = [(s["name"], s["delivered"], s["dead_letters"], s["queued"]) for s in sinks]
            if now != last:
                last, since = now, time.monotonic()
            if time.monotonic() - since > seconds:
                raise AssertionError(f"no progress for {seconds} s: {now}\n{self.hub.tail()}")
            time.sleep(0.1)
        self.hub.stop()

    def verdict(self):
        """Raises Loss, or gives back a line of figures."""
        acknowledged, duplicates, missing, wrong_ids = set(self.acknowledged), {}, {}, 0
        buried = {}
        for sink, alert, _ in self.hub.dead_letters():
            buried.setdefault(sink, set()).add(seq_of(alert))
        for name, receiver in self.receivers.items():
            arrived = receiver.alerts()
            seen = set(map(seq_of, arrived))
            duplicates[name] = len(arrived) - len(seen)
            wrong_ids += sum(1 for a in arrived if seq_of(a) in acknowledged and a.get("uuid") != self.acknowledged[seq_of(a)])
            lost = acknowledged - seen - buried.get(name, set())
            if lost:
                missing[name] = sorted(lost)
            stray = {s for s in buried.get(name, set()) if name != "picky" or s % 50 != 7}
            expect(not stray, f"{len(stray)} alerts are dead letters of '{name}' that should have been delivered, such as {sorted(stray)[:5]}")
        line = (f"{len(acknowledged)} acknowledged, {self.kills} kills, slowest start {self.slowest_start:.1f} s, "
                f"{len(buried.get('picky', ()))} dead letters, repeated: {duplicates}")
        if missing:
            raise Loss(f"lost {({n: len(m) for n, m in missing.items()})} (such as {({n: m[:5] for n, m in missing.items()})}); {line}")
        expect(wrong_ids == 0, f"{wrong_ids} alerts arrived under another id than the one acknowledged")
        return line


def kill_test(folder, binary, **options):
    run = Run(folder, binary, **options)
    try:
        run.load_and_kill()
        run.settle(60)
        line = run.verdict()
    finally:
        run.close()
    expect(len(run.acknowledged) > 0, f"nothing was acknowledged; the sender says {run.said}")
    return run, line


@case("a hub killed ten times under 2,000 alerts a second loses no acknowledged alert", quick=False)
def _(folder):
    run, line = kill_test(folder, "tocsin-hub")
    print("  " + line)
    # A machine too slow for the load would let the test pass without the load it speaks of.
    expect(len(run.acknowledged) > 0.3 * RATE * OUTAGE, f"the load did not get through: {line}")
    expect(run.slowest_start < 5, f"the port opens at most 5 s after a crash, here after {run.slowest_start:.1f} s")


@case("… nor on a disk that forgets what was not synced", quick=False)
def _(folder):
    print("  " + kill_test(folder, "tocsin-hub-lossy")[1])


def catches(defect):
    @case(f"the kill test catches the planted defect '{defect}'", quick=False)
    def _(folder):
        program("tocsin-hub-lossy")
        # Luck has a part in each kill: a few rounds, the first that loses something is enough.
        for attempt in range(4):
            inner = os.path.join(folder, str(attempt))
            os.makedirs(inner)
            try:
                _, line = kill_test(inner, "tocsin-hub-lossy", kills=4, outage=4.0, environment={"TOCSIN_DEFECT": defect})
            except Loss as loss:
                print(f"  caught: {loss}")
                return
        raise AssertionError(f"4 rounds of 4 kills did not notice '{defect}': {line}")


for planted in ("ack-before-sync", "cursor-before-dead-letter", "unlink-before-cursor"):
    catches(planted)

if __name__ == "__main__":
    if "--repeat" in sys.argv:
        times = int(sys.argv[sys.argv.index("--repeat") + 1])
        for number in range(1, times + 1):
            for binary in ("tocsin-hub", "tocsin-hub-lossy"):
                import tempfile
                with tempfile.TemporaryDirectory(prefix="tocsin-soak-") as place:
                    print(f"ok: {number}/{times} {binary}: {kill_test(place, binary)[1]}", flush=True)
        sys.exit(0)
    run_cases()

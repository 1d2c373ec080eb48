#!/usr/bin/env python3
"""What the hub says of itself: /status, the command line, the metrics and the log agree, and the books balance, under load, with failures and kills."""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import ROOT, case, expect, program, run_cases, wait_until
from harness.hub import Hub
from harness.receiver import Receiver, Reply
from harness.sender import alert

RETRY = {"initial": "20ms", "max": "200ms", "probe_max": "200ms"}


def webhook(receiver, **options):
    return {"type": "webhook", "address": receiver.url + "/", "retry": RETRY, **options}


def balanced(sink):
    return sink["routed"] == sink["delivered"] + sink["dead_letters"] + sink["dropped"] + sink.get("suppressed", 0) + sink["queued"]


def metrics(hub):
    """{(name, sink): value}, summed over other labels."""
    found = {}
    for name, labels, value in re.findall(r"^(\w+)(\{[^}]*\})? (\S+)$", hub.get("/metrics")[1].decode(), re.M):
        sink = re.search(r'sink="([^"]*)"', labels or "")
        key = (name, sink.group(1) if sink else "")
        found[key] = found.get(key, 0) + float(value)
    return found


def command_line(hub, *arguments):
    done = subprocess.run([program("tocsin-hub"), "-c", hub.hub_yaml, *arguments], capture_output=True, text=True, timeout=20)
    expect(done.returncode == 0, f"{arguments}: {done}")
    return done.stdout


@case("the books of every sink balance under load, with failures, and over kills")
def _(folder):
    flaky = Receiver(lambda r: Reply(500) if r.number % 5 == 0 else Reply(400, b"never") if r.number % 37 == 0 else Reply(200))
    away, well = Receiver(), Receiver()
    sinks = {"flaky": webhook(flaky), "away": webhook(away), "well": webhook(well)}
    hub = Hub(folder, {"outputs": sinks}).start()
    for turn in range(3):
        acks = os.path.join(folder, f"acks{turn}")
        sender = subprocess.Popen([sys.executable, os.path.join(ROOT, "tests/e2e/harness/sender.py"), "--port", str(hub.port), "--rate", "300", "--first", str(turn * 100_000 + 1), "--acks", acks],
                                  stdout=subprocess.DEVNULL)
        away.down() if turn % 2 == 0 else away.up()
        before = hub.sink("well")["routed"]
        wait_until(lambda: hub.sink("well")["routed"] > before + 200, 20, "load")
        for _ in range(20):
            for sink in hub.status()["sinks"]:
                expect(balanced(sink), f"under load: {sink}")
        if turn < 2:
            hub.kill()
            hub.start()
            for sink in hub.status()["sinks"]:
                expect(balanced(sink), f"after kill {turn}: {sink}")
        sender.terminate()
        sender.wait(10)
    away.up()
    wait_until(lambda: all(sink["queued"] == 0 for sink in hub.status()["sinks"]), 30, f"all queues empty: {hub.status()['sinks']}")
    sent = {int(line.split()[0]) for turn in range(3) for line in open(os.path.join(folder, f"acks{turn}"), encoding="ascii")}
    for sink in hub.status()["sinks"]:
        expect(balanced(sink) and sink["delivered"] + sink["dead_letters"] >= len(sent), f"at the end: {sink}, acknowledged {len(sent)}")
    expect({a["output_fields"]["e2e.seq"] for a in well.alerts()} >= sent, "an acknowledged alert is missing")
    hub.stop()
    for receiver in (flaky, away, well):
        receiver.close()


@case("/status, metrics, the command line and the log say the same")
def _(folder):
    well, ill, gone, shut = Receiver(), Receiver(lambda r: Reply(400, b"never this one")), Receiver(), Receiver(lambda r: Reply(401, b"who are you"))
    gone.down()
    with Hub(folder, {"outputs": {"well": webhook(well), "ill": webhook(ill), "gone": webhook(gone), "shut": webhook(shut)}}) as hub:
        for seq in range(40):
            hub.post(alert(seq))

        def settled():
            sinks = {s["name"]: s for s in hub.status()["sinks"]}
            return sinks if sinks["well"]["delivered"] == 40 and sinks["ill"]["dead_letters"] == 40 and sinks["shut"]["state"] == "paused" and sinks["gone"]["state"] == "degraded" and sinks["gone"]["oldest_age_seconds"] > 0 and "sink=gone state=degraded" in hub.tail(1_000_000) else None
        sinks = wait_until(settled, 15, f"four different fates: {hub.status()['sinks']}")
        shown, log = metrics(hub), hub.tail(1_000_000)
        for name, sink in sinks.items():
            for field, metric in (("queued", "tocsin_hub_sink_queue_alerts"), ("delivered", "tocsin_hub_sink_delivered_total"), ("dead_letters", "tocsin_hub_sink_dead_letters_total"),
                                  ("dropped", "tocsin_hub_sink_dropped_total"), ("routed", "tocsin_hub_sink_routed")):
                expect(shown.get((metric, name), 0) == sink[field], f"{name}: {metric} is {shown.get((metric, name))}, status has {sink[field]}")
            state = {"ok": 0, "degraded": 1, "throttled": 1, "paused": 2}[sink["state"]]
            expect(shown[("tocsin_hub_sink_state", name)] == state, f"{name}: the metric's state is not that of {sink}")
            if sink["state"] != "ok":
                expect(re.search(rf"sink_state sink={name} state={sink['state']} why=", log), f"the log has no line on {name}")
                expect(sink["reason"] and sink["last_error"], f"no reason: {sink}")
        expect(abs(shown[("tocsin_hub_sink_oldest_unsent_age_seconds", "gone")] - sinks["gone"]["oldest_age_seconds"]) < 3, "the ages differ")
        expect("401" in sinks["shut"]["reason"], f"the reason of the pause: {sinks['shut']}")
        expect(len(json.loads(command_line(hub, "--json", "dead-letters", "list"))["dead_letters"]) == 40, "the list of dead letters")

        asked = {s["name"]: s for s in json.loads(command_line(hub, "--json", "status"))["sinks"]}
        for name, sink in sinks.items():
            expect(all(asked[name][key] == sink[key] for key in ("state", "queued", "delivered", "dead_letters", "dropped", "routed")), f"the command line has {asked[name]}, /status {sink}")
        table = command_line(hub, "status")
        for name, sink in sinks.items():
            row = next(line for line in table.splitlines() if line.startswith(name + " ")).split()
            expect(row[2:7] == [sink["state"], *(str(sink[key]) for key in ("queued", "delivered", "dead_letters", "dropped"))], f"the table's row is {row}")
        status = hub.status()
        expect(shown[("tocsin_hub_journal_segments", "")] == status["journal"]["segments"] and status["journal"]["accepting"], f"the journal: {status['journal']}")
        expect(status["config"]["last_reload_successful"] and status["config"]["files"] == [hub.hub_yaml, hub.outputs_yaml], f"the configuration: {status['config']}")
        expect(("tocsin_hub_build_info", "") in shown and shown[("process_resident_memory_bytes", "")] > 1 << 20 and shown[("process_open_fds", "")] > 5, "what the process says of itself")
    for receiver in (well, ill, gone, shut):
        receiver.close()


run_cases()

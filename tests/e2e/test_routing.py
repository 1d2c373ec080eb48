#!/usr/bin/env python3
"""Routing with the real hub and a real outputs.yaml: who gets what, what is held back and told of, and that a kill changes nothing."""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import case, expect, program, run_cases, wait_until
from harness.hub import Hub
from harness.receiver import Receiver
from harness.sender import alert

RETRY = {"initial": "20ms", "max": "200ms", "probe_max": "200ms"}


def webhook(receiver, **options):
    return {"type": "webhook", "address": receiver.url + "/", "retry": RETRY, **options}


def run(hub, *arguments, status=0, stdin=None):
    ended = subprocess.run([program("tocsin-hub"), *arguments, "--config", hub.hub_yaml, "--outputs", hub.outputs_yaml], input=stdin,
                           capture_output=True, text=True, timeout=30, cwd=hub.folder)
    expect(ended.returncode == status, f"{' '.join(arguments)} ended with {ended.returncode}: {ended.stdout}{ended.stderr}")
    return ended.stdout + ended.stderr


def rules(receiver):
    return [a["rule"] for a in receiver.alerts()]


def metric(hub, line):
    for row in hub.get("/metrics")[1].decode().splitlines():
        if row.startswith(line + " "):
            return float(row.split()[-1])
    return 0.0


def everything(receivers):
    return {
        "outputs": {name: webhook(receiver, **({"archive": True} if name == "archive" else {})) for name, receiver in receivers.items()},
        "hosts": {"prod": ["prod-*", "10.1.0.0/16"]},
        "intervals": {"never": {"months": ["feb"], "days_of_month": [30]}, "always": {"weekdays": ["sun-sat"]}},
        "routes": [
            {"name": "noise", "match": {"rules": ["Noise"], "output_fields": ["k8s.ns.name=ci"]}, "to": []},
            {"name": "page", "match": {"priority": ">=critical", "host_group": "prod"}, "to": ["pager"],
             "dedup": {"by": ["rule", "hostname"], "window": "1h"}, "mute": ["never"], "continue": True},
            {"name": "chatty", "match": {"rules": ["glob:Chatty*"]}, "to": ["soc"], "throttle": {"by": ["rule"], "rate": "2/4s"}},
            {"name": "posture", "match": {"source": "posture"}, "to": ["soc"],
             "group": {"by": ["hostname"], "wait": "1s", "max_wait": "5s", "max_alerts": 10}},
            {"name": "gone", "match": {"tags": ["secret,private"]}, "drop": "all"},
            {"name": "shells", "match": {"rules": ["re2:Shell$"], "not": {"hostname": "glob:test-*"}}, "to": ["soc"], "active": ["always"]},
        ],
        "inhibit": [{"source": {"priority": ">=critical"}, "target": {"priority": "<=notice"}, "equal": ["hostname"], "for": "1h"}],
    }


@case("each alert goes where its routes say, and what is held back is counted, listed and told of")
def _(folder):
    receivers = {name: Receiver() for name in ("pager", "soc", "archive")}
    with Hub(folder, everything(receivers)) as hub:
        def send(rule, priority="Warning", host="web-1", **more):
            body = {**alert(1, hostname=host, rule=rule, priority=priority, extra=more.pop("fields", None)), **more}
            expect(hub.post(body)[0] == 200, f"{rule} is taken")
        send("Noise", fields={"k8s.ns.name": "ci"})
        send("Page", "Critical", "prod-1")
        send("Page", "Critical", "prod-1")
        send("Page", "Critical", "10.1.2.3")
        send("Quiet", "Notice", "prod-1")
        for _ in range(5):
            send("Chatty thing")
        for n in range(25):
            send(f"Check {n}", source="posture", host="db-1")
        send("Secret", tags=["private", "secret"])
        send("A Shell")
        send("B Shell", host="test-9")

        wait_until(lambda: rules(receivers["soc"]).count("Digest of alerts") == 3, 10, f"three digests: {rules(receivers['soc'])}")
        wait_until(lambda: "Throttled alerts" in rules(receivers["soc"]), 10, "the summary")
        expect(rules(receivers["pager"]) == ["Page", "Page"], f"the pager got {rules(receivers['pager'])}")
        soc = rules(receivers["soc"])
        expect(sorted(soc) == sorted(["Chatty thing"] * 2 + ["Digest of alerts"] * 3 + ["A Shell", "Throttled alerts"]), f"soc got {soc}")
        wait_until(lambda: len(rules(receivers["archive"])) == 37, 5, f"the archive: {rules(receivers['archive'])}")
        expect("Secret" not in rules(receivers["archive"]), "drop: all keeps it from the archive")
        digests = [a for a in receivers["soc"].alerts() if a["rule"] == "Digest of alerts"]
        expect(sorted(d["output_fields"]["digest.count"] for d in digests) == [5, 10, 10], "the digests have ten, ten and five")
        told = {row["rule"] for d in digests for row in d["output_fields"]["digest.alerts"]}
        expect(told == {f"Check {n}" for n in range(25)}, f"the digests list {sorted(told)}")
        summary = next(a for a in receivers["soc"].alerts() if a["rule"] == "Throttled alerts")
        expect(summary["output_fields"]["throttle.held"] == 3, f"held: {summary}")

        for reason, count in (("dedup page", 1), ("inhibit 1", 1), ("throttle chatty", 3), ("group posture", 25), ("route gone", 1)):
            expect(metric(hub, f'tocsin_hub_suppressed_total{{by="{reason}"}}') == count, f"{reason} is counted {count} times")
        listed = json.loads(run(hub, "suppressed", "list", "--json"))["suppressed"]
        expect(len(listed) == 31, f"{len(listed)} are listed")
        listed = json.loads(run(hub, "suppressed", "list", "--json", "--by", "inhibit", "--since", "1h"))["suppressed"]
        expect([(row["rule"], row["by"]) for row in listed] == [("Quiet", "inhibit 1")], f"listed: {listed}")
        expect("throttle chatty" in run(hub, "suppressed", "list", "--by", "throttle"), "the table shows the reason")
    for receiver in receivers.values():
        receiver.close()


@case("a silence holds at once, after a kill too, and ends when it is expired")
def _(folder):
    receivers = {name: Receiver() for name in ("pager", "soc", "archive")}
    hub = Hub(folder, everything(receivers)).start()
    try:
        made = json.loads(run(hub, "silence", "add", "--rule", "glob:*Shell", "--host", "web-1", "--for", "1h", "--comment", "deploy", "--json"))
        hub.post(alert(1, hostname="web-1", rule="A Shell"))
        hub.kill()
        expect("web-1" in run(hub, "silence", "list"), "a stopped hub's silences are listed")
        hub.start()
        hub.post(alert(2, hostname="web-1", rule="A Shell"))
        hub.post(alert(3, hostname="web-2", rule="A Shell"))
        wait_until(lambda: len(receivers["archive"].alerts()) >= 3, 10, "the archive is spared by silences")
        wait_until(lambda: len(receivers["soc"].alerts()) == 1, 10, "the alert of another host")
        run(hub, "silence", "expire", str(made["number"]))
        hub.post(alert(4, hostname="web-1", rule="A Shell"))
        wait_until(lambda: len(receivers["soc"].alerts()) == 2, 10, "the alert after the end")
        expect([a["output_fields"]["e2e.seq"] for a in receivers["soc"].alerts()] == [3, 4], "only these two")
        expect("no silence 1 that holds" in run(hub, "silence", "expire", "1", status=1), "it is over already")
        expect("would keep every alert quiet" in run(hub, "silence", "add", "--for", "1h", "--comment", "x", status=1), "a matcher is needed")
    finally:
        hub.__exit__()
        for receiver in receivers.values():
            receiver.close()


@case("kill -9 at any moment: no repeat pages, no first alert is lost, every grouped alert is in one digest")
def _(folder):
    receivers = {name: Receiver() for name in ("pager", "soc", "archive")}
    hub = Hub(folder, everything(receivers)).start()
    try:
        paged, grouped = [], []
        for n in range(8):
            for i in range(6):
                body = alert(n * 100 + i, hostname="prod-1", rule=f"Page {n}", priority="Critical")
                expect(hub.post(body)[0] == 200, "taken")
                check = {**alert(n * 100 + 50 + i, hostname="db-1", rule=f"Check {n}-{i}"), "source": "posture"}
                expect(hub.post(check)[0] == 200, "taken")
                grouped.append(f"Check {n}-{i}")
            paged.append(f"Page {n}")
            time.sleep(0.05 * n)   # another moment of its second each time
            hub.kill()
            hub.start()
            expect(hub.post(alert(n * 100 + 99, hostname="prod-1", rule=f"Page {n}", priority="Critical"))[0] == 200, "taken")

        def digested():
            # A delivery may be repeated by a kill (the same uuid): that is documented. What must not be is a second digest of an alert.
            digests = {a["uuid"]: a for a in receivers["soc"].alerts() if a["rule"] == "Digest of alerts"}
            return sorted(row["rule"] for d in digests.values() for row in d["output_fields"]["digest.alerts"])
        wait_until(lambda: len(digested()) >= len(grouped), 20, "every grouped alert in a digest")
        wait_until(lambda: set(rules(receivers["pager"])) == set(paged), 10, "every first page")
        expect(digested() == sorted(grouped), "each grouped alert is in exactly one digest")
        uuids = {(a["rule"], a["uuid"]) for a in receivers["pager"].alerts()}
        expect(len(uuids) == len(paged), f"a repeat paged: {sorted(uuids)}")
        wait_until(lambda: sum(hub.sink(n)["queued"] for n in receivers) == 0, 10, "nothing queued")
        for name in receivers:
            s = hub.sink(name)
            expect(s["routed"] == s["delivered"] + s["dead_letters"] + s["dropped"] + s["queued"], f"{name} does not add up: {s}")
    finally:
        hub.__exit__()
        for receiver in receivers.values():
            receiver.close()


@case("route test, route table and routes_test.yaml say where alerts go, and exit 1 or 2 when it is not as expected")
def _(folder):
    receivers = {name: Receiver() for name in ("pager", "soc", "archive")}
    hub = Hub(folder, everything(receivers))
    said = run(hub, "route", "test", "--rule", "X", "--priority", "critical", "--host", "prod-7", "--explain", "--expect", "archive,pager")
    expect("route page: matched: pager (after its dedup); continue" in said, said)
    expect("route noise: no: rules: the alert has 'X'" in said, said)
    expect("goes to: archive, pager" in said, said)
    said = run(hub, "route", "test", "--rule", "A Shell", "--tag", "secret,private", "--expect", "soc", status=1)
    expect("goes to: no output" in said and "expected: soc" in said, said)
    run(hub, "route", "test", "--rule", "Noise", "--field", "k8s.ns.name=ci", "--expect", "archive")
    said = run(hub, "route", "test", "--alert", "-", "--expect", "soc,archive", stdin=json.dumps({**alert(1, rule="Chatty one")}))
    expect("goes to: archive, soc" in said, said)
    table = run(hub, "route", "table")
    expect("critical" in table and "page" in table and "all" in table, table)

    cases = {"tests": [{"name": "pages", "alert": {"rule": "X", "priority": "critical", "hostname": "prod-1"}, "expect": ["pager", "archive"]},
                       {"name": "shells", "alert": {"rule": "A Shell", "priority": "notice", "hostname": "test-1"}, "expect": ["archive"]}]}
    Hub.write(os.path.join(folder, "routes_test.yaml"), cases)
    expect("routes_test.yaml: ok, 2 tests" in run(hub, "check-config"), "both cases come true")
    cases["tests"][1]["expect"] = ["soc"]
    Hub.write(os.path.join(folder, "routes_test.yaml"), cases)
    said = run(hub, "check-config", status=2)
    expect("test 'shells' expects soc, but the alert goes to archive" in said, said)
    for receiver in receivers.values():
        receiver.close()


@case("what nobody can mean is warned of, and what cannot be is refused with its place")
def _(folder):
    hub = Hub(folder, {"outputs": {"a": {"type": "stdout"}, "b": {"type": "stdout"}},
                       "routes": [{"name": "wide", "match": {"priority": "<=error"}, "to": ["a"]},
                                  {"name": "narrow", "match": {"priority": "notice", "rules": ["X"]}, "to": ["b"]}]})
    said = run(hub, "check-config")
    expect("warning: route 'narrow' is never reached: route 'wide' above takes all of its alerts" in said, said)
    expect("output 'b' gets nothing" in said and "no output gets alerts at critical or above" in said, said)
    Hub.write(hub.outputs_yaml, {"outputs": {"a": {"type": "stdout"}}, "routes": [
        {"name": "r", "to": ["aa"], "active": ["office"], "throttle": {"rate": "10"}, "dedup": {"by": ["rule"]}, "group": {"max_alerts": 1}}]})
    said = run(hub, "check-config", status=2)
    for sentence in ("which does not exist", "'office' under 'active', which is no interval", "has rate '10', which is none", "lacks", "max_alerts 1"):
        expect(sentence in said, f"{sentence}: {said}")


if __name__ == "__main__":
    run_cases()

#!/usr/bin/env python3
"""Whoever posts to falcosidekick today posts to the hub tomorrow and notices nothing: stock Falco's requests, and those of scripts and probes."""
import http.client
import json
import os
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import case, expect, run_cases, wait_until
from harness.hub import Hub
from harness.receiver import Receiver

# As Falco 0.4x prints it: keys sorted, nanoseconds, a `message` that falcosidekick ignores, numbers beyond what a double holds.
FALCO = (b'{"hostname":"node-1","message":"Sensitive file opened","output":"2026-11-21T12:00:00.123456789+0000: Warning Sensitive file opened for reading '
         b'by non-trusted program | file=/etc/shadow","output_fields":{"container.id":"host","evt.time.iso8601":1795262400123456789,"fd.name":"/etc/shadow",'
         b'"k8s.ns.name":null,"proc.aname[2]":"sshd","proc.cmdline":"cat /etc/shadow","proc.pid":18446744073709551615,"user.name":"root"},"priority":"Warning",'
         b'"rule":"Read sensitive file untrusted","source":"syscall","tags":["T1555","container","filesystem","host","maturity_stable"],'
         b'"time":"2026-11-21T12:00:00.123456789Z"}')


def simple(**changes):
    alert = json.loads(FALCO)
    alert.update(changes)
    return alert


def hub_with_webhook(folder):
    receiver = Receiver()
    return Hub(folder, {"outputs": {"hook": {"type": "webhook", "address": receiver.url + "/"}}}), receiver


@case("stock Falco's request is answered 200 with an empty body, and its alert arrives whole")
def _(folder):
    hub, receiver = hub_with_webhook(folder)
    with hub:
        connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=10)
        for _ in range(3):                                  # libcurl keeps the connection
            connection.request("POST", "/", FALCO, {"Content-Type": "application/json", "User-Agent": "falcosecurity/falco", "TE": "gzip"})
            answer = connection.getresponse()
            expect((answer.status, answer.read()) == (200, b""), f"answered {answer.status}")
            expect(answer.getheader("Tocsin-Alert-Id"), "the answer names the alert's id")
        wait_until(lambda: len(receiver.alerts()) == 3, 5, "three alerts")

        arrived, sent = receiver.alerts()[0], json.loads(FALCO)
        for key in ("output", "priority", "rule", "source", "hostname"):
            expect(arrived[key] == sent[key], f"{key}: {arrived[key]!r}")
        for key in ("fd.name", "proc.cmdline", "proc.pid", "evt.time.iso8601", "container.id"):
            expect(arrived["output_fields"][key] == sent["output_fields"][key], f"{key}: {arrived['output_fields'].get(key)!r}")
        expect(b"18446744073709551615" in receiver.requests[0].body, "numbers keep their literal")
        expect(sorted(arrived["tags"]) == sorted(sent["tags"]), str(arrived["tags"]))
        expect(arrived["time"].startswith("2026-11-21T12:00:00.123456789"), arrived["time"])
        expect(len({a["uuid"] for a in receiver.alerts()}) == 3, "an answered alert sent again is a new alert")
    receiver.close()


@case("any path and any Content-Type will do, as with falcosidekick")
def _(folder):
    hub, receiver = hub_with_webhook(folder)
    with hub:
        for path, kind in (("/", "text/plain"), ("/falco/events", "application/octet-stream"), ("/some/old/path?x=1", "")):
            status, _, _ = hub.post(FALCO, path, {"Content-Type": kind})
            expect(status == 200, f"POST {path} as '{kind}' was answered {status}")
        wait_until(lambda: len(receiver.alerts()) == 3, 5, "three alerts")
    receiver.close()


@case("an array and one alert a line are taken, and what is wrong in them is named")
def _(folder):
    hub, receiver = hub_with_webhook(folder)
    with hub:
        status, _, body = hub.post([simple(rule="a"), {"rule": "no priority"}, simple(rule="b")])
        said = json.loads(body)
        expect(status == 200 and said["accepted"] == 2, f"{status} {body}")
        expect([r["index"] for r in said["rejected"]] == [1] and said["rejected"][0]["error"], str(said))
        status, _, body = hub.post(b"\n".join(json.dumps(simple(rule=r)).encode() for r in "cde") + b"\n")
        expect(status == 200 and json.loads(body)["accepted"] == 3, f"{status} {body}")
        expect(hub.post([{"rule": "x"}, 7])[0] == 400, "400 when none was valid")
        wait_until(lambda: sorted(a["rule"] for a in receiver.alerts()) == list("abcde"), 5, "five alerts")
    receiver.close()


@case("bad requests get falcosidekick's own answers")
def _(folder):
    hub, receiver = hub_with_webhook(folder)
    with hub:
        expect(hub.get("/") == (400, b"Please send with post http method\n"), str(hub.get("/")))
        whole = simple()
        for name, body in {"nothing": b"", "no JSON": b"alert!", "half of it": FALCO[:-20], "unknown priority": simple(priority="medium"), "no rule": simple(rule=""),
                           "no time": {k: v for k, v in whole.items() if k != "time"}, "no fields": simple(output_fields={}), "tags that are not a list": simple(tags="a"),
                           "a bad literal in a place nobody looks": FALCO.replace(b"null", b"tru")}.items():
            status, _, said = hub.post(body)
            expect(status == 400 and said == b"Please send a valid request body\n", f"{name}: {status} {said!r}")
        for priority in ("warning", "WARNING", "Info", "informational"):
            expect(hub.post(simple(priority=priority))[0] == 200, f"priority {priority} is taken")
    receiver.close()


@case("the probes of falcosidekick's chart find what they look for")
def _(folder):
    with Hub(folder, {"outputs": {"hook": {"type": "webhook", "address": "http://127.0.0.1:9/"}}}) as hub:
        expect(hub.get("/ping") == (200, b"pong\n"), str(hub.get("/ping")))
        expect(hub.get("/healthz") == (200, b'{"status": "ok"}'), str(hub.get("/healthz")))
        expect(hub.get("/readyz")[0] == 200, "/readyz")
        expect(hub.post(FALCO)[0] == 200, "POST")
        status, metrics = hub.get("/metrics")
        expect(status == 200 and b'falcosecurity_falcosidekick_inputs_total{source="requests",status="accepted"} 1' in metrics, metrics.decode()[:2000])
        expect(b'priority_raw="warning"' in metrics, "falco_events_total with priority_raw")


@case("a body announced with Expect: 100-continue, and one in chunks, are taken")
def _(folder):
    hub, receiver = hub_with_webhook(folder)
    with hub:
        large = json.dumps(simple(output="x" * 200_000)).encode()
        with socket.create_connection(("127.0.0.1", hub.port), 5) as raw:
            raw.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(large))
            expect(raw.recv(1000).startswith(b"HTTP/1.1 100"), "100 Continue before the body")
            raw.sendall(large)
            expect(raw.recv(1000).startswith(b"HTTP/1.1 200"), "200 after it")
            half = len(FALCO) // 2
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (FALCO[:half], FALCO[half:])) + b"0\r\n\r\n"
            raw.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
            expect(raw.recv(1000).startswith(b"HTTP/1.1 200"), "200 for chunks")
        wait_until(lambda: len(receiver.alerts()) == 2, 5, "two alerts")
    receiver.close()


@case("routes send by priority and tags, several sinks of a kind, and sinks without a route get everything")
def _(folder):
    receivers = {name: Receiver() for name in ("pager", "soc", "archive", "quiet")}
    sinks = {name: {"type": "webhook", "address": r.url + "/"} for name, r in receivers.items()}
    sinks["quiet"]["minimumpriority"] = "critical"
    routes = [{"name": "page", "match": {"priority": ">=critical"}, "to": ["pager"], "continue": True},
              {"name": "credentials", "match": {"tags": ["container,T1555", "T1003"]}, "to": ["soc"]}]
    with Hub(folder, {"outputs": sinks, "routes": routes}) as hub:
        for rule, priority, tags in (("one", "Critical", ["T1555", "container"]), ("two", "Warning", ["T1555"]), ("three", "Notice", ["T1003"]), ("four", "Emergency", [])):
            expect(hub.post(simple(rule=rule, priority=priority, tags=tags))[0] == 200, rule)
        wanted = {"pager": ["four", "one"], "soc": ["one", "three"], "archive": ["four", "one", "three", "two"], "quiet": ["four", "one"]}
        for name, rules in wanted.items():
            wait_until(lambda name=name, rules=rules: sorted(a["rule"] for a in receivers[name].alerts()) == rules, 5,
                       f"{rules} at '{name}', there: {[a['rule'] for a in receivers[name].alerts()]}")
    for receiver in receivers.values():
        receiver.close()


if __name__ == "__main__":
    run_cases()

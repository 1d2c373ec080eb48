#!/usr/bin/env python3
"""Secrets go to their sinks and nowhere else: a word planted in each place that can hold one is looked for wherever the hub speaks or writes."""
import base64
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import case, expect, program, run_cases, wait_until
from harness.hub import Hub, free_port
from harness.receiver import Receiver, Reply
from harness.sender import alert

RETRY = {"initial": "20ms", "max": "100ms", "probe_max": "100ms", "max_attempts": 2}


class Canaries:
    """Words that occur nowhere else. Each knows where it was planted."""

    def __init__(self):
        self.planted = {}

    def plant(self, where):
        word = f"canary{len(self.planted)}{os.urandom(6).hex()}"
        self.planted[word] = where
        return word

    def expect_none_in(self, said, what):
        said = said if isinstance(said, bytes) else said.encode()
        for word, where in self.planted.items():
            credentials = base64.b64encode(f"u:{word}".encode())
            at = max(said.find(word.encode()), said.find(credentials))
            expect(at < 0, f"{what} shows the secret of {where}: …{said[max(0, at - 120):at + 60]!r}…")


def sinks(canaries, url, broker):
    """One sink for each place that holds a secret, all of the same failing destination."""
    host = url.removeprefix("http://")
    return {
        "chat": {"type": "slack", "webhookurl": f"{url}/services/{canaries.plant('slack webhookurl')}"},
        "search": {"type": "elasticsearch", "hostport": url, "username": "u", "password": canaries.plant("elasticsearch password")},
        "search-key": {"type": "elasticsearch", "hostport": url, "apikey": canaries.plant("elasticsearch apikey")},
        "search-url": {"type": "elasticsearch", "hostport": f"http://u:{canaries.plant('elasticsearch hostport')}@{host}"},
        "search-urls": {"type": "elasticsearch", "hostport": f"http://u:{canaries.plant('the first of two hosts')}@{host},"
                                                              f"http://u:{canaries.plant('the second of two hosts')}@{host}"},
        "series": {"type": "influxdb", "hostport": url, "organization": "o", "bucket": "b", "token": canaries.plant("influxdb token")},
        "series-old": {"type": "influxdb", "hostport": url, "database": "d", "user": "u", "password": canaries.plant("influxdb password")},
        "stream": {"type": "kafka", "hostport": broker, "topic": "t", "sasl": "PLAIN", "username": "u", "password": canaries.plant("kafka password"),
                   "timeout": {"total": "1s"}},
        "hook": {"type": "webhook", "address": f"http://u:{canaries.plant('webhook userinfo')}@{host}/{canaries.plant('webhook path')}"
                                                 f"?token={canaries.plant('webhook query')}",
                 "customheaders": {"Authorization": f"Bearer {canaries.plant('webhook header')}"}},
        "hook-env": {"type": "webhook", "address": url + "/${env:TOCSIN_E2E_TOKEN}", "customheaders": {"X-Token": "${env:TOCSIN_E2E_TOKEN}"}},
        "hook-gone": {"type": "webhook", "address": f"http://u:{canaries.plant('unreachable address')}@{broker}/"},
    }


def look_everywhere(canaries, hub, when):
    for path in ("/status", "/metrics", "/healthz", "/readyz", "/ping", "/"):
        canaries.expect_none_in(hub.get(path)[1], f"{path} {when}")
    look_at_files(canaries, hub, when)


def look_at_files(canaries, hub, when):
    with open(hub.log, "rb") as log:
        canaries.expect_none_in(log.read(), f"stderr {when}")
    for path in (os.path.join(folder, name) for folder, _, names in os.walk(hub.state) for name in names):
        if os.path.isfile(path):                              # not the control socket
            with open(path, "rb") as file:
                canaries.expect_none_in(file.read(), f"the state's {os.path.relpath(path, hub.state)} {when}")


@case("a secret is in no log line, page, metric or file of the hub, while its sinks fail in every way and after")
def _(folder):
    canaries = Canaries()
    answers = {"now": Reply(500)}
    # The receiver repeats what it was told, as proxies do in their pages.
    def echo(request):
        return Reply(answers["now"].status, (request.target + " " + " ".join(request.headers.values())).encode())
    receiver = Receiver(echo)
    broker = f"127.0.0.1:{free_port()}"                       # nobody is there
    outputs = {name: {**options, "retry": RETRY} for name, options in sinks(canaries, receiver.url, broker).items()}
    environment = {"TOCSIN_E2E_TOKEN": canaries.plant("a variable that a reference names"),
                   "SLACK_WEBHOOKURL": f"{receiver.url}/services/{canaries.plant('SLACK_WEBHOOKURL')}"}
    with Hub(folder, {"outputs": outputs}, settings={"log": {"level": "debug"}}, environment=environment) as hub:
        for seq, status in enumerate((500, 401, 404, 302, 400), start=1):
            answers["now"] = Reply(status)
            before = len(receiver.requests)
            expect(hub.post(alert(seq))[0] == 200, "the alert is taken")
            wait_until(lambda before=before: len(receiver.requests) >= before + 5, 20, f"requests that {status} answers")
        wait_until(lambda: all(s["last_error"] for s in hub.status()["sinks"] if s["name"] not in ("@history", "@alarm") and not s["delivered"]), 20,
                   "a fault of each sink")
        look_everywhere(canaries, hub, "while sinks fail")
        seen = b" ".join((r.target + " ".join(r.headers.values())).encode() for r in receiver.requests)
        for word, where in canaries.planted.items():
            if where.startswith(("slack", "SLACK", "webhook path", "webhook query", "webhook header", "a variable")):
                expect(word.encode() in seen, f"the secret of {where} reached its own sink")
        hub.stop()
        look_at_files(canaries, hub, "after its end")
    receiver.close()


@case("check-config shows no secret, whether the file is in order or each of its sinks has a fault")
def _(folder):
    canaries = Canaries()
    path = os.path.join(folder, "outputs.yaml")
    good = sinks(canaries, "http://127.0.0.1:9", "127.0.0.1:9")

    def check(outputs, indent, status):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"outputs": outputs}, file, indent=indent)
        ended = subprocess.run([program("tocsin-hub"), "check-config", "--outputs", path], capture_output=True, timeout=30,
                               env=dict(os.environ, TOCSIN_E2E_TOKEN=canaries.plant("a variable")))
        said = ended.stdout + ended.stderr
        expect(ended.returncode == status, f"exit status {ended.returncode}: {said.decode()}")
        canaries.expect_none_in(said, f"check-config (indent {indent})")

    check(good, 1, 0)
    for indent in (1, None):                                  # a line an option, and all in one line
        check({name: {**options, "retry": {"initial": "soon"}} for name, options in good.items()}, indent, 2)
        check({name: {**options, "type": "nosuch"} for name, options in good.items()}, indent, 2)
        check({name: {key + "x" if key not in ("type", "hostport") else key: value for key, value in options.items()} for name, options in good.items()}, indent, 2)
        check({name: json.dumps(options) for name, options in good.items()}, indent, 2)
        check({name: {key: value if key == "type" else [value] for key, value in options.items()} for name, options in good.items()}, indent, 2)
        # Right key, wrong value: what cannot be an address or header is a secret all the same.
        check({"a": {"type": "slack", "webhookurl": canaries.plant("a bad slack URL")},
               "b": {"type": "webhook", "address": "ftp://" + canaries.plant("a bad scheme")},
               "c": {"type": "webhook", "address": f"http://u:{canaries.plant('a bad port')}@h:99999/"},
               "d": {"type": "elasticsearch", "hostport": f"http://u:{canaries.plant('a bad host')}@h:x/"},
               "i": {"type": "elasticsearch", "hostport": f"http://a:9200,http://u:{canaries.plant('the second of two hosts')}@h:x/"},
               "j": {"type": "elasticsearch", "hostport": f"http://u:{canaries.plant('the first of two hosts')}@a:9200,http://h:x/"},
               "e": {"type": "elasticsearch", "hostport": "http://h", "apikey": canaries.plant("a bad key") + "\n"},
               "f": {"type": "webhook", "address": "http://h/", "customheaders": {"A b": canaries.plant("a bad header name")}},
               "g": {"type": "webhook", "address": "http://h/", "customheaders": {"A": canaries.plant("a bad header") + "\r\nB: c"}},
               "h": {"type": "webhook", "address": "http://h/", "customheaders": canaries.plant("no header")}}, indent, 2)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"outputs:\n  slack:\n    webhookurl: \"{canaries.plant('text that is no YAML')}\n    channel: [\n")
    ended = subprocess.run([program("tocsin-hub"), "check-config", "--outputs", path], capture_output=True, timeout=30)
    expect(ended.returncode == 2, f"exit status {ended.returncode}")
    canaries.expect_none_in(ended.stdout + ended.stderr, "check-config of what is no YAML")


if __name__ == "__main__":
    run_cases()

#!/usr/bin/env python3
"""Slack through the hub, against a receiver as strict as Slack's documents: limits, rate, words, threads, hostile text."""
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import case, expect, run_cases, wait_until
from harness.hub import Hub
from harness.receiver import Reply
from harness.sender import alert
from harness.slack import TOKEN, Slack, limit_of, markup

RETRY = {"initial": "20ms", "max": "100ms", "probe_max": "100ms"}
FAST = {"per_second": 5000, "burst": 5000}
HOSTILE = ["<!channel> <@U1> <http://evil|ok>", "\"quoted\" \\ back\nnew\rline\ttab", "\x00nul\x1b[31m\x9b", "\U0001F600 \u202ereversed\u2066", "&amp; & &lt;",
           "*bold* _it_ `code` ~no~", "x" * 65_536, "€" * 20_000, "]]}}{{.Rule}}", ""]


def bot(slack, **options):
    return {"type": "slack", "token": TOKEN, "apiurl": slack.api, "channel": "C0SOC", "rate": FAST, "retry": RETRY, **options}


def hook(slack, **options):
    return {"type": "slack", "webhookurl": slack.webhook, "rate": FAST, "retry": RETRY, **options}


def number(message):
    fields = message["attachments"][0]["fields"]
    return next(int(f["value"]) for f in fields if f["title"] == "e2e.seq")


def hostile(seq):
    one = alert(seq, rule="<!here> " + HOSTILE[seq % len(HOSTILE)][:200] or "r", extra={"evil": HOSTILE[seq % len(HOSTILE)], f"name {HOSTILE[seq % 6]}": 2**60 + seq})
    one["output"] = f"{seq}: " + HOSTILE[(seq + 3) % len(HOSTILE)]
    return one


@case("five hundred hostile alerts reach Slack once, whole, escaped and within every limit, in both layouts", quick=False)
def _(folder):
    attachments, blocks = Slack(), Slack()
    sinks = {"attachments": hook(attachments), "blocks": bot(blocks, layout="blocks")}
    with Hub(folder, {"outputs": sinks}) as hub:
        for seq in range(500):
            expect(hub.post(hostile(seq))[0] == 200, f"alert {seq} was not taken")
            if seq == 250:
                attachments.receiver.down()
                time.sleep(0.2)           # an outage in the middle of the load, not a wait for something
                attachments.receiver.up()
        wait_until(lambda: len(attachments.messages) >= 500 and len(blocks.messages) >= 500, 60,
                   f"all messages; there are {len(attachments.messages)} and {len(blocks.messages)}")
        status = {s["name"]: s for s in hub.status()["sinks"]}
        expect(all(s["dead_letters"] == 0 for s in status.values()), f"there are dead letters: {status}")
    seen = [number(m) for m in attachments.texts()]
    expect(sorted(set(seen)) == list(range(500)), "not every alert is there")
    expect(len(seen) - len(set(seen)) <= 1, f"{len(seen) - len(set(seen))} came twice: at most the one under way at the outage may")
    for slack in (attachments, blocks):
        expect(not slack.refused, f"Slack refused {slack.refused[:2]}")
        found = [text for m in slack.texts() for text in markup(m)]
        expect(not found, f"markup reached Slack: {found[:1]}")
        slack.close()


@case("the receiver refuses what is one past a limit")
def _(folder):
    def section(text):
        return {"attachments": [{"blocks": [{"type": "section", "text": {"type": "plain_text", "text": text}}]}]}
    header = {"attachments": [{"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "h" * 151}}]}]}
    fields = {"attachments": [{"blocks": [{"type": "section", "fields": [{"type": "plain_text", "text": "f"}] * 11}]}]}
    many = {"attachments": [{"blocks": [{"type": "divider"}] * 51}]}
    long = {"attachments": [{"blocks": [{"type": "section", "text": {"type": "plain_text", "text": "x" * 3000}}] * 5}]}
    expect(limit_of({"text": "x" * 40_000}) == "" and limit_of({"text": "x" * 40_001}) == "msg_too_long", "text")
    expect(limit_of(section("x" * 3000)) == "" and limit_of(section("x" * 3001)) == "invalid_blocks", "section")
    expect(limit_of(header) == limit_of(fields) == limit_of(many) == "invalid_blocks", "header, fields, blocks")
    expect(limit_of(long) == "msg_blocks_too_long" and limit_of({}) == "no_text", "sum of blocks, nothing")


@case("Slack gets its one message a second, and is never asked to say so", quick=False)
def _(folder):
    slack = Slack(rate=1.0)
    sink = bot(slack)
    del sink["rate"]
    with Hub(folder, {"outputs": {"soc": sink}}) as hub:
        start = time.monotonic()
        for seq in range(8):
            hub.post(alert(seq))
        wait_until(lambda: len(slack.messages) == 8, 20, "eight messages")
        took = time.monotonic() - start
    expect(took >= 4.5, f"eight messages took only {took:.1f} s")
    expect(not [r for r in slack.receiver.requests if r.status == 429], "Slack had to say 429")
    slack.close()


@case("a wrong token pauses the sink; corrected and reloaded, everything arrives", quick=False)
def _(folder):
    slack = Slack()
    outputs = {"outputs": {"soc": bot(slack, token="xoxb-revoked", retry={**RETRY, "probe_max": "200ms"})}}
    with Hub(folder, outputs) as hub:
        for seq in range(20):
            hub.post(alert(seq))
        wait_until(lambda: hub.sink("soc")["state"] == "paused", 10, f"the sink to pause: {hub.sink('soc')}")
        expect("invalid_auth" in hub.sink("soc")["reason"] + hub.sink("soc")["last_error"], f"/status says {hub.sink('soc')}")
        expect("xoxb" not in hub.tail(100_000) + json.dumps(hub.status()), "the token is in the log or in /status")
        outputs["outputs"]["soc"]["token"] = TOKEN
        hub.write(hub.outputs_yaml, outputs)
        hub.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(slack.messages) == 20, 20, f"all twenty: {hub.sink('soc')}")
        wait_until(lambda: hub.sink("soc")["state"] == "ok", 5, "the sink to be well")
    expect(sorted(number(m) for m in slack.texts()) == list(range(20)), "each once")
    slack.close()


@case("a channel that is not there holds back its own alerts and nobody else's")
def _(folder):
    slack = Slack(channels=("#alerts-shop",))
    with Hub(folder, {"outputs": {"soc": bot(slack, channel="#alerts-{{k8s.ns.name}}")}}) as hub:
        for seq in range(20):
            hub.post(alert(seq, extra={"k8s.ns.name": "shop" if seq % 2 else "gone"}))
        wait_until(lambda: len(slack.messages) == 10, 10, f"the shop's ten: {hub.sink('soc')}")
        expect(hub.sink("soc")["queued"] == 10, f"the others wait: {hub.sink('soc')}")
        slack.channels.add("#alerts-gone")
        wait_until(lambda: len(slack.messages) == 20, 70, f"the other ten after a probe: {hub.sink('soc')}")
    slack.close()


@case("alerts alike go into one thread, and a thread that is gone begins anew")
def _(folder):
    slack = Slack()
    with Hub(folder, {"outputs": {"soc": bot(slack, thread_by=["rule", "hostname"])}}) as hub:
        for seq in range(6):
            hub.post(alert(seq, hostname=f"host-{seq % 2}"))
        wait_until(lambda: len(slack.messages) == 6, 10, "six messages")
        parents = [ts for _, m, ts in slack.messages if "thread_ts" not in m]
        expect(len(parents) == 2, f"two threads, not {len(parents)}")
        with slack.lock:
            slack.messages.clear()                # deleted by somebody
        hub.post(alert(6, hostname="host-0"))
        wait_until(lambda: len(slack.messages) == 1, 10, f"the seventh: {hub.sink('soc')}")
        expect("thread_ts" not in slack.messages[0][1], "it begins a thread of its own")
        expect(hub.sink("soc")["dead_letters"] == 0, "nothing is dead")
    slack.close()


@case("what Slack refuses for its form arrives as plain text; each word ends as it should")
def _(folder):
    slack = Slack()
    with Hub(folder, {"outputs": {"soc": bot(slack, layout="blocks")}}) as hub:
        slack.say("msg_blocks_too_long")
        hub.post(alert(1))
        wait_until(lambda: len(slack.messages) == 1, 10, "the plain one")
        expect("attachments" not in slack.texts()[0], "it has no blocks")

        slack.say("invalid_blocks", "no_text")     # not even plain
        hub.post(alert(2))
        wait_until(lambda: hub.sink("soc")["dead_letters"] == 1, 10, "a dead letter")

        slack.say("internal_error", Reply(500, b""), Reply(429, b"", {"Retry-After": "1"}), "fatal_error")
        hub.post(alert(3))
        wait_until(lambda: len(slack.messages) == 2, 15, f"the third after its troubles: {hub.sink('soc')}")
        expect(hub.sink("soc")["dead_letters"] == 1, "a server's trouble buries nothing")
    slack.close()


run_cases()

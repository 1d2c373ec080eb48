#!/usr/bin/env python3
"""Webhooks through the hub against a receiver that checks what it gets: signatures, ids, bodies, hostile text, outages."""
import base64
import gzip
import hashlib
import hmac
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import case, expect, run_cases, wait_until
from harness.hub import Hub
from harness.receiver import Receiver, Reply
from harness.sender import alert

KEYS = [b"the key that is in use now", b"the key that was before it"]
RETRY = {"initial": "20ms", "max": "100ms", "probe_max": "100ms", "max_attempts": 1000}
HOSTILE = ["\"quoted\" \\ back\nnew\rline\ttab", "\x00nul\x1b[31m", "\U0001F600 \u202ereversed\u2066", "</script>", "x" * 65_536, "{{.Rule}} %s ${env:HOME}", ""]


def sink(receiver, **options):
    return {"type": "webhook", "address": receiver.url + "/hook?token=t0k3n", "retry": RETRY, **options}


def signature_fault(request):
    """Why a strict receiver refuses the request; "": it does not."""
    message_id, timestamp = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
    if abs(float(timestamp or 0) - request.at) > 300:
        return "the timestamp is not of now"
    if request.headers.get("idempotency-key") != message_id:
        return "the ids differ"
    signed = f"{message_id}.{timestamp}.".encode() + request.body
    wanted = ["v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in KEYS]
    return "" if request.headers.get("webhook-signature", "").split() == wanted else "the signatures are wrong"


def strange(seq):
    one = alert(seq, extra={"evil": HOSTILE[seq % len(HOSTILE)], f"name {HOSTILE[seq % 4]}": 2**60 + seq})
    one["output"] = f"{seq}: " + HOSTILE[(seq + 3) % len(HOSTILE)]
    return one


def load(hub, count):
    """`count` hostile alerts, a hundred a request."""
    for first in range(0, count, 100):
        body = "\n".join(json.dumps(strange(seq)) for seq in range(first, first + 100)).encode()
        expect(hub.post(body)[0] == 200, f"alerts {first} and on were not taken")


def complete(alerts, count, what):
    """Each alert once by its id, and every byte of it as it was sent."""
    by_id = {a["uuid"]: a for a in alerts}
    expect(len(by_id) == count, f"{what}: {len(by_id)} of {count}")
    for a in by_id.values():
        seq = a["output_fields"]["e2e.seq"]
        wanted = strange(seq)
        expect(a["output"] == wanted["output"] and a["output_fields"] == wanted["output_fields"], f"{what}: alert {seq} came changed")


@case("ten thousand hostile alerts arrive complete and once in every format, over an outage in the middle", quick=False)
def _(folder):
    formats = ("raw", "array", "ndjson", "cloudevents-batch")
    receivers = {name: Receiver() for name in formats}
    with Hub(folder, {"outputs": {name: sink(receivers[name], format=name, batch={"max_items": 200, "max_wait": "100ms"}) for name in formats}}) as hub:
        load(hub, 5_000)
        receivers["ndjson"].down()
        receivers["raw"].down()
        load(hub, 5_000 - 100)            # the same numbers again are new alerts
        receivers["ndjson"].up()
        receivers["raw"].up()
        load(hub, 100)
        for name in formats:
            wait_until(lambda name=name: hub.sink(name)["delivered"] == 10_000, 90, f"all at {name}: {hub.sink(name)}")
    for name in formats:
        alerts = receivers[name].alerts()
        if name == "cloudevents-batch":
            alerts = [event["data"] for event in alerts]
        complete(alerts, 10_000, name)
        expect(len(alerts) - 10_000 <= 64 * 200, f"{name}: {len(alerts) - 10_000} came twice, more than were under way")
        if name in ("array", "cloudevents-batch"):
            expect(len(alerts) == 10_000, f"{name} had no outage, and {len(alerts) - 10_000} came twice")
        receivers[name].close()


@case("each attempt carries two right signatures, also when it is compressed and comes again")
def _(folder):
    def answer(request):
        fault = signature_fault(request)
        if fault:
            return Reply(400, fault.encode())
        return Reply(500) if request.number % 3 == 0 else Reply(200)
    receiver = Receiver(answer)
    secrets = {"secret": "whsec_" + base64.b64encode(KEYS[0]).decode(), "previous": KEYS[1].decode()}
    with Hub(folder, {"outputs": {"signed": sink(receiver, hmac=secrets, enablecompression=True, format="ndjson")}}) as hub:
        load(hub, 300)
        wait_until(lambda: hub.sink("signed")["delivered"] == 300, 20, f"all: {hub.sink('signed')}")
        expect(hub.sink("signed")["dead_letters"] == 0, f"refused: {hub.sink('signed')}")
        log = hub.tail(100_000)
    expect("whsec" not in log and "t0k3n" not in log, "a secret is in the log")
    taken = [json.loads(line) for r in receiver.requests if r.status == 200 for line in gzip.decompress(r.body).splitlines()]
    complete(taken, 300, "signed")
    receiver.close()


@case("a template, a cloud event in binary and a PUT with a token arrive as they should")
def _(folder):
    receivers = {name: Receiver() for name in ("template", "binary", "put")}
    sinks = {"template": sink(receivers["template"], format="template", body='{"text":"{{priority}}: {{output}}","rule":"{{ .Rule }}"}'),
             "binary": sink(receivers["binary"], format="cloudevents-binary"),
             "put": sink(receivers["put"], method="PUT", bearer="b34r3r", success=[204])}
    receivers["put"].answer = lambda request: Reply(204) if request.headers.get("authorization") == "Bearer b34r3r" else Reply(401)
    with Hub(folder, {"outputs": sinks}) as hub:
        for seq in range(len(HOSTILE)):
            hub.post(strange(seq))
        for name, receiver in receivers.items():
            wait_until(lambda r=receiver: len(r.requests) == len(HOSTILE), 10, f"everything at {name}: {hub.sink(name)}")
    for request in receivers["template"].requests:
        expect(json.loads(request.body)["rule"] == "Load", "the template's JSON is whole")
    for request in receivers["binary"].requests:
        expect(request.headers["ce-id"] == json.loads(request.body)["uuid"] and request.headers["ce-specversion"] == "1.0", "attributes are headers")
    expect(all(r.method == "PUT" and r.target == "/hook?token=t0k3n" for r in receivers["put"].requests), "method and target")
    for receiver in receivers.values():
        receiver.close()


run_cases()

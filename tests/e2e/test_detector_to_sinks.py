#!/usr/bin/env python3
"""The whole path: a real `cat /etc/shadow`, seen by the real detector, arrives once, complete and within seconds at five real sinks."""
import json
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import case, expect, run_cases, wait_until
from harness.detector import Detector, need_kernel
from harness.hub import Hub
from harness.receiver import Receiver, Reply
from harness.servers import Servers


def fetch(url, fields=None):
    with urllib.request.urlopen(url + ("?" + urllib.parse.urlencode(fields) if fields else ""), timeout=10) as answer:
        return json.loads(answer.read())


def slack_answer(request):
    """Strict, as Slack: JSON with text or attachments, each attachment with something to show; anything else is invalid_payload."""
    try:
        message = json.loads(request.body)
        attachments = message.get("attachments", [])
        good = isinstance(message, dict) and request.headers.get("content-type", "").startswith("application/json") and request.method == "POST" \
            and (message.get("text") or attachments) and all(a.get("fallback") or a.get("text") or a.get("fields") for a in attachments)
    except (ValueError, AttributeError):
        good = False
    return Reply(200, b"ok", {"Content-Type": "text/html"}) if good else Reply(400, b"invalid_payload")


def is_ours(alert, marker):
    fields = alert.get("output_fields", {})
    return marker in json.dumps(alert) and "/etc/shadow" in json.dumps(fields)


@case("a real `cat /etc/shadow` reaches webhook, Slack, Kafka, OpenSearch and InfluxDB, once, complete, within seconds", quick=False)
def _(folder):
    need_kernel()
    webhook, slack = Receiver(), Receiver(slack_answer)
    with Servers(folder, "up_kafka", "up_os", "up_influx") as servers:
        servers.run("kafka_topic alerts --partitions 1")
        fetch_influx = lambda q: fetch(servers["INFLUX_URL"] + "/query", {"db": "falco", "q": q})
        urllib.request.urlopen(servers["INFLUX_URL"] + "/query", urllib.parse.urlencode({"q": "CREATE DATABASE falco"}).encode(), timeout=10).read()
        sinks = {
            "hook": {"type": "webhook", "address": webhook.url + "/"},
            "slack": {"webhookurl": slack.url + "/services/T0/B0/x"},
            "kafka": {"hostport": f"127.0.0.1:{servers['KAFKA_PLAIN']}", "topic": "alerts"},
            "elasticsearch": {"hostport": servers["OS_URL"], "index": "falco", "suffix": "none"},
            "influxdb": {"hostport": servers["INFLUX_URL"], "database": "falco"},
        }
        # The marker makes this one `cat` known among whatever else happens on the machine: it is the command's own name.
        marker = f"e2e{os.getpid()}x{time.time_ns() % 1_000_000}"
        cat = os.path.join(folder, marker)
        os.symlink("/bin/cat", cat)
        with Hub(folder, {"outputs": sinks}) as hub, Detector(folder, f"http://127.0.0.1:{hub.port}/"):
            acted = time.time()
            subprocess.run([cat, "/etc/shadow"], stdout=subprocess.DEVNULL, check=True)

            alert = wait_until(lambda: next((a for a in webhook.alerts() if is_ours(a, marker)), None), 10, "the alert at the webhook")
            print(f"  at the webhook {time.time() - acted:.2f} s after the act: {alert['rule']}")
            for key in ("uuid", "output", "priority", "rule", "time", "output_fields", "source", "hostname", "tags"):
                expect(alert.get(key), f"the alert has no {key}: {alert}")
            expect(alert["source"] == "syscall", f"source {alert['source']}")
            expect("/etc/shadow" in alert["output"], alert["output"])
            said = json.dumps(alert["output_fields"])
            expect("cat" in said and "root" in said, f"process and user are in the fields: {said}")

            # Slack takes one message a second, and whatever else this machine did comes first.
            wait_until(lambda: any(marker in r.body.decode() and r.status == 200 for r in slack.requests), 60, f"the alert at Slack; {hub.sink('slack')}")
            attachment = json.loads(next(r.body for r in slack.requests if marker in r.body.decode()))["attachments"][0]
            expect(alert["rule"] in json.dumps(attachment), f"the rule is in Slack's attachment: {attachment}")

            def from_kafka():
                printed = subprocess.run(["kcat", "-C", "-b", f"127.0.0.1:{servers['KAFKA_PLAIN']}", "-t", "alerts", "-o", "beginning", "-e", "-q"],
                                         capture_output=True, text=True, timeout=20).stdout
                return [a for a in map(json.loads, printed.splitlines()) if a.get("uuid") == alert["uuid"]]
            wait_until(from_kafka, 20, f"the alert in Kafka; {hub.sink('kafka')}")

            def from_opensearch():
                urllib.request.urlopen(urllib.request.Request(servers["OS_URL"] + "/falco*/_refresh", method="POST"), timeout=10).read()
                hits = fetch(servers["OS_URL"] + "/falco*/_search", {"q": f'_id:"{alert["uuid"]}"'})["hits"]["hits"]
                return [h["_source"] for h in hits]
            found = wait_until(from_opensearch, 20, f"the alert in OpenSearch; {hub.sink('elasticsearch')}")
            expect(found[0]["rule"] == alert["rule"] and found[0]["output"] == alert["output"] and "output_fields" in found[0], f"OpenSearch has {found[0]}")

            def from_influx():
                series = fetch_influx("SELECT * FROM events")["results"][0].get("series", [])
                return [row for s in series for row in s["values"] if any(marker in str(v) for v in row)]
            wait_until(from_influx, 20, f"the alert in InfluxDB; {hub.sink('influxdb')}")

            # Once: everything has been settled, and there is one of each.
            wait_until(lambda: all(s["queued"] == 0 for s in hub.status()["sinks"] if s["name"] != "slack"), 20, "empty queues")
            of_this_rule = {a["uuid"] for a in webhook.alerts() if is_ours(a, marker) and a["rule"] == alert["rule"]}
            counts = {"webhook": sum(a["uuid"] == alert["uuid"] for a in webhook.alerts()), "alerts of the rule": len(of_this_rule),
                      "kafka": len(from_kafka()), "opensearch": len(from_opensearch()),
                      "influxdb": sum(alert["rule"].replace(" ", "") in str(r).replace(" ", "") for r in from_influx())}
            expect(all(n == 1 for n in counts.values()), f"each has it once: {counts}")
            lost = {s["name"]: s["dead_letters"] + s["dropped"] for s in hub.status()["sinks"]}
            expect(not any(lost.values()), f"dead letters or drops: {lost}")
    webhook.close()
    slack.close()


@case("the detector's alert is at the hub's own terminal within a second")
def _(folder):
    need_kernel()
    with Hub(folder) as hub, Detector(folder, f"http://127.0.0.1:{hub.port}/"):
        before = len(hub.tail(10_000_000))
        acted = time.time()
        subprocess.run(["cat", "/etc/shadow"], stdout=subprocess.DEVNULL, check=True)
        wait_until(lambda: "/etc/shadow" in hub.tail(10_000_000)[before:], 5, "the alert on the hub's standard output")
        took = time.time() - acted
        print(f"  {took:.2f} s")
        expect(took < 1.5, f"it took {took:.2f} s")


if __name__ == "__main__":
    run_cases()

#!/usr/bin/env python3
"""What deploy/ gives to Prometheus and Grafana, held against promtool, a real Prometheus and a real hub; and the queries of falcosidekick's own dashboard."""
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import ROOT, Skip, case, expect, run_cases, wait_until
from harness.hub import Hub, free_port
from harness.receiver import Receiver, Reply
from harness.sender import alert

RULES = os.path.join(ROOT, "deploy/prometheus/tocsin-hub.rules.yaml")
DASHBOARD = os.path.join(ROOT, "deploy/grafana/tocsin-hub.json")
FALCOSIDEKICK = ["sum(rate(falcosecurity_falcosidekick_inputs_total[5m])) by (source, status)", "sum(rate(falcosecurity_falcosidekick_outputs_total[5m])) by (destination, status)",
                 'sum(rate(falcosecurity_falcosidekick_falco_events_total{priority_raw="warning"}[5m])) by (hostname, rule, k8s_ns_name, k8s_pod_name)', "absent(up)"]


def tool(name):
    path = shutil.which(name)
    if path is None:
        raise Skip(f"{name} is not installed (scripts/setup --test)")
    return path


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    expect(done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def expressions(node):
    """Every `expr` in the dashboard, with its variables filled in as Grafana fills them for "All"."""
    if isinstance(node, dict):
        if "expr" in node:
            yield node["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*").replace("$sink", ".*")
        for value in node.values():
            yield from expressions(value)
    elif isinstance(node, list):
        for value in node:
            yield from expressions(value)


def rule_expressions():
    return re.findall(r"^\s+expr: (.+)$", open(RULES, encoding="utf-8").read(), re.M)


def names(query):
    return set(re.findall(r"\b(?:tocsin_hub|process|falcosecurity)_[a-z_0-9]+", query))


@case("promtool takes the rules, and each fires when it should and not before")
def _(folder):
    run(tool("promtool"), "check", "rules", RULES)
    run(tool("promtool"), "test", "rules", os.path.join(ROOT, "deploy/prometheus/tocsin-hub.rules_test.yaml"))


@case("every rule has its section in docs/operating.md and its test")
def _(folder):
    rules = re.findall(r"^\s+- alert: (\w+)$", open(RULES, encoding="utf-8").read(), re.M)
    guide = open(os.path.join(ROOT, "docs/operating.md"), encoding="utf-8").read()
    missing = [rule for rule in rules if f"### {rule}\n" not in guide]
    expect(rules and not missing, f"docs/operating.md says nothing of {missing}")
    sections = re.findall(r"^### (Tocsin\w+)$", guide, re.M)
    expect(set(sections) == set(rules), f"no such rules: {set(sections) - set(rules)}")


@case("each query of dashboard and rules is taken by a real Prometheus that scrapes a real hub, and names metrics that are there", quick=False)
def _(folder):
    prometheus, well, ill = tool("prometheus"), Receiver(), Receiver(lambda r: Reply(400, b"never"))
    sinks = {"well": {"type": "webhook", "address": well.url + "/"}, "ill": {"type": "webhook", "address": ill.url + "/"}}
    routes = [{"name": "drop-debug", "match": {"priority": "debug"}, "drop": "all"}, {"name": "rest", "match": {}, "to": ["well", "ill"]}]
    with Hub(folder, {"outputs": sinks, "routes": routes}) as hub:
        for seq in range(20):
            hub.post(alert(seq))
        hub.post(alert(99, priority="Debug"))
        hub.post(b"{}")
        wait_until(lambda: hub.sink("well")["queued"] == 0 and hub.sink("ill")["dead_letters"] == 20 and b"tocsin_hub_suppressed_total{" in hub.get("/metrics")[1], 10, "delivery, and the one that is dropped")

        exposed = {line.split()[2] for line in hub.get("/metrics")[1].decode().splitlines() if line.startswith("# TYPE")}
        asked = list(expressions(json.load(open(DASHBOARD, encoding="utf-8")))) + rule_expressions() + FALCOSIDEKICK
        for query in asked:
            unknown = {n for n in names(query) if n not in exposed and n.removesuffix("_bucket") not in exposed} - {"tocsin_hub_sink_dropped_total", "tocsin_hub_sink_state"}
            expect(not unknown, f"the hub does not have {unknown}, asked for in: {query}")

        port = free_port()
        with open(os.path.join(folder, "prometheus.yml"), "w", encoding="utf-8") as file:
            json.dump({"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [RULES],
                       "scrape_configs": [{"job_name": "hub", "static_configs": [{"targets": [f"127.0.0.1:{hub.port}"]}]}]}, file)
        with open(os.path.join(folder, "prometheus.log"), "wb") as log:
            server = subprocess.Popen([prometheus, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
        try:
            def api(path, **arguments):
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(arguments)}", timeout=5) as answer:
                    return json.load(answer)

            def scraped():
                try:
                    return api("query", query="count_over_time(tocsin_hub_build_info[1m]) > 2")["data"]["result"]
                except OSError:
                    return False
            wait_until(scraped, 30, "three scrapes")
            for query in asked:
                answer = api("query", query=query)
                expect(answer["status"] == "success", f"{query}: {answer}")
            for query, wanted in (("tocsin_hub_sink_routed", 21), ('sum(tocsin_hub_sink_dead_letters_total)', 20)):
                values = [float(r["value"][1]) for r in api("query", query=query)["data"]["result"]]
                expect(values and all(value >= wanted - 1 for value in values), f"{query} is {values}")
            groups = api("rules")["data"]["groups"]
            bad = [rule["name"] for group in groups for rule in group["rules"] if rule["health"] not in ("ok", "unknown")]
            expect(groups and not bad, f"Prometheus cannot evaluate {bad}")
            firing = [rule["name"] for group in groups for rule in group["rules"] if rule["state"] == "firing"]
            expect("TocsinHubAbsent" not in firing, "a hub that is there is absent")
        finally:
            server.kill()
            server.wait()
    well.close()
    ill.close()


run_cases()

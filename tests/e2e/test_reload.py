#!/usr/bin/env python3
"""Configuration that changes while the hub runs: by SIGHUP, by an editor, by Kubernetes' symlinks, by the command line; and a bad file, which changes nothing."""
import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import ROOT, case, expect, program, run_cases, wait_until
from harness.hub import Hub
from harness.receiver import HANG, Receiver, Reply
from harness.sender import alert

RETRY = {"initial": "20ms", "max": "200ms", "probe_max": "200ms"}


def webhook(receiver, **options):
    return {"type": "webhook", "address": receiver.url + "/", "retry": RETRY, **options}


def seqs(receiver):
    return [a["output_fields"]["e2e.seq"] for a in receiver.alerts()]


def metric(hub, name):
    return float(re.search(rf"^{name} (\S+)$", hub.get("/metrics")[1].decode(), re.M).group(1))


def reloads(hub):
    """How often the log says that a reload is over, well or not."""
    log = hub.tail(1_000_000)
    return log.count(" config_reloaded ") + log.count(" config_not_reloaded ")


def reload(hub, outputs=None, by=signal.SIGHUP):
    """Writes outputs.yaml beside and renames it, as editors do; waits until the hub has read it."""
    before = reloads(hub)
    if outputs is not None:
        hub.write(hub.outputs_yaml + ".new", outputs)
        os.rename(hub.outputs_yaml + ".new", hub.outputs_yaml)
    if by is not None:
        hub.process.send_signal(by)
    wait_until(lambda: reloads(hub) > before, 10, f"a reload; the hub said:\n{hub.tail()}")


def drained(hub, *names):
    wait_until(lambda: all(hub.sink(name)["queued"] == 0 for name in names), 15, f"nothing queued at {names}: {hub.status()['sinks']}")


def arrived(receiver, count):
    """So many alerts are there, and so all of them are routed: an empty queue may also be one that nothing came into yet."""
    wait_until(lambda: len(receiver.alerts()) >= count, 15, f"{count} alerts at the receiver")


@case("sinks and routes change under load, and nothing is lost or doubled")
def _(folder):
    one, two = Receiver(), Receiver()
    acks = os.path.join(folder, "acks")
    with Hub(folder, {"outputs": {"one": webhook(one), "two": webhook(two)}}) as hub:
        sender = subprocess.Popen([sys.executable, os.path.join(ROOT, "tests/e2e/harness/sender.py"), "--port", str(hub.port), "--rate", "300", "--acks", acks])
        third = Receiver()
        for turn in range(6):
            wait_until(lambda: len(one.alerts()) > 60 * (turn + 1), 20, "load")
            sinks = {"one": webhook(one, customheaders={"Turn": str(turn)}), "two": webhook(two)}
            if turn % 2 == 0:
                sinks["three"] = webhook(third)
            reload(hub, {"outputs": sinks})
        sender.terminate()
        sender.wait(10)
        sent = {int(line.split()[0]) for line in open(acks, encoding="ascii")}
        wait_until(lambda: set(seqs(one)) >= sent and set(seqs(two)) >= sent, 20, "every alert at both")
        drained(hub, "one", "two")

        for name, receiver in (("one", one), ("two", two)):
            expect(len(seqs(receiver)) == len(set(seqs(receiver))), f"'{name}' got alerts twice")
            sink = hub.sink(name)
            expect(sink["routed"] == sink["delivered"] + sink["dead_letters"] + sink["dropped"] + sink["queued"], f"the books of '{name}': {sink}")
            expect(sink["dropped"] == 0 and sink["dead_letters"] == 0, f"'{name}': {sink}")
        turns = {r.headers.get("turn") for r in one.requests}
        expect(turns >= {"0", "5"}, f"the changed header never went out: {turns}")
        expect(third.alerts(), "the third sink got nothing")
        expect(metric(hub, "tocsin_hub_config_last_reload_successful") == 1, "the metric says the reload failed")
    for receiver in (one, two, third):
        receiver.close()


@case("a bad file changes nothing, and log, metrics, status and the command line say so")
def _(folder):
    receiver = Receiver()
    good = {"outputs": {"all": webhook(receiver)}}
    with Hub(folder, good) as hub:
        taken = metric(hub, "tocsin_hub_config_last_reload_timestamp_seconds")
        reload(hub, {"outputs": {"all": webhook(receiver, minimumpriority="medium"), "slak": {}}})

        log = hub.tail(100_000)
        expect("config_fault" in log and "'medium'" in log and "slak" in log, f"the log does not have every fault:\n{log}")
        expect(metric(hub, "tocsin_hub_config_last_reload_successful") == 0, "the metric says all is well")
        expect(metric(hub, "tocsin_hub_config_last_reload_timestamp_seconds") == taken, "the metric's time moved")
        config = hub.status()["config"]
        expect(config["last_reload_successful"] is False and config["fault"].startswith("2 faults, the first: "), f"status: {config}")
        asked = subprocess.run([program("tocsin-hub"), "-c", hub.hub_yaml, "reload"], capture_output=True, text=True, timeout=20)
        expect(asked.returncode == 2 and "'medium'" in asked.stderr and "nothing was changed" in asked.stderr, f"the command line: {asked}")
        hub.post(alert(1))
        wait_until(lambda: seqs(receiver) == [1], 5, "an alert by the old configuration")

        reload(hub, good)
        expect(metric(hub, "tocsin_hub_config_last_reload_successful") == 1, "the metric does not recover")
        expect(hub.status()["config"]["fault"] == "", "the fault stays in /status")
        asked = subprocess.run([program("tocsin-hub"), "-c", hub.hub_yaml, "reload"], capture_output=True, text=True, timeout=20)
        expect(asked.returncode == 0 and "reloaded" in asked.stdout, f"the command line: {asked}")
    receiver.close()


@case("a rotated secret is read again and ends the pause")
def _(folder):
    secret = os.path.join(folder, "token")
    receiver = Receiver(lambda r: Reply(200) if r.headers.get("authorization") == "new" else Reply(401, b"no"))
    Hub.write(secret, 0)
    open(secret, "w", encoding="ascii").write("old\n")
    with Hub(folder, {"outputs": {"all": webhook(receiver, customheaders={"Authorization": f"${{file:{secret}}}"}), "other": webhook(receiver, customheaders={"Authorization": "new"})}}) as hub:
        for seq in range(20):
            hub.post(alert(seq))
        wait_until(lambda: hub.sink("all")["state"] == "paused", 10, "the pause")
        open(secret, "w", encoding="ascii").write("new\n")
        reload(hub)
        drained(hub, "all")
        expect(hub.sink("all")["state"] == "ok" and hub.sink("all")["delivered"] == 20, f"after the rotation: {hub.sink('all')}")
        expect("unchanged=1 changed=all" in hub.tail(100_000), "the log does not tell which sinks changed")
    receiver.close()


@case("a request under way when its sink changes is finished or sent again, never lost")
def _(folder):
    stuck, fresh = Receiver(lambda r: HANG), Receiver()
    batch = {"format": "ndjson", "batch": {"max_items": 10, "max_wait": "10ms"}, "timeout": {"total": "2s"}}
    with Hub(folder, {"outputs": {"all": webhook(stuck, **batch)}}) as hub:
        for seq in range(30):
            hub.post(alert(seq))
        wait_until(lambda: stuck.requests, 5, "a request that hangs")
        reload(hub, {"outputs": {"all": webhook(fresh, **batch)}})
        drained(hub, "all")
        expect(sorted(seqs(fresh)) == list(range(30)), f"the new address got {sorted(seqs(fresh))}")
    stuck.close()
    fresh.close()


@case("a sink that was removed and comes back finds its backlog, over a restart too")
def _(folder):
    away, other = Receiver(), Receiver()
    away.down()
    both = {"outputs": {"away": webhook(away), "other": webhook(other)}}
    with Hub(folder, both) as hub:
        for seq in range(25):
            hub.post(alert(seq))
        arrived(other, 25)
        reload(hub, {"outputs": {"other": webhook(other)}})
        expect([s["name"] for s in hub.status()["sinks"]] == ["other"], "the removed sink is still listed")
        wait_until(lambda: "sink_not_configured" in hub.tail(100_000), 10, "a line on the backlog that is kept")
        for seq in range(25, 30):
            hub.post(alert(seq))                    # not its own: it is not there
        arrived(other, 30)
        away.up()
        reload(hub, both)
        drained(hub, "away")
        expect(sorted(seqs(away)) == list(range(25)), f"it got {sorted(seqs(away))}")

        away.down()
        for seq in range(100, 110):
            hub.post(alert(seq))
        arrived(other, 40)
        reload(hub, {"outputs": {"other": webhook(other)}})
        wait_until(lambda: hub.tail(100_000).count("sink_not_configured") == 2, 10, "its leave")
        hub.stop()
        away.up()
        hub.start()
        reload(hub, both)
        drained(hub, "away")
        expect(sorted(seqs(away)) == list(range(25)) + list(range(100, 110)), f"after the restart it has {sorted(seqs(away))}")
        expect(len(seqs(other)) == len(set(seqs(other))), "the other sink got alerts twice")
    away.close()
    other.close()


@case("files are watched: written in place, renamed over, and swapped by Kubernetes' symlink")
def _(folder):
    receiver = Receiver()
    sinks = lambda word: {"outputs": {"all": webhook(receiver, customheaders={"Word": word})}}
    mounted = os.path.join(folder, "etc")
    hub = Hub(folder, {})

    def mount(version, word):
        os.makedirs(os.path.join(mounted, version))
        Hub.write(os.path.join(mounted, version, "hub.yaml"), json.load(open(hub.hub_yaml, encoding="utf-8")))
        Hub.write(os.path.join(mounted, version, "outputs.yaml"), sinks(word))
        os.symlink(version, os.path.join(mounted, "..data_tmp"))
        os.rename(os.path.join(mounted, "..data_tmp"), os.path.join(mounted, "..data"))

    def goes_out_with(word):
        hub.post(alert(0))
        wait_until(lambda: receiver.requests and receiver.requests[-1].headers.get("word") == word, 5, f"'{word}' in the next request")

    mount("..v1", "first")
    for name in ("hub.yaml", "outputs.yaml"):
        os.symlink(os.path.join("..data", name), os.path.join(mounted, name))
    plain_yaml, hub.hub_yaml, hub.outputs_yaml = hub.hub_yaml, os.path.join(mounted, "hub.yaml"), os.path.join(mounted, "outputs.yaml")
    with hub:
        goes_out_with("first")
        before = reloads(hub)
        mount("..v2", "second")
        wait_until(lambda: reloads(hub) == before + 1, 10, "a reload after the swap")
        goes_out_with("second")
    hub.hub_yaml, hub.outputs_yaml = plain_yaml, os.path.join(folder, "outputs.yaml")
    hub.write(hub.outputs_yaml, sinks("third"))
    with hub:
        goes_out_with("third")
        reload(hub, sinks("fourth"), by=None)
        goes_out_with("fourth")
        before = reloads(hub)
        hub.write(hub.outputs_yaml, sinks("fifth"))
        wait_until(lambda: reloads(hub) > before, 10, "a reload after a write in place")
        wait_until(lambda: hub.status()["config"]["last_reload_successful"], 10, "the whole file")
        goes_out_with("fifth")
    receiver.close()


@case("what needs a restart is named in one warning, and what does not is changed")
def _(folder):
    with Hub(folder, {"outputs": {"stdout": {"format": "json"}}}) as hub:
        settings = json.load(open(hub.hub_yaml, encoding="utf-8"))
        hub.write(hub.hub_yaml, {**settings, "customtags": ["live"]})
        wait_until(lambda: "config_reloaded" in hub.tail(100_000), 10, "a reload")
        hub.post(alert(1))
        wait_until(lambda: '"live"' in hub.tail(100_000), 5, "the new tag in what goes out")
        hub.write(hub.hub_yaml, {**settings, "listenport": hub.port + 1, "threads": 3, "log": {"level": "debug", "format": "json"}})
        wait_until(lambda: '"msg":"config_reloaded"' in hub.tail(100_000), 10, "a reload, logged as JSON")
        expect('"options":"listenport,threads"' in hub.tail(100_000), f"the warning:\n{hub.tail()}")
        expect(hub.status()["config"]["needs_restart"] == ["listenport", "threads"], "status does not name them")
        for line in hub.tail(100_000).splitlines():
            if line.startswith("{"):
                json.loads(line)


run_cases()

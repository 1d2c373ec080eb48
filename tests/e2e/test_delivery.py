#!/usr/bin/env python3
"""What becomes of alerts when sinks, hubs and operators do what they do: poison, restarts, SIGTERM."""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import case, expect, run_cases, wait_until
from harness.hub import Hub
from harness.receiver import HANG, Receiver, Reply
from harness.sender import alert

RETRY = {"initial": "20ms", "max": "200ms", "probe_max": "200ms", "max_attempts": 3}


def seqs(alerts):
    return [a["output_fields"]["e2e.seq"] for a in alerts]


def webhook(receiver, **options):
    return {"type": "webhook", "address": receiver.url + "/", "retry": RETRY, **options}


def poisoned(request, kinds):
    """Answers for the poison that an alert names in its field `e2e.poison`, if it does."""
    for a in request.alerts():
        kind = a["output_fields"].get("e2e.poison")
        if kind in kinds:
            return {"refused": Reply(400, b"never"), "failing": Reply(500, b"always"), "hanging": HANG, "large": Reply(413, b"too large")}[kind]
    return Reply(200)


@case("poison of four kinds ends as dead letters and delays nobody")
def _(folder):
    kinds = ("refused", "failing", "hanging", "large")
    receivers = {"single": Receiver(lambda r: poisoned(r, kinds)), "batched": Receiver(lambda r: poisoned(r, kinds)), "bystander": Receiver()}
    sinks = {"single": webhook(receivers["single"], timeout={"total": "500ms"}),
             "batched": webhook(receivers["batched"], timeout={"total": "500ms"}, format="ndjson", batch={"max_items": 50, "max_wait": "20ms"}),
             "bystander": webhook(receivers["bystander"])}
    poison = {10: "refused", 20: "failing", 30: "hanging", 40: "large"}
    with Hub(folder, {"outputs": sinks}) as hub:
        sent = time.monotonic()
        for seq in range(1, 201):
            extra = {"e2e.poison": poison[seq]} if seq in poison else {}
            status, _, _ = hub.post(alert(seq, extra=extra, padding=200_000 if poison.get(seq) == "large" else 0))
            expect(status == 200, f"alert {seq} was answered {status}")
        healthy = set(range(1, 201)) - set(poison)

        wait_until(lambda: set(seqs(receivers["bystander"].alerts())) == healthy | set(poison), 5, "everything at the bystander")
        for name in ("single", "batched"):
            wait_until(lambda name=name: set(seqs(receivers[name].alerts())) >= healthy, 20, f"every healthy alert at '{name}'")
        waited = time.monotonic() - sent
        # Probes need company: an alert is poison when it failed while others got through.
        def all_buried(extra=iter(range(1001, 10_000))):
            hub.post(alert(next(extra)))
            return all(hub.sink(name)["dead_letters"] == 4 for name in ("single", "batched"))
        wait_until(all_buried, 40, f"four dead letters at each: {[(hub.sink(n)['dead_letters'], hub.sink(n)['last_error']) for n in ('single', 'batched')]}")
        expect(hub.sink("bystander")["dead_letters"] == 0, "the bystander has dead letters")

        hub.stop()
        buried = {(sink, a["output_fields"]["e2e.seq"]) for sink, a, _ in hub.dead_letters()}
        expect(buried == {(sink, seq) for sink in ("single", "batched") for seq in poison}, f"these are buried: {sorted(buried)}")
        print(f"  the healthy 196 were through after {waited:.1f} s")
    for receiver in receivers.values():
        receiver.close()


@case("a restart in peace repeats nothing and forgets nothing")
def _(folder):
    receiver = Receiver()
    hub = Hub(folder, {"outputs": {"all": webhook(receiver)}}).start()
    for seq in range(1, 301):
        hub.post(alert(seq))
    wait_until(lambda: len(receiver.alerts()) == 300, 10, "300 alerts")
    hub.stop()

    hub.start()
    hub.post(alert(301))
    wait_until(lambda: 301 in seqs(receiver.alerts()), 10, "the alert after the restart")

    expect(sorted(seqs(receiver.alerts())) == list(range(1, 302)), "each alert arrives exactly once")
    hub.stop()
    receiver.close()


@case("a crash repeats at most what was settled in the last second or in flight")
def _(folder):
    receiver = Receiver()
    hub = Hub(folder, {"outputs": {"all": webhook(receiver)}}).start()
    seq = 0
    crash_at = time.monotonic() + 4
    while time.monotonic() < crash_at:
        seq += 1
        hub.post(alert(seq))
    hub.kill()
    crashed = time.time()
    before = [(r.at, s) for r in receiver.requests for s in seqs(r.alerts())]

    hub.start()
    hub.post(alert(seq + 1))
    wait_until(lambda: set(seqs(receiver.alerts())) == set(range(1, seq + 2)), 10, "everything, once more where need be")

    first = {}
    for at, s in before:
        first.setdefault(s, at)
    again = [s for s in seqs(receiver.alerts())[len(before):] if s in first]
    oldest = max((crashed - first[s] for s in again), default=0.0)
    print(f"  {seq} sent, {len(again)} repeated, the oldest of them settled {oldest:.2f} s before the crash")
    expect(len(before) > 100, f"only {len(before)} alerts before the crash: too few to say anything")
    # One second is the promise; half of one more is what saving takes on a loaded machine.
    expect(oldest < 1.5, f"an alert settled {oldest:.2f} s before the crash was delivered again")
    hub.stop()
    receiver.close()


@case("SIGTERM delivers what is queued at a slow sink before the end, and does not wait for a dead one")
def _(folder):
    slow, away = Receiver(lambda r: (time.sleep(0.01), Reply(200))[1]), Receiver()
    away.down()
    hub = Hub(folder, {"outputs": {"slow": webhook(slow), "away": webhook(away)}}).start()
    lines = b"\n".join(json.dumps(alert(seq)).encode() for seq in range(1, 301))
    status, _, _ = hub.post(lines)
    expect(status == 200, f"answered {status}")

    before = len(slow.alerts())
    took = hub.stop()

    arrived = seqs(slow.alerts())
    print(f"  {before} of 300 at the slow sink at SIGTERM, {len(arrived)} at the end, {took:.1f} s later")
    expect(before < 200, "too few were queued to say anything")
    expect(sorted(arrived) == list(range(1, 301)), f"{300 - len(set(arrived))} alerts were left in the queue of a sink that is well")
    expect(took < 7, f"it took {took:.1f} s")

    away.up()
    hub.start()
    wait_until(lambda: set(seqs(away.alerts())) == set(range(1, 301)), 20, "everything at the sink that was away")
    expect(len(slow.alerts()) == 300, f"an orderly stop made the slow sink get {len(slow.alerts()) - 300} alerts twice")
    hub.stop()
    slow.close()
    away.close()


@case("SIGTERM with only a dead sink ends within two seconds and keeps its queue")
def _(folder):
    away = Receiver()
    away.down()
    hub = Hub(folder, {"outputs": {"away": webhook(away)}}).start()
    hub.post(b"\n".join(json.dumps(alert(seq)).encode() for seq in range(1, 101)))
    wait_until(lambda: hub.sink("away")["state"] != "ok", 5, "the sink to be known as unwell")

    took = hub.stop()

    expect(took < 2, f"it took {took:.1f} s")
    print(f"  stopped in {took:.1f} s")
    away.up()
    hub.start()
    wait_until(lambda: set(seqs(away.alerts())) == set(range(1, 101)), 20, "the queue after the next start")
    hub.stop()
    away.close()


@case("SIGTERM ends within 8 seconds whatever a sink does, and what hung is delivered after the next start")
def _(folder):
    hanging = [True]
    stuck = Receiver(lambda r: HANG if hanging[0] else Reply(200))
    hub = Hub(folder, {"outputs": {"stuck": webhook(stuck)}}).start()
    hub.post(b"\n".join(json.dumps(alert(seq)).encode() for seq in range(1, 51)))
    wait_until(lambda: stuck.requests, 5, "the request that hangs")

    took = hub.stop()

    expect(took < 8.5, f"it took {took:.1f} s")
    print(f"  stopped in {took:.1f} s")
    hanging[0] = False
    hub.start()
    wait_until(lambda: set(seqs(stuck.alerts())) == set(range(1, 51)), 20, "everything after the next start")
    hub.stop()
    stuck.close()


@case("a second SIGTERM insists, and what was acknowledged is delivered after the next start")
def _(folder):
    hanging = [True]
    stuck = Receiver(lambda r: HANG if hanging[0] else Reply(200))
    hub = Hub(folder, {"outputs": {"stuck": webhook(stuck)}}).start()
    for seq in range(1, 11):
        hub.post(alert(seq))
    wait_until(lambda: stuck.requests, 5, "the request that hangs")

    start = time.monotonic()
    hub.process.terminate()
    wait_until(lambda: "hub_stopping" in hub.tail(), 5, "the first signal to be heard")   # two at once may be delivered as one
    hub.process.terminate()
    hub.process.wait(5)

    expect(time.monotonic() - start < 2, "it insisted for too long")
    expect(hub.process.returncode == 128 + 15, f"it ended with {hub.process.returncode}")
    expect("stop_cut_short" in hub.tail(), "nothing says that the end was cut short")
    hanging[0] = False
    hub.start()
    wait_until(lambda: set(seqs(stuck.alerts())) == set(range(1, 11)), 20, "everything after the next start")
    hub.stop()
    stuck.close()


@case("SIGTERM while the hub opens ends it at once, and nothing is lost by it")
def _(folder):
    away = Receiver()
    away.down()
    hub = Hub(folder, {"outputs": {"away": webhook(away)}}).start()
    for start in range(1, 5001, 500):
        hub.post(b"\n".join(json.dumps(alert(seq, padding=2000)).encode() for seq in range(start, start + 500)))
    hub.kill()

    codes, longest = [], 0.0
    for delay in (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3):
        hub.start(ready=False)
        time.sleep(delay)                                  # whatever it is doing by then: that is the point
        start = time.monotonic()
        hub.process.terminate()
        hub.process.wait(9)
        longest = max(longest, time.monotonic() - start)
        codes.append(hub.process.returncode)

    opening = hub.tail(100_000).count("a signal came while the hub was opening")
    print(f"  exit codes {codes}, {opening} of them in the midst of opening, the longest took {longest:.1f} s")
    # -15: before main() asked for the signal. Anything else than that or 0 would be a fault.
    expect(set(codes) <= {0, -15}, f"it ended with {codes}:\n{hub.tail()}")
    expect(longest < 2, f"it took {longest:.1f} s")
    away.up()
    hub.start()
    wait_until(lambda: set(seqs(away.alerts())) == set(range(1, 5001)), 30, "everything after the last start")
    hub.stop()
    away.close()


def cli(hub, *words, well=True):
    """What `tocsin-hub WORDS` says on the hub's configuration, on stdout or else on stderr."""
    done = subprocess.run([hub.binary, "--config", hub.hub_yaml, *words], capture_output=True, text=True, timeout=20, check=False)
    expect((done.returncode == 0) == well, f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout if well else done.stderr


@case("dead letters are listed and shown by the command line, with a running hub, after its end and after its kill")
def _(folder):
    picky, fussy = Receiver(lambda r: Reply(400, b"no such \x1b[31mfield") if "poison" in r.body.decode() else Reply(200)), Receiver(lambda r: Reply(422, b"never"))
    hub = Hub(folder, {"outputs": {"picky": webhook(picky), "fussy": webhook(fussy)}}).start()
    sent = json.dumps(alert(1, rule="Shell in \u001b[2J container", extra={"poison": True, "number": 12345678901234567890}))
    _, headers, _ = hub.post(sent.encode())
    hub.post(alert(2, priority="Critical"))
    wait_until(lambda: hub.sink("picky")["dead_letters"] == 1 and hub.sink("fussy")["dead_letters"] == 2, 10, "three dead letters")
    wait_until(lambda: len(hub.dead_letters()) == 3, 5, "three dead letters in state.db")

    def check(when):
        table, listed = cli(hub, "dead-letters", "list"), json.loads(cli(hub, "--json", "dead-letters", "list"))["dead_letters"]
        expect(len(table.splitlines()) == 4, f"{when}: a head and three lines, not\n{table}")
        expect(len(cli(hub, "dead-letters", "list", "--sink", "picky").splitlines()) == 2, f"{when}: --sink picks another number than one")
        expect("\x1b" not in table, f"{when}: an alert writes to the terminal:\n{table!r}")
        expect(sorted((letter["sink"], letter["attempts"]) for letter in listed) == [("fussy", 1), ("fussy", 1), ("picky", 1)], f"{when}: {listed}")
        letter = next(one for one in listed if one["sink"] == "picky")
        expect(letter["id"] == headers["Tocsin-Alert-Id"], f"{when}: the id is not the acknowledged one: {letter}")
        shown = cli(hub, "dead-letters", "show", str(letter["number"]))
        expect(shown.startswith("sink       picky\nid         " + letter["id"] + "\nat "), f"{when}: {shown}")
        for word in ("priority   warning", "400", "no such", "attempts   1", "12345678901234567890"):
            expect(word in shown, f"{when}: '{word}' is not in\n{shown}")
        expect("\x1b" not in shown, f"{when}: a dead letter writes to the terminal:\n{shown!r}")
        whole = json.loads(cli(hub, "--json", "dead-letters", "show", str(letter["number"])))
        expect(json.loads(whole["alert"])["output_fields"]["number"] == 12345678901234567890, f"{when}: {whole}")
        none = cli(hub, "dead-letters", "show", "4711", well=False)
        expect(none == "tocsin-hub: there is no dead letter 4711\n", f"{when}: {none!r}")
        return listed

    running = check("while the hub runs")
    hub.stop()
    expect(check("after its end") == running, "the list is another one without a hub")
    hub.start()
    hub.kill()                                             # leaves its socket behind
    expect(check("after its kill") == running, "the list is another one after a kill")
    hub.start()
    expect(check("after the next start") == running, "a start changed the dead letters")
    hub.stop()
    picky.close()
    fussy.close()


@case("a sink that returns gets its backlog within ten seconds")
def _(folder):
    receiver = Receiver()
    receiver.down()
    sink = {"type": "webhook", "address": receiver.url + "/", "format": "ndjson", "batch": {"max_items": 500, "max_wait": "20ms"}}    # retry as shipped
    with Hub(folder, {"outputs": {"returning": sink}}) as hub:
        for start in range(1, 2001, 500):
            status, _, _ = hub.post("\n".join(json.dumps(alert(s)) for s in range(start, start + 500)).encode())
            expect(status == 200, f"answered {status}")
        wait_until(lambda: hub.sink("returning")["state"] != "ok", 15, "the sink to be known as unwell")
        time.sleep(3)
        receiver.up()
        back = time.monotonic()
        wait_until(lambda: len(set(seqs(receiver.alerts()))) == 2000, 20, "the backlog of 2,000")
        took = time.monotonic() - back
        print(f"  {took:.1f} s")
        expect(took < 12, f"it took {took:.1f} s")
        wait_until(lambda: hub.sink("returning")["queued"] == 0, 5, "an empty queue")
        s = hub.sink("returning")
        expect(s["routed"] == s["delivered"] + s["dead_letters"] + s["dropped"] + s["queued"], f"the accounts do not balance: {s}")
    receiver.close()


if __name__ == "__main__":
    run_cases()

#!/usr/bin/env python3
"""What an operator does about alerts that did not arrive, on the real hub: dead letters replayed and purged, the journal replayed, an output tried."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import case, expect, run_cases, wait_until
from harness.hub import Hub
from harness.receiver import Receiver, Reply
from harness.sender import alert

RETRY = {"initial": "20ms", "max": "200ms", "probe_max": "200ms"}


def webhook(receiver, **options):
    return {"type": "webhook", "address": receiver.url + "/", "retry": RETRY, **options}


def cli(hub, *words, well=True):
    """What `tocsin-hub WORDS` says on the hub's configuration, on stdout or else on stderr."""
    done = subprocess.run([hub.binary, "--config", hub.hub_yaml, *words], capture_output=True, text=True, timeout=20, check=False)
    expect((done.returncode == 0) == well, f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout if well else done.stdout + done.stderr


def letters(hub, *filters):
    return json.loads(cli(hub, "--json", "dead-letters", "list", *filters))["dead_letters"]


def balanced(sink):
    return sink["routed"] == sink["delivered"] + sink["dead_letters"] + sink["dropped"] + sink["queued"] + sink.get("suppressed", 0)


def ids(receiver):
    return [a["uuid"] for a in receiver.alerts()]


@case("dead letters are replayed under their own ids once their sink takes them, and purged only when that is said")
def _(folder):
    refuses = [True]
    receiver, other = Receiver(lambda r: Reply(400, b"no such field") if refuses[0] else Reply(200)), Receiver(lambda r: Reply(422, b"never"))
    with Hub(folder, {"outputs": {"soc": webhook(receiver), "picky": webhook(other)}}) as hub:
        sent = [hub.post(alert(seq, rule="odd" if seq % 2 else "even"))[1]["Tocsin-Alert-Id"] for seq in range(1, 11)]
        wait_until(lambda: hub.sink("soc")["dead_letters"] == 10 and len(hub.dead_letters()) == 20, 10, "twenty dead letters")

        expect(len(letters(hub, "--sink", "soc", "--rule", "odd")) == 5, "the filters do not filter")
        expect(len(letters(hub, "--reason", "422")) == 10, "--reason does not filter")
        expect(letters(hub, "--since", "1ms") == [], "--since does not filter")
        said = cli(hub, "dead-letters", "replay", well=False)
        expect("say which dead letters" in said, said)
        said = cli(hub, "dead-letters", "purge", "--sink", "picky")
        expect(said == "10 dead letters would be purged for good; say --yes to do it\n" and len(letters(hub)) == 20, said)

        refuses[0] = False
        said = cli(hub, "dead-letters", "replay", "--sink", "soc", "--rule", "odd")
        expect(said == "5 dead letters replayed\n", said)
        wait_until(lambda: hub.sink("soc")["delivered"] == 5, 10, "five at the receiver")
        expect(sorted(ids(receiver)) == sorted(sent[0::2]), f"other ids arrived: {ids(receiver)}")
        expect(len(letters(hub, "--sink", "soc")) == 5, "what is replayed is a dead letter still")
        one = letters(hub, "--sink", "soc")[0]["number"]
        expect(cli(hub, "dead-letters", "replay", str(one)) == "1 dead letters replayed\n", "one by its number")
        wait_until(lambda: hub.sink("soc")["delivered"] == 6, 10, "the sixth")
        expect(len(other.alerts(accepted_only=False)) == 10, "a replay for one sink went to another")

        expect(cli(hub, "dead-letters", "purge", "--sink", "picky", "--yes") == "10 dead letters purged\n", "purged")
        expect(len(letters(hub)) == 4, "four are left")
        for name in ("soc", "picky"):
            expect(balanced(hub.sink(name)), f"the accounts do not balance: {hub.sink(name)}")
        hub.stop()
        cli(hub, "dead-letters", "replay", "--all", well=False)
        expect(cli(hub, "dead-letters", "purge", "--all", "--yes") == "4 dead letters purged\n", "purged without a hub")
        expect(letters(hub) == [], "some are left")
    receiver.close()
    other.close()


@case("the journal is replayed to one sink, by time, rule and priority, with a limit and where it was broken off")
def _(folder):
    soc, other = Receiver(), Receiver()
    with Hub(folder, {"outputs": {"soc": webhook(soc), "other": webhook(other)}}) as hub:
        sent = [hub.post(alert(seq, rule="odd" if seq % 2 else "even", priority="Critical" if seq <= 4 else "Notice"))[1]["Tocsin-Alert-Id"] for seq in range(1, 21)]
        wait_until(lambda: len(soc.alerts()) == 20 and len(other.alerts()) == 20, 10, "all at both")

        said = cli(hub, "replay", "--sink", "nobody", "--since", "1h", well=False)
        expect("there is no sink 'nobody' in the running hub; it has: soc, other" in said, said)
        said = cli(hub, "replay", "--sink", "soc", "--since", "yesterday", well=False)
        expect("'yesterday' is no time" in said, said)
        expect(cli(hub, "replay", "--sink", "soc", "--since", "1h", "--until", "1h") == "0 alerts replayed\n", "nothing then")

        expect(cli(hub, "replay", "--sink", "soc", "--since", "1h", "--rule", "odd", "--priority", "critical") == "2 alerts replayed\n", "two")
        wait_until(lambda: len(soc.alerts()) == 22, 10, "two more")
        expect(sorted(ids(soc)[20:]) == sorted([sent[0], sent[2]]), "other ids")

        said = cli(hub, "replay", "--sink", "soc", "--since", "1h", "--limit", "15")
        expect(said.startswith("15 alerts replayed\nthe limit is reached; go on with --after "), said)
        hub.kill()
        hub.start()
        said = cli(hub, "replay", "--sink", "soc", "--since", "1h", "--after", said.split()[-1])
        expect(said == "5 alerts replayed\n", f"copies were replayed too, or alerts left out: {said}")
        wait_until(lambda: all(ids(soc).count(i) >= 2 for i in sent), 10, "each twice")
        expect(len(other.alerts()) >= 20 and hub.sink("soc")["queued"] == 0, "quiet")
        for name in ("soc", "other"):
            expect(balanced(hub.sink(name)), f"the accounts do not balance: {hub.sink(name)}")
        expect(set(ids(other)) == set(sent) and max(ids(other).count(i) for i in sent) <= 2, "a replay for one sink went to another")
    soc.close()
    other.close()


@case("an output is tried with one alert, without a hub, and says what came of it")
def _(folder):
    well, refusing, away = Receiver(), Receiver(lambda r: Reply(401, b"revoked")), Receiver()
    away.down()
    hub = Hub(folder, {"outputs": {"well": webhook(well), "refusing": webhook(refusing), "away": webhook(away)}})

    said = cli(hub, "output", "test", "well")
    expect(said.startswith("well (webhook): delivered after "), said)
    expect([a["rule"] for a in well.alerts()] == ["Test rule"], f"{well.alerts()}")
    said = json.loads(cli(hub, "--json", "output", "test", "refusing", well=False))
    expect(said["outcome"] == "misconfigured" and "401" in said["why"], f"{said}")
    said = cli(hub, "output", "test", "away", well=False)
    expect(said.startswith("away (webhook): retry after "), said)
    said = cli(hub, "output", "test", "nobody", well=False)
    expect("there is no output 'nobody'; there are: well, refusing, away" in said, said)
    for receiver in (well, refusing, away):
        receiver.close()


@case("a sink that wants other credentials pauses, shows degraded at a first failure, and goes on by itself")
def _(folder):
    status = [401]
    receiver = Receiver(lambda r: Reply(status[0], b"well"))
    with Hub(folder, {"outputs": {"soc": webhook(receiver)}}) as hub:
        hub.post(alert(1))
        wait_until(lambda: hub.sink("soc")["state"] == "paused", 5, "paused")
        status[0] = 200
        wait_until(lambda: hub.sink("soc")["state"] == "ok" and hub.sink("soc")["queued"] == 0, 10, "ok again")
        status[0] = 500
        hub.post(alert(2))
        wait_until(lambda: hub.sink("soc")["state"] == "degraded", 2, "degraded")
        status[0] = 200
        wait_until(lambda: hub.sink("soc")["queued"] == 0 and hub.sink("soc")["state"] == "ok", 10, "the second")
        expect(hub.sink("soc")["dead_letters"] == 0 and balanced(hub.sink("soc")), f"{hub.sink('soc')}")
    receiver.close()


if __name__ == "__main__":
    run_cases()

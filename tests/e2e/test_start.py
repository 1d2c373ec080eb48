#!/usr/bin/env python3
"""Every way in which a start can fail says what is wrong in one sentence that an operator can act on, and ends at once."""
import os
import socket
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import Skip, case, expect, program, run_cases
from harness.hub import Hub


def fails(hub, *says, status=1, arguments=(), environment=None, prefix=()):
    """The hub, started, ends with `status` within seconds, and says all of `says`."""
    command = [*prefix, hub.binary, "-c", hub.hub_yaml, *(["--outputs", hub.outputs_yaml] if hub.outputs_yaml else []), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, cwd=hub.folder, env=dict(os.environ, **(environment or {})))
    for words in says:
        expect(words in done.stderr, f"it does not say “{words}”, but:\n{done.stderr}")
    expect(done.returncode == status, f"it ended with {done.returncode}:\n{done.stderr}")


def hub_in(folder, outputs=None, **settings):
    return Hub(folder, outputs if outputs is not None else {"outputs": {"stdout": {}}}, settings)


@case("a port that is taken")
def _(folder):
    hub = hub_in(folder)
    with socket.socket() as other:
        other.bind(("127.0.0.1", hub.port))
        other.listen()
        fails(hub, f"listen on 127.0.0.1:{hub.port}: ", "in use")


@case("an address that is not this machine's")
def _(folder):
    fails(hub_in(folder, listenaddress="192.0.2.1"), "listen on 192.0.2.1:", "annot assign requested address")


@case("an address that is none")
def _(folder):
    fails(hub_in(folder, listenaddress="localhost"), "hub.yaml:2:", "'localhost' is not an IP address", status=2)


@case("a state directory that is a file")
def _(folder):
    hub = hub_in(folder)
    open(hub.state, "w", encoding="ascii").close()
    fails(hub, f"state_directory {hub.state} is not a directory")


@case("a state directory that cannot be made, or is on a disk that cannot be written")
def _(folder):
    fails(hub_in(folder, state_directory="/proc/tocsin"), "state_directory /proc/tocsin")


@case("a state directory that another hub uses")
def _(folder):
    with hub_in(folder) as first:
        fails(first, f"state_directory {first.state} is in use by another tocsin-hub", "give this one another", arguments=("--listen-port", "0"))


@case("a state of a newer hub is left as it is")
def _(folder):
    with hub_in(folder) as hub:
        hub.stop()
        database = sqlite3.connect(os.path.join(hub.state, "state.db"))
        database.execute("pragma user_version = 99")
        database.commit()
        database.close()
        fails(hub, "newer")


@case("files that are not there, and secrets that cannot be read, with their place")
def _(folder):
    hub = hub_in(folder, {"outputs": {"hook": {"type": "webhook", "address": "${file:/nowhere/secret}"}, "other": {"type": "webhook", "address": "${env:TOCSIN_NOT_SET}"}}})
    fails(hub, "outputs.yaml:", "/nowhere/secret", "TOCSIN_NOT_SET", "2 errors; nothing was started.", status=2)
    hub.outputs_yaml = os.path.join(folder, "elsewhere.yaml")
    fails(hub, "elsewhere.yaml", "there is no such file", status=2)


@case("certificates that are none")
def _(folder):
    bad = os.path.join(folder, "ca.pem")
    open(bad, "w", encoding="ascii").write("nonsense")
    hub = hub_in(folder, {"outputs": {"hook": {"type": "webhook", "address": "https://127.0.0.1:1/"}}}, tlsclient={"cacertfile": bad})
    fails(hub, bad, status=2)


@case("a disk that is full")
def _(folder):
    disk = os.path.join(folder, "disk")
    os.mkdir(disk)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True).returncode != 0:
        raise Skip("mounting a small disk needs root")
    try:
        with open(os.path.join(disk, "filler"), "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        hub = hub_in(folder, state_directory=os.path.join(disk, "state"))
        fails(hub, f"{disk}/state", "is full")
    finally:
        subprocess.run(["umount", disk], check=True)


run_cases()

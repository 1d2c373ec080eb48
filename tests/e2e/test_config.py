#!/usr/bin/env python3
"""What the programs say about configuration, to the letter: each folder of tests/golden has a `command` and what it must print, with its exit status.

    test_config.py --update      writes down what they say now; read the difference before you commit it
"""
import os
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import BIN, ROOT, Skip, case, expect, program, run_cases

GOLDEN = os.path.join(ROOT, "tests/golden")


def said_by(folder):
    with open(os.path.join(folder, "command"), encoding="utf-8") as file:
        command = shlex.split(file.read(), comments=True)
    command[0] = program(command[0])
    ended = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30, stdin=subprocess.DEVNULL,
                           env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"})
    return f"{ended.stdout}exit status {ended.returncode}\n"


def declare(folder, sentence):
    @case(sentence)
    def _(_):
        with open(os.path.join(folder, "expected"), encoding="utf-8") as file:
            expected = file.read()
        said = said_by(folder)
        if said != expected:
            print("  expected:\n" + expected + "  but it said:\n" + said)
        expect(said == expected, f"the words differ from {os.path.relpath(folder, ROOT)}/expected")


@case("the shipped configuration is in order")
def _(folder):
    for command in (["tocsin-hub", "check-config", "--config", "config/hub.yaml", "--outputs", "config/outputs.yaml"],):
        ended = subprocess.run([program(command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, timeout=30)
        expect(ended.returncode == 0, f"{' '.join(command)}: {ended.stdout}{ended.stderr}")
    rules = sorted(os.path.join("config/rules", name) for name in os.listdir(os.path.join(ROOT, "config/rules")) if name.endswith(".yaml"))
    expect(rules, "rules are shipped")
    for path in rules:
        ended = subprocess.run([program("tocsin-detector"), "-V", path], cwd=ROOT, capture_output=True, text=True, timeout=30)
        expect(ended.returncode == 0, f"{path}: {ended.stdout}{ended.stderr}")


for name in sorted(os.listdir(GOLDEN) if os.path.isdir(GOLDEN) else []):
    place = os.path.join(GOLDEN, name)
    if os.path.exists(os.path.join(place, "command")):
        if "--update" in sys.argv:
            with open(os.path.join(place, "expected"), "w", encoding="utf-8") as file:
                file.write(said_by(place))
        else:
            declare(place, "it says to the letter: " + name.replace("_", " "))

if __name__ == "__main__":
    if "--update" not in sys.argv:
        run_cases()

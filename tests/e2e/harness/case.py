"""One test case: a function with a sentence for a name. What it came to is said in the words that tests/run counts."""
import os
import shutil
import sys
import tempfile
import time
import traceback

ROOT = os.environ.get("TOCSIN_ROOT") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BIN = os.environ.get("TOCSIN_BIN") or os.path.join(ROOT, "build/dev/bin")
QUICK = bool(os.environ.get("TOCSIN_QUICK"))      # tests/run --no-servers


class Skip(Exception):
    """Raised with the reason why a case cannot run here."""


_cases = []


def case(name, quick=True):
    """Declares a case. quick=False: not in `make check` (long, or in need of servers)."""
    def declare(function):
        _cases.append((name, function, quick))
        return function
    return declare


def run_cases():
    """Runs what was declared, each case with an empty folder of its own; the exit status says whether all was well. `-k WORD` picks."""
    wanted = sys.argv[sys.argv.index("-k") + 1] if "-k" in sys.argv else ""
    failed = False
    cases = [(name, function) for name, function, quick in _cases if wanted in name and (quick or not QUICK)]
    if not cases:
        print("no case here belongs to this run")
    for name, function in cases:
        folder = tempfile.mkdtemp(prefix="tocsin-e2e-")
        start = time.monotonic()
        try:
            function(folder)
        except Skip as reason:
            print(f"skipped: {name}: {reason}", flush=True)
        except Exception as fault:  # noqa: BLE001: any fault of a case is its failure
            failed = True
            print("".join("  " + line for line in traceback.format_exc().splitlines(True)))
            print(f"  kept: {folder}")
            print(f"FAILED: {name}: {type(fault).__name__}: {str(fault).splitlines()[0] if str(fault) else ''}", flush=True)
            continue
        else:
            print(f"ok: {name} ({time.monotonic() - start:.1f} s)", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if failed else 0)


def program(name):
    path = os.path.join(BIN, name)
    if not os.access(path, os.X_OK):
        raise Skip(f"{path} is not built")
    return path


def wait_until(condition, seconds, what):
    """Waits for the condition to be true and gives back its value; its failure names `what` was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for: {what}")
        time.sleep(0.02)


def expect(truth, what):
    if not truth:
        raise AssertionError(what)

"""The real detector on the real kernel, or the reason why not here."""
import os
import signal
import subprocess

from .case import ROOT, Skip, program, wait_until


def need_kernel():
    if os.geteuid() != 0:
        raise Skip("watching system calls needs root")
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        raise Skip("this kernel has no BTF")


class Detector:
    def __init__(self, folder, url, *options, rules=()):
        self.log = os.path.join(folder, "detector.log")
        self.command = [program("tocsin-detector"), "-o", "json_output=true", "-o", "stdout_output.enabled=true",
                        "-o", "http_output.enabled=true", "-o", f"http_output.url={url}", "-o", "http_output.keep_alive=true"]
        self.command += [part for option in options for part in ("-o", option)] + [part for rule in rules for part in ("-r", rule)]

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=ROOT)
        # It has no door to knock at: it sees when it sees. The probe is an act of ours that the shipped rules speak of.
        def sees():
            if self.process.poll() is not None:
                raise AssertionError(f"the detector ended with {self.process.returncode}:\n{self.tail()}")
            with open("/etc/shadow", "rb"):
                pass
            return "/etc/shadow" in self.tail(100_000)
        wait_until(sees, 30, "the detector to see us read /etc/shadow")
        return self

    def tail(self, characters=3000):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()[-characters:]

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

"""OpenSearch 2.19 with a heap of 256 MiB on the same machine: bulk requests of 500, each alert a document."""
import json
import os
import sys
import urllib.error
import urllib.request

from running import ROOT, Skipped, memory_mib

sys.path.insert(0, os.path.join(ROOT, "tests/e2e"))
from harness.case import Skip
from harness.servers import Servers


class Server:
    def __init__(self, bench):
        try:
            self.servers = Servers(bench.folder, "up_os")
        except Skip as why:
            raise Skipped(str(why)) from None
        self.servers.__enter__()
        bench.programs.append(self.servers.shell)      # its shell takes the server down with it
        self.url = self.servers["OS_URL"]

    def outputs(self):
        return f"  sink:\n    type: elasticsearch\n    hostport: {self.url}\n"

    def ask(self, path, method="GET"):
        with urllib.request.urlopen(urllib.request.Request(self.url + path, method=method), timeout=60) as answer:
            return json.loads(answer.read())

    def count(self):
        self.ask("/falco-*/_refresh", "POST")
        return self.ask("/falco-*/_count")["count"]

    def memory_mib(self):
        with open(os.path.join(self.servers["W"], "os.pid")) as file:
            return memory_mib(int(file.read()))

"""InfluxDB 1 on the same machine: writes of 500 points with basic authentication."""
import base64
import json
import os
import sys
import urllib.parse
import urllib.request

from running import ROOT, Skipped, memory_mib

sys.path.insert(0, os.path.join(ROOT, "tests/e2e"))
from harness.case import Skip
from harness.servers import Servers


class Server:
    def __init__(self, bench):
        try:
            self.servers = Servers(bench.folder, "up_influx true")
        except Skip as why:
            raise Skipped(str(why)) from None
        self.servers.__enter__()
        bench.programs.append(self.servers.shell)      # its shell takes the server down with it
        self.url = self.servers["INFLUX_URL"]

    def outputs(self):
        return f"  sink:\n    type: influxdb\n    hostport: {self.url}\n    user: w\n    password: w-secret\n"

    def count(self):
        query = urllib.parse.urlencode({"db": "falco", "q": 'SELECT count("id") FROM events'}).encode()
        request = urllib.request.Request(self.url + "/query", query, {"Authorization": "Basic " + base64.b64encode(b"admin:admin-secret").decode()})
        with urllib.request.urlopen(request, timeout=60) as answer:
            series = json.loads(answer.read())["results"][0].get("series")
        return series[0]["values"][0][1] if series else 0

    def memory_mib(self):
        with open(os.path.join(self.servers["W"], "influx.pid")) as file:
            return memory_mib(int(file.read()))

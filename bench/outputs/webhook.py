"""Webhook into nginx, an alert a request: nginx answers 204 and writes a line of its log for each."""
import os
import shutil
import subprocess
import time

from running import Skipped, free_port, memory_mib, wait_for


class Server:
    def __init__(self, bench):
        if shutil.which("nginx") is None:
            raise Skipped("nginx is not installed")
        self.port, self.log = free_port(), os.path.join(bench.folder, "access.log")
        config = os.path.join(bench.folder, "nginx.conf")
        with open(config, "w") as f:
            f.write(f"daemon off; master_process off; pid {bench.folder}/nginx.pid; error_log {bench.folder}/error.log;\n"
                    "events {}\n"
                    f"http {{ access_log {self.log} combined buffer=64k flush=100ms; client_body_temp_path {bench.folder}/body; keepalive_requests 1000000;\n"
                    f"  server {{ listen 127.0.0.1:{self.port}; location / {{ return 204; }} }} }}\n")
        self.program = subprocess.Popen(["nginx", "-c", config, "-p", bench.folder], stderr=subprocess.DEVNULL)
        bench.programs.append(self.program)
        wait_for(self.port, self.program)

    def outputs(self):
        return f"  sink:\n    type: webhook\n    address: http://127.0.0.1:{self.port}/\n"

    def count(self):
        time.sleep(0.3)  # nginx writes its log each 100 ms
        with open(self.log) as f:
            return sum(1 for _ in f)

    def memory_mib(self):
        return memory_mib(self.program.pid)

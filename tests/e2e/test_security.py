#!/usr/bin/env python3
"""The doors of the hub from outside: who gets in, with what, how much, and where the hub itself may go. Made certificates, curl and bare sockets."""
import gzip
import json
import os
import socket
import ssl
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import case, expect, program, run_cases, wait_until
from harness.hub import Hub, free_port
from harness.receiver import Receiver, Reply
from harness.sender import alert

TOKEN, OTHER = "a-token-of-24-characters", "another-token-of-its-own"
PRODUCERS = {"node-a": {"token": TOKEN, "hosts": ["node-a"]}, "node-b": {"token": OTHER}}


def run(*command):
    ended = subprocess.run(command, capture_output=True, timeout=60, check=False)
    expect(ended.returncode == 0, f"{' '.join(command)}: {ended.stderr.decode()}")


class Authority:
    """A certificate authority of our own, and certificates that it signed."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        self.certificate = os.path.join(folder, f"{name}.pem")
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", self.path("key"), "-out", self.certificate)

    def path(self, what):
        return os.path.join(self.folder, f"{self.name}.{what}")

    def sign(self, name, file):
        """Writes FILE.crt and FILE.key."""
        base = os.path.join(self.folder, file)
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}", "-keyout", base + ".key.new",
            "-out", base + ".csr")
        with open(base + ".ext", "w", encoding="utf-8") as file_:
            file_.write(f"subjectAltName=DNS:{name},IP:127.0.0.1\n")
        run("openssl", "x509", "-req", "-in", base + ".csr", "-CA", self.certificate, "-CAkey", self.path("key"), "-CAcreateserial", "-days", "2",
            "-extfile", base + ".ext", "-out", base + ".crt.new")
        os.rename(base + ".key.new", base + ".key")
        os.rename(base + ".crt.new", base + ".crt")
        return base + ".crt", base + ".key"


def tls_settings(folder, authority, **more):
    certificate, key = authority.sign("hub.example", "server")
    return {"deploy": True, "certfile": certificate, "keyfile": key, "cacertfile": authority.certificate, **more}


def context(authority, identity=None, version=None):
    made = ssl.create_default_context(cafile=authority.certificate)
    if identity:
        made.load_cert_chain(*identity)
    if version:
        made.minimum_version = made.maximum_version = version
    return made


def exchange(connection, request):
    """Sends bytes, reads one answer: (status, body)."""
    connection.sendall(request)
    said = b""
    while b"\r\n\r\n" not in said:
        piece = connection.recv(65536)
        if not piece:
            return 0, said
        said += piece
    head, _, body = said.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return int(head.split()[1]), body


def request(method="GET", path="/ping", body=b"", headers=""):
    return f"{method} {path} HTTP/1.1\r\nHost: h\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def connect(port, tls=None):
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    return tls.wrap_socket(connection, server_hostname="hub.example") if tls else connection


def refuses(port, tls):
    """True: no request gets an answer over this connection."""
    try:
        with connect(port, tls) as connection:
            return exchange(connection, request())[0] == 0       # TLS 1.3 tells of a missing certificate at the first read
    except (ssl.SSLError, OSError):
        return True


def start(hub, tls):
    """A hub that speaks TLS, ready when its port answers with a handshake."""
    hub.start(ready=False)

    def answers():
        expect(hub.process.poll() is None, f"the hub ended: {hub.tail()}")
        try:
            with connect(hub.port, tls):
                return True
        except OSError:
            return False
    wait_until(answers, 20, "the hub to speak TLS")
    return hub


def metric(text, name):
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.decode().splitlines() if line.startswith(name))


@case("TLS 1.2 and 1.3 are spoken, 1.1 and clear text are not, and notlspaths have a port of their own")
def _(folder):
    authority, plain = Authority(folder), free_port()
    hub = Hub(folder, {"outputs": {"stdout": {}}},
              settings={"tlsserver": tls_settings(folder, authority, notlsport=plain, notlspaths=["/healthz", "/readyz"])})
    try:
        start(hub, context(authority))
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with connect(hub.port, context(authority, version=version)) as connection:
                expect(exchange(connection, request())[0] == 200, f"{version} is spoken")
                body = json.dumps(alert(1)).encode()
                expect(exchange(connection, request("POST", "/", body))[0] == 200, f"an alert is taken over {version}")
                expect(exchange(connection, request(path="/healthz"))[0] == 404, "a plain path is gone from the TLS port")
        old = context(authority)
        old.set_ciphers("DEFAULT:@SECLEVEL=0")
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        expect(refuses(hub.port, old), "TLS 1.1 is refused")
        expect(refuses(hub.port, None), "clear text on the TLS port is refused")
        with connect(plain) as connection:
            expect(exchange(connection, request(path="/healthz"))[0] == 200, "a plain path is served in clear")
            expect(exchange(connection, request("POST", "/", b"{}"))[0] == 404, "nothing else is")
        curl = subprocess.run(["curl", "-sS", "--cacert", authority.certificate, "--resolve", f"hub.example:{hub.port}:127.0.0.1", "-w", "%{http_code}",
                               f"https://hub.example:{hub.port}/ping"], capture_output=True, timeout=20, check=False)
        expect(curl.stdout == b"pong\n200" and curl.returncode == 0, f"curl: {curl}")
        hub.stop()
    finally:
        hub.__exit__()


@case("with mutualtls only a certificate of the right authority gets in, and its name is in the alert that a sink gets")
def _(folder):
    authority, stranger = Authority(folder), Authority(folder, "stranger")
    receiver = Receiver(lambda _: Reply(200))
    settings = {"tlsserver": tls_settings(folder, authority, mutualtls=True),
                "producers": {"gateway": {"certificate": "node-a.example", "hosts": ["somebody-else"]}}}
    hub = Hub(folder, {"outputs": {"webhook": {"address": receiver.url}}}, settings=settings)
    ours, other = authority.sign("node-a.example", "node-a"), authority.sign("unknown.example", "unknown")
    try:
        start(hub, context(authority, ours))
        expect(refuses(hub.port, context(authority)), "no certificate: refused")
        expect(refuses(hub.port, context(authority, stranger.sign("node-a.example", "forged"))), "another authority's: refused")
        body = json.dumps({**alert(1), "hostname": "node-a"}).encode()
        with connect(hub.port, context(authority, other)) as connection:
            expect(exchange(connection, request("POST", "/", body))[0] == 401, "a good certificate of nobody we know: 401")
        with connect(hub.port, context(authority, ours)) as connection:
            expect(exchange(connection, request("POST", "/", body))[0] == 200, "the producer's own: taken")
        wait_until(lambda: receiver.requests, 20, "the alert at the sink")
        fields = json.loads(receiver.requests[0].body)["output_fields"]
        expect(fields["tocsin.producer"] == "gateway", f"the producer's name reached the sink: {fields}")
        expect(fields["tocsin.hostname_disputed"] == "true", "a hostname that is not the producer's is marked")
        hub.stop()
    finally:
        hub.__exit__()
        receiver.close()


@case("a new certificate is shown to new connections while old ones go on, and a bad one changes nothing")
def _(folder):
    authority = Authority(folder)
    settings = tls_settings(folder, authority)
    hub = Hub(folder, {"outputs": {"stdout": {}}}, settings={"tlsserver": settings})
    tls = context(authority)

    def serial():
        with connect(hub.port, tls) as connection:
            return connection.getpeercert()["serialNumber"]
    try:
        start(hub, tls)
        with connect(hub.port, tls) as kept:
            before = kept.getpeercert()["serialNumber"]
            expect(exchange(kept, request())[0] == 200, "the first connection works")
            authority.sign("hub.example", "server")
            wait_until(lambda: serial() != before, 20, "the new certificate")
            after = serial()
            expect(exchange(kept, request())[0] == 200, "the connection from before goes on")
            with open(settings["certfile"], "w", encoding="utf-8") as file:
                file.write("no certificate\n")
            wait_until(lambda: (serial(), "certificate_not_reloaded" in hub.tail())[1], 20, "a word about the bad file")
            expect(serial() == after, "the last good certificate stays")
            expect(exchange(kept, request())[0] == 200, "and the connection too")
        hub.stop()
    finally:
        hub.__exit__()


@case("who connects and says nothing, or says it slowly, is let go in time, and others are served meanwhile")
def _(folder):
    authority = Authority(folder)
    hub = Hub(folder, {"outputs": {"stdout": {}}}, settings={"tlsserver": tls_settings(folder, authority)})
    tls = context(authority)
    try:
        start(hub, tls)
        begun = time.monotonic()
        silent = [connect(hub.port) for _ in range(200)]
        slow = connect(hub.port, tls)
        slow.sendall(b"POST / HTTP/1.1\r\nHost: h\r\n")
        with connect(hub.port, tls) as other:
            expect(exchange(other, request())[0] == 200, "another client is served")
        expect(slow.recv(4096).startswith(b"HTTP/1.1 408"), "slow headers: 408")
        for connection in silent:
            expect(connection.recv(1) == b"", "a handshake that never comes ends the connection")
            connection.close()
        expect(4 < time.monotonic() - begun < 12, f"after 5 s: {time.monotonic() - begun:.1f}")
        slow.close()
        with connect(hub.port, tls) as other:
            text = exchange(other, request(path="/metrics"))[1]
        expect(metric(text, 'tocsin_hub_requests_refused_total{reason="handshake"}') >= 200, "each is counted")
        expect(metric(text, 'tocsin_hub_requests_refused_total{reason="header_deadline"}') == 1, "the slow one too")
        hub.stop()
    finally:
        hub.__exit__()


@case("a token opens the door as bearer, as Falco's URL password and in the path; nothing else does, and no token is shown")
def _(folder):
    environment = {"TOCSIN_E2E_TOKEN": TOKEN}
    producers = {"node-a": {"token": "${env:TOCSIN_E2E_TOKEN}"}, "node-b": {"token": OTHER}}
    with Hub(folder, {"outputs": {"stdout": {}}}, settings={"producers": producers, "open_paths": ["/readyz"]}, environment=environment) as hub:
        body = json.dumps(alert(1))
        base = f"127.0.0.1:{hub.port}"

        def curl(url, *more):
            return subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-d", body, *more, url], capture_output=True, timeout=20,
                                  check=False).stdout.decode()
        for url, more, status in ((f"http://{base}/", (), "401"), (f"http://{base}/", ("-H", f"Authorization: Bearer {TOKEN}"), "200"),
                                  (f"http://{base}/", ("-H", f"Authorization: Bearer {TOKEN}x"), "401"), (f"http://node-a:{TOKEN}@{base}/", (), "200"),
                                  (f"http://node-b:{TOKEN}@{base}/", (), "401"), (f"http://node-a:@{base}/", (), "401"),
                                  (f"http://{base}/token/{OTHER}", (), "200"), (f"http://{base}/token/{OTHER}/", (), "401"),
                                  (f"http://{base}/token/", (), "401")):
            said = curl(url, *more)
            expect(said == status, f"{url} {more}: {said}, not {status}")
        expect(hub.get("/status")[0] == 401 and hub.get("/metrics")[0] == 401, "what tells of alerts is behind the door too")
        status, text = hub.get(f"/token/{OTHER}")
        expect(status == 400, f"a token's path takes alerts alone: {status} {text}")
        curl_metrics = subprocess.run(["curl", "-sS", "-H", f"Authorization: Bearer {TOKEN}", f"http://{base}/metrics"], capture_output=True, timeout=20, check=False)
        expect(metric(curl_metrics.stdout, 'tocsin_hub_requests_refused_total{reason="unauthorized"}') >= 6, "refusals are counted")
        expect("sender_refused" in hub.tail(), "and said in the log")
        hub.stop()
        for path in (hub.log, *(os.path.join(at, name) for at, _, names in os.walk(hub.state) for name in names)):
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    content = file.read()
                expect(TOKEN.encode() not in content and OTHER.encode() not in content, f"{path} shows a token")


@case("check-config shows no token, whatever is wrong with a producer")
def _(folder):
    path = os.path.join(folder, "hub.yaml")
    for producers in ({"node-a": {"token": "short-secret"}}, {"node-a": "short-secret-of-mine"}, {"bad name": {"token": "short-secret-of-mine"}},
                      {"a": {"token": "short-secret-of-mine"}, "b": {"token": "short-secret-of-mine"}}, {"a": {"tokn": "short-secret-of-mine"}}, {"a": {}},
                      ["short-secret-of-mine"], {"a": {"certificate": "x"}}):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"producers": producers}, file, indent=1)
        ended = subprocess.run([program("tocsin-hub"), "check-config", "--config", path], capture_output=True, timeout=30, check=False)
        expect(ended.returncode == 2, f"{producers}: exit status {ended.returncode}: {ended.stdout} {ended.stderr}")
        expect(b"short-secret" not in ended.stdout + ended.stderr, f"{producers}: {(ended.stdout + ended.stderr).decode()}")


@case("bombs are refused with a sentence and counted: depth, keys, a long text, gzip that grows, a body without end")
def _(folder):
    with Hub(folder, {"outputs": {"stdout": {}}}) as hub:
        deep = b'{"output":' + b"[" * 500 + b"]" * 500 + b"}"
        keys = {**alert(1), "output_fields": {f"k{i}": i for i in range(5000)}}
        text = {**alert(1), "output": "x" * 300_000}
        for name, body, status in (("depth", deep, 400), ("keys", keys, 400), ("text", text, 400), ("size", b"[" + b" " * (9 << 20), 413)):
            try:
                said = hub.post(body)
            except OSError:                                   # refused before all was sent: the answer may be lost with the connection
                expect(status == 413, f"{name}: the connection broke")
                continue
            expect(said[0] == status, f"{name}: {said[0]}")
        packed = gzip.compress(b" " * (50 << 20))
        expect(hub.post(packed, headers={"Content-Encoding": "gzip"})[0] == 413, "a gzip bomb")
        expect(hub.post(gzip.compress(json.dumps(alert(2)).encode()), headers={"Content-Encoding": "gzip"})[0] == 200, "an honest gzip body")
        expect(metric(hub.get("/metrics")[1], 'tocsin_hub_requests_refused_total{reason="bomb"}') == 1, "counted")


@case("one address cannot take all connections, and a flood is told to come again")
def _(folder):
    settings = {"limits": {"peer_connections": 20, "peer_rate": "50/s"}}
    with Hub(folder, {"outputs": {"stdout": {}}}, settings=settings) as hub:
        held = [connect(hub.port) for _ in range(30)]
        ended = 0
        for connection in held:
            try:
                ended += exchange(connection, request())[0] == 0
            except OSError:
                ended += 1
        expect(ended >= 10, f"{ended} of 30 connections were closed")
        for connection in held:
            connection.close()
        wait_until(lambda: hub.get("/ping")[0] == 200, 20, "room again")
        statuses = [hub.get("/ping")[0] for _ in range(120)]
        expect(429 in statuses, f"a flood hears 429: {set(statuses)}")
        wait_until(lambda: hub.get("/ping")[0] == 200, 20, "the flood's end")


@case("the hub does not go where it must not: metadata addresses, denied networks, redirects")
def _(folder):
    inner = Receiver(lambda _: Reply(200))
    outer = Receiver(lambda _: Reply(302, b"", {"Location": inner.url}))
    outputs = {"network": {"deny": ["127.0.0.2"]},
               "outputs": {"meta": {"type": "webhook", "address": "http://169.254.169.254/latest", "retry": {"initial": "50ms"}},
                           "denied": {"type": "webhook", "address": "http://127.0.0.2:1/", "retry": {"initial": "50ms"}},
                           "moved": {"type": "webhook", "address": outer.url, "retry": {"initial": "50ms"}}}}
    with Hub(folder, outputs) as hub:
        expect(hub.post(alert(1))[0] == 200, "the alert is taken")
        for name, word in (("meta", "link-local"), ("denied", "network.deny"), ("moved", "302")):
            wait_until(lambda name=name, word=word: word in (hub.sink(name)["last_error"] or ""), 20, f"{name} to say {word}")
        expect(not inner.requests, "a redirect is not followed")
    inner.close()
    outer.close()


@case("state is its owner's alone, and what an alert says cannot write to the terminal of who reads it")
def _(folder):
    receiver = Receiver(lambda _: Reply(400, b"no\x1b[31m\xe2\x80\xae!"))
    os.makedirs(os.path.join(folder, "state"), mode=0o755)
    outputs = {"outputs": {"hook": {"type": "webhook", "address": receiver.url}, "stdout": {}}}
    with Hub(folder, outputs) as hub:
        hostile = {**alert(1), "rule": "R\x1b]0;owned\x07\u202e\u0085", "output": "\x1b[2J\u2066 forged\r\nline"}
        expect(hub.post(hostile)[0] == 200, "the alert is taken")
        wait_until(lambda: hub.sink("hook")["dead_letters"] == 1, 20, "a dead letter")
        said = [("the log and stdout", open(hub.log, "rb").read())]
        for command in (["status"], ["status", "--json"], ["dead-letters", "list"], ["dead-letters", "list", "--json"], ["dead-letters", "show", "1"]):
            ended = subprocess.run([program("tocsin-hub"), *command, "--config", hub.hub_yaml], capture_output=True, timeout=30, check=False)
            said.append((" ".join(command), ended.stdout + ended.stderr))
        for what, text in said:
            text = text.decode()                              # UTF-8, too
            bad = [c for c in text if c not in "\n\t" and (ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")]
            expect(not bad, f"{what} lets {bad[:3]!r} through: {text[:400]!r}")
        for at, folders, files in os.walk(hub.state):
            for name in folders + files:
                mode = os.lstat(os.path.join(at, name)).st_mode
                wanted = 0o700 if stat.S_ISDIR(mode) else 0o600
                expect(stat.S_IMODE(mode) == wanted, f"{os.path.join(at, name)} has mode {stat.S_IMODE(mode):o}")
        expect(stat.S_IMODE(os.stat(hub.state).st_mode) == 0o700, "the state directory is tightened")
    receiver.close()


@case("listening beyond this machine without producers is said at the start, and with them it is not")
def _(folder):
    for producers, warned in ({}, True), (PRODUCERS, False):
        os.makedirs(os.path.join(folder, str(warned)))
        with Hub(os.path.join(folder, str(warned)), {"outputs": {"stdout": {}}},
                 settings={"listenaddress": "0.0.0.0", "producers": producers, "open_paths": ["/readyz"]}) as hub:
            expect(("open_to_the_network" in hub.tail()) == warned, f"{producers}: {hub.tail()}")


if __name__ == "__main__":
    run_cases()

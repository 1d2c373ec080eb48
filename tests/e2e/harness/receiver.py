"""A fast HTTP receiver with scripted faults: one thread, one selector, raw sockets; some thousand requests a second.

    receiver = Receiver(lambda request: Reply(500) if request.number % 5 == 0 else Reply(200))
    receiver.url, receiver.requests, receiver.alerts(), receiver.down(), receiver.up(), receiver.close()
"""
import json
import selectors
import socket
import threading
import time
from dataclasses import dataclass, field


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict = field(default_factory=dict)


HANG = "hang"        # take the request and never answer
CLOSE = "close"      # take the request and break the connection


@dataclass
class Request:
    number: int            # from 0, in the order of arrival
    at: float              # time.time()
    method: str
    target: str
    headers: dict          # names in lower case
    body: bytes
    status: int = 0        # what was answered; 0: nothing

    def alerts(self):
        """The alerts in the body: one object, an array, or one a line."""
        text = self.body.decode("utf-8", "replace").strip()
        if not text:
            return []
        try:
            parsed = json.loads(text)
            return parsed if isinstance(parsed, list) else [parsed]
        except ValueError:
            return [json.loads(line) for line in text.splitlines() if line.strip()]


class Receiver:
    def __init__(self, answer=None):
        self.answer = answer or (lambda request: Reply(200))
        self.requests = []
        self.lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = socket.socketpair()
        self._selector.register(self._wake_read, selectors.EVENT_READ, None)
        self._commands = []
        self._listener = None
        self._connections = {}
        self._listen(0)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    # ---- what a test says

    def down(self):
        """Closes the port and every connection: from now on, connection refused."""
        self._do(self._go_down)

    def up(self):
        self._do(lambda: self._listen(self.port))

    def close(self):
        self._do(None)
        self._thread.join(5)

    def alerts(self, accepted_only=True):
        """Every alert received, with repetitions, in order; by default those whose request was answered 2xx."""
        with self.lock:
            requests = list(self.requests)
        return [alert for request in requests if not accepted_only or 200 <= request.status < 300 for alert in request.alerts()]

    # ---- the thread

    def _do(self, command):
        done = threading.Event()
        with self.lock:
            self._commands.append((command, done))
        self._wake_write.send(b"x")
        done.wait(5)

    def _listen(self, port):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(256)
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, listener)
        self._listener = listener

    def _go_down(self):
        if self._listener:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
        for connection in list(self._connections):
            self._drop(connection)

    def _drop(self, connection):
        self._connections.pop(connection, None)
        try:
            self._selector.unregister(connection)
        except (KeyError, ValueError):
            pass
        connection.close()

    def _run(self):
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._wake_read:
                    self._wake_read.recv(4096)
                    with self.lock:
                        commands, self._commands = self._commands, []
                    for command, done in commands:
                        if command is None:
                            self._go_down()
                            done.set()
                            return
                        command()
                        done.set()
                elif key.fileobj is self._listener:
                    try:
                        connection, _ = self._listener.accept()
                    except OSError:
                        continue
                    connection.setblocking(True)          # answers are small: they fit the socket's buffer
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._connections[connection] = bytearray()
                    self._selector.register(connection, selectors.EVENT_READ, connection)
                elif key.fileobj in self._connections:
                    self._read(key.fileobj)

    def _read(self, connection):
        try:
            chunk = connection.recv(262144)
        except OSError:
            chunk = b""
        if not chunk:
            self._drop(connection)
            return
        buffer = self._connections[connection]
        buffer += chunk
        try:
            while connection in self._connections and (request := self._take(connection, buffer)):
                self._serve(connection, request)
        except OSError:
            self._drop(connection)

    def _take(self, connection, buffer):
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        lines = bytes(buffer[:end]).decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body, used = self._chunked(buffer, end + 4)
            if body is None:
                return None
        else:
            length = int(headers.get("content-length", 0))
            used = end + 4 + length
            if len(buffer) < used:
                if headers.get("expect", "").lower() == "100-continue" and len(buffer) == end + 4:
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                return None
            body = bytes(buffer[end + 4:used])
        del buffer[:used]
        return Request(len(self.requests), time.time(), method, target, headers, body)

    @staticmethod
    def _chunked(buffer, at):
        body = bytearray()
        while True:
            line = buffer.find(b"\r\n", at)
            if line < 0:
                return None, 0
            size = int(bytes(buffer[at:line]).split(b";")[0], 16)
            if len(buffer) < line + 2 + size + 2:
                return None, 0
            if size == 0:
                return bytes(body), line + 4
            body += buffer[line + 2:line + 2 + size]
            at = line + 2 + size + 2

    def _serve(self, connection, request):
        reply = self.answer(request)
        if isinstance(reply, Reply):
            request.status = reply.status
        with self.lock:
            self.requests.append(request)
        if reply == HANG:
            return
        if reply == CLOSE:
            self._drop(connection)
            return
        head = f"HTTP/1.1 {reply.status} x\r\nContent-Length: {len(reply.body)}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in reply.headers.items())
        connection.sendall(head.encode() + b"\r\n" + reply.body)

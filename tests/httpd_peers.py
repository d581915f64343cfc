"""The two sides that tests/httpd.py puts the server between: a client that speaks raw TLS, and an upstream that records."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from httpd_corpus import CLOSING, OK, RAW

BIG = 8 << 20  # bytes of the longest answer
PATIENCE = 20.0  # seconds after which a peer that says nothing counts as hanging


@dataclass
class Answer:
    status: int
    fields: dict[str, str]
    body: bytes
    whole: bool  # it ended as its framing says


class Client:
    """One TLS connection."""

    def __init__(self, port: int, alpn: list[str] | None = None, host: str = "127.0.0.1", source: str | None = None) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if alpn is not None:
            context.set_alpn_protocols(alpn)
        raw = socket.create_connection((host, port), timeout=PATIENCE, source_address=None if source is None else (source, 0))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.socket = context.wrap_socket(raw)
        except BaseException:
            raw.close()
            raise
        self.kept = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """The server may have refused and closed before it had all of it."""
        with contextlib.suppress(OSError):
            self.socket.sendall(data)

    def more(self) -> bytes:
        """The next bytes; none at the end, be it a clean one or not."""
        try:
            return self.socket.recv(65536)
        except TimeoutError:
            raise
        except OSError:
            return b""

    def until(self, end: bytes) -> bytes | None:
        while end not in self.kept:
            part = self.more()
            if not part:
                return None
            self.kept += part
        before, _, self.kept = self.kept.partition(end)
        return before

    def exactly(self, n: int) -> tuple[bytes, bool]:
        while len(self.kept) < n:
            part = self.more()
            if not part:
                break
            self.kept += part
        got, self.kept = self.kept[:n], self.kept[n:]
        return got, len(got) == n

    def head(self) -> tuple[int, dict[str, str]] | None:
        text = self.until(b"\r\n\r\n")
        if text is None:
            return None
        start, *lines = text.decode("latin-1").split("\r\n")
        pairs = (line.split(":", 1) for line in lines)
        return int(start.split(" ")[1]), {name.lower(): value.strip() for name, value in pairs}

    def chunk(self) -> bytes | None:
        """The next chunk; empty for the last one, None where the connection ended."""
        size = self.until(b"\r\n")
        if size is None:
            return None
        data, whole = self.exactly(int(size, 16) + 2)
        return data[:-2] if whole else None

    def chunks(self) -> tuple[bytes, bool]:
        body = b""
        while True:
            part = self.chunk()
            if not part:
                return body, part is not None
            body += part

    def rest(self) -> bytes:
        while part := self.more():
            self.kept += part
        got, self.kept = self.kept, b""
        return got

    def answer(self, method: str = "GET") -> Answer | None:
        """None: the connection ended before a head was whole."""
        head = self.head()
        if head is None:
            return None
        status, fields = head
        if method == "HEAD" or status in (100, 204, 304):
            return Answer(status, fields, b"", True)
        if "transfer-encoding" in fields:
            return Answer(status, fields, *self.chunks())
        if "content-length" in fields:
            return Answer(status, fields, *self.exactly(int(fields["content-length"])))
        return Answer(status, fields, self.rest(), True)

    def is_closed(self) -> bool:
        return not self.kept and not self.more()


def ask(port: int, request: bytes, method: str = "GET") -> Answer | None:
    with Client(port) as client:
        client.send(request)
        return client.answer(method)


@dataclass
class Recorded:
    """What came on one connection."""

    data: bytes = b""
    ended: threading.Event = field(default_factory=threading.Event)


Script = Callable[[socket.socket, bytes, bytes], bool]


class Upstream:
    """`script(socket, head, body)` answers a request; False: close the connection. Bodies are read before."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = int(self.listener.getsockname()[1])
        self.records: list[Recorded] = []
        self.n_requests = 0
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                record = Recorded()
                with self.lock:
                    self.records.append(record)
                threading.Thread(target=self.serve, args=(connection, record), daemon=True).start()

    def serve(self, connection: socket.socket, record: Recorded) -> None:
        buffer = bytearray()

        def more() -> bool:
            part = connection.recv(1 << 20)
            record.data += part[: max(0, (1 << 16) - len(record.data))]
            buffer.extend(part)
            return bool(part)

        def take(n: int) -> bytes:
            while len(buffer) < n:
                if not more():
                    raise ConnectionError
            got = bytes(buffer[:n])
            del buffer[:n]
            return got

        def take_until(end: bytes) -> bytes:
            while end not in buffer:
                if not more():
                    raise ConnectionError
            return take(buffer.index(end) + len(end))

        def body(head: bytes) -> bytes:
            lower = head.lower()
            if b"transfer-encoding: chunked" in lower:
                parts = []
                while size := int(take_until(b"\r\n"), 16):
                    parts.append(take(size + 2)[:-2])
                take(2)
                return b"".join(parts)
            length = lower.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
            return take(int(length)) if length else b""

        with contextlib.suppress(OSError), connection:
            while True:
                head = take_until(b"\r\n\r\n")
                early = head.startswith(b"POST /early")
                content = b"" if early else body(head)
                with self.lock:
                    self.n_requests += 1
                if not self.script(connection, head, content):
                    break
        record.ended.set()

    def seen(self) -> bytes:
        with self.lock:
            return b"".join(record.data for record in self.records)

    def forget(self) -> None:
        with self.lock:
            self.n_requests = 0
            for record in self.records:  # connections are kept alive
                record.data = b""

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Behaviour:
    """What the upstream does, by path."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.gone = threading.Event()
        self.n_big = 0

    def __call__(self, connection: socket.socket, head: bytes, body: bytes) -> bool:
        path = head.split(b" ")[1].decode().split("?")[0].lstrip("/")
        act = getattr(self, f"do_{path}", None)
        if act is not None:
            return bool(act(connection, body))
        if path in RAW:
            connection.sendall(RAW[path])
            return path not in CLOSING
        connection.sendall(OK if not head.startswith(b"HEAD") else OK[:-2])
        return True

    def do_echo(self, connection: socket.socket, body: bytes) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        return True

    def do_sse(self, connection: socket.socket, _: bytes) -> bool:
        """The second event only once the client has had the first."""
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n")
        self.go_on.wait(20)
        connection.sendall(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")
        return True

    def do_sseclose(self, connection: socket.socket, _: bytes) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        self.go_on.wait(20)
        connection.sendall(b"data: 2\n\n")
        return False

    def do_slow(self, connection: socket.socket, _: bytes) -> bool:
        self.go_on.wait(20)
        connection.sendall(OK)
        return True

    def do_think(self, connection: socket.socket, _: bytes) -> bool:
        """Answers nothing; notices that nobody waits any more."""
        connection.settimeout(20)
        if connection.recv(1) == b"":
            self.gone.set()
        return False

    def do_big(self, connection: socket.socket, _: bytes) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG)
        for _part in range(BIG >> 16):
            connection.sendall(b"z" * (1 << 16))
            self.n_big += 1 << 16
        return True

    def do_early(self, connection: socket.socket, _: bytes) -> bool:
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        connection.settimeout(20)
        while connection.recv(1 << 16):
            pass
        return False

    def do_bytewise(self, connection: socket.socket, _: bytes) -> bool:
        answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        for at in range(len(answer)):
            connection.sendall(answer[at : at + 1])
        return True

    def do_spill(self, connection: socket.socket, _: bytes) -> bool:
        """An answer that ends where a read of the server does, and more behind it."""
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %05d\r\n\r\n"
        size = (16 << 10) - len(head % 0)
        connection.sendall(head % size + b"z" * size + b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nspilled")
        return True

    def do_hangup(self, connection: socket.socket, _: bytes) -> bool:
        connection.sendall(OK)
        return False


class Server:
    """The HTTP half of attest-server with a stand-in for the TPM."""

    broken: ClassVar[list[str]] = []  # how servers ended that did not end well

    def __init__(self, build: Path, *options: str) -> None:
        command = [str(build / "tests/server-unit"), "--listen", "127.0.0.1:0", "--grace", "1", *options]
        self.stopped = False
        environment = {**os.environ, "TSS2_LOG": "all+NONE"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            _, errors = self.process.communicate(timeout=60)
            raise RuntimeError(f"the server does not start: {errors}")
        self.port = int(line.rsplit(":", 1)[1])

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        if not self.stopped:
            self.stop()

    def note(self, code: int, errors: str) -> None:
        """It must have ended of itself, and no sanitizer may have found anything, whatever the test was about."""
        if code != 0 or "Sanitizer" in errors:
            Server.broken.append(f"exit code {code}: {errors[:2000]}")

    def signal(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> tuple[int, str]:
        """Exit code and standard error, after a graceful stop."""
        self.signal()
        _, errors = self.process.communicate(timeout=60)
        self.stopped = True
        self.note(self.process.returncode, errors)
        return self.process.returncode, errors

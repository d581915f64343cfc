"""Servers for net.py: one that a software TPM attests, and hostile ones. Each remembers every byte after its handshakes."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import ipaddress
import itertools
import json
import select
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "testdata"))
import ca
import lab
import structures
from cryptography import x509

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from proof import Evidence, blindllama_v2, libattest_v1, pem_to_der
from structures import digest
from tpm import Tpm

__all__ = [
    "Close",
    "Handler",
    "Identity",
    "Prover",
    "Request",
    "Server",
    "Tunnel",
    "Tpm",
    "answer",
    "ca",
    "pem_to_der",
    "relay",
    "self_signed_authority",
    "serve",
]

WELL_KNOWN = "/.well-known/attestation"
SELECTION = "sha256:0-7,14,15"
BLINDLLAMA_SELECTION = "sha256:0-15"


class Identity:
    """A TLS key and its certificate: self-signed, or by an authority and for a name."""

    def __init__(
        self, folder: Path, name: str, authority: ca.Authority | None = None, host: str = "127.0.0.1", text: bytes = b""
    ) -> None:
        """`text` stands in an extension that nobody knows."""
        self.key = ca.new_key("p256")
        names = x509.SubjectAlternativeName(
            [x509.DNSName(host) if host[0].isalpha() else x509.IPAddress(ipaddress.ip_address(host))]
        )
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier(ca.UNKNOWN_EXTENSION), text)
        spec = ca.Spec(ca.common_name(name), ca=False, extensions=((names, False), (unknown, False)))
        self.certificate = ca.issue(spec, self.key.public_key(), authority, None if authority else self.key)
        self.path = folder / f"{name}.pem"
        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.path.write_bytes(pem + self.certificate.public_bytes(Encoding.PEM))

    @property
    def spki(self) -> bytes:
        return ca.spki(self.key.public_key())


class Prover:
    """A software TPM that has measured a server, and quotes for it."""

    def __init__(self, tpm: Tpm, folder: Path) -> None:
        self.tpm = tpm
        self.lock = threading.Lock()
        self.ak = tpm.create_key("ecc256", "ecdsa", "sha256")
        self.hierarchy = ca.Hierarchy("p384")
        leaf = ca.to_pem(self.hierarchy.leaf(ca.load_public(self.ak.pem)))
        self.chain = [leaf, self.hierarchy.intermediate.pem]
        self.root = folder / "root.pem"
        self.root.write_text(self.hierarchy.root.pem)
        self.policy = folder / "policy.json"
        self.golden = folder / "golden.json"
        self.logs: list[dict[str, object]] = []
        self.tls: dict[str, object] = {}
        self.spki = b""

    def boot(self, identity: Identity) -> None:
        """The machine starts anew, with this key."""
        events = [lab.LISTENER, lab.SEPARATOR, lab.event("tls-key", "web server", identity.spki)]
        with self.lock:
            self.tpm.boot(lab.extends_of({14: list(lab.WORKLOAD), 15: list(events)}))
            values = self.tpm.read_pcrs()["sha256"]
        self.logs = [lab.text_log(14, list(lab.WORKLOAD)), lab.text_log(15, events)]
        self.tls = {"public_key": ca.public_pem(identity.key.public_key())}
        self.spki = identity.spki
        pcrs = {str(index): values[index].hex() for index in (*range(8), 14)}
        head = {"format": "libattest-policy-v1", "name": "net", "platforms": ["added"], "tls": "required", "nonce": "required"}
        self.policy.write_text(json.dumps({**head, "bank": "sha256", "pcrs": pcrs}))

    def boot_blindllama(self, authority: ca.Authority) -> None:
        ca_digest = digest("sha256", authority.pem.encode())
        with self.lock:
            self.tpm.boot(lab.extends_of({15: [lab.ROOT_HASH, bytes(32), ca_digest]}))
            values = self.tpm.read_pcrs()["sha256"]
        self.golden.write_text(json.dumps({"measurements": {str(index): values[index].hex() for index in (0, 1, 2, 3, 4)}}))

    def _evidence(self, selection_text: str, extra: bytes) -> Evidence:
        selection = structures.parse_selection(selection_text)
        with self.lock:
            attest, signature, serialized = self.tpm.quote(self.ak, structures.format_selection(selection), extra)
            now = self.tpm.read_pcrs()
        pcrs = {bank: {index: now[bank][index] for index in indices} for bank, indices in selection}
        evidence = Evidence(attest, signature, selection, pcrs, list(self.chain))
        evidence.pcr_file = serialized
        return evidence

    def proof(self, nonce: bytes, exporter: bytes = b"") -> bytes:
        """Without a nonce the standing proof."""
        label = b"libattest quote v1\0" + struct.pack(">H", len(nonce)) + nonce
        extra = digest("sha256", label + digest("sha256", self.spki) + exporter) if nonce else b""
        evidence = self._evidence(SELECTION, extra)
        evidence.logs = self.logs
        evidence.tls = {**self.tls, "binding": "quote" if nonce else "pcr"}
        evidence.nonce = nonce or None
        return json.dumps(libattest_v1(evidence)).encode()

    def blindllama_proof(self, authority: ca.Authority) -> bytes:
        evidence = self._evidence(BLINDLLAMA_SELECTION, b"")
        evidence.chain.append(self.hierarchy.root.pem)
        evidence.foreign = {"webserver_rootca": authority.pem, "application_disk_roothash": lab.ROOT_HASH.hex()}
        return json.dumps(blindllama_v2(evidence)).encode()


def exporter_of(keylog: Path) -> bytes:
    """The exporter value of the one session in a key log (RFC 8446, 7.5), since Python's ssl exports none."""
    words = next(line.split() for line in keylog.read_text().splitlines() if line.startswith("EXPORTER_SECRET "))
    secret = bytes.fromhex(words[2])
    name = {32: "sha256", 48: "sha384"}[len(secret)]
    empty = hashlib.new(name).digest()

    def expand(key: bytes, label: bytes, length: int) -> bytes:
        full = b"tls13 " + label
        info = struct.pack(">H", length) + bytes([len(full)]) + full + bytes([len(empty)]) + empty
        return hmac.new(key, info + b"\1", name).digest()[:length]

    return expand(expand(secret, b"EXPORTER-Channel-Binding", len(empty)), b"exporter", 32)


@dataclass
class Request:
    method: str
    path: str
    body: bytes
    raw: bytes
    exporter: Callable[[], bytes]

    @property
    def is_fetch(self) -> bool:
        return self.method == "GET" and self.path.split("?")[0] in (WELL_KNOWN, "/attestation.json")

    @property
    def query(self) -> dict[str, str]:
        return dict(part.split("=", 1) for part in self.path.partition("?")[2].split("&") if "=" in part)


@dataclass
class Connection:
    """What came over one connection; `data` is every byte after the handshake."""

    handshake: bool = False
    resumed: bool = False
    certified: bool = False  # the client has shown a certificate
    data: bytes = b""
    requests: list[Request] = field(default_factory=list)


class Close(Exception):
    """A handler that hangs up; `last` is what it still sends."""

    def __init__(self, last: bytes = b"") -> None:
        super().__init__()
        self.last = last


Handler = Callable[[Request], bytes]


def answer(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class Server:
    """Threads, since every connection may block; all end with close()."""

    def __init__(self, folder: Path, identity: Identity | None, handler: Handler) -> None:
        self.folder, self.identity, self.handler = folder, identity, handler
        self.connections: list[Connection] = []
        self.versions = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)
        self.hang_up: str = ""  # "accept": at once; "hello": after some of the handshake; "handshake": after it
        self.lock = threading.Lock()
        self.numbers = itertools.count()
        self.alpn = ["http/1.1"]
        self.clients: Path | None = None  # certificates that clients are asked for
        self.greeting = b""
        self.resumes = False  # then there is no exporter value
        self.shared: ssl.SSLContext | None = None
        self.busy = 0  # connections that are in their handshakes
        self.open: set[socket.socket] = set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def clear(self) -> None:
        """Forget what came, and drop every connection."""
        self.drop()
        self.connections = []

    def settle(self) -> None:
        """Wait until all that has arrived was read: no thread is at work, and no socket has anything for it."""
        quiet = 0
        for _ in range(500):
            time.sleep(0.01)
            waiting = [sock for sock in list(self.open) if sock.fileno() >= 0]
            busy = self.busy > 0 or bool(select.select(waiting, [], [], 0)[0])
            quiet = 0 if busy else quiet + 1
            if quiet == 3:
                return
        raise RuntimeError("the server does not settle")

    def drop(self) -> None:
        for sock in list(self.open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.drop()
        self.thread.join(10)

    @property
    def requests(self) -> list[Request]:
        return [request for connection in self.connections for request in connection.requests]

    @property
    def fetches(self) -> list[Request]:
        return [request for request in self.requests if request.is_fetch]

    @property
    def posts(self) -> list[Request]:
        return [request for request in self.requests if request.method == "POST"]

    @property
    def application_bytes(self) -> int:
        """All that came after handshakes but for whole requests for a proof, which go to anybody."""
        return sum(len(c.data) - sum(len(r.raw) for r in c.requests if r.is_fetch) for c in self.connections)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _new_context(self) -> ssl.SSLContext:
        assert self.identity is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version, context.maximum_version = self.versions
        context.load_cert_chain(self.identity.path)
        context.set_alpn_protocols(self.alpn)
        if self.clients is not None:
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(self.clients)
        return context

    def _context(self, keylog: Path) -> ssl.SSLContext:
        """One for each connection, since a key log is the context's; or one for all, by which sessions can be resumed."""
        if not self.resumes:
            context = self._new_context()
            context.keylog_filename = str(keylog)
            return context
        if self.shared is None:
            self.shared = self._new_context()
        return self.shared

    def _serve(self, sock: socket.socket) -> None:
        connection = Connection()
        self.connections.append(connection)
        number = next(self.numbers)
        self.open.add(sock)
        plain = sock
        try:
            sock.settimeout(30)
            if self.hang_up == "accept":
                return
            if self.hang_up == "hello":
                sock.recv(16)
                return
            keylog = self.folder / f"keylog-{self.port}-{number}"
            if self.identity is not None:
                sock = self._shake_hands(sock, keylog)
                self.open.discard(plain)
                self.open.add(sock)
                connection.handshake = True
                connection.resumed = bool(sock.session_reused)
                connection.certified = bool(sock.getpeercert(True))
            if self.hang_up != "handshake":
                self._talk(sock, connection, keylog)
        except (OSError, ValueError):
            pass
        finally:
            self.open.discard(sock)
            sock.close()

    def _shake_hands(self, sock: socket.socket, keylog: Path) -> ssl.SSLSocket:
        with self.lock:
            self.busy += 1
        try:
            return self._context(keylog).wrap_socket(sock, server_side=True)
        finally:
            with self.lock:
                self.busy -= 1

    def _talk(self, sock: socket.socket, connection: Connection, keylog: Path) -> None:
        rest = b""
        sock.sendall(self.greeting)
        while True:
            while (request := parse(rest, lambda: exporter_of(keylog))) is None:
                data = sock.recv(65536)
                if not data:
                    return
                connection.data += data
                rest += data
            rest = rest[len(request.raw) :]
            connection.requests.append(request)
            try:
                sock.sendall(self.handler(request))
            except Close as close:
                sock.sendall(close.last)
                return


class Tunnel(Server):
    """A proxy that connects as it is asked to; the first request of a connection is what it was told, the rest passes by."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, None, lambda request: b"")

    def _talk(self, sock: socket.socket, connection: Connection, keylog: Path) -> None:
        while (request := parse(connection.data, lambda: b"")) is None:
            data = sock.recv(1)
            if not data:
                return
            connection.data += data
        connection.requests.append(request)
        host, _, port = request.path.partition(":")
        with socket.create_connection((host, int(port)), 30) as target:
            sock.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            while ready := select.select([sock, target], [], [], 30)[0]:
                for end in ready:
                    data = end.recv(65536)
                    if not data:
                        return
                    if end is sock:
                        connection.data += data
                    (target if end is sock else sock).sendall(data)


def parse(data: bytes, exporter: Callable[[], bytes]) -> Request | None:
    """One whole request off the front."""
    head, blank, rest = data.partition(b"\r\n\r\n")
    if not blank:
        return None
    lines = head.decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    length = int(headers.get("content-length", "0"))
    if len(rest) < length:
        return None
    return Request(method, path, rest[:length], data[: len(head) + 4 + length], exporter)


def serve(prover: Prover) -> Handler:
    """The genuine server: its proof, and an answer that comes in pieces."""

    def handler(request: Request) -> bytes:
        if request.is_fetch:
            nonce = bytes.fromhex(request.query.get("nonce", ""))
            exporter = request.exporter() if request.query.get("bind") == "session" else b""
            return answer("200 OK", prover.proof(nonce, exporter), "Content-Type: application/json", "Cache-Control: no-store")
        pieces = [b"data: one\n\n", b"data: two\n\n", b"data: [DONE]\n\n"]
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"

    return handler


def relay(target: Server) -> Handler:
    """A man in the middle: passes on what he is asked for to the genuine server, and so has a genuine, fresh proof."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def handler(request: Request) -> bytes:
        with socket.create_connection(("127.0.0.1", target.port), 30) as plain, context.wrap_socket(plain) as sock:
            sock.sendall(request.raw)
            data = b""
            while b"\r\n\r\n" not in data:
                data += sock.recv(65536)
            head, _, rest = data.partition(b"\r\n\r\n")
            lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
            while lengths and len(rest) < int(lengths[0]):
                rest += sock.recv(65536)
            return head + b"\r\n\r\n" + rest

    return handler


def self_signed_authority(name: str) -> ca.Authority:
    key = ca.new_key("p256")
    spec = ca.Spec(ca.common_name(name), ca=True, usage="key_cert_sign")
    return ca.Authority(ca.issue(spec, key.public_key(), None, key), key)

"""Asking for a proof: what a server may do to whoever asks, and what AttestedServer makes of it."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable

import libattest
import pytest
from libattest import (
    AttestationError,
    AttestedServer,
    ChannelMismatch,
    FetchError,
    Inconclusive,
    MalformedProof,
    UsageError,
    Verifier,
)
from libattest._tls import Attested, KeyRefused
from libattest.server import send_attested
from net_server import Close, Request, Server, Tunnel, answer

from hostile_servers import Lab, turn, unseen

NONCE = bytes(range(32))


def test_what_is_asked_for(lab: Lab, server: Server) -> None:
    proof = libattest.fetch(server.url, NONCE)
    assert lab.verifier.verify(proof, nonce=NONCE).verified
    assert server.requests[-1].path == f"/.well-known/attestation?nonce={NONCE.hex()}"
    assert b"accept-encoding: identity\r\n" in server.requests[-1].raw.lower()
    for url, path in (
        ("/", f"/.well-known/attestation?nonce={NONCE.hex()}"),
        ("/own/place?x=y", f"/own/place?x=y&nonce={NONCE.hex()}"),
    ):
        libattest.fetch(server.url + url, NONCE.hex())
        assert server.requests[-1].path == path
    libattest.fetch(server.url + "/own", NONCE, path="/other")
    assert server.requests[-1].path == f"/other?nonce={NONCE.hex()}"
    libattest.fetch(server.url)
    assert server.requests[-1].path == "/.well-known/attestation"
    libattest.fetch(server.url, ca=True)
    assert server.requests[-1].path == "/attestation.json"
    assert len(server.connections) == 6


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1", "https"),
        ("ftp://127.0.0.1", "https"),
        ("127.0.0.1", "URL"),
        ("https://", "URL"),
        ("https://127.0.0.1:0", "URL"),
        ("https://127.0.0.1:port", "URL"),
        ("https://[::1", "URL"),
        ("https://user@127.0.0.1", "user name"),
        ("https://user:password@127.0.0.1", "user name"),
        ("https://127.0.0.1/#x", "#"),
        ("https://bücher.example", "ASCII"),
        ("https://127.0.0.1/a b", "ASCII"),
        ("https://127.0.0.1/\r\nX: y", "ASCII"),
    ],
)
def test_urls_that_are_none(url: str, said: str) -> None:
    for use in (lambda: libattest.fetch(url, NONCE), lambda: AttestedServer(url)):
        with pytest.raises(UsageError, match=said) as info:
            use()
        assert info.value.status == "ATTEST_E_USAGE" and "url" in str(info.value)


def test_arguments(lab: Lab) -> None:
    url = "https://127.0.0.1:1"
    for said, options in (
        ("timeout", {"timeout": 0}),
        ("timeout", {"timeout": 86401}),
        ("max_age", {"max_age": 0}),
        ("max_age", {"max_age": 31536001}),
        ("path", {"path": "own"}),
        ("path", {"path": "/own place"}),
        ("proxy", {"proxy": "socks5://127.0.0.1:1"}),
        ("proxy", {"proxy": "127.0.0.1:1"}),
        ("proxy", {"proxy": "http://user:password@127.0.0.1:1"}),
        ("proxy", {"proxy": "http://127.0.0.1:1/path"}),
        ("server_name", {"server_name": "x"}),
        ("verifier", {"verifier": lab.verifier, "policy": lab.prover.policy}),
        ("verifier", {"verifier": lab.verifier, "roots": lab.prover.root}),
    ):
        with pytest.raises(UsageError, match=said):
            AttestedServer(url, **options)
    attested = AttestedServer(url, verifier=lab.verifier)
    for make in (libattest.Session, libattest.httpx_client, libattest.httpx_async_client, libattest.urllib_opener):
        with pytest.raises(UsageError, match="max_age"):
            make(attested, max_age=1)
    with pytest.raises(TypeError):
        AttestedServer(7)  # type: ignore[arg-type]
    for said, arguments in (
        ("nonce", {"nonce": b"short"}),
        ("nonce", {"nonce": bytes(65)}),
        ("nonce", {"nonce": NONCE, "ca": True}),
    ):
        with pytest.raises(UsageError, match=said):
            libattest.fetch(url, **arguments)


def closing(last: bytes) -> Callable[[Request], bytes]:
    def handler(request: Request) -> bytes:
        raise Close(last)

    return handler


HEAD = b"HTTP/1.1 200 OK\r\n"
ANSWERS: dict[str, tuple[Callable[[Request], bytes], str, str]] = {
    "404": (
        lambda request: answer("404 No", b'{"error": {"message": "no \\u001b such path"}}'),
        "ATTEST_E_IO",
        "404: no . such",
    ),
    "503": (
        lambda request: answer("503 Busy", b"busy", "Retry-After: 7"),
        "ATTEST_E_IO",
        "HTTP 503, Retry-After: 7 seconds",
    ),
    "redirect": (
        lambda request: answer("302 Found", b"", "Location: http://127.0.0.1:1/x"),
        "ATTEST_E_IO",
        "no redirect",
    ),
    "compressed": (
        lambda request: answer("200 OK", gzip.compress(b"{}"), "Content-Encoding: gzip"),
        "ATTEST_E_ENCODING",
        "compressed",
    ),
    "announces too much": (closing(HEAD + b"Content-Length: 402653185\r\n\r\n{"), "ATTEST_E_LIMIT", "402653184 bytes"),
    "sends too much": (
        closing(HEAD + b"Content-Length: 9000\r\n\r\n" + bytes(9000)),
        "ATTEST_E_LIMIT",
        "LIMIT_PROOF_BYTES",
    ),
    "chunks too many": (
        closing(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"2000\r\n" + bytes(0x2000) + b"\r\n0\r\n\r\n"),
        "ATTEST_E_LIMIT",
        "LIMIT_PROOF_BYTES",
    ),
    "an error without end": (
        closing(b"HTTP/1.1 500 No\r\n\r\n" + bytes(70000)),
        "ATTEST_E_LIMIT",
        "LIMIT_ERROR_ANSWER",
    ),
    "breaks off": (closing(HEAD + b"Content-Length: 10\r\n\r\n{"), "ATTEST_E_IO", "too early"),
    "breaks off a chunk": (
        closing(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"),
        "ATTEST_E_IO",
        "cannot be asked",
    ),
    "giant header": (closing(HEAD + b"X: " + bytes(70000) + b"\r\n\r\n"), "ATTEST_E_IO", "cannot be asked"),
    "many headers": (closing(HEAD + b"X: y\r\n" * 1000 + b"\r\n"), "ATTEST_E_IO", "cannot be asked"),
    "no HTTP": (closing(b"SSH-2.0-OpenSSH\r\n"), "ATTEST_E_IO", "cannot be asked"),
    "nothing": (closing(b""), "ATTEST_E_IO", "cannot be asked"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(lab: Lab, server: Server, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    if name in ("sends too much", "chunks too many"):
        monkeypatch.setattr("libattest._fetch.MOST", 8001)
    attested = lab.attested(server)
    pin = attested.attest().pin
    handler, status, said = ANSWERS[name]
    turn(server, handler=handler)
    with pytest.raises(FetchError) as info:
        attested.attest()
    assert info.value.status == status and said.replace(" . ", " ? ") in str(info.value), str(info.value)
    assert server.url in str(info.value)
    assert attested.pin == pin, "a failure to fetch forgets nothing"


def test_answers_that_are_no_proof(lab: Lab, server: Server) -> None:
    attested = lab.attested(server)
    with pytest.raises(ChannelMismatch, match="no key is attested"):
        _ = attested.pin
    for body in (b"garbage", b"{}", b"", b'{"format": "libattest-proof-v1"}'):
        turn(server, handler=lab.machine.handler)
        attested.attest()
        assert attested.pin.startswith("sha256//")
        turn(server, handler=lambda request, body=body: answer("200 OK", body))  # type: ignore[misc]
        with pytest.raises(MalformedProof):
            attested.attest()
        assert attested.proof == body
        with pytest.raises(ChannelMismatch, match="no key is attested"):
            _ = attested.pin


@pytest.mark.parametrize("moment", ["accept", "hello", "handshake"])
def test_hanging_up(lab: Lab, server: Server, moment: str) -> None:
    server.hang_up = moment
    with pytest.raises(FetchError, match="cannot be asked"):
        lab.attested(server).attest()


def test_nobody_there_and_no_tls(lab: Lab, server: Server) -> None:
    plain = Slow([b"HTTP/1.1 400 Bad Request\r\n\r\n"], None)
    for port in (1, plain.port):
        with pytest.raises(FetchError, match="cannot be asked") as info:
            libattest.fetch(f"https://127.0.0.1:{port}", NONCE)
        assert isinstance(info.value, ConnectionError)
    plain.close()
    with pytest.raises(FetchError):
        libattest.fetch("https://a..b", NONCE)


class Slow:
    """Gives its answer a piece at a time, then hangs up."""

    def __init__(self, pieces: list[bytes], context: ssl.SSLContext | None) -> None:
        self.pieces, self.context, self.over = pieces, context, threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        sock, _ = self.listener.accept()
        try:
            if self.context is not None:
                sock = self.context.wrap_socket(sock, server_side=True)
            for piece in self.pieces:
                sock.sendall(piece)
                if self.over.wait(0.01):
                    break
            if not self.pieces:
                self.over.wait(10)
        except OSError:
            pass
        finally:
            sock.close()

    def close(self) -> None:
        self.over.set()
        self.thread.join()
        self.listener.close()


@pytest.mark.parametrize("name", ["handshake", "status", "headers", "body", "proxy"])
def test_trickling(lab: Lab, name: str) -> None:
    """Each byte comes in time, and yet not all of them are waited for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(lab.genuine.path)
    begin = {"status": b"", "headers": HEAD, "body": HEAD + b"\r\n", "handshake": b"", "proxy": b"HTTP/1.1 200 "}[name]
    slow = Slow([begin, *[b"x"] * 500], None if name in ("handshake", "proxy") else context)
    if name == "handshake":
        slow.pieces = []
    url, proxy = f"https://127.0.0.1:{slow.port}", None
    if name == "proxy":
        url, proxy = "https://127.0.0.1:1", f"http://127.0.0.1:{slow.port}"
    try:
        with pytest.raises(FetchError, match=r"timeout|timed out"):
            libattest.fetch(url, NONCE, timeout=0.3, proxy=proxy)
    finally:
        slow.close()


def test_too_much_is_not_waited_for(lab: Lab) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(lab.genuine.path)
    slow = Slow([HEAD + b"Content-Length: 402653185\r\n\r\n", *[b"x"] * 500], context)
    try:
        with pytest.raises(FetchError, match="402653184 bytes"):
            libattest.fetch(f"https://127.0.0.1:{slow.port}", NONCE, timeout=1)
    finally:
        slow.close()


def test_versions_of_tls(server: Server) -> None:
    server.versions = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    with pytest.raises(FetchError, match=r"must offer TLS 1\.3"):
        libattest.fetch(server.url, NONCE)
    assert not server.requests
    libattest.fetch(server.url, ca=True)
    assert len(server.requests) == 1


def test_proxy(lab: Lab, server: Server) -> None:
    tunnel = Tunnel(lab.folder)
    proxy = f"http://127.0.0.1:{tunnel.port}"
    assert lab.verifier.verify(libattest.fetch(server.url, NONCE, proxy=proxy), nonce=NONCE).verified
    (request,) = tunnel.requests
    assert request.method == "CONNECT" and request.path == f"127.0.0.1:{server.port}"
    assert NONCE.hex().encode() not in tunnel.connections[0].data
    tunnel.close()
    refusing = lab.plain()
    refusing.handler = lambda request: answer("403 No", b"")
    with pytest.raises(FetchError, match="proxy answered HTTP 403"):
        libattest.fetch(server.url, NONCE, proxy=f"http://127.0.0.1:{refusing.port}")


def test_attesting(lab: Lab, server: Server) -> None:
    attested = AttestedServer(server.url + "/any/where", policy=lab.prover.policy, roots=lab.prover.root)
    assert attested.result is None and attested.proof is None and not server.connections
    result = attested.attest()
    assert result is attested.result and result.pin == attested.pin and result.verified
    assert result.steps["tls"] == "passed"
    assert (
        attested.proof is not None
        and lab.verifier.verify(attested.proof, nonce=server.fetches[0].query["nonce"]).verified
    )
    attested.refresh()
    assert len(server.fetches) == 1
    attested.attest()
    assert server.fetches[0].query["nonce"] != server.fetches[1].query["nonce"]
    assert all(len(request.query["nonce"]) == 64 for request in server.fetches)


def test_the_key_is_the_live_one(lab: Lab, server: Server) -> None:
    """A genuine, fresh proof, from somebody with another key."""
    turn(server, lab.other, lab.man_in_the_middle())
    attested = lab.attested(server)
    with pytest.raises(ChannelMismatch) as info:
        attested.attest()
    assert info.value.status == "ATTEST_E_TLS_PIN" and info.value.result is attested.result is not None


def test_no_policy(lab: Lab, server: Server) -> None:
    attested = AttestedServer(server.url, roots=lab.prover.root)
    with pytest.raises(Inconclusive):
        attested.attest()
    with pytest.raises(Inconclusive):
        libattest.Session(attested).get(server.url)
    unseen(server)


def test_time(lab: Lab, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, calendar = [1000.0], [time.time()]
    monkeypatch.setattr("libattest.server._clock", lambda: clock[0])
    monkeypatch.setattr("libattest.server.time.time", lambda: calendar[0])
    attested = lab.attested(server, max_age=60)
    valid_until = attested.attest().facts.valid_until
    clock[0] += 59.9
    assert attested.pin
    clock[0] += 0.1
    with pytest.raises(ChannelMismatch, match="time has passed"):
        _ = attested.pin
    attested.refresh()
    assert attested.pin and len(server.fetches) == 2
    calendar[0] = valid_until  # somebody has set the clock
    with pytest.raises(ChannelMismatch, match="time has passed"):
        _ = attested.pin
    calendar[0] = valid_until - 10
    monkeypatch.setattr(lab, "verifier", At(lab.verifier, valid_until - 10))
    attested = lab.attested(server, max_age=60)
    attested.attest()
    calendar[0] -= 1000  # and sets it back
    clock[0] += 9.9
    assert attested.pin
    clock[0] += 0.2
    with pytest.raises(ChannelMismatch, match="time has passed"):
        _ = attested.pin


class At(Verifier):
    """At another time."""

    def __init__(self, verifier: Verifier, at: int) -> None:
        self.verify = lambda *given, **options: verifier.verify(*given, **{**options, "at": at})  # type: ignore[method-assign]


def test_sleeping_machines(lab: Lab) -> None:
    """A clock that stops with the machine would make an attested key last longer."""
    from libattest.server import _clock

    assert abs(_clock() - time.clock_gettime(time.CLOCK_BOOTTIME)) < 100


def in_threads(count: int, work: Callable[[], object]) -> list[object]:
    found: list[object] = []

    def run() -> None:
        try:
            found.append(work())
        except AttestationError as error:
            found.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def held(server: Server, count: int, attested: AttestedServer) -> None:
    """The server answers when `count` threads wait for what it says."""
    handler, ready = server.handler, threading.Event()

    def wait(request: Request) -> bytes:
        ready.wait(10)
        return handler(request)

    server.handler = wait
    lock = attested._attesting

    class Counted:
        waiting = 0

        def __enter__(self) -> None:
            Counted.waiting += 1
            if Counted.waiting == count:
                ready.set()
            lock.acquire()

        def __exit__(self, *_: object) -> None:
            lock.release()

    attested._attesting = Counted()  # type: ignore[assignment]


def test_threads_ask_once(lab: Lab, server: Server) -> None:
    attested = lab.attested(server)
    held(server, 8, attested)
    assert in_threads(8, attested.refresh) == [None] * 8
    assert len(server.fetches) == 1
    attested = lab.attested(server)
    turn(server, lab.other, lab.man_in_the_middle())
    held(server, 8, attested)
    errors = in_threads(8, attested.refresh)
    assert len(errors) == 8 and all(isinstance(error, ChannelMismatch) for error in errors)
    assert len(server.fetches) == 1


def test_interrupted(lab: Lab, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    attested = lab.attested(server)
    attested.attest()
    pin, verify = attested.pin, lab.verifier.verify

    def interrupt(*given: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lab.verifier, "verify", interrupt)
    with pytest.raises(KeyboardInterrupt):
        attested.attest()
    assert attested.pin == pin
    monkeypatch.setattr(lab.verifier, "verify", verify)
    attested.attest()


class Asked(AttestedServer):
    """Always the same key, and how often it was asked for a new one."""

    renewed = 0

    def attested(self, *, timely: bool) -> Attested:
        return Attested("pin")

    def renew(self, seen: Attested | None) -> None:
        self.renewed += 1


def test_tries() -> None:
    """After a stale connection comes the next one, after another key one question, and after other failures nothing."""
    other, stale = KeyRefused("another key"), KeyRefused("stale", stale=True)
    cases: list[tuple[list[Exception | None], int, object]] = [
        ([None], 0, None),
        ([stale, stale, other, stale, None], 1, None),
        ([other, other, None], 1, other),
        ([ValueError("no refusal"), None], 0, ValueError),
    ]
    for outcomes, asked, last in cases:
        server, left = Asked("https://127.0.0.1"), list(outcomes)

        def send(left: list[Exception | None] = left) -> str:
            if (outcome := left.pop(0)) is not None:
                raise outcome
            return "sent"

        if last is None:
            assert send_attested(server, send) == "sent"
        else:
            with pytest.raises(Exception) as info:
                send_attested(server, send)
            assert info.value is last or type(info.value) is last
        assert server.renewed == asked and len(left) == (last is not None)


def test_origins() -> None:
    origin = AttestedServer("https://Example.ORG./x").origin
    assert str(origin) == "https://example.org" and origin.authority == "example.org:443"
    for url in ("https://example.org", "https://EXAMPLE.org:443/y", "https://example.org./", "wss://example.org/"):
        origin.check_url(url)
    for url in (
        "http://example.org",
        "http://example.org:443",
        "ws://example.org:443",
        "https://example.org:444",
        "https://example.org.evil",
        "https://example.org@evil",
        "https://xexample.org",
        "https://example.org:0",
        "https://[::1]",
        "https://example.org:port",
        "//example.org",
        "file:///etc/passwd",
        "",
    ):
        with pytest.raises(ChannelMismatch, match="another server"):
            origin.check_url(url)
    six = AttestedServer("https://[::1]:8443").origin
    assert str(six) == "https://[::1]:8443" and six.is_host("[::1]") and six.is_host("::1")
    six.check_url("https://[::1]:8443/x")

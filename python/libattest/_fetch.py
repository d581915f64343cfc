"""Asking a server for its proof. Whoever answers is as good as another: what comes must be verified."""

from __future__ import annotations

import http.client
import io
import json
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NoReturn, TypeVar
from urllib.parse import SplitResult, urljoin, urlsplit

from ._input import MOST, nonce_of
from .errors import ChannelMismatch, FetchError, UsageError

WELL_KNOWN = "/.well-known/attestation"
CA_PROOF = "/attestation.json"  # BlindLlama
# Seconds for one address to answer: a dead one must not use up the time that the next one needs.
LIMIT_CONNECT = 15.0
# Bytes of an answer that is an HTTP error: a JSON message is short.
LIMIT_ERROR_ANSWER = 64 << 10
REQUEST_HEADERS = (
    "User-Agent: libattest\r\nAccept: application/json\r\nAccept-Encoding: identity\r\nConnection: close\r\n"
)
# Servers refuse others (docs/attest-server.8).
NONCE_LEAST = 8

_T = TypeVar("_T")


def usage(subject: str, message: str, found: str | None = None, hint: str | None = None) -> UsageError:
    """An argument is wrong."""
    return UsageError(message, status="ATTEST_E_USAGE", subject=subject, found=found, hint=hint)


def _split(url: str, subject: str, default_port: int) -> tuple[SplitResult, str, int]:
    """The parts of a URL, its host as certificates write it, and its port."""
    if not isinstance(url, str):
        raise TypeError(f"{subject}: a str was expected, not {type(url).__name__}")
    if not re.fullmatch(r"[!-~]+", url):
        raise usage(subject, "a URL is ASCII without blanks (write the host as xn--…)", repr(url))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise usage(subject, f"not a URL: {error}", repr(url)) from None
    host = (parts.hostname or "").rstrip(".")
    if not host or port == 0:
        raise usage(subject, "not a URL such as https://host, https://host:port or https://host/path", repr(url))
    if parts.username is not None or parts.password is not None:
        raise usage(subject, "a user name in the URL would be sent before anything is attested: remove it", host)
    return parts, host, port or default_port


def authority_of(host: str, port: int) -> str:
    """host:port as URLs have it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port of an https URL."""

    host: str
    """Lower case; an IPv6 address without brackets."""
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """Raises UsageError, TypeError."""
        parts, host, port = _split(url, "url", 443)
        if parts.scheme != "https":
            raise usage("url", "only https:// has a TLS key that can be attested", repr(url))
        if parts.fragment:
            raise usage("url", "a server never sees the part after #: remove it", repr(url))
        return cls(host.lower(), port)

    @property
    def authority(self) -> str:
        """host:port, as CONNECT takes it."""
        return authority_of(self.host, self.port)

    def __str__(self) -> str:
        text = "https://" + self.authority
        return text.removesuffix(":443")

    def is_host(self, name: str) -> bool:
        """Whether a name that a library hands to TLS is this host."""
        return name.strip("[]").rstrip(".").lower() == self.host

    def check(self, scheme: str, host: str | None, port: int | None, url: object) -> None:
        """Raises ChannelMismatch unless a request for `url` goes to this origin. `port` None: the scheme's."""
        if scheme in ("https", "wss") and self.is_host(host or "") and (443 if port is None else port) == self.port:
            return
        raise ChannelMismatch(
            "the request, or a redirect, leads to another server than the attested one; nothing was sent there",
            status="ATTEST_E_USAGE",
            expected=str(self),
            found=str(url)[:200],
            hint="open a session for that server, if it is meant",
        )

    def check_url(self, url: str) -> None:
        """The same for a URL as the standard library reads it."""
        try:
            parts = urlsplit(url)
            scheme, host, port = parts.scheme, parts.hostname, parts.port
        except ValueError:
            scheme, host, port = "", None, None
        self.check(scheme, host, port, url)


def proxy_address(proxy: str | None) -> tuple[str, int] | None:
    """Host and port of "http://host:port". Raises UsageError, TypeError."""
    if proxy is None:
        return None
    parts, host, port = _split(proxy, "proxy", 80)
    if parts.scheme != "http" or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise usage("proxy", "only an HTTP proxy, http://host:port, is spoken to", repr(proxy))
    return host, port


def check_timeout(timeout: float) -> float:
    if not 0 < timeout <= 86400:
        raise usage("timeout", "0 to 86400 seconds were expected", str(timeout))
    return timeout


def check_path(path: str) -> str:
    """A path of a request: it goes into its first line."""
    if not re.fullmatch(r"/[!-~]*", path):
        raise usage("path", "a path begins with / and is ASCII without blanks", repr(path))
    return path


def target_of(path: str, nonce: bytes | None) -> str:
    """Path and query that ask for a fresh proof."""
    if nonce is None:
        return path
    if len(nonce) < NONCE_LEAST:
        raise usage("nonce", f"servers take {NONCE_LEAST} to 64 bytes", f"{len(nonce)} bytes")
    return f"{path}{'&' if '?' in path else '?'}nonce={nonce.hex()}"


class Deadline:
    """Seconds that several things may take together."""

    def __init__(self, seconds: float, late: str) -> None:
        """late: what is said when they have passed."""
        self._end, self._late = time.monotonic() + seconds, late

    @property
    def left(self) -> float:
        """Seconds; 0 or less when they have passed."""
        return self._end - time.monotonic()

    def wait(self, sock: socket.socket, action: Callable[[], _T], most: float = float("inf")) -> _T:
        """Do what may block, no longer than is left."""
        left = self.left
        if left <= 0:
            raise TimeoutError(self._late)
        sock.settimeout(min(left, most))
        return action()


class _Timed(io.RawIOBase):
    """What http.client reads an answer from: a server that trickles is not waited for."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a buffer of io.BufferedReader
        return self._deadline.wait(self._sock, lambda: self._sock.recv_into(buffer))

    def readall(self) -> NoReturn:
        """http.client reads so where a chunk has a negative size: it would be all that somebody sends."""
        raise ValueError("a chunk of the answer has a negative size")

    def makefile(self, mode: str) -> io.BufferedReader:
        """As of a socket, for http.client.HTTPResponse."""
        return io.BufferedReader(self)


@dataclass(frozen=True)
class Fetched:
    """A proof, and the certificate (DER) of whoever gave it over this connection."""

    proof: bytes
    certificate: bytes


class _Asking:
    """One question over HTTP, and its answer."""

    subject: str
    """What messages call who is asked."""

    def _trying(self, ask: Callable[[], _T]) -> _T:
        try:
            return ask()
        except (FetchError, ChannelMismatch):
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._fail(_shown(str(error)) or type(error).__name__, error)  # http.client quotes what came

    def _fail(
        self,
        why: str,
        cause: Exception | None = None,
        *,
        status: str = "ATTEST_E_IO",
        expected: str | None = None,
        found: str | None = None,
        hint: str | None = None,
    ) -> NoReturn:
        message = f"the server cannot be asked: {why}"
        raise FetchError(
            message, status=status, subject=self.subject, expected=expected, found=found, hint=hint
        ) from cause

    def _connect(self, host: str, port: int, deadline: Deadline) -> socket.socket:
        """Each address in turn. The resolver's own time is not bounded here."""
        failure: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with ExitStack() as on_failure:
                sock = on_failure.enter_context(socket.socket(family, kind, protocol))
                try:
                    deadline.wait(sock, partial(sock.connect, address), LIMIT_CONNECT)
                except OSError as error:
                    failure = error
                    continue
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the question follows the handshake at once
                on_failure.pop_all()
                return sock
        raise failure

    @contextmanager
    def _answer(
        self, sock: socket.socket, deadline: Deadline, method: str, line: str, headers: str
    ) -> Iterator[http.client.HTTPResponse]:
        deadline.wait(sock, lambda: sock.sendall(f"{method} {line} HTTP/1.1\r\n{headers}\r\n".encode()))
        with closing(http.client.HTTPResponse(_Timed(sock, deadline), method=method)) as answer:  # type: ignore[arg-type]
            answer.begin()
            yield answer

    def _file(self, sock: socket.socket, deadline: Deadline, target: str, host: str, most: int, limit: str) -> bytes:
        """What a GET brings, whole."""
        with self._answer(sock, deadline, "GET", target, f"Host: {host}\r\n{REQUEST_HEADERS}") as answer:
            if answer.status != 200:
                self._refused(answer)
            encoding = answer.getheader("Content-Encoding", "identity")
            if encoding.lower() != "identity":
                found = _shown(encoding)
                self._fail("the answer is compressed, which was not asked for", status="ATTEST_E_ENCODING", found=found)
            return self._body(answer, most, limit)

    def _body(self, answer: http.client.HTTPResponse, most: int, limit: str) -> bytes:
        length, got, pieces = answer.length, 0, []
        while (length or 0) <= most and (piece := answer.read(min(1 << 20, most + 1 - got))):
            pieces.append(piece)
            got += len(piece)
        if max(got, length or 0) > most:
            self._fail(f"the answer has more than {most} bytes ({limit})", status="ATTEST_E_LIMIT")
        if length is not None and got != length:
            self._fail("the answer ends too early", expected=f"{length} bytes", found=f"{got}")
        return b"".join(pieces)

    def _refused(self, answer: http.client.HTTPResponse) -> NoReturn:
        status, retry = f"HTTP {answer.status}", answer.getheader("Retry-After", "")
        found = f"{status}, Retry-After: {int(retry)} seconds" if re.fullmatch(r"[0-9]{1,9}", retry) else status
        if 300 <= answer.status < 400:
            self._fail(
                f"it answered {status}, and no redirect is followed: give the URL that it leads to",
                expected="HTTP 200",
                found=f"{found} to {_shown(urljoin(self.subject, answer.getheader('Location', '')))}",
            )
        message = _error_message(self._body(answer, LIMIT_ERROR_ANSWER, "LIMIT_ERROR_ANSWER"))
        self._fail(f"it answered {status}{message}", expected="HTTP 200", found=found)


class Fetcher(_Asking):
    """Where to ask for proofs, and how."""

    def __init__(self, origin: Origin, *, timeout: float, proxy: str | None, ca: bool) -> None:
        """Raises UsageError, TypeError."""
        self.origin, self.subject, self.timeout = origin, str(origin), check_timeout(timeout)
        self.proxy = proxy_address(proxy)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.check_hostname, self._context.verify_mode = False, ssl.CERT_NONE
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2 if ca else ssl.TLSVersion.TLSv1_3

    def fetch(self, target: str) -> Fetched:
        """GET a path with its query. Raises FetchError."""
        return self._connected(self._context, lambda sock, deadline: self._ask(sock, deadline, target))

    def meet(self, context: ssl.SSLContext) -> None:
        """A handshake under a context, and nothing more. Raises FetchError, and what the context does."""
        self._connected(context, lambda sock, deadline: None)

    def _connected(self, context: ssl.SSLContext, use: Callable[[ssl.SSLSocket, Deadline], _T]) -> _T:
        deadline = Deadline(self.timeout, f"it took more than {self.timeout:g} seconds in all (timeout)")

        def ask() -> _T:
            with self._reach(deadline) as plain, self._shake_hands(plain, context, deadline) as sock:
                return use(sock, deadline)

        return self._trying(ask)

    def _fail(self, why: str, cause: Exception | None = None, **more: str | None) -> NoReturn:
        if isinstance(cause, ssl.SSLError) and "VERSION" in str(cause.reason):
            least = "1.3" if self._context.minimum_version == ssl.TLSVersion.TLSv1_3 else "1.2"
            more["hint"] = f"the server must offer TLS {least}"
        super()._fail(why, cause, **more)  # type: ignore[arg-type]  # of str

    def _reach(self, deadline: Deadline) -> socket.socket:
        sock = self._connect(*(self.proxy or (self.origin.host, self.origin.port)), deadline)
        with ExitStack() as on_failure:
            on_failure.push(sock)
            if self.proxy is not None:
                self._tunnel(sock, deadline)
            on_failure.pop_all()
        return sock

    def _tunnel(self, sock: socket.socket, deadline: Deadline) -> None:
        to = self.origin.authority
        with self._answer(sock, deadline, "CONNECT", to, f"Host: {to}\r\n") as answer:
            if answer.status != 200:
                self._fail(f"the proxy answered HTTP {answer.status} to CONNECT")

    def _shake_hands(self, plain: socket.socket, context: ssl.SSLContext, deadline: Deadline) -> ssl.SSLSocket:
        sock = context.wrap_socket(plain, do_handshake_on_connect=False, server_hostname=self.origin.host)
        with ExitStack() as on_failure:
            on_failure.push(sock)
            deadline.wait(sock, sock.do_handshake)
            on_failure.pop_all()
        return sock

    def _ask(self, sock: ssl.SSLSocket, deadline: Deadline, target: str) -> Fetched:
        certificate = sock.getpeercert(True)
        host = self.subject.removeprefix("https://")
        return Fetched(self._file(sock, deadline, target, host, MOST - 1, "LIMIT_PROOF_BYTES"), certificate or b"")


class Download(_Asking):
    """A file in plain HTTP. Whatever comes counts as evidence, and must be verified."""

    def __init__(self, url: str, *, proxy: tuple[str, int] | None) -> None:
        """Raises UsageError."""
        self.subject, self._proxy = url, proxy
        self._parts, self._host, self._port = _split(url, "url", 80)
        if self._parts.scheme != "http":
            raise usage("url", "certificates and CRLs are downloaded over http:// alone", repr(url))

    def get(self, most: int, limit: str, deadline: Deadline) -> bytes:
        """At most so many bytes. Raises FetchError."""

        def ask() -> bytes:
            with self._connect(*(self._proxy or (self._host, self._port)), deadline) as sock:
                return self._file(sock, deadline, self._target(), self._parts.netloc, most, limit)

        return self._trying(ask)

    def _target(self) -> str:
        if self._proxy is not None:
            return self.subject.partition("#")[0]
        return (self._parts.path or "/") + (f"?{self._parts.query}" if self._parts.query else "")


def _shown(text: str) -> str:
    """A stranger's words, for a message."""
    return "".join(c if c.isprintable() else "?" for c in text[:160])


def _error_message(body: bytes) -> str:
    """{"error": {"message": …}}, as attest-server answers."""
    try:
        message = json.loads(body)["error"]["message"]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return ""
    return f": {_shown(message)}" if isinstance(message, str) else ""


def fetch(
    url: str,
    nonce: bytes | str | None = None,
    *,
    timeout: float = 60,
    proxy: str | None = None,
    ca: bool = False,
    path: str | None = None,
) -> bytes:
    """Ask a server for a proof, which must then be verified: nothing about the channel is trusted.

    url: "https://host[:port][/path]"; without a path, or with "/", /.well-known/attestation is asked for. `path` stands
    in its stead. nonce: 8 to 64 bytes, or hex; None asks for the server's standing proof. timeout: seconds for all of
    it, but for the resolver. proxy: "http://host:port" or None, whatever the environment says. ca: as BlindLlama and
    AICert do, at /attestation.json, without a nonce, and TLS 1.2 will do; else it is TLS 1.3.

    At most 384 MiB, no redirect, no compression, no cookie. Raises UsageError, FetchError, TypeError.
    """
    origin, parts = Origin.of(url), urlsplit(url)
    given = parts.path if parts.path not in ("", "/") else CA_PROOF if ca else WELL_KNOWN
    asked = check_path(path if path is not None else given + (f"?{parts.query}" if parts.query else ""))
    if ca and nonce is not None:
        raise usage("nonce", "a server that attests a CA takes none")
    target = target_of(asked, nonce_of(nonce))
    return Fetcher(origin, timeout=timeout, proxy=proxy, ca=ca).fetch(target).proof

"""TLS to an attested key, for whatever speaks through the ssl module.

A context whose connections look at the peer's key when the handshake is done, and again before every byte that goes
out: a handshake may come about implicitly, and a socket of the ssl module that is not in TLS any more sends in clear.
What libraries, their users or the environment write into the context changes nothing of what it accepts.
"""

from __future__ import annotations

import errno
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from socket import socket
from typing import Any, Concatenate, NoReturn, ParamSpec, Protocol, TypeVar, cast

from .errors import AttestationError, ChannelMismatch, UsageError
from .verifier import pin_of

# What a handshake can raise that says nothing of the other side.
_NO_VERDICT = (
    ssl.SSLWantReadError,
    ssl.SSLWantWriteError,
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
    ssl.SSLSyscallError,
)

_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True)
class Attested:
    """What the other side of a connection must show."""

    pin: str | None
    """Of its TLS key."""
    ca: str | None = None
    """Or the PEM certificate under which its own must stand."""


class KeyRefused(ChannelMismatch, ssl.SSLCertVerificationError):
    """The other side of a connection is not the attested server, or not any more; not one byte is sent to it then.

    Also an ssl.SSLError, since nothing else ends a handshake cleanly in asyncio and its like.
    """

    stale: bool
    """The connection had the attested key once, and another one is attested now: a new connection may be right."""
    seen: Attested | None
    """What was attested then."""

    def __init__(
        self,
        message: str,
        *,
        stale: bool = False,
        seen: Attested | None = None,
        code: int = 1,
        status: str = "ATTEST_E_TLS_PIN",
        **more: Any,
    ) -> None:
        super().__init__(message, status=status, **more)
        self.stale, self.seen = stale, seen
        self.errno, self.strerror = code, str(self)
        # What the ssl module sets, and asyncio reads.
        self.library, self.reason = "SSL", "CERTIFICATE_VERIFY_FAILED"
        self.verify_code, self.verify_message = 1, message

    @classmethod
    def because(cls, error: AttestationError) -> KeyRefused:
        """What came of attesting, as something that ends a handshake."""
        if isinstance(error, KeyRefused):
            return error
        made = cls(error.message, status=error.status, step=error.step, result=error.result, subject=error.subject)
        made.__cause__ = error
        return made


class Keeper(Protocol):
    """Who knows what is attested: a server that can be asked again, or a single result."""

    @property
    def label(self) -> str:
        """What messages call it."""

    @property
    def host(self) -> str | None:
        """Whom connections are for; None: anybody."""

    @property
    def name(self) -> str | None:
        """What is sent as server name, and must stand in a certificate under an attested CA."""

    @property
    def ca(self) -> bool:
        """Whether a CA is attested, not a key."""

    def attested(self, *, timely: bool) -> Attested | None:
        """What is attested now, if `timely` only while its time has not passed."""

    def refresh(self) -> None:
        """See that something is attested. Raises AttestationError."""

    def renew(self, seen: Attested | None) -> None:
        """Attest again, unless something else than `seen` is attested by now. Raises AttestationError."""


@dataclass
class Attempt:
    """What became of one request."""

    sent: bool = False
    """A byte of it may have left."""
    refusal: KeyRefused | None = None


_attempt: ContextVar[Attempt | None] = ContextVar("libattest_attempt", default=None)


@contextmanager
def noting(made: Attempt) -> Iterator[None]:
    """Have connections note what they do for a request, as far as they do it in this thread or task."""
    token = _attempt.set(made)
    try:
        yield
    finally:
        _attempt.reset(token)


def _note(refusal: KeyRefused) -> None:
    if made := _attempt.get():
        made.refusal = refusal


def _reading(method: Callable[Concatenate[Any, _P], _R]) -> Callable[Concatenate[Any, _P], _R]:
    def guarded(self: _Guarded, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        self._require_attested()
        return method(self, *args, **kwargs)

    return guarded


def _writing(method: Callable[Concatenate[Any, _P], _R]) -> Callable[Concatenate[Any, _P], _R]:
    def guarded(self: _Guarded, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        self._require_current(self._require_attested())
        return method(self, *args, **kwargs)

    return guarded


class _Guarded:
    """What sockets and SSLObjects have in common. They cannot have a constructor of their own."""

    context: ssl.SSLContext
    do_handshake: Callable[..., None]
    version: Callable[[], str | None]
    getpeercert: Callable[..., Any]
    session_reused: Any
    _attested: Attested | None = None
    _process: int | None = None
    _refusal: KeyRefused | None = None

    def _shake_hands(self, handshake: Callable[[], None]) -> None:
        self._require_not_refused()
        try:
            handshake()
        except _NO_VERDICT:
            raise
        except ssl.SSLError as error:
            self._refuse(pinned(self.context).failed(error))
        if self._attested is None:
            self._process = os.getpid()
            try:
                self._attested = pinned(self.context).admit(self.version(), self.session_reused, self.getpeercert(True))
            except AttestationError as error:
                self._refuse(error)

    def _require_attested(self) -> Attested:
        """Before a byte of the application comes or goes."""
        self._require_not_refused()
        if getattr(self, "_sslobj", None) is None:
            _refuse_clear()
        if self._attested is None:
            self.do_handshake()
        return cast(Attested, self._attested)  # else the handshake has raised

    def _require_current(self, shown: Attested) -> None:
        """Before a byte of the application goes."""
        try:
            if self._process != os.getpid():
                what = "this connection is another process's: both would encrypt with one key stream"
                raise KeyRefused(what, stale=True, code=errno.ENOTCONN)
            pinned(self.context).require_current(shown)
        except AttestationError as error:
            self._refuse(error)
        if made := _attempt.get():
            made.sent = True

    def _require_not_refused(self) -> None:
        if self._refusal is not None:
            self._refuse(self._refusal)

    def _refuse(self, error: AttestationError) -> NoReturn:
        """For ever: httpcore goes on to read where a write has failed."""
        self._refusal = KeyRefused.because(error)
        _note(self._refusal)
        raise self._refusal


def _refuse_clear(*_: object, **__: object) -> NoReturn:
    # Of ENOTCONN the ssl module itself makes sense, while it wraps a socket that is not connected yet.
    raise KeyRefused(
        "this socket is not in TLS (any more): what goes through it would be in clear", code=errno.ENOTCONN
    )


class _InClear(socket):
    """Stands where ssl.SSLSocket goes on in clear, as it does once another thread has ended TLS."""

    send: Any = _refuse_clear
    sendall = sendto = sendfile = recv = recv_into = recvfrom = recvfrom_into = send


class PinnedSocket(_Guarded, ssl.SSLSocket, _InClear):
    """A socket that speaks to the attested server alone."""

    def do_handshake(self, block: bool = False) -> None:
        self._shake_hands(lambda: ssl.SSLSocket.do_handshake(self, block))

    read = _reading(ssl.SSLSocket.read)
    recv = _reading(ssl.SSLSocket.recv)
    recv_into = _reading(ssl.SSLSocket.recv_into)
    recvfrom = _reading(ssl.SSLSocket.recvfrom)
    recvfrom_into = _reading(ssl.SSLSocket.recvfrom_into)
    write = _writing(ssl.SSLSocket.write)
    send = _writing(ssl.SSLSocket.send)
    # In TLS these come to send(), but for sendto(), which the ssl module refuses.
    sendall = _reading(ssl.SSLSocket.sendall)
    sendto = _reading(ssl.SSLSocket.sendto)  # type: ignore[assignment]  # has overloads
    sendfile = _reading(ssl.SSLSocket.sendfile)


class PinnedObject(_Guarded, ssl.SSLObject):
    """The same for asyncio, anyio, trio and uvloop, which move the bytes themselves."""

    def do_handshake(self) -> None:
        self._shake_hands(lambda: ssl.SSLObject.do_handshake(self))

    def require_current(self) -> None:
        """What would be asked before a write. Raises KeyRefused."""
        self._require_current(self._require_attested())

    read = _reading(ssl.SSLObject.read)
    write = _writing(ssl.SSLObject.write)


def pinned(context: ssl.SSLContext) -> PinnedContext:
    """Whoever exchanges the context of a connection has given up the promise, and gets no connection."""
    if isinstance(context, PinnedContext):
        return context
    raise KeyRefused("the context of this connection was exchanged for another one")


def _set(context: ssl.SSLContext, name: str, value: object) -> None:
    """Write an attribute of ssl.SSLContext past PinnedContext, which takes none."""
    getattr(ssl.SSLContext, name).__set__(context, value)


class PinnedContext(ssl.SSLContext):
    """Accepts an attested key, or what stands under an attested CA, and nothing else.

    Attributes and CA certificates that are written to it are ignored: urllib3 and others write verify_mode,
    check_hostname and more, for every reason that a user gave them. verify_mode reads CERT_REQUIRED, so that nobody
    warns of a connection that is not verified.
    """

    sslsocket_class = PinnedSocket
    sslobject_class = PinnedObject
    _keeper: Keeper
    _asks: bool
    _ca: str | None
    _alpn: list[str]

    def __new__(cls, keeper: Keeper, *, asks: bool, ca: str | None = None) -> PinnedContext:
        """asks: attest when the key is another or its time has passed, within the handshake or write that needs it.

        Else whoever made it sees to the time before each request, and to attesting again. ca: for the one connection
        that is under this CA.
        """
        self = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        for name, value in (("_keeper", keeper), ("_asks", asks), ("_ca", ca), ("_alpn", [])):
            object.__setattr__(self, name, value)
        _set(self, "options", self.options | ssl.OP_NO_RENEGOTIATION)  # in TLS 1.2 it could change the certificate
        if ca is None:
            _set(self, "minimum_version", ssl.TLSVersion.TLSv1_3)
            _set(self, "check_hostname", False)
            _set(self, "verify_mode", ssl.CERT_NONE)  # of the certificate nothing counts but the key
        else:
            _set(self, "minimum_version", ssl.TLSVersion.TLSv1_2)
            # The attested certificate is the trust, whoever has signed it.
            _set(self, "verify_flags", self.verify_flags | ssl.VERIFY_X509_PARTIAL_CHAIN)
            ssl.SSLContext.load_verify_locations(self, cadata=ca)
        return self

    def __init__(self, keeper: Keeper, *, asks: bool, ca: str | None = None) -> None:
        """All is done in __new__, as with ssl.SSLContext."""

    # What a connection asks

    def admit(self, version: str | None, reused: bool | None, certificate: bytes | None) -> Attested:
        """After a handshake: what of the attested the other side has shown. Raises AttestationError."""
        if reused:
            raise self._refusal("resumed an old TLS session and so did not show its key")
        if self._ca is not None:  # OpenSSL has verified it within the handshake
            return Attested(None, self._ca)
        if version != "TLSv1.3" or certificate is None:
            raise self._refusal("did not show its key in TLS 1.3", found=str(version))
        shown = Attested(pin_of(certificate))
        expected = self._keeper.attested(timely=self._asks)
        if self._asks and shown != expected:
            self._keeper.renew(expected)
            expected = self._keeper.attested(timely=True)
        if shown != expected:
            raise self._another(shown, expected)
        return shown

    def require_current(self, shown: Attested) -> None:
        """Before a write. Raises AttestationError."""
        if self._asks:
            self._keeper.refresh()
        expected = self._keeper.attested(timely=self._asks)
        if shown != expected:
            raise self._another(shown, expected, stale=True)

    def failed(self, error: ssl.SSLError) -> AttestationError:
        """What a handshake's failure means."""
        if self._ca is not None and isinstance(error, ssl.SSLCertVerificationError):
            return self._outside(error.verify_message)
        least = "1.3" if self._ca is None else "1.2"
        return self._refusal(f"did not complete a handshake of TLS {least} or later: {error.reason or error}")

    def _outside(self, why: str) -> AttestationError:
        """Not under the attested CA. Another one may be attested by now, but not for this handshake."""
        seen = Attested(None, self._ca)
        try:
            if self._asks:
                self._keeper.renew(seen)
        except AttestationError as error:
            return error
        what = f"has a certificate that does not stand under the attested CA, or is not for {self._keeper.name!r}"
        return self._refusal(f"{what}: {why}", seen=seen)

    def _another(self, shown: Attested, expected: Attested | None, stale: bool = False) -> KeyRefused:
        if expected is None:
            return self._refusal("shows a key, and none is attested (any more)", found=shown.pin, stale=stale)
        what = (
            "had another attested key when this connection was made"
            if stale
            else "shows another TLS key than the attested"
        )
        return self._refusal(what, seen=expected, expected=expected.pin, found=shown.pin, stale=stale)

    def _refusal(self, what: str, **more: Any) -> KeyRefused:
        sent = "nothing more is sent on it" if more.get("stale") else "nothing was sent on this connection"
        return KeyRefused(f"{self._keeper.label} {what}; {sent}", **more)

    # What users and libraries ask

    def wrap_socket(
        self,
        sock: socket,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLSocket:
        """As ssl.SSLContext.wrap_socket(), as a client, and for the one server."""
        context, name, refusal = self._for_connection(server_side, server_hostname, session)
        if refusal is not None:
            _note(refusal)
            raise refusal
        made = super(PinnedContext, context).wrap_socket(
            sock, False, do_handshake_on_connect, suppress_ragged_eofs, name
        )
        if not isinstance(made, PinnedSocket):
            made.close()
            raise _patched()
        return made

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """As ssl.SSLContext.wrap_bio(), as a client, and for the one server."""
        context, name, refusal = self._for_connection(server_side, server_hostname, session)
        made = super(PinnedContext, context).wrap_bio(incoming, outgoing, False, name)
        if not isinstance(made, PinnedObject):
            raise _patched()
        # Its handshake refuses: asyncio closes no connection for which there is no object.
        object.__setattr__(made, "_refusal", refusal)
        return made

    def _for_connection(
        self, server_side: bool, name: str | bytes | None, session: ssl.SSLSession | None
    ) -> tuple[PinnedContext, str | None, KeyRefused | None]:
        """The context for one connection, the name for it, and why there can be none."""
        if server_side or session is not None:
            raise _not_taken("server's side" if server_side else "TLS session to resume")
        given = name.decode("ascii", "replace") if isinstance(name, bytes) else name
        if self._keeper.host is None:
            return self, given, None
        try:
            self._require_host(given)
            return self._under_ca(), self._keeper.name, None
        except AttestationError as error:
            return self, self._keeper.name, KeyRefused.because(error)

    def _require_host(self, given: str | None) -> None:
        names = (self._keeper.host, (self._keeper.name or "").lower())
        if given and given.strip("[]").rstrip(".").lower() not in names:
            what = "is attested, and a connection to another one was asked for"
            raise self._refusal(what, expected=self._keeper.host, found=given)

    def _under_ca(self) -> PinnedContext:
        """Each connection under an attested CA has a context of its own: one forgets no CA that it once trusted."""
        if self._ca is not None or not self._keeper.ca:
            return self
        if self._asks:
            self._keeper.refresh()
        now = self._keeper.attested(timely=self._asks)
        if now is None:
            raise self._refusal("has nothing attested")
        inner = PinnedContext(self._keeper, asks=self._asks, ca=now.ca)
        if self._alpn:
            inner.set_alpn_protocols(self._alpn)
        return inner

    @property
    def verify_mode(self) -> ssl.VerifyMode:  # type: ignore[override]  # writing is ignored
        """What urllib3 looks at before it warns."""
        return ssl.CERT_REQUIRED

    def __setattr__(self, name: str, value: object) -> None:
        """Nothing that the ssl module has is taken."""
        if not hasattr(ssl.SSLContext, name):
            object.__setattr__(self, name, value)

    def set_alpn_protocols(self, alpn_protocols: Any) -> None:
        """As of ssl.SSLContext: what is spoken within TLS is the caller's."""
        object.__setattr__(self, "_alpn", list(alpn_protocols))
        super().set_alpn_protocols(alpn_protocols)

    def load_verify_locations(self, cafile: object = None, capath: object = None, cadata: object = None) -> None:
        """Ignored: nothing but the attested is trusted."""

    def set_default_verify_paths(self) -> None:
        """Ignored, and so is load_default_certs(), which comes to this."""

    def set_ciphers(self, cipherlist: object, /) -> None:
        """Ignored: there are some that authenticate nobody."""

    def set_psk_client_callback(self, callback: object) -> None:
        """Refused: with a shared secret a server shows no key."""
        raise _not_taken("pre-shared key")

    def load_cert_chain(self, certfile: object, keyfile: object = None, password: object = None) -> None:
        """Refused: OpenSSL shows it before the server's key can be looked at."""
        raise _not_taken("client certificate, which would be shown before the server's key is checked")


def _patched() -> KeyRefused:
    return KeyRefused("the ssl module was patched, and makes connections that look at no key: leave it as it was")


def _not_taken(what: str) -> UsageError:
    return UsageError(f"a context for an attested server takes no {what}", status="ATTEST_E_USAGE")

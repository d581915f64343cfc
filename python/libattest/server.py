"""A server whose TLS key is attested: asked for its proof with a fresh nonce, and again when the key's time has passed.

What the attested key means: this software made it and measured it. Whoever can steal it from an accepted machine can
relay that machine's proofs; the C library's ATTEST_NET_BIND_SESSION closes that, which Python's ssl module cannot.
"""

from __future__ import annotations

import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar
from urllib.parse import urlsplit

from ._fetch import CA_PROOF, WELL_KNOWN, Fetcher, Origin, authority_of, check_path, fetch, target_of, usage
from ._input import Data, Time, seconds_of
from ._tls import Attempt, Attested, KeyRefused, PinnedContext, noting
from .errors import AttestationError, ChannelMismatch, FetchError
from .verifier import Roots, Verifier, pin_of

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from typing_extensions import Unpack

    from .downloads import Downloads
    from .policy import Policies
    from .result import Result

__all__ = ["AttestedServer", "KeyRefused", "fetch", "pinned_context", "ssl_context"]

# Connections that a pool can hand out, one after the other, although their key is not attested any more.
LIMIT_STALE = 1000

_T = TypeVar("_T")


class VerifyOptions(TypedDict, total=False):
    """How each of a server's proofs is verified: options of Verifier.verify()."""

    at: Time | None
    tls_pin: str | None
    certificates: Sequence[Data]
    crls: Sequence[Data]
    require_crls: bool


class ServerOptions(TypedDict, total=False):
    """The options of AttestedServer."""

    policy: Policies | None
    roots: Roots | None
    verifier: Verifier | None
    max_age: float
    timeout: float
    path: str | None
    proxy: str | None
    ca: bool
    server_name: str | None
    downloads: Downloads | None
    verify_options: VerifyOptions | None


def _clock() -> float:
    """Seconds that go on while the machine sleeps, and that nobody sets."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True)
class _Kept:
    """What was attested, and until when: by a clock that nobody sets, and by the calendar."""

    attested: Attested
    until: float
    valid_until: float

    def is_timely(self) -> bool:
        return _clock() < self.until and time.time() < self.valid_until


class AttestedServer:
    """One server, what is attested of it, and until when. Any number of threads may share it.

    Between processes it is not shared: a fork has the key until its time has passed, and then attests for itself. Do
    not fork while another thread attests.
    """

    def __init__(
        self,
        url: str,
        *,
        policy: Policies | None = None,
        roots: Roots | None = None,
        verifier: Verifier | None = None,
        max_age: float = 3600,
        timeout: float = 60,
        path: str | None = None,
        proxy: str | None = None,
        ca: bool = False,
        server_name: str | None = None,
        downloads: Downloads | None = None,
        verify_options: VerifyOptions | None = None,
    ) -> None:
        """Nothing is sent yet.

        url: of the server, or of anything on it: its path does not count. policy, roots: as Verifier takes them; or a
        `verifier`. max_age: seconds, up to 31536000, for which an attested key is used before the server is asked
        again; never longer than its verdict is good (facts.valid_until). timeout: seconds that one question may take,
        but for the resolver; with `ca` two are asked, and `downloads` has its own.
        path: where the server is asked. proxy: None, whatever the environment says, or "http://host:port", through
        which questions and requests are tunnelled. ca: the proof attests a CA, not a key (BlindLlama, AICert), is asked
        for without a nonce at /attestation.json, and TLS 1.2 will do; `path` may then be a URL of another server, since
        it does not matter from whom the proof comes. server_name: with `ca`, whom the server's certificate must be for,
        and what it is called in the handshake; None: the URL's host. downloads: what may be downloaded in order to
        decide; nothing if None. verify_options: for Verifier.verify(); without `at`, now is meant each time.

        Raises UsageError, InvalidPolicy, OSError, TypeError.
        """
        if verifier is not None and (policy is not None or roots is not None):
            raise usage(
                "verifier", "it has policies and roots of its own: give either", hint="Verifier(policy, roots=…)"
            )
        if server_name is not None and not ca:
            raise usage("server_name", "a server's name counts only under an attested CA (ca=True)")
        if not 0 < max_age <= 31536000:
            raise usage("max_age", "0 to 31536000 seconds were expected", str(max_age))
        self.origin = Origin.of(url)
        self.ca, self.max_age = ca, max_age
        self._name = server_name or self.origin.host
        place = path if path is not None else CA_PROOF if ca else WELL_KNOWN
        self._fetcher = self._asked = Fetcher(self.origin, timeout=timeout, proxy=proxy, ca=ca)
        if ca and place.startswith("https://"):
            self._asked = Fetcher(Origin.of(place), timeout=timeout, proxy=proxy, ca=ca)
            place = urlsplit(place)._replace(scheme="", netloc="").geturl()
        self._path = check_path(place)
        self.proxy = None if self._fetcher.proxy is None else "http://" + authority_of(*self._fetcher.proxy)
        self._downloads = downloads
        self._options: dict[str, Any] = dict(verify_options or {})
        self._verifier = verifier if verifier is not None else Verifier(policy, roots=roots)
        self._attesting = threading.Lock()
        self._rounds = 0  # that came to an end
        self._failure: AttestationError | None = None  # of the last one
        self._kept: _Kept | None = None
        self._result: Result | None = None
        self._proof: bytes | None = None

    @property
    def result(self) -> Result | None:
        """Of the proof that was decided last, whether verified or not."""
        return self._result

    @property
    def proof(self) -> bytes | None:
        """The one that was fetched last, whether believed or not."""
        return self._proof

    @property
    def pin(self) -> str:
        """The attested key, "sha256//…". Raises ChannelMismatch if there is none, or its time has passed."""
        now = self.attested(timely=True)
        if now is not None and now.pin is not None:
            return now.pin
        why = "a CA is attested, not a key" if now else "no key is attested, or its time has passed: refresh()"
        raise ChannelMismatch(why, status="ATTEST_E_STATE", subject=self.label)

    def attest(self) -> Result:
        """Ask for a proof with a new nonce, verify it, and keep the key that it attests.

        The key must be that of the very connection over which the proof came; with `ca`, another connection must stand
        under the CA. A refusal makes it forget the key that it had; a failure to fetch does not.

        Raises AttestationError: FetchError, ChannelMismatch, or as Verifier.verify().
        """
        with self._attesting:
            return self._attest()

    def refresh(self) -> None:
        """attest(), but only if there is no attested key or its time has passed.

        Of threads that need it at once one asks, and the others take its outcome.
        """
        if self.attested(timely=True) is None:
            self.renew(None)

    def ssl_context(self) -> ssl.SSLContext:
        """For whatever speaks TLS through the ssl module: http.client, urllib, aiohttp, asyncio, sockets.

        It attests by itself, when there is no key, its time has passed, or the server shows another: within the
        handshake or the write that needs it, which then blocks, an event loop too. It knows of TLS only: it cannot keep
        a library from following a redirect to http://. Session, httpx_client, aiohttp_connector and urllib_opener do.
        """
        return PinnedContext(self, asks=True)

    # What connections ask (_tls.Keeper)

    @property
    def label(self) -> str:
        """What messages call it."""
        return str(self.origin)

    @property
    def host(self) -> str:
        """Whom connections are for."""
        return self.origin.host

    @property
    def name(self) -> str:
        """What the handshake calls the server."""
        return self._name

    def attested(self, *, timely: bool) -> Attested | None:
        """What is attested; if `timely`, only while its time has not passed."""
        kept = self._kept
        return kept.attested if kept is not None and (kept.is_timely() or not timely) else None

    def renew(self, seen: Attested | None) -> None:
        """Attest, unless another thread has since `seen` was current: then its outcome counts."""
        rounds = self._rounds
        with self._attesting:
            now = self.attested(timely=True)
            if now is not None and now != seen:
                return
            if self._rounds != rounds and self._failure is not None:
                raise self._failure
            self._attest()

    # One round of asking, with _attesting held

    def _attest(self) -> Result:
        try:
            result = self._ask()
        except FetchError as error:
            self._end_round(error, self._kept)
            raise
        except AttestationError as error:
            self._end_round(error, None)
            self._result = error.result or self._result
            raise
        return result

    def _end_round(self, failure: AttestationError | None, kept: _Kept | None) -> None:
        self._kept = kept
        self._failure = failure
        self._rounds += 1

    def _ask(self) -> Result:
        begun, nonce = _clock(), None if self.ca else secrets.token_bytes(32)
        fetched = self._asked.fetch(target_of(self._path, nonce))
        self._proof = fetched.proof
        live = None if self.ca else pin_of(fetched.certificate)
        result = self._result = self._verify(fetched.proof, nonce, live)
        attested = Attested(None, self._meet(result)) if self.ca else Attested(_pin(result, self.label))
        at = self._options.get("at")
        good_for = min(self.max_age, result.facts.valid_until - seconds_of(at))
        valid_until = inf if at is not None else result.facts.valid_until
        self._end_round(None, _Kept(attested, begun + good_for, valid_until))
        return result

    def _verify(self, proof: bytes, nonce: bytes | None, live: str | None) -> Result:
        """Must have the key of the live connection, and the one that the caller expects."""
        options = dict(self._options)
        decide = self._verifier.verify if self._downloads is None else partial(self._downloads.verify, self._verifier)
        pins = [pin for pin in dict.fromkeys((options.pop("tls_pin", None), live)) if pin is not None]
        for pin in pins or [None]:
            result = decide(proof, nonce=nonce, tls_pin=pin, **options)
        return result

    def _meet(self, result: Result) -> str:
        """The attested CA, under which the server must stand."""
        if result.facts.tls_kind != "ca" or result.facts.tls_pem is None:
            raise ChannelMismatch(
                "the proof attests no CA",
                status="ATTEST_E_TLS_REQUIRED",
                subject=self.label,
                hint="ask without ca=True",
            )
        self._fetcher.meet(PinnedContext(self, asks=False, ca=result.facts.tls_pem))
        return result.facts.tls_pem


def _pin(result: Result, subject: str) -> str:
    if result.pin is None:
        hint = "ca=True" if result.facts.tls_kind == "ca" else "the server must attest a TLS key"
        raise ChannelMismatch(
            "the proof attests no TLS key", status="ATTEST_E_TLS_REQUIRED", subject=subject, result=result, hint=hint
        )
    return result.pin


class _ResultKeeper:
    """One result as a _tls.Keeper: nobody can be asked again."""

    label, host, name, ca = "the server", None, None, False

    def __init__(self, result: Result) -> None:
        left = result.facts.valid_until - time.time()
        self._kept = _Kept(Attested(_pin(result, "ssl_context")), _clock() + left, result.facts.valid_until)

    def attested(self, *, timely: bool) -> Attested | None:
        return self._kept.attested if self._kept.is_timely() else None

    def refresh(self) -> None:
        pass

    def renew(self, seen: Attested | None) -> None:
        pass


def pinned_context(result: Result) -> ssl.SSLContext:
    """A context that speaks to the key that a result attests, until facts.valid_until. Raises ChannelMismatch."""
    return PinnedContext(_ResultKeeper(result), asks=False)


def server_of(url: str | AttestedServer, options: ServerOptions) -> AttestedServer:
    """The server that a session was asked for. Raises as AttestedServer()."""
    if not isinstance(url, AttestedServer):
        return AttestedServer(url, **options)
    if options:
        raise usage("url", f"an AttestedServer has its own {' and '.join(options)}", hint="give them to AttestedServer")
    return url


def ssl_context(url: str | AttestedServer, **options: Unpack[ServerOptions]) -> ssl.SSLContext:
    """AttestedServer(url, …).ssl_context(). The server is asked when the first connection is made."""
    return server_of(url, options).ssl_context()


# Requests, and what may be tried again


_Ask = Callable[[], None]


def _tries(server: AttestedServer) -> Iterator[tuple[Attempt, _Ask | None]]:
    """For each try of a request: where to note what becomes of it, and what the server must be asked before.

    On a refusal it is tried again while no byte of it has left: a kept connection may be stale, and the next one not;
    where the server shows another key than the attested one, it is asked for a new proof, once.
    """
    ask: _Ask | None = None if server.attested(timely=True) else server.refresh
    asked = False
    for _ in range(LIMIT_STALE):
        made = Attempt()
        yield made, ask
        refusal = made.refusal
        if refusal is None or made.sent or (asked and not refusal.stale):
            return
        ask = None if refusal.stale else partial(server.renew, refusal.seen)
        asked = asked or not refusal.stale


def send_attested(server: AttestedServer, send: Callable[[], _T]) -> _T:
    """Send a request, attesting first and again where that is due. Raises AttestationError, and what `send` does."""
    failure: Exception = AssertionError()
    for made, ask in _tries(server):
        if ask is not None:
            ask()
        with noting(made):
            try:
                return send()
            except KeyRefused as refusal:
                failure = made.refusal = refusal
            except Exception as error:
                failure = made.refusal or error
    raise failure


async def send_attested_async(
    server: AttestedServer, send: Callable[[], Awaitable[_T]], in_thread: Callable[[_Ask], Awaitable[None]]
) -> _T:
    """The same for an event loop, which must not block: what asks the server runs in a thread."""
    failure: Exception = AssertionError()
    for made, ask in _tries(server):
        if ask is not None:
            await in_thread(ask)
        with noting(made):
            try:
                return await send()
            except KeyRefused as refusal:
                failure = made.refusal = refusal
            except Exception as error:
                failure = made.refusal or error
    raise failure

"""Verifying with what certificates point to: issuers that a chain lacks, and CRLs.

Downloads are evidence like any other: the library checks their signatures, and what is missing only refuses.
Addresses of issuers come from certificates that nobody vouches for yet, so whoever wrote the proof chose them, and they
may lie in a private network. Nothing is downloaded unless asked for.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ._fetch import Deadline, Download, check_timeout, proxy_address
from ._input import Data, each
from .errors import AttestationError, FetchError
from .verifier import pin_of

if TYPE_CHECKING:
    from .result import Link, Result
    from .verifier import Proof, Verifier

LIMIT_ROUNDS = 8  # each can name the next issuer
LIMIT_DOWNLOADS = 24  # for one proof: links to issuers are whatever its author likes
LIMIT_GIVEN = 16  # certificates, and CRLs, that the library takes for one proof
LIMIT_BYTES = {"issuer": 64 << 10, "crl": 16 << 20}  # a certificate is 1 to 2 KiB; the largest CRLs are some MiB


@dataclass(frozen=True)
class Downloads:
    """What may be downloaded in order to decide a proof, in plain HTTP and without following redirects."""

    issuers: bool = False
    """Certificates of issuers that the chain lacks, from where its certificates say (RFC 5280, 4.2.2.1)."""
    crls: bool = False
    """The CRLs of the path (RFC 5280, 4.2.1.13), which must then cover it: as `require_crls` of Verifier.verify()."""
    cache: str | os.PathLike[str] | None = None
    """A directory for what a chain held with, made if it is not there. One that cannot be used is done without."""
    timeout: float = 60
    """Seconds that all downloads for one proof may take together."""
    proxy: str | None = None
    """ "http://host:port", or None, whatever the environment says."""

    def verify(self, verifier: Verifier, proof: Proof, **options: Any) -> Result:
        """verifier.verify(proof, …), again with what was downloaded, as long as that brings anything new.

        Raises what Verifier.verify() does. A refusal for want of a download has that download's failure as its cause.
        """
        decided = _Gathering(self, options, use_cache=True).decide(verifier, proof)
        if decided.is_spoilt:
            decided = _Gathering(self, options, use_cache=False).decide(verifier, proof)
        return decided.result_or_raise()


class _Item(NamedTuple):
    url: str
    data: bytes
    from_cache: bool


@dataclass
class _Gathering:
    """What a proof is verified with, and how that was come by."""

    to: Downloads
    options: dict[str, Any]
    use_cache: bool
    tried: set[str] = field(default_factory=set)
    items: list[_Item] = field(default_factory=list)
    failure: FetchError | None = None
    result: Result | None = None
    refusal: AttestationError | None = None

    def __post_init__(self) -> None:
        late = f"no time was left for this download: all have {self.to.timeout:g} seconds together"
        self.deadline = Deadline(check_timeout(self.to.timeout), late)
        self.proxy = proxy_address(self.to.proxy)
        given: dict[str, list[Data]] = {
            name: list(each(self.options.get(name, ()))) for name in ("certificates", "crls")
        }
        self.given = {"issuer": given["certificates"], "crl": given["crls"]}
        require = self.to.crls or self.options.get("require_crls", False)
        self.options = {**self.options, "require_crls": require, **given}

    def decide(self, verifier: Verifier, proof: Proof) -> _Gathering:
        for n in range(LIMIT_ROUNDS + 1):
            self.refusal = None
            try:
                self.result = verifier.verify(proof, **self.options)
            except AttestationError as error:
                self.result, self.refusal = error.result, error
            if n == LIMIT_ROUNDS or not self._follow():  # what comes is kept only if it was decided with
                break
        return self

    @property
    def chain_holds(self) -> bool:
        return self.result is not None and self.result.steps["chain"] == "passed"

    @property
    def is_spoilt(self) -> bool:
        """Whether something that lay in the cache may be what is wrong."""
        revoked = self.refusal is not None and self.refusal.status == "ATTEST_E_REVOKED"
        return any(item.from_cache for item in self.items) and not revoked and not self.chain_holds

    def result_or_raise(self) -> Result:
        if self.chain_holds:
            self._keep()
        if self.refusal is None:
            assert self.result is not None
            return self.result
        if self.failure is not None and self.refusal.status in ("ATTEST_E_CRL", "ATTEST_E_UNTRUSTED"):
            self.refusal.hint = str(self.failure)
            raise self.refusal from self.failure
        raise self.refusal

    def _follow(self) -> bool:
        """All that the result points to and that was not tried yet; whether that brought anything."""
        before = len(self.items)
        for link in self._wanted():
            self.tried.add(link.url)
            try:
                item = self._obtain(link)
            except FetchError as error:
                if self.failure is None or self.deadline.left <= 0:
                    self.failure = error
                continue
            self.items.append(item)
            self.given[link.kind].append(item.data)
        return len(self.items) > before

    def _wanted(self) -> Iterator[Link]:
        for link in self.result.links if self.result is not None else ():
            asked = self.to.issuers if link.kind == "issuer" else self.to.crls
            full = len(self.tried) >= LIMIT_DOWNLOADS or len(self.given[link.kind]) >= LIMIT_GIVEN
            if asked and not full and link.url not in self.tried:
                yield link

    def _obtain(self, link: Link) -> _Item:
        """From the cache, else from the network. Whether it is good is known only after the verdict."""
        most = LIMIT_BYTES[link.kind]
        if self.use_cache and (kept := _read_cache(self.to.cache, link.url, most)) and _is_kind(link.kind, kept):
            return _Item(link.url, kept, True)
        limit = "LIMIT_ISSUER" if link.kind == "issuer" else "LIMIT_CRL"
        data = Download(link.url, proxy=self.proxy).get(most, limit, self.deadline)
        if not _is_kind(link.kind, data):
            what, status = ("CRL", "ATTEST_E_CRL") if link.kind == "crl" else ("certificate", "ATTEST_E_CERTIFICATE")
            raise FetchError(f"what was downloaded is no {what} in DER", status=status, subject=link.url)
        return _Item(link.url, data, False)

    def _keep(self) -> None:
        """What somebody between has put in the place of what holds is asked for again the next time."""
        for item in self.items:
            if not item.from_cache:
                _write_cache(self.to.cache, item.url, item.data)


def _is_kind(kind: str, data: bytes) -> bool:
    return _is_one_sequence(data) and (kind == "crl" or _is_certificate(data))


def _is_certificate(der: bytes) -> bool:
    try:
        pin_of(der)
    except AttestationError:
        return False
    return True


def _is_one_sequence(data: bytes) -> bool:
    """One DER SEQUENCE as far as its length says, and nothing after it (X.690, 8.1). C reads what is in it."""
    if len(data) < 2 or data[0] != 0x30 or data[1] == 0x80:
        return False
    if data[1] < 0x80:
        return len(data) == 2 + data[1]
    n = data[1] & 0x7F
    return len(data) == 2 + n + int.from_bytes(data[2 : 2 + n], "big")


def _cached(cache: str | os.PathLike[str], url: str) -> Path:
    """The same file as libattest-net's."""
    return Path(cache, hashlib.sha256(url.encode()).hexdigest())


def _read_cache(cache: str | os.PathLike[str] | None, url: str, most: int) -> bytes | None:
    if cache is None:
        return None
    try:
        path = _cached(cache, url)
        return path.read_bytes() if path.is_file() and path.stat().st_size <= most else None
    except OSError:
        return None


def _write_cache(cache: str | os.PathLike[str] | None, url: str, data: bytes) -> None:
    """Whole or not at all."""
    if cache is None:
        return
    with contextlib.suppress(OSError):
        os.makedirs(cache, 0o700, exist_ok=True)
        file, partial = tempfile.mkstemp(dir=cache)
        try:
            with open(file, "wb") as out:
                out.write(data)
            os.replace(partial, _cached(cache, url))
        except OSError:
            os.unlink(partial)
            raise

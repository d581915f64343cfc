"""The account of one verification. What stands here is what C found; nothing is decided in Python."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, NoReturn, TypeVar, cast

from ._c import known, taken, text
from ._input import c_string
from ._native import ffi, lib

Verdict = Literal["verified", "refused", "inconclusive"]
Step = Literal["parse", "chain", "ak", "signature", "quote", "nonce", "pcrs", "log", "policy", "tls"]
StepStatus = Literal["not-checked", "passed", "failed", "not-present", "not-required"]
"""What became of a step. Only "passed" means that it was checked and holds."""


@dataclass(frozen=True)
class Finding:
    """One thing that was found."""

    step: Step
    status: str
    """The status code, such as "ATTEST_E_NONCE"."""
    is_error: bool
    """True: it refuses the proof; False: a note, which does not."""
    message: str
    where: str | None
    """JSON path, offset, certificate or event number."""
    expected: str | None
    found: str | None
    clause: str | None
    """Clause of the specification."""
    hint: str | None
    """The next thing to do."""


@dataclass(frozen=True)
class Pcr:
    """One quoted PCR, proven by signature and digest."""

    bank: int
    """TPM_ALG_ID of the bank (TPM 2.0 Part 2, 6.3), such as 0x000B for SHA-256."""
    index: int
    """0..31"""
    value: bytes
    state: str
    """Whether anybody says what it means: "explained", "pinned", "unexplained", … (struct attest_pcr)."""


@dataclass(frozen=True)
class Event:
    """One event whose PCR replays to the quoted value."""

    pcr: int
    number: int
    """Position in its log, from 0."""
    log: int
    """Position of its log in the proof, from 0."""
    type: str | None
    """As the measured text says; else what the log's format calls it, which is never proven."""
    text: str | None
    """What it says, escaped where it is not printable; None where a bare digest was extended."""
    digest: str | None
    """In the policy's bank, lower-case hex."""
    proven: bool
    """Whether the text follows from bytes whose digest was recomputed; else the log only claims it."""


@dataclass(frozen=True)
class Software:
    """One statement that the measured events make about the software. For people: what decides is the policy."""

    what: str
    """Stable id, such as "kernel.cmdline" (docs/events.md)."""
    value: str
    pcr: int
    log: int
    number: int
    """Position, in that log, of the event that says it."""
    proven: bool


@dataclass(frozen=True)
class Link:
    """Where a certificate says that something is published which would help to decide: a hint, never evidence."""

    kind: Literal["issuer", "crl"]
    url: str
    subject: str | None


@dataclass(frozen=True)
class Facts:
    """About the AK certificate and the quote. None or 0 where the step that proves it has not passed."""

    format: str | None
    platform: str | None
    """azure, gcp, aws, vendor or added."""
    anchor: str | None
    ak_subject: str | None
    ak_spki: str | None
    """SHA-256 of the AK's DER SubjectPublicKeyInfo, hex."""
    valid_from: int
    """Seconds since 1970-01-01T00:00:00Z."""
    valid_until: int
    """A verdict is not good beyond it."""
    clock: int
    """Milliseconds (TPM 2.0 Part 2, 10.11.1)."""
    reset_count: int
    restart_count: int
    clock_safe: bool
    firmware_version: int
    nonce: str | None
    """extraData, hex."""
    tls_kind: Literal["key", "ca"] | None
    tls_pem: str | None
    tls_pin: str | None
    """"sha256//…" of tls_pem."""


_T = TypeVar("_T")


def _converted(kind: type[_T], struct: Any) -> _T:
    """A frozen dataclass of a C struct whose members have the same names."""
    values: dict[str, Any] = {}
    for member in fields(kind):  # type: ignore[arg-type]
        value = getattr(struct, member.name)
        if isinstance(value, ffi.CData):
            value = text(value)
        values[member.name] = bool(value) if member.type == "bool" else value
    return kind(**values)


def _finding(struct: Any) -> Finding:
    return Finding(
        step=cast(Step, known(lib.attest_step_name(struct.step))),
        status=known(lib.attest_status_name(struct.status)),
        is_error=bool(struct.is_error),
        message=known(struct.message),
        where=text(struct.where),
        expected=text(struct.expected),
        found=text(struct.found),
        clause=text(struct.clause),
        hint=text(struct.hint),
    )


def _pcr(struct: Any) -> Pcr:
    return Pcr(struct.bank, struct.index, bytes(ffi.buffer(struct.value, struct.size)), known(struct.state))


def _link(struct: Any) -> Link:
    kind = cast(Literal["issuer", "crl"], known(lib.attest_link_kind_name(struct.kind)))
    return Link(kind, known(struct.url), text(struct.subject))


def _steps(handle: Any) -> Mapping[Step, StepStatus]:
    names = {
        known(lib.attest_step_name(i)): known(lib.attest_step_status_name(lib.attest_result_step(handle, i)))
        for i in range(lib.ATTEST_N_STEPS)
    }
    return MappingProxyType(cast("dict[Step, StepStatus]", names))


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """The full account of one proof. libattest makes it; its members are read when they are first asked for."""

    _owner: Any = field(repr=False)
    """An attest_result **, which frees what it points to."""
    name: str | None = None
    """What the report calls the proof, such as its file name."""

    @property
    def _handle(self) -> Any:
        return self._owner[0]

    @cached_property
    def verdict(self) -> Verdict:
        """ "verified", "refused" or "inconclusive" (genuine evidence, but no policy to compare it with)."""
        return cast(Verdict, known(lib.attest_verdict_name(lib.attest_result_verdict(self._handle))))

    @property
    def verified(self) -> bool:
        """Whether every step that applies ran and passed."""
        return self.verdict == "verified"

    @cached_property
    def status(self) -> str:
        """ "ATTEST_OK" if verified; else the code of the first error."""
        return known(lib.attest_status_name(lib.attest_result_status(self._handle)))

    @cached_property
    def steps(self) -> Mapping[Step, StepStatus]:
        """What became of each step, in their order."""
        return _steps(self._handle)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Errors and notes, in the order of the steps."""
        return self._all(lib.attest_result_n_findings, lib.attest_result_finding, _finding)

    @cached_property
    def facts(self) -> Facts:
        """About the AK certificate and the quote."""
        return _converted(Facts, lib.attest_result_facts(self._handle))

    @cached_property
    def pin(self) -> str | None:
        """The attested TLS key of a verified proof, as curl takes it; None if it attests no key, or a CA."""
        return text(lib.attest_result_pin(self._handle))

    @cached_property
    def pcrs(self) -> tuple[Pcr, ...]:
        """The quoted PCRs in signed order; none unless the step "pcrs" passed."""
        return self._all(lib.attest_result_n_pcrs, lib.attest_result_pcr, _pcr)

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """Only of PCRs that replay to the quoted value, and at most 8192 of a log (n_events_omitted)."""
        return self._all(lib.attest_result_n_events, lib.attest_result_event, lambda s: _converted(Event, s))

    @property
    def n_events_omitted(self) -> int:
        """Events of such PCRs that `events` leaves out."""
        return int(lib.attest_result_n_events_omitted(self._handle))

    @cached_property
    def software(self) -> tuple[Software, ...]:
        """Statements about the software, in the order of the events; not always all (n_software_omitted)."""
        return self._all(lib.attest_result_n_software, lib.attest_result_software, lambda s: _converted(Software, s))

    @property
    def n_software_omitted(self) -> int:
        """Statements that `software` leaves out, and events that were not asked for any."""
        return int(lib.attest_result_n_software_omitted(self._handle))

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """At most 32."""
        return self._all(lib.attest_result_n_links, lib.attest_result_link, _link)

    def _all(self, count: Any, get: Any, convert: Callable[[Any], _T]) -> tuple[_T, ...]:
        return tuple(convert(get(self._handle, i)) for i in range(count(self._handle)))

    def ssl_context(self) -> ssl.SSLContext:
        """A context that speaks TLS 1.3 to the attested key and to nobody else, until facts.valid_until.

        It does not attest again; AttestedServer.ssl_context() does. Raises ChannelMismatch if `pin` is None.
        """
        from .server import pinned_context

        return pinned_context(self)

    def to_json(self, name: str | None = None) -> str:
        """The account for programs (docs/result.schema.json), one line."""
        made = ffi.new("char **")
        return self._made(lib.attest_result_json(self._handle, self._name(name), made), made)

    def to_text(self, name: str | None = None, *, color: bool = False, verbose: bool = False) -> str:
        """The account for people; with `verbose`, PCRs, events and facts too."""
        flags = (lib.ATTEST_TEXT_COLOR if color else 0) | (lib.ATTEST_TEXT_VERBOSE if verbose else 0)
        made = ffi.new("char **")
        return self._made(lib.attest_result_text(self._handle, self._name(name), flags, made), made)

    def _name(self, name: str | None) -> Any:
        return c_string(self.name if name is None else name)

    @staticmethod
    def _made(status: int, made: Any) -> str:
        if status != lib.ATTEST_OK:
            raise MemoryError("libattest: no memory for the account")
        return taken(made[0])

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        words = [repr(self.name)] if self.name else []
        words += [self.verdict] if self.verified else [self.verdict, self.status]
        failed = [step for step, status in self.steps.items() if status == "failed"]
        words += [f"failed: {', '.join(failed)}"] if failed else []
        words += [self.pin] if self.pin else []
        return f"<libattest.Result {' '.join(words)}>"

    def _repr_html_(self) -> str:
        from ._html import page

        return page(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Result lives in one process: pass on to_json(), or the proof itself")

"""The ways in which a proof, an argument or a server can fail; one class for each category of attest.h."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .result import Result, Step


class AttestationError(Exception):
    """Nothing is known to be true: the proof was refused, or could not be decided.

    The text is made for people. The members are for programs, and any of them may be None.
    """

    message: str
    """What is wrong, without the place."""
    result: Result | None
    """The full account, where a proof was decided."""
    step: Step | None
    """The step that failed, such as "chain"."""
    subject: str | None
    """Which argument or file it is about, where that is not the proof itself."""
    status: str
    """The status code of attest.h, such as "ATTEST_E_UNTRUSTED"."""
    where: str | None
    """The place: JSON path, offset, certificate or event number."""
    expected: str | None
    found: str | None
    clause: str | None
    """The clause of the specification that does not hold."""
    hint: str | None
    """The next thing to do."""

    def __init__(
        self,
        message: str,
        *,
        status: str = "ATTEST_E_INTERNAL",
        step: Step | None = None,
        result: Result | None = None,
        subject: str | None = None,
        where: str | None = None,
        expected: str | None = None,
        found: str | None = None,
        clause: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.step, self.result = status, step, result
        self.message, self.subject = message, subject
        self.where, self.expected, self.found = where, expected, found
        self.clause, self.hint = clause, hint

    def __reduce__(self) -> tuple[object, ...]:
        """Between processes it goes without its result, which lives in one."""
        return type(self), (self.message,), {**self.__dict__, "result": None}

    def __str__(self) -> str:
        place = ": ".join(word for word in (self.subject, self.step, self.where) if word)
        values = ", ".join(
            f"{name} {value}" for name, value in (("expected", self.expected), ("found", self.found)) if value
        )
        text = f"{place}: {self.message}" if place else self.message
        return text + (f" ({values})" if values else "") + (f"; next: {self.hint}" if self.hint else "")


class MalformedProof(AttestationError):
    """The proof is not what its format demands, or passes a limit."""


class BadSignature(AttestationError):
    """The attestation key did not sign this quote, or is no attestation key."""


class UntrustedChain(AttestationError):
    """The certificate of the attestation key leads to no trust anchor, is not valid then, or is revoked."""


class StaleProof(AttestationError):
    """The quote does not carry the nonce: it is old, or was made for somebody else."""


class LogMismatch(AttestationError):
    """The PCR values are not the quoted ones, or an event log does not replay to them."""


class PolicyMismatch(AttestationError):
    """The evidence is genuine, but of something that the policy does not allow."""


class Inconclusive(AttestationError):
    """The evidence is genuine, but there was no policy to compare it with."""


class ChannelMismatch(AttestationError):
    """The TLS key is not bound to the quote, or not the one that was to be proven."""


class UsageError(AttestationError, ValueError):
    """An argument is wrong; no proof was decided."""


class InvalidPolicy(UsageError):
    """The policy is malformed or empty."""


class FetchError(AttestationError, ConnectionError):
    """A server could not be asked: the network, or an HTTP status other than 200."""


class InternalError(AttestationError, RuntimeError):
    """A library call failed without saying why; nothing was decided."""


CATEGORIES: dict[str, type[AttestationError]] = {
    "usage": UsageError,
    "malformed": MalformedProof,
    "crypto": BadSignature,
    "chain": UntrustedChain,
    "freshness": StaleProof,
    "log": LogMismatch,
    "policy": PolicyMismatch,
    "channel": ChannelMismatch,
    "internal": InternalError,
}
"""The class for each name of attest_category_name(), but that ATTEST_E_INCONCLUSIVE is Inconclusive."""

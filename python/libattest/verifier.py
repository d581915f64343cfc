"""Deciding proofs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ._c import add_policy, add_reference, add_roots, demand_signed, fail, new_verifier, refuse
from ._input import (
    Data,
    Document,
    Named,
    Nonce,
    Time,
    c_text,
    data_of,
    document_of,
    each,
    exact,
    flag,
    nonce_of,
    seconds_of,
)
from ._native import ffi, lib
from .errors import UsageError
from .policy import Policies, Policy
from .result import Result

# Every call into C lets go of the GIL, and many threads have to queue for it again: none is made without need. What
# frees a result is C too: an interrupt that is raised in a destructor of Python's is lost.
_OPTIONS = lib.attest_options_init()


@dataclass(frozen=True)
class Parts:
    """Evidence in loose pieces, as tpm2-tools write them; each a path or bytes."""

    quote: Data
    """TPMS_ATTEST (tpm2_quote -m)."""
    signature: Data
    """TPMT_SIGNATURE (tpm2_quote -s)."""
    pcrs: Data
    """tpm2_quote -o, serialized or values form."""
    ak: Data | None = None
    """AK public key: PEM SubjectPublicKeyInfo, TPMT_PUBLIC or TPM2B_PUBLIC. Alone never enough for "verified"."""
    ak_chain: Data | None = None
    """AK certificate first: PEM, or one DER certificate."""
    logs: Sequence[Data] = ()
    """Event logs in the order in which they were measured, at most 8."""


Proof = Document | Parts
"""What can be verified: a path, bytes, JSON text, the JSON object itself, or loose files."""


@dataclass(frozen=True)
class Root:
    """Certificates to trust, and what AK certificates under them must say."""

    certificates: Data
    """PEM or DER: a file, a directory full of them, bytes, or PEM text. Those that signed themselves become trust
    anchors; the others may complete chains."""
    purpose: str | None = None
    """What the AK certificate must hold as extended key usage (RFC 5280, 4.2.1.12): None or "any": nothing; "none": it
    has no such extension; else an OID such as "2.23.133.8.3"."""


Roots = Root | Data | Sequence[Root | Data]
"""One or several."""


def _files(root: Data) -> list[Named]:
    """A directory stands for the files in it."""
    if isinstance(root, (str, os.PathLike)) and os.path.isdir(root):
        found = [data_of(path, "roots") for path in sorted(Path(os.fsdecode(root)).iterdir()) if path.is_file()]
        if not found:
            raise UsageError(
                "no file lies in this directory",
                status="ATTEST_E_USAGE",
                subject="roots",
                expected="certificates in PEM or DER",
                found=repr(os.fsdecode(root)),
            )
        return found
    return [data_of(root, "roots")]


class _Lengths:
    """An array of struct attest_bytes, and the bytes that it points to."""

    def __init__(self, values: Iterable[Data], what: str) -> None:
        found = [data_of(value, what).data for value in values]
        self.buffers = [ffi.from_buffer(data) for data in found]
        self.array = ffi.new("struct attest_bytes[]", [(b, len(d)) for b, d in zip(self.buffers, found, strict=True)])
        self.n = len(found)


_NONE = _Lengths((), "")


def _lengths(values: Any, what: str) -> _Lengths:
    several = each(values)
    return _Lengths(several, what) if several else _NONE


def options_of(at: Time | None, nonce: Nonce | None = None) -> tuple[Any, Any]:
    """A struct attest_options *, and what it points to."""
    challenge = nonce_of(nonce)
    options = ffi.new("struct attest_options *", _OPTIONS)
    options.time = seconds_of(at)
    kept = ffi.NULL if challenge is None else ffi.from_buffer(challenge)
    options.nonce, options.nonce_len = kept, len(challenge or b"")
    return options, kept


class Verifier:
    """Trust anchors and policies. Built once, then shared by any number of threads; C runs without the GIL.

    It keeps a bounded cache of certificates whose path it has verified, so that many proofs of one machine cost less.
    """

    def __init__(
        self,
        policy: Policies | None = None,
        *,
        roots: Roots | None = None,
        default_roots: bool = True,
        reference: Document | Sequence[Document] | None = None,
        policy_keys: Data | Sequence[Data] = (),
    ) -> None:
        """Read what proofs are compared with.

        policy: golden values; all must hold. Without any, every proof is at best inconclusive.
        roots: trusted beside the built-in anchors of the clouds, or, without `default_roots`, instead of them.
        reference: proofs or event logs of a machine you know, to explain mismatches by; they decide nothing.
        policy_keys: public keys in PEM; if there are any, only policies that one of them has signed are taken.

        Raises InvalidPolicy, UsageError, OSError, TypeError.
        """
        self._verifier = new_verifier()
        lib.attest_verifier_use_default_roots(self._verifier, flag(default_roots, "default_roots"))
        for root in each(roots):
            trusted = root if isinstance(root, Root) else Root(root)
            for data, name in _files(trusted.certificates):
                add_roots(self._verifier, data, name, trusted.purpose)
        for key in each(policy_keys):
            demand_signed(self._verifier, *data_of(key, "policy key"))
        for source in each(policy):
            # A signed policy is read with its key alone, so by the verifier, and here.
            given = (source.json, source.name) if isinstance(source, Policy) else document_of(source, "policy")
            add_policy(self._verifier, *given)
        for source in each(reference):
            add_reference(self._verifier, *document_of(source, "reference"))

    def verify(
        self,
        proof: Proof,
        *,
        nonce: Nonce | None = None,
        at: Time | None = None,
        tls_pin: str | None = None,
        tls_exporter: bytes | None = None,
        certificates: Sequence[Data] = (),
        crls: Sequence[Data] = (),
        require_crls: bool = False,
    ) -> Result:
        """Decide a proof. Returns only what is verified; everything else is an exception.

        nonce: 1 to 64 bytes, or hex; without it freshness is not checked. at: the verification time, now if None.
        tls_pin: the attested TLS key must have this pin, "sha256//…". tls_exporter: 32 bytes that this side of a live
        TLS connection exported (RFC 8446, 7.5). certificates: may complete the chain, none becomes a root. crls: what
        they list is refused; with `require_crls` every certificate that names a CRL must be covered by a valid one.

        Raises the class of AttestationError for what was found first, with `result` (errors.py); OSError if a file
        cannot be read; TypeError and UsageError for an argument.
        """
        pin = ffi.NULL if tls_pin is None else c_text(tls_pin, "tls_pin")
        more, revoked = _lengths(certificates, "certificates"), _lengths(crls, "crls")
        options, _kept = options_of(at, nonce)
        options.tls_pin, options.require_crls = pin, flag(require_crls, "require_crls")
        options.certificates, options.n_certificates = more.array, more.n
        options.crls, options.n_crls = revoked.array, revoked.n
        exporter = ffi.NULL if tls_exporter is None else ffi.from_buffer(_exported(tls_exporter))
        options.tls_exporter = exporter
        return self._decided(options, proof)

    def _decided(self, options: Any, proof: Proof) -> Result:
        made = ffi.gc(ffi.new("attest_result **"), lib.attest_result_release)
        error = ffi.new("struct attest_error *")
        if isinstance(proof, Parts):
            parts = _LooseParts(proof)
            name = parts.name
            status = lib.attest_verify_parts(self._verifier, options, parts.struct, made, error)
        else:
            data, name = document_of(proof, "proof")
            status = lib.attest_verify(self._verifier, options, ffi.from_buffer(data), len(data), made, error)
        if made[0] == ffi.NULL:
            fail(status, error, None if name is None else repr(name))
        result = Result(made, name)
        if status != lib.ATTEST_OK:
            refuse(status, result)
        return result


def _exported(value: bytes) -> bytes:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(f"tls_exporter: bytes were expected, not {type(value).__name__}")
    found = exact(value)
    if len(found) != 32:
        raise UsageError(
            "32 bytes were expected", status="ATTEST_E_USAGE", subject="tls_exporter", found=f"{len(found)} bytes"
        )
    return found


class _LooseParts:
    """A struct attest_parts, and the bytes that it points to."""

    def __init__(self, parts: Parts) -> None:
        self.struct = ffi.new("struct attest_parts *", lib.attest_parts_init())
        self.name: str | None = None
        self._buffers = []
        for member in ("quote", "signature", "pcrs", "ak", "ak_chain"):
            value = getattr(parts, member)
            if value is None and member.startswith("ak"):
                continue
            data, name = data_of(value, member)
            self.name = name if member == "quote" else self.name
            self._buffers.append(ffi.from_buffer(data))
            setattr(self.struct, member, (self._buffers[-1], len(data)))
        self._logs = _Lengths(each(parts.logs), "logs")
        self.struct.logs, self.struct.n_logs = self._logs.array, self._logs.n


def verify(
    proof: Proof,
    *,
    policy: Policies | None = None,
    nonce: Nonce | None = None,
    at: Time | None = None,
    roots: Roots | None = None,
    tls_pin: str | None = None,
) -> Result:
    """Decide one proof: Verifier(policy, roots=roots).verify(proof, …). Who has several keeps the Verifier."""
    return Verifier(policy, roots=roots).verify(proof, nonce=nonce, at=at, tls_pin=tls_pin)


def pin_of(certificate_or_key: Data) -> str:
    """The pin, "sha256//…", of a certificate (PEM or DER) or public key (PEM): SHA-256 of its DER SPKI.

    Raises MalformedProof if it is neither, OSError, TypeError.
    """
    data, name = data_of(certificate_or_key, "certificate or key")
    made, error = ffi.new("char[]", lib.ATTEST_PIN_SIZE), ffi.new("struct attest_error *")
    status = lib.attest_pin_of(ffi.from_buffer(data), len(data), made, error)
    if status != lib.ATTEST_OK:
        fail(status, error, "certificate or key" if name is None else repr(name))
    found: str = ffi.string(made).decode()
    return found

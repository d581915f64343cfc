"""Golden values: reading policies, making them, and questioning them. docs/policy.md has the formats."""

from __future__ import annotations

import json as _json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from ._c import add_policy, fail, new_verifier, taken
from ._input import Data, Document, Named, Nonce, Time, c_string, c_text, data_of, document_of, each, flag, seconds_of
from ._native import ffi, lib
from .errors import AttestationError, InvalidPolicy, UsageError
from .result import Verdict

if TYPE_CHECKING:
    from .verifier import Roots, Verifier

Tier = Literal["pins", "events"]
_TIERS: dict[Tier | None, int] = {None: 0, "pins": lib.ATTEST_DERIVE_PINS, "events": lib.ATTEST_DERIVE_EVENTS}


@dataclass(frozen=True)
class Fault:
    """One thing that Policy.lint() says."""

    id: str
    """Stable, such as "cmdline-unpinned" (docs/policy.md)."""
    severity: Literal["error", "warning", "note"]
    where: str
    """JSON path."""
    message: str
    hint: str | None


@dataclass(frozen=True)
class Trial:
    """What became of one proof of Policy.test()."""

    path: Path
    expected: Verdict
    """As the name of its folder says."""
    found: Verdict
    reason: str | None
    """What was found first, for one that came out otherwise and is not verified."""

    @property
    def ok(self) -> bool:
        """Whether it came out as expected."""
        return self.found == self.expected


def _tried(verifier: Verifier, path: Path, expected: Verdict, nonce: Nonce | None, at: int) -> Trial:
    try:
        verifier.verify(path, nonce=nonce, at=at)
    except AttestationError as error:
        if error.result is None:
            raise
        found = error.result.verdict
        return Trial(path, expected, found, None if found == expected else str(error))
    return Trial(path, expected, "verified", None)


class Documents:
    """An array of struct attest_document, and the bytes that it points to."""

    def __init__(self, found: Sequence[Named]) -> None:
        self.n = len(found)
        self._kept = [(ffi.from_buffer(data), c_string(name)) for data, name in found]
        each_one = [(buffer, len(data), name) for (buffer, name), (data, _) in zip(self._kept, found, strict=True)]
        self.array = ffi.new("struct attest_document[]", each_one)


def _text(call: Any, what: str, kind: type[AttestationError] | None = None) -> str:
    """The text that C makes in `call(ret_text, error)`."""
    made, error = ffi.new("char **"), ffi.new("struct attest_error *")
    status = call(made, error)
    if status == lib.ATTEST_E_POLICY_INVALID:
        fail(status, error, what, InvalidPolicy)
    if status != lib.ATTEST_OK:
        fail(status, error, what, kind)
    return taken(made[0])


@dataclass(frozen=True)
class Policy:
    """A policy that the library has read: a libattest-policy-v1, a golden-measurement file or a container map.

    Policy.load() reads one; derive(), predict(), merge() and convert() make one.
    """

    json: bytes
    """As it was given."""
    name: str | None = None
    """What messages call it, such as its file name."""

    def __post_init__(self) -> None:
        if type(self.json) is not bytes:  # a subclass could lie about its length
            raise TypeError(f"policy: bytes were expected, not {type(self.json).__name__}")
        add_policy(new_verifier(), self.json, self.name)

    @classmethod
    def load(cls, source: Document | Policy, name: str | None = None) -> Policy:
        """Read a policy from a path, bytes, text or dict.

        Raises InvalidPolicy, which says what is wrong and where, OSError and TypeError.
        """
        if isinstance(source, Policy):
            return source
        data, path = document_of(source, "policy")
        return cls(data, path if name is None else name)

    @classmethod
    def derive(
        cls,
        proofs: Document | Sequence[Document],
        *,
        tier: Tier | None = None,
        roots: Roots | None = None,
        at: Time | None = None,
        name: str | None = None,
    ) -> Policy:
        """What known-good proofs have in common. tier: "pins" for PCR values alone, "events" for rules wherever logs
        explain a PCR, None for pins where the proofs agree and rules where they differ. Except for "pins", PCR 10
        becomes a list of files where all entries of the file logs can be listed.

        Raises the class of AttestationError that a proof which does not verify would raise; as verify() else.
        """
        from .verifier import Verifier, options_of

        if tier not in _TIERS:
            raise UsageError(
                '"pins", "events" or None was expected', status="ATTEST_E_USAGE", subject="tier", found=repr(tier)
            )
        given = Documents([document_of(proof, "proof") for proof in each(proofs)])
        verifier, (options, _) = Verifier(roots=roots), options_of(at)
        made = _text(
            lambda ret, error: lib.attest_policy_derive(
                verifier._verifier, options, given.array, given.n, _TIERS[tier], ret, error
            ),
            "proof",
        )
        return cls(made.encode(), name)

    @classmethod
    def predict(
        cls,
        uki: Data | None = None,
        *,
        platform: str | None = None,
        bank: str | None = None,
        phases: Sequence[str] | None = None,
        cmdline: str | None = None,
        secure_boot: bool = False,
        texts: Sequence[tuple[int, str]] = (),
        name: str | None = None,
    ) -> Policy:
        """What an image that has never booted will measure: PCR 4, 9, 11, 12 and 13 of a unified kernel image, and the
        PCRs of text events.

        platform: "ovmf" (None) or "azure". bank: "sha256" (None) or another. phases: paths such as
        "enter-initrd:leave-initrd" that may have passed when a proof is made; None for all of systemd's. cmdline: what
        the boot loader hands over. secure_boot: it must be enabled. texts: (PCR, text) in the order of measuring.

        Raises MalformedProof if it is no such image, UsageError, OSError, TypeError.
        """
        image = None if uki is None else data_of(uki, "uki")
        options = ffi.new("struct attest_predict_options *", lib.attest_predict_options_init())
        kept: list[Any] = [ffi.from_buffer(image.data)] if image else []
        if image:
            options.uki, options.uki_len = kept[0], len(image.data)
        for member, value in (("platform", platform), ("bank", bank), ("cmdline", cmdline)):
            if value is not None:
                kept.append(c_text(value, member))
                setattr(options, member, kept[-1])
        label = name if name is not None or image is None else image.name
        if label is not None:
            kept.append(c_string(label))
            options.name = kept[-1]
        paths = [c_text(path, "phases") for path in phases or ()]
        if phases is not None:
            kept.append(ffi.new("char *[]", paths))
            options.phases, options.n_phases = kept[-1], len(paths)
        events = [(pcr, c_string(text)) for pcr, text in texts]
        array = ffi.new("struct attest_text_event[]", events)
        options.texts, options.n_texts = array, len(events)
        options.secure_boot = flag(secure_boot, "secure_boot")
        made = _text(lambda ret, error: lib.attest_policy_predict(options, ret, error), "prediction")
        return cls(made.encode(), name)

    @classmethod
    def open(cls, signed: Document, key: Data, name: str | None = None) -> Policy:
        """The policy inside a signed one, if this public key (PEM) signed it.

        Raises InvalidPolicy or BadSignature, OSError, TypeError.
        """
        found, public = Documents([document_of(signed, "policy")]), data_of(key, "key").data
        buffer = ffi.from_buffer(public)
        made = _text(
            lambda ret, error: lib.attest_policy_open(found.array, buffer, len(public), ret, error), "signed policy"
        )
        return cls(made.encode(), name)

    def explain(
        self, proof: Document, *, roots: Roots | None = None, nonce: Nonce | None = None, at: Time | None = None
    ) -> dict[str, Any]:
        """Why this policy refuses a proof: the rule, the event, the nearest that is allowed, and what would have to
        change. Decides nothing: verify() does. Raises what Verifier() raises for arguments.
        """
        from .verifier import Verifier, options_of

        verifier, given = Verifier(self, roots=roots), Documents([document_of(proof, "proof")])
        options, _kept = options_of(at, nonce)
        told: dict[str, Any] = _json.loads(
            _text(
                lambda ret, error: lib.attest_policy_explain(verifier._verifier, options, given.array, ret, error),
                "proof",
            )
        )
        return told

    def test(
        self,
        folder: str | os.PathLike[str],
        *,
        roots: Roots | None = None,
        nonce: Nonce | None = None,
        at: Time | None = None,
    ) -> tuple[Trial, ...]:
        """Whether this policy still tells known proofs apart: each file in verified/, refused/ and inconclusive/ of a
        folder is verified, and should come out as its folder says. Whatever is no proof counts as refused, so give
        refused/ genuine proofs of the machines that are to be refused.

        Raises UsageError if there is no such file, OSError, and what Verifier() raises for arguments.
        """
        from .verifier import Verifier

        verifier, seconds = Verifier(self, roots=roots), seconds_of(at)
        trials = tuple(
            _tried(verifier, path, expected, nonce, seconds)
            for expected in get_args(Verdict)
            if (place := Path(folder, expected)).is_dir()
            for path in sorted(place.iterdir())
            if path.is_file()
        )
        if not trials:
            raise UsageError(
                "no proof lies there",
                status="ATTEST_E_USAGE",
                subject="folder",
                expected="a folder with proofs in verified/, refused/ or inconclusive/",
                found=repr(os.fspath(folder)),
            )
        return trials

    def show(self) -> str:
        """What the policy says, in words for people."""
        return self._told(lib.attest_policy_show)

    def lint(self, *, at: Time | None = None) -> tuple[Fault, ...]:
        """What is doubtful about it. at: for what expires; now if None."""
        seconds = seconds_of(at)
        given = Documents([self._named])
        told = _text(lambda ret, error: lib.attest_policy_lint(given.array, seconds, ret, error), "policy")
        return tuple(
            Fault(fault["id"], fault["severity"], fault["where"], fault["message"], fault.get("hint"))
            for fault in _json.loads(told)
        )

    def diff(self, other: Policy | Document) -> dict[str, Any]:
        """What `other` allows otherwise than this policy; "equal" is true if they mean the same."""
        a, b = Documents([self._named]), Documents([Policy.load(other)._named])
        told: dict[str, Any] = _json.loads(
            _text(lambda ret, error: lib.attest_policy_diff(a.array, b.array, ret, error), "policy")
        )
        return told

    def merge(self, new: Policy | Document, *, until: Time, name: str | None = None) -> Policy:
        """Both this release, until then, and the new one. Raises InvalidPolicy where they cannot be joined."""
        seconds = seconds_of(until)
        a, b = Documents([self._named]), Documents([Policy.load(new)._named])
        made = _text(lambda ret, error: lib.attest_policy_merge(a.array, b.array, seconds, ret, error), "policies")
        return Policy(made.encode(), name)

    def convert(self) -> Policy:
        """The same as a libattest-policy-v1."""
        return Policy(self._told(lib.attest_policy_convert).encode(), self.name)

    def sign(self, key: Data) -> bytes:
        """A signed policy, for Policy.open() and Verifier(policy_keys=…). key: a private key in PEM, unencrypted.

        Raises UsageError, OSError, TypeError.
        """
        private = data_of(key, "key").data
        buffer, given = ffi.from_buffer(private), Documents([self._named])
        return _text(
            lambda ret, error: lib.attest_policy_sign(given.array, buffer, len(private), ret, error), "key", UsageError
        ).encode()

    @property
    def _named(self) -> Named:
        return Named(self.json, self.name)

    def _told(self, function: Any) -> str:
        given = Documents([self._named])
        return _text(lambda ret, error: function(given.array, ret, error), "policy")


Policies = Policy | Document | Sequence[Policy | Document]
"""One policy or several, all of which must hold."""

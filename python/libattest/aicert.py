"""AICert's build proofs: is one genuine, which inputs and outputs does it bind, and are these files its outputs?

For users of the package `aicert` (docs/migration.md). The proof is verified as any other; what is here reads the events
that the verification has proven. An event is what the machine extended, so that it is *true* follows from the software
that wrote it: `policy` must pin that software (the OS measurements that AICert ships). The format has no nonce: how old
a proof is, it does not say.

    build = libattest.aicert.verify("attestation.json", policy="measurements_azure.json",
                                    containers="container_measurements.json")
    build.check_outputs(".")
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal, TypeAlias, Union

from ._golden import no_policy, require_pins
from ._input import Document, Time, document_of, each, flag
from .errors import LogMismatch, PolicyMismatch, UsageError
from .inspection import inspect as _inspect
from .policy import Policies, Policy
from .result import Result
from .verifier import Roots, Verifier

__all__ = [
    "Build",
    "Claims",
    "Configuration",
    "Image",
    "Output",
    "OutputMismatch",
    "Record",
    "Resource",
    "inspect",
    "verify",
]

Json: TypeAlias = Union[bool, int, float, str, list["Json"], dict[str, "Json"], None]  # noqa: UP007 (3.10)

# Where AICert measures: outputs, inputs, and both before it had an output log. Software can reset the last one.
_OUTPUTS, _INPUTS, _RESETTABLE = 8, 14, 16


class OutputMismatch(PolicyMismatch):
    """A file is not the output that the proof attests, or the proof attests no such output."""


@dataclass(frozen=True)
class Resource:
    """What was fetched for the job (event `input_resource`)."""

    spec: Mapping[str, Json]
    """Where it came from and how, as it was asked for."""
    hash: str
    """What came: "sha1:" and a git commit, or "sha256:" and the hash of a download."""


@dataclass(frozen=True)
class Image:
    """A container image that the job ran (event `input_image`)."""

    name: str
    id: str


@dataclass(frozen=True)
class Configuration:
    """The configuration of a fine-tuning (event `axolotl_configuration`)."""

    content: Json
    hash: str
    """SHA-256, hex, of the YAML file that the server wrote of it; not of the file that was sent."""


@dataclass(frozen=True)
class Output:
    """A file that the job made (event `outputs`)."""

    path: str
    """Relative to the job's folder."""
    hash: str
    """SHA-256 of the file: hex, with "sha256:" before it or not."""


@dataclass(frozen=True)
class Record:
    """What the events of one job say, each kind in the order of measuring."""

    build_requests: tuple[Mapping[str, Json], ...]
    resources: tuple[Resource, ...]
    images: tuple[Image, ...]
    configurations: tuple[Configuration, ...]
    outputs: tuple[Output, ...]
    others: tuple[Mapping[str, Json], ...]
    """All other events whole: timing, compute_consumed, and what stands in a PCR where it does not belong."""


_Fields: TypeAlias = tuple[
    tuple[Mapping[str, Json], ...],
    tuple[Resource, ...],
    tuple[Image, ...],
    tuple[Configuration, ...],
    tuple[Output, ...],
    tuple[Mapping[str, Json], ...],
]
"""Those of a Record."""


@dataclass(frozen=True)
class Claims(Record):
    """What a proof says, NOT VERIFIED: anybody can write a proof that says this."""

    inspection: Mapping[str, object] = field(repr=False)
    """The whole account, as libattest.inspect() gives it."""
    verified: Literal[False] = False


@dataclass(frozen=True)
class Build(Record):
    """What a verified proof binds together."""

    result: Result = field(repr=False)
    """The whole account of the verification."""
    verified: Literal[True] = True

    def check_output(self, path: str | os.PathLike[str], name: str | None = None) -> Output:
        """Compare a file with the attested output of a name, and return that.

        `name` is the output's path in the proof; without it, the file's own name. Raises OutputMismatch; OSError if the
        file cannot be read.
        """
        wanted = os.path.basename(path) if name is None else name
        found = [output for output in self.outputs if output.path == wanted]
        if not found:
            names = [output.path for output in self.outputs]
            raise _mismatch("the proof attests no such output", wanted, expected=ascii(names[:8]))
        if len({output.hash for output in found}) > 1:
            raise _mismatch("the proof attests this output more than once, with different hashes", wanted)
        expected, actual = found[0].hash.lower().removeprefix("sha256:"), _sha256(path)
        if actual != expected:
            raise _mismatch("the file is not the attested output", os.fspath(path), expected=expected, found=actual)
        return found[0]

    def check_outputs(self, folder: str | os.PathLike[str]) -> tuple[Output, ...]:
        """Compare every attested output with the file of its path in a folder. Other files there are not looked at.

        Raises OutputMismatch, also if the proof attests no output, or if a file cannot be read.
        """
        if not self.outputs:
            raise _mismatch("the proof attests no output", os.fspath(folder))
        for output in self.outputs:
            path = PurePosixPath(output.path)
            if path.is_absolute() or ".." in path.parts:
                raise _mismatch("the path of this output leads out of the folder", output.path)
            try:
                self.check_output(os.path.join(folder, *path.parts), output.path)
            except (OSError, ValueError) as error:  # ValueError: no file can have such a name
                raise _mismatch(f"the attested output cannot be read: {error}", output.path) from error
        return self.outputs


def verify(
    proof: Document,
    *,
    policy: Policies | None = None,
    containers: Document | None = None,
    outputs: str | os.PathLike[str] | None = None,
    roots: Roots | None = None,
    at: Time | None = None,
    resettable: bool = False,
) -> Build:
    """Verify a proof of a build or a fine-tuning, and say what it binds.

    `policy` pins the machine's software; `containers` maps image names to ids and must allow every image of the job;
    all must hold. `outputs` is a folder with the job's outputs: see Build.check_outputs(). `roots` and `at` are those
    of libattest.verify(): attestation keys are certified for a year or less, so an older proof holds only at its time.
    `resettable` accepts a proof of the first versions, whose events are in PCR 16: any software of the machine can
    reset that one and write its events anew, so the pins alone must show that none does.

    Raises UsageError (no policy, not an AICert proof), Inconclusive (no PCR is pinned), PolicyMismatch (also: events in
    PCR 16), LogMismatch (also: an event that cannot be read), OutputMismatch, and all that libattest.verify() raises. A
    proof that was made in simulation mode is MalformedProof, always.
    """
    machine = [*each(policy)]
    if not machine:
        raise no_policy()
    maps = [] if containers is None else [Policy.load(document_of(containers, "containers"))]
    flag(resettable, "resettable")
    given = document_of(proof, "proof")
    result = Verifier([*machine, *maps], roots=roots).verify(given, at=at)
    _require_format(result.facts.format)
    require_pins(result)
    build = Build(*_read(_proven(result, _texts(given.data), resettable)), result=result)
    if outputs is not None:
        build.check_outputs(outputs)
    return build


def inspect(proof: Document) -> Claims:
    """What a proof says, whether it is genuine or not: NOTHING of it is verified.

    Raises UsageError (not an AICert proof), MalformedProof (also: simulation mode), LogMismatch (an event that cannot
    be read).
    """
    given = document_of(proof, "proof")
    inspection = _inspect(given)
    _require_format(inspection["source"])
    return Claims(*_read(_texts(given.data)), inspection=inspection)


def _require_format(name: object) -> None:
    if name != "blindllama-v1":
        raise UsageError(
            "proof: this is no proof of AICert",
            status="ATTEST_E_USAGE",
            found=str(name),
            hint="libattest.verify() takes all formats",
        )


def _texts(data: bytes) -> list[tuple[int, str]]:
    """PCR and exact text of every event, of a proof that libattest has parsed: results hold long texts cut off."""
    proof = json.loads(data)
    inputs = _INPUTS if "output_event_log" in proof else _RESETTABLE
    events = [(inputs, text) for text in proof.get("event_log", ())]
    return events + [(_OUTPUTS, text) for text in proof.get("output_event_log", ())]


def _proven(result: Result, texts: list[tuple[int, str]], resettable: bool) -> list[tuple[int, str]]:
    """The texts, if each is that of an event which is proven."""
    digests = {(event.pcr, event.digest) for event in result.events if event.proven}
    for pcr, text in texts:
        if (pcr, hashlib.sha256(text.encode()).hexdigest()) not in digests:
            raise LogMismatch(
                "the verification proves no such event",
                status="ATTEST_E_LOG_MISMATCH",
                step="log",
                result=result,
                where=f"PCR {pcr}",
                found=_shown(text),
                hint="the bank of the policy must be sha256, as AICert has it; a result tells of 8192 events at most",
            )
        if pcr == _RESETTABLE and not resettable:
            raise PolicyMismatch(
                "the events are in PCR 16, which any software of the machine can reset and extend anew",
                status="ATTEST_E_RESETTABLE",
                step="policy",
                result=result,
                where="PCR 16",
                hint="ask for a proof of a version that measures into PCR 14, or give resettable=True where the pinned "
                "PCRs show that no other software can reach the TPM",
            )
    return texts


def _read(texts: Iterable[tuple[int, str]]) -> _Fields:
    requests: list[Mapping[str, Json]] = []
    resources: list[Resource] = []
    images: list[Image] = []
    configurations: list[Configuration] = []
    outputs: list[Output] = []
    others: list[Mapping[str, Json]] = []
    for pcr, text in texts:
        try:
            event = _object(text)
            content, kind = event.get("content"), event.get("event_type")
            if kind == "outputs" and pcr != _INPUTS:
                outputs += [Output(_string(item, "spec", "path"), _hash(item)) for item in _list(content)]
            elif pcr == _OUTPUTS:
                others.append(event)
            elif kind == "build_request":
                requests.append(_mapping(content, "spec", "build_request_proto"))
            elif kind == "input_resource":
                resources.append(Resource(_mapping(content, "spec", "resource_proto"), _hash(content)))
            elif kind == "input_image":
                images.append(Image(_string(content, "spec", "image_name"), _string(content, "resolved", "id")))
            elif kind == "axolotl_configuration":
                configurations.append(Configuration(_at(content, "spec", "config_file"), _hash(content)))
            else:
                others.append(event)
        except (ValueError, RecursionError) as error:
            raise _unreadable(pcr, text, error) from None
    return tuple(requests), tuple(resources), tuple(images), tuple(configurations), tuple(outputs), tuple(others)


def _object(text: str) -> dict[str, Json]:
    """A strict JSON object: a reader who is less strict could see another input in the text."""
    found: Json = json.loads(text, object_pairs_hook=_no_name_twice, parse_constant=_no_number)
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is a ValueError
    return found


def _no_name_twice(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("it names a member twice")
    return dict(pairs)


def _no_number(name: str) -> Json:
    raise ValueError(f"{name} is no JSON")


def _at(value: Json, *names: str) -> Json:
    for name in names:
        if not isinstance(value, dict) or name not in value:
            raise ValueError(f"it has no {'.'.join(names)}")
        value = value[name]
    return value


def _string(value: Json, *names: str) -> str:
    found = _at(value, *names)
    if not isinstance(found, str):
        raise ValueError(f"{'.'.join(names)} is no string")
    return found


def _hash(value: Json) -> str:
    return _string(value, "resolved", "hash")


def _mapping(value: Json, *names: str) -> Mapping[str, Json]:
    found = _at(value, *names)
    if not isinstance(found, dict):
        raise ValueError(f"{'.'.join(names)} is no object")
    return found


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise ValueError("content is no array")
    return value


def _unreadable(pcr: int, text: str, error: Exception) -> LogMismatch:
    return LogMismatch(
        f"an event cannot be read: {error}",
        status="ATTEST_E_LOG_STRUCTURE",
        step="log",
        where=f"PCR {pcr}",
        found=_shown(text),
        hint="libattest.inspect() shows the events as they lie",
    )


def _mismatch(message: str, where: str, expected: str | None = None, found: str | None = None) -> OutputMismatch:
    return OutputMismatch(message, status="ATTEST_E_EVENT", where=_shown(where), expected=expected, found=found)


def _shown(text: str) -> str:
    """A stranger's words, for a message."""
    return ascii(text if len(text) <= 80 else text[:80] + "…")


def _sha256(path: str | os.PathLike[str]) -> str:
    hashing = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            hashing.update(piece)
    return hashing.hexdigest()

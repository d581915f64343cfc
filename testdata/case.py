"""A case: evidence, the verifier's arguments, and what must come of it.

The expected account is derived from two things alone: what the case holds (a log, a TLS key, a policy, …) and which step its
table row says must fail. Steps that need a failed one are `not-checked`; that rule stands here once, in NEEDS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from proof import DOCUMENTS, Evidence, Files, Json, dump, loose_files

STEPS = ("parse", "chain", "ak", "signature", "quote", "nonce", "pcrs", "log", "policy", "tls")
# Which steps must have passed before a step can run. The TLS key in PCR 15 needs the PCR values too (see `needs`).
NEEDS = {
    "nonce": ("signature", "quote"),
    "pcrs": ("signature", "quote"),
    "log": ("pcrs",),
    "policy": ("pcrs",),
    "tls": ("signature", "quote"),
}
EXIT = {"verified": 0, "refused": 1, "inconclusive": 3}
EXIT_USAGE = 2

NOW = 1780272000  # 2026-06-01T00:00:00Z
LOOSE = ("serialized", "values")


@dataclass
class Case:
    """`layout` names a document of proof.py or, for loose tpm2-tools files, the form of the PCR file."""

    evidence: Evidence
    roots: list[str]
    layout: str = "v1"
    at: int = NOW
    nonce: bytes | None = None
    policies: dict[str, Any] = field(default_factory=dict)
    purpose: str | None = None
    pin: str | None = None
    # Known-good proofs and logs in testdata/boot, which explain what differs.
    references: tuple[str, ...] = ()
    # What the caller has besides the proof: PEM certificates, CRLs, and the exporter value of a live TLS session.
    certificates: list[str] = field(default_factory=list)
    crls: list[bytes] = field(default_factory=list)
    require_crls: bool = False
    exporter: bytes | None = None
    edits: list[Callable[[Json], None]] = field(default_factory=list)
    rewrites: list[Callable[[bytes], bytes]] = field(default_factory=list)

    @property
    def has_public(self) -> bool:
        return self.layout == "v1" and self.evidence.public is not None

    @property
    def has_log(self) -> bool:
        return bool(self.evidence.logs or self.evidence.raw_log or self.evidence.foreign.get("event_log") or self.foreign_ca)

    @property
    def foreign_ca(self) -> str:
        members = self.evidence.foreign
        return str(members.get("webserver_rootca") or members.get("ca_cert") or "")

    @property
    def binding(self) -> str:
        """How a TLS key is bound: "pcr", "quote" or, without one, nothing."""
        if self.evidence.tls and self.layout == "v1":
            return str(self.evidence.tls["binding"])
        return "pcr" if self.foreign_ca else ""

    @property
    def tls_optional(self) -> bool:
        return any(isinstance(policy, dict) and policy.get("tls") == "optional" for policy in self.policies.values())

    @property
    def names_platforms(self) -> bool:
        """A rule about platforms needs a valid chain to say which platform it is."""
        return any(isinstance(policy, dict) and "platforms" in policy for policy in self.policies.values())


@dataclass(frozen=True)
class Row:
    """One line of a table: `change` turns the table's good case into this one.

    `messages` must stand in the report for people. `events` are parts of texts of events that must be told, each with
    whether the text is proven; `software` are kinds of statements, likewise.

    `fails` and `unchecked` name steps; `verdict` is given where no step fails: "refused" for something required that is
    missing, "usage" for a policy that is none.
    """

    name: str
    about: str
    change: Callable[[Any, Case], None] | None = None
    fails: str = ""
    unchecked: str = ""
    verdict: str = ""
    messages: tuple[str, ...] = ()
    events: tuple[tuple[str, bool], ...] = ()
    software: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True)
class Table:
    """`fails` holds for every row that does not say otherwise."""

    base: Callable[[Any], Case]
    rows: tuple[Row, ...]
    fails: str = ""


def expected(case: Case, row: Row, table_fails: str) -> Json:
    if row.verdict == "usage":
        return {"verdict": None, "exit": EXIT_USAGE, "steps": {}}
    failed = tuple((row.fails or ("" if row.verdict or row.unchecked else table_fails)).split())
    steps = statuses(case, failed, tuple(row.unchecked.split()))
    verdict = row.verdict or verdict_of(case, failed)
    account: Json = {"verdict": verdict, "exit": EXIT[verdict], "steps": steps}
    if len(failed) == 1:
        account["only"] = failed[0]
    if row.events:
        account["events"] = [{"text": text, "proven": proven} for text, proven in row.events]
    if row.software:
        account["software"] = [{"what": what, "proven": proven} for what, proven in row.software]
    if row.messages:
        account["messages"] = list(row.messages)
    return account


def verdict_of(case: Case, failed: tuple[str, ...]) -> str:
    if failed:
        return "refused"
    return "verified" if case.policies else "inconclusive"


def statuses(case: Case, failed: tuple[str, ...], unchecked: tuple[str, ...]) -> dict[str, str]:
    steps = dict.fromkeys(STEPS, "not-checked")
    for step in STEPS:
        if step in failed:
            steps[step] = "failed"
            if step == "parse":
                return steps
        elif absent := status_if_absent(case, step):
            steps[step] = absent
        elif step not in unchecked and all(steps[other] == "passed" for other in needs(case, step)):
            steps[step] = "passed"
    return steps


def needs(case: Case, step: str) -> tuple[str, ...]:
    if step == "tls" and case.binding:
        return ("pcrs",)
    if step == "policy" and case.names_platforms:
        return ("pcrs", "chain")
    return NEEDS.get(step, ())


def status_if_absent(case: Case, step: str) -> str:
    """The status of a step that has nothing to look at, or "" where there is something."""
    loose_key = case.layout in LOOSE and not case.evidence.chain
    absences = {
        "chain": "not-present" if loose_key else "",
        "ak": "" if case.has_public else "not-present",
        "nonce": "" if case.nonce is not None else "not-checked",
        "log": "" if case.has_log else "not-present",
        "policy": "" if case.policies else "not-checked",
        "tls": "" if case.binding else ("not-required" if case.tls_optional else "not-present"),
    }
    return absences.get(step, "")


def write(case: Case, row: Row, table_fails: str, explanations: Json | None) -> Files:
    """All files of the case's folder. `explanations` are the words that a refusal was last recorded with."""
    about: Json = {"about": row.about}
    files: Files = {}
    if case.layout in LOOSE:
        evidence = case.evidence
        if case.layout == "serialized":
            pcr_file = evidence.pcr_file
        else:
            pcr_file = b"".join(value for values in evidence.pcrs.values() for value in values.values())
        about["parts"], files = loose_files(evidence, pcr_file)
    else:
        about["proof"], files["proof.json"] = "proof.json", document(case)
    about["at"] = case.at
    if case.nonce is not None:
        about["nonce"] = case.nonce.hex()
    if case.policies:
        about["policies"] = list(case.policies)
        files |= {name: content if isinstance(content, bytes) else dump(content) for name, content in case.policies.items()}
    about["roots"] = [f"../../../testdata/ca/{name}.pem" for name in case.roots]
    if case.references:
        about["references"] = [f"../../../testdata/boot/{name}" for name in case.references]
    about |= given(case, files)
    about |= {key: value for key, value in (("root_purpose", case.purpose), ("pin", case.pin)) if value is not None}
    about["expect"] = expected(case, row, table_fails)
    if explanations and about["expect"]["verdict"] != "verified":
        about["expect"]["explanations"] = explanations
    return {"case.json": dump(about), **files}


def given(case: Case, files: Files) -> Json:
    """What the caller has besides the proof; adds its files."""
    about: Json = {}
    for key, contents in (("certificates", [pem.encode() for pem in case.certificates]), ("crls", case.crls)):
        if contents:
            about[key] = [f"{key}-{number}" for number in range(len(contents))]
            files |= dict(zip(about[key], contents, strict=True))
    if case.require_crls:
        about["require_crls"] = True
    if case.exporter is not None:
        about["tls_exporter"] = case.exporter.hex()
    return about


def document(case: Case) -> bytes:
    proof = DOCUMENTS[case.layout](case.evidence)
    for edit in case.edits:
        edit(proof)
    data = dump(proof)
    for rewrite in case.rewrites:
        data = rewrite(data)
    return data

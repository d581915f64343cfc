"""Policies that the evidence does not meet, and policies that are none."""

from __future__ import annotations

from collections.abc import Callable

from case import Case, Row, Table
from lab import Lab, golden, pin, policy
from proof import dump
from structures import digest

Change = Callable[[Lab, Case], None]
OTHER = digest("sha256", b"another boot").hex()
ZERO = "00" * 32


def pin_two(second: object) -> Change:
    """PCR 0 as quoted, PCR 4 something else."""

    def change(_: Lab, case: Case) -> None:
        policy(case, bank="sha256", pcrs={"0": case.evidence.pcrs["sha256"][0].hex(), "4": second})

    return change


def unquoted_zero(_: Lab, case: Case) -> None:
    """PCR 23 is zero, but nobody has signed that."""
    policy(case, bank="sha256", pcrs={"0": case.evidence.pcrs["sha256"][0].hex(), "23": "zero"}, resettable_pcrs="accept")


def other_bank(lab: Lab, case: Case) -> None:
    policy(case, bank="sha384", pcrs={"0": lab.enter("server")["sha384"][0].hex()})


def pinned(*indices: int, **members: object) -> Change:
    def change(_: Lab, case: Case) -> None:
        pin(case, "sha256", *indices, **members)

    return change


def golden_with(**values: str) -> Change:
    def change(_: Lab, case: Case) -> None:
        case.policies = {"golden.json": golden(case, 0, 1)}
        case.policies["golden.json"]["measurements"].update({name.removeprefix("pcr"): value for name, value in values.items()})

    return change


def golden_resettable(_: Lab, case: Case) -> None:
    case.policies = {"golden.json": golden(case, 0, 16)}


def second_differs(_: Lab, case: Case) -> None:
    case.policies["second.json"] = {"measurements": {"1": OTHER}}


def nonce_required(_: Lab, case: Case) -> None:
    pin(case, "sha256", 0, nonce="required")
    case.nonce = None


def text(data: bytes) -> Change:
    """Any bytes as the policy file."""

    def change(_: Lab, case: Case) -> None:
        case.policies = {"policy.json": data}

    return change


def written(**members: object) -> Change:
    """A policy with these members, right or wrong; None takes a member away."""

    def change(_: Lab, case: Case) -> None:
        value = {"format": "libattest-policy-v1", "bank": "sha256", "pcrs": {"0": case.evidence.pcrs["sha256"][0].hex()}, **members}
        case.policies = {"policy.json": {name: member for name, member in value.items() if member is not None}}

    return change


def twice(_: Lab, case: Case) -> None:
    written()(_, case)
    data = dump(case.policies["policy.json"])
    case.policies = {"policy.json": data.replace(b'"bank":', b'"bank": "sha1",\n "bank":')}


def usage(name: str, about: str, change: Change) -> Row:
    return Row(name, about, change, verdict="usage")


ROWS = (
    Row("policy-pin-differs", "A pinned PCR has another value.", pin_two(OTHER)),
    Row("policy-pin-list-differs", "A PCR has none of the values of its list.", pin_two([ZERO, OTHER])),
    Row("policy-pin-not-zero", "A PCR that must be zero is not.", pin_two("zero")),
    Row("policy-pin-not-quoted", "A pinned PCR is not quoted, though it has that value.", unquoted_zero),
    Row("policy-bank-not-quoted", "The policy names a bank that is not quoted.", other_bank),
    Row(
        "policy-platform", "The policy allows other platforms than an added anchor.", pinned(0, platforms=["azure", "gcp", "aws", "vendor"])
    ),
    Row("policy-golden-differs", "A golden measurement differs.", golden_with(pcr4=OTHER)),
    Row("policy-golden-not-quoted", "A golden measurement is of a PCR that is not quoted.", golden_with(pcr12=ZERO)),
    Row("policy-second-differs", "Of two policies the second does not hold.", second_differs),
    Row("policy-nonce-required", "A nonce is required and the caller gives none.", nonce_required, verdict="refused"),
    Row("policy-tls-required", "A TLS key is required and the proof has none.", pinned(0, tls="required"), fails="tls"),
    usage("policy-empty", "A policy without any pin, rule or requirement.", written(bank=None, pcrs=None, name="nothing")),
    usage("policy-empty-pcrs", "A policy whose list of pins is empty.", written(pcrs={})),
    usage("policy-empty-golden", "A golden file without any measurement.", text(b'{"measurements": {}}\n')),
    usage("policy-not-json", "The policy is no JSON.", text(b"pcrs: {0: zero}\n")),
    usage("policy-empty-file", "The policy file is empty.", text(b"")),
    usage("policy-unknown-format", "The policy's format is unknown.", written(format="libattest-policy-v9")),
    usage("policy-unknown-member", "The policy has a member that does not exist.", written(pcr={"1": "zero"})),
    usage("policy-unknown-bank", "The policy names a bank that does not exist.", written(bank="sha257")),
    usage("policy-unknown-platform", "The policy names a platform that does not exist.", written(platforms=["azur"])),
    usage("policy-unknown-value", "A requirement is neither required nor optional.", written(tls="maybe")),
    usage("policy-index-32", "The policy pins PCR 32.", written(pcrs={"32": "zero"})),
    usage("policy-index-00", "The policy pins PCR 00.", written(pcrs={"00": "zero"})),
    usage("policy-bad-hex", "A pin is no hexadecimal number.", written(pcrs={"0": "zz" * 32})),
    usage("policy-wrong-size", "A pin has the size of another bank's.", written(pcrs={"0": "00" * 20})),
    usage("policy-wrong-type", "A pin is a number.", written(pcrs={"0": 0})),
    usage("policy-duplicate-key", "The policy names its bank twice.", twice),
)
RESETTABLE = (
    Row("policy-pcr16", "PCR 16 is pinned as quoted, but it can be reset.", pinned(0, 16)),
    Row("policy-pcr23", "PCR 23 is pinned as quoted, but it can be reset.", pinned(0, 23)),
    Row("policy-pcr16-refuse", "The same, and the policy says so itself.", pinned(0, 16, resettable_pcrs="refuse")),
    Row("policy-golden-pcr16", "A golden file pins PCR 16.", golden_resettable),
)

TABLES = [
    Table(Lab.plain, ROWS, "policy"),
    Table(lambda lab: lab.plain(selection="sha256:0-23"), RESETTABLE, "policy"),
]

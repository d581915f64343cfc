"""The verbs of Policy: what they make, and how they refuse. What they decide is tested in C and with the command."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import libattest
import pytest
from libattest import BadSignature, InvalidPolicy, LogMismatch, MalformedProof, PolicyMismatch, StaleProof, UsageError

ROOT = Path(__file__).parent.parent.parent
DEMO = ROOT / "testdata" / "demo"
BOOTS = ROOT / "tests" / "cases"
AT = 1780272000
PINS: dict[str, Any] = {"format": "libattest-policy-v1", "name": "machine", "pcrs": {"4": "ab" * 32}}


def boot(name: str) -> tuple[Path, dict[str, Any]]:
    folder = BOOTS / name
    case = json.loads((folder / "case.json").read_text())
    return folder / case["proof"], {"roots": [folder / root for root in case["roots"]], "at": case["at"]}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("keys")
    private, public = folder / "key.pem", folder / "public.pem"
    subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "ed25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    return private, public


@pytest.mark.parametrize("tier", [None, "pins", "events"])
def test_a_derived_policy_holds_for_its_proofs_and_for_no_other_kernel(tier: Any) -> None:
    proof, given = boot("boot-good")
    policy = libattest.Policy.derive(proof, tier=tier, name="derived", **given)
    assert libattest.verify(proof, policy=policy, **given).verified
    other, given = boot("boot-kernel")
    with pytest.raises(PolicyMismatch) as refusal:
        libattest.verify(other, policy=policy, **given)
    assert refusal.value.step == "policy"


def test_derive_from_several() -> None:
    proof, given = boot("boot-good")
    policy = libattest.Policy.derive([proof, proof.read_bytes()], **given)
    assert len(json.loads(policy.json)["origin"]["proofs"]) == 2


def test_nothing_is_derived_from_a_proof_that_does_not_verify() -> None:
    proof, given = boot("boot-event-dropped")
    with pytest.raises(LogMismatch):
        libattest.Policy.derive(proof, **given)
    with pytest.raises(UsageError):
        libattest.Policy.derive([], **given)
    with pytest.raises(UsageError, match="pins"):
        libattest.Policy.derive(proof, tier="all", **given)  # type: ignore[arg-type]


def test_explain() -> None:
    proof, given = boot("boot-kernel")
    told = libattest.Policy.load(PINS).explain(proof, **given)
    assert told["verdict"] == "refused"
    assert "PCR 4" in json.dumps(told)
    good, given = boot("boot-good")
    assert libattest.Policy.derive(good, **given).explain(good, **given)["verdict"] == "verified"
    assert "nonce" in json.dumps(libattest.Policy.load(PINS).explain(good, nonce="0123456789abcdef", **given))


def test_test(tmp_path: Path) -> None:
    good, given = boot("boot-good")
    kernel, _ = boot("boot-kernel")
    policy = libattest.Policy.derive(good, name="derived", **given)
    with pytest.raises(UsageError, match="verified/"):
        policy.test(tmp_path, **given)
    for path in ("verified/b", "verified/{a", "refused/b", "inconclusive/no-proof", "verified/folder/not-looked-at"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(good.read_bytes())
    (tmp_path / "verified/{a").write_bytes(kernel.read_bytes())
    (tmp_path / "inconclusive/no-proof").write_text("no proof")
    trials = policy.test(str(tmp_path), **given)
    assert [(str(t.path.relative_to(tmp_path)), t.expected, t.found, t.ok) for t in trials] == [
        ("verified/b", "verified", "verified", True),
        ("verified/{a", "verified", "refused", False),
        ("refused/b", "refused", "verified", False),
        ("inconclusive/no-proof", "inconclusive", "refused", False),
    ]
    assert [bool(t.reason) for t in trials] == [False, True, False, True]
    assert "derived" in str(trials[1].reason)
    assert {t.found for t in policy.test(tmp_path, nonce=b"x" * 8, **given)} == {"refused"}
    demands = libattest.Policy.load({"format": "libattest-policy-v1", "platforms": ["added"]})
    undecided = demands.test(tmp_path, **given)[0]
    assert (undecided.found, undecided.ok, bool(undecided.reason)) == ("inconclusive", False, True)


@pytest.mark.parametrize("wrong", [{"nonce": "no hex"}, {"at": "never"}, {"roots": b"no root"}])
def test_test_holds_no_proof_against_wrong_arguments(tmp_path: Path, wrong: dict[str, Any]) -> None:
    (tmp_path / "refused").mkdir()
    (tmp_path / "refused/proof").write_text("no proof")
    with pytest.raises(UsageError):
        libattest.Policy.load(PINS).test(tmp_path, **wrong)
    (tmp_path / "refused/proof").chmod(0)
    if not os.access(tmp_path / "refused/proof", os.R_OK):
        with pytest.raises(PermissionError):
            libattest.Policy.load(PINS).test(tmp_path)


def test_predict() -> None:
    texts = [(14, '{"type":"weights","name":"m","digest":"sha256:00"}'), (14, "x")]
    policy = libattest.Policy.predict(texts=texts, name="workload")
    made = json.loads(policy.json)
    assert made["pcrs"]["14"]
    assert [rule["text"] for rule in made["events"]["14"]["rules"]] == [text for _, text in texts]
    assert json.loads(libattest.Policy.predict(texts=texts, bank="sha1").json)["bank"] == "sha1"
    with pytest.raises(MalformedProof):
        libattest.Policy.predict(b"no image", cmdline="quiet", phases=[""], secure_boot=True, platform="azure")
    odd: tuple[dict[str, Any], ...] = (
        {},
        {"texts": texts, "bank": "md5"},
        {"texts": texts, "platform": "elsewhere"},
        {"texts": [(99, "x")]},
    )
    for wrong in odd:
        with pytest.raises(UsageError):
            libattest.Policy.predict(**wrong)


def test_show_is_for_people() -> None:
    told = libattest.Policy.load(PINS).show()
    assert "machine" in told
    assert "PCR 4" in told


def test_lint() -> None:
    faults = libattest.Policy.load({**PINS, "bank": "sha1", "pcrs": {"4": "ab" * 20, "5": "ignore"}}).lint(at=AT)
    assert len({fault.id for fault in faults}) > 2
    assert all(fault.where.startswith("$") and fault.message for fault in faults)
    assert {fault.severity for fault in faults} <= {"error", "warning", "note"}
    assert any(fault.where == "$.pcrs.5" for fault in faults)


def test_diff() -> None:
    policy = libattest.Policy.load(PINS)
    assert policy.diff({**PINS, "comment": "the same"})["equal"]
    assert not policy.diff({**PINS, "pcrs": {"4": "cd" * 32}})["equal"]


def test_merge_lets_both_hold() -> None:
    proof, given = boot("boot-good")
    current = libattest.Policy.derive(proof, tier="pins", name="current", **given)
    old = {**PINS, "platforms": ["added"]}
    both = libattest.Policy.load(old).merge(current, until=AT + 1)
    assert json.loads(both.json)["releases"][0]["name"] == "machine"
    assert libattest.verify(proof, policy=both, **given).verified
    with pytest.raises(InvalidPolicy):
        libattest.Policy.load(PINS).merge({**PINS, "bank": "sha1", "pcrs": {"4": "ab" * 20}}, until=AT)


def test_convert() -> None:
    golden = {"measurements": {"4": "ab" * 32}}
    made = json.loads(libattest.Policy.load(golden).convert().json)
    assert made["format"] == "libattest-policy-v1"
    assert made["pcrs"] == golden["measurements"]


def test_signed_policies(keys: tuple[Path, Path]) -> None:
    private, public = keys
    policy = libattest.Policy.load(DEMO / "policy.json")
    signed = policy.sign(private)
    assert libattest.Policy.open(signed, public).json == policy.json
    given: dict[str, Any] = {"roots": DEMO / "root.pem"}
    assert libattest.Verifier(signed, policy_keys=public, **given).verify(DEMO / "proof.json", at=AT).verified
    with pytest.raises(InvalidPolicy):
        libattest.Verifier(policy, policy_keys=[public], **given)
    with pytest.raises(InvalidPolicy):
        libattest.Verifier(signed, **given)
    with pytest.raises(InvalidPolicy):
        libattest.Policy.load(signed)
    changed = json.loads(signed)
    changed["signature"] = changed["signature"][:-8] + "AAAAAA=="
    with pytest.raises(BadSignature):
        libattest.Policy.open(changed, public)
    with pytest.raises(UsageError):
        libattest.Verifier(signed, policy_keys=b"no key", **given)
    with pytest.raises(UsageError):
        policy.sign(public)
    with pytest.raises(StaleProof):
        libattest.Verifier(signed, policy_keys=public, **given).verify(DEMO / "proof.json", at=AT, nonce=b"x" * 8)

"""The demo: one proof with everything in it and its policy, a BlindLlama twin for the benchmark, and known-good boots."""

from __future__ import annotations

from case import document
from lab import Lab, golden
from proof import Files, dump


def make(lab: Lab) -> Files:
    server = lab.full()
    server.evidence.chain.append(lab.azure.root.pem)
    server.evidence.extra = {"created": "2026-06-01T00:00:00Z", "metadata": {"note": "made by a software TPM"}}
    twin = lab.blindllama()
    return {
        "proof.json": document(server),
        "policy.json": dump(demo_policy(server.evidence.pcrs["sha256"])),
        "root.pem": lab.azure.root.pem.encode(),
        "blindllama.json": document(twin),
        "blindllama-golden.json": dump(golden(twin, 0, 1, 2, 3, 4, 12, 13)),
    }


def references(lab: Lab) -> Files:
    """A machine that is known to be good: its whole proof, its policy, and its event log as it lies in the machine."""
    good = lab.booted("plain-again")
    return {
        "known-good.json": document(good),
        "known-good-policy.json": dump(good.policies["policy.json"]),
        "known-good.bin": lab.machines["plain-again"].logs["tcg"],
        "secure-boot.bin": lab.machines["secure-boot"].logs["tcg"],
    }


def demo_policy(values: dict[int, bytes]) -> dict[str, object]:
    """The pins of the demo server: its boot, and the workload that PCR 14 stands for."""
    return {
        "format": "libattest-policy-v1",
        "name": "demo server 1.4",
        "platforms": ["added"],
        "bank": "sha256",
        "pcrs": {str(index): values[index].hex() for index in (*range(8), 14)},
        "tls": "required",
    }

"""The demo: one proof with everything in it and its policy, and a BlindLlama twin for the benchmark."""

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

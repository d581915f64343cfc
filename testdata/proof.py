"""What a prover holds, and the files in which it hands that over: our own proof format and the foreign ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from structures import PcrValues, Selection, ordered_values, serialized_pcrs

Json = dict[str, Any]
Files = dict[str, bytes]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def dump(value: object) -> bytes:
    return json.dumps(value, indent=1).encode() + b"\n"


def pem_to_der(pem: str) -> bytes:
    return base64.b64decode("".join(pem.splitlines()[1:-1]))


@dataclass
class Evidence:
    """`selection` is the one the TPM signed; `pcrs` is the prover's word. Foreign formats keep their own members apart."""

    attest: bytes
    signature: bytes
    selection: Selection
    pcrs: PcrValues
    chain: list[str]
    public: bytes | None = None
    logs: list[Json] = field(default_factory=list)
    tls: Json | None = None
    nonce: bytes | None = None
    extra: Json = field(default_factory=dict)
    foreign: Json = field(default_factory=dict)
    ak_pem: bytes | None = None
    # A log as its file lies in the machine, for loose files.
    raw_log: bytes = b""
    pcr_file: bytes = b""

    def serialize(self) -> None:
        """Fill `pcr_file` from the values, in the order of the signed selection."""
        self.pcr_file = serialized_pcrs(self.selection, ordered_values(self.selection, self.pcrs))


def libattest_v1(evidence: Evidence) -> Json:
    pcrs = {bank: {str(index): value.hex() for index, value in values.items()} for bank, values in evidence.pcrs.items()}
    ak: Json = {"certificates": evidence.chain}
    if evidence.public is not None:
        ak["public"] = b64(evidence.public)
    proof: Json = {
        "format": "libattest-proof-v1",
        "quote": {"attest": b64(evidence.attest), "signature": b64(evidence.signature), "pcrs": pcrs},
        "ak": ak,
    }
    if evidence.logs:
        proof["logs"] = evidence.logs
    if evidence.tls:
        proof["tls"] = evidence.tls
    if evidence.nonce is not None:
        proof["nonce"] = evidence.nonce.hex()
    return proof | evidence.extra


def blindllama_v2(evidence: Evidence) -> Json:
    quote = {"message": b64(evidence.attest), "signature": b64(evidence.signature), "pcr": b64(evidence.pcr_file)}
    return {"cert_chain": evidence.chain, "quote": quote, **evidence.foreign}


def aicert(evidence: Evidence, intermediates_in_pem: bool = False) -> Json:
    """BlindLlama v1 and AICert: the leaf in DER, the others in DER or, as other provers do it, in PEM."""
    leaf, *others = evidence.chain
    chain = [pem_to_der(leaf)] + [pem.encode() if intermediates_in_pem else pem_to_der(pem) for pem in others]
    parts = {"message": evidence.attest, "signature": evidence.signature, "pcr": evidence.pcr_file}
    attestation = {
        "quote": {name: {"base64": b64(data)} for name, data in parts.items()},
        "cert_chain": [{"base64": b64(der)} for der in chain],
    }
    return {**evidence.foreign, "remote_attestation": attestation}


def aicert_with_pem(evidence: Evidence) -> Json:
    return aicert(evidence, intermediates_in_pem=True)


DOCUMENTS: dict[str, Callable[[Evidence], Json]] = {
    "v1": libattest_v1,
    "blindllama-v2": blindllama_v2,
    "aicert": aicert,
    "aicert-pem": aicert_with_pem,
}


def loose_files(evidence: Evidence, pcr_file: bytes) -> tuple[Json, Files]:
    """The files of `tpm2_quote` as they lie; the first result is the `parts` member of case.json."""
    parts = {"quote": "q.msg", "signature": "q.sig", "pcrs": "q.pcrs"}
    files = {"q.msg": evidence.attest, "q.sig": evidence.signature, "q.pcrs": pcr_file}
    if evidence.ak_pem:
        parts["ak"], files["ak.pem"] = "ak.pem", evidence.ak_pem
    if evidence.chain:
        parts["ak_cert"], files["chain.pem"] = "chain.pem", "".join(evidence.chain).encode()
    if evidence.logs:
        parts["log"], files["log.json"] = "log.json", dump(evidence.logs[0])
    if evidence.raw_log:
        parts["log"], files["log.bin"] = "log.bin", evidence.raw_log
    return parts, files

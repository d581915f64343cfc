"""What the tests of the SDKs' successors share: a BlindLlama server and a job of AICert on software TPMs."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "testdata"))

import lab
from net_server import Identity, Prover, Request, Tpm, answer, self_signed_authority
from proof import aicert as document
from structures import digest

Json = dict[str, Any]
GENERATE = "/v2/models/ensemble/generate"


class Bench:
    """A software TPM that has measured a CA, and servers under it and under others."""

    def __init__(self, folder: Path, tpm: Tpm) -> None:
        self.folder, self.prover = folder, Prover(tpm, folder)
        name = "BlindLlama's CA"
        self.authority, self.hostile = self_signed_authority(name), self_signed_authority(name)
        self.hostile_pem = folder / "hostile.pem"
        self.hostile_pem.write_text(self.hostile.pem)
        self.good = Identity(folder, "good", self.authority)
        self.named = Identity(folder, "named", self.authority, "enclave.example")
        self.bad = Identity(folder, "bad", self.hostile)
        self.alone = Identity(folder, "alone")
        tpm.boot(lab.extends_of({15: [digest("sha256", self.authority.pem.encode())], 16: ["{}"]}))
        evidence = self.prover._evidence("sha256:0-15", b"")
        evidence.foreign = {"ca_cert": self.authority.pem}
        self.proof_v1 = json.dumps(document(evidence)).encode()
        self.prover.boot_blindllama(self.authority)
        self.proof = self.prover.blindllama_proof(self.authority)
        self.root_hash = {"application_disk_roothash": lab.ROOT_HASH.hex()}
        self.answer: Callable[[Request], bytes] = self.predicted

    @property
    def given(self) -> Json:
        return {"policy": [self.prover.golden, self.root_hash], "roots": self.prover.root}

    def handler(self, request: Request) -> bytes:
        proofs = {"/attestation.json": self.proof, "/aTLS": self.proof_v1}
        return answer("200 OK", proofs[request.path]) if request.path in proofs else self.answer(request)

    def predicted(self, request: Request) -> bytes:
        said: object = [{"generated_text": " a prediction "}]
        if request.path == GENERATE:
            said = {"text_output": " a prediction\n"}
        return answer("200 OK", json.dumps(said).encode(), "Content-Type: application/json")


CONFIGURATION: Json = {"base_model": "Größe\\x41 \N{SNOWMAN}", "datasets": [{"path": f"data/{i}"} for i in range(500)]}


def event(kind: str, content: object) -> str:
    return json.dumps({"event_type": kind, "content": content})


def make_job(folder: Path) -> Json:
    """What verify() takes of a job with outputs, and the folder in which they are."""
    (folder / "out/sub").mkdir(parents=True)
    outputs = []
    for path, prefix in (("model.zip", ""), ("sub/adapter.bin", "sha256:")):
        (folder / "out" / path).write_bytes(path.encode() * 100000)
        outputs.append((path, prefix + hashlib.sha256(path.encode() * 100000).hexdigest()))
    image = {"spec": {"image_name": "registry.example/axolotl:1"}, "resolved": {"id": "sha256:" + "1a" * 32}}
    data = {"resource_type": "dataset", "repo": "https://git.example/data"}
    attested = [{"spec": {"path": path}, "resolved": {"hash": digest}} for path, digest in outputs]
    content = {"spec": {"config_file": CONFIGURATION}, "resolved": {"hash": "ab" * 32}}
    logs = {
        "event_log": [
            json.dumps({"event_type": "axolotl_configuration", "content": content}, ensure_ascii=False),
            event("input_image", image),
            event("input_resource", {"spec": {"resource_proto": data}, "resolved": {"hash": "sha1:" + "5a" * 20}}),
            event("timing", {"spec": {"finetune_time": 1.5}}),
        ],
        "output_event_log": [event("outputs", attested)],
    }
    with Tpm(folder) as tpm:
        prover = Prover(tpm, folder)
        tpm.boot(lab.extends_of({14: list(logs["event_log"]), 8: list(logs["output_event_log"])}))
        evidence = prover._evidence("sha256:0-8,14-16+sha384:4", b"")
        evidence.foreign = dict(logs)
        proof = document(evidence)
    pins = {bank: {"4": evidence.pcrs[bank][4].hex()} for bank in ("sha256", "sha384")}
    return {
        "proof": proof,
        "policy": {"measurements": pins["sha256"]},
        "containers": {"registry.example/axolotl:1": "sha256:" + "1a" * 32},
        "roots": prover.root,
        "folder": folder / "out",
        "pins": pins,
    }

"""The laboratory: one TPM, its keys, its boots, the authorities that certify it, and the good cases that all others start from."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import ca
import eventlog
import machine
import structures
from case import Case
from proof import Evidence, Json, b64
from structures import PcrValues, Selection, digest
from tpm import UNRESTRICTED, Extends, Key, Tpm

NONCE = hashlib.sha256(b"libattest test nonce").digest()
BANKS = ("sha1", "sha256", "sha384")
BOOT_PCRS = "sha256:0-7"
SERVER_PCRS = "sha256:0-7,14,15"
ROOT_HASH = digest("sha256", b"libattest test application disk")

# name -> (tpm2_create -G, scheme, hash); the first four meet every shape of chain.
ALGORITHMS = {
    "rsassa": ("rsa2048", "rsassa", "sha256"),
    "rsapss": ("rsa2048", "rsapss", "sha256"),
    "p256": ("ecc256", "ecdsa", "sha256"),
    "p384": ("ecc384", "ecdsa", "sha384"),
    "rsassa-sha384": ("rsa2048", "rsassa", "sha384"),
    "rsassa-sha512": ("rsa2048", "rsassa", "sha512"),
    "rsa3072": ("rsa3072", "rsassa", "sha256"),
    "p521": ("ecc521", "ecdsa", "sha512"),
    "other": ("rsa2048", "rsassa", "sha256"),
    "rsa1024": ("rsa1024", "rsassa", "sha256"),
}
MATRIX = tuple(ALGORITHMS)[:4]

# An item of a boot: a text, measured by each bank's hash of it; a SHA-256 digest that is extended as it is; or a text by bank.
Item = str | bytes | Mapping[str, str | bytes]
State = dict[int, list[Item]]


def event(kind: str, name: str, content: bytes) -> str:
    """One text event; `content` is what was measured."""
    return json.dumps({"type": kind, "name": name, "digest": "sha256:" + hashlib.sha256(content).hexdigest()})


def text_log(pcr: int, events: list[str]) -> Json:
    return {"format": "text-events", "pcr": pcr, "events": events}


def tls_binding(nonce: bytes, spki: bytes, exporter: bytes = b"") -> bytes:
    """extraData of the binding "quote"."""
    label = b"libattest quote v1\0"
    return digest("sha256", label + struct.pack(">H", len(nonce)) + nonce + digest("sha256", spki) + exporter)


WORKLOAD = [
    event("config", "server.json", b"max_tokens = 512"),
    event("image", "registry.example/llm-server:1.4", b"image 1.4"),
    event("weights", "model-8b.safetensors", b"weights of 8b"),
]
LISTENER = event("config", "listener", b"port 443")
SEPARATOR = event("separator", "end of measurements", b"")
BUILD_IMAGE = ("registry.example/finetune:2.0", "sha256:" + hashlib.sha256(b"image 2.0").hexdigest())


def aicert_event(kind: str, content: object) -> str:
    return json.dumps({"event_type": kind, "content": content})


BUILD_EVENTS = [
    aicert_event("build_request", {"spec": {"build_request_proto": {"framework": "axolotl"}}}),
    aicert_event("input_image", {"spec": {"image_name": BUILD_IMAGE[0]}, "resolved": {"id": BUILD_IMAGE[1]}}),
    aicert_event(
        "input_resource",
        {"spec": {"resource_proto": {"repo": "https://git.example/data"}}, "resolved": {"hash": "sha1:" + "5a" * 20}},
    ),
]
# Images that nobody allowed, as a careless reader would not or a lenient reader would see them.
FOREIGN_IMAGE = {"spec": {"image_name": "registry.example/other:1"}, "resolved": {"id": "sha256:" + "d4" * 32}}
HIDDEN_IMAGES = {
    "typed": json.dumps({"type": "note", "event_type": "input_image", "content": FOREIGN_IMAGE}),
    "doubled": '{"event_type": "note", ' + aicert_event("input_image", FOREIGN_IMAGE)[1:],
    "array": f"[{aicert_event('input_image', FOREIGN_IMAGE)}]",
}
BUILD_OUTPUTS = [aicert_event("outputs", [{"spec": {"path": "model.bin"}, "resolved": {"hash": "sha256:" + "c3" * 32}}])]


@dataclass(frozen=True)
class Quote:
    attest: bytes
    signature: bytes
    selection: Selection
    pcrs: PcrValues
    serialized: bytes


class Lab:
    def __init__(self, tpm: Tpm) -> None:
        self.tpm = tpm
        self.keys = {name: tpm.create_key(*algorithm) for name, algorithm in ALGORITHMS.items()}
        # Signs whatever it is told to: the forger's key, which careless authorities have certified.
        self.keys["free"] = tpm.create_key("rsa2048", "rsassa", "sha256", UNRESTRICTED)
        self.endorsement = {kind: ca.load_public(tpm.endorsement_key(kind)) for kind in ("rsa", "ecc")}
        self.hierarchies = {name: ca.Hierarchy(name) for name in ca.SHAPES}
        self.roots = {f"{name}-root": hierarchy.root for name, hierarchy in self.hierarchies.items()}
        self.server_key, self.attacker_key = ca.new_key("p256"), ca.new_key("p256")
        self.server_ca = ca.tls_certificate("libattest test web server CA", ca.new_key("p256"), ca=True)
        self.attacker_ca = ca.tls_certificate("libattest test web server CA", ca.new_key("p256"), ca=True)
        self.states: dict[str, State] = {"server": self.server_state(), **self._foreign_states()}
        self.state = ""
        self.values: dict[str, PcrValues] = {}
        self._quotes: dict[tuple[str, str, str, bytes], Quote] = {}
        self.machines: dict[str, machine.Boot] = {}

    # Keys and certificates

    def public(self, name: str) -> ca.PublicKey:
        return ca.load_public(self.keys[name].pem)

    @property
    def server_spki(self) -> bytes:
        return ca.spki(self.server_key.public_key())

    @property
    def attacker_spki(self) -> bytes:
        return ca.spki(self.attacker_key.public_key())

    @property
    def azure(self) -> ca.Hierarchy:
        return self.hierarchies["azure-like"]

    def chain(self, shape: str, ak: str, **changes: object) -> list[str]:
        """Leaf and intermediate, without the root."""
        hierarchy = self.hierarchies[shape]
        return [ca.to_pem(hierarchy.leaf(self.public(ak), **changes)), hierarchy.intermediate.pem]  # type: ignore[arg-type]

    # Boots

    def tls_key_event(self, spki: bytes | None = None, kind: str = "tls-key") -> str:
        return event(kind, "web server", spki or self.server_spki)

    def server_state(self, last: list[str] | None = None) -> State:
        """A server's boot; `last` is what PCR 15 ends with instead of separator and TLS key."""
        return {14: list(WORKLOAD), 15: [LISTENER, *(last if last is not None else [SEPARATOR, self.tls_key_event()])]}

    def _foreign_states(self) -> dict[str, State]:
        ca_digest = digest("sha256", self.server_ca.encode())
        return {
            "blindllama": {15: [ROOT_HASH, bytes(32), ca_digest]},
            "no-key": {14: list(WORKLOAD)},
            "aicert": {14: list(BUILD_EVENTS), 8: list(BUILD_OUTPUTS), 15: [ca_digest]},
            "aicert-v1": {16: list(BUILD_EVENTS), 15: [ca_digest]},
            **{f"aicert-{name}": {14: [*BUILD_EVENTS, hidden], 8: list(BUILD_OUTPUTS)} for name, hidden in HIDDEN_IMAGES.items()},
            "aicert-no-image": {14: [BUILD_EVENTS[0], BUILD_EVENTS[2]], 8: list(BUILD_OUTPUTS)},
        }

    def enter(self, state: str) -> PcrValues:
        if self.state != state:
            self.tpm.boot(extends_of(self.states[state]))
            self.state = state
            self.values[state] = self.tpm.read_pcrs()
        return self.values[state]

    def quote(self, ak: str, selection: str, extra: bytes, state: str = "server") -> Quote:
        key = (ak, selection, state, extra)
        if key not in self._quotes:
            self._quotes[key] = self._take_quote(self.keys[ak], selection, extra, state)
        return self._quotes[key]

    def _take_quote(self, key: Key, text: str, extra: bytes, state: str) -> Quote:
        now = self.enter(state)
        selection = structures.parse_selection(text)
        attest, signature, serialized = self.tpm.quote(key, structures.format_selection(selection), extra)
        pcrs: PcrValues = {}
        for bank, indices in selection:
            pcrs.setdefault(bank, {}).update({index: now[bank][index] for index in indices})
        return Quote(attest, signature, selection, pcrs, serialized)

    def boot_machines(self, folder: Path) -> None:
        """The real boots; their logs must replay before anything is made from them."""
        self.machines = machine.boot_all(self.tpm, self.keys["rsassa"].handle, NONCE, folder)
        for name, boot in self.machines.items():
            eventlog.check(name, boot.logs, boot.pcrs)

    # Good cases

    def plain(
        self,
        ak: str = "rsassa",
        shape: str = "azure-like",
        selection: str = BOOT_PCRS,
        extra: bytes = NONCE,
        state: str = "server",
    ) -> Case:
        """A quote, a chain and a policy that pins what was quoted; the caller knows the nonce."""
        quote = self.quote(ak, selection, extra, state)
        pcrs = {bank: dict(values) for bank, values in quote.pcrs.items()}
        evidence = Evidence(quote.attest, quote.signature, quote.selection, pcrs, self.chain(shape, ak))
        evidence.nonce, evidence.pcr_file = extra or None, quote.serialized
        case = Case(evidence, [f"{shape}-root"], nonce=extra or None)
        bank = quote.selection[0][0]
        pin(case, bank, *[index for index in (0, 4, 7) if index in pcrs[bank]])
        return case

    def booted(self, name: str, quote: str = "sha256", logs: str = "tcg ima systemd", known_good: str = "plain-again") -> Case:
        """A real machine's proof with these of its logs; the policy holds the PCRs of another boot that is known to be good."""
        boot = self.machines[name]
        selection = structures.parse_selection(machine.QUOTES[quote])
        pcrs = {bank: {index: boot.pcrs[bank][index] for index in indices} for bank, indices in selection}
        taken = boot.quotes[quote]
        evidence = Evidence(taken.attest, taken.signature, selection, pcrs, self.chain("azure-like", "rsassa"))
        evidence.nonce, evidence.pcr_file = NONCE, taken.serialized
        evidence.logs = [{"format": log, "data": b64(boot.logs[log])} for log in logs.split()]
        case = Case(evidence, ["azure-like-root"], nonce=NONCE)
        bank = "sha256" if "sha256" in pcrs else selection[0][0]
        expected = self.machines[known_good].pcrs[bank]
        # Not PCR 10: what the kernel measures depends on what runs first.
        pins = {str(index): pin_text(expected[index]) for index in pcrs[bank] if index != 10}
        policy(case, name="libattest test machine", bank=bank, pcrs=pins)
        return case

    def full(self, state: str = "server", selection: str = SERVER_PCRS, extra: bytes = NONCE) -> Case:
        """Everything that a proof can hold: public area, logs of PCR 14 and 15, and a TLS key bound by PCR 15."""
        case = self.plain(selection=selection, state=state, extra=extra)
        case.evidence.public = self.keys["rsassa"].public
        case.evidence.logs = [text_log(pcr, [str(item) for item in self.states[state][pcr]]) for pcr in (14, 15)]
        case.evidence.tls = {"public_key": ca.public_pem(self.server_key.public_key()), "binding": "pcr"}
        return case

    def bound_in_quote(
        self, nonce: bytes = NONCE, extra: bytes | None = None, asked: bool = True, state: str = "server", selection: str = SERVER_PCRS
    ) -> Case:
        """A TLS key bound by extraData, and measured into PCR 15; `asked` tells whether the caller chose the nonce."""
        case = self.plain(selection=selection, state=state, extra=tls_binding(nonce, self.server_spki) if extra is None else extra)
        measured = {pcr: texts for pcr, texts in self.states[state].items() if pcr in case.evidence.pcrs["sha256"]}
        case.evidence.logs = [text_log(pcr, [str(item) for item in texts]) for pcr, texts in measured.items()]
        case.evidence.tls = {"public_key": ca.public_pem(self.server_key.public_key()), "binding": "quote"}
        case.evidence.nonce = nonce or None
        case.nonce = nonce if asked and nonce else None
        return case

    def forged(self, attest: structures.Attest, scheme: str = "rsassa", hash_name: str = "sha256") -> Case:
        """A case whose TPMS_ATTEST is any bytes, correctly signed by a key with a correct certificate."""
        return self.signed(attest.encode(), scheme, hash_name)

    def signed(self, data: bytes, scheme: str = "rsassa", hash_name: str = "sha256") -> Case:
        case = self.plain()
        case.evidence.attest = data
        case.evidence.signature = self.tpm.sign(self.keys["free"], data, scheme, hash_name)
        case.evidence.chain = self.chain("azure-like", "free")
        return case

    def genuine_attest(self, selection: str = BOOT_PCRS) -> structures.Attest:
        return structures.Attest.parse(self.quote("rsassa", selection, NONCE).attest)

    def blindllama(self) -> Case:
        """A BlindLlama v2 proof: PCR 0-15, no nonce, the CA of its web server in PCR 15."""
        case = self.plain(selection="sha256:0-15", extra=b"", state="blindllama")
        case.layout = "blindllama-v2"
        case.evidence.chain.append(self.azure.root.pem)
        case.evidence.foreign = {"webserver_rootca": self.server_ca, "application_disk_roothash": ROOT_HASH.hex()}
        return case

    def aicert(self, state: str = "aicert", **members: object) -> Case:
        """An AICert proof, PCR 0-23; without members an aTLS one."""
        case = self.plain(selection="sha256:0-23", extra=b"", state=state)
        case.layout = "aicert"
        case.evidence.chain.append(self.azure.root.pem)
        case.evidence.foreign = dict(members) or {"ca_cert": self.server_ca}
        return case

    def aicert_build(self) -> Case:
        case = self.aicert(event_log=list(BUILD_EVENTS), output_event_log=list(BUILD_OUTPUTS))
        case.policies["containers.json"] = dict([BUILD_IMAGE])
        return case


def extends_of(state: State) -> Extends:
    firmware: State = {index: [f"libattest test firmware, PCR {index}"] for index in range(8)}
    return [(pcr, digests_of(item)) for pcr, items in (firmware | state).items() for item in items]


def digests_of(item: Item) -> dict[str, bytes]:
    if isinstance(item, bytes):
        return {"sha256": item}
    if isinstance(item, Mapping):
        return {bank: digest(bank, text if isinstance(text, bytes) else text.encode()) for bank, text in item.items()}
    return {bank: digest(bank, item.encode()) for bank in BANKS}


def pin(case: Case, bank: str, *indices: int, **members: object) -> None:
    """Give the case a policy that pins these PCRs to what was quoted."""
    pcrs = {str(index): case.evidence.pcrs[bank][index].hex() for index in indices}
    policy(case, bank=bank, pcrs=pcrs, **members)


def policy(case: Case, **members: object) -> None:
    head = {"format": "libattest-policy-v1", "name": "libattest test boot", "platforms": ["added"]}
    case.policies = {"policy.json": head | members}


def pin_text(value: bytes) -> str:
    return value.hex() if any(value) else "zero"


def golden(case: Case, *indices: int, **members: object) -> Json:
    return {"measurements": {str(index): case.evidence.pcrs["sha256"][index].hex() for index in indices}, **members}

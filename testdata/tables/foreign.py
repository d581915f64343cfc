"""Proofs in other projects' formats: BlindLlama v2, BlindLlama v1 and AICert."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import ca
from case import Case, Row, Table
from lab import BUILD_EVENTS, BUILD_IMAGE, BUILD_OUTPUTS, HIDDEN_IMAGES, ROOT_HASH, Lab, golden, pin, policy
from proof import Json
from structures import digest, serialized_pcrs

from .good import one
from .quote import asked

Change = Callable[[Lab, Case], None]
OTHER_HASH = digest("sha256", b"another disk").hex()


def member(name: str, value: object) -> Change:
    def change(_: Lab, case: Case) -> None:
        case.evidence.foreign[name] = value

    return change


def edit(bend: Callable[[Json], Any]) -> Change:
    """Change the document itself."""

    def change(_: Lab, case: Case) -> None:
        case.edits.append(bend)

    return change


def text(old: bytes, new: bytes) -> Change:
    def change(_: Lab, case: Case) -> None:
        case.rewrites.append(lambda data: data.replace(old, new, 1))

    return change


# BlindLlama v2


def attackers_ca(name: str) -> Change:
    def change(lab: Lab, case: Case) -> None:
        case.evidence.foreign[name] = lab.attacker_ca

    return change


def root_hash_pinned(_: Lab, case: Case) -> None:
    pin(case, "sha256", 0, 4, application_disk_roothash=ROOT_HASH.hex())


def golden_root_hash(_: Lab, case: Case) -> None:
    case.policies = {"golden.json": golden(case, 0, 1, 2, 3, 4, 12, 13, application_disk_roothash=ROOT_HASH.hex())}


def golden_other_root_hash(_: Lab, case: Case) -> None:
    case.policies = {"golden.json": golden(case, 0, 1, 2, 3, 4, 12, 13, application_disk_roothash=OTHER_HASH)}


def golden_differs(_: Lab, case: Case) -> None:
    case.policies = {"golden.json": golden(case, 0, 1, 2, 3, 4, 12, 13)}
    case.policies["golden.json"]["measurements"]["0"] = OTHER_HASH


def root_hash_differs(_: Lab, case: Case) -> None:
    pin(case, "sha256", 0, 4, application_disk_roothash=OTHER_HASH)


def claim_other_root_hash(lab: Lab, case: Case) -> None:
    root_hash_pinned(lab, case)
    member("application_disk_roothash", OTHER_HASH)(lab, case)


def leaf_of_another(lab: Lab, case: Case) -> None:
    case.evidence.chain[0] = lab.chain("azure-like", "other")[0]


def digests_swapped(_: Lab, case: Case) -> None:
    digests = list(case.evidence.pcrs["sha256"].values())
    digests[0], digests[4] = digests[4], digests[0]
    case.evidence.pcr_file = serialized_pcrs(case.evidence.selection, digests)


def expired_leaf(lab: Lab, case: Case) -> None:
    case.at = 2051222400  # 2035-01-01


def other_root(_: Lab, case: Case) -> None:
    case.roots = ["google-new-root"]


BLINDLLAMA_GOOD = (
    Row("good-blindllama-v2", "A BlindLlama v2 proof and a policy of pins."),
    Row("good-blindllama-v2-roothash", "The policy names the application disk's root hash.", root_hash_pinned),
    Row("good-blindllama-v2-golden", "A golden file that names the root hash too.", golden_root_hash),
)
BLINDLLAMA = (
    Row("blindllama-ca-replaced", "The web server's CA is another of the same name.", attackers_ca("webserver_rootca"), fails="log tls"),
    Row(
        "blindllama-roothash-replaced",
        "The proof names another root hash.",
        member("application_disk_roothash", OTHER_HASH),
        fails="log tls",
    ),
    Row(
        "blindllama-roothash-claimed",
        "The proof names another root hash than policy and PCR 15.",
        claim_other_root_hash,
        fails="log policy tls",
    ),
    Row("blindllama-roothash-differs", "The policy names another root hash.", root_hash_differs, fails="policy"),
    Row("blindllama-golden-roothash-differs", "The golden file names another root hash.", golden_other_root_hash, fails="policy"),
    Row("blindllama-golden-differs", "PCR 0 of the golden file differs.", golden_differs, fails="policy"),
    Row("blindllama-leaf-of-another", "The certificate is another machine's, genuine for itself.", leaf_of_another, fails="signature"),
    Row("blindllama-digests-swapped", "Two digests of the PCR file have changed their places.", digests_swapped, fails="pcrs"),
    Row("blindllama-leaf-expired", "Verified after the leaf's end.", expired_leaf, fails="chain"),
    Row("blindllama-unknown-root", "The caller trusts another root.", other_root, fails="chain"),
    Row(
        "blindllama-nonce-asked",
        "The caller asks for a nonce, which this format never holds.",
        asked(OTHER_HASH[:16].encode()),
        fails="nonce",
    ),
    Row("blindllama-duplicate-key", "The document names its quote's message twice.", text(b'"message":', b'"message": "",\n  "message":')),
    Row("blindllama-no-quote", "The document has no quote.", edit(lambda proof: proof.pop("quote"))),
    Row("blindllama-bad-base64", "The message has white space inside.", edit(lambda proof: space(proof["quote"], "message"))),
    Row("blindllama-short-roothash", "The root hash lacks a digit.", member("application_disk_roothash", OTHER_HASH[:-1])),
)


def space(members: Json, name: str) -> None:
    members[name] = members[name][:8] + " " + members[name][8:]


# BlindLlama v1 and AICert


def build_without_rules(lab: Lab) -> Case:
    """A build proof whose policy looks at PCRs alone."""
    case = lab.aicert_build()
    del case.policies["containers.json"]
    return case


def build_with_ca(lab: Lab) -> Case:
    case = build_without_rules(lab)
    case.evidence.foreign["ca_cert"] = lab.server_ca
    return case


def build_without_image(lab: Lab) -> Case:
    events = [str(item) for item in lab.states["aicert-no-image"][14]]
    outputs = [str(item) for item in lab.states["aicert-no-image"][8]]
    case = lab.aicert("aicert-no-image", event_log=events, output_event_log=outputs)
    case.policies["containers.json"] = dict([BUILD_IMAGE])
    return case


def build_with_hidden(name: str) -> Callable[[Lab], Case]:
    """A genuine build that used one more image than it seems to."""

    def base(lab: Lab) -> Case:
        texts = [*BUILD_EVENTS, HIDDEN_IMAGES[name]]
        case = lab.aicert(f"aicert-{name}", event_log=texts, output_event_log=list(BUILD_OUTPUTS))
        case.policies["containers.json"] = dict([BUILD_IMAGE])
        return case

    return base


def v1(lab: Lab) -> Case:
    """BlindLlama v1: the events are in PCR 16."""
    return lab.aicert("aicert-v1", event_log=list(BUILD_EVENTS))


def v1_containers(accept: bool) -> Callable[[Lab], Case]:
    def base(lab: Lab) -> Case:
        case = v1(lab)
        policy(case, containers=dict([BUILD_IMAGE]), **({"resettable_pcrs": "accept"} if accept else {}))
        return case

    return base


def container_map(images: dict[str, str]) -> Change:
    def change(_: Lab, case: Case) -> None:
        case.policies["containers.json"] = images

    return change


def containers_in_policy(_: Lab, case: Case) -> None:
    case.policies = {}
    policy(case, containers=dict([BUILD_IMAGE]))


def events(name: str, bend: Callable[[list[str]], Any]) -> Change:
    def change(_: Lab, case: Case) -> None:
        bend(case.evidence.foreign[name])

    return change


def swap(texts: list[str]) -> None:
    texts[0], texts[1] = texts[1], texts[0]


def serialise_again(texts: list[str]) -> None:
    texts[0] = json.dumps(json.loads(texts[0]), separators=(",", ":"))


def other_output(texts: list[str]) -> None:
    texts[0] = texts[0].replace("c3", "3c")


def pem_intermediates(_: Lab, case: Case) -> None:
    case.layout = "aicert-pem"


def padded_leaf(lab: Lab, case: Case) -> None:
    case.evidence.chain[0] = ca.to_pem(lab.azure.leaf(lab.public("rsassa")) + bytes(100))


def outputs_removed(_: Lab, case: Case) -> None:
    del case.evidence.foreign["output_event_log"]


def simulate(proof: Json) -> None:
    proof["remote_attestation"] = {"simulation_mode": True}


def simulate_too(proof: Json) -> None:
    """A genuine quote beside the confession."""
    proof["remote_attestation"]["simulation_mode"] = True


OTHER_ID = "sha256:" + OTHER_HASH
BUILD_GOOD = (
    Row("good-aicert-build", "A build proof with inputs, outputs and a map of containers."),
    Row("good-aicert-build-pem", "The certificates after the leaf are in PEM.", pem_intermediates),
    Row("good-aicert-build-zero-padded", "The leaf's DER is followed by zero bytes.", padded_leaf),
    Row("good-containers-in-policy", "The policy itself maps the containers.", containers_in_policy),
    Row("good-containers-more", "The map knows more containers than were used.", container_map({"other": OTHER_ID, **dict([BUILD_IMAGE])})),
)
HIDDEN = (
    ("typed", "by-type", "An unknown image's event has another type too."),
    ("doubled", "by-double", "An unknown image's event names its event_type twice."),
    ("array", "in-array", "An unknown image's event stands in an array."),
)
BUILD = (
    Row("containers-id-differs", "The used container has another id than the map says.", container_map({BUILD_IMAGE[0]: OTHER_ID})),
    Row("containers-unknown", "The used container is not in the map.", container_map({"registry.example/other:1": BUILD_IMAGE[1]})),
)
BUILD_LOG = (
    Row("aicert-event-dropped", "The event log lacks its last event.", events("event_log", lambda texts: texts.pop())),
    Row("aicert-events-swapped", "Two events have changed their places.", events("event_log", swap)),
    Row("aicert-event-reserialised", "An event was written again without its white space.", events("event_log", serialise_again)),
    Row("aicert-output-changed", "The output log names another hash.", events("output_event_log", other_output)),
    Row("aicert-outputs-removed", "Without the output log, the events must be in PCR 16.", outputs_removed),
    Row("aicert-simulation", "The proof was made in simulation mode.", edit(simulate), fails="parse"),
    Row("aicert-simulation-with-quote", "Simulation mode beside a genuine quote.", edit(simulate_too), fails="parse"),
    Row(
        "aicert-no-attestation", "The proof has no remote attestation.", edit(lambda proof: proof.pop("remote_attestation")), fails="parse"
    ),
)

TABLES = [
    Table(Lab.blindllama, BLINDLLAMA_GOOD),
    Table(Lab.blindllama, BLINDLLAMA, "parse"),
    Table(Lab.aicert_build, BUILD_GOOD),
    one("good-aicert-build-ca", "A build proof with the CA of its server in PCR 15.", build_with_ca),
    one("good-aicert-atls", "An aTLS proof: a CA in PCR 15 and no event log.", Lab.aicert),
    one("good-aicert-v1", "A BlindLlama v1 proof: its events are in PCR 16.", v1),
    one("good-aicert-v1-containers", "Containers in PCR 16 and a policy that accepts it.", v1_containers(accept=True)),
    Table(Lab.aicert_build, BUILD, "policy"),
    *[Table(build_with_hidden(kind), (Row(f"containers-hidden-{name}", about),), "policy") for kind, name, about in HIDDEN],
    Table(build_without_image, (Row("containers-no-image", "The map of containers finds no container event."),), "policy"),
    Table(
        v1_containers(accept=False),
        (Row("containers-in-pcr16", "The containers are known from PCR 16 alone, which can be reset."),),
        "policy",
    ),
    Table(build_without_rules, BUILD_LOG, "log"),
    Table(Lab.aicert, (Row("aicert-atls-ca-replaced", "The CA is another of the same name.", attackers_ca("ca_cert")),), "log tls"),
]

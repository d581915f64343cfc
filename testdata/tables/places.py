"""Root after the boot, who can extend any PCR in any bank: into banks and PCRs where honest software measures nothing, and with logs
that hide what honest software measured elsewhere."""

from __future__ import annotations

import json
import struct
import uuid
from typing import Any

import ca
import eventlog as ev
from case import Case, Row, Table
from lab import (
    BANKS,
    BUILD_EVENTS,
    BUILD_IMAGE,
    FOREIGN_IMAGE,
    NONCE,
    SEPARATOR,
    Item,
    Lab,
    State,
    aicert_event,
    pin,
    text_log,
    tls_binding,
)
from proof import Json, b64
from structures import digest

FORBIDDEN = aicert_event("input_image", FOREIGN_IMAGE)
ALLOWED = BUILD_EVENTS[1]
COVERS = ("machine-id:0123", "file-system:/")
GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"


def machine(lab: Lab, name: str, state: State, selection: str, logs: list[Json], extra: bytes = NONCE, **policy: Any) -> Case:
    lab.states[name] = state
    case = lab.plain(selection=selection, state=name, extra=extra)
    case.nonce, case.evidence.logs = NONCE, logs
    if extra != NONCE:
        case.evidence.nonce = NONCE
    pin(case, "sha256", *[index for index in (0, 4) if index in case.evidence.pcrs["sha256"]], **policy)
    return case


def only(bank: str, *texts: str) -> list[Item]:
    return [{bank: text} for text in texts]


def everywhere(data: bytes) -> Item:
    return dict.fromkeys(BANKS, data)


def cel(*records: tuple[int, dict[str, bytes], Json]) -> Json:
    """A canonical log of any content; `records` hold PCR, what was measured by bank, content."""

    def digests(measured: dict[str, bytes]) -> list[Json]:
        return [{"hashAlg": bank, "digest": digest(bank, data).hex()} for bank, data in measured.items()]

    values = [{"recnum": at, "pcr": pcr, "digests": digests(data), **content} for at, (pcr, data, content) in enumerate(records)]
    return {"format": "cel-json", "data": b64(json.dumps(values).encode())}


def firmware_event(kind: int | str, data: bytes) -> Json:
    return {"content_type": "pcclient_std", "content": {"event_type": kind, "event_data": data.hex()}}


# TLS keys


def keys(spki: bytes, lab: Lab) -> list[str]:
    return [SEPARATOR, lab.tls_key_event(spki)]


def attackers_key(lab: Lab, case: Case, binding: str) -> Case:
    case.evidence.tls = {"public_key": ca.public_pem(lab.attacker_key.public_key()), "binding": binding}
    return case


def key_in_other_bank(lab: Lab) -> Case:
    own, honest = keys(lab.attacker_spki, lab), keys(lab.server_spki, lab)
    state: State = {15: [*only("sha256", *honest), *only("sha384", *own)]}
    case = machine(lab, "tls-other-bank", state, "sha256:0-7+sha384:15", [text_log(15, own)])
    return attackers_key(lab, case, "pcr")


def key_beside_untouched_bank(lab: Lab) -> Case:
    state: State = {15: only("sha256", *keys(lab.server_spki, lab))}
    extra = tls_binding(NONCE, lab.attacker_spki)
    case = machine(lab, "tls-untouched-bank", state, "sha256:0-7+sha384:15", [], extra)
    return attackers_key(lab, case, "quote")


def key_hidden_in_one_bank(lab: Lab) -> Case:
    """The honest key's events are shown as texts of systemd, whose digests are right in the other bank alone."""
    own, honest = keys(lab.attacker_spki, lab), keys(lab.server_spki, lab)
    both: list[Item] = [dict.fromkeys(("sha256", "sha384"), text) for text in own]
    state: State = {15: [*only("sha256", *honest), *only("sha384", *COVERS), *both]}
    records = [
        {
            "pcr": 15,
            "digests": [
                {"hashAlg": "sha256", "digest": digest("sha256", text.encode()).hex()},
                {"hashAlg": "sha384", "digest": digest("sha384", cover.encode()).hex()},
            ],
            "content_type": "systemd",
            "content": {"string": cover, "eventType": "machine-id"},
        }
        for text, cover in zip(honest, COVERS, strict=True)
    ]
    hidden = {"format": "systemd", "data": b64(ev.encode_records(records))}
    case = machine(lab, "tls-hidden", state, "sha384:15+sha256:0-7,15", [hidden, text_log(15, own)])
    return attackers_key(lab, case, "pcr")


# Container images


def containers(lab: Lab, name: str, state: State, selection: str, logs: list[Json]) -> Case:
    return machine(lab, name, state, selection, logs, containers=dict([BUILD_IMAGE]))


def image_in_other_pcr(lab: Lab) -> Case:
    state: State = {14: [BUILD_EVENTS[0], FORBIDDEN], 13: [ALLOWED]}
    return containers(lab, "image-other-pcr", state, "sha256:0-7,13", [text_log(13, [ALLOWED])])


def image_hidden_by_digests(lab: Lab) -> Case:
    state: State = {14: [BUILD_EVENTS[0], FORBIDDEN], 13: [ALLOWED]}
    opaque = [(14, dict.fromkeys(BANKS, text.encode()), {"content_type": "x", "content": {}}) for text in (BUILD_EVENTS[0], FORBIDDEN)]
    return containers(lab, "image-opaque", state, "sha256:0-7,13,14", [cel(*opaque), text_log(13, [ALLOWED])])


def image_in_other_bank(lab: Lab) -> Case:
    state: State = {14: [*only("sha256", BUILD_EVENTS[0], FORBIDDEN), *only("sha384", ALLOWED)]}
    return containers(lab, "image-other-bank", state, "sha256:0-7+sha384:14", [text_log(14, [ALLOWED])])


# What the boot says of itself


def utf16(text: str) -> bytes:
    return (text + "\0").encode("utf-16-le")


def variable(name: str, data: bytes) -> bytes:
    return uuid.UUID(GLOBAL).bytes_le + struct.pack("<QQ", len(name), len(data)) + name.encode("utf-16-le") + data


OFF, ON = variable("SecureBoot", b"\0"), variable("SecureBoot", b"\1")
EMPTY = bytes(4)


def cmdline_hidden(lab: Lab) -> Case:
    """The true command line is shown as a credential, which nobody can recompute."""
    true, nice = utf16("root=/dev/sda init=/bin/sh"), utf16("root=/dev/sda quiet lockdown=integrity")
    log = cel(
        (12, dict.fromkeys(BANKS, true), firmware_event(ev.EV_IPL, b"systemd-credential.cpio")),
        (12, dict.fromkeys(BANKS, nice), firmware_event(ev.EV_IPL, nice)),
    )
    return machine(lab, "cmdline-hidden", {12: [everywhere(true), everywhere(nice)]}, "sha256:0-6,12", [log])


def secure_boot(lab: Lab, name: str, first: Json, last: Json, selection: str = "sha256:0-7") -> Case:
    measured = (OFF, ON, EMPTY)
    contents = (first, firmware_event(ev.EV_EFI_VARIABLE_DRIVER_CONFIG, ON), last)
    log = cel(*[(7, dict.fromkeys(BANKS, data), content) for data, content in zip(measured, contents, strict=True)])
    return machine(lab, name, {7: [everywhere(data) for data in measured]}, selection, [log])


TRUE_OFF = firmware_event(ev.EV_EFI_VARIABLE_DRIVER_CONFIG, OFF)
TRUE_SEPARATOR = firmware_event(ev.EV_SEPARATOR, EMPTY)


def secure_boot_shown(lab: Lab) -> Case:
    return secure_boot(lab, "variable-shown", TRUE_OFF, TRUE_SEPARATOR)


def secure_boot_hidden(lab: Lab) -> Case:
    return secure_boot(lab, "variable-hidden", {"content_type": "ima_tlv", "content": OFF.hex()}, TRUE_SEPARATOR)


def separator_of_no_type(lab: Lab) -> Case:
    return secure_boot(lab, "variable-separator", TRUE_OFF, firmware_event("EV_NONE_SUCH", EMPTY))


def boot_of_empty_bank(lab: Lab) -> Case:
    """SHA-256 holds the truth, SHA-384 a boot that never was."""
    items: list[Item] = [
        dict.fromkeys(("sha1", "sha256"), OFF),
        dict.fromkeys(("sha1", "sha256"), EMPTY),
        {"sha384": ON},
        {"sha384": EMPTY},
    ]
    log = cel((7, {"sha384": ON}, firmware_event(ev.EV_EFI_VARIABLE_DRIVER_CONFIG, ON)), (7, {"sha384": EMPTY}, TRUE_SEPARATOR))
    return machine(lab, "empty-bank", {7: items}, "sha384:7+sha256:0-7", [log])


# Lengths that a log's author chooses


def hostile_lengths(lab: Lab) -> Case:
    """Measured as they are, so that nothing is refused before they are read."""
    long_name = uuid.UUID(GLOBAL).bytes_le + struct.pack("<QQ", 1 << 63, 1) + b"x"
    no_node = struct.pack("<QQQQ", 0, 0, 0, 8) + struct.pack("<BBH", 1, 1, 0) + struct.pack("<BBH", 0x7F, 0xFF, 4)
    keys_of = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072").bytes_le + struct.pack("<III", 44, 0xFFFFFFFF, 16) + bytes(16)
    kinds = (
        (ev.EV_EFI_VARIABLE_DRIVER_CONFIG, long_name),
        (ev.EV_EFI_BOOT_SERVICES_APPLICATION, no_node),
        (ev.EV_EFI_VARIABLE_DRIVER_CONFIG, variable("PK", keys_of)),
    )
    log = cel(*[(13, dict.fromkeys(BANKS, data), firmware_event(kind, data)) for kind, data in kinds])
    return machine(lab, "hostile-lengths", {13: [everywhere(data) for _, data in kinds]}, "sha256:0-7,13", [log])


def boot_of_other_bank(lab: Lab) -> Case:
    """Each record has the true digest in SHA-256, and in a bank that the firmware left empty that of what it says."""
    items: list[Item] = [{"sha256": OFF}, {"sha256": EMPTY}, {"sha384": ON}, {"sha384": EMPTY}]
    log = cel(
        (7, {"sha256": OFF, "sha384": ON}, firmware_event(ev.EV_EFI_VARIABLE_DRIVER_CONFIG, ON)),
        (7, {"sha256": EMPTY, "sha384": EMPTY}, TRUE_SEPARATOR),
    )
    return machine(lab, "other-bank", {7: items}, "sha384:7+sha256:0-7", [log])


TABLES = [
    Table(key_in_other_bank, (Row("tls-in-other-bank", "A TLS key that is measured into a bank nobody else uses."),), "tls"),
    Table(
        key_beside_untouched_bank,
        (Row("tls-beside-untouched-bank", "The quote binds a TLS key, and covers PCR 15 in an untouched bank alone."),),
        "tls",
    ),
    Table(key_hidden_in_one_bank, (Row("tls-hidden-in-one-bank", "The machine's own TLS key is shown as another text."),), "tls"),
    Table(
        image_in_other_pcr, (Row("containers-in-other-pcr", "The allowed image is named in a PCR that the container can reach."),), "policy"
    ),
    Table(image_hidden_by_digests, (Row("containers-hidden-by-digests", "PCR 14 is explained by bare digests."),), "policy"),
    Table(image_in_other_bank, (Row("containers-in-other-bank", "The allowed image is named in a bank nobody else uses."),), "policy"),
    Table(
        cmdline_hidden,
        (
            Row(
                "statement-cmdline-hidden",
                "A second command line, and the first shown as something else: not proven.",
                software=(("kernel.cmdline", False),),
            ),
        ),
    ),
    Table(
        secure_boot_shown,
        (
            Row(
                "statement-secure-boot-twice",
                "Secure Boot is measured twice: the first counts.",
                events=(("SecureBoot: disabled", True), ("SecureBoot: enabled", True)),
            ),
        ),
    ),
    Table(
        secure_boot_hidden,
        (
            Row(
                "statement-secure-boot-hidden",
                "The first of two is shown as something else: not proven.",
                software=(("secure-boot", False),),
            ),
        ),
    ),
    Table(
        separator_of_no_type,
        (
            Row(
                "statement-separator-of-no-type",
                "A separator whose type nobody knows.",
                messages=("the digest of a separator under another type",),
            ),
        ),
        "log",
    ),
    Table(
        boot_of_other_bank,
        (
            Row(
                "statement-of-other-bank",
                "What a record says is right in a bank that comes first in the quote and that nobody believes.",
                events=(("SecureBoot: enabled", False),),
                software=(("secure-boot", False),),
            ),
        ),
    ),
    Table(
        boot_of_empty_bank,
        (
            Row(
                "statement-of-empty-bank",
                "A bank that the firmware left empty holds a boot that never was: its events are not told.",
                messages=("PCR 7, bank sha256: this bank was quoted and no log has digests for it",),
            ),
        ),
    ),
    Table(
        hostile_lengths,
        (
            Row(
                "statement-hostile-lengths",
                "A variable's name, a device path's node and a list of keys whose lengths lead past the end or nowhere.",
                events=(
                    ("EV_EFI_VARIABLE_DRIVER_CONFIG: malformed", False),
                    ("EV_EFI_BOOT_SERVICES_APPLICATION: malformed", False),
                ),
            ),
        ),
    ),
]

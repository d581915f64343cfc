"""What a running machine logs, the kernel its files and systemd its phases; and all of it in the canonical event log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import eventlog as ev
from case import Case, Row, Table
from eventlog import ImaEntry, ImaLog, TcgLog
from lab import BANKS, Lab
from proof import Json, b64
from structures import digest

from .boot import Change, base, explained, place, rewritten, tcg
from .good import one


def ima(bend: Callable[[list[ImaEntry]], Any]) -> Change:
    def rewrite(data: bytes) -> bytes:
        log = ImaLog.parse(data)
        bend(log.entries)
        return log.encode()

    return rewritten("ima", rewrite)


def systemd(bend: Callable[[list[Json]], Any]) -> Change:
    def rewrite(data: bytes) -> bytes:
        values = ev.records(data)
        bend(values)
        return ev.encode_records(values)

    return rewritten("systemd", rewrite)


# The kernel's log of files


def entry(entries: list[ImaEntry], name: bytes) -> ImaEntry:
    return next(entry for entry in entries if name in entry.data)


def rename(entries: list[ImaEntry]) -> None:
    changed = entry(entries, b"/etc/model.conf")
    changed.data = changed.data.replace(b"/etc/model.conf", b"/etc/other.conf")


def rename_and_hash(entries: list[ImaEntry]) -> None:
    rename(entries)
    changed = entry(entries, b"/etc/other.conf")
    changed.digest = digest("sha1", changed.data)


def change_hash(entries: list[ImaEntry]) -> None:
    entry(entries, b"/etc/model.conf").digest = digest("sha1", b"another entry")


def forgive(entries: list[ImaEntry]) -> None:
    """The violation becomes an entry like others."""
    violation = next(entry for entry in entries if entry.violation)
    violation.digest = digest("sha1", violation.data)


def accuse(entries: list[ImaEntry]) -> None:
    entry(entries, b"/etc/model.conf").digest = ev.VIOLATION


def swap_entries(entries: list[ImaEntry]) -> None:
    entries[3], entries[4] = entries[4], entries[3]


def move_entry(entries: list[ImaEntry]) -> None:
    entries[-1].pcr = 11


def drop_entry(entries: list[ImaEntry]) -> None:
    entries.remove(entry(entries, b"/etc/model.conf"))


def rename_line(data: bytes) -> bytes:
    return data.replace(b"/etc/model.conf", b"/etc/other.conf")


IMA_CHANGED = (
    Row("boot-ima-dropped", "IMA's log lacks an entry.", ima(drop_entry)),
    Row("boot-ima-doubled", "IMA's log holds an entry twice.", ima(lambda entries: entries.insert(3, entries[3]))),
    Row("boot-ima-swapped", "Two entries have changed their places.", ima(swap_entries)),
    Row("boot-ima-renamed", "An entry names another file.", ima(rename)),
    Row(
        "boot-ima-renamed-hashed",
        "An entry names another file, with the hash to match.",
        explained(ima(rename_and_hash)),
        messages=("/etc/other.conf", "/etc/model.conf"),
    ),
    Row("boot-ima-violation-hidden", "A violation was made an entry like others.", ima(forgive)),
    Row("boot-ima-violation-claimed", "An entry was made a violation.", ima(accuse)),
    Row("boot-ima-moved", "An entry claims to be of PCR 11, which no log explains then.", ima(move_entry)),
    Row(
        "boot-ima-truncated",
        "IMA's log ends in the middle of an entry.",
        rewritten("ima", lambda data: data[:-7]),
        messages=("the log ends within an entry",),
    ),
    Row(
        "boot-ima-size",
        "An entry's template data are longer than the log.",
        rewritten("ima", lambda data: data[:35] + b"\0\0\1\0" + data[39:]),
    ),
    Row(
        "boot-ima-as-ascii",
        "IMA's binary log under the name of the other.",
        lambda _, case: case.evidence.logs[0].update(format="ima-ascii"),
    ),
)
IMA_ACCEPTED = (
    Row("boot-good-ima", "IMA's log alone explains PCR 10.", events=(("/etc/model.conf", True), ("boot_aggregate", True))),
    Row("boot-ima-hash-of-other-bank", "An entry's SHA-1 was changed; the SHA-256 bank extends another digest.", ima(change_hash)),
)
IMA_SHA1 = (Row("boot-ima-hash-changed", "An entry's template hash was changed.", ima(change_hash), fails="log"),)
# Its template hash is what the bank extends; what the entry says does not follow from it.
IMA_SHA1_ACCEPTED = (
    Row(
        "boot-ima-name-claimed",
        "An entry names another file under the old hash: not proven.",
        ima(rename),
        events=(("/etc/other.conf", False),),
    ),
)
# This kernel extends the SHA-1 digest, padded.
IMA_SHA384_ACCEPTED = (
    Row("boot-good-ima-padded", "A bank that IMA extends with padded SHA-1 digests.", events=(("/etc/model.conf", True),)),
    Row(
        "boot-ima-padded-name-claimed",
        "In such a bank an entry names another file under the old hash: not proven.",
        ima(rename),
        events=(("/etc/other.conf", False),),
    ),
)
IMA_ASCII = (
    Row("boot-good-ima-ascii", "IMA's log as the kernel writes it for people.", fails=""),
    Row("boot-ima-ascii-renamed", "A line names another file.", rewritten("ima-ascii", rename_line), fails="log"),
    Row("boot-ima-ascii-truncated", "The last line has no end.", rewritten("ima-ascii", lambda data: data[:-30]), fails="log"),
)


# systemd's log


def lie(member: str, value: str, number: int = 3) -> Callable[[list[Json]], None]:
    def bend(values: list[Json]) -> None:
        values[number]["content"][member] = value

    return bend


def change_phase(values: list[Json]) -> None:
    """Another phase with its digests."""
    values[3]["content"]["string"] = "shutdown"
    values[3]["digests"] = [{"hashAlg": bank, "digest": digest(bank, b"shutdown").hex()} for bank in BANKS]


def drop_bank(values: list[Json]) -> None:
    values[2]["digests"] = [part for part in values[2]["digests"] if part["hashAlg"] != "sha256"]


def wrong_order(_: Lab, case: Case) -> None:
    case.evidence.logs.reverse()


def without_systemd(_: Lab, case: Case) -> None:
    case.evidence.logs = case.evidence.logs[:1]


def rename_section(log: TcgLog) -> None:
    log.events[place(log, 11, ev.EV_IPL)].data = ".other\0".encode("utf-16-le")


SYSTEMD_CHANGED = (
    Row("boot-phase-dropped", "systemd's log lacks a phase.", systemd(lambda values: values.pop(1))),
    Row("boot-phase-doubled", "systemd's log holds a phase twice.", systemd(lambda values: values.insert(1, values[1]))),
    Row(
        "boot-phase-changed",
        "A phase was replaced, with its digests.",
        explained(systemd(change_phase)),
        messages=("systemd: shutdown (claimed)", "systemd: ready, "),
    ),
    Row("boot-phases-swapped", "Two phases have changed their places.", systemd(lambda values: values.insert(0, values.pop(1)))),
    Row("boot-phase-digest-missing", "A phase has no digest for the quoted bank.", systemd(drop_bank)),
    Row("boot-phases-missing", "Without systemd's log, PCR 11 is not explained by the firmware's.", without_systemd),
    Row("boot-phases-first", "systemd's log comes before the firmware's.", wrong_order),
    Row("boot-phases-truncated", "systemd's last record is not whole.", rewritten("systemd", lambda data: data[:-9])),
    Row(
        "boot-phases-doubled-key",
        "A record has a key twice.",
        rewritten("systemd", lambda data: data.replace(b'{"pcr":11,', b'{"pcr":11,"pcr":11,', 1)),
    ),
)
SYSTEMD_ACCEPTED = (
    Row("boot-good-phases", "The firmware's log and systemd's explain PCR 11 one after the other."),
    Row(
        "boot-phase-claimed",
        "A phase has another name under the old digest: not proven.",
        systemd(lie("string", "shutdown")),
        events=(("shutdown", False), ("sysinit", True)),
    ),
    Row("boot-section-claimed", "A section's name was changed under the old digest: not proven.", tcg(rename_section)),
)


# The canonical event log


Encode = Callable[[list[ev.CelRecord]], bytes]


def in_cel(encode: Encode, name: str) -> Callable[[Lab], Case]:
    """The firmware's events and the kernel's in one log, as a tool gathers them; systemd's log comes after it."""

    def make(lab: Lab) -> Case:
        case = lab.booted("plain", "sha256", "systemd")
        logs = lab.machines["plain"].logs
        records = ev.cel_records(TcgLog.parse(logs["tcg"]), ImaLog.parse(logs["ima"]), "sha256")
        case.evidence.logs.insert(0, {"format": name, "data": b64(encode(records))})
        return case

    return make


def bent_cel(encode: Encode, name: str, bend: Callable[[list[ev.CelRecord]], Any]) -> Callable[[Lab], Case]:
    """Only the firmware's events, and bent."""

    def make(lab: Lab) -> Case:
        case = lab.booted("plain", "firmware", "")
        records = ev.cel_records(TcgLog.parse(lab.machines["plain"].logs["tcg"]), ImaLog(), "sha256")
        bend(records)
        case.evidence.logs = [{"format": name, "data": b64(encode(records))}]
        return case

    return make


def change_record(records: list[ev.CelRecord]) -> None:
    records[21].digest = digest("sha256", b"another image")


def skip_number(records: list[ev.CelRecord]) -> None:
    """Numbers that count up neither through the log nor for each PCR."""
    for at, record in enumerate(records):
        record.number = 2 * at


TABLES = [
    Table(base("plain", "sha256", "ima"), IMA_ACCEPTED),
    Table(base("plain", "sha256", "ima"), IMA_CHANGED, "log"),
    Table(base("plain", "sha1", "ima"), IMA_SHA1_ACCEPTED),
    Table(base("plain", "sha384", "ima"), IMA_SHA384_ACCEPTED),
    Table(base("plain", "sha1", "ima"), IMA_SHA1, "log"),
    Table(base("plain", "sha256", "ima-ascii"), IMA_ASCII),
    Table(base("plain", "sha256", "tcg systemd"), SYSTEMD_ACCEPTED),
    Table(base("plain", "sha256", "tcg systemd"), SYSTEMD_CHANGED, "log"),
    one("boot-good-cel-json", "The same logs in the JSON form of the canonical event log.", in_cel(ev.cel_json, "cel-json")),
    one("boot-good-cel-tlv", "The same logs in the TLV form of the canonical event log.", in_cel(ev.cel_tlv, "cel-tlv")),
    Table(
        bent_cel(ev.cel_json, "cel-json", change_record),
        (Row("boot-cel-json-changed", "An image's digest was changed in the canonical log."),),
        "log",
    ),
    Table(
        bent_cel(ev.cel_tlv, "cel-tlv", change_record),
        (Row("boot-cel-tlv-changed", "An image's digest was changed in its TLV form."),),
        "log",
    ),
    Table(
        bent_cel(ev.cel_tlv, "cel-tlv", skip_number), (Row("boot-cel-numbers", "The records are not numbered one after the other."),), "log"
    ),
]

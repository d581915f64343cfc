"""Real boots: what the firmware's, the kernel's and systemd's logs explain, and what becomes of them when they are changed."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import eventlog as ev
from case import Case, Row, Table
from eventlog import TcgEvent, TcgLog
from lab import BANKS, Lab
from proof import b64
from structures import HASH_IDS, digest

from .good import one

Change = Callable[[Lab, Case], None]
Bytes = Callable[[bytes], bytes]

KNOWN_GOOD = ("known-good.json",)
STARTUP = b"StartupLocality\0"
# An event of PCR 5 with two SHA-1 digests.
DOUBLED = struct.pack("<III", 5, ev.EV_EFI_ACTION, 2) + 2 * (struct.pack("<H", HASH_IDS["sha1"]) + bytes(20)) + struct.pack("<I", 0)


def base(
    name: str, quote: str = "firmware", logs: str = "tcg", known_good: str = "plain-again", explained: bool = False
) -> Callable[[Lab], Case]:
    def make(lab: Lab) -> Case:
        case = lab.booted(name, quote, logs, known_good)
        case.references = KNOWN_GOOD if explained else ()
        return case

    return make


def rewritten(name: str, rewrite: Bytes) -> Change:
    """The log of this format, with other bytes."""

    def change(_: Lab, case: Case) -> None:
        log = next(log for log in case.evidence.logs if log["format"] == name)
        log["data"] = b64(rewrite(base64.b64decode(log["data"])))

    return change


def tcg(bend: Callable[[TcgLog], Any]) -> Change:
    def rewrite(data: bytes) -> bytes:
        log = TcgLog.parse(data)
        bend(log)
        return log.encode()

    return rewritten("tcg", rewrite)


def explained(change: Change) -> Change:
    """With a known-good proof to compare with."""

    def both(lab: Lab, case: Case) -> None:
        change(lab, case)
        case.references = KNOWN_GOOD

    return both


# The firmware's log


def measured(pcr: int, kind: int, data: bytes) -> TcgEvent:
    return TcgEvent(pcr, kind, {bank: digest(bank, data) for bank in BANKS}, data)


def place(log: TcgLog, pcr: int, kind: int) -> int:
    return next(at for at, event in enumerate(log.events) if (event.pcr, event.kind) == (pcr, kind))


def drop(pcr: int, kind: int) -> Change:
    return tcg(lambda log: log.events.pop(place(log, pcr, kind)))


def insert(at: int, event: TcgEvent) -> Change:
    """At a place counted from the front, or -1 for the end."""
    return tcg(lambda log: log.events.insert(at if at >= 0 else len(log.events), event))


def double(log: TcgLog) -> None:
    at = place(log, 4, ev.EV_EFI_ACTION)
    log.events.insert(at, log.events[at])


def swap(log: TcgLog) -> None:
    first, second = place(log, 4, ev.EV_EFI_ACTION), place(log, 4, ev.EV_EFI_BOOT_SERVICES_APPLICATION)
    log.events[first], log.events[second] = log.events[second], log.events[first]


def edit(pcr: int, kind: int, /, **members: Any) -> Change:
    """Other members for the first event of this PCR and type."""

    def bend(log: TcgLog) -> None:
        at = place(log, pcr, kind)
        log.events[at] = replace(log.events[at], **members)

    return tcg(bend)


def digests(pcr: int, kind: int, *banks: str) -> Change:
    """Another image's digest, in these banks."""

    def bend(log: TcgLog) -> None:
        event = log.events[place(log, pcr, kind)]
        event.digests |= {bank: digest(bank, b"another image") for bank in banks}

    return tcg(bend)


def enable_secure_boot(log: TcgLog) -> None:
    event = log.events[place(log, 7, ev.EV_EFI_VARIABLE_DRIVER_CONFIG)]
    event.data = event.data[:-1] + b"\1"


def enable_and_hash(log: TcgLog) -> None:
    enable_secure_boot(log)
    at = place(log, 7, ev.EV_EFI_VARIABLE_DRIVER_CONFIG)
    log.events[at] = measured(7, ev.EV_EFI_VARIABLE_DRIVER_CONFIG, log.events[at].data)


def remove(*pcrs: int) -> Change:
    def bend(log: TcgLog) -> None:
        log.events = [event for event in log.events if event.pcr not in pcrs]

    return tcg(bend)


def move(old: int, new: int) -> Change:
    def bend(log: TcgLog) -> None:
        for event in log.of(old):
            event.pcr = new

    return tcg(bend)


def sort_by_pcr(log: TcgLog) -> None:
    log.events.sort(key=lambda event: event.pcr)


def claim(pcr: int, data: bytes) -> TcgEvent:
    """What is said and not measured: its digests are zero."""
    return TcgEvent(pcr, ev.EV_NO_ACTION, {bank: bytes(len(digest(bank, b""))) for bank in BANKS}, data)


def start(*localities: int, at: int = 0) -> Change:
    events = [claim(0, STARTUP + bytes([locality])) for locality in localities]
    return tcg(lambda log: log.events.__setitem__(slice(at, at), events))


def tail(data: bytes) -> Change:
    return tcg(lambda log: setattr(log, "tail", data))


def lose_bank(bank: str, of: str = "one") -> Change:
    """Events without a digest for the bank: the first of PCR 4, or all."""

    def bend(log: TcgLog) -> None:
        for event in log.of(4)[:1] if of == "one" else log.events:
            del event.digests[bank]

    return tcg(bend)


def older_form(data: bytes) -> bytes:
    """As firmware of TPM 1.2's time writes it: SHA-1 only, and no head."""
    out = b""
    for event in TcgLog.parse(data).events:
        out += struct.pack("<II", event.pcr, event.kind) + event.digests["sha1"] + struct.pack("<I", len(event.data)) + event.data
    return out


def patched(offset: int, data: bytes, of_event: int | None = None) -> Change:
    """Other bytes at an offset in the head or in an event."""

    def rewrite(whole: bytes) -> bytes:
        log = TcgLog.parse(whole)
        start = 0 if of_event is None else len(log.head) + sum(len(event.encode()) for event in log.events[:of_event])
        return whole[: start + offset] + data + whole[start + offset + len(data) :]

    return rewritten("tcg", rewrite)


TCG_CHANGED = (
    Row(
        "boot-event-dropped",
        "The log lacks the event of the boot loader's image.",
        explained(drop(4, ev.EV_EFI_BOOT_SERVICES_APPLICATION)),
        messages=("here the proof lacks an event that the reference", "EV_EFI_BOOT_SERVICES_APPLICATION: PciRoot"),
    ),
    Row("boot-first-event-dropped", "The log lacks its first event.", tcg(lambda log: log.events.pop(0))),
    Row("boot-last-event-dropped", "The log lacks its last event.", tcg(lambda log: log.events.pop())),
    Row(
        "boot-event-doubled",
        "The log holds an event twice.",
        explained(tcg(double)),
        messages=("here the proof has an event that the reference", "EV_EFI_ACTION: Calling EFI Application from Boot Option"),
    ),
    Row(
        "boot-events-swapped",
        "Two events of a PCR have changed their places.",
        explained(tcg(swap)),
        messages=("this event stands at another place than in the reference", "EV_EFI_ACTION: Calling EFI Application from Boot Option"),
    ),
    Row(
        "boot-event-appended",
        "The log ends with an event that was never measured.",
        insert(-1, measured(5, ev.EV_EFI_ACTION, b"Exit Boot Services Failed")),
        messages=("its first 3 events do; 1 more was logged but never measured", "PCR 5, bank sha256"),
    ),
    Row("boot-event-for-zero-pcr", "The log has an event of a PCR that is zero.", insert(-1, measured(8, ev.EV_IPL, b"grub_cmd: set"))),
    Row("boot-event-moved", "An event of PCR 4 claims to be of PCR 2.", edit(4, ev.EV_EFI_ACTION, pcr=2)),
    Row("boot-pcr-moved", "The events of PCR 9 claim to be of PCR 8.", move(9, 8)),
    Row(
        "boot-digest-changed",
        "An image's digest was changed in all banks.",
        explained(digests(4, ev.EV_EFI_BOOT_SERVICES_APPLICATION, *BANKS)),
        messages=("this is the first event that differs from the reference", "EV_EFI_BOOT_SERVICES_APPLICATION: PciRoot"),
    ),
    Row(
        "boot-digest-sha256-changed",
        "An image's digest was changed in the quoted bank only.",
        digests(4, ev.EV_EFI_BOOT_SERVICES_APPLICATION, "sha256"),
    ),
    Row(
        "boot-digest-missing",
        "An event has no digest for the quoted bank.",
        lose_bank("sha256"),
        messages=("1 events of this PCR have no digest for this bank", "PCR 4, bank sha256"),
    ),
    Row(
        "boot-retyped-no-action",
        "A measured event is called EV_NO_ACTION, which is never measured.",
        edit(4, ev.EV_EFI_ACTION, kind=ev.EV_NO_ACTION),
    ),
    Row(
        "boot-separator-renamed",
        "A separator under another type.",
        edit(4, ev.EV_SEPARATOR, kind=ev.EV_EFI_ACTION),
        messages=("event 19, PCR 4: the digest of a separator under another type, EV_EFI_ACTION",),
    ),
    Row("boot-separator-no-action", "A separator is called EV_NO_ACTION.", edit(7, ev.EV_SEPARATOR, kind=ev.EV_NO_ACTION)),
    Row(
        "boot-separator-claimed",
        "Another event is called a separator.",
        edit(5, ev.EV_EFI_ACTION, kind=ev.EV_SEPARATOR),
        messages=("called a separator, but its digest is not that of its four bytes", "PCR 5"),
    ),
    Row(
        "boot-separator-data",
        "A separator says that there was an error; its digest says that there was none.",
        edit(7, ev.EV_SEPARATOR, data=b"\0\0\0\1"),
        messages=("event 9, PCR 7: called a separator, but its digest is not that of its four bytes",),
    ),
    Row(
        "boot-separator-doubled",
        "A second separator.",
        insert(-1, measured(7, ev.EV_SEPARATOR, bytes(4))),
        messages=("PCR 7: a second separator in this PCR",),
    ),
    Row(
        "boot-variable-changed",
        "Secure Boot is said to be on, with the digest to match.",
        explained(tcg(enable_and_hash)),
        messages=("this is the first event that differs from the reference", "SecureBoot: disabled", "SecureBoot: enabled"),
    ),
    Row("boot-startup-locality", "The TPM is said to have been started from locality 3.", start(3)),
    Row(
        "boot-startup-locality-late",
        "The starting locality comes after the first measurement.",
        start(0, at=1),
        messages=("PCR 0 is given an initial value after it was measured into, or twice",),
    ),
    Row("boot-startup-locality-twice", "The starting locality is taken back.", start(3, 0)),
    Row("boot-startup-locality-7", "A starting locality that no TPM has.", start(7), messages=("no locality that starts a TPM",)),
)
TCG_ACCEPTED = (
    Row("boot-good-zero-padding", "The log is followed by zeros, as a table in memory is.", tail(bytes(700))),
    Row("boot-good-ff-padding", "The log is followed by 0xff, as a table in memory is.", tail(b"\xff" * 700)),
    Row("boot-good-startup-locality-0", "The log says that the TPM was started from locality 0.", start(0)),
    Row(
        "boot-good-no-action",
        "An event that is never measured claims anything, and proves nothing.",
        insert(20, claim(4, b"nothing to see")),
    ),
    Row("boot-good-order-of-pcrs", "The order of events of different PCRs is not measured.", tcg(sort_by_pcr)),
    Row("boot-retyped", "An event under a type that means as little: types are not measured.", edit(0, 0x80000008, kind=0x1)),
    Row(
        "boot-data-changed",
        "Secure Boot is said to be on, with the digest of its being off: not proven.",
        tcg(enable_secure_boot),
        events=(("SecureBoot: enabled", False), ("PK: ", True)),
    ),
    Row(
        "boot-digest-of-other-bank",
        "An image's digest was changed in a bank that was not quoted.",
        digests(4, ev.EV_EFI_BOOT_SERVICES_APPLICATION, "sha1"),
    ),
    Row("boot-events-removed", "The log has lost all events of PCR 4: unexplained, but still pinned.", explained(remove(4))),
    Row(
        "boot-other-reference",
        "A reference that is the raw log of another machine.",
        lambda _, case: setattr(case, "references", ("secure-boot.bin",)),
    ),
)
TCG_MALFORMED = (
    Row(
        "boot-truncated",
        "The log ends in the middle of an event.",
        rewritten("tcg", lambda data: data[:-11]),
        messages=("the log ends within an entry",),
    ),
    Row("boot-truncated-head", "The log ends in its first record.", rewritten("tcg", lambda data: data[:40])),
    Row("boot-tail", "The log is followed by what is neither an event nor padding.", tail(b"\1" * 40)),
    Row("boot-event-after-padding", "An event comes after padding.", tail(b"\xff" * 700 + measured(5, ev.EV_EFI_ACTION, b"late").encode())),
    Row("boot-size-past-end", "An event's size is past the end.", patched(12 + 22 + 34 + 50, b"\0\0\1\0", 3)),
    Row("boot-no-digests", "An event has no digest.", edit(5, ev.EV_EFI_ACTION, digests={})),
    Row("boot-many-digests", "An event has 2^32 - 1 digests.", patched(8, b"\xff\xff\xff\xff", 3)),
    Row("boot-foreign-algorithm", "An event has a digest of an algorithm that the head does not name.", patched(12, b"\x12\0", 3)),
    Row("boot-algorithm-twice", "An event has two digests of one algorithm.", tail(DOUBLED)),
    Row("boot-pcr-32", "An event of a PCR that does not exist.", edit(5, ev.EV_EFI_ACTION, pcr=32)),
    Row("boot-head-sizes", "The head gives SHA-256 a wrong size.", patched(32 + 28 + 4 + 2, b"\x21\0")),
    Row("boot-head-algorithms", "The head names 2^32 - 1 algorithms.", patched(32 + 24, b"\xff\xff\xff\xff")),
    Row("boot-no-log", "The log is no log.", rewritten("tcg", lambda _: b"no event log, but a text of some length\n" * 3)),
    Row("boot-wrong-format", "The firmware's log under the name of IMA's.", lambda _, case: case.evidence.logs[0].update(format="ima")),
)


def lie_in_sha1(lab: Lab) -> Case:
    case = lab.booted("plain", "all", "tcg systemd")
    digests(4, ev.EV_EFI_BOOT_SERVICES_APPLICATION, "sha1")(lab, case)
    return case


def twice(_: Lab, case: Case) -> None:
    case.evidence.logs = case.evidence.logs * 2


def raw_log(lab: Lab) -> Case:
    """The files of tpm2-tools, and the log as Linux hands it out."""
    case = lab.booted("plain", "firmware", "tcg")
    case.layout = "serialized"
    case.evidence.logs, case.evidence.raw_log = [], lab.machines["plain"].logs["tcg"]
    return case


def sha1_form(lab: Lab) -> Case:
    case = lab.booted("plain", "sha1", "tcg ima systemd")
    rewritten("tcg", older_form)(lab, case)
    return case


# Other machines


def logs_of(name: str) -> Change:
    def change(lab: Lab, case: Case) -> None:
        case.evidence.logs = lab.booted(name, "firmware", "tcg").evidence.logs

    return change


def of_secure_boot(_: Lab, case: Case) -> None:
    case.references = ("secure-boot.bin",)


OTHERS = [
    Table(
        base("cmdline", "sha256", "tcg ima systemd", explained=True),
        (
            Row(
                "boot-cmdline",
                "The machine was booted with another command line.",
                messages=("section contents .cmdline", "PCR 11, $.logs[0], event"),
            ),
        ),
        "policy",
    ),
    Table(
        base("kernel", "sha256", "tcg ima systemd", explained=True),
        (Row("boot-kernel", "The machine runs another kernel.", messages=("section contents .linux", "PCR 11, $.logs[0], event")),),
        "policy",
    ),
    Table(
        base("kernel"),
        (
            Row(
                "boot-kernel-lie",
                "The machine runs another kernel, and shows the log of the good one.",
                explained(logs_of("plain-again")),
                messages=("the events are those of the reference", "something was measured that the log does not hold"),
            ),
        ),
        "log policy",
    ),
    Table(
        base("rogue", known_good="secure-boot"),
        (
            Row("boot-rogue", "Secure Boot was switched off.", of_secure_boot, messages=("SecureBoot: enabled", "SecureBoot: disabled")),
            Row("boot-rogue-lie", "Secure Boot was switched off, and the log says it is on.", logs_of("secure-boot"), fails="log policy"),
        ),
        "policy",
    ),
]

TABLES = [
    one("boot-good", "A real machine with all its logs.", base("plain", "sha256", "tcg ima systemd")),
    one("boot-good-all-banks", "All its logs, replayed in three banks.", base("plain", "all", "tcg ima systemd")),
    one("boot-good-sha1", "All its logs, replayed in the SHA-1 bank.", base("plain", "sha1", "tcg ima systemd")),
    one(
        "boot-good-sha384",
        "All its logs in the SHA-384 bank, for which IMA pads its SHA-1 digests.",
        base("plain", "sha384", "tcg ima systemd"),
    ),
    one(
        "boot-good-secure-boot",
        "A machine with Secure Boot and keys of its own.",
        base("secure-boot", "sha256", "tcg ima systemd", "secure-boot"),
    ),
    one(
        "boot-good-large",
        "The same image on a larger machine, at another time.",
        base("plain-large", "sha256", "tcg ima systemd", "plain-large"),
    ),
    one(
        "boot-good-older",
        "The same image on an older chipset, at another time.",
        base("plain-older", "sha256", "tcg ima systemd", "plain-older"),
    ),
    Table(
        base("plain", "sha256", "tcg systemd"),
        (
            Row(
                "boot-good-without-ima",
                "Without IMA's log PCR 10 is unexplained, which nobody forbids, and which is said.",
                messages=("sha256:10: these quoted PCRs are neither explained by a log nor pinned by a policy",),
            ),
        ),
    ),
    one("boot-good-firmware", "The event log alone, of the PCRs that it explains.", base("plain")),
    one("boot-good-sha1-form", "An event log of the older form.", sha1_form),
    one("boot-good-raw-log", "Files of tpm2-tools with the log as Linux hands it out.", raw_log),
    Table(base("plain"), TCG_ACCEPTED),
    Table(base("plain"), TCG_CHANGED, "log"),
    Table(base("plain"), TCG_MALFORMED, "log"),
    Table(base("plain"), (Row("boot-log-twice", "The event log is given twice.", twice),), "log"),
    Table(lie_in_sha1, (Row("boot-one-bank-changed", "An image's digest was changed in one of three quoted banks."),), "log"),
    *OTHERS,
]

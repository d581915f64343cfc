"""Binary event logs in fields that can be changed: TCG's crypto-agile log and IMA's measurement list.

TCG PC Client Platform Firmware Profile 1.05, 10.2 (TCG_PCR_EVENT2); Linux, security/integrity/ima/ima_fs.c. `check` is
this folder's own account of what the logs say, so that the test data is known to be right before the library reads it. Nothing
else is checked here: this is the forger's side.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from proof import Json
from structures import HASH_IDS, HASH_NAMES, PcrValues, digest

EV_NO_ACTION = 0x3
EV_SEPARATOR = 0x4
EV_EVENT_TAG = 0x6
EV_COMPACT_HASH = 0xC
EV_IPL = 0xD
EV_EFI_VARIABLE_DRIVER_CONFIG = 0x80000001
EV_EFI_VARIABLE_BOOT = 0x80000002
EV_EFI_BOOT_SERVICES_APPLICATION = 0x80000003
EV_EFI_ACTION = 0x80000007
EV_EFI_HANDOFF_TABLES2 = 0x8000000B
EV_EFI_VARIABLE_AUTHORITY = 0x800000E0

RECORD_SEPARATOR = b"\x1e"
SHA1_BYTES = 20
# "changed while it was open": IMA logs zeros and extends ones.
VIOLATION = bytes(SHA1_BYTES)


@dataclass
class TcgEvent:
    pcr: int
    kind: int
    digests: dict[str, bytes]
    data: bytes

    def encode(self) -> bytes:
        out = struct.pack("<III", self.pcr, self.kind, len(self.digests))
        for bank, value in self.digests.items():
            out += struct.pack("<H", HASH_IDS[bank]) + value
        return out + struct.pack("<I", len(self.data)) + self.data


@dataclass
class TcgLog:
    """`head` is the first record, which is in the older format and says what follows; `tail` is no event."""

    head: bytes
    events: list[TcgEvent]
    tail: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> TcgLog:
        pcr, kind = struct.unpack_from("<II", data)
        (size,) = struct.unpack_from("<I", data, 8 + SHA1_BYTES)
        at = 8 + SHA1_BYTES + 4 + size
        assert (pcr, kind) == (0, EV_NO_ACTION) and data[32:].startswith(b"Spec ID Event03\0")
        log = cls(data[:at], [])
        while at < len(data):
            event, at = _read_tcg_event(data, at)
            log.events.append(event)
        return log

    def encode(self) -> bytes:
        return self.head + b"".join(event.encode() for event in self.events) + self.tail

    def of(self, pcr: int) -> list[TcgEvent]:
        return [event for event in self.events if event.pcr == pcr]


def _read_tcg_event(data: bytes, at: int) -> tuple[TcgEvent, int]:
    pcr, kind, count = struct.unpack_from("<III", data, at)
    at += 12
    digests: dict[str, bytes] = {}
    for _ in range(count):
        (algorithm,) = struct.unpack_from("<H", data, at)
        bank = HASH_NAMES[algorithm]
        size = len(digest(bank, b""))
        digests[bank] = data[at + 2 : at + 2 + size]
        at += 2 + size
    (size,) = struct.unpack_from("<I", data, at)
    end = at + 4 + size
    assert end <= len(data), "a genuine log is consumed whole"
    return TcgEvent(pcr, kind, digests, data[at + 4 : end]), end


@dataclass
class ImaEntry:
    """One entry of any template but the oldest, `ima`; `data` is the template data, which holds the file's digest and name."""

    pcr: int
    digest: bytes
    template: bytes
    data: bytes

    def encode(self) -> bytes:
        template = struct.pack("<I", len(self.template)) + self.template
        return struct.pack("<I", self.pcr) + self.digest + template + struct.pack("<I", len(self.data)) + self.data

    @property
    def violation(self) -> bool:
        return self.digest == VIOLATION


@dataclass
class ImaLog:
    entries: list[ImaEntry] = field(default_factory=list)

    @classmethod
    def parse(cls, data: bytes) -> ImaLog:
        log, at = cls(), 0
        while at < len(data):
            (pcr,) = struct.unpack_from("<I", data, at)
            value = data[at + 4 : at + 4 + SHA1_BYTES]
            template, at = _read_sized(data, at + 4 + SHA1_BYTES)
            content, at = _read_sized(data, at)
            log.entries.append(ImaEntry(pcr, value, template, content))
        assert at == len(data), "a genuine log is consumed whole"
        return log

    def encode(self) -> bytes:
        return b"".join(entry.encode() for entry in self.entries)


def _read_sized(data: bytes, at: int) -> tuple[bytes, int]:
    (size,) = struct.unpack_from("<I", data, at)
    return data[at + 4 : at + 4 + size], at + 4 + size


# The canonical event log


@dataclass
class CelRecord:
    """One record with a single digest. `name` is IMA's template, or empty for an event of the firmware."""

    number: int
    pcr: int
    bank: str
    digest: bytes
    kind: int
    name: str
    data: bytes


def cel_records(tcg: TcgLog, ima: ImaLog, bank: str) -> list[CelRecord]:
    out = [CelRecord(0, event.pcr, bank, event.digests[bank], event.kind, "", event.data) for event in tcg.events]
    out += [CelRecord(0, entry.pcr, bank, ima_digest(entry, bank), 0, entry.template.decode(), entry.data) for entry in ima.entries]
    for number, record in enumerate(out):
        record.number = number
    return out


def cel_json(records: list[CelRecord]) -> bytes:
    """TCG CEL 1.0, 5.2."""

    def content(record: CelRecord) -> Json:
        if record.name:
            data = {"template_name": record.name, "template_data": record.data.hex()}
            return {"content_type": "ima_template", "content": data}
        return {"content_type": "pcclient_std", "content": {"event_type": record.kind, "event_data": record.data.hex()}}

    def encoded(record: CelRecord) -> Json:
        digests = [{"hashAlg": record.bank, "digest": record.digest.hex()}]
        return {"recnum": record.number, "pcr": record.pcr, "digests": digests, **content(record)}

    return json.dumps([encoded(record) for record in records], separators=(",", ":")).encode()


def cel_tlv(records: list[CelRecord]) -> bytes:
    """TCG CEL 1.0, 5.1."""

    def tlv(kind: int, value: bytes) -> bytes:
        return struct.pack(">BI", kind, len(value)) + value

    def content(record: CelRecord) -> bytes:
        kind, first = (7, record.name.encode()) if record.name else (5, struct.pack(">I", record.kind))
        return tlv(kind, tlv(0, first) + tlv(1, record.data))

    def encoded(record: CelRecord) -> bytes:
        digests = tlv(3, tlv(HASH_IDS[record.bank], record.digest))
        return tlv(0, struct.pack(">Q", record.number)) + tlv(1, struct.pack(">I", record.pcr)) + digests + content(record)

    return b"".join(encoded(record) for record in records)


# Replay


def extend(bank: str, value: bytes, event_digest: bytes) -> bytes:
    return digest(bank, value + event_digest)


def replay(bank: str, extends: Iterable[tuple[int, bytes]], start: int = 0) -> dict[int, bytes]:
    """The PCRs that these digests make; `start` is the locality of the startup, which PCR 0 begins with."""
    size = len(digest(bank, b""))
    values: dict[int, bytes] = {}
    for pcr, value in extends:
        initial = bytes([start if pcr == 0 else 0]).rjust(size, b"\0")
        values[pcr] = extend(bank, values.get(pcr, initial), value)
    return values


def replay_tcg(log: TcgLog, bank: str) -> dict[int, bytes]:
    locality = next((event.data[16] for event in log.events if event.data.startswith(b"StartupLocality\0")), 0)
    return replay(bank, ((event.pcr, event.digests[bank]) for event in log.events if event.kind != EV_NO_ACTION), locality)


def replay_ima(log: ImaLog, bank: str, padded: bool = False) -> dict[int, bytes]:
    return replay(bank, ((entry.pcr, ima_digest(entry, bank, padded)) for entry in log.entries))


def ima_digest(entry: ImaEntry, bank: str, padded: bool = False) -> bytes:
    """`padded`: a kernel that lacks the bank's hash extends the SHA-1 digest, filled up with zeros."""
    size = len(digest(bank, b""))
    if entry.violation:
        return b"\xff" * size
    return entry.digest.ljust(size, b"\0") if padded else digest(bank, entry.data)


def replay_systemd(log: bytes, bank: str, values: dict[int, bytes]) -> dict[int, bytes]:
    """systemd's log goes on where the firmware's ended."""
    for record in records(log):
        digests = {part["hashAlg"]: bytes.fromhex(part["digest"]) for part in record["digests"]}
        values = values | {record["pcr"]: extend(bank, values[record["pcr"]], digests[bank])}
    return values


def records(log: bytes) -> list[Json]:
    """RFC 7464: each record after a record separator."""
    return [json.loads(text) for text in log.split(RECORD_SEPARATOR)[1:]]


def encode_records(values: list[Json]) -> bytes:
    return b"".join(RECORD_SEPARATOR + json.dumps(value, separators=(",", ":")).encode() + b"\n" for value in values)


def check(name: str, logs: dict[str, bytes], pcrs: PcrValues) -> None:
    """The logs of a machine explain every PCR that it quotes, in every bank."""
    for bank, values in pcrs.items():
        replayed = replay_systemd(logs["systemd"], bank, replay_tcg(TcgLog.parse(logs["tcg"]), bank))
        # Debian builds SHA-384 as a module, which IMA is too early for.
        replayed |= replay_ima(ImaLog.parse(logs["ima"]), bank, padded=bank == "sha384")
        for index in range(16):
            if values[index] != replayed.get(index, bytes(len(values[index]))):
                raise ValueError(f"{name}: PCR {index} of bank {bank} does not replay")

"""TPM 2.0 structures that the test data needs to build or to bend.

TPM 2.0 Library specification, Part 2, revision 1.59. Only what a proof carries: TPMS_ATTEST of a quote, TPML_PCR_SELECTION
and the two PCR files of tpm2-tools. Nothing is checked here: this is the forger's side.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

TPM_GENERATED = 0xFF544347
ST_ATTEST_CERTIFY = 0x8017
ST_ATTEST_QUOTE = 0x8018
ST_ATTEST_TIME = 0x8019

ALG_HMAC = 0x0005
ALG_NULL = 0x0010
ALG_RSASSA = 0x0014
ALG_RSAPSS = 0x0016
ALG_ECDSA = 0x0018
ALG_ECDAA = 0x001A
ALG_SM2 = 0x001B

HASH_IDS = {"sha1": 0x0004, "sha256": 0x000B, "sha384": 0x000C, "sha512": 0x000D}
HASH_NAMES = {number: name for name, number in HASH_IDS.items()}

# TPMA_OBJECT, Part 2, 8.3: the bits by which an attestation key is known.
ATTRIBUTES = {
    "fixedtpm": 1 << 1,
    "fixedparent": 1 << 4,
    "sensitivedataorigin": 1 << 5,
    "restricted": 1 << 16,
    "decrypt": 1 << 17,
    "reserved31": 1 << 31,
    "sign": 1 << 18,
}

# Banks in their order, each with its PCR indices in theirs.
Selection = list[tuple[str, list[int]]]
PcrValues = dict[str, dict[int, bytes]]


def digest(hash_name: str, data: bytes) -> bytes:
    return hashlib.new(hash_name, data).digest()


def parse_selection(text: str) -> Selection:
    """The notation of tpm2-tools: sha256:0,1,2+sha1:0, here also with ranges such as 0-7."""
    selection: Selection = []
    for part in text.split("+"):
        bank, _, indices = part.partition(":")
        selection.append((bank, [] if indices == "none" else _parse_indices(indices)))
    return selection


def _parse_indices(text: str) -> list[int]:
    indices: list[int] = []
    for item in text.split(","):
        first, _, last = item.partition("-")
        indices += range(int(first), int(last or first) + 1)
    return indices


def format_selection(selection: Selection) -> str:
    return "+".join(f"{bank}:{','.join(map(str, indices)) or 'none'}" for bank, indices in selection)


def select_bytes(indices: list[int], width: int = 3) -> bytes:
    return sum(1 << index for index in indices).to_bytes(width, "little")


def encode_selection(selection: Selection, width: int = 3) -> bytes:
    """TPML_PCR_SELECTION, Part 2, 10.9.7."""
    out = struct.pack(">I", len(selection))
    for bank, indices in selection:
        out += struct.pack(">HB", HASH_IDS[bank], width) + select_bytes(indices, width)
    return out


def tpm2b(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def ordered_values(selection: Selection, values: PcrValues) -> list[bytes]:
    return [values[bank][index] for bank, indices in selection for index in sorted(indices)]


def pcr_digest(hash_name: str, selection: Selection, values: PcrValues) -> bytes:
    """pcrDigest of TPMS_QUOTE_INFO: its hash is the signature scheme's, whatever the banks."""
    return digest(hash_name, b"".join(ordered_values(selection, values)))


@dataclass
class Attest:
    """A TPMS_ATTEST that holds a quote (Part 2, 10.12.8), in fields that can be changed."""

    magic: int
    kind: int
    signer: bytes
    extra: bytes
    clock: bytes
    firmware: bytes
    selection: bytes
    digest: bytes
    tail: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> Attest:
        magic, kind = struct.unpack_from(">IH", data)
        signer, at = _read_tpm2b(data, 6)
        extra, at = _read_tpm2b(data, at)
        clock, firmware = data[at : at + 17], data[at + 17 : at + 25]
        at += 25
        end = _selection_end(data, at)
        pcr, last = _read_tpm2b(data, end)
        assert last == len(data), "a genuine quote is consumed whole"
        return cls(magic, kind, signer, extra, clock, firmware, data[at:end], pcr)

    def encode(self) -> bytes:
        head = struct.pack(">IH", self.magic, self.kind) + tpm2b(self.signer) + tpm2b(self.extra)
        return head + self.clock + self.firmware + self.selection + tpm2b(self.digest) + self.tail


def _read_tpm2b(data: bytes, at: int) -> tuple[bytes, int]:
    (size,) = struct.unpack_from(">H", data, at)
    return data[at + 2 : at + 2 + size], at + 2 + size


def _selection_end(data: bytes, at: int) -> int:
    (count,) = struct.unpack_from(">I", data, at)
    at += 4
    for _ in range(count):
        at += 3 + data[at + 2]
    return at


def with_attributes(public: bytes, set_bits: str = "", clear_bits: str = "") -> bytes:
    """A TPMT_PUBLIC (Part 2, 12.2.4: type, nameAlg, objectAttributes, …) with other attributes."""
    (bits,) = struct.unpack_from(">I", public, 4)
    for name in set_bits.split():
        bits |= ATTRIBUTES[name]
    for name in clear_bits.split():
        bits &= ~ATTRIBUTES[name]
    return public[:4] + struct.pack(">I", bits) + public[8:]


def serialized_pcrs(selection: Selection, digests: list[bytes]) -> bytes:
    """`tpm2_quote -F serialized`: C structures as a little-endian host lays them out."""
    out = struct.pack("<I", len(selection))
    for bank, indices in selection:
        out += struct.pack("<HB4sx", HASH_IDS[bank], 3, select_bytes(indices))
    out = out.ljust(4 + 16 * 8, b"\0")
    groups = [digests[at : at + 8] for at in range(0, len(digests), 8)]
    out += struct.pack("<I", len(groups))
    for group in groups:
        entries = b"".join(struct.pack("<H64s", len(value), value) for value in group)
        out += struct.pack("<I", len(group)) + entries.ljust(8 * 66, b"\0")
    return out

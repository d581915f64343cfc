"""What the AK has signed: no quote, another nonce, other PCRs than the proof's list says.

Where a TPM would not sign it, a key without restriction does, under a certificate like any other's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from case import Case, Row, Table
from lab import BOOT_PCRS, NONCE, Lab, pin
from structures import (
    ALG_NULL,
    ST_ATTEST_CERTIFY,
    ST_ATTEST_TIME,
    digest,
    encode_selection,
    parse_selection,
    pcr_digest,
    serialized_pcrs,
)

from .good import one

Change = Callable[[Lab, Case], None]
Base = Callable[[Lab], Case]


def attest(**changes: object) -> Base:
    """The genuine TPMS_ATTEST with other members, well signed."""

    def base(lab: Lab) -> Case:
        return lab.forged(replace(lab.genuine_attest(), **changes))  # type: ignore[arg-type]

    return base


def refused(name: str, about: str, base: Base, fails: str) -> Table:
    return Table(base, (Row(name, about),), fails)


# The quote


def certify(lab: Lab) -> Case:
    case = lab.plain()
    case.evidence.attest, case.evidence.signature = lab.tpm.certify(lab.keys["rsassa"], lab.keys["other"])
    return case


def time_attest(lab: Lab) -> Case:
    case = lab.plain()
    case.evidence.attest, case.evidence.signature = lab.tpm.get_time(lab.keys["rsassa"], NONCE)
    return case


def truncated(lab: Lab) -> Case:
    return lab.signed(lab.genuine_attest().encode()[:-1])


def wide_selection() -> bytes:
    """A pcrSelect of five bytes, where TPM2_PCR_SELECT_MAX is four."""
    return encode_selection(parse_selection(BOOT_PCRS), width=5)


def crowded_selection() -> bytes:
    """17 banks, where TPML_PCR_SELECTION holds 16."""
    return encode_selection(parse_selection(BOOT_PCRS) * 17)


QUOTES = [
    ("quote-certify-structure", "A genuine TPM2_Certify of another key by the AK.", certify),
    ("quote-time-structure", "A genuine TPM2_GetTime by the AK.", time_attest),
    ("quote-magic-wrong", "The magic is not TPM_GENERATED.", attest(magic=0xFF544348)),
    ("quote-magic-reversed", "The magic in the wrong byte order.", attest(magic=0x474354FF)),
    ("quote-type-null", "The type is TPM_ALG_NULL, a selector that some parsers take.", attest(kind=ALG_NULL)),
    ("quote-type-certify", "A quote that calls itself a TPM2_Certify.", attest(kind=ST_ATTEST_CERTIFY)),
    ("quote-type-time", "A quote that calls itself a TPM2_GetTime.", attest(kind=ST_ATTEST_TIME)),
    ("quote-trailing-byte", "A byte follows the TPMS_ATTEST, inside what is signed.", attest(tail=b"\0")),
    ("quote-truncated", "The signed TPMS_ATTEST ends too early.", truncated),
    ("quote-select-five-bytes", "A PCR selection of five bytes.", attest(selection=wide_selection())),
    ("quote-17-banks", "A PCR selection of 17 banks.", attest(selection=crowded_selection())),
]


# The nonce


def asked(nonce: bytes) -> Change:
    """The caller asks for this nonce; the proof says nothing about its own."""

    def change(_: Lab, case: Case) -> None:
        case.nonce, case.evidence.nonce = nonce, None

    return change


def said(nonce: bytes, asked_too: bool = False) -> Change:
    """The proof claims this nonce."""

    def change(_: Lab, case: Case) -> None:
        case.evidence.nonce = nonce
        if not asked_too:
            case.nonce = None

    return change


def asked_of_bound(_: Lab, case: Case) -> None:
    case.nonce = digest("sha256", b"another")


OTHER_NONCE = digest("sha256", b"another")
NONCES = (
    Row("nonce-other", "The quote holds another nonce than the caller's.", asked(OTHER_NONCE)),
    Row("nonce-longer", "The caller's nonce is the quote's and one byte more.", asked(NONCE + b"\0")),
    Row("nonce-shorter", "The caller's nonce is the quote's without its last byte.", asked(NONCE[:-1])),
    Row("nonce-prefix", "The caller's nonce is the quote's first byte.", asked(NONCE[:1])),
    Row("nonce-last-bit", "The caller's nonce differs in its last bit.", asked(NONCE[:-1] + bytes([NONCE[-1] ^ 1]))),
    Row("nonce-own-contradicts", "The proof's own nonce is not the quote's.", said(OTHER_NONCE)),
    Row("nonce-own-is-prefix", "The proof's own nonce is the beginning of the quote's.", said(NONCE[:8])),
    Row("nonce-own-contradicts-asked", "The quote holds the caller's nonce, the proof claims another.", said(OTHER_NONCE, True)),
)
UNBOUND = (
    Row("nonce-absent", "The caller asks for a nonce, the quote holds none.", asked(NONCE)),
    Row("nonce-own-absent", "The proof claims a nonce, the quote holds none.", said(NONCE)),
)
BOUND = (Row("nonce-other-with-tls-quote", "Nonce and TLS key are bound by the quote, but the caller's nonce is another.", asked_of_bound),)


# The PCR values


def values(bend: Callable[[dict[int, bytes]], Any]) -> Change:
    """Change the SHA-256 values that the proof lists."""

    def change(_: Lab, case: Case) -> None:
        bend(case.evidence.pcrs["sha256"])

    return change


def swap(pcrs: dict[int, bytes]) -> None:
    pcrs[1], pcrs[2] = pcrs[2], pcrs[1]


def relabel(pcrs: dict[int, bytes]) -> None:
    pcrs[9] = pcrs.pop(7)


def split_again(pcrs: dict[int, bytes]) -> None:
    pcrs[1], pcrs[2] = pcrs[1] + pcrs[2][:1], pcrs[2][1:]


def flip_value(pcrs: dict[int, bytes]) -> None:
    pcrs[4] = bytes([pcrs[4][0] ^ 1]) + pcrs[4][1:]


def move_bank(_: Lab, case: Case) -> None:
    case.evidence.pcrs["sha384"] = case.evidence.pcrs.pop("sha256")


def add_bank(lab: Lab, case: Case) -> None:
    case.evidence.pcrs["sha384"] = {0: lab.enter("server")["sha384"][0]}


def drop_bank(_: Lab, case: Case) -> None:
    del case.evidence.pcrs["sha256"]
    pin(case, "sha1", 0)


def swap_banks(_: Lab, case: Case) -> None:
    """Each bank's values under the other's name."""
    pcrs = case.evidence.pcrs
    pcrs["sha1"], pcrs["sha256"] = pcrs["sha256"], pcrs["sha1"]


PCRS = (
    Row("pcrs-value-changed", "One bit of a PCR value is flipped.", values(flip_value)),
    Row("pcrs-indices-swapped", "Two PCRs have changed their places.", values(swap)),
    Row("pcrs-index-relabelled", "The last quoted PCR is said to be another.", values(relabel)),
    Row("pcrs-value-resplit", "A byte has moved from a PCR value to its neighbour.", values(split_again)),
    Row("pcrs-value-repeated", "One value stands for two PCRs.", values(lambda pcrs: pcrs.update({1: pcrs[0]}))),
    Row("pcrs-value-missing", "A quoted PCR is not listed.", values(lambda pcrs: pcrs.pop(3))),
    Row("pcrs-value-unsigned", "A PCR is listed that is not quoted.", values(lambda pcrs: pcrs.update({8: bytes(32)}))),
    Row("pcrs-value-too-short", "A PCR value has the size of another bank's.", values(lambda pcrs: pcrs.update({0: pcrs[0][:20]}))),
    Row("pcrs-value-too-long", "A PCR value has a byte too many.", values(lambda pcrs: pcrs.update({0: pcrs[0] + b"\0"}))),
    Row("pcrs-bank-renamed", "All values are said to be of the SHA-384 bank.", move_bank),
    Row("pcrs-bank-unsigned", "A bank is listed that is not quoted.", add_bank),
)
TWO_BANKS = (
    Row("pcrs-bank-missing", "One of two quoted banks is not listed.", drop_bank),
    Row("pcrs-banks-swapped", "Each bank's values stand under the other's name.", swap_banks),
)


def signed_selection(text: str, listed: str) -> Base:
    """The TPM's own quote over an unusual selection, the proof listing `listed`."""

    def base(lab: Lab) -> Case:
        case = lab.plain()
        quote = lab.quote("rsassa", text, NONCE)
        case.evidence.attest, case.evidence.signature = quote.attest, quote.signature
        case.evidence.pcrs = lab.quote("rsassa", listed, NONCE).pcrs
        return case

    return base


def nothing_selected(lab: Lab) -> Case:
    """No bank at all: what tpm2_quote does not ask for, a forger writes."""
    empty = replace(lab.genuine_attest(), selection=encode_selection([]), digest=digest("sha256", b""))
    case = lab.forged(empty)
    case.evidence.pcrs = {"sha256": {}}
    return case


def digest_of_hash(hash_name: str) -> Base:
    def base(lab: Lab) -> Case:
        quote = lab.quote("rsassa", BOOT_PCRS, NONCE)
        return attest(digest=pcr_digest(hash_name, quote.selection, quote.pcrs))(lab)

    return base


SELECTIONS = [
    ("pcrs-selection-empty", "A genuine quote over no PCR; the proof lists none.", signed_selection("sha256:none", "sha256:none")),
    ("pcrs-selection-empty-listed", "A genuine quote over no PCR; the proof lists eight.", signed_selection("sha256:none", BOOT_PCRS)),
    ("pcrs-selection-no-bank", "A signed selection without any bank.", nothing_selected),
    (
        "pcrs-bank-twice",
        "The signed selection names a bank twice, with the same PCRs.",
        signed_selection("sha256:0-3+sha256:0-3", "sha256:0-3"),
    ),
    (
        "pcrs-bank-twice-disjoint",
        "The signed selection names a bank twice; put together, the values would hash to pcrDigest.",
        signed_selection("sha256:0-3+sha256:4-7", BOOT_PCRS),
    ),
    ("pcrs-digest-sha384", "pcrDigest is SHA-384, the signature SHA-256.", digest_of_hash("sha384")),
    ("pcrs-digest-sha1", "pcrDigest is SHA-1, the signature SHA-256.", digest_of_hash("sha1")),
    ("pcrs-digest-empty", "pcrDigest is empty.", attest(digest=b"")),
    ("pcrs-digest-truncated", "pcrDigest lacks its last byte.", lambda lab: attest(digest=lab.genuine_attest().digest[:-1])(lab)),
]


# tpm2-tools' files


def loose(layout: str, selection: str = BOOT_PCRS) -> Base:
    def base(lab: Lab) -> Case:
        case = lab.plain(selection=selection)
        case.layout = layout
        return case

    return base


def with_log(lab: Lab) -> Case:
    case = lab.full(selection="sha256:0-7,14")
    case.layout, case.evidence.logs = "serialized", case.evidence.logs[:1]
    return case


def key_only(lab: Lab, case: Case) -> None:
    case.evidence.ak_pem, case.evidence.chain = lab.keys["rsassa"].pem, []


def key_too(name: str) -> Change:
    def change(lab: Lab, case: Case) -> None:
        case.evidence.ak_pem = lab.keys[name].pem

    return change


def pcr_file(bend: Callable[[list[bytes]], Any]) -> Change:
    """The serialized file with its own selection and other digests."""

    def change(_: Lab, case: Case) -> None:
        digests = list(case.evidence.pcrs["sha256"].values())
        bend(digests)
        case.evidence.pcr_file = serialized_pcrs(case.evidence.selection, digests)

    return change


def reordered(header: bool, digests: bool) -> Change:
    """Two banks the other way round: in the file's selection, among its digests, or in both."""

    def change(_: Lab, case: Case) -> None:
        pcrs, selection = case.evidence.pcrs, case.evidence.selection
        order = selection[::-1] if digests else selection
        listed = [pcrs[bank][index] for bank, indices in order for index in indices]
        case.evidence.pcr_file = serialized_pcrs(selection[::-1] if header else selection, listed)

    return change


def file_selection(text: str) -> Change:
    """The right digests under a selection that is not the signed one."""

    def change(_: Lab, case: Case) -> None:
        digests = list(case.evidence.pcrs["sha256"].values())
        case.evidence.pcr_file = serialized_pcrs(parse_selection(text), digests)

    return change


def first_two_swapped(digests: list[bytes]) -> None:
    digests[0], digests[1] = digests[1], digests[0]


def resplit_digests(digests: list[bytes]) -> None:
    digests[0], digests[1] = digests[0] + digests[1][:1], digests[1][1:]


SERIALIZED = (
    Row("loose-digests-swapped", "Two digests of the serialized file have changed their places.", pcr_file(first_two_swapped)),
    Row("loose-digest-repeated", "The serialized file repeats its last digest.", pcr_file(lambda all_: all_.append(all_[-1]))),
    Row("loose-digest-missing", "The serialized file lacks its last digest.", pcr_file(lambda all_: all_.pop())),
    Row("loose-digest-resplit", "A byte has moved from one digest to the next.", pcr_file(resplit_digests)),
    Row("loose-other-indices", "The serialized file says PCR 8-15 where 0-7 are signed.", file_selection("sha256:8-15")),
    Row("loose-other-bank", "The serialized file says SHA-384 where SHA-256 is signed.", file_selection("sha384:0-7")),
    Row("loose-bank-twice", "The serialized file splits the signed bank in two.", file_selection("sha256:0-3+sha256:4-7")),
)
SERIALIZED_TWO_BANKS = (
    Row("loose-banks-reordered", "The serialized file has both banks in the other order.", reordered(header=True, digests=True)),
    Row("loose-bank-headers-reordered", "The serialized file's selection has another order than its digests.", reordered(True, False)),
    Row("loose-bank-digests-reordered", "The serialized file's digests have another order than its selection.", reordered(False, True)),
)


def swap_values(_: Lab, case: Case) -> None:
    pcrs = case.evidence.pcrs["sha256"]
    pcrs[0], pcrs[1] = pcrs[1], pcrs[0]


VALUES = (
    Row("loose-values-swapped", "Two digests of the values file have changed their places.", swap_values),
    Row("loose-values-one-more", "The values file holds a digest too many.", values(lambda pcrs: pcrs.update({8: bytes(32)}))),
    Row("loose-values-one-less", "The values file lacks its last digest.", values(lambda pcrs: pcrs.pop(7))),
    Row("loose-values-trailing-byte", "A byte follows the digests of the values file.", values(lambda pcrs: pcrs.update({8: b"\0"}))),
)

TABLES = [
    *[refused(name, about, base, "quote") for name, about, base in QUOTES],
    Table(Lab.plain, NONCES, "nonce"),
    Table(lambda lab: lab.plain(extra=b""), UNBOUND, "nonce"),
    Table(Lab.bound_in_quote, BOUND, "nonce"),
    Table(Lab.plain, PCRS, "pcrs"),
    Table(lambda lab: lab.plain(selection="sha1:0-7+sha256:0-7"), TWO_BANKS, "pcrs"),
    *[refused(name, about, base, "pcrs") for name, about, base in SELECTIONS],
    one("good-loose-serialized", "tpm2_quote's files, the PCRs serialized.", loose("serialized")),
    one("good-loose-two-banks", "tpm2_quote's files, two banks serialized.", loose("serialized", "sha1:0-7+sha256:0-7")),
    one("good-loose-values", "tpm2_quote's files, the PCRs as bare digests.", loose("values")),
    one("good-loose-log", "tpm2_quote's files and a text log of PCR 14.", with_log),
    Table(loose("serialized"), (Row("loose-key-only", "A bare AK public key proves no origin.", key_only, verdict="refused"),)),
    Table(loose("serialized"), (Row("good-loose-key-and-chain", "The AK's certificate and its key beside it.", key_too("rsassa")),)),
    Table(loose("serialized"), (Row("loose-another-key", "A key beside the certificate of another.", key_too("other"), fails="ak"),)),
    Table(loose("serialized"), SERIALIZED, "pcrs"),
    Table(loose("serialized", "sha1:0-7+sha256:0-7"), SERIALIZED_TWO_BANKS, "pcrs"),
    Table(loose("values"), VALUES, "pcrs"),
    Table(
        loose("serialized"),
        (
            Row(
                "loose-signature-trailing-byte",
                "A byte follows the TPMT_SIGNATURE in its file.",
                lambda lab, case: setattr(case.evidence, "signature", case.evidence.signature + b"\0"),
            ),
        ),
        "signature",
    ),
]

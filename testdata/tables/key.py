"""The AK's public area and its signature: what does not fit the certificate or does not verify under it."""

from __future__ import annotations

import struct
from collections.abc import Callable

from case import Case, Row, Table
from lab import NONCE, Lab
from structures import ALG_ECDAA, ALG_ECDSA, ALG_HMAC, ALG_NULL, ALG_RSAPSS, ALG_RSASSA, ALG_SM2, HASH_IDS, digest, tpm2b, with_attributes

from .good import with_public

Change = Callable[[Lab, Case], None]


# The public area


def public(bend: Callable[[bytes], bytes]) -> Change:
    def change(_: Lab, case: Case) -> None:
        assert case.evidence.public
        case.evidence.public = bend(case.evidence.public)

    return change


def attributes(set_bits: str = "", clear_bits: str = "") -> Change:
    return public(lambda area: with_attributes(area, set_bits, clear_bits))


def public_of(ak: str) -> Change:
    def change(lab: Lab, case: Case) -> None:
        case.evidence.public = lab.keys[ak].public

    return change


def unrestricted(lab: Lab) -> Case:
    """A key that signs anything, honestly described and certified all the same."""
    case = lab.signed(lab.genuine_attest().encode())
    case.evidence.public = lab.keys["free"].public
    return case


PUBLIC = (
    Row("ak-public-of-another", "The public area is that of another AK.", public_of("other")),
    Row("ak-public-of-another-type", "The public area is that of an ECC key, the certificate RSA.", public_of("p256")),
    Row("ak-not-restricted", "The key may sign what does not come from the TPM.", attributes(clear_bits="restricted")),
    Row("ak-not-sign", "The key is no signing key.", attributes(clear_bits="sign")),
    Row("ak-not-fixed-tpm", "The key may live in another TPM too.", attributes(clear_bits="fixedtpm")),
    Row("ak-not-fixed-parent", "The key may move to another parent.", attributes(clear_bits="fixedparent")),
    Row("ak-not-sensitive-data-origin", "The key was made outside and imported.", attributes(clear_bits="sensitivedataorigin")),
    Row("ak-decrypt", "The key decrypts too.", attributes(set_bits="decrypt")),
    Row("ak-reserved-attribute", "A reserved attribute is set.", attributes(set_bits="reserved31")),
    Row("ak-trailing-byte", "A byte follows the TPMT_PUBLIC.", public(lambda area: area + b"\0")),
    Row("ak-truncated", "The TPMT_PUBLIC ends too early.", public(lambda area: area[:-1])),
    Row("ak-tpm2b", "A TPM2B_PUBLIC stands where a TPMT_PUBLIC belongs.", public(tpm2b)),
    Row("ak-empty", "The public area is empty.", public(lambda area: b""), fails="parse"),
)


# The signature


def signature(bend: Callable[[bytes], bytes]) -> Change:
    def change(_: Lab, case: Case) -> None:
        case.evidence.signature = bend(case.evidence.signature)

    return change


def labels(algorithm: int, hash_name: str = "sha256") -> Change:
    """Other numbers in front of the same signature."""
    return signature(lambda data: struct.pack(">HH", algorithm, HASH_IDS[hash_name]) + data[4:])


def flip(at: int) -> Callable[[bytes], bytes]:
    def bend(data: bytes) -> bytes:
        bent = bytearray(data)
        bent[at] ^= 1
        return bytes(bent)

    return bend


def attest_changed(_: Lab, case: Case) -> None:
    """The reset counter, which nothing else of a quote depends on."""
    at = case.evidence.attest.index(NONCE) + len(NONCE) + 11
    case.evidence.attest = flip(at)(case.evidence.attest)


def quote_of_another(lab: Lab, case: Case) -> None:
    quote = lab.quote("other", "sha256:0-7", NONCE)
    case.evidence.attest, case.evidence.signature = quote.attest, quote.signature


def leaf_of_another(lab: Lab, case: Case) -> None:
    case.evidence.chain = lab.chain("azure-like", "other")


def signature_of_another_quote(lab: Lab, case: Case) -> None:
    case.evidence.signature = lab.quote("rsassa", "sha256:0-7", b"another").signature


def null_signature(_: Lab, case: Case) -> None:
    case.evidence.signature = struct.pack(">H", ALG_NULL)


def hmac_signature(_: Lab, case: Case) -> None:
    """A TPMT_HA: no key but a hash of what everybody can read."""
    case.evidence.signature = struct.pack(">HH", ALG_HMAC, HASH_IDS["sha256"]) + digest("sha256", case.evidence.attest)


def ecdsa_numbers(r: bytes, s: bytes) -> Change:
    return signature(lambda data: data[:4] + tpm2b(r) + tpm2b(s))


def sha1(lab: Lab) -> Case:
    """All is consistent with SHA-1, pcrDigest too."""
    attest = lab.genuine_attest()
    values = lab.quote("rsassa", "sha256:0-7", NONCE).pcrs["sha256"]
    attest.digest = digest("sha1", b"".join(values.values()))
    return lab.forged(attest, hash_name="sha1")


RSASSA = (
    Row("signature-flipped", "One bit of the signature is flipped.", signature(flip(-1))),
    Row("signature-attest-changed", "One bit of the signed TPMS_ATTEST is flipped.", attest_changed),
    Row("signature-quote-of-another-ak", "The quote was signed by another AK of the same TPM.", quote_of_another),
    Row("signature-leaf-of-another-ak", "The certificate is another AK's.", leaf_of_another),
    Row("signature-of-another-quote", "The AK's signature over another of its quotes.", signature_of_another_quote),
    Row("signature-null", "The signature's algorithm is TPM_ALG_NULL.", null_signature),
    Row("signature-hmac", "The signature is an unkeyed hash that calls itself HMAC.", hmac_signature),
    Row("signature-rsapss-label", "An RSASSA signature that says RSAPSS.", labels(ALG_RSAPSS)),
    Row("signature-ecdsa-label", "An RSASSA signature that says ECDSA.", labels(ALG_ECDSA)),
    Row("signature-hash-label", "A signature with SHA-256 that says SHA-384.", labels(ALG_RSASSA, "sha384")),
    Row("signature-sha1-label", "A signature with SHA-256 that says SHA-1.", labels(ALG_RSASSA, "sha1")),
    Row("signature-trailing-byte", "A byte follows the TPMT_SIGNATURE.", signature(lambda data: data + b"\0")),
    Row("signature-truncated", "The TPMT_SIGNATURE ends too early.", signature(lambda data: data[:-1])),
    Row("signature-zero", "The signature is the number zero.", signature(lambda data: data[:6] + bytes(len(data) - 6))),
)
RSAPSS = (Row("signature-rsassa-label", "An RSAPSS signature that says RSASSA.", labels(ALG_RSASSA)),)
ECDSA = (
    Row("signature-ecdsa-flipped", "One bit of the ECDSA signature is flipped.", signature(flip(-1))),
    Row("signature-ecdsa-zero", "Both numbers of the ECDSA signature are zero.", ecdsa_numbers(bytes(32), bytes(32))),
    Row("signature-ecdsa-one", "Both numbers of the ECDSA signature are one.", ecdsa_numbers(b"\1", b"\1")),
    Row("signature-ecdsa-trailing-byte", "A byte follows the ECDSA signature.", signature(lambda data: data + b"\0")),
    Row("signature-ecdaa-label", "An ECDSA signature that says ECDAA.", labels(ALG_ECDAA)),
    Row("signature-sm2-label", "An ECDSA signature that says SM2.", labels(ALG_SM2)),
    Row("signature-rsassa-label-on-ecdsa", "An ECDSA signature that says RSASSA.", labels(ALG_RSASSA)),
)

TABLES = [
    Table(with_public("rsassa"), PUBLIC, "ak"),
    Table(unrestricted, (Row("ak-unrestricted-key", "The AK's public area says truly that it signs anything."),), "ak"),
    Table(Lab.plain, RSASSA, "signature"),
    Table(lambda lab: lab.plain("rsapss"), RSAPSS, "signature"),
    Table(lambda lab: lab.plain("p256"), ECDSA, "signature"),
    Table(sha1, (Row("signature-sha1", "A genuine signature with SHA-1."),), "signature"),
]

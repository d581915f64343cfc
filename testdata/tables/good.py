"""Proofs that must be accepted."""

from __future__ import annotations

import base64
from collections.abc import Callable

import ca
from case import Case, Row, Table
from lab import MATRIX, NONCE, WORKLOAD, Lab, golden, pin, policy, text_log
from structures import digest

Base = Callable[[Lab], Case]

LEAF_START, LEAF_END = 1704067200, 2019686400  # 2024-01-01 and 2034-01-01


def one(name: str, about: str, base: Base, verdict: str = "", unchecked: str = "") -> Table:
    """A table for a single case that has a base of its own."""
    return Table(base, (Row(name, about, verdict=verdict, unchecked=unchecked),))


def matrix() -> list[Table]:
    """Every algorithm of the attestation key under every shape of chain."""
    return [
        one(
            f"good-{shape}-{ak}",
            f"A quote by an AK of kind {ak} whose certificate has the shape {shape}.",
            lambda lab, ak=ak, shape=shape: lab.plain(ak, shape),  # type: ignore[misc]
        )
        for shape in ca.SHAPES
        for ak in MATRIX
    ]


KEYS = [
    ("rsassa-sha384", "RSASSA with SHA-384, which is then the hash of pcrDigest too"),
    ("rsassa-sha512", "RSASSA with SHA-512, which is then the hash of pcrDigest too"),
    ("rsa3072", "an RSA key of 3072 bits"),
    ("p521", "ECDSA over P-521 with SHA-512"),
]
SELECTIONS = [
    ("good-bank-sha1", "sha1:0-7", "PCRs of the SHA-1 bank, signed with SHA-256."),
    ("good-bank-sha384", "sha384:0-7", "PCRs of the SHA-384 bank, signed with SHA-256."),
    ("good-banks-sha1-sha256", "sha1:0-7+sha256:0-7", "PCRs of two banks in one quote."),
    ("good-banks-sha256-sha1", "sha256:0,4,7+sha1:0,1", "Two banks, the larger first, with different indices."),
    ("good-many-pcrs", "sha256:0-23", "All 24 PCRs."),
    ("good-one-pcr", "sha256:0", "A single PCR."),
]


def selections() -> list[Table]:
    return [one(name, about, lambda lab, text=text: lab.plain(selection=text)) for name, text, about in SELECTIONS]  # type: ignore[misc]


def keys() -> list[Table]:
    return [one(f"good-ak-{ak}", f"A quote signed with {about}.", lambda lab, ak=ak: lab.plain(ak)) for ak, about in KEYS]  # type: ignore[misc]


def with_public(ak: str) -> Base:
    def base(lab: Lab) -> Case:
        case = lab.plain(ak)
        case.evidence.public = lab.keys[ak].public
        return case

    return base


def pin_of(spki: bytes) -> str:
    return "sha256//" + base64.b64encode(digest("sha256", spki)).decode()


# Changes to a plain case


def with_root(lab: Lab, case: Case) -> None:
    case.evidence.chain.append(lab.azure.root.pem)


def unsorted(lab: Lab, case: Case) -> None:
    case.evidence.chain.insert(1, lab.azure.root.pem)


def wrong_twin_first(lab: Lab, case: Case) -> None:
    google = lab.hierarchies["google-new"]
    assert google.twin
    case.evidence.chain.insert(1, google.twin.pem)


def under_twin(lab: Lab, case: Case) -> None:
    google = lab.hierarchies["google-new"]
    assert google.twin
    case.evidence.chain[0] = ca.to_pem(google.leaf(lab.public("rsassa"), google.twin))
    case.evidence.chain.append(google.twin.pem)


def chain_of_four(lab: Lab, case: Case) -> None:
    upper = lab.azure.new_intermediate(subject=ca.common_name("libattest test upper CA"), path_length=1)
    lower = lab.azure.new_intermediate(issuer=upper)
    case.evidence.chain = [ca.to_pem(lab.azure.leaf(lab.public("rsassa"), lower)), lower.pem, upper.pem]


def leaf(**changes: object) -> Callable[[Lab, Case], None]:
    def change(lab: Lab, case: Case) -> None:
        case.evidence.chain = lab.chain("azure-like", "rsassa", **changes)

    return change


def zero_padded_leaf(lab: Lab, case: Case) -> None:
    case.evidence.chain[0] = ca.to_pem(lab.azure.leaf(lab.public("rsassa")) + bytes(300))


def at(second: int) -> Callable[[Lab, Case], None]:
    def change(_: Lab, case: Case) -> None:
        case.at = second

    return change


def purpose(value: str) -> Callable[[Lab, Case], None]:
    def change(_: Lab, case: Case) -> None:
        case.purpose = value

    return change


def nonce_unasked(_: Lab, case: Case) -> None:
    case.nonce = None


def nonce_unsaid(_: Lab, case: Case) -> None:
    case.evidence.nonce = None


def no_policy(_: Lab, case: Case) -> None:
    case.policies = {}


def hints(_: Lab, case: Case) -> None:
    case.evidence.extra = {"created": "2026-05-31T23:59:58Z", "metadata": {"host": "test", "any": [1, 2.5, None, {"true": True}]}}


def nested(levels: int) -> Callable[[Lab, Case], None]:
    """Metadata so deep that the whole document has `levels` levels of objects and arrays."""

    def change(_: Lab, case: Case) -> None:
        value: object = 0
        for _level in range(levels - 2):
            value = [value]
        case.evidence.extra = {"metadata": {"deep": value}}

    return change


def second_root(_: Lab, case: Case) -> None:
    case.roots = ["google-old-root", "azure-like-root"]


PLAIN = (
    Row("good-chain-with-root", "The proof carries its root too.", with_root),
    Row("good-chain-unsorted", "The certificates after the leaf are in no order.", unsorted),
    Row("good-chain-of-four", "Two intermediates, each within its path length.", chain_of_four),
    Row("good-leaf-zero-padded", "The leaf's DER is followed by zero bytes, as an NV area leaves them.", zero_padded_leaf),
    Row("good-leaf-unknown-extension", "An unknown extension in the leaf, not critical.", leaf(extensions=(ca.unknown_extension(False),))),
    Row("good-second-root", "The right root is the second of two that the caller trusts.", second_root),
    Row("good-at-first-second", "Verified at the first second of the leaf.", at(LEAF_START)),
    Row("good-at-last-second", "Verified one second before the leaf ends.", at(LEAF_END - 1)),
    Row("good-purpose-azure", "The root demands the AK purpose and the leaf holds it.", purpose(ca.PURPOSE_AK)),
    Row("good-nonce-unasked", "The proof names its nonce and the caller asks for none: freshness stays unproven.", nonce_unasked),
    Row("good-nonce-unsaid", "The proof does not name its nonce, the quote holds the caller's.", nonce_unsaid),
    Row("good-no-policy", "Genuine, but there is nothing to compare it with.", no_policy),
    Row("good-created-metadata", "created and metadata are hints of any content.", hints),
    Row("good-depth-32", "JSON nested as deep as the limit allows.", nested(32)),
)
GOOGLE_NEW = (
    Row("good-issuer-name-twice", "Two intermediates share the issuer's name, the wrong one comes first.", wrong_twin_first),
    Row("good-issuer-name-twice-other", "The same, and the leaf was issued by the other one.", under_twin),
    Row("good-purpose-google-none", "The root demands a leaf without key purposes.", purpose("none")),
)
GOOGLE_OLD = (Row("good-purpose-google-ek", "The root's rule is the EK purpose, as old leaves hold it.", purpose(ca.PURPOSE_EK)),)


# TLS keys


def tls_pin(lab: Lab, case: Case) -> None:
    case.pin = pin_of(lab.server_spki)


def tls_certificate(lab: Lab, case: Case) -> None:
    assert case.evidence.tls
    del case.evidence.tls["public_key"]
    case.evidence.tls["certificate"] = ca.tls_certificate("server.libattest.test", lab.server_key)


def tls_required(_: Lab, case: Case) -> None:
    pin(case, "sha256", 0, tls="required")


def tls_optional(_: Lab, case: Case) -> None:
    pin(case, "sha256", 0, tls="optional")


def tls_without_nonce(lab: Lab) -> Case:
    return lab.bound_in_quote(b"")


TLS_IN_PCR = (
    Row("good-tls-pcr", "A TLS key bound by PCR 15, both logs and the AK's public area."),
    Row("good-tls-pcr-pin", "The caller expects exactly the TLS key that PCR 15 binds.", tls_pin),
    Row("good-tls-pcr-certificate", "The TLS key comes in a certificate.", tls_certificate),
    Row("good-tls-required", "The policy requires a TLS key and there is one.", tls_required),
)
TLS_IN_QUOTE = (
    Row("good-tls-quote", "A TLS key bound by extraData together with the caller's nonce."),
    Row("good-tls-quote-pin", "The caller expects exactly the TLS key that extraData binds.", tls_pin),
    Row("good-tls-quote-unasked", "A TLS key and a nonce bound by extraData; the caller asks for no nonce.", nonce_unasked),
)


# Logs


def logs(*pcrs: int) -> Base:
    """The server's case without a TLS key, with the logs of these PCRs."""

    def base(lab: Lab) -> Case:
        case = lab.full()
        case.evidence.tls = None
        case.evidence.logs = [log for log in case.evidence.logs if log["pcr"] in pcrs]
        return case

    return base


def log_in_banks(text: str) -> Base:
    def base(lab: Lab) -> Case:
        case = lab.plain(selection=text)
        case.evidence.logs = [text_log(14, list(WORKLOAD))]
        return case

    return base


def unicode_log(lab: Lab) -> Case:
    """Characters beyond ASCII: what is measured is the text's UTF-8."""
    texts = ['{"type": "config", "name": "modèle 模型", "digest": "sha256:%s"}' % ("ab" * 32), "no JSON at all\n"]
    lab.states["unicode"] = {14: list(texts)}
    case = lab.plain(selection="sha256:0-7,14", state="unicode")
    case.evidence.logs = [text_log(14, texts)]
    return case


def tls_unmeasured(lab: Lab) -> Case:
    return lab.bound_in_quote(state="no-key")


LOGS = [
    one("good-log", "A text log that explains PCR 14.", logs(14)),
    one("good-logs", "Text logs that explain PCR 14 and 15.", logs(14, 15)),
    one("good-log-sha1-bank", "A text log replayed in the SHA-1 bank.", log_in_banks("sha1:0-7,14")),
    one("good-log-two-banks", "A text log replayed in both quoted banks.", log_in_banks("sha256:0-7,14+sha384:14")),
    one("good-log-any-text", "Events are any text; only their UTF-8 is measured.", unicode_log),
]


# Policies


def policy_list(_: Lab, case: Case) -> None:
    value = case.evidence.pcrs["sha256"][0].hex()
    policy(case, bank="sha256", pcrs={"0": ["00" * 32, value]})


def policy_zero(_: Lab, case: Case) -> None:
    value = case.evidence.pcrs["sha256"][0].hex()
    policy(case, bank="sha256", pcrs={"0": value, "12": "zero", "13": "zero", "1": "ignore"})


def policy_golden(_: Lab, case: Case) -> None:
    case.policies = {"golden.json": golden(case, 0, 1, 2, 3, 4, 12, 13)}


def policy_two(_: Lab, case: Case) -> None:
    case.policies["golden.json"] = golden(case, 0, 1)


def policy_nonce(_: Lab, case: Case) -> None:
    pin(case, "sha256", 0, nonce="required")


def policy_resettable(_: Lab, case: Case) -> None:
    pin(case, "sha256", 0, 16, resettable_pcrs="accept")


POLICIES = (
    Row("good-policy-list", "A PCR may have one of several values and has the last.", policy_list),
    Row("good-policy-zero-ignore", "Two PCRs must be zero and one is ignored.", policy_zero),
    Row("good-policy-golden", "A golden file of measurements is a policy.", policy_golden),
    Row("good-policy-two", "Two policies, both hold.", policy_two),
    Row("good-policy-nonce-required", "A nonce is required and the caller gives it.", policy_nonce),
    Row("good-policy-tls-optional", "The policy says that a TLS key is optional and there is none.", tls_optional),
    Row("good-policy-resettable", "PCR 16 is pinned and the policy accepts resettable PCRs.", policy_resettable),
)

TABLES = [
    *matrix(),
    *keys(),
    *selections(),
    one("good-no-nonce", "No nonce in the quote and none asked for.", lambda lab: lab.plain(extra=b"")),
    one("good-nonce-64", "A nonce of 64 bytes, the longest.", lambda lab: lab.plain(extra=NONCE + NONCE)),
    one("good-nonce-1", "A nonce of a single byte.", lambda lab: lab.plain(extra=b"\0")),
    one("good-public-rsassa", "The AK's public area fits the certificate (RSASSA).", with_public("rsassa")),
    one("good-public-rsapss", "The AK's public area fits the certificate (RSAPSS).", with_public("rsapss")),
    one("good-public-p384", "The AK's public area fits the certificate (P-384).", with_public("p384")),
    Table(Lab.plain, PLAIN),
    Table(lambda lab: lab.plain(shape="google-new"), GOOGLE_NEW),
    Table(lambda lab: lab.plain(shape="google-old"), GOOGLE_OLD),
    Table(lambda lab: lab.plain(selection="sha256:0-23"), POLICIES),
    Table(Lab.full, TLS_IN_PCR),
    Table(Lab.bound_in_quote, TLS_IN_QUOTE),
    one("good-tls-quote-unmeasured", "A TLS key bound by extraData alone: PCR 15 is untouched.", tls_unmeasured),
    one("good-tls-quote-no-nonce", "A TLS key bound by extraData, without a nonce.", tls_without_nonce),
    *LOGS,
]

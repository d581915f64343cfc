"""Certificate chains that must be refused, each over a quote that is right in all else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import ca
from case import Case, Row, Table
from lab import Lab

from .good import LEAF_END, LEAF_START, at, leaf, purpose

Change = Callable[[Lab, Case], None]
PAST, FUTURE = datetime(2025, 1, 1), datetime(2027, 1, 1)


def set_chain(lab: Lab, case: Case, *issuers: ca.Authority, **changes: object) -> None:
    """A leaf issued by the first of these authorities, and all of them after it."""
    made = lab.azure.leaf(lab.public("rsassa"), issuers[0], **changes)
    case.evidence.chain = [ca.to_pem(made), *[issuer.pem for issuer in issuers]]


def intermediate(kind: str = "", **changes: object) -> Change:
    """The usual chain, except for its intermediate."""

    def change(lab: Lab, case: Case) -> None:
        set_chain(lab, case, lab.azure.new_intermediate(kind, **changes))  # type: ignore[arg-type]

    return change


def leaf_bytes(bend: Callable[[bytes], bytes]) -> Change:
    def change(lab: Lab, case: Case) -> None:
        case.evidence.chain[0] = ca.to_pem(bend(lab.azure.leaf(lab.public("rsassa"))))

    return change


def flip_last(der: bytes) -> bytes:
    return der[:-1] + bytes([der[-1] ^ 1])


def intermediate_bytes(bend: Callable[[bytes], bytes]) -> Change:
    def change(lab: Lab, case: Case) -> None:
        case.evidence.chain[1] = ca.to_pem(bend(lab.azure.intermediate.certificate.public_bytes(Encoding.DER)))

    return change


def path_too_long(lab: Lab, case: Case) -> None:
    upper = lab.azure.new_intermediate(subject=ca.common_name("libattest test upper CA"), path_length=0)
    set_chain(lab, case, lab.azure.new_intermediate(issuer=upper), upper)


def leaf_as_issuer(lab: Lab, case: Case) -> None:
    """A genuine leaf, whose owner holds its key, issues another."""
    key = ca.new_key("rsa2048")
    certificate = x509.load_der_x509_certificate(lab.azure.leaf(key.public_key()))
    set_chain(lab, case, ca.Authority(certificate, key), lab.azure.intermediate)


def wrong_issuer(lab: Lab, case: Case) -> None:
    """The genuine intermediate's certificate, but somebody else's signature."""
    impostor = ca.Authority(lab.azure.intermediate.certificate, ca.new_key("rsa2048"))
    set_chain(lab, case, impostor)


def impostor_root(lab: Lab, case: Case) -> None:
    """A hierarchy with all the genuine names, its root in the proof."""
    impostor = ca.Hierarchy("azure-like")
    set_chain(lab, case, impostor.intermediate, impostor.root)


def missing_intermediate(_: Lab, case: Case) -> None:
    del case.evidence.chain[1:]


def expired_root(lab: Lab, case: Case) -> None:
    root = new_root(lab, "expired-root", subject=ca.common_name("libattest test expired root"), not_after=PAST)
    set_chain(lab, case, lab.azure.new_intermediate(issuer=root), root)
    case.roots = ["expired-root"]


def reissued_root(lab: Lab, case: Case) -> None:
    """The caller has an expired certificate of the root's key, the proof brings one that is not."""
    subject = ca.common_name("libattest test re-issued root")
    expired = new_root(lab, "reissued-root", subject=subject, not_after=PAST)
    public = expired.certificate.public_key()
    wider = ca.Authority(ca.issue(ca.root_spec("", subject=subject), public, None, expired.key), expired.key)  # type: ignore[arg-type]
    set_chain(lab, case, lab.azure.new_intermediate(issuer=wider), wider)
    case.roots = ["reissued-root"]


def future_root(lab: Lab, case: Case) -> None:
    root = new_root(lab, "future-root", subject=ca.common_name("libattest test future root"), not_before=FUTURE)
    set_chain(lab, case, lab.azure.new_intermediate(issuer=root), root)
    case.roots = ["future-root"]


def new_root(lab: Lab, name: str, **changes: object) -> ca.Authority:
    """An anchor of its own, written to testdata/ca like the others."""
    root = ca.new_authority(ca.root_spec("", **changes), "rsa2048")
    lab.roots[name] = root
    return root


def roots(*names: str) -> Change:
    def change(_: Lab, case: Case) -> None:
        case.roots = list(names)

    return change


def root_in_proof_only(lab: Lab, case: Case) -> None:
    case.evidence.chain.append(lab.azure.root.pem)
    case.roots = []


def purpose_none(lab: Lab, case: Case) -> None:
    purpose("none")(lab, case)


def purpose_missing(**changes: object) -> Change:
    """The root demands the AK purpose of a leaf that does not hold it."""

    def change(lab: Lab, case: Case) -> None:
        leaf(**changes)(lab, case)
        purpose(ca.PURPOSE_AK)(lab, case)

    return change


def endorsement_leaf(shape: str, ak: str, usage: str) -> Callable[[Lab], Case]:
    """The EK certificate's shape over the AK's own key: keyUsage alone tells them apart."""

    def base(lab: Lab) -> Case:
        case = lab.plain(ak, shape)
        case.evidence.chain = lab.chain(shape, ak, usage=usage)
        return case

    return base


def endorsement_certificate(shape: str, kind: str, usage: str) -> Callable[[Lab], Case]:
    """The TPM's real EK certificate, whose key never signs."""

    def base(lab: Lab) -> Case:
        case = lab.plain("rsassa" if kind == "rsa" else "p256", shape)
        case.evidence.chain[0] = ca.to_pem(lab.hierarchies[shape].leaf(lab.endorsement[kind], usage=usage))
        return case

    return base


def small_key(lab: Lab) -> Case:
    return lab.plain("rsa1024")


def leaf_not_first(_: Lab, case: Case) -> None:
    case.evidence.chain.reverse()


CA_LEAF = {"ca": True, "usage": "digital_signature key_cert_sign"}
UNKNOWN = (ca.unknown_extension(True),)

ROWS = (
    Row("chain-leaf-expired", "The leaf had expired.", leaf(not_after=PAST)),
    Row("chain-leaf-not-yet-valid", "The leaf is not valid yet.", leaf(not_before=FUTURE)),
    Row("chain-before-first-second", "Verified one second before the leaf begins.", at(LEAF_START - 1)),
    Row("chain-after-last-second", "Verified one second after the leaf's last.", at(LEAF_END + 1)),
    Row("chain-intermediate-expired", "The intermediate had expired.", intermediate(not_after=PAST)),
    Row("chain-intermediate-not-yet-valid", "The intermediate is not valid yet.", intermediate(not_before=FUTURE)),
    Row("chain-root-expired", "The anchor itself had expired.", expired_root),
    Row("chain-root-reissued", "The caller's root had expired; the proof brings a younger certificate of its key.", reissued_root),
    Row("chain-root-not-yet-valid", "The anchor itself is not valid yet.", future_root),
    Row("chain-leaf-is-ca", "A CA's certificate stands as the leaf.", leaf(**CA_LEAF)),
    Row("chain-leaf-issues", "A genuine leaf was used as a CA.", leaf_as_issuer),
    Row("chain-intermediate-no-ca-flag", "The intermediate says that it is no CA.", intermediate(ca=False)),
    Row("chain-intermediate-no-constraints", "The intermediate has no BasicConstraints.", intermediate(ca=None)),
    Row("chain-intermediate-no-cert-sign", "The intermediate may not sign certificates.", intermediate(usage="digital_signature crl_sign")),
    Row("chain-path-too-long", "An intermediate of path length 0 has issued another one.", path_too_long),
    Row("chain-wrong-issuer", "The leaf names the intermediate but another key has signed it.", wrong_issuer),
    Row("chain-leaf-signature-flipped", "One bit of the leaf's own signature is flipped.", leaf_bytes(flip_last)),
    Row("chain-intermediate-signature-flipped", "One bit of the intermediate's own signature is flipped.", intermediate_bytes(flip_last)),
    Row("chain-intermediate-missing", "The proof carries the leaf alone.", missing_intermediate),
    Row("chain-impostor-root", "All names are right and all keys are the forger's.", impostor_root),
    Row("chain-unknown-root", "The caller trusts another root.", roots("google-old-root")),
    Row("chain-no-root", "The caller adds no root and the default anchors are others.", roots()),
    Row("chain-root-in-proof-only", "A root is not trusted because the proof carries it.", root_in_proof_only),
    Row("chain-leaf-sha1", "The leaf was signed with SHA-1.", leaf(hash="sha1")),
    Row("chain-leaf-md5", "The leaf was signed with MD5.", leaf(hash="md5")),
    Row("chain-intermediate-sha1", "The intermediate was signed with SHA-1.", intermediate(hash="sha1")),
    Row("chain-intermediate-rsa1024", "The intermediate's key has 1024 bits.", intermediate("rsa1024")),
    Row("chain-leaf-no-key-usage", "The leaf has no keyUsage.", leaf(usage=None)),
    Row("chain-leaf-no-digital-signature", "The leaf's keyUsage lacks digitalSignature.", leaf(usage="content_commitment")),
    Row("chain-purpose-missing", "The root demands the AK purpose and the leaf has none.", purpose_missing(purposes="")),
    Row(
        "chain-purpose-azure-only",
        "The leaf has one of Azure's two purposes, not the demanded one.",
        purpose_missing(purposes=ca.PURPOSE_AZURE),
    ),
    Row("chain-purpose-ek", "The leaf has the EK purpose, the root demands the AK's.", purpose_missing(purposes=ca.PURPOSE_EK)),
    Row("chain-purpose-unwanted", "The root demands a leaf without key purposes and this one has two.", purpose_none),
    Row("chain-leaf-critical-extension", "An unknown critical extension in the leaf.", leaf(extensions=UNKNOWN)),
    Row("chain-intermediate-critical-extension", "An unknown critical extension in the intermediate.", intermediate(extensions=UNKNOWN)),
    Row(
        "chain-name-constraints",
        "Critical name constraints in the intermediate, which the leaf does not meet.",
        intermediate(extensions=(ca.foreign_names_only(),)),
    ),
    Row(
        "chain-name-constraints-not-critical",
        "The same, but not marked critical, as they must be.",
        intermediate(extensions=(ca.foreign_names_only(critical=False),)),
    ),
    Row(
        "chain-leaf-trailing-bytes",
        "The leaf's DER is followed by bytes that are not zero: it cannot be read.",
        leaf_bytes(lambda der: der + b"\0\0\1"),
        fails="chain",
        unchecked="signature",
    ),
    Row(
        "chain-leaf-truncated",
        "The leaf's DER ends too early: it cannot be read.",
        leaf_bytes(lambda der: der[:-9]),
        fails="chain",
        unchecked="signature",
    ),
    Row("chain-intermediate-truncated", "The intermediate's DER ends too early.", intermediate_bytes(lambda der: der[:-9])),
    Row("chain-leaf-not-first", "The intermediate stands where the leaf belongs.", leaf_not_first, fails="chain signature"),
)

ENDORSEMENT = [
    ("google-old-rsa", "google-old", "rsassa", "rsa", "key_encipherment"),
    ("google-new-rsa", "google-new", "rsassa", "rsa", "key_encipherment"),
    ("google-new-ecc", "google-new", "p256", "ecc", "key_agreement"),
]


def endorsement_tables() -> list[Table]:
    tables = []
    for name, shape, ak, kind, usage in ENDORSEMENT:
        same = Row(f"chain-ek-usage-{name}", "The certificate has the EK's keyUsage, though its key has signed the quote.")
        real = Row(f"chain-ek-certificate-{name}", "The EK's certificate in place of the AK's: same subject, same issuer.")
        tables.append(Table(endorsement_leaf(shape, ak, usage), (same,), "chain"))
        tables.append(Table(endorsement_certificate(shape, kind, usage), (real,), "chain signature"))
    return tables


TABLES = [
    Table(Lab.plain, ROWS, "chain"),
    Table(small_key, (Row("chain-leaf-rsa1024", "The AK has 1024 bits; its TPM has signed with it."),), "chain"),
    *endorsement_tables(),
]

"""CRLs and certificates that the caller has besides the proof, which is right in all else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import ca
from case import Case, Row, Table
from lab import Lab

Change = Callable[[Lab, Case], None]
LEAF_POINT, ISSUER_POINT = "http://crl.libattest.test/ca.crl", "http://crl.libattest.test/root.crl"
DAY_BEFORE, DAY_AFTER = datetime(2026, 5, 31), datetime(2026, 6, 2)


class Revocable:
    """Leaf and intermediate that name CRLs, and what the CRLs are made of."""

    def __init__(self, lab: Lab, **changes: object) -> None:
        self.root = lab.azure.root
        self.issuer = lab.azure.new_intermediate(extensions=(ca.crl_point(ISSUER_POINT),), **changes)  # type: ignore[arg-type]
        self.leaf = x509.load_der_x509_certificate(
            lab.azure.leaf(lab.public("rsassa"), self.issuer, extensions=(ca.crl_point(LEAF_POINT),))
        )

    @property
    def chain(self) -> list[str]:
        return [ca.to_pem(self.leaf.public_bytes(Encoding.DER)), self.issuer.pem]


def crls(
    leaf: ca.Crl = ca.GOOD_CRL,
    issuer: ca.Crl = ca.GOOD_CRL,
    revoke: str = "",
    signer: Callable[[Lab], ca.PrivateKey] | None = None,
    required: bool = True,
    **changes: object,
) -> Change:
    """`leaf` is the CRL about the leaf, `issuer` that about the intermediate; `revoke` says which of them is listed."""

    def change(lab: Lab, case: Case) -> None:
        made = Revocable(lab, **changes)
        case.evidence.chain = made.chain
        case.require_crls = required
        of_leaf = [made.leaf.serial_number] if revoke == "leaf" else []
        of_issuer = [made.issuer.certificate.serial_number] if revoke == "issuer" else []
        case.crls = [
            ca.crl(leaf, made.issuer, of_leaf, signer(lab) if signer else None),
            ca.crl(issuer, made.root, of_issuer),
        ]

    return change


def only_one(lab: Lab, case: Case) -> None:
    crls()(lab, case)
    del case.crls[0]


def in_pem(lab: Lab, case: Case) -> None:
    crls()(lab, case)
    case.crls = ["".join(ca.to_pem(crl, "X509 CRL") for crl in case.crls).encode()]


def unreadable(lab: Lab, case: Case) -> None:
    crls(required=False)(lab, case)
    case.crls[0] = case.crls[0][:-1]


def of_another(lab: Lab, case: Case) -> None:
    case.crls = [ca.crl(ca.GOOD_CRL, lab.hierarchies["p384"].root, [])]


def none_named(_: Lab, case: Case) -> None:
    case.require_crls = True


def issuer_given(lab: Lab, case: Case) -> None:
    case.certificates = [case.evidence.chain.pop()]


def forged_root_given(lab: Lab, case: Case) -> None:
    forged = ca.Hierarchy("azure-like")
    case.evidence.chain = [ca.to_pem(forged.leaf(lab.public("rsassa"))), forged.intermediate.pem]
    case.certificates = [forged.root.pem]


GOOD = (
    Row("good-crls", "Leaf and intermediate name CRLs, and both are covered.", crls()),
    Row("good-crls-pem", "The same in one PEM file.", in_pem),
    Row("good-crls-point", "The leaf's CRL is that of the point which it names.", crls(ca.Crl(extensions=(ca.crl_scope(LEAF_POINT),)))),
    Row("good-crl-of-another", "A CRL that no issuer of the path has made.", of_another, messages=("no issuer of the path made it",)),
    Row("good-crls-none-named", "CRLs are required, and no certificate names any.", none_named, messages=("names no CRL",)),
    Row("good-certificates", "The caller has the intermediate that the proof lacks.", issuer_given),
)
ROWS = (
    Row("crl-leaf-revoked", "The intermediate has revoked the leaf.", crls(revoke="leaf"), messages=("its issuer has revoked it",)),
    Row("crl-leaf-revoked-unasked", "The same, and CRLs are not required.", crls(revoke="leaf", required=False)),
    Row(
        "crl-leaf-revoked-later",
        "The leaf was revoked a day after the verification time.",
        crls(ca.Crl(revoked=DAY_AFTER), revoke="leaf"),
        messages=("as of 2026-06-02",),
    ),
    Row(
        "crl-leaf-revoked-expired",
        "The CRL that lists the leaf has expired since.",
        crls(ca.Crl(until=DAY_BEFORE), revoke="leaf", required=False),
    ),
    Row(
        "crl-intermediate-revoked",
        "The root has revoked the intermediate.",
        crls(revoke="issuer"),
        messages=("certificate 1 of the path",),
    ),
    Row("crl-missing", "The leaf's CRL is required and missing.", only_one, messages=("none of its issuer was given",)),
    Row("crl-expired", "The leaf's CRL had expired.", crls(ca.Crl(until=DAY_BEFORE)), messages=("expired on 2026-05-31",)),
    Row("crl-not-yet-made", "The leaf's CRL was made later.", crls(ca.Crl(since=DAY_AFTER)), messages=("made only on",)),
    Row("crl-impostor", "Another key has signed the leaf's CRL.", crls(signer=lambda lab: lab.attacker_key), messages=("does not verify",)),
    Row("crl-sha1", "The leaf's CRL was signed with SHA-1.", crls(ca.Crl(hash="sha1")), messages=("signed with sha1",)),
    Row("crl-no-crl-sign", "The intermediate may not sign CRLs.", crls(usage="key_cert_sign"), messages=("lacks cRLSign",)),
    Row("crl-unknown-critical", "An unknown critical extension in the leaf's CRL.", crls(ca.Crl(extensions=(ca.unknown_extension(True),)))),
    Row("crl-delta", "The leaf's CRL is a delta.", crls(ca.Crl(extensions=((x509.DeltaCRLIndicator(1), True),))), messages=("is a delta",)),
    Row("crl-indirect", "The leaf's CRL is an indirect one.", crls(ca.Crl(extensions=(ca.crl_scope(indirect=True),)))),
    Row("crl-only-cas", "The leaf's CRL covers CAs only.", crls(ca.Crl(extensions=(ca.crl_scope(only_cas=True),)))),
    Row("crl-other-point", "The leaf's CRL is that of another distribution point.", crls(ca.Crl(extensions=(ca.crl_scope(ISSUER_POINT),)))),
    Row("crl-unreadable", "A CRL that cannot be read, even if none is required.", unreadable, messages=("not a DER CRL",)),
    Row("chain-root-given", "A forged hierarchy, whose root the caller has among the certificates.", forged_root_given),
)

TABLES = [Table(Lab.plain, GOOD), Table(Lab.plain, ROWS, "chain")]

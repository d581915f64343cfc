"""Certificate authorities and attestation key certificates, in the shapes that clouds issue them.

A shape is data: what its root, its intermediate and its leaf look like. A forged certificate is such a description with one
member changed, issued by the same authority, so that nothing but that member can be the reason to refuse it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID, ObjectIdentifier

PURPOSE_EK = "2.23.133.8.1"
PURPOSE_AK = "2.23.133.8.3"
PURPOSE_AZURE = "1.3.6.1.4.1.311.10.3.12"
POLICY_AZURE = "1.3.6.1.4.1.311.108"
GOOGLE_INSTANCE = "1.3.6.1.4.1.11129.2.1.21"
# The enterprise number reserved for documentation (RFC 5612): nobody gives this extension a meaning.
UNKNOWN_EXTENSION = "1.3.6.1.4.1.32473.1.1"

KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
HASHES: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),
    "sha1": hashes.SHA1(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
}
CURVES: dict[str, ec.EllipticCurve] = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1()}

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
Extension = tuple[x509.ExtensionType, bool]


def new_key(kind: str) -> PrivateKey:
    if kind in CURVES:
        return ec.generate_private_key(CURVES[kind])
    return rsa.generate_private_key(65537, int(kind.removeprefix("rsa")))


def spki(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def public_pem(key: PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def load_public(pem: bytes) -> PublicKey:
    key = serialization.load_pem_public_key(pem)
    assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
    return key


def common_name(text: str, organization: str = "libattest test") -> x509.Name:
    parts = [(NameOID.ORGANIZATION_NAME, organization), (NameOID.COMMON_NAME, text)]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


@dataclass(frozen=True)
class Spec:
    """What a certificate says. Times are UTC; `ca` None leaves BasicConstraints out, `usage` None KeyUsage."""

    subject: x509.Name
    not_before: datetime = datetime(2024, 1, 1)
    not_after: datetime = datetime(2034, 1, 1)
    hash: str = "sha256"
    ca: bool | None = None
    path_length: int | None = None
    usage: str | None = "digital_signature"
    purposes: str = ""
    policy: str = ""
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True)
class Authority:
    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)

    @property
    def pem(self) -> str:
        return to_pem(self.certificate.public_bytes(Encoding.DER))


def root_spec(name: str, **changes: object) -> Spec:
    spec = Spec(common_name(name), datetime(2020, 1, 1), datetime(2090, 1, 1), "sha256", True, None, "key_cert_sign crl_sign")
    return replace(spec, **changes)  # type: ignore[arg-type]


def intermediate_spec(name: str, **changes: object) -> Spec:
    spec = Spec(common_name(name), datetime(2021, 1, 1), datetime(2060, 1, 1), "sha256", True, 0, "key_cert_sign crl_sign")
    return replace(spec, **changes)  # type: ignore[arg-type]


def issue(spec: Spec, key: PublicKey, issuer: Authority | None, signer: PrivateKey | None = None) -> x509.Certificate:
    """`issuer` None makes it self-signed by `signer`; with both, it names the one and is signed by the other."""
    signer = signer or (issuer.key if issuer else None)
    assert signer is not None
    builder = (
        x509.CertificateBuilder()
        .subject_name(spec.subject)
        .issuer_name(issuer.certificate.subject if issuer else spec.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(spec.not_before)
        .not_valid_after(spec.not_after)
    )
    for extension, critical in extensions_of(spec, key, issuer):
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, HASHES[spec.hash])


def extensions_of(spec: Spec, key: PublicKey, issuer: Authority | None) -> list[Extension]:
    out: list[Extension] = []
    if spec.ca is not None:
        out.append((x509.BasicConstraints(spec.ca, spec.path_length if spec.ca else None), True))
    if spec.usage is not None:
        flags = {name: name in spec.usage.split() for name in KEY_USAGES}
        out.append((x509.KeyUsage(**flags), True))
    if spec.purposes:
        out.append((x509.ExtendedKeyUsage([ObjectIdentifier(oid) for oid in spec.purposes.split()]), False))
    if spec.policy:
        policies = x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier(spec.policy), None)])
        out.append((policies, False))
    out.append((x509.SubjectKeyIdentifier.from_public_key(key), False))
    if issuer:
        issuer_key = issuer.certificate.public_key()
        assert isinstance(issuer_key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
        out.append((x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), False))
    return out + list(spec.extensions)


def new_authority(spec: Spec, kind: str, issuer: Authority | None = None) -> Authority:
    key = new_key(kind)
    return Authority(issue(spec, key.public_key(), issuer, None if issuer else key), key)


def to_pem(der: bytes, label: str = "CERTIFICATE") -> str:
    text = base64.b64encode(der).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def unknown_extension(critical: bool) -> Extension:
    return x509.UnrecognizedExtension(ObjectIdentifier(UNKNOWN_EXTENSION), b"\x05\x00"), critical


def crl_point(url: str) -> Extension:
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    return x509.CRLDistributionPoints([point]), False


def crl_scope(url: str = "", *, indirect: bool = False, only_cas: bool = False) -> Extension:
    """An issuing distribution point."""
    name = [x509.UniformResourceIdentifier(url)] if url else None
    return x509.IssuingDistributionPoint(name, None, False, only_cas, None, indirect, False), True


@dataclass(frozen=True)
class Crl:
    """What a CRL says of itself, and when it lists what it lists as revoked. Times are UTC."""

    since: datetime = datetime(2026, 5, 1)
    until: datetime = datetime(2026, 7, 1)
    revoked: datetime = datetime(2026, 4, 1)
    hash: str = "sha256"
    extensions: tuple[Extension, ...] = ()


GOOD_CRL = Crl()


def crl(spec: Crl, issuer: Authority, serials: list[int], signer: PrivateKey | None = None) -> bytes:
    """DER; `signer` other than the issuer makes it an impostor's."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(spec.since)
        .next_update(max(spec.until, spec.since + timedelta(days=1)))
    )
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(spec.revoked)
        builder = builder.add_revoked_certificate(entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), False).build())
    for extension, critical in spec.extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer or issuer.key, HASHES[spec.hash]).public_bytes(Encoding.DER)


def foreign_names_only(critical: bool = True) -> Extension:
    """Name constraints that permit somebody else's subjects only."""
    permitted = x509.DirectoryName(common_name("elsewhere", "Another organization"))
    return x509.NameConstraints([permitted], None), critical


def _tpm_name() -> Extension:
    """How TPM certificates without a subject say whose they are (TCG EK Credential Profile, 3.2.9)."""
    values = (("2.23.133.2.1", "id:4C415454"), ("2.23.133.2.2", "libattest test vTPM"), ("2.23.133.2.3", "id:20240101"))
    name = x509.Name([x509.NameAttribute(ObjectIdentifier(oid), value) for oid, value in values])
    return x509.SubjectAlternativeName([x509.DirectoryName(name)]), True


def _google_instance() -> Extension:
    # DER: SEQUENCE { UTF8String "test-zone", INTEGER 1 }
    body = b"\x0c\x09test-zone\x02\x01\x01"
    return x509.UnrecognizedExtension(ObjectIdentifier(GOOGLE_INSTANCE), b"\x30" + bytes([len(body)]) + body), False


@dataclass(frozen=True)
class Shape:
    """`ek_usage` is the key usage that tells the endorsement key's certificate from the attestation key's."""

    root: Spec
    root_key: str
    intermediate: Spec
    intermediate_key: str
    leaf: Spec
    ek_usage: str = ""


GOOGLE_INTERMEDIATE = {"purposes": PURPOSE_EK}
SHAPES = {
    "azure-like": Shape(
        root_spec("libattest test Azure-like root", hash="sha384"),
        "rsa4096",
        intermediate_spec("libattest test Azure-like virtual TPM CA", purposes=f"{PURPOSE_EK} {PURPOSE_AK}", hash="sha384"),
        "rsa2048",
        Spec(
            common_name("0123456789ab.TrustedVM.Azure-like.libattest.test"),
            purposes=f"{PURPOSE_AK} {PURPOSE_AZURE}",
            policy=POLICY_AZURE,
        ),
    ),
    "google-old": Shape(
        root_spec("libattest test Google-like TPM EK root 1"),
        "rsa4096",
        intermediate_spec("libattest test Google-like TPM EK signer", **GOOGLE_INTERMEDIATE),
        "rsa2048",
        Spec(x509.Name([]), ca=False, purposes=PURPOSE_EK, extensions=(_tpm_name(), _google_instance())),
        "key_encipherment",
    ),
    "google-new": Shape(
        root_spec("libattest test Google-like EK/AK CA root"),
        "rsa4096",
        intermediate_spec("libattest test Google-like EK/AK CA intermediate", path_length=None, **GOOGLE_INTERMEDIATE),
        "rsa4096",
        Spec(common_name("218557372616137117", "libattest test instance"), ca=False, extensions=(_google_instance(),)),
        "key_agreement",
    ),
    "p384": Shape(
        root_spec("libattest test P-384 root", hash="sha384"),
        "p384",
        intermediate_spec("libattest test P-384 intermediate", hash="sha384"),
        "p384",
        Spec(common_name("libattest test P-384 leaf"), hash="sha384"),
    ),
}


class Hierarchy:
    """A shape with keys: `twin` is a second intermediate of the same name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.shape = SHAPES[name]
        self.root = new_authority(self.shape.root, self.shape.root_key)
        self.intermediate = self.new_intermediate()
        self.twin = self.new_intermediate() if name == "google-new" else None

    def new_intermediate(self, kind: str = "", issuer: Authority | None = None, **changes: object) -> Authority:
        spec = replace(self.shape.intermediate, **changes)  # type: ignore[arg-type]
        return new_authority(spec, kind or self.shape.intermediate_key, issuer or self.root)

    def leaf(self, key: PublicKey, issuer: Authority | None = None, **changes: object) -> bytes:
        """The DER of an attestation key certificate."""
        spec = replace(self.shape.leaf, **changes)  # type: ignore[arg-type]
        return issue(spec, key, issuer or self.intermediate).public_bytes(Encoding.DER)


def tls_certificate(name: str, key: PrivateKey, ca: bool = False) -> str:
    spec = Spec(common_name(name), ca=ca, usage="key_cert_sign" if ca else "digital_signature")
    return to_pem(issue(spec, key.public_key(), None, key).public_bytes(Encoding.DER))

"""Secure Boot keys of our own, enrolled in a variable store of OVMF.

The firmware is not asked to enrol them: the variables are written where it keeps them (EDK2, MdeModulePkg/Include/Guid/
VariableFormat.h; UEFI 2.10, 32.4.1 for EFI_SIGNATURE_LIST). Private keys go into a temporary folder only, for sbsign.
"""

from __future__ import annotations

import struct
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import ca
from structures import digest

GLOBAL = UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")
SECURITY_DATABASE = UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f")
SECURE_BOOT_ENABLE = UUID("f0a30bc7-af08-4556-99c4-001009c93a44")
OWNER = UUID("6c617474-6573-4000-8000-000000000001")
CERT_X509 = UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
CERT_SHA256 = UUID("c1c41626-504c-4092-aca9-41f936934328")

NON_VOLATILE, BOOT, RUNTIME, TIME_BASED = 1, 2, 4, 0x20
SIGNATURE_ATTRIBUTES = NON_VOLATILE | BOOT | RUNTIME | TIME_BASED
VARIABLE_ADDED = 0x3F
STORE_HEADER = 28


class Keys:
    """A platform key, a key exchange key and a signing key, each a certificate of its own, and one forbidden image."""

    def __init__(self) -> None:
        names = {"PK": "platform key", "KEK": "key exchange key", "db": "signing key"}
        self.owners = {name: ca.new_authority(ca.root_spec(f"libattest test {text}"), "rsa2048") for name, text in names.items()}

    def enrol(self, template: bytes, enforced: bool) -> bytes:
        """The variable store `template` with these keys; `enforced` False is Secure Boot switched off in the setup menu."""
        lists = {name: signature_list(CERT_X509, owner.certificate.public_bytes(Encoding.DER)) for name, owner in self.owners.items()}
        lists["dbx"] = signature_list(CERT_SHA256, digest("sha256", b"libattest test forbidden image"))
        out = b"".join(
            variable(name, GLOBAL if name in {"PK", "KEK"} else SECURITY_DATABASE, SIGNATURE_ATTRIBUTES, data)
            for name, data in lists.items()
        )
        out += variable("SecureBootEnable", SECURE_BOOT_ENABLE, NON_VOLATILE | BOOT, bytes([enforced]))
        return with_variables(template, out)

    def write(self, folder: Path) -> tuple[Path, Path]:
        """The signing key and its certificate as sbsign wants them."""
        key, certificate = folder / "db.key", folder / "db.pem"
        owner = self.owners["db"]
        key.write_bytes(owner.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        certificate.write_text(owner.pem)
        return key, certificate


def signature_list(kind: UUID, data: bytes) -> bytes:
    """EFI_SIGNATURE_LIST with a single entry."""
    entry = OWNER.bytes_le + data
    return kind.bytes_le + struct.pack("<III", 28 + len(entry), 0, len(entry)) + entry


def variable(name: str, vendor: UUID, attributes: int, data: bytes) -> bytes:
    """AUTHENTICATED_VARIABLE_HEADER, name and data, padded to the next."""
    text = (name + "\0").encode("utf-16-le")
    # Start, state, reserved; attributes; monotonic count, time stamp and index of the public key, all unused.
    head = struct.pack("<HBBI", 0x55AA, VARIABLE_ADDED, 0, attributes) + bytes(8 + 16 + 4)
    record = head + struct.pack("<II", len(text), len(data)) + vendor.bytes_le + text + data
    return record + b"\xff" * (-len(record) % 4)


def with_variables(template: bytes, variables: bytes) -> bytes:
    (volume_header,) = struct.unpack_from("<H", template, 48)
    start = volume_header + STORE_HEADER
    end = start + len(variables)
    assert template[start:end] == b"\xff" * len(variables), "the template holds no variables"
    return template[:start] + variables + template[end:]

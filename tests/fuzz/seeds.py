# SPDX-License-Identifier: Apache-2.0
"""Inputs for the fuzzers to start from, cut out of testdata/ and tests/cases/. Each fuzzer's own file says what its input is."""

import base64
import binascii
import glob
import hashlib
import json
import os
import re
import struct
from collections.abc import Callable, Iterator

BANKS = {0x0004: 0, 0x000B: 1, 0x000C: 2, 0x000D: 3}


def read(pattern: str) -> Iterator[bytes]:
    for path in sorted(glob.glob(pattern)):
        with open(path, "rb") as file:
            yield file.read()


def proofs() -> Iterator[bytes]:
    yield from read("testdata/demo/*.json")
    yield from read("tests/cases/*/proof*.json")


def documents() -> Iterator[dict[str, object]]:
    """Every proof that Python can read as a JSON object."""
    for text in proofs():
        try:
            document = json.loads(text)
        except ValueError:
            continue
        if isinstance(document, dict):
            yield document


def values(node: object, names: set[str]) -> Iterator[str]:
    """Every string that is a member of one of these names, or that member's "base64"."""
    if isinstance(node, list):
        for element in node:
            yield from values(element, names)
    elif isinstance(node, dict):
        for key, value in node.items():
            text = value.get("base64") if isinstance(value, dict) else value
            if key in names and isinstance(text, str):
                yield text
            yield from values(value, names)


def decoded(names: set[str]) -> Iterator[bytes]:
    for document in documents():
        for text in values(document, names):
            try:
                yield base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                continue


def pem_blocks() -> Iterator[tuple[str, bytes, bytes]]:
    """Label, whole text and DER of every PEM block."""
    block = re.compile(rb"-----BEGIN ([A-Z ]+)-----\n(.*?)-----END \1-----\n?", re.DOTALL)
    texts = [*read("testdata/*/*.pem"), *read("tests/cases/*/*.pem")]
    texts += [text.replace(b"\\n", b"\n") for text in proofs()]
    for text in texts:
        for match in block.finditer(text):
            try:
                yield match[1].decode(), match[0], base64.b64decode(match[2].replace(b"\n", b""), validate=True)
            except binascii.Error:
                continue


def ders(label: str) -> Iterator[bytes]:
    return (der for name, _, der in pem_blocks() if name == label)


def json_seeds() -> Iterator[bytes]:
    yield from proofs()
    yield from read("tests/cases/*/*.json")
    long = b"A" * 60
    yield b'{"' + long + b'": "' + long + b'", "b": ["' + long + b'\\n' + long + b'", "\\u0041\\ud83d\\ude00"], "c": -1.5e3}'
    yield b'["' + long + b'", "\\u0001", true, false, null, 12, {}, []]'


def quote_seeds() -> Iterator[bytes]:
    yield from read("tests/cases/*/*.msg")
    yield from decoded({"attest", "message"})


def signature_seeds() -> Iterator[bytes]:
    yield from read("tests/cases/*/*.sig")
    yield from decoded({"signature"})


def tpm_public_seeds() -> Iterator[bytes]:
    return decoded({"public"})


def certificate_seeds() -> Iterator[bytes]:
    return ders("CERTIFICATE")


def spki_seeds() -> Iterator[bytes]:
    yield from ders("CERTIFICATE")
    yield from ders("PUBLIC KEY")


def text_seeds() -> Iterator[bytes]:
    """The first byte chooses: 0 hex, 1 base64, 2 PEM, 3 time, 4 printable."""
    for document in documents():
        for text in values(document, {"nonce", "0", "14"}):
            yield b"\0" + text.encode(errors="replace")
        for text in values(document, {"signature", "attest"}):
            yield b"\1" + text.encode(errors="replace")
    for _, block, _ in pem_blocks():
        yield b"\2" + block
        yield b"\2" + block.replace(b"\n", b"\r\n")
    for when in ("2026-11-20T10:15:00Z", "2024-02-29", "2026-01-01T00:00:00.5Z", "9999-12-31T23:59:59.999+00:00", "0001-01-01t00:00:60-23:59"):
        yield b"\3" + when.encode()
    yield b"\4a\\\x1b[2J\xc3\xa4 plain"


def policy_seeds() -> Iterator[bytes]:
    yield from read("testdata/demo/*.json")
    for pattern in ("policy*.json", "containers*.json", "golden*.json"):
        yield from read(f"tests/cases/*/{pattern}")
    pins = {"0": "zero", "1": ["00" * 32, "zero"], "2": {"old": "11" * 32, "new": "zero"}, "3": "ignore"}
    whole = {
        "format": "libattest-policy-v1", "name": "n", "bank": "sha256", "platforms": ["azure", "gcp", "aws", "vendor", "added"],
        "pcrs": pins, "application_disk_roothash": "22" * 32, "containers": {"image": "sha256:id"}, "tls": "optional",
        "nonce": "optional", "resettable_pcrs": "accept",
    }
    yield json.dumps(whole).encode()


def log_seeds() -> Iterator[bytes]:
    for document in documents():
        if isinstance(document.get("logs"), list):
            yield json.dumps(document["logs"]).encode()
    for text in read("tests/cases/*/log.json"):
        yield b"[" + text + b"]"
    unreadable = [{"format": name, "data": "AAAA"} for name in ("tcg", "ima", "ima-ascii", "systemd", "cel-json")]
    yield json.dumps(unreadable).encode()


def selection(message: bytes) -> bytes:
    """TPMS_ATTEST's pcrSelect as the PCR fuzzer takes it: count, then for each bank its number and four bytes."""
    at = 6
    for _ in range(2):  # qualifiedSigner, extraData
        at += 2 + struct.unpack_from(">H", message, at)[0]
    at += 17 + 8
    count = struct.unpack_from(">I", message, at)[0]
    at += 4
    out = bytes([count])
    for _ in range(count):
        bank, size = struct.unpack_from(">HB", message, at)
        out += bytes([BANKS.get(bank, 4)]) + message[at + 3 : at + 3 + size].ljust(4, b"\0")
        at += 3 + size
    return out


def pcr_seeds() -> Iterator[bytes]:
    for path in sorted(glob.glob("tests/cases/*loose*/q.msg")):
        with open(path, "rb") as message, open(path.replace(".msg", ".pcrs"), "rb") as values_file:
            file = values_file.read()
            head = selection(message.read())
        for flags in (0, 1, 5):
            yield bytes([flags]) + head + file
    for document in documents():
        for quote, pcrs in zip(values(document, {"message"}), values(document, {"pcr"}), strict=False):
            try:
                yield b"\1" + selection(base64.b64decode(quote)) + base64.b64decode(pcrs)
            except (ValueError, struct.error):
                continue


def pieces(*parts: bytes) -> bytes:
    """Each with its length before it; the last is the rest."""
    return b"".join(struct.pack(">H", len(part)) + part for part in parts[:-1]) + parts[-1]


def part_seeds() -> Iterator[bytes]:
    for path in sorted(glob.glob("tests/cases/*/case.json")):
        with open(path, encoding="utf-8") as file:
            parts = json.load(file).get("parts")
        if parts is None:
            continue
        folder = os.path.dirname(path)
        files = [os.path.join(folder, parts.get(name, "-")) for name in ("quote", "signature", "pcrs", "ak", "ak_cert", "log")]
        yield pieces(*[b"".join(read(name)) for name in files])


SEEDS: dict[str, Callable[[], Iterator[bytes]]] = {
    "proof": proofs,
    "signed": proofs,
    "json": json_seeds,
    "quote": quote_seeds,
    "signature": signature_seeds,
    "tpm_public": tpm_public_seeds,
    "pcrs": pcr_seeds,
    "certificate": certificate_seeds,
    "spki": spki_seeds,
    "text": text_seeds,
    "policy": policy_seeds,
    "logs": log_seeds,
    "parts": part_seeds,
}


def write(name: str, folder: str) -> int:
    """Write the seeds of a fuzzer; how many there are."""
    os.makedirs(folder, exist_ok=True)
    names = set()
    for seed in SEEDS[name]():
        digest = hashlib.sha1(seed).hexdigest()  # as libFuzzer names its own
        names.add(digest)
        with open(os.path.join(folder, digest), "wb") as file:
            file.write(seed)
    return len(names)

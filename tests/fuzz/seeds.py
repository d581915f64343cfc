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


def crl_seeds() -> Iterator[bytes]:
    """The first byte: 1 requires that the path is covered, 2 looks for the issuer instead of the leaf."""
    for crl in read("tests/cases/*/crls-*"):
        for choice in range(4):
            yield bytes([choice]) + crl


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


def policy_tools_seeds() -> Iterator[bytes]:
    yield from policy_seeds()
    for text in read("tests/policies/*.json"):
        yield text
        policy = json.loads(text)
        for name, value in policy.items():
            yield json.dumps({"format": policy["format"], "tls": "required", name: value, "sets": policy.get("sets", {})}).encode()


def log_seeds() -> Iterator[bytes]:
    for document in documents():
        if isinstance(document.get("logs"), list):
            yield json.dumps(document["logs"]).encode()
    for text in read("tests/cases/*/log.json"):
        yield b"[" + text + b"]"
    malformed = [{"format": name, "data": "AAAA"} for name in ("tcg", "ima", "ima-ascii", "systemd", "cel-json", "cel-tlv")]
    yield json.dumps(malformed).encode()


def logs_of(name: str) -> Iterator[bytes]:
    """The bytes of every log of this format that a case or the demo has."""
    for document in documents():
        logs = document.get("logs")
        for log in logs if isinstance(logs, list) else []:
            if isinstance(log, dict) and log.get("format") == name:
                try:
                    yield base64.b64decode(log.get("data", ""), validate=True)
                except (TypeError, ValueError):
                    continue


TCG_ALGORITHMS = {"sha1": 4, "sha256": 11, "sha384": 12, "sha512": 13}


def tcg_event(pcr: int, kind: int, data: bytes, banks: tuple[str, ...] = ("sha1", "sha256"), hashed: bytes | None = None) -> bytes:
    digests = b"".join(struct.pack("<H", TCG_ALGORITHMS[name]) + hashlib.new(name, data if hashed is None else hashed).digest() for name in banks)
    return struct.pack("<III", pcr, kind, len(banks)) + digests + struct.pack("<I", len(data)) + data


def tcg_sha1_event(pcr: int, kind: int, data: bytes, digest: bytes | None = None) -> bytes:
    return struct.pack("<II", pcr, kind) + (hashlib.sha1(data).digest() if digest is None else digest) + struct.pack("<I", len(data)) + data


def tcg_head(banks: tuple[str, ...] = ("sha1", "sha256"), vendor: bytes = b"") -> bytes:
    named = b"".join(struct.pack("<HH", TCG_ALGORITHMS[name], hashlib.new(name).digest_size) for name in banks)
    data = b"Spec ID Event03\0" + bytes([0, 0, 0, 0, 0, 2, 0, 2]) + struct.pack("<I", len(banks)) + named + bytes([len(vendor)]) + vendor
    return tcg_sha1_event(0, 3, data, bytes(20))


def log_tcg_seeds() -> Iterator[bytes]:
    yield from logs_of("tcg")
    yield from read("tests/cases/*/*.bin")
    yield from read("testdata/boot/*.bin")
    zeros, locality = bytes(4), b"StartupLocality\0"
    crtm, separators = tcg_event(0, 8, b"1.0\0"), b"".join(tcg_event(pcr, 4, zeros) for pcr in range(8))
    yield tcg_head() + crtm + separators
    for pad in (b"\0" * 100, b"\xff" * 100, b"\0" * 40 + b"\1", b"\xff" * 40 + b"\0"):
        yield tcg_head() + crtm + pad
        yield tcg_sha1_event(0, 8, b"1.0\0") + pad
    for value in (b"\0", b"\3", b"\4", b"\7", b""):
        yield tcg_head() + tcg_event(0, 3, locality + value) + crtm + separators
    yield tcg_head() + crtm + tcg_event(0, 3, locality + b"\3")
    yield tcg_head(("sha1", "sha256", "sha384", "sha512"), b"vendor") + tcg_event(0, 8, b"1\0", ("sha512", "sha1", "sha384", "sha256")) + crtm
    yield tcg_head() + tcg_event(7, 0x80000007, b"renamed", hashed=zeros) + tcg_event(7, 4, zeros)
    yield tcg_head() + tcg_event(7, 4, zeros) + tcg_event(7, 4, zeros)
    yield tcg_head() + tcg_event(7, 4, zeros, hashed=b"other")
    yield tcg_head() + tcg_event(0xFFFFFFFF, 3, b"vendor") + tcg_event(0xFFFFFFFF, 8, b"") + tcg_event(32, 8, b"")
    yield tcg_head() + tcg_event(1, 8, b"", ("sha1", "sha1")) + tcg_event(1, 8, b"", ()) + tcg_event(17, 8, b"", ("sha384",))
    yield b"".join(tcg_sha1_event(pcr, 8 if pcr else 0, b"", bytes(20)) for pcr in (0, 0, 0, 5))
    yield bytes(320)


def ima_field(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


def ima_entries() -> Iterator[tuple[bytes, bytes, bytes]]:
    """Name of a template, its data, and its fields as the kernel shows them."""
    digest = hashlib.sha256(b"abc")
    d, shown = ima_field(b"sha256:\0" + digest.digest()), b"sha256:" + digest.hexdigest().encode()
    name, path = ima_field(b"/bin/sh\0"), b" /bin/sh"
    none = ima_field(b"")
    yield b"ima-ng", d + name, shown + path
    yield b"ima-sig", d + name + ima_field(b"\3\2"), shown + path + b" 0302"
    yield b"ima-sig", d + name + none, shown + path + b" "
    yield b"ima-ngv2", ima_field(b"verity:sha256:\0" + digest.digest()) + name, b"verity:" + shown + path
    yield b"ima-buf", d + name + ima_field(b"root"), shown + path + b" 726f6f74"
    yield b"ima-modsig", d + name + none + d + ima_field(b"0"), shown + path + b"  " + shown + b" 30"
    evm = [b"\5", b"security.ima\0", struct.pack("<I", 1), b"\1", struct.pack("<I", 1000), bytes(4), struct.pack("<H", 33261)]
    yield b"evm-sig", d + name + b"".join(map(ima_field, evm)), shown + path + b" 05 security.ima 01000000 01 1000 0 33261"
    yield b"d-ng|n-ng|sig|iuid", d + name + none + none, shown + path + b"  "


def log_ima_seeds() -> Iterator[bytes]:
    whole: dict[str, bytes] = {}
    for name, data, shown in ima_entries():
        for bank in ("sha1", "sha256", "sha384", "sha512"):
            value = hashlib.new(bank, data).digest()
            yield struct.pack("<I", 10) + value + ima_field(name) + ima_field(data)
            whole[bank] = whole.get(bank, b"") + struct.pack("<I", 10) + value + ima_field(name) + ima_field(data)
            yield b"10 " + value.hex().encode() + b" " + name + b" " + shown + b"\n"
            whole[bank + "t"] = whole.get(bank + "t", b"") + b"10 " + value.hex().encode() + b" " + name + b" " + shown + b"\n"
    yield from whole.values()
    yield struct.pack("<I", 10) + bytes(20) + ima_field(b"ima") + bytes(20) + ima_field(b"/bin/sh")
    yield b"10 " + b"0" * 40 + b" ima " + b"1" * 40 + b" /bin/sh\n"


def tlv(kind: int, value: bytes) -> bytes:
    return bytes([kind]) + struct.pack(">I", len(value)) + value


def log_cel_seeds() -> Iterator[bytes]:
    values = tlv(4, hashlib.sha1(b"abc").digest()) + tlv(11, hashlib.sha256(b"abc").digest())
    contents = [
        tlv(4, tlv(1, tlv(0, b"\1") + tlv(1, b"\0"))), tlv(4, tlv(2, b"")), tlv(4, tlv(81, b"\2")),
        tlv(5, tlv(0, struct.pack(">I", 4)) + tlv(1, b"abc")), tlv(7, tlv(0, b"ima-ng") + tlv(1, b"abc")),
        tlv(8, b"abc"), tlv(9, b"abc"), tlv(80, tlv(5, b"abc")),
    ]
    records = [tlv(0, struct.pack(">Q", i)) + tlv(1, b"\x0d") + tlv(3, values) + c for i, c in enumerate(contents)]
    yield from records
    yield b"".join(records)
    digests = [{"hashAlg": name, "digest": hashlib.new(name, b"abc").hexdigest()} for name in ("sha1", "sha256")]
    objects: list[tuple[str, object]] = [
        ("cel", {"type": "cel_version", "data": {"major": 1, "minor": 0}}), ("cel", [{"type": 2}, {"type": "state_trans", "data": "kexec"}]),
        ("pcclient_std", {"event_type": "EV_SEPARATOR", "event_data": "00000000"}), ("pcclient_std", {"event_type": 3, "event_data": ""}),
        ("ima_template", {"template_name": "ima-ng", "template_data": "616263"}), ("ima_tlv", "616263"),
        ("systemd", {"string": "ready", "eventType": "phase"}), ("systemd", "616263"), ("own", {}),
    ]
    logs = [{"recnum": i, "pcr": 8, "digests": digests, "content_type": t, "content": c} for i, (t, c) in enumerate(objects)]
    logs.append({"recnum": len(logs), "pcr": 8, "digests": digests, "type": "tss2", "sub_event": {"data": "616263"}})
    for log in logs:
        yield json.dumps([log]).encode()
    yield json.dumps(logs).encode()
    yield json.dumps({"records": logs}).encode()


def log_systemd_seeds() -> Iterator[bytes]:
    whole = b""
    for pcr, text, kind in ((11, "ready", "phase"), (15, "machine-id:" + "0" * 40, "machine-id"), (15, "cryptsetup:root", "volume-key")):
        digests = [{"hashAlg": name, "digest": hashlib.new(name, text.encode()).hexdigest()} for name in ("sha1", "sha256")]
        content = {"string": text, "bootId": "f" * 32, "timestamp": 1, "eventType": kind}
        record = {"pcr": pcr, "digests": digests, "content_type": "systemd", "content": content}
        whole += b"\x1e" + json.dumps(record, separators=(",", ":")).encode() + b"\n"
        yield whole
    yield b'\x1e{"nv_index":30146576,"digests":[],"content_type":"systemd","content":{}}\n'


def described(kind: int, choice: int, pcr: int, data: bytes, how: int = 1) -> bytes:
    """How the fuzzer takes an event: kind, type, PCR and hashed part by their numbers there, then the data."""
    return struct.pack("<BBBBH", kind, choice, pcr, how, len(data)) + data


def describe_seeds() -> Iterator[bytes]:
    vendor = bytes.fromhex("61dfe48bca93d211aa0d00e098032b8c")
    security = bytes.fromhex("cbb219d73a3d9645a3bcdad00e67656f")
    hashes = bytes.fromhex("2616c4c14c509240aca941f936934328") + struct.pack("<III", 76, 0, 48) + bytes(48)
    der = next(ders("CERTIFICATE"))
    x509 = bytes.fromhex("a159c0a5e494a74a87b5ab155c2bf072") + struct.pack("<III", 44 + len(der), 0, 16 + len(der)) + bytes(16) + der

    def variable(guid: bytes, name: str, contents: bytes) -> bytes:
        return guid + struct.pack("<QQ", len(name), len(contents)) + name.encode("utf-16-le") + contents

    def node(kind: int, subtype: int, body: bytes = b"") -> bytes:
        return struct.pack("<BBH", kind, subtype, 4 + len(body)) + body

    shapes = [(1, 1, 2), (1, 3, 20), (1, 4, 17), (2, 1, 8), (3, 11, 33), (3, 12, 15), (3, 13, 32), (3, 14, 15), (3, 18, 6), (3, 23, 12)]
    shapes += [(3, 24, 9), (4, 1, 38), (4, 2, 20), (4, 6, 16), (4, 8, 20), (4, 9, 34), (5, 1, 9), (9, 9, 3)]
    file = node(4, 4, "\\EFI\\BOOT\\BOOTX64.EFI\0".encode("utf-16-le")) + node(0x7F, 0xFF)
    path = b"".join(node(kind, subtype, bytes(size)) for kind, subtype, size in shapes) + file
    option = struct.pack("<IH", 1, len(path)) + "Linux\0".encode("utf-16-le") + path + b"more"
    gpt = b"EFI PART" + bytes(48) + vendor + bytes(12) + struct.pack("<IIQ", 128, 0, 1) + bytes(128)
    cmdline, section = "a=b\0".encode("utf-16-le"), ".linux\0".encode("utf-16-le")
    boot = [
        described(2, 5, 0, "v1\0".encode("utf-16-le")), described(2, 8, 7, variable(vendor, "SecureBoot", b"\1")),
        described(2, 8, 7, variable(vendor, "PK", x509)), described(2, 8, 7, variable(security, "dbx", hashes)),
        described(2, 2, 7, bytes(4)), described(2, 11, 7, variable(security, "db", bytes(16) + der)), described(2, 2, 4, bytes(4)),
        described(2, 9, 1, variable(vendor, "BootOrder", b"\0\0\1\0")), described(2, 9, 1, variable(vendor, "Boot0000", option)),
        described(2, 12, 4, struct.pack("<QQQQ", 1, 2, 0, len(path)) + path, 0), described(2, 14, 5, gpt),
        described(2, 6, 8, b"grub_cmd: linux /a", 10), described(2, 6, 8, b"kernel_cmdline: /a", 16), described(2, 6, 12, cmdline),
        described(2, 6, 8, cmdline[:-1], 4), described(2, 6, 11, b".linux\0"), described(2, 6, 11, section, 0),
        described(2, 3, 9, struct.pack("<II", 0x8F3B22EC, 6) + b"initrd", 0), described(2, 15, 0, bytes(16)), described(2, 16, 0, b"\1a" + bytes(16)),
        described(2, 17, 1, struct.pack("<Q", 1) + bytes(24)), described(2, 1, 0, b"StartupLocality\0\3"),
        described(2, 1, 0, b"Spec ID Event03\0" + struct.pack("<IBBBBIHHB", 0, 0, 2, 0, 2, 1, 11, 32, 0)),
        described(2, 1, 0, b"SP800-155 Event3" + bytes(20) + b"\2a\0\2b\0"), described(4, 0, 11, b"enter-initrd"),
        described(0, 0, 14, b'{"type": "image", "name": "a", "digest": "sha256:0"}'), described(1, 0, 15, b""),
        described(0, 0, 14, b'{"event_type": "outputs", "content": [{"spec": {"path": "p"}, "resolved": {"hash": "h"}}]}'),
    ]
    boot += [described(3, {b"ima-ng": 1, b"ima-sig": 2, b"ima-buf": 3, b"ima-modsig": 4, b"evm-sig": 5}.get(name, 6), 10, data) for name, data, _ in ima_entries()]
    yield from boot
    yield b"".join(boot)


def inspect_seeds() -> Iterator[bytes]:
    """Whole proofs with real logs, and the logs by themselves."""
    yield from read("testdata/boot/*")
    for name in ("boot-good", "boot-good-secure-boot", "boot-good-cel-json", "boot-good-ima-ascii"):
        yield from read(f"tests/cases/{name}/proof.json")
    for name in ("tcg", "ima", "ima-ascii", "systemd", "cel-json", "cel-tlv"):
        yield from logs_of(name)


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
    """Each with its length before it."""
    return b"".join(struct.pack(">H", len(part)) + part for part in parts)


def part_seeds() -> Iterator[bytes]:
    for path in sorted(glob.glob("tests/cases/*/case.json")):
        with open(path, encoding="utf-8") as file:
            parts = json.load(file).get("parts")
        if parts is None:
            continue
        folder = os.path.dirname(path)
        names = [parts.get(name, "-") for name in ("quote", "signature", "pcrs", "ak", "ak_cert")]
        logs = parts.get("log", [])
        names += logs if isinstance(logs, list) else [logs]
        yield pieces(*[b"".join(read(os.path.join(folder, name))) for name in names])


def http_seeds() -> Iterator[bytes]:
    """A request or, after an odd byte, a response."""
    import httpd_corpus

    for sent in [*(row.sent for row in httpd_corpus.ROWS), *(sent for sent, _ in httpd_corpus.PASSED)]:
        yield b"\0" + sent
    for query in httpd_corpus.QUERIES:
        yield b"\0" + httpd_corpus.get(httpd_corpus.OURS + query)
    for answer in httpd_corpus.RAW.values():
        yield b"\1" + answer
        yield b"\3" + answer


def program(sections: list[tuple[str, bytes]], plus: bool = True) -> bytes:
    """An EFI program with these sections and nothing else: Microsoft PE Format."""
    optional = bytearray(240 if plus else 224)
    struct.pack_into("<H", optional, 0, 0x20B if plus else 0x10B)
    struct.pack_into("<H", optional, 44, 1)
    struct.pack_into("<I", optional, 60, 1024)
    struct.pack_into("<I", optional, 108 if plus else 92, 16)
    head = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0"
    head += struct.pack("<HHIIIHH", 0x8664, len(sections), 0, 0, 0, len(optional), 0) + optional
    body = b""
    for name, contents in sections:
        head += name.encode().ljust(8, b"\0") + struct.pack("<IIII", len(contents), 0, len(contents), 1024 + len(body)) + bytes(16)
        body += contents
    return head.ljust(1024, b"\0") + body


def predict_seeds() -> Iterator[bytes]:
    setup = bytearray(program([(".setup", bytes(256))]))
    setup[0x202:0x210] = b"HdrS" + bytes(8) + struct.pack("<H", 0x80)
    setup[0x280:0x289] = b"6.1.0 (a)"
    kernel, mark = bytes(setup), b"#### LoaderInfo: systemd-stub 252 ####\0"
    names = [".linux", ".osrel", ".cmdline", ".initrd", ".splash", ".dtb", ".pcrsig", ".pcrpkey"]
    old = mark + b"".join(name.encode() + b"\0" for name in names)
    new = old.replace(b"252", b"257") + b".ucode\0.uname\0.sbat\0.profile\0.dtbauto\0.hwids\0" + "os-release".encode("utf-16-le")
    rest = [(".cmdline", b"quiet \n"), (".initrd", b"initrd")]
    for stub in (old, new):
        yield program([(".data", stub), (".linux", kernel), *rest])
        yield program([(".data", stub), (".linux", kernel), *[(name, name.encode()) for name in names[1:]], (".sbat", b"sbat,1")])
        yield program([(".data", stub), (".linux", kernel), *rest, (".profile", b"ID=x")])
        yield program([(".data", stub), (".linux", kernel), *rest], False) + b"certificates"
    yield program([(".data", old), *rest])
    yield kernel


SEEDS: dict[str, Callable[[], Iterator[bytes]]] = {
    "proof": proofs,
    "inspect": inspect_seeds,
    "signed": proofs,
    "json": json_seeds,
    "quote": quote_seeds,
    "signature": signature_seeds,
    "tpm_public": tpm_public_seeds,
    "pcrs": pcr_seeds,
    "certificate": certificate_seeds,
    "crl": crl_seeds,
    "spki": spki_seeds,
    "text": text_seeds,
    "policy": policy_seeds,
    "policy_tools": policy_tools_seeds,
    "logs": log_seeds,
    "parts": part_seeds,
    "describe": describe_seeds,
    "log_tcg": log_tcg_seeds,
    "log_ima": log_ima_seeds,
    "log_cel": log_cel_seeds,
    "log_systemd": log_systemd_seeds,
    "http": http_seeds,
    "predict": predict_seeds,
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

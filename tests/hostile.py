#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Usage: tests/hostile.py BUILD [WORDS]    WORDS: only the cases with these in their names

Inputs of hostile size and kind through the command lines. Each must be answered with the exit code and a message that names the
limit or the fault, within 1 GiB of address space, and without a word from the libraries below. The CPU time and memory that are
printed are for people; nothing here depends on them but a guard of 20 s against a runaway, and that twice as long a log takes
about twice as long.
"""

import base64

import hashlib
import json
import os
import re
import resource
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "testdata" / "demo"
BOOT = ROOT / "tests" / "cases" / "boot-good"
MIB = 1 << 20
LIMIT_ENTRY = 16 * MIB
ADDRESS_SPACE, CPU_SECONDS = 1 << 30, 20
Chunks = Iterable[bytes]


@dataclass
class Case:
    name: str
    says: str  # regular expression, over stdout and stderr
    content: Chunks | None = None  # of the file that takes the place of FILE in the arguments
    arguments: list[str] = field(default_factory=lambda: ["--policy", str(DEMO / "policy.json"), "FILE"])
    exit: int = 1
    prepare: Callable[[], None] = lambda: None
    tool: str = "attest-verify"


def repeated(what: bytes, size: int) -> Chunks:
    """`what`, over and over, up to about `size` bytes."""
    block = what * max(1, MIB // len(what))
    for _ in range(size // len(block)):
        yield block


def numbered(pattern: str, n: int) -> Chunks:
    """The pattern with 0, 1, ... for its %d, a comma between."""
    for begin in range(0, n, 10000):
        end = min(begin + 10000, n)
        yield ",".join(pattern.replace("%d", str(i)) for i in range(begin, end)).encode() + (b"," if end < n else b"")


def around(before: bytes, middle: Chunks, after: bytes) -> Chunks:
    yield before
    yield from middle
    yield after


def pem(base64: Chunks) -> Chunks:
    return around(b"-----BEGIN CERTIFICATE-----\\n", base64, b"\\n-----END CERTIFICATE-----\\n")


def demo_with(member: str, value: Chunks) -> Chunks:
    """The good proof with a member of another value."""
    proof = json.loads((DEMO / "proof.json").read_text())
    proof.pop(member, None)
    yield json.dumps(proof)[:-1].encode() + f', "{member}": '.encode()
    yield from value
    yield b"}"


def quote_with(member: str, value: Chunks) -> Chunks:
    before = b'{"format": "libattest-proof-v1", "ak": {"certificates": []}, "quote": {"attest": "AAAA", "signature": "AAAA", '
    if member in ("attest", "signature"):
        before = before.replace(f'"{member}": "AAAA", '.encode(), b"")
    return around(before + f'"{member}": '.encode(), value, b"}}")


def proofs() -> Iterable[Case]:
    fresh = repeated
    yield Case("64 MiB of nested arrays", "LIMIT_JSON_DEPTH", fresh(b"[", 64 * MIB))
    yield Case("64 MiB of nested objects", "LIMIT_JSON_DEPTH", fresh(b'{"a":', 64 * MIB))
    yield Case("33 arrays", "LIMIT_JSON_DEPTH", [b"[" * 33 + b"]" * 33])
    yield Case("one base64 string of 60 MiB", "at most 4096 bytes", quote_with("attest", around(b'"', fresh(b"A", 60 * MIB), b'"')))
    yield Case("one string of 60 MiB, not base64", "LIMIT_JSON_TEXT", quote_with("attest", around(b'"', fresh(b"!", 60 * MIB), b'"')))
    yield Case("one string of 15 MiB, not base64", "base64", quote_with("attest", around(b'"', fresh(b"!", 15 * MIB), b'"')))
    yield Case("a string of 60 MiB that does not end", "inside a string", around(b'{"a": "', fresh(b"A", 60 * MIB), b""))
    yield Case("15 MiB of backslashes", "inside a string|not strict", around(b'{"a": "', fresh(b"\\\\", 15 * MIB), b"\\"))
    yield Case("a number of 15 MiB", "real|integer|number|strict", around(b'{"a": ', fresh(b"9", 15 * MIB), b"}"))
    yield Case("10^6 PCR values", "LIMIT_JSON_VALUES", quote_with("pcrs", around(b'{"sha256": {', numbered('"%d": "00"', 10**6), b"}}")))
    yield Case("10^5 PCR values", "not a PCR index", quote_with("pcrs", around(b'{"sha256": {', numbered('"%d": "00"', 10**5), b"}}")))
    one = '"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n"'
    yield Case("10^5 certificates", "LIMIT_CERTIFICATES", demo_with("ak", around(b'{"certificates": [', numbered(one, 10**5), b"]}")))
    big = around(b'{"certificates": ["', pem(fresh(b"A", 60 * MIB)), b'"]}')
    yield Case("one certificate of 45 MiB", "LIMIT_CHAIN_BYTES", demo_with("ak", big))
    lines = around(b'{"certificates": ["', pem(around(b"AAAA", fresh(b"\\nAAAA", 60 * MIB), b"")), b'"]}')
    yield Case("one certificate of 10^7 lines", "LIMIT_CHAIN_BYTES", demo_with("ak", lines))
    ends = around(b'{"certificates": ["', around(b"".join(pem([b"AAAA"])), fresh(b"\\n", 60 * MIB), b""), b'"]}')
    yield Case("one certificate and 10^7 empty lines", "certificate", demo_with("ak", ends))
    yield Case("10^6 empty arrays", "LIMIT_JSON_VALUES", around(b"[", numbered("[]", 10**6), b"]"))
    events = around(b'[{"format": "text-events", "pcr": 14, "events": [', numbered('"event %d"', 10**6), b"]}]")
    yield Case("10^6 events", "LIMIT_JSON_VALUES", demo_with("logs", events))
    fewer = around(b'[{"format": "text-events", "pcr": 14, "events": [', numbered('"event %d"', 250000), b"]}]")
    yield Case("250,000 events", "does not replay", demo_with("logs", fewer))
    yield Case("a nonce of 30 MiB", "at most 64 bytes", demo_with("nonce", around(b'"', fresh(b"a0", 60 * MIB), b'"')))
    yield Case("64 MiB of white space", "LIMIT_JSON_TEXT", fresh(b" ", 64 * MIB))
    yield Case("15 MiB of white space", "not strict JSON", fresh(b"\n", 15 * MIB))
    yield Case("64 MiB of NUL", "LIMIT_JSON_TEXT|strict", fresh(b"\0", 64 * MIB))
    yield Case("385 MiB", "larger than 384 MiB", fresh(b" ", 385 * MIB), exit=2)
    yield Case("384 MiB of nested arrays", "LIMIT_JSON_DEPTH", fresh(b"[", 384 * MIB))
    yield Case("380 MiB of white space", "LIMIT_JSON_TEXT", fresh(b" ", 380 * MIB))
    yield Case("one base64 string of 380 MiB", "at most 4096 bytes", quote_with("attest", around(b'"', fresh(b"A", 380 * MIB), b'"')))
    yield Case("a string of 380 MiB that does not end", "inside a string", around(b'{"a": "', fresh(b"A", 380 * MIB), b""))
    biggest = around(b'{"certificates": ["', pem(fresh(b"A", 380 * MIB)), b'"]}')
    yield Case("one certificate of 285 MiB", "LIMIT_CHAIN_BYTES", demo_with("ak", biggest))
    most_lines = around(b'{"certificates": ["', pem(around(b"AAAA", fresh(b"\\nAAAA", 380 * MIB), b"")), b'"]}')
    yield Case("one certificate of 6 * 10^7 lines", "LIMIT_CHAIN_BYTES", demo_with("ak", most_lines))
    long = '"' + "a" * 100 + '%d": 1'
    yield Case("10^5 keys that look alike", "no known proof format", around(b"{", numbered(long, 10**5), b"}"))
    twice = around(b"{", numbered('"a": %d', 10**5), b"}")
    yield Case("10^5 times the same key", "the same key twice", twice)
    deep = around(b'{"x": ', around(b"[" * 29, numbered("{}", 100000), b"]" * 29), b"}")
    yield Case("metadata of 200,000 values, deep", "VERIFIED", demo_with("metadata", deep), exit=0)


def policies() -> Iterable[Case]:
    as_policy = ["--policy", "FILE", str(DEMO / "proof.json")]
    own = b'{"format": "libattest-policy-v1", '

    def case(name: str, says: str, content: Chunks, code: int = 2) -> Case:
        return Case(f"policy: {name}", says, content, as_policy, code)

    yield case("64 MiB of nested arrays", "LIMIT_JSON_DEPTH", repeated(b"[", 64 * MIB))
    yield case("64 MiB of white space", "LIMIT_JSON_TEXT", repeated(b" ", 64 * MIB))
    yield case("65 MiB", "LIMIT_POLICY_BYTES", repeated(b" ", 65 * MIB))
    yield case("385 MiB", "larger than 384 MiB", repeated(b" ", 385 * MIB))
    yield case("10^6 pins", "LIMIT_JSON_TEXT", around(own + b'"pcrs": {', numbered('"%d": "zero"', 10**6), b"}}"))
    values = around(own + b'"pcrs": {"0": [', numbered('"zero"', 12 * 10**5), b"]}}")
    yield case("10^6 values of one PCR", "LIMIT_POLICY_VALUES", values)
    yield case("10^5 pins", "not a PCR index", around(own + b'"pcrs": {', numbered('"%d": "zero"', 10**5), b"}}"))
    many = around(own + b'"pcrs": {"0": [', numbered('"zero"', 10**5), b"]}}")
    yield case("10^5 values of one PCR", "LIMIT_PIN_VALUES", many)
    yield case("one pin of 30 MiB", "at most 64 bytes", around(own + b'"pcrs": {"0": "', repeated(b"a0", 60 * MIB), b'"}}'))
    yield case("a name of 15 MiB", "the policy is empty", around(own + b'"name": "', repeated(b"!", 15 * MIB), b'"}'))
    yield case("10^5 containers", "names a container image", around(b"{", numbered('"image %d": "sha256:%d"', 10**5), b"}"), 1)
    yield case("10^5 unknown members", "unknown member", around(own, numbered('"a%d": 1', 10**5), b"}"))
    yield case("the same key twice", "the same key twice", [b'{"a": "1", "a": "1"}'])


def roots_and_parts() -> Iterable[Case]:
    good, tiny = (DEMO / "root.pem").read_bytes(), b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    proof, loose = str(DEMO / "proof.json"), ROOT / "tests" / "cases" / "good-loose-log"
    as_root = ["--root", "FILE", proof]
    yield Case("root: 2,000 times the same", "LIMIT_ROOTS", [good] * 2000, as_root, 2)
    yield Case("root: 1,000 times the same", "VERIFIED", [good] * 1000, ["--policy", str(DEMO / "policy.json"), *as_root], 0)
    yield Case("root: 10^5 that are none", "not a DER certificate", repeated(tiny, len(tiny) * 10**5), as_root, 2)
    yield Case("root: 60 MiB of DER", "DER", repeated(b"\x30", 60 * MIB), as_root, 2)
    yield Case("root: 384 MiB of line ends", "DER", repeated(b"\n", 384 * MIB), as_root, 2)
    yield Case("root: 385 MiB", "larger than 384 MiB", repeated(b"\n", 385 * MIB), as_root, 2)
    parts = ["--quote", str(loose / "q.msg"), "--signature", str(loose / "q.sig"), "--pcrs", str(loose / "q.pcrs")]

    def replaced(option: str, name: str, says: str, content: Chunks) -> Case:
        arguments = list(parts)
        if option in arguments:
            arguments[arguments.index(option) + 1] = "FILE"
        else:
            arguments += [option, "FILE"]
        return Case(f"{option} {name}", says, content, arguments)

    for option in ("--quote", "--signature"):
        yield replaced(option, "of 60 MiB", "at most 4096", repeated(b"\xff", 60 * MIB))
    yield replaced("--pcrs", "of 60 MiB", "at most 65536", repeated(b"\0", 60 * MIB))
    yield replaced("--ak", "of 60 MiB", "at most 4096", repeated(b"\0", 60 * MIB))
    yield replaced("--ak-cert", "of 60 MiB", "LIMIT_CHAIN_BYTES", repeated(b"\x30", 60 * MIB))
    yield replaced("--ak-cert", "of 10^5 certificates", "LIMIT_CERTIFICATES", repeated(tiny, len(tiny) * 10**5))
    last = around(tiny * 16, around(b"-----BEGIN CERTIFICATE-----\n", repeated(b"A", 60 * MIB), b""), b"")
    yield replaced("--ak-cert", "of 17 certificates, the last of 45 MiB", "PEM|LIMIT_CERTIFICATES|LIMIT_CHAIN_BYTES", last)
    yield replaced("--ak-cert", "with 60 MiB of empty lines", "certificate", around(tiny, repeated(b"\n", 60 * MIB), b""))
    yield replaced("--log", "of 64 MiB of nested arrays", "LIMIT_JSON_DEPTH", repeated(b"[", 64 * MIB))
    yield replaced("--log", "of 10^5 logs", "LIMIT_LOGS", around(b"[", numbered("{}", 10**5), b"]"))


class Machine:
    """A genuine quote over the PCRs that a machine boots through, and whatever log one likes."""

    def __init__(self, folder: Path) -> None:
        case = json.loads((BOOT / "case.json").read_text())
        self.proof = json.loads((BOOT / "proof.json").read_text())
        root = str((BOOT / case["roots"][0]).resolve())
        self.trust = ["--root", root, "--nonce", case["nonce"], "--policy", str(BOOT / "policy.json")]
        quote = self.proof["quote"]
        values = b"".join(bytes.fromhex(v) for bank in quote["pcrs"].values() for v in bank.values())
        self.parts: list[str] = []
        for option, name, content in (
            ("--quote", "q.msg", base64.b64decode(quote["attest"])),
            ("--signature", "q.sig", base64.b64decode(quote["signature"])),
            ("--pcrs", "q.pcrs", values),
            ("--ak-cert", "chain.pem", "".join(self.proof["ak"]["certificates"]).encode()),
        ):
            (folder / name).write_bytes(content)
            self.parts += [option, str(folder / name)]
        self.others = folder / "reference"

    def proof_with(self, *logs: tuple[str, Chunks]) -> Chunks:
        """The machine's proof with these logs, in base64."""
        yield json.dumps({k: v for k, v in self.proof.items() if k != "logs"})[:-1].encode() + b', "logs": ['
        for i, (name, log) in enumerate(logs):
            yield (b", " if i else b"") + b'{"format": "' + name.encode() + b'", "data": "'
            yield from in_base64(log)
            yield b'"}'
        yield b"]}"

    def loose(self, name: str, says: str, log: Chunks, code: int = 1) -> Case:
        return Case(f"--log {name}", says, log, [*self.trust, *self.parts, "--log", "FILE"], code)

    def within(self, name: str, says: str, kind: str, log: Chunks, code: int = 1) -> Case:
        return Case(f"log in a proof: {name}", says, self.proof_with((kind, log)), [*self.trust, "FILE"], code)


def in_base64(chunks: Chunks) -> Chunks:
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        whole = len(data) // 3 * 3
        rest = data[whole:]
        yield base64.b64encode(data[:whole])
    yield base64.b64encode(rest)


def tcg_head() -> bytes:
    data = b"Spec ID Event03\0" + bytes([0, 0, 0, 0, 0, 2, 0, 2]) + struct.pack("<IHHB", 1, 11, 32, 0)
    return struct.pack("<II", 0, 3) + bytes(20) + struct.pack("<I", len(data)) + data


def tcg_event(pcr: int, data: bytes = b"", size: int | None = None) -> bytes:
    """EV_S_CRTM_VERSION with a SHA-256 digest."""
    return struct.pack("<IIIH", pcr, 8, 1, 11) + b"\x11" * 32 + struct.pack("<I", len(data) if size is None else size) + data


def tcg_sha1_event(pcr: int, data: bytes = b"", size: int | None = None) -> bytes:
    return struct.pack("<II", pcr, 8) + b"\x11" * 20 + struct.pack("<I", len(data) if size is None else size) + data


def ima_entry(name: bytes = b"/", template: bytes = b"ima-ng") -> bytes:
    d, n = b"sha1:\0" + bytes(20), name + b"\0"
    data = struct.pack("<I", len(d)) + d + struct.pack("<I", len(n)) + n
    return struct.pack("<I", 10) + hashlib.sha1(data).digest() + struct.pack("<I", len(template)) + template + struct.pack("<I", len(data)) + data


def ima_line(name: bytes = b"/") -> bytes:
    data = ima_entry(name)[4 + 20 + 4 + 6 + 4 :]
    return b"10 " + hashlib.sha1(data).hexdigest().encode() + b" ima-ng sha1:" + b"0" * 40 + b" " + name + b"\n"


def systemd_record(pcr: int = 10) -> bytes:
    digest = hashlib.sha256(b"x").hexdigest()
    text = '{"pcr":%d,"digests":[{"hashAlg":"sha256","digest":"%s"}],"content_type":"systemd","content":{"string":"x"}}'
    return b"\x1e" + (text % (pcr, digest)).encode() + b"\n"


def cel_record(pcr: int = 10) -> bytes:
    """TLV, for the NV index that no number of records is counted for."""
    return (
        b"\0" + struct.pack(">IB", 1, 0) + b"\2" + struct.pack(">IB", 1, pcr) + b"\3" + struct.pack(">I", 0) + b"\x09" + struct.pack(">I", 0)
    )


def cel_records(n: int) -> Chunks:
    """JSON: all numbered."""
    digests = '[{"hashAlg":"sha256","digest":"%s"}]' % ("11" * 32)
    one = '{"recnum":%d,"pcr":10,"digests":' + digests + ',"content_type":"systemd","content":{"string":"x"}}'
    return around(b"[", numbered(one, n), b"]")


def cel_tlv(size: int) -> Chunks:
    for begin in range(0, size // 65, 10000):
        yield b"".join(
            b"\0" + struct.pack(">IQ", 8, i) + b"\1" + struct.pack(">IB", 1, 10) + b"\3" + struct.pack(">IBI", 37, 11, 32) + b"\x11" * 32
            + b"\x09" + struct.pack(">I", 0) for i in range(begin, begin + 10000)
        )


@dataclass
class Kind:
    """A log that can be as long as one likes."""

    name: str
    format: str
    make: Callable[[int], Chunks]
    says: str = "does not replay|LIMIT_LOG_EVENTS|have no digest"


def kinds() -> Iterable[Kind]:
    big = tcg_event(4, b"x" * 1000)
    yield Kind("smallest TCG events", "tcg", lambda n: around(tcg_head(), repeated(tcg_event(4), n), b""))
    yield Kind("smallest TCG events of the SHA-1 form", "tcg", lambda n: repeated(tcg_sha1_event(4), n), "explains nothing")
    yield Kind("TCG events of 1000 bytes", "tcg", lambda n: around(tcg_head(), repeated(big, n), b""))
    yield Kind("zeros that are TCG events", "tcg", lambda n: around(tcg_sha1_event(4), repeated(b"\0", n), b"\1"), "ends within an entry|no second")
    yield Kind("TCG padding", "tcg", lambda n: around(tcg_head() + tcg_event(4), repeated(b"\xff", n), b""))
    yield Kind("smallest IMA entries", "ima", lambda n: repeated(ima_entry(), n))
    yield Kind("smallest IMA lines", "ima-ascii", lambda n: repeated(ima_line(), n))
    yield Kind("systemd records", "systemd", lambda n: repeated(systemd_record(), n // 2))
    yield Kind("CEL records in TLV", "cel-tlv", cel_tlv)
    yield Kind("CEL records in JSON", "cel-json", lambda n: cel_records(n // 2500))


def is_linear(kind: Kind, build: Path, folder: Path) -> bool:
    """Twice as long a log takes about twice the time: some 24 and 48 MiB, in a proof, where base64 is read in pieces."""
    machine = Machine(folder)
    seconds = []
    for size in (24 * MIB, 48 * MIB):
        good, time = run(machine.within(f"{kind.name}, {size // MIB} MiB", kind.says, kind.format, kind.make(size)), build, folder)
        seconds.append(time)
        if not good:
            return False
    linear = seconds[1] <= 3 * seconds[0] + 0.3
    print(f"{'ok' if linear else 'FAIL':<4}                    {kind.name}: {seconds[1] / max(seconds[0], 0.01):.1f} times as long", flush=True)
    return linear


def logs(machine: Machine) -> Iterable[Case]:
    for kind in kinds():
        says = "VERIFIED|REFUSED" if kind.format == "cel-json" else kind.says + "|no known format"
        yield machine.loose(f"of 64 MiB: {kind.name}", says, kind.make(64 * MIB))
    yield machine.loose("of 256 MiB: smallest TCG events of the SHA-1 form", "LIMIT_LOG_EVENTS", repeated(tcg_sha1_event(4), 256 * MIB))
    yield machine.loose("of 256 MiB: TCG events", "LIMIT_LOG_EVENTS|does not replay", around(tcg_head(), repeated(tcg_event(4, b"x" * 20), 255 * MIB), b""))
    yield machine.loose("of 257 MiB", "LIMIT_LOG_BYTES", repeated(tcg_sha1_event(4), 257 * MIB))
    yield machine.within("255 MiB of TCG events", "LIMIT_LOG_EVENTS|does not replay", "tcg", around(tcg_head(), repeated(tcg_event(4, b"x" * 20), 255 * MIB), b""))
    yield machine.within("255 MiB of padding", "does not replay", "tcg", around(tcg_head() + tcg_event(4), repeated(b"\0", 255 * MIB), b""))
    yield machine.within("257 MiB", "at most 268435456 bytes", "tcg", repeated(b"\0", 257 * MIB))
    yield machine.within("255 MiB of IMA entries", "LIMIT_LOG_EVENTS|does not replay", "ima", repeated(ima_entry(b"/usr/lib/modules"), 255 * MIB))
    fifteen, sixteen = b"x" * (15 * MIB), LIMIT_ENTRY
    yield machine.loose("of TCG events of 15 MiB", "does not replay", around(tcg_head(), [tcg_event(4, fifteen)] * 16, b""))
    yield machine.within("TCG events of 15 MiB", "does not replay", "tcg", around(tcg_head(), [tcg_event(4, fifteen)] * 16, b""))
    yield machine.within("a TCG event of 16 MiB and a byte", "LIMIT_LOG_ENTRY", "tcg", [tcg_head() + tcg_event(4, size=sixteen + 1)])
    yield machine.within("a TCG event of 4 GiB", "LIMIT_LOG_ENTRY", "tcg", [tcg_head() + tcg_event(4, size=0xFFFFFFFF)])
    yield machine.within("a TCG event that ends elsewhere", "ends within an entry", "tcg", [tcg_head() + tcg_event(4, b"x", size=sixteen)])
    yield machine.within("IMA entries of 15 MiB", "does not replay", "ima", [ima_entry(fifteen)] * 8)
    yield machine.loose("of one line of 64 MiB", "LIMIT_LOG_ENTRY", around(ima_line()[:-1], repeated(b"x", 64 * MIB), b"\n"))
    yield machine.within("one IMA line of 64 MiB", "LIMIT_LOG_ENTRY", "ima-ascii", around(ima_line()[:-1], repeated(b"x", 64 * MIB), b""))
    yield machine.within("an IMA line of 15 MiB", "does not replay|LIMIT", "ima-ascii", [ima_line(fifteen)])
    yield machine.within("64 MiB of line ends", "LOG_STRUCTURE|IMA|line", "ima-ascii", repeated(b"\n", 64 * MIB))
    yield machine.within("a systemd record of 64 MiB", "LIMIT_EVENT_JSON", "systemd", around(b'\x1e{"a":"', repeated(b"x", 64 * MIB), b'"}\n'))
    yield machine.within("systemd records that are none", "RFC 7464|record|strict", "systemd", repeated(b"\x1e", 64 * MIB))
    yield machine.within("10^5 CEL records", "LIMIT_JSON|does not replay", "cel-json", cel_records(10**5))
    yield machine.within("10^5 times the same CEL record", "explains nothing", "cel-tlv", [cel_record()] * 10**5)
    eight = [("tcg", around(tcg_head(), repeated(tcg_event(4), 32 * MIB), b"")) for _ in range(8)]
    yield Case("log in a proof: eight of 32 MiB", "does not replay|second|LIMIT", machine.proof_with(*eight), [*machine.trust, "FILE"])
    every = b"".join(systemd_record(pcr) for pcr in range(24))
    yield from references(machine, every)
    yield from inspections(machine, every)


def references(machine: Machine, every: bytes) -> Iterable[Case]:
    """What explains mismatches reads the proof's logs for every PCR that does not fit."""
    small = [*machine.trust, "--reference", str(BOOT / "proof.json")]
    content = machine.proof_with(("systemd", repeated(every, 64 * MIB)))
    yield Case("--reference, and a log that contradicts all PCRs", "does not replay", content, [*small, "FILE"])
    content = machine.proof_with(("tcg", around(tcg_head(), repeated(tcg_event(4), 64 * MIB), b"")))
    yield Case("--reference, and 10^6 events", "does not replay", content, [*small, "FILE"])
    big = ["--reference", "FILE", str(BOOT / "proof.json")]
    log = around(tcg_head(), repeated(tcg_event(4), 64 * MIB), b"")
    yield Case("--reference with 10^6 events", "VERIFIED", log, [*machine.trust, *big], 0)
    yield Case("--reference of garbage", "neither a proof nor an event log", repeated(b"x", 64 * MIB), [*machine.trust, *big], 2)
    yield Case("--reference of 257 MiB", "LIMIT_LOG_BYTES|neither", repeated(tcg_sha1_event(4), 257 * MIB), [*machine.trust, *big], 2)
    # Both sides long, and different from the first event on.
    with open(machine.others, "wb") as file:
        file.writelines(around(tcg_head() + tcg_event(5), repeated(tcg_event(4, b"y"), 64 * MIB), b""))
    content = machine.proof_with(("tcg", around(tcg_head() + tcg_event(4), repeated(tcg_event(4), 64 * MIB), b"")))
    yield Case("--reference and proof with 10^6 events each", "does not replay", content, [*machine.trust, "--reference", str(machine.others), "FILE"])


def inspections(machine: Machine, every: bytes) -> Iterable[Case]:
    def inspect(name: str, content: Chunks, *words: str, says: str = "NOT VERIFIED", code: int = 0) -> Case:
        return Case(f"attest-inspect: {name}", says, content, [*words, "FILE"], code, tool="attest-inspect")

    for kind in kinds():
        yield inspect(f"48 MiB of {kind.name}", machine.proof_with((kind.format, kind.make(48 * MIB))))
    yield inspect("64 MiB of systemd records", repeated(every, 64 * MIB))
    yield inspect("64 MiB of nested arrays", repeated(b"[", 64 * MIB), says="LIMIT_JSON_DEPTH", code=2)
    yield inspect("64 MiB of NUL", repeated(b"\0", 64 * MIB), says="neither a proof nor|NOT VERIFIED", code=2)
    with open(machine.others, "wb") as file:
        file.writelines(tcg_numbered(16 * MIB, 0))
    yield inspect("two logs of 16 MiB, different from the start", tcg_numbered(16 * MIB, 10**9, 0), str(machine.others), code=1)
    yield inspect("two logs of 16 MiB, different at the end", tcg_numbered(16 * MIB, 10**9, 10**4), str(machine.others), code=1)


def tcg_numbered(size: int, other: int, n_last: int | None = None) -> Chunks:
    """Events all different, of all PCRs in turn; the last ones (0: all) of another log when `other` is not zero."""
    n = size // 50
    yield tcg_head()
    for begin in range(0, n, 10000):
        events = []
        for i in range(begin, min(begin + 10000, n)):
            number = i + (other if n_last == 0 or (n_last is not None and i >= n - n_last) else 0)
            events.append(struct.pack("<IIIHQ", i % 24, 8, 1, 11, number) + b"\x11" * 24 + struct.pack("<I", 0))
        yield b"".join(events)


def close(descriptor: int) -> Callable[[], None]:
    return lambda: os.close(descriptor)


def oddities(folder: Path) -> Iterable[Case]:
    proof = str(DEMO / "proof.json")
    hidden = folder / "hidden"
    hidden.touch(mode=0)
    unreadable = "/proc/self/mem" if os.geteuid() == 0 else str(hidden)  # root may read any file, but not address 0
    for kind in ([], ["--policy"], ["--root"], ["--tls-cert"]):
        rest = [proof] if kind else []
        label = kind[0] if kind else "proof"
        yield Case(f"{label}: no such file", "No such file", None, [*kind, "/nonexistent/file", *rest], 2)
        yield Case(f"{label}: unreadable", "Permission denied|Input/output error", None, [*kind, unreadable, *rest], 2)
        if label != "--root":  # which takes directories
            yield Case(f"{label}: a directory", "Is a directory", None, [*kind, str(folder), *rest], 2)
        yield Case(f"{label}: endless", "larger than 384 MiB", None, [*kind, "/dev/zero", *rest], 2)
        yield Case(f"{label}: closed standard input", "Bad file descriptor", None, [*kind, "-", *rest], 2, close(0))
    yield Case("proof: empty", "strict JSON", None, ["/dev/null"])
    yield Case("--policy: empty", "strict JSON", None, ["--policy", "/dev/null", proof], 2)
    yield Case("--root: empty", "certificate", None, ["--root", "/dev/null", proof], 2)
    yield Case("closed standard output", "standard output", None, [proof], 2, close(1))
    yield Case("full standard output", "standard output", None, [proof], 2, lambda: redirect(1, "/dev/full"))
    yield Case("no argument", "expected either", None, [], 2)


def redirect(descriptor: int, path: str) -> None:
    os.dup2(os.open(path, os.O_WRONLY), descriptor)


def limited(case: Case) -> Callable[[], None]:
    def prepare() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        case.prepare()

    return prepare


def noise(case: Case, stderr: str) -> str:
    """What the tool itself would not have written to stderr."""
    own = rf"{case.tool}: .*|  (expected|found)  .*|Try '{case.tool} --help'\."
    strange = [line for line in stderr.splitlines() if case.exit != 2 or not re.fullmatch(own, line)]
    return strange[0] if strange else ""


def judge(case: Case, code: int, stdout: str, stderr: str) -> str:
    if code < 0:
        return f"killed by signal {-code}"
    if code != case.exit:
        return f"exit code {code}, expected {case.exit}: {(stderr or stdout)[:300]!r}"
    if not re.search(case.says, stdout + stderr):
        return f"no word of {case.says}: {(stderr or stdout)[:600]!r}"
    if noise(case, stderr):
        return f"on stderr: {noise(case, stderr)[:200]!r}"
    odd = re.search(r"[^\x20-\x7e\n]", stdout + stderr)
    return f"unprintable {odd[0]!r} in the output" if odd else ""


def run(case: Case, build: Path, folder: Path) -> tuple[bool, float]:
    """Is all well, and the CPU time."""
    path = folder / "input"
    if case.content is not None:
        with open(path, "wb") as file:
            file.writelines(case.content)
    words = [str(path) if word == "FILE" else word for word in case.arguments]
    own = ["--root", str(DEMO / "root.pem"), "--at", "1780272000"] if case.tool == "attest-verify" else []
    command = [str(build / case.tool), *own, "--color", "never", *words]
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder)}
    with open(folder / "out", "w+b") as out, open(folder / "err", "w+b") as err:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment, preexec_fn=limited(case)
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        problem = judge(case, child.returncode, out.read().decode(errors="replace"), err.read().decode(errors="replace"))
    seconds = usage.ru_utime + usage.ru_stime
    figures = f"{seconds:6.2f} s {usage.ru_maxrss // 1024:5d} MiB"
    print(f"{'FAIL' if problem else 'ok':<4} {figures}  {case.name}{': ' if problem else ''}{problem}", flush=True)
    return not problem, seconds


def main() -> int:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    build, only = Path(sys.argv[1]).resolve(), sys.argv[2] if len(sys.argv) > 2 else ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = [*proofs(), *policies(), *roots_and_parts(), *oddities(folder), *logs(Machine(folder))]
        results = [run(case, build, folder)[0] for case in cases if only in case.name]
        results += [is_linear(kind, build, folder) for kind in kinds() if only in kind.name]
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) and results else 1


if __name__ == "__main__":
    sys.exit(main())

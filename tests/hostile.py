#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Usage: tests/hostile.py BUILD

Inputs of hostile size and kind through the command line. Each must be answered with the exit code and a message that names the
limit or the fault, within 1 GiB of address space, and without a word from the libraries below. The CPU time and memory that are
printed are for people; nothing here depends on them but a guard of 20 s against a runaway.
"""

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "testdata" / "demo"
MIB = 1 << 20
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
    tcg = around(b'[{"format": "tcg", "data": "', fresh(b"A", 60 * MIB), b'"}]')
    yield Case("an unsupported log of 45 MiB", "cannot replay", demo_with("logs", tcg))
    yield Case("a nonce of 30 MiB", "at most 64 bytes", demo_with("nonce", around(b'"', fresh(b"a0", 60 * MIB), b'"')))
    yield Case("64 MiB of white space", "LIMIT_JSON_TEXT", fresh(b" ", 64 * MIB))
    yield Case("15 MiB of white space", "not strict JSON", fresh(b"\n", 15 * MIB))
    yield Case("64 MiB of NUL", "LIMIT_JSON_TEXT|strict", fresh(b"\0", 64 * MIB))
    yield Case("65 MiB", "larger than 64 MiB", fresh(b" ", 65 * MIB), exit=2)
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
    yield case("65 MiB", "larger than 64 MiB", repeated(b" ", 65 * MIB))
    yield case("10^6 pins", "LIMIT_JSON_VALUES", around(own + b'"pcrs": {', numbered('"%d": "zero"', 10**6), b"}}"))
    yield case("10^5 pins", "not a PCR index", around(own + b'"pcrs": {', numbered('"%d": "zero"', 10**5), b"}}"))
    many = around(own + b'"pcrs": {"0": [', numbered('"zero"', 10**5), b"]}}")
    yield case("10^5 values of one PCR", "LIMIT_PIN_VALUES", many)
    yield case("one pin of 30 MiB", "at most 64 bytes", around(own + b'"pcrs": {"0": "', repeated(b"a0", 60 * MIB), b'"}}'))
    yield case("a name of 15 MiB", "the policy is empty", around(own + b'"name": "', repeated(b"!", 15 * MIB), b'"}'))
    yield case("10^5 containers", "no measured event names", around(b"{", numbered('"image %d": "sha256:%d"', 10**5), b"}"), 1)
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
    yield Case("root: 65 MiB", "larger than 64 MiB", repeated(b"\n", 65 * MIB), as_root, 2)
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
        yield Case(f"{label}: endless", "larger than 64 MiB", None, [*kind, "/dev/zero", *rest], 2)
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
    own = r"attest-verify: .*|  (expected|found)  .*|Try 'attest-verify --help'\."
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


def run(case: Case, tool: Path, folder: Path) -> bool:
    path = folder / "input"
    if case.content is not None:
        with open(path, "wb") as file:
            file.writelines(case.content)
    words = [str(path) if word == "FILE" else word for word in case.arguments]
    command = [str(tool), "--root", str(DEMO / "root.pem"), "--at", "1780272000", "--color", "never", *words]
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
    figures = f"{usage.ru_utime + usage.ru_stime:6.2f} s {usage.ru_maxrss // 1024:5d} MiB"
    print(f"{'FAIL' if problem else 'ok':<4} {figures}  {case.name}{': ' if problem else ''}{problem}", flush=True)
    return not problem


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tool = Path(sys.argv[1]).resolve() / "attest-verify"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = [*proofs(), *policies(), *roots_and_parts(), *oddities(folder)]
        results = [run(case, tool, folder) for case in cases]
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())

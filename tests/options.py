"""attest-verify as a user types it: options, standard input, many proofs, error paths, exit codes.

Usage: options.py BUILD
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "testdata/demo"
AT = ["--at", "2026-06-01"]
TRUST = [*AT, "--root", str(DEMO / "root.pem")]
GOOD = [*TRUST, "--policy", str(DEMO / "policy.json")]
PROOF = str(DEMO / "proof.json")


class Runner:
    """Runs the tool. tests/python/test_command.py does the same with the package's command."""

    name = "attest-verify"

    def __init__(self, tool: list[str], scratch: Path) -> None:
        self.tool, self.scratch = tool, scratch
        self.passed = self.failed = 0

    def run(self, *args: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
        env = {"HOME": str(self.scratch), "PATH": "/usr/bin:/bin", **env}
        return subprocess.run([*self.tool, *args], input=stdin, capture_output=True, check=False, env=env, cwd=self.scratch, timeout=60)

    def expect(self, what: str, code: int, *args: str, out: str = "", err: str = "", stdin: bytes = b"", **env: str) -> bytes:
        """`out` and `err` are substrings that must stand there; without `err`, standard error must be empty."""
        done = self.run(*args, stdin=stdin, **env)
        stdout, stderr = done.stdout.decode(), done.stderr.decode()
        good = done.returncode == code and out in stdout and (err in stderr if err else not stderr)
        self.check(what, good, f"exit {done.returncode}, expected {code}\n{stdout}\n{stderr}")
        return done.stdout

    def check(self, what: str, good: bool, why: str = "") -> None:
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {what}: {why}")

    def file(self, name: str, content: str | bytes) -> str:
        path = self.scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)


def usage(r: Runner) -> None:
    r.expect("--help", 0, "--help", out=f"Usage: {r.name}")
    r.expect("-V", 0, "-V", out=f"{r.name} (libattest) ")
    r.expect("no proof", 2, err="proof files or loose files")
    r.expect("unknown option", 2, "--nonsense", err=f"Try '{r.name} --help'")
    r.expect("missing argument", 2, "--at", err="requires a")
    r.expect("proof and loose files", 2, *GOOD, "--quote", PROOF, "--signature", PROOF, "--pcrs", PROOF, PROOF, err="either proof files or loose")
    r.expect("loose files incomplete", 2, *GOOD, "--quote", PROOF, err="--signature and --pcrs")
    for option, value, err in (
        ("--at", "yesterday", "RFC 3339"),
        ("--at", "2026-13-01", "RFC 3339"),
        ("--at", "2026-02-30", "RFC 3339"),
        ("--at", "2026-01-01T00:00:00", "RFC 3339"),
        ("--at", "", "RFC 3339"),
        ("--nonce", "abc", "1 to 64 bytes of hex"),
        ("--nonce", "", "1 to 64 bytes of hex"),
        ("--nonce", "00" * 65, "1 to 64 bytes of hex"),
        ("--nonce", "zz", "1 to 64 bytes of hex"),
        ("--pin", "sha256//short", "44 characters"),
        ("--print", "everything", "pin or ca"),
        ("--jobs", "0", "1 to 1024"),
        ("--jobs", "many", "1 to 1024"),
        ("--color", "sometimes", "auto, always or never"),
        ("--policy", "/nonexistent", "No such file"),
        ("--root", "/nonexistent", "No such file"),
        ("--tls-cert", "/nonexistent", "No such file"),
        ("--certificates", "/nonexistent", "No such file"),
        ("--crl", "/nonexistent", "No such file"),
    ):
        r.expect(f"{option} {value[:20]!r}", 2, *TRUST, option, value, PROOF, err=err)
    r.expect("a root that is none", 2, "--root", str(DEMO / "policy.json"), PROOF, err="not a DER certificate")
    r.expect("a key purpose that is none", 2, "--root-purpose", "ak", "--root", str(DEMO / "root.pem"), PROOF, err="dotted OID")
    r.expect("a policy that is none", 2, *TRUST, "--policy", PROOF, PROOF, err="$.format")


def given(r: Runner) -> None:
    """Certificates and CRLs besides the proof; tests/cases has those that decide."""
    root = str(DEMO / "root.pem")
    r.expect("16 files of certificates", 0, *GOOD, *["--certificates", root] * 16, PROOF, out="VERIFIED")
    r.expect("and one more", 2, *GOOD, *["--certificates", root] * 17, PROOF, err="at most 16 files")
    r.expect("one more CRL than 16", 2, *GOOD, *["--crl", root] * 17, PROOF, err="at most 16 files")
    r.expect("certificates that are none", 1, *GOOD, "--certificates", PROOF, PROOF, out="certificates given, number 0")
    r.expect("a CRL that is none", 1, *GOOD, "--crl", root, PROOF, out="CRLs given, number 0")
    r.expect("a CRL from standard input", 1, *GOOD, "--crl", "-", PROOF, stdin=b"0", out="not a DER CRL")
    r.expect("required, and no certificate names one", 0, *GOOD, "--require-crls", PROOF, out="names no CRL")
    r.expect("no certificate given is a root", 1, *AT, "--certificates", root, PROOF, out="no trust anchor")


def times(r: Runner) -> None:
    for time, code in (
        ("2026-06-01T12:00:00Z", 0),
        ("2026-06-01t12:00:00z", 0),
        ("2026-06-01 12:00:00.25+02:00", 0),
        ("1780272000", 0),
        ("2033-12-31T23:59:59Z", 0),
        ("2034-01-01T00:30:00+01:00", 0),
        ("2033-12-31T23:59:59-01:00", 1),
        ("2040-01-01", 1),
        ("9999-12-31", 1),
        ("-1", 1),
    ):
        args = ["--at", time, "--root", str(DEMO / "root.pem"), "--policy", str(DEMO / "policy.json"), PROOF]
        r.expect(f"--at {time}", code, *args, out="VERIFIED" if code == 0 else "REFUSED")


def output(r: Runner) -> None:
    r.expect("a verified proof", 0, *GOOD, PROOF, out="Golden values that hold")
    r.expect("--quiet", 0, *GOOD, "--quiet", PROOF)
    r.check("--quiet prints nothing", r.run(*GOOD, "-q", PROOF).stdout == b"")
    r.expect("--verbose", 0, *GOOD, "--verbose", PROOF, out="TPM clock")
    r.expect("--color always", 0, *GOOD, "--color", "always", PROOF, out="\033[1;32mVERIFIED")
    r.check("no colours in a pipe", b"\033" not in r.run(*GOOD, PROOF).stdout)
    account = json.loads(r.expect("--json", 0, *GOOD, "--json", PROOF))
    pin = r.expect("--print pin", 0, *GOOD, "--print", "pin", PROOF, out="sha256//").decode().strip()
    r.check("the same pin in JSON", account["pin"] == pin and account["facts"]["tls_pin"] == pin)
    r.expect("--pin that fits", 0, *GOOD, "--pin", pin, PROOF, out="VERIFIED")
    r.expect("--pin that does not", 1, *GOOD, "--pin", "sha256//" + "A" * 43 + "=", PROOF, out="not the expected one")
    pins = ["--pin", pin, "--tls-cert", str(DEMO / "root.pem")]
    r.expect("two pins", 2, *GOOD, *pins, PROOF, err="one --pin or --tls-cert")
    r.expect("two pins, the other way", 2, *GOOD, *pins[2:], *pins[:2], PROOF, err="one --pin or --tls-cert")
    r.expect("two nonces", 2, *GOOD, "--nonce", "00", "--nonce", "01", PROOF, err="one nonce")
    r.check("no key of a refused proof", b"tls_pin" not in r.run(*AT, "--json", PROOF).stdout)
    key = r.file("key.pem", json.loads(Path(PROOF).read_text())["tls"]["public_key"])
    r.expect("--tls-cert with the key", 0, *GOOD, "--tls-cert", key, PROOF, out="VERIFIED")
    r.expect("--tls-cert with another", 1, *GOOD, "--tls-cert", str(DEMO / "root.pem"), PROOF, out="not the expected one")
    r.expect("--print pin of a refused proof", 1, *AT, "--print", "pin", PROOF, err="not verified")
    golden = [*TRUST, "--policy", str(DEMO / "blindllama-golden.json")]
    r.expect("--print pin where there is a CA", 2, *golden, "--print", "pin", str(DEMO / "blindllama.json"), err="--print ca")
    r.expect("--print ca", 0, *golden, "--print", "ca", str(DEMO / "blindllama.json"), out="BEGIN CERTIFICATE")
    r.expect("--print ca where there is a key", 2, *GOOD, "--print", "ca", PROOF, err="--print pin")


def inputs(r: Runner) -> None:
    data = Path(PROOF).read_bytes()
    r.expect("standard input", 0, *GOOD, "-", stdin=data, out="VERIFIED  -")
    r.expect("standard input twice", 2, *GOOD, "-", "-", stdin=data, err="only once")
    r.expect("standard input as policy and proof", 2, *TRUST, "--policy", "-", "-", stdin=(DEMO / "policy.json").read_bytes(), err="only once")
    r.expect("empty standard input", 1, *GOOD, "-", out="not strict JSON")
    r.expect("a missing proof", 2, *GOOD, "missing.json", err="missing.json: No such file")
    r.expect("a directory", 2, *GOOD, str(DEMO), err="Is a directory")
    r.expect("an odd name that is missing", 2, *GOOD, "no\033[2K\rVERIFIED", err="no\\x1b[2K\\x0dVERIFIED")
    odd = r.file("proof \033[31m\nodd.json", data)
    r.check("a name with control characters", b"\033" not in r.run(*GOOD, odd).stdout)
    raw = os.fsencode(r.scratch) + b"/\xff\xfe.json"
    Path(os.fsdecode(raw)).write_bytes(data)
    r.expect("a name that is no UTF-8", 0, *GOOD, "--json", os.fsdecode(raw), out="xff")
    if os.path.exists("/dev/full"):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([*r.tool, *GOOD, PROOF], stdout=full, stderr=subprocess.PIPE, check=False)
        r.check("a full disk", done.returncode == 2 and b"standard output" in done.stderr, done.stderr.decode())


def many(r: Runner) -> None:
    bad = r.file("bad.json", "{}")
    lines = r.expect("several proofs, the worst counts", 1, *GOOD, "--json", PROOF, bad, PROOF).decode().splitlines()
    r.check("one line each, in order", [json.loads(line)["proof"] for line in lines] == [PROOF, bad, PROOF])
    r.expect("several proofs, one missing", 2, *GOOD, "--quiet", PROOF, "missing.json", bad, err="missing.json")
    r.expect("inconclusive before verified", 3, *TRUST, PROOF, PROOF, out="INCONCLUSIVE")
    for jobs in ("1", "3", "64"):
        done = r.run(*GOOD, "--json", "--jobs", jobs, *[PROOF] * 40)
        r.check(f"40 proofs, --jobs {jobs}", done.returncode == 0 and done.stdout.count(b'"verdict":"verified"') == 40)


def policies(r: Runner) -> None:
    policy = (DEMO / "policy.json").read_text()
    r.expect("no policy", 3, *TRUST, PROOF, out="INCONCLUSIVE")
    r.expect("$ATTEST_POLICY", 0, *TRUST, PROOF, out="VERIFIED", ATTEST_POLICY=str(DEMO / "policy.json"))
    r.expect("$ATTEST_POLICY that is missing", 2, *TRUST, PROOF, err="No such file", ATTEST_POLICY="/nonexistent")
    home = r.scratch / "home"
    r.file("home/.config/attest/policy.json", policy)
    r.expect("~/.config/attest/policy.json", 0, *TRUST, PROOF, out="VERIFIED", HOME=str(home))
    r.file("xdg/attest/policy.json", policy)
    r.expect("$XDG_CONFIG_HOME", 0, *TRUST, PROOF, out="VERIFIED", XDG_CONFIG_HOME=str(r.scratch / "xdg"))
    r.file("home2/.config/attest/policy.json", "{}")
    r.expect("a broken default policy", 2, *TRUST, PROOF, err="no known kind of policy", HOME=str(r.scratch / "home2"))
    (r.scratch / "xdg2/attest").mkdir(parents=True)
    (r.scratch / "xdg2/attest/policy.json").symlink_to("/nonexistent")
    r.expect("a default policy that leads nowhere", 2, *TRUST, PROOF, err="No such file", XDG_CONFIG_HOME=str(r.scratch / "xdg2"))
    other = r.file("other.json", '{"format": "libattest-policy-v1", "pcrs": {"0": "zero"}}')
    r.expect("--policy comes before the default", 1, *TRUST, "--policy", other, PROOF, out="has not the pinned value", HOME=str(home))
    r.expect("two policies must both hold", 1, *GOOD, "--policy", other, PROOF, out="has not the pinned value")
    events = r.file("pin14.json", '{"format": "libattest-policy-v1", "pcrs": {"14": "zero"}}')
    r.expect("a mismatch shows the events", 1, *TRUST, "--policy", events, PROOF, out="The events of PCR 14, as they were measured:")


def logs(r: Runner) -> None:
    """--log and --reference: how often, of which kinds, and what happens to those that are none."""
    folder = ROOT / "tests/cases/boot-good-raw-log"
    case = json.loads((folder / "case.json").read_text())
    trust = ["--at", str(case["at"]), "--nonce", case["nonce"], "--root", str((folder / case["roots"][0]).resolve()), "--policy", str(folder / "policy.json")]
    parts = [w for o, n in (("quote", "q.msg"), ("signature", "q.sig"), ("pcrs", "q.pcrs"), ("ak-cert", "chain.pem")) for w in ("--" + o, str(folder / n))]
    log, empty = str(folder / "log.bin"), r.file("empty.bin", b"")
    good = [*trust, *parts, "--log", log]
    r.expect("--log", 0, *good, out="pinned, explained")
    r.expect("--log from standard input", 0, *trust, *parts, "--log", "-", stdin=(folder / "log.bin").read_bytes(), out="VERIFIED")
    r.expect("--log twice the same", 1, *good, "--log", log, out="a second separator")
    r.expect("--log nine times", 2, *trust, *parts, *["--log", log] * 9, err="at most 8 logs")
    r.expect("--log alone", 2, *trust, "--log", log, err="--quote, --signature and --pcrs")
    r.expect("--log with a proof", 2, *trust, "--log", log, PROOF, err="either proof files or loose")
    r.expect("--log that is missing", 2, *trust, *parts, "--log", "/nonexistent", err="No such file")
    r.expect("--log that is none", 1, *trust, *parts, "--log", str(folder / "q.msg"), out="an event log of no known format")
    r.expect("--log that is empty", 1, *trust, *parts, "--log", empty, out="the log is empty")
    as_json = r.file("log.json", json.dumps([{"format": "tcg", "data": base64.b64encode((folder / "log.bin").read_bytes()).decode()}]))
    r.expect("--log as in a proof", 0, *trust, *parts, "--log", as_json, out="pinned, explained")
    for what, reference in (("a raw log", log), ("a log as in a proof", as_json), ("a proof", str(ROOT / "tests/cases/boot-good/proof.json"))):
        r.expect(f"--reference that is {what}", 0, *good, "--reference", reference, out="VERIFIED")
    r.expect("--reference that is missing", 2, *good, "--reference", "/nonexistent", err="No such file")
    r.expect("--reference that is none", 2, *good, "--reference", str(folder / "q.msg"), err="neither a proof nor an event log")
    r.expect("--reference that is empty", 2, *good, "--reference", empty, err="neither a proof nor an event log")
    r.expect("--reference without a log", 2, *good, "--reference", str(ROOT / "tests/cases/good-one-pcr/proof.json"), err="holds no event log")
    r.expect("--reference too often", 2, *good, *["--reference", log] * 17, err="LIMIT_REFERENCES")
    other = json.loads((folder / "policy.json").read_text())
    other["pcrs"]["4"] = "zero"
    pins = ["--policy", r.file("other4.json", json.dumps(other))]
    r.expect("--reference where a pin differs", 1, *good, *pins, "--reference", log, out="the policy's value is not that of the reference")
    r.expect("a pin that differs, without a reference", 1, *good, *pins, out="compare them with those of a machine you know")


def roots(r: Runner) -> None:
    folder = r.scratch / "roots"
    for name in ("root.pem",):
        r.file(f"roots/{name}", (DEMO / name).read_bytes())
    r.expect("a directory of roots", 0, *AT, "--root", str(folder), "--policy", str(DEMO / "policy.json"), PROOF, out="VERIFIED")
    r.expect("--no-default-roots with a root", 0, "--no-default-roots", *GOOD, PROOF, out="VERIFIED")
    r.expect("no root", 1, *AT, "--policy", str(DEMO / "policy.json"), PROOF, out="--root")
    r.expect("a key purpose without a root", 2, *GOOD, "--root-purpose", "none", PROOF, err="a --root after it")
    r.expect("a root's key purpose", 1, "--root-purpose", "none", *GOOD, PROOF, out="extended key usage")


GROUPS = (usage, given, times, output, inputs, many, policies, logs, roots)


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        r = Runner([str(Path(sys.argv[1]).resolve() / "attest-verify")], Path(scratch))
        for group in GROUPS:
            group(r)
    print(f"options: {r.passed} passed, {r.failed} failed")
    return 1 if r.failed else 0


if __name__ == "__main__":
    sys.exit(main())

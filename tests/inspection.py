"""attest-inspect as a user types it: options, text, JSON, pages, comparisons, error paths, exit codes.

Usage: inspection.py BUILD   (not inspect.py: that would hide Python's own module from every test beside it)
"""

from __future__ import annotations

import hashlib
import json
import os
import pty
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from options import DEMO, PROOF, ROOT, Runner
from page import Page

Json = dict[str, Any]
HOSTILE = "</script><img src=x onerror=\"alert(1)\"><!-- ' onfocus=alert(2) --> &lt;b&gt; ]]> </title></style>"
OTHER = str(ROOT / "tests/cases/tls-other-key/proof.json")


class Inspector(Runner):
    def __init__(self, build: Path, scratch: Path) -> None:
        super().__init__([], scratch)
        self.tool = [str(build / "attest-inspect")]
        self.schemas = {name: Draft202012Validator(self.schema(name)) for name in ("inspection", "comparison")}

    @staticmethod
    def schema(name: str) -> Json:
        schema: Json = json.loads((ROOT / f"docs/{name}.schema.json").read_text())
        Draft202012Validator.check_schema(schema)
        return schema

    def text(self, *args: str) -> str:
        return self.run(*args).stdout.decode()

    def document(self, what: str, *args: str, code: int = 0) -> Json:
        """--json must be one line that satisfies its schema."""
        done = self.run("--json", *args)
        document: Json = json.loads(done.stdout) if done.stdout else {}
        name = str(document.get("format", "")).split("-")[1:2]
        errors = list(self.schemas[name[0]].iter_errors(document)) if name and name[0] in self.schemas else ["no document"]
        lines = done.stdout.count(b"\n")
        self.check(f"{what}: JSON", done.returncode == code and not errors and lines == 1, f"{done.returncode} {str(errors[:1])[:600]} {done.stderr!r}")
        return document

    def page(self, what: str, *args: str, code: int = 0) -> Page:
        done = self.run("--html", "-", *args)
        page = Page(done.stdout.decode())
        self.check(f"{what}: page", done.returncode == code and not page.errors, f"{done.returncode} {page.errors[:5]} {done.stderr!r}")
        self.check(f"{what}: the page says that nothing was verified", page.text.count("Not verified") >= 2)
        return page


def tcg_log(events: list[tuple[int, int, bytes]]) -> bytes:
    """PCR, type and data of each event, as a PC Client log with SHA-1 digests of the data (PFP, TCG_PCClientPCREvent)."""
    return b"".join(
        struct.pack("<II", pcr, kind) + hashlib.sha1(data).digest() + struct.pack("<I", len(data)) + data for pcr, kind, data in events
    )


IPL, SEPARATOR = 0x0D, 0x04
BOOT = [(0, SEPARATOR, bytes(4)), (8, IPL, b"kernel_cmdline: /vmlinuz root=/dev/sda1\0"), (9, IPL, b"/vmlinuz\0"), (4, SEPARATOR, bytes(4))]


def changed(event: int, text: str) -> bytes:
    """The demo proof with another text event in PCR 14, which then does not replay."""
    proof = json.loads(Path(PROOF).read_text())
    proof["logs"][0]["events"][event] = text
    return json.dumps(proof).encode()


def usage(r: Inspector) -> None:
    r.expect("--help", 0, "--help", out="Usage: attest-inspect")
    r.expect("-h", 0, "-h", out="attest-inspect [OPTION]... A B")
    r.expect("-V", 0, "-V", out="attest-inspect (libattest) ")
    r.expect("--version", 0, "--version", out="attest-inspect (libattest) ")
    r.expect("no file", 2, err="one file to show, or two to compare")
    r.expect("three files", 2, PROOF, PROOF, PROOF, err="one file to show, or two to compare")
    r.expect("unknown option", 2, "--nonsense", PROOF, err="Try 'attest-inspect --help'")
    r.expect("missing argument", 2, PROOF, "--pcr", err="requires an argument")
    r.expect("--html and --json", 2, "--html", "page.html", "--json", PROOF, err="either --html or --json")
    r.check("nothing was written", not (r.scratch / "page.html").exists())
    for value in ("32", "-1", "+1", " 1", "1 ", "4x", "", "99999999999999999999"):
        r.expect(f"--pcr {value!r}", 2, "--pcr", value, PROOF, err="expected 0 to 31")
    r.expect("--color", 2, "--color", "sometimes", PROOF, err="auto, always or never")
    r.expect("an option's odd value", 2, "--color", "no\033[2K", PROOF, err="no\\x1b[2K")


def inputs(r: Inspector) -> None:
    data = Path(PROOF).read_bytes()
    r.expect("standard input", 0, "-", stdin=data, out="NOT VERIFIED  standard input")
    r.expect("standard input twice", 2, "-", "-", stdin=data, err="only once")
    r.expect("standard input and a file", 0, PROOF, "-", stdin=data, out="EQUAL")
    r.expect("options after the file", 0, PROOF, "-e", out="Events of log 0")
    r.expect("a missing file", 2, "missing.json", err="missing.json: No such file")
    r.expect("a second that is missing", 2, PROOF, "missing.json", err="missing.json: No such file")
    r.expect("a directory", 2, str(DEMO), err="Is a directory")
    r.expect("an odd name that is missing", 2, "no\033[2K\rVERIFIED", err="no\\x1b[2K\\x0dVERIFIED")
    r.expect("nothing on standard input", 2, "-", err="-: ")
    for name, content in (("empty", b""), ("garbage", bytes(range(256)) * 8), ("text", b"VERIFIED\n"), ("brackets", b"{}"), ("deep", b"[" * 100000)):
        path = r.file(f"bad/{name}", content)
        r.expect(f"{name}", 2, path, err=f"{name}: ")
        r.expect(f"{name}, --html", 2, "--html", "-", path, err=f"{name}: ")
        r.expect(f"{name}, the second of two", 2, PROOF, path, err=f"{name}: ")
        r.expect(f"{name}, the first of two", 2, path, PROOF, err=f"{name}: ")
    if os.geteuid() != 0:
        secret = r.file("secret.json", data)
        os.chmod(secret, 0)
        r.expect("an unreadable file", 2, secret, err="Permission denied")
    odd = r.file("<b onclick=x>&'\"\033[31m\n.json", data)
    r.check("an odd name, text", b"\033" not in r.run(odd).stdout)
    r.check("an odd name, page", "<b onclick=x>&'\"\\x1b[31m\\x0a.json" in r.page("an odd name", odd).text)
    for args in ((PROOF,), ("--json", PROOF), ("--html", "-", PROOF), (PROOF, OTHER)):
        if os.path.exists("/dev/full"):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([*r.tool, *args], stdout=full, stderr=subprocess.PIPE, check=False)
            r.check(f"a full disk, {args[0]}", done.returncode == 2 and b"standard output" in done.stderr, done.stderr.decode())


def texts(r: Inspector) -> None:
    text = r.text(PROOF)
    lines = text.splitlines()
    r.check("NOT VERIFIED first and last", lines[0].startswith("NOT VERIFIED") and lines[-1].startswith("NOT VERIFIED"), text)
    r.check("no VERIFIED without NOT", text.count("VERIFIED") == text.count("NOT VERIFIED"))
    for words in ("libattest-proof-v1", "extraData", "Certificates", "(CA)", "PCRs, bank sha256", "explained", "unexplained", "text-events, 3 events", "sha256//", hashlib.sha256(Path(PROOF).read_bytes()).hexdigest()):
        r.check(f"the text holds {words!r}", words in text, text)
    r.check("no events unless asked for", "Events of log" not in text and "{" not in text)
    r.expect("--events", 0, "--events", PROOF, out="llm-server:1.4")
    first = json.loads(Path(PROOF).read_text())["logs"][0]["events"][0]
    r.expect("--verbose shows digests", 0, "--verbose", PROOF, out=hashlib.sha256(first.encode()).hexdigest())
    r.expect("--verbose shows fields", 0, "-v", PROOF, out="server.json\n")
    one = r.text("--pcr", "14", PROOF)
    r.check("--pcr", "PCR 14" in one and "PCR 15" not in one and "Certificates" not in one and "NOT VERIFIED" in one, one)
    r.expect("--pcr of one that is not there", 0, "-p", "20", PROOF, out="There is no PCR 20 here.")
    bad = r.file("contradicted.json", changed(1, "something else"))
    contradicted = r.expect("a contradicted PCR", 0, bad, out="CONTRADICTED  the events do not give the quoted value of PCR 14 (sha256)").decode()
    r.check("it stands at the top, in the table and at the end", contradicted.count("CONTRADICTED") == 3, contradicted)
    listed = [line for line in r.text("-e", bad).splitlines() if "  PCR 1" in line]
    r.check("its events are not to be believed", ["contradicted" in line for line in listed] == ["PCR 14" in line for line in listed] and len(listed) == 6, str(listed))
    r.check("with what the events give", "events give" in contradicted)
    r.check("it is red", b"\033[1;31mCONTRADICTED" in r.run("--color", "always", bad).stdout)
    r.check("--color never", b"\033" not in r.run("--color", "never", bad).stdout)
    r.check("no colours in a pipe", b"\033" not in r.run(bad).stdout)
    for env, wanted in (({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False)):
        r.check(f"colours on a terminal, {env}", (b"\033[1;31m" in on_terminal(r, bad, **env)) == wanted)
    quote = json.loads(Path(PROOF).read_text())
    quote["quote"]["pcrs"]["sha256"]["0"] = "11" * 32
    r.expect("values that do not hash to the quote", 0, r.file("digest.json", json.dumps(quote)), out="do not hash to the digest in the quote")


def on_terminal(r: Inspector, *args: str, **env: str) -> bytes:
    primary, secondary = pty.openpty()
    with subprocess.Popen([*r.tool, *args], stdout=secondary, env={"PATH": "/usr/bin:/bin", **env}) as process:
        os.close(secondary)
        output = b""
        try:
            while chunk := os.read(primary, 65536):
                output += chunk
        except OSError:  # Linux: the other side is closed
            pass
        process.wait()
    os.close(primary)
    return output


def documents(r: Inspector) -> None:
    demo = r.document("the demo", PROOF)
    r.check("kind", demo["kind"] == "proof" and demo["source"] == "libattest-proof-v1")
    r.check("all events", [event["pcr"] for event in demo["events"]] == [14] * 3 + [15] * 3 and demo["events_omitted"] == 0)
    r.check("explained", [p["state"] for p in demo["pcrs"] if p["index"] in (14, 15)] == ["explained"] * 2)
    one = r.document("one PCR", "-p", "15", PROOF)
    r.check("--pcr in JSON", {p["index"] for p in one["pcrs"]} == {15} == {e["pcr"] for e in one["events"]})
    r.check("contradicted", [p["state"] for p in r.document("contradicted", r.file("c.json", changed(0, "x")))["pcrs"] if p["index"] == 14] == ["contradicted"])
    log = r.document("a log", r.file("boot.bin", tcg_log(BOOT)))
    r.check("a log's PCRs", log["kind"] == "log" and {p["state"] for p in log["pcrs"]} == {"replayed"} and len(log["events"]) == 4)
    r.check("a log's value", log["pcrs"][0]["replayed"] == hashlib.sha1(bytes(20) + hashlib.sha1(bytes(4)).digest()).hexdigest())
    cut = r.document("a log that breaks off", r.file("cut.bin", tcg_log(BOOT)[:-3]))
    r.check("where it breaks off", "error" in cut["logs"][0] and len(cut["events"]) == 3, str(cut["logs"]))
    r.expect("a log that breaks off, text", 0, r.file("cut.bin", tcg_log(BOOT)[:-3]), out="BROKEN LOG")


def pages(r: Inspector) -> None:
    page = r.page("the demo", PROOF)
    version = r.text("-V").split()[-1]
    for words in ("proof.json", hashlib.sha256(Path(PROOF).read_bytes()).hexdigest(), version, time.strftime("%Y-%m-%dT", time.gmtime()), "llm-server:1.4", "explained"):
        r.check(f"the page holds {words!r}", words in page.text, "")
    r.check("all events unfold", page.count["details"] == 6 and page.count["summary"] == 6)
    target = r.scratch / "page.html"
    r.expect("--html FILE", 0, "--html", str(target), PROOF)
    r.check("the page was written", not Page(target.read_text()).errors)
    copy = r.file("copy.json", Path(PROOF).read_bytes())
    for path in (copy, f"{r.scratch}/./copy.json"):
        r.expect("no page over its own evidence", 2, "--html", path, copy, err="another file than the one to show")
    r.expect("no page over the second", 2, "--html", copy, PROOF, copy, err="another file than the one to show")
    r.check("the evidence is whole", Path(copy).read_bytes() == Path(PROOF).read_bytes())
    r.expect("--html into nowhere", 2, "--html", "/nonexistent/page.html", PROOF, err="page.html: No such file")
    r.expect("--html on a directory", 2, "--html", str(r.scratch), PROOF, err="Is a directory")
    contradicted = r.page("contradicted", r.file("c.json", changed(1, "something else")))
    r.check("the page is loud", "Contradicted. The events do not give the quoted value of PCR 14 (sha256)" in contradicted.text and "not equal" not in contradicted.text)
    r.check("a PCR's page", "only PCR 14" in r.page("--pcr", "-p", "14", PROOF).text)
    r.page("a log", r.file("boot.bin", tcg_log(BOOT)))
    r.page("a log that breaks off", r.file("cut.bin", tcg_log(BOOT)[:-3]))


def hostile(r: Inspector) -> None:
    """Nothing that evidence holds becomes markup."""
    fields = json.dumps({"type": HOSTILE[:60], "name": HOSTILE, HOSTILE: HOSTILE})
    proof = r.file("hostile.json", changed(0, fields))
    log = r.file("hostile.bin", tcg_log([(8, IPL, b"kernel_cmdline: " + HOSTILE.encode() + b"\0"), (9, IPL, HOSTILE.encode()), (14, IPL, HOSTILE.encode("utf-16-le"))]))
    for what, path in (("proof", proof), ("log", log)):
        page = r.page(f"hostile {what}", path)
        r.check(f"hostile {what}: as text", '<img src=x onerror="alert(1)">' in page.text and "img" not in page.count)
        r.check(f"hostile {what}: text", "\033" not in r.text("-v", "--color", "never", path))
        other = PROOF if what == "proof" else r.file("boot.bin", tcg_log(BOOT))
        r.page(f"hostile {what}, compared", other, path, code=1)
    control = r.file("control.bin", tcg_log([(8, IPL, b"\033]0;x\007\033[2J\x9b31m\0")]))
    r.check("control characters", not set(r.run("-v", control).stdout) - {10, *range(0x20, 0x7F)})


def comparisons(r: Inspector) -> None:
    r.expect("equal", 0, PROOF, PROOF, out="EQUAL  0 of ")
    text = r.expect("different", 1, PROOF, OTHER, out="DIFFERENT  1 of ").decode()
    r.check("what differs", "PCR 15" in text and "DIFFERS" in text and "changed" in text and "Equal PCRs: 0," in text, text)
    r.check("equal is not genuine", "NOT VERIFIED" in r.text(PROOF, PROOF).splitlines()[-1])
    same = r.document("equal", PROOF, PROOF)
    r.check("equal in JSON", same["equal"] and all(pcr["equal"] for pcr in same["pcrs"]))
    different = r.document("different", PROOF, OTHER, code=1)
    r.check("different in JSON", [p["index"] for p in different["pcrs"] if not p["equal"]] == [15])
    r.check("The two differ", "The two differ" in r.page("different", PROOF, OTHER, code=1).text)
    r.check("The two are equal", "The two are equal" in r.page("equal", PROOF, PROOF).text)
    a = r.file("a.bin", tcg_log(BOOT))
    for what, events, words in (
        ("only in B", [*BOOT, (9, IPL, b"/initrd\0")], "only in B"),
        ("only in A", BOOT[:2] + BOOT[3:], "only in A"),
        ("changed", [*BOOT[:1], (8, IPL, b"kernel_cmdline: /vmlinuz single\0"), *BOOT[2:]], "changed"),
    ):
        r.expect(f"{what}: text", 1, a, r.file("b.bin", tcg_log(events)), out=words)
        r.document(f"{what}", a, r.file("b.bin", tcg_log(events)), code=1)
        r.page(f"{what}", a, r.file("b.bin", tcg_log(events)), code=1)
    r.expect("--pcr that is equal", 0, "-p", "0", a, r.file("b.bin", tcg_log(BOOT[:2] + BOOT[3:])), out="PCR 0, ")
    r.document("a proof and a log", PROOF, a, code=1)
    many = [r.file(f"{name}.bin", tcg_log([(9, IPL, f"{name}{i}".encode()) for i in range(1000)])) for name in "ab"]
    r.expect("many differences", 1, *many, out="more (--events)")
    r.check("many differences, page", "more differences of this PCR are not listed here" in r.page("many", *many, code=1).text)


def large(r: Inspector) -> None:
    path = r.file("large.bin", tcg_log([(10, IPL, b"/usr/bin/program-%06d" % i) for i in range(100000)]))
    begin = time.monotonic()
    page = r.run("--html", "-", path)
    took = time.monotonic() - begin
    r.check("10^5 events: page", page.returncode == 0 and b"97000 more events are not listed here" in page.stdout and not Page(page.stdout.decode()).errors)
    r.check("10^5 events: the page stays small", len(page.stdout) < 8 << 20, f"{len(page.stdout)} bytes")
    r.check("10^5 events: soon", took < 60, f"{took:.1f} s")
    r.expect("10^5 events: text", 0, path, out="and 99000 more (--events)")
    r.check("10^5 events: --events", r.run("--events", path).stdout.count(b"program-") >= 100000)


def cases(r: Inspector) -> None:
    """Every proof of the test cases is shown in all ways, or is no proof to any of them."""
    for path in sorted(ROOT.glob("tests/cases/*/proof.json")):
        name, json_run, text = path.parent.name, r.run("--json", str(path)), r.run("-v", str(path))
        codes = {json_run.returncode, text.returncode}
        if codes == {2}:
            r.check(f"{name}: says why", text.stderr.startswith(b"attest-inspect: ") and text.stdout == b"")
            continue
        errors = list(r.schemas["inspection"].iter_errors(json.loads(json_run.stdout)))
        r.check(f"{name}: shown", codes == {0} and not errors and text.stdout.startswith(b"NOT VERIFIED"), f"{codes} {str(errors[:1])[:400]}")
        page = r.run("--html", "-", str(path))
        r.check(f"{name}: page", page.returncode == 0 and not (e := Page(page.stdout.decode()).errors), str(e[:3]))


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        r = Inspector(Path(sys.argv[1]).resolve(), Path(scratch))
        for group in (usage, inputs, texts, documents, pages, hostile, comparisons, large, cases):
            group(r)
    print(f"attest-inspect: {r.passed} passed, {r.failed} failed")
    return 1 if r.failed else 0


if __name__ == "__main__":
    sys.exit(main())

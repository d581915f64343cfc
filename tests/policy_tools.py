"""attest-policy show, lint, diff, merge and convert as a user types them: over the policies of tests/cases and own ones.

Usage: policy_tools.py BUILD
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cases
from options import AT, DEMO, PROOF, ROOT, TRUST, Runner

Json = dict[str, Any]
Change = Callable[[Json], None]
CASES = ROOT / "tests/cases"
ONES, TWOS, THREES = "11" * 32, "22" * 32, "33" * 32
LINT = ["lint", "--at", "2026-01-01"]
#: A policy of which lint says nothing.
CLEAN: Json = {
    "format": "libattest-policy-v1",
    "name": "clean",
    "platforms": ["added"],
    "tls": "required",
    "nonce": "required",
    "sets": {"kernels": {"6.1.0-56": ONES, "6.1.0-57": TWOS}},
    "pcrs": {"0": {"firmware of March": ONES}, "1": {"ignore": "it differs between machines"}, "2": ONES, "7": [TWOS, ONES], "14": THREES},
    "events": {
        "4": {"rules": [{"text": "Calling EFI Application from Boot Option"}, {"separator": True}, {"name": "kernel", "set": "kernels"}]},
        "12": {"rules": [{"name": "line", "cmdline": {"is": "root=/dev/vda ro"}}]},
    },
}
RELEASES: Json = {
    **{k: v for k, v in CLEAN.items() if k not in ("sets", "events")},
    "releases": [
        {"name": "May", "until": "2026-06-30T00:00:00Z", "pcrs": {"4": ONES, "12": TWOS}},
        {"name": "June", "pcrs": {"4": TWOS, "12": TWOS}},
    ],
}


class Tools(Runner):
    name = "attest-policy"

    def __init__(self, build: Path, scratch: Path) -> None:
        super().__init__([str(build / "attest-policy")], scratch)
        self.verifier = build / "attest-verify"
        self.count = 0

    def policy(self, document: Json, name: str = "") -> str:
        self.count += 1
        return self.file(name or f"policy-{self.count}.json", json.dumps(document))

    def lint(self, document: Json) -> list[Json]:
        found: list[Json] = json.loads(self.run(*LINT, "--json", self.policy(document)).stdout or "[{\"id\": \"no JSON\"}]")
        return found

    def diff(self, a: Json, b: Json) -> Json:
        done = self.run("diff", "--json", self.policy(a), self.policy(b))
        told: Json = json.loads(done.stdout or "{}")
        if done.returncode not in (0, 1) or (done.returncode == 0) != told.get("equal"):
            self.check("diff's exit code", False, f"{done.returncode} {told} {done.stderr!r}")
        return told

    def made(self, what: str, *args: str) -> Json:
        done = self.run(*args)
        self.check(what, done.returncode == 0 and not done.stderr and done.stdout.endswith(b"}\n"), f"{done.returncode} {done.stderr!r}")
        document: Json = json.loads(done.stdout or "{}")
        return document


def changed(document: Json, change: Change) -> Json:
    other = copy.deepcopy(document)
    change(other)
    return other


def put(path: str, value: Any) -> Change:
    """Set (or without a value, for None, delete) the member at a path like events/4/rules/0/count."""

    def change(document: Any) -> None:
        *way, last = path.split("/")
        for step in way:
            document = document[int(step)] if isinstance(document, list) else document.setdefault(step, {})
        if isinstance(document, list):
            document[int(last)] = value
        elif value is None:
            del document[last]
        else:
            document[last] = value

    return change


def usage(r: Tools) -> None:
    good = r.policy(CLEAN)
    for verb, files in (("show", 1), ("lint", 1), ("diff", 2), ("merge", 2), ("convert", 1)):
        args = [verb, *(["--until", "2026-12-31"] if verb == "merge" else [])]
        r.expect(f"{verb} --help", 0, verb, "--help", out=f"Usage: attest-policy {verb}")
        r.expect(f"{verb} without a file", 2, *args, err="expected")
        r.expect(f"{verb} with too many", 2, *args, *[good] * (files + 1), err="expected")
        r.expect(f"{verb} --nonsense", 2, *args, "--nonsense", good, err="unrecognized option")
        r.expect(f"{verb} of nothing", 2, *args, *["/nonexistent"] * files, err="/nonexistent: No such file")
        r.expect(f"{verb} of a proof", 2, *args, *[PROOF] * files, err="not one of the values allowed here")
        r.expect(f"{verb} of no JSON", 2, *args, *[r.file("no.json", "{")] * files, err="not strict JSON")
        r.expect(f"{verb} of a mistyped policy", 2, *args, *[r.policy({**CLEAN, "pcr": {}})] * files, err="unknown member")
        r.expect(f"{verb} of an empty policy", 2, *args, *[r.policy({"format": "libattest-policy-v1"})] * files, err="the policy is empty")
    for verb in ("show", "lint", "diff"):
        files = 2 if verb == "diff" else 1
        r.expect(f"{verb} --color", 2, verb, "--color", "sometimes", *[good] * files, err="auto, always or never")
        plain = r.run(verb, *[r.policy(RELEASES)] * files).stdout
        r.check(f"{verb} has no colours in a pipe", plain != b"" and b"\033" not in plain)
    r.check("show --color", b"\033[1m" in r.run("show", "--color", "always", good).stdout)
    r.check("lint --color", b"\033[1;33mwarning" in r.run(*LINT, "--color", "always", r.policy({**CLEAN, "tls": "optional"})).stdout)
    r.expect("lint --at", 2, "lint", "--at", "soon", good, err="RFC 3339")
    r.expect("merge without a time", 2, "merge", good, good, err="--until")
    r.expect("merge until some day", 2, "merge", "--until", "soon", good, good, err="RFC 3339")
    r.expect("standard input", 0, "show", "-", out='Policy "clean"', stdin=json.dumps(CLEAN).encode())
    r.expect("standard input of two", 0, "diff", "-", good, out="the two mean the same", stdin=json.dumps(CLEAN).encode())
    r.expect("standard input twice", 2, "diff", "-", "-", err="only once", stdin=json.dumps(CLEAN).encode())
    r.expect("which of two is wrong", 2, "diff", good, r.file("no.json", "{"), err="the second policy: ")
    r.expect("which of two is wrong", 2, "merge", "--until", "0", r.file("no.json", "{"), good, err="the old policy: ")


def policies_of_cases() -> list[Path]:
    """All files that stand beside a case as its policies."""
    found = []
    for folder in sorted(CASES.iterdir()):
        case = json.loads((folder / "case.json").read_text()) if (folder / "case.json").is_file() else {}
        found += [folder / name for name in case.get("policies", [])]
    return found


def every_policy(r: Tools) -> None:
    """One of each content is enough."""
    seen: dict[str, Path] = {}
    for path in policies_of_cases():
        seen.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), path)
    shown = linted = equal = converted = refused = 0
    wrong: list[str] = []
    for path in seen.values():
        name = str(path)
        done = r.run("show", name)
        if done.returncode == 2:
            refused += 1
            codes = [r.run(*args).returncode for args in ([*LINT, name], ["diff", name, name], ["convert", name], ["merge", "--until", "0", name, name])]
            wrong += [] if codes == [2] * 4 and not done.stdout else [f"{name}: show refuses it, others {codes}"]
            continue
        text = done.stdout.decode("ascii")
        shown += done.returncode == 0 and well_set(text) and text.startswith('Policy "')
        findings = r.run(*LINT, "--json", name)
        linted += findings.returncode in (0, 1) and all(set(f) == {"id", "severity", "where", "message", "hint"} for f in json.loads(findings.stdout))
        pages = r.run("convert", name).stdout
        again = r.file("again.json", pages)
        converted += r.run("convert", again).stdout == pages
        equal += r.run("diff", name, again).stdout == b"the two mean the same\n"
    n = len(seen) - refused
    r.check("every policy of the cases", not wrong and n > 40 and shown == linted == equal == converted == n, f"{n} {shown} {linted} {equal} {converted} {wrong}")


def well_set(text: str) -> bool:
    """Printable lines that are no longer than a terminal's, but for words that cannot be broken."""
    lines = text.split("\n")
    return all(0x20 <= ord(c) < 0x7F for line in lines for c in line) and all(len(line) <= 100 or max(map(len, line.split())) > 40 for line in lines)


def conversions(r: Tools) -> None:
    """What BlindLlama and AICert shipped: the same account with the converted file, but for where the policy's members stand."""
    done = 0
    for path in policies_of_cases():
        document = json.loads(path.read_text()) if path.read_bytes().startswith(b"{") else {}
        case = json.loads((path.parent / "case.json").read_text())
        if "format" in document or case["expect"]["exit"] == 2:
            continue
        r.made(f"convert {path.parent.name}", "convert", str(path))
        folder = r.scratch / path.parent.name
        folder.mkdir(exist_ok=True)
        other = folder / path.name  # of the same name: messages call the policy so
        other.write_bytes(r.run("convert", str(path)).stdout)
        converted = json.loads(other.read_text())
        r.check("it says what it was", converted["format"] == "libattest-policy-v1" and converted["origin"]["file"] == path.name and "comment" in converted)
        before = cases.run(r.verifier, ["--json", *cases.arguments(case)], path.parent)
        args = [str(other) if arg == path.name else arg for arg in cases.arguments(case)]
        after = cases.run(r.verifier, ["--json", *args], path.parent)
        want, got = (json.loads(text.stdout.replace(str(other), path.name)) for text in (before, after))
        r.check(f"{path.parent.name}: the same verdict", before.returncode == after.returncode and want == got, f"{want}\n{got}")
        done += 1
    r.check("conversions", done >= 15, str(done))
    own = str(DEMO / "policy.json")
    r.check("a policy is converted to itself", r.made("convert", "convert", own) == json.loads(Path(own).read_text()))
    ordered = r.run("convert", r.policy({"nonce": "required", "tls": "required", "format": "libattest-policy-v1", "pcrs": {"9": ONES, "4": TWOS}})).stdout
    r.check("the order of members is kept", list(json.loads(ordered)) == ["nonce", "tls", "format", "pcrs"] and ordered.index(b'"9"') < ordered.index(b'"4"'))
    r.check("all values of golden measurements", r.made("convert", "convert", r.policy({"measurements": {"4": [ONES, "zero"], "5": "ignore"}}))["pcrs"] == {"4": [ONES, "zero"], "5": "ignore"})


def showing(r: Tools) -> None:
    text = r.run("show", r.policy(CLEAN)).stdout.decode()
    for what in (
        'Policy "clean"',
        "  Boots only    boot loader and kernel images: the events of 3 rules (PCR 4)",
        '  Command line  a kernel command line that is exactly "root=/dev/vda ro" (PCR 12)',
        "  Secure Boot   on or off, as PCR 7 was on the known machine",
        "  Machines      under a root that the verifier's operator added",
        "  Connection    a fresh proof, with the nonce that was asked for; it must be bound to the TLS key",
        "  Ignores       PCR 1 (it differs between machines)",
        f'  PCR 0 (firmware code): exactly this value\n      {ONES} "firmware of March"\n',
        "  PCR 1 (firmware configuration): ignored, because: it differs between machines\n",
        "  PCR 4 (boot loader and kernel images): exactly these events, in this order, and no other\n",
        '    0. exactly one event: the text "Calling EFI Application from Boot Option"\n',
        "    1. exactly one event: the separator (four zero bytes)\n",
        '    2. "kernel": exactly one event: a digest of the set "kernels"\n',
        f"  PCR 7 (Secure Boot state and keys): one of these 2 values\n      {TWOS}\n      {ONES}\n",
        f'  Set "kernels": 2 digests\n      {ONES} "6.1.0-56"\n',
        "Nothing is said of these: they may have any value\n  PCR 3 (option ROM configuration)\n",
    ):
        r.check(f"show says {what[:40]!r}", what in text, text)
    r.check("show is well set", well_set(text), text)
    rules: Json = {
        "7": {
            "order": "any",
            "comment": "of any order",
            "rules": [
                {"secure_boot": "enabled"},
                {"variable": {"name": "PK", "sha256": ONES}},
                {"variable": {"name": "Own", "vendor": "8be4df61-93ca-11d2-aa0d-00e098032b8c"}},
                {"authority": {"certificate": [ONES, TWOS]}, "count": "some"},
                {"authority": {"certificate": ONES, "variable": ["db", "Shim"]}, "count": "any"},
                {"anything": "for now", "count": "any"},
            ],
        },
        "11": {"rules": [{"section": ".linux", "digest": {"the kernel": ONES}}, {"text": ["enter-initrd", "sysinit"], "count": "optional"}]},
        "12": {"rules": [{"cmdline": {"prefix": "root=", "words": ["ro", "quiet"], "not_words": ["init=", "rdinit="]}}]},
        "13": {"rules": []},
        "14": {"rules": [{"json": {"event_type": "weights", "content": {"sha256": [ONES]}}}]},
    }
    text = re.sub(r"\n +", " ", r.run("show", r.policy({**CLEAN, "pcrs": {"5": "ignore", "8": "zero"}, "events": rules, "sets": {}})).stdout.decode())
    for what in (
        "Secure Boot   on (PCR 7)",
        "PCR 7 (Secure Boot state and keys): exactly these events, in any order, and no other of any order",
        "0. exactly one event: Secure Boot is on",
        f'the firmware variable "PK", whose contents have the SHA-256 {ONES}',
        'the firmware variable "Own" of the vendor 8be4df61-93ca-11d2-aa0d-00e098032b8c, whatever it holds',
        f"3. one or more events: what vouched for an image that was started: the certificate with the SHA-256 {ONES} or {TWOS}",
        f'4. any number of events: what vouched for an image that was started: the certificate with the SHA-256 {ONES}, of "db" or "Shim"',
        "5. any number of events: ANYTHING AT ALL: for now",
        f'the section ".linux" of the unified kernel image (two events, its name and its contents), with the digest {ONES} ("the kernel")',
        '1. at most one event: the text "enter-initrd" or "sysinit"',
        'a kernel command line that begins with "root=", has the words "ro" and "quiet", without the words "init=" or "rdinit="; other words may stand there too',
        "PCR 13 (system extensions): no event at all, and its initial value",
        '"event_type":"weights"',
        "PCR 5 (boot loader configuration, partition table): ignored, no reason given",
        "PCR 8 (boot loader commands, outputs of a job): exactly this value all zeros: nothing was measured there",
    ):
        r.check(f"show says {what[:40]!r}", what in text, text)
    text = r.run("show", r.policy(RELEASES)).stdout.decode()
    for what in (
        "And one of these 2 releases whole, never a mixture",
        'Release "May", until 2026-06-30T00:00:00Z\n',
        'Release "June"\n',
        "Boots only    boot loader and kernel images: the one known value (PCR 4)",
    ):
        r.check(f"show says {what[:40]!r}", what in text, text)
    bare = r.run("show", r.policy({"format": "libattest-policy-v1", "nonce": "required"})).stdout.decode()
    for what in ("NOTHING IS SAID of boot loader", "NOTHING IS SAID of it (PCR 8", "NOTHING IS SAID of it (PCR 7)", "any root that the verifier trusts", "need not be bound"):
        r.check(f"a bare policy: {what}", what in bare, bare)
    files = {"/bin/sh": f"sha256:{ONES}", "/bin/ls": [f"sha256:{ONES}", f"sha256:{TWOS}"]}
    text = r.run("show", r.policy({**CLEAN, "ima": {"files": files, "exclude": ["/tmp/*"], "keyrings": {".ima": f"sha256:{ONES}"}}})).stdout.decode()
    r.check("IMA", "only files of a list of 2 (3 digests)" in text and '"/tmp/*"' in text, text)
    origin = r.run("show", r.policy({**CLEAN, "origin": {"tool": "derive", "proofs": ["a", 1]}})).stdout.decode()
    r.check("origin", "  tool: derive\n" in origin and '  proofs: ["a",1]\n' in origin, origin)


def hostile(r: Tools) -> None:
    evil = '\x1b[31m"</b>\n\x7f\u202e\\ ' + "x" * 500
    document: Json = {
        **CLEAN,
        "name": evil,
        "comment": evil * 50,
        "origin": {evil: evil},
        "sets": {"s": {evil: ONES}},
        "pcrs": {"0": {evil: ONES}, "1": {"ignore": evil}},
        "containers": {evil: evil},
        "events": {"4": {"comment": evil, "rules": [{"name": evil, "set": "s", "comment": evil}, {"text": evil}, {"anything": evil}]}},
        "ima": {"files": {f"/{evil}": f"sha256:{ONES}"}, "exclude": [f"/{evil}"]},
    }
    path, other = r.policy(document), r.policy({**CLEAN, "events": {"4": {"rules": [{"name": evil, "text": "x"}]}}})
    for args in (["show", path], [*LINT, path], ["diff", path, other], ["diff", other, path], ["merge", "--until", "0", path, other], ["convert", path]):
        done = r.run(*args)
        r.check(f"{args[0]} of evil names is printable", done.returncode in (0, 1) and done.stdout.isascii() and not re.search(rb"[^\n -~]", done.stdout), f"{done.returncode} {done.stderr!r}")
    huge = {**CLEAN, "pcrs": {str(pcr): [hashlib.sha256(b"%d %d" % (pcr, i)).hexdigest() for i in range(4096)] for pcr in range(32)}, "events": {}, "resettable_pcrs": "accept"}
    turned = {**huge, "pcrs": {pcr: values[1:] for pcr, values in huge["pcrs"].items()}}
    path, other = r.policy(huge), r.policy(turned)
    text = r.run("show", path).stdout.decode()
    r.check("a huge policy is summed up", "and 4088 others" in text and len(text) < 100_000)
    r.check("and questioned", len(json.loads(r.run(*LINT, "--json", path).stdout)) >= 32)
    told = json.loads(r.run("diff", "--json", path, other).stdout)
    r.check("and compared", [d["effect"] for d in told["differences"]] == ["less"] * 32)
    done = r.run("merge", "--until", "0", path, other)
    merged = json.loads(done.stdout or "{}")
    r.check("and merged, or told to be too much", len(merged.get("releases", [])) == 2 or (done.returncode == 2 and b"too many JSON values" in done.stderr))
    rules = [{"name": f"r{i}", "digest": hashlib.sha256(b"%d" % i).hexdigest()} for i in range(1000)]
    many = {**CLEAN, "events": {pcr: {"order": "any", "rules": rules} for pcr in ("4", "9")}}
    other_many = {**CLEAN, "events": {pcr: {"order": "any", "rules": [{**rule, "digest": ONES} for rule in rules]} for pcr in ("4", "9")}}
    told = r.diff(many, other_many)
    r.check("a long list of differences ends", len(told["differences"]) == 1000 and told["not_listed"] == 1000, str(told.get("not_listed")))
    r.check("many rules", json.loads(r.run("diff", "--json", r.policy(many), r.policy(many)).stdout)["equal"] and r.run("show", r.policy(many)).stdout.count(b"exactly one event") == 2000)


CMDLINE = "events/12/rules/0/cmdline"
ZEROS = "00" * 32
SEPARATOR_ONLY = hashlib.sha256(bytes(32) + hashlib.sha256(bytes(4)).digest()).hexdigest()
PCR4_OF_TEXT = hashlib.sha256(bytes(32) + hashlib.sha256(b"a").digest()).hexdigest()
#: The one change of CLEAN (or RELEASES) that only this id answers to.
LINTED: list[tuple[str, str, Json, list[Change]]] = [
    ("anything-any", "note", CLEAN, [put("events/7", {"rules": [{"secure_boot": "enabled"}, {"anything": "x", "count": "any"}]}), put("pcrs/7", None)]),
    ("anything-in-order", "warning", CLEAN, [put("events/4/rules/0", {"anything": "x"})]),
    ("cmdline-contradiction", "error", CLEAN, [put(CMDLINE, {"is": "a b", "words": ["c"]})]),
    ("cmdline-contradiction", "error", CLEAN, [put(CMDLINE, {"is": "a b", "prefix": "b"})]),
    ("cmdline-contradiction", "error", CLEAN, [put(CMDLINE, {"is": "a init=/x", "not_words": ["init="]})]),
    ("cmdline-contradiction", "error", CLEAN, [put(CMDLINE, {"words": ["a=1"], "not_words": ["a="]})]),
    ("cmdline-contradiction", "error", CLEAN, [put(CMDLINE, {"prefix": "a=1 b", "not_words": ["a="]})]),
    ("cmdline-contradiction", "error", CLEAN, [put(CMDLINE, {"prefix": "root=/dev/vda quiet", "words": ["root=/dev/sda"]})]),
    ("cmdline-contradiction", "error", CLEAN, [put(CMDLINE, {"words": ["ro"], "not_words": ["ro"]})]),
    ("cmdline-dead-text", "warning", CLEAN, [put(CMDLINE, {"is": ["a b", "a"], "words": ["b"]})]),
    ("cmdline-open", "warning", CLEAN, [put(CMDLINE, {"words": ["ro"], "not_words": ["init="]})]),
    ("cmdline-open", "warning", CLEAN, [put(CMDLINE, {"prefix": "root=/dev/vda"})]),
    ("cmdline-unsaid", "warning", CLEAN, [put("events/12", None)]),
    ("duplicate-value", "warning", CLEAN, [put("pcrs/7", [ONES, TWOS, ONES])]),
    ("duplicate-value", "warning", CLEAN, [put("sets/kernels", {"a": "AA" * 32, "b": "aa" * 32})]),
    ("duplicate-value", "warning", CLEAN, [put("events/9", {"rules": [{"digest": [ONES, ONES]}]})]),
    ("empty-rules", "note", CLEAN, [put("events/13", {"rules": []})]),
    ("firmware-unsaid", "warning", CLEAN, [put("pcrs/2", None)]),
    ("ignored-without-reason", "warning", CLEAN, [put("pcrs/5", "ignore")]),
    ("ima-aggregate-optional", "note", CLEAN, [put("ima", {"files": {"/a": f"sha256:{ONES}"}, "boot_aggregate": "optional"})]),
    ("ima-excludes-programs", "warning", CLEAN, [put("ima", {"files": {"/a": f"sha256:{ONES}"}, "exclude": ["/usr/b*"]})]),
    ("ima-violations-excluded", "note", CLEAN, [put("ima", {"files": {"/a": f"sha256:{ONES}"}, "exclude": ["/tmp/*"], "violations": "excluded"})]),
    ("kernel-unsaid", "warning", CLEAN, [put("events/4", None), put("sets", None)]),
    ("many-values", "note", CLEAN, [put("pcrs/7", [f"{i:064x}" for i in range(1, 258)])]),
    ("nonce-not-required", "warning", CLEAN, [put("nonce", None)]),
    ("only-anything", "warning", CLEAN, [put("events/8", {"rules": [{"anything": "x", "count": "any"}]})]),
    ("only-anything", "warning", CLEAN, [put("events/8", {"rules": [{"text": "a", "count": "optional"}, {"anything": "x", "count": "any"}]})]),
    ("pcr-unassigned", "note", CLEAN, [put("pcrs/24", ONES)]),
    ("pin-contradicts-rules", "error", CLEAN, [put("pcrs/4", ONES)]),
    ("pin-contradicts-rules", "error", CLEAN, [put("pcrs/12", "zero")]),
    ("pins-contradict", "error", RELEASES, [put("pcrs/4", ONES)]),
    ("platform-unsaid", "warning", CLEAN, [put("platforms", None)]),
    ("platform-vendor", "warning", CLEAN, [put("platforms", ["vendor"])]),
    ("platform-void", "error", CLEAN, [put("platforms", ["aws"])]),
    ("release-expired", "warning", RELEASES, [put("releases/0/until", "2026-01-01T00:00:00Z")]),
    ("release-names-alike", "warning", RELEASES, [put("releases/0/name", "june ")]),
    ("releases-expired", "error", RELEASES, [put("releases/0/until", "2025-01-01T00:00:00Z"), put("releases/1/until", "2025-12-31T00:00:00Z")]),
    ("releases-never-end", "note", RELEASES, [put("releases/0/until", None)]),
    ("resettable-accepted", "warning", CLEAN, [put("resettable_pcrs", "accept")]),
    ("resettable-refused", "error", CLEAN, [put("pcrs/16", ONES)]),
    ("resettable-refused", "error", CLEAN, [put("events/23", {"rules": [{"digest": ONES}]})]),
    ("rule-impossible", "error", CLEAN, [put("events/9", {"rules": [{"digest": [ONES, TWOS], "count": "some"}, {"digest": ONES}]})]),
    ("rule-impossible", "error", CLEAN, [put("events/9", {"order": "any", "rules": [{"text": "a", "count": "any"}, {"digest": TWOS}, {"text": ["a"], "count": "some"}]})]),
    ("rule-twice", "warning", CLEAN, [put("events/9", {"order": "any", "rules": [{"digest": ONES}, {"digest": TWOS}, {"digest": ONES}]})]),
    ("rule-unreachable", "warning", CLEAN, [put("events/9", {"rules": [{"digest": [ONES, TWOS], "count": "any"}, {"digest": ONES, "count": "any"}]})]),
    ("secure-boot-off", "warning", CLEAN, [put("events/7", {"rules": [{"secure_boot": "disabled"}]}), put("pcrs/7", None)]),
    ("secure-boot-unsaid", "warning", CLEAN, [put("pcrs/7", None)]),
    ("separator-only", "note", CLEAN, [put("pcrs/3", SEPARATOR_ONLY)]),
    ("set-unused", "warning", CLEAN, [put("sets/initrds", ONES)]),
    ("tls-not-required", "warning", CLEAN, [put("tls", "optional")]),
    ("zero-firmware-pcr", "warning", CLEAN, [put("pcrs/3", ["zero", ONES])]),
    ("zero-firmware-pcr", "warning", CLEAN, [put("pcrs/3", ZEROS)]),
]
#: Changes that nothing is to be said of.
SOUND: list[tuple[str, Json, list[Change]]] = [
    ("clean", CLEAN, []),
    ("releases", RELEASES, []),
    ("PCR 7 ignored for a reason", CLEAN, [put("pcrs/7", {"ignore": "other keys on each machine"})]),
    ("a unified kernel image's own command line", CLEAN, [put("events/12", None), put("pcrs/12", "zero")]),
    ("a pin that the rules give", CLEAN, [put("events/9", {"rules": [{"digest": hashlib.sha256(b"a").hexdigest()}]}), put("pcrs/9", PCR4_OF_TEXT)]),
    ("a pin that one of the texts gives", CLEAN, [put("events/9", {"rules": [{"text": ["b", "a"]}]}), put("pcrs/9", PCR4_OF_TEXT)]),
    ("a pin that an optional rule need not change", CLEAN, [put("events/9", {"rules": [{"text": "a"}, {"text": "b", "count": "optional"}]}), put("pcrs/9", PCR4_OF_TEXT)]),
    ("the same event twice, in order", CLEAN, [put("events/9", {"rules": [{"digest": ONES}, {"digest": ONES}]})]),
    ("a later event that an earlier rule could take", CLEAN, [put("events/9", {"rules": [{"digest": ONES, "count": "any"}, {"digest": TWOS}, {"digest": ONES}]})]),
    ("a line with all that is forbidden", CLEAN, [put(CMDLINE, {"prefix": "a init", "words": ["ro"], "not_words": ["init=", "rdinit="]})]),
    ("a parameter that must have one value", CLEAN, [put(CMDLINE, {"words": ["init=/sbin/init", "rdinit=/init"]})]),
    ("a set of the root that a release uses", RELEASES, [put("sets", {"k": ONES}), put("releases/0/events", {"9": {"rules": [{"set": "k"}]}})]),
]


def linting(r: Tools) -> None:
    documented = set(re.findall(r"^\| `([a-z0-9-]+)` \|", (ROOT / "docs/policy.md").read_text().partition("What lint says")[2].partition("\n## ")[0], re.M))
    source = dict(re.findall(r'\{"([a-z0-9-]+)",\s+"(error|warning|note)"', (ROOT / "lib/policy/lint_kinds.c").read_text()))
    for what, base, changes in SOUND:
        document = copy.deepcopy(base)
        for change in changes:
            change(document)
        found = r.lint(document)
        r.check(f"lint says nothing: {what}", found == [], str(found))
        r.check(f"and exits 0: {what}", r.run(*LINT, r.policy(document)).stdout == b"nothing is doubtful\n")
    for what, severity, base, changes in LINTED:
        document = copy.deepcopy(base)
        for change in changes:
            change(document)
        found = r.lint(document)
        r.check(f"lint says {what}, and nothing else", {(f["id"], f.get("severity")) for f in found} == {(what, severity)} and source.get(what) == severity, str(found))
        done = r.run(*LINT, r.policy(document))
        r.check(f"its text and exit code: {what}", done.returncode == (severity != "note") and f"[{what}]".encode() in done.stdout, f"{done.returncode} {done.stdout!r}")
    sha1: Json = {**CLEAN, "bank": "sha1", "sets": {"kernels": "11" * 20}, "pcrs": {"0": "11" * 20, "2": "22" * 20, "7": "33" * 20}}
    r.check("lint says bank-sha1", [f["id"] for f in r.lint(sha1)] == ["bank-sha1"], str(r.lint(sha1)))
    for bank in ("sha1", "sha384", "sha512"):
        value = hashlib.new(bank, bytes(hashlib.new(bank).digest_size) + hashlib.new(bank, bytes(4)).digest()).hexdigest()
        r.check(f"the separator alone in {bank}", "separator-only" in [f["id"] for f in r.lint({"format": "libattest-policy-v1", "bank": bank, "pcrs": {"3": value}})])
    r.check("no-golden-values", [f["id"] for f in r.lint({k: CLEAN[k] for k in ("format", "platforms", "tls", "nonce")})] == ["no-golden-values"])
    azure = r.policy({**CLEAN, "platforms": ["azure"]})
    for at, want in (("2023-07-01", []), ("2025-08-10", ["anchor-expires"]), ("2025-11-04", ["anchor-expired"]), ("2049-01-01", ["platform-expired"])):
        found = json.loads(r.run("lint", "--json", "--at", at, azure).stdout)
        r.check(f"certificates of Azure on {at}", [f["id"] for f in found] == want, str(found))
    tested = {what for what, *_ in LINTED} | {"bank-sha1", "no-golden-values", "anchor-expires", "anchor-expired", "platform-expired"}
    r.check("every id is documented and tested", documented - {"more"} == set(source) == tested, f"{documented ^ set(source)} {tested ^ set(source)}")
    where = r.lint(changed(RELEASES, put("releases/1/events", {"9": {"rules": [{"digest": ONES}, {"digest": [TWOS, TWOS]}]}})))
    r.check("where it is", [f["where"] for f in where] == ["$.releases[1].events.9.rules[1].digest"], str(where))
    flood = {**CLEAN, "events": {pcr: {"rules": [{"digest": [ONES, ONES]}] * 750} for pcr in ("4", "9")}, "sets": {}}
    found = r.lint(flood)
    r.check("a long list ends", len(found) == 1001 and found[-1]["id"] == "more")


#: What is changed in CLEAN, and what policy b then accepts.
IN_THE_WAY: Json = {"rules": [{"name": "x", "digest": [ONES, TWOS], "count": "some"}, {"digest": TWOS}]}
DIFFERENT: list[tuple[str, Json, Change, list[tuple[str, str]]]] = [
    ("one more value", CLEAN, put("pcrs/0", [ONES, TWOS]), [("more", "$.pcrs.0")]),
    ("another value", CLEAN, put("pcrs/2", TWOS), [("otherwise", "$.pcrs.2")]),
    ("no pin", CLEAN, put("pcrs/2", None), [("more", "$.pcrs.2")]),
    ("a pin that is ignored", CLEAN, put("pcrs/2", "ignore"), [("more", "$.pcrs.2")]),
    ("an ignored PCR that is not named", CLEAN, put("pcrs/1", None), [("same", "$.pcrs.1")]),
    ("another platform", CLEAN, put("platforms", ["azure"]), [("otherwise", "$.platforms")]),
    ("one more platform", CLEAN, put("platforms", ["added", "vendor"]), [("more", "$.platforms")]),
    ("no platforms named", CLEAN, put("platforms", None), [("more", "$.platforms")]),
    ("no TLS", CLEAN, put("tls", None), [("more", "$.tls")]),
    ("a nonce that may be missing", CLEAN, put("nonce", "optional"), [("more", "$.nonce")]),
    ("resettable PCRs", CLEAN, put("resettable_pcrs", "accept"), [("more", "$.resettable_pcrs")]),
    ("a root hash", CLEAN, put("application_disk_roothash", ONES), [("less", "$.application_disk_roothash")]),
    ("container images", CLEAN, put("containers", {"a": "b"}), [("less", "$.containers")]),
    ("no rules", CLEAN, put("events/12", None), [("more", "$.events.12")]),
    ("a set of more", CLEAN, put("sets/kernels/6.2", THREES), [("more", "$.events.4.rules[2]")]),
    ("a set of others", CLEAN, put("sets/kernels", THREES), [("otherwise", "$.events.4.rules[2]")]),
    ("any order", CLEAN, put("events/4/order", "any"), [("otherwise", "$.events.4")]),
    ("rules that have changed places", CLEAN, lambda d: d["events"]["4"]["rules"].reverse(), [("otherwise", "$.events.4")]),
    ("another command line", CLEAN, put(CMDLINE, {"is": "x"}), [("otherwise", "$.events.12.rules[0]")]),
    ("another count", CLEAN, put("events/12/rules/0/count", "some"), [("otherwise", "$.events.12.rules[0]")]),
    ("one more rule", CLEAN, lambda d: d["events"]["4"]["rules"].append({"digest": THREES, "count": "optional"}), [("more", "$.events.4.rules[3]")]),
    ("one more event", CLEAN, lambda d: d["events"]["4"]["rules"].append({"digest": THREES}), [("otherwise", "$.events.4.rules[3]")]),
    ("a rule in the way of others", CLEAN, lambda d: d["events"]["4"]["rules"].insert(0, {"anything": "x", "count": "optional"}), [("otherwise", "$.events.4.rules[0]")]),
    ("a text in the way of another", CLEAN, lambda d: d["events"]["4"]["rules"].insert(0, {**d["events"]["4"]["rules"][0], "count": "any", "name": "x"}), [("otherwise", "$.events.4.rules[0]")]),
    ("a digest that another rule asks for", changed(CLEAN, put("events/14", IN_THE_WAY)), put("events/14/rules/0/digest", [ONES]), [("otherwise", "$.events.14.rules[0]")]),
    ("a digest that no other rule asks for", changed(CLEAN, put("events/14", IN_THE_WAY)), put("events/14/rules/0/digest", [TWOS]), [("less", "$.events.14.rules[0]")]),
    ("IMA", CLEAN, put("ima", {"files": {"/a": f"sha256:{ONES}"}}), [("less", "$.ima")]),
    ("a later end", RELEASES, put("releases/0/until", "2026-07-30T00:00:00Z"), [("more", "$.releases[0]")]),
    ("no end", RELEASES, put("releases/0/until", None), [("more", "$.releases[0]")]),
    ("one release less", RELEASES, lambda d: d["releases"].pop(0), [("less", "$.releases[0]")]),
    ("a release of other values", RELEASES, put("releases/1/pcrs/4", [TWOS, THREES]), [("more", "$.releases[1].pcrs.4")]),
    ("no releases beside a root of its own", changed(RELEASES, put("pcrs/4", [ONES, TWOS])), put("releases", None), [("more", "$.releases")]),
    ("a common pin besides releases", RELEASES, put("pcrs/2", TWOS), [("otherwise", "$.pcrs.2")]),
]
#: Changes without a meaning.
THE_SAME: list[tuple[str, Json, Change]] = [
    ("a comment", CLEAN, put("comment", "x")),
    ("a name", CLEAN, put("name", "x")),
    ("an origin", CLEAN, put("origin", {"a": 1})),
    ("a reason", CLEAN, put("pcrs/1", "ignore")),
    ("names of values", CLEAN, put("pcrs/0", [ONES])),
    ("letters' case", CLEAN, put("pcrs/14", THREES.upper())),
    ("order of values", CLEAN, put("pcrs/7", [ONES, TWOS])),
    ("a value twice", CLEAN, put("pcrs/2", [ONES, ONES])),
    ("the default bank", CLEAN, put("bank", "sha256")),
    ("the default order", CLEAN, put("events/4/order", "listed")),
    ("the default count", CLEAN, put("events/4/rules/1/count", "once")),
    ("a rule's name", CLEAN, put("events/4/rules/2/name", "other")),
    ("a set that is written out", CLEAN, put("events/4/rules/2", {"digest": [TWOS, ONES]})),
    ("a text in a list", CLEAN, put("events/4/rules/0/text", ["Calling EFI Application from Boot Option"])),
    ("a line in a list", CLEAN, put("events/12/rules/0/cmdline/is", ["root=/dev/vda ro"])),
    ("an unused set", CLEAN, put("sets/x", ONES)),
]


def diffing(r: Tools) -> None:
    opposite = {"more": "less", "less": "more", "otherwise": "otherwise", "same": "same"}
    for what, base, change, want in DIFFERENT:
        other = changed(base, change)
        told, back = r.diff(base, other), r.diff(other, base)
        r.check(f"diff: {what}", [(d["effect"], d["member"]) for d in told["differences"]] == want, str(told))
        r.check(f"diff: {what}, seen from the other side", [d["effect"] for d in back["differences"]] == [opposite[effect] for effect, _ in want], str(back))
    for what, base, change in THE_SAME:
        told = r.diff(base, changed(base, change))
        r.check(f"diff: {what} is no difference", told == {"equal": True, "differences": []}, str(told))
    turned = json.loads(json.dumps(CLEAN), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    r.check("diff: the order of members is no difference", list(turned) != list(CLEAN) and r.diff(CLEAN, turned)["equal"])
    for what, one, other in (
        ("the order of words", {"cmdline": {"words": ["a", "b"], "not_words": ["c", "d"]}}, {"cmdline": {"words": ["b", "a"], "not_words": ["d", "c"]}}),
        ("a certificate in a list", {"authority": {"certificate": "AB" * 32}}, {"authority": {"certificate": ["ab" * 32]}}),
        ("the order of variables", {"authority": {"certificate": ONES, "variable": ["db", "Shim"]}}, {"authority": {"certificate": ONES, "variable": ["Shim", "db"]}}),
        ("contents in another order", {"variable": {"name": "PK", "sha256": [ONES, TWOS]}}, {"variable": {"name": "PK", "sha256": [TWOS, ONES]}}),
    ):
        a, b = ({**CLEAN, "events": {"7": {"rules": [rule]}}} for rule in (one, other))
        r.check(f"diff: {what} is no difference", r.diff(a, b)["equal"])
    different = r.diff(*({**CLEAN, "events": {"7": {"rules": [{"variable": {"name": name}}]}}} for name in ("PK", "KEK")))
    r.check("diff: another variable is one", [d["effect"] for d in different["differences"]] == ["otherwise", "otherwise"], str(different))
    zeros = r.diff({**CLEAN, "pcrs": {"13": "zero"}}, {**CLEAN, "pcrs": {"13": ZEROS}})
    r.check("diff: zero", zeros["equal"], str(zeros))
    text = r.run("diff", r.policy(CLEAN), r.policy(changed(CLEAN, put("pcrs/0", {"firmware of May": TWOS})))).stdout.decode()
    r.check("diff in words", text == f'otherwise $.pcrs.0: PCR 0 (firmware code) must have other values\n    - {ONES} "firmware of March"\n    + {TWOS} "firmware of May"\n', text)
    bank = r.diff({"format": "libattest-policy-v1", "tls": "required"}, {"format": "libattest-policy-v1", "tls": "required", "bank": "sha384"})
    r.check("diff: the bank", [d["member"] for d in bank["differences"]] == ["$.bank"])
    golden = {"measurements": {"4": ONES}}
    r.check("diff: golden measurements", r.diff(golden, {"format": "libattest-policy-v1", "pcrs": {"4": [ONES]}})["equal"])
    containers = [r.diff({"a": "sha256:1", "b": "sha256:2"}, other)["differences"][0] for other in ({"a": "sha256:1"}, {"a": "sha256:1", "b": "x"}, {"a": "sha256:1", "b": "sha256:2", "c": "x"})]
    r.check("diff: container maps", [d["effect"] for d in containers] == ["less", "otherwise", "more"], str(containers))
    files = {f"/bin/{i}": f"sha256:{i:064x}" for i in range(1, 101)}
    ima: Json = {**CLEAN, "ima": {"files": files, "exclude": ["/tmp/*"], "keyrings": {".ima": f"sha256:{ONES}"}}}
    for what, change, want in (
        ("one file more", lambda d: d["ima"]["files"].update({"/x": f"sha256:{ONES}"}), [("more", "$.ima.files")]),
        ("another digest", lambda d: d["ima"]["files"].update({"/bin/7": f"sha256:{ONES}"}), [("otherwise", "$.ima.files")]),
        ("a path less", put("ima/exclude", []), [("less", "$.ima.exclude")]),
        ("no key", put("ima/keyrings", {}), [("less", "$.ima.keyrings")]),
        ("an optional aggregate", put("ima/boot_aggregate", "optional"), [("more", "$.ima")]),
        ("violations", put("ima/violations", "excluded"), [("more", "$.ima")]),
        ("another PCR", put("ima/pcr", 11), [("otherwise", "$.ima")]),
    ):
        told = r.diff(ima, changed(ima, change))
        r.check(f"diff of IMA: {what}", [(d["effect"], d["member"]) for d in told["differences"]] == want, str(told))


def merging(r: Tools) -> None:
    new = changed(changed(CLEAN, put("name", "clean 2")), put("sets/kernels", {"6.2": THREES}))
    old_file, new_file = r.policy(CLEAN, "old.json"), r.policy(new, "new.json")
    merged = r.made("merge", "merge", "--until", "2026-12-31", old_file, new_file)
    names = [(release["name"], release.get("until")) for release in merged["releases"]]
    r.check("both are releases", names == [("clean", "2026-12-31T00:00:00Z"), ("clean 2", None)], str(names))
    r.check("what is equal stays at the root", merged["pcrs"] == CLEAN["pcrs"] and merged["events"].keys() == {"12"} and "sets" not in merged, str(merged))
    r.check("what is not, is in the releases", [list(release["events"]) for release in merged["releases"]] == [["4"], ["4"]] and merged["releases"][1]["sets"] == new["sets"])
    r.check("demands stay", all(merged[k] == CLEAN[k] for k in ("platforms", "tls", "nonce")))
    told = r.diff(CLEAN, merged)["differences"]
    r.check("diff with the old one", [(d["effect"], d["member"]) for d in told] == [("less", "$.releases[0]"), ("more", "$.releases[1]")], str(told))
    told = r.diff(merged, new)["differences"]
    r.check("diff with the new one", [(d["effect"], d["member"]) for d in told] == [("less", "$.releases[0]")], str(told))
    r.check("the order of members is kept", [k for k in merged if k in CLEAN] == ["format", "name", "platforms", "tls", "nonce", "pcrs", "events"], str(list(merged)))
    third = changed(changed(CLEAN, put("name", "clean 3")), put("pcrs/2", TWOS))
    thrice = r.made("merge again", "merge", "--until", "2027-01-31", r.policy(merged), r.policy(third))
    r.check(
        "releases are taken over",
        [(x["name"], x.get("until")) for x in thrice["releases"]] == [("clean", "2026-12-31T00:00:00Z"), ("clean 2", "2027-01-31T00:00:00Z"), ("clean 3", None)],
        str(thrice["releases"]),
    )
    r.check("and say all of their own", [x["pcrs"]["2"] for x in thrice["releases"]] == [ONES, ONES, TWOS] and "2" not in thrice["pcrs"])
    rolled = r.made("a release of both", "merge", "--until", "2027-02-28", r.policy(merged), r.policy({**RELEASES, "releases": [{"name": "clean 2", **{k: new[k] for k in ("sets", "events")}}, {"name": "x", "pcrs": {"4": ONES}}]}))
    r.check("stays once, as the new one says", [(x["name"], x.get("until")) for x in rolled["releases"]] == [("clean", "2026-12-31T00:00:00Z"), ("clean 2", None), ("x", None)], str(rolled["releases"]))
    unnamed = {k: v for k, v in CLEAN.items() if k != "name"}
    by_file = r.made("names of files", "merge", "--until", "0", r.policy(unnamed, "march.json"), r.policy({**unnamed, "sets": {"kernels": ONES}}, "may.json"))
    r.check("releases without a name are called as their files", [x["name"] for x in by_file["releases"]] == ["march.json", "may.json"])
    same_name = r.made("one name for both", "merge", "--until", "0", r.policy(CLEAN, "march.json"), r.policy({**new, "name": "clean"}, "may.json"))
    r.check("and those of one name", [x["name"] for x in same_name["releases"]] == ["march.json", "may.json"])
    golden = r.made("golden measurements", "merge", "--until", "0", r.policy({"measurements": {"4": ONES, "2": ONES}}, "a.json"), r.policy({"measurements": {"4": TWOS, "2": ONES}}, "b.json"))
    r.check("are converted first", golden["pcrs"] == {"2": ONES} and golden["releases"][1] == {"name": "b.json", "comment": golden["releases"][1]["comment"], "pcrs": {"4": TWOS}}, str(golden))
    subset = r.made("one says less", "merge", "--until", "0", r.policy({"measurements": {"4": ONES, "2": ONES}}, "a.json"), r.policy({"measurements": {"2": ONES}}, "b.json"))
    r.check("then each says all", [x["pcrs"] for x in subset["releases"]] == [{"4": ONES, "2": ONES}, {"2": ONES}] and "pcrs" not in subset, str(subset))
    stricter = r.made("demands", "merge", "--until", "0", r.policy({**CLEAN, "tls": "optional"}), r.policy({**new, "nonce": "optional"}))
    r.check("the stricter counts", (stricter["tls"], stricter["nonce"]) == ("required", "required"))
    refused: list[tuple[str, Json, str]] = [
        ("bank", {"format": "libattest-policy-v1", "bank": "sha384", "pcrs": {"4": "11" * 48}}, "different banks"),
        ("platforms", {**new, "platforms": ["azure"]}, 'differ in "platforms"'),
        ("fewer platforms", {**new, "platforms": ["added", "azure"]}, 'differ in "platforms"'),
        ("resettable", {**new, "resettable_pcrs": "accept"}, 'differ in "resettable_pcrs"'),
        ("equal", {**CLEAN, "name": "b"}, "nothing to merge"),
        ("no software", {"format": "libattest-policy-v1", "platforms": ["added"], "tls": "required"}, "knows no software"),
        ("release names", {**RELEASES, "name": "another", "releases": [{"name": "clean", "pcrs": {"4": ONES}}, {"name": "x", "pcrs": {"4": TWOS}}]}, "two releases of one name"),
        ("both say", {**RELEASES, "pcrs": {"4": THREES}}, "root and release cannot be written as one"),
    ]
    for what, document, message in refused:
        r.expect(f"merge refuses: {what}", 2, "merge", "--until", "0", old_file, r.policy(document), err=message)


def rolling_update(r: Tools) -> None:
    """A merged policy accepts the old machine until the time given, and the new one after it too."""
    proof_policy = json.loads((DEMO / "policy.json").read_text())
    pcr = next(key for key, value in proof_policy["pcrs"].items() if value not in ("zero", "ignore"))
    other = {**proof_policy, "name": "another", "pcrs": {**proof_policy["pcrs"], pcr: ONES}}
    own, another = r.policy({**proof_policy, "name": "demo"}), r.policy(other)
    trust = [arg for arg in TRUST if arg not in AT]

    def verdict(at: str, *args: str) -> str:
        policy = r.file("merged.json", r.run("merge", *args).stdout)
        done = cases.run(r.verifier, ["--json", "--at", at, *trust, "--policy", policy, PROOF], ROOT)
        return str(json.loads(done.stdout or "{}").get("verdict", done.stderr))

    r.check("the old one counts until then", verdict("2026-06-01", "--until", "2026-06-02", own, another) == "verified", verdict("2026-06-01", "--until", "2026-06-02", own, another))
    r.check("and no more from then on", verdict("2026-06-01", "--until", "2026-06-01", own, another) == "refused")
    r.check("the new one counts", verdict("2026-06-01", "--until", "2026-05-01", another, own) == "verified")


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        r = Tools(Path(sys.argv[1]).absolute(), Path(scratch))
        for part in (usage, every_policy, conversions, showing, hostile, linting, diffing, merging, rolling_update):
            part(r)
    print(f"{r.passed} passed, {r.failed} failed")
    return r.failed > 0


if __name__ == "__main__":
    sys.exit(main())

"""attest-policy derive, explain and test: as a user types them, over the real boots and all refused cases.

Usage: policy_derive.py BUILD
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from cases import CASES, arguments

Json = dict[str, Any]
ROOT = Path(__file__).parent.parent
CA = str(ROOT / "testdata/ca/azure-like-root.pem")
GIVEN = ("--root", CA, "--at", "1780272000")
DEMO = ROOT / "testdata/demo"
KNOWN = str(ROOT / "testdata/boot/known-good.json")


def proof(name: str) -> str:
    return str(CASES / name / "proof.json")


class Checks:
    def __init__(self, build: Path, folder: Path) -> None:
        self.build, self.folder, self.passed, self.failed = build, folder, 0, 0

    def check(self, what: str, good: bool, found: object = "") -> None:
        self.passed += good
        self.failed += not good
        if not good:
            print(f"FAILED {what}: {found}")

    def run(self, tool: str, *args: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
        environment = {"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}
        command: list[str | Path] = [self.build / tool, *args]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment, timeout=60)

    def derive(self, *args: str) -> Json:
        done = self.run("attest-policy", "derive", *GIVEN, *args)
        self.check(f"derive {' '.join(args)[:60]}", done.returncode == 0 and not done.stderr, [done.returncode, done.stderr])
        made: Json = json.loads(done.stdout or "{}")
        return made

    def verdict(self, policy: Json, *args: str) -> int:
        path = self.folder / "derived.json"
        path.write_text(json.dumps(policy))
        return self.run("attest-verify", "--quiet", "--policy", str(path), *(args if "--root" in args else (*GIVEN, *args))).returncode


def derive_boots(t: Checks) -> None:
    """Two machines that booted one image, one of them twice."""
    good = [proof("boot-good"), proof("boot-good-all-banks"), KNOWN]
    for tier in ((), ("--tier", "pins"), ("--tier", "events")):
        policy = t.derive(*tier, *good)
        for name in good:
            t.check(f"{tier}: what it was derived from holds", t.verdict(policy, name) == 0, name)
        for name in ("boot-kernel", "boot-cmdline"):
            t.check(f"{tier}: {name} is refused", t.verdict(policy, proof(name)) == 1)
        t.check(f"{tier}: it says where it came from", len(policy["origin"]["proofs"]) == 3 and policy["origin"]["time"] == "2026-06-01T00:00:00Z", policy["origin"])
        t.check(f"{tier}: rules where they were asked for", ("events" in policy) == ("events" in tier), list(policy))
        why = "a list of files" if "pins" in tier else "a violation"
        t.check(f"{tier}: IMA is left out, with the reason", why in policy["pcrs"]["10"]["ignore"] and "ima" not in policy, policy["pcrs"]["10"])
    rules = t.derive("--tier", "events", *good)["events"]["11"]["rules"]
    t.check("sections are rules of their own", [rule.get("section") for rule in rules[:4]] == [".linux", ".osrel", ".cmdline", ".initrd"], rules)
    t.check("phases are texts", {"text": "enter-initrd"} in rules, rules)


def derive_machines(t: Checks) -> None:
    """Three machines of other firmware and chipsets, at other times, which booted one image."""
    good = [proof("boot-good"), proof("boot-good-large"), proof("boot-good-older")]
    for tier in ((), ("--tier", "pins"), ("--tier", "events")):
        policy = t.derive(*tier, *good)
        for name in good:
            t.check(f"{tier}: each machine holds", t.verdict(policy, name) == 0, name)
        for name in ("boot-kernel", "boot-cmdline"):
            t.check(f"{tier}: {name} is refused", t.verdict(policy, proof(name)) == 1)
    firmware = t.derive(*good)["events"]["0"]["rules"]
    t.check("the firmware of each is allowed", any(len(rule.get("digest", "")) == 3 for rule in firmware), firmware)
    listed = t.derive(*good[1:])
    t.check("their files become a list", "/etc/model.conf" in listed["ima"]["files"] and "10" not in listed["pcrs"], list(listed))
    for name in good[1:]:
        t.check("which both hold", t.verdict(listed, name) == 0, name)
    less = {path: digest for path, digest in listed["ima"]["files"].items() if path != "/etc/model.conf"}
    for files in (less, {**less, "/etc/model.conf": "sha256:" + "11" * 32}):
        t.check("and no other file", t.verdict({**listed, "ima": {**listed["ima"], "files": files}}, good[1]) == 1)


def derive_differing(t: Checks) -> None:
    """Two images: what they have in common is pinned, what differs is ruled or ignored."""
    both = [proof("boot-good"), proof("boot-cmdline")]
    policy = t.derive(*both)
    t.check("PCR 0 is pinned", isinstance(policy["pcrs"]["0"], str))
    t.check("PCR 11 has rules", "11" in policy["events"] and "11" not in policy["pcrs"], list(policy["events"]))
    section = next(rule for rule in policy["events"]["11"]["rules"] if rule.get("section") == ".cmdline")
    t.check("both command lines are allowed", len(section["digest"]) == 2, section)
    for name in both:
        t.check("both hold", t.verdict(policy, name) == 0, name)
    t.check("a third does not", t.verdict(policy, proof("boot-kernel")) == 1)
    pins = t.derive("--tier", "pins", *both)
    t.check("pins alone: ignored, and why", "first at event" in pins["pcrs"]["11"]["ignore"], pins["pcrs"]["11"])
    secure = t.derive("--tier", "events", proof("boot-good-secure-boot"))
    t.check("Secure Boot is a rule", {"secure_boot": "enabled"} in secure["events"]["7"]["rules"], secure["events"]["7"])
    t.check("and the machine holds it", t.verdict(secure, proof("boot-good-secure-boot")) == 0)
    t.check("its keys are the machine's", t.verdict({**secure, "pcrs": {}, "events": {"7": secure["events"]["7"]}}, proof("boot-good")) == 1)
    some = t.derive(proof("boot-good-firmware"), proof("boot-good"))
    t.check("what only some have quoted is ignored, and why", "not all of the proofs" in some["pcrs"]["11"]["ignore"], some["pcrs"])
    mixed = [proof("boot-good-secure-boot"), proof("boot-good")]
    varying = t.derive("--tier", "events", *mixed)
    for name in mixed:
        t.check("events that come and go hold", t.verdict(varying, name) == 0, [name, varying["events"].get("7")])


def derive_server(t: Checks) -> None:
    given = ("--root", str(DEMO / "root.pem"), "--at", "1780272000")
    done = t.run("attest-policy", "derive", *given, str(DEMO / "proof.json"))
    policy: Json = json.loads(done.stdout)
    t.check("TLS is required", policy.get("tls") == "required", policy)
    t.check("each start has its own TLS key", any(rule.get("json") == {"type": "tls-key"} for rule in policy["events"]["15"]["rules"]), policy["events"])
    t.check("the server's proof holds", t.verdict(policy, *given, str(DEMO / "proof.json")) == 0)


def derive_refused(t: Checks) -> None:
    for name, words in (("boot-event-dropped", "does not verify"), ("boot-ima-dropped", "does not verify")):
        done = t.run("attest-policy", "derive", *GIVEN, proof("boot-good"), proof(name))
        t.check(f"nothing is derived from {name}", done.returncode == 1 and not done.stdout and words in done.stderr and name in done.stderr, [done.returncode, done.stderr])
    done = t.run("attest-policy", "derive", proof("boot-good"))
    t.check("nor without its root", done.returncode == 1 and not done.stdout, done.stderr)
    for args, words in (((), "at least one proof"), (("--tier", "all", KNOWN), "pins or events"), (("/nonexistent",), "No such file"), (("--at", "x", KNOWN), "a time such as"), (("--root", "/nonexistent", KNOWN), "No such file")):
        done = t.run("attest-policy", "derive", *args)
        t.check(f"derive {args}", done.returncode == 2 and words in done.stderr, [done.returncode, done.stderr])


def explain_cases(t: Checks) -> None:
    """Each refused case with a proof and no loose parts: every explanation names a place and what to do."""
    n = 0
    for folder in sorted(CASES.iterdir()):
        case: Json = json.loads((folder / "case.json").read_text())
        if case["expect"]["verdict"] != "refused" or "proof" not in case or {"parts", "pin", "certificates", "crls", "references", "exporter", "tls_exporter"} & set(case):
            continue
        done = t.run("attest-policy", "explain", "--json", *arguments(case), folder=folder)
        told: Json = json.loads(done.stdout or "{}")
        each = told.get("explanations", [])
        t.check(f"{folder.name} is explained", done.returncode == 1 and bool(each) and all(e["where"] and e["next"] and e["message"] for e in each), [done.returncode, done.stderr, each])
        failed = {step for step, status in case["expect"]["steps"].items() if status == "failed"}
        t.check(f"{folder.name}: for each step that failed", failed <= {e["step"] for e in each}, [failed, each])
        if failed == {"policy"}:
            t.check(f"{folder.name}: the policy by its name", all("(policy \"" in e["message"] or e["status"] == "ATTEST_E_PLATFORM" for e in each), each)
        n += 1
    t.check("there are many such cases", n > 200, n)


def explain_text(t: Checks) -> None:
    done = t.run("attest-policy", "explain", *GIVEN, "--policy", "policy.json", "proof.json", folder=CASES / "boot-kernel")
    for words in ("refused  proof.json", "PCR 11 (unified kernel image and boot phases)", "measured", "section contents .linux (claimed)", "to do"):
        t.check(f"explain says {words!r}", done.returncode == 1 and words in done.stdout, done.stdout)
    done = t.run("attest-policy", "explain", *GIVEN, "--policy", "policy.json", "proof.json", folder=CASES / "boot-good")
    t.check("nothing to explain", done.returncode == 0 and "nothing to explain" in done.stdout, [done.returncode, done.stdout, done.stderr])
    done = t.run("attest-policy", "explain", *GIVEN, proof("boot-good"))
    t.check("without a policy", done.returncode == 1 and "golden values" in done.stdout, done.stdout)
    done = t.run("attest-policy", "explain", *GIVEN, "--nonce", "abc", proof("boot-good"))
    t.check("a bad nonce", done.returncode == 2 and "hex" in done.stderr, done.stderr)
    done = t.run("attest-policy", "explain", *GIVEN, "--nonce", "abcd", proof("boot-good"))
    t.check("another nonce", done.returncode == 1 and "nonce of your own" in done.stdout, done.stdout)


def test_folders(t: Checks) -> None:
    suite = t.folder / "suite"
    for kind, names in {"verified": ["boot-good"], "refused": ["boot-kernel", "boot-cmdline"]}.items():
        (suite / kind).mkdir(parents=True)
        for name in names:
            shutil.copy(proof(name), suite / kind / f"{name}.json")
    policy = str(CASES / "boot-good" / "policy.json")
    done = t.run("attest-policy", "test", *GIVEN, "--policy", policy, str(suite))
    t.check("all are as expected", done.returncode == 0 and done.stdout.endswith("3 as expected, 0 not\n"), done.stdout)
    done = t.run("attest-policy", "test", *GIVEN, str(suite))
    t.check("without a policy all are wrong", done.returncode == 1 and done.stdout.count("WRONG    inconclusive") == 3, done.stdout)
    shutil.move(suite / "refused" / "boot-kernel.json", suite / "verified")
    done = t.run("attest-policy", "test", *GIVEN, "--policy", policy, str(suite))
    t.check("one is not, and why", done.returncode == 1 and "WRONG    refused" in done.stdout and "has not the pinned value" in done.stdout, done.stdout)
    done = t.run("attest-policy", "test", *GIVEN, str(t.folder / "none"))
    t.check("no folder", done.returncode == 2 and "verified/" in done.stderr, done.stderr)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        t = Checks(Path(sys.argv[1]).resolve(), Path(folder))
        for part in (derive_boots, derive_machines, derive_differing, derive_server, derive_refused, explain_cases, explain_text, test_folders):
            part(t)
    print(f"{t.passed} passed, {t.failed} failed")
    return 1 if t.failed else 0


if __name__ == "__main__":
    sys.exit(main())

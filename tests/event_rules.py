"""Event rules over the real boots of tests/cases, as an operator meets them: attest-verify with a policy file.

Usage: event_rules.py BUILD
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

Json = Any
ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests" / "cases"
AT = "1780272000"
OTHER = "11" * 32


class Boot:
    """The proof of a case, and its events of one PCR as (what they say, digest)."""

    def __init__(self, build: Path, name: str) -> None:
        self.proof = CASES / name / "proof.json"
        done = subprocess.run(
            [build / "attest-inspect", "--json", self.proof],
            capture_output=True,
            check=True,
        )
        self.all: list[Json] = json.loads(done.stdout)["events"]

    def events(self, pcr: int) -> list[tuple[str, str]]:
        return [
            (event["summary"], event["digests"]["sha256"])
            for event in self.all
            if event["pcr"] == pcr and event["measured"]
        ]


def listed(boot: Boot, pcr: int) -> Json:
    """Each event by its digest, called by what it says."""
    return {
        "rules": [
            {"name": text[:40] or "?", "digest": digest}
            for text, digest in boot.events(pcr)
        ]
    }


def unified(boot: Boot) -> Json:
    rules, events = [], boot.events(11)
    while events and events[0][0].startswith("section name "):
        section = events[0][0].removeprefix("section name ")
        rules.append(
            {
                "name": section,
                "section": section,
                "digest": {"of this image": events[1][1]},
            }
        )
        events = events[2:]
    return {"rules": [*rules, *({"name": text, "text": text} for text, _ in events)]}


def policy(**members: Json) -> Json:
    return {"format": "libattest-policy-v1", "name": "rules", **members}


def secure_boot(state: str) -> Json:
    return {
        "order": "any",
        "rules": [
            {"name": "switch", "secure_boot": state},
            {"anything": "keys and images", "count": "any"},
        ],
    }


class Tests:
    def __init__(self, build: Path, folder: Path) -> None:
        self.build, self.folder = build, folder
        self.passed = self.failed = 0

    def verify(self, boot: Boot, text: Json, at: str = AT) -> tuple[int, Json, str]:
        file = self.folder / "policy.json"
        file.write_text(json.dumps(text))
        args = [
            "--json",
            "--at",
            at,
            "--policy",
            str(file),
            "--root",
            str(ROOT / "testdata/ca/azure-like-root.pem"),
            str(boot.proof),
        ]
        done = subprocess.run(
            [self.build / "attest-verify", *args],
            capture_output=True,
            text=True,
            check=False,
        )
        return (
            done.returncode,
            json.loads(done.stdout) if done.stdout else {},
            done.stderr,
        )

    def check(self, what: str, good: bool, found: object) -> None:
        self.passed += good
        self.failed += not good
        if not good:
            print(f"FAILED  {what}: {found}")

    def accepts(self, what: str, boot: Boot, text: Json, at: str = AT) -> None:
        code, account, error = self.verify(boot, text, at)
        self.check(what, code == 0, (code, account.get("findings"), error))

    def refuses(
        self, what: str, boot: Boot, text: Json, *words: str, n: int = 1, at: str = AT
    ) -> None:
        """By so many findings of the policy alone; the first one has all the words."""
        code, account, error = self.verify(boot, text, at)
        errors = [
            finding
            for finding in account.get("findings", [])
            if finding["severity"] == "error"
        ]
        first = (
            " ".join(
                str(errors[0].get(part))
                for part in ("where", "message", "expected", "found", "hint")
            )
            if errors
            else ""
        )
        good = (
            code == 1
            and len(errors) == n
            and all(finding["step"] == "policy" for finding in errors)
        )
        self.check(
            what, good and all(word in first for word in words), (code, errors, error)
        )

    def boots(self) -> None:
        good, kernel, cmdline = (
            Boot(self.build, f"boot-{name}") for name in ("good", "kernel", "cmdline")
        )
        whole = policy(
            events={str(pcr): listed(good, pcr) for pcr in (0, 2, 4, 7, 9)}
            | {"11": unified(good), "12": {"rules": []}}
        )
        image = policy(events={"11": unified(good)})
        self.accepts("the boot that the rules are from", good, whole)
        self.refuses(
            "another kernel",
            kernel,
            image,
            "PCR 11",
            'rule ".linux"',
            "event 24",
            "contents",
            "add its digest",
        )
        self.refuses(
            "another command line",
            cmdline,
            image,
            "PCR 11",
            'rule ".cmdline"',
            "event 28",
        )
        self.refuses(
            "another image",
            kernel,
            policy(events={"4": listed(good, 4)}),
            "PCR 4",
            "BOOTX64.EFI",
            n=2,
        )
        any_order = {"order": "any", "rules": unified(good)["rules"][::-1]}
        self.accepts("in any order", good, policy(events={"11": any_order}))
        self.refuses(
            "an event too many",
            good,
            policy(events={"11": {"rules": unified(good)["rules"][:-1]}}),
            "no more events",
            "ready",
        )
        self.refuses(
            "no event allowed",
            good,
            policy(events={"9": {"rules": []}}),
            "no more events",
            n=2,
        )
        self.refuses(
            "another PCR's events",
            good,
            policy(events={"8": listed(good, 9)}),
            "PCR 8",
            "no such event",
            n=2,
        )

    def states(self) -> None:
        good, secure, rogue = (
            Boot(self.build, f"boot-{name}")
            for name in ("good", "good-secure-boot", "rogue")
        )
        self.accepts(
            "Secure Boot is on", secure, policy(events={"7": secure_boot("enabled")})
        )
        self.refuses(
            "Secure Boot is not off",
            secure,
            policy(events={"7": secure_boot("disabled")}),
            "SecureBoot",
            n=1,
        )
        self.refuses(
            "Secure Boot is off",
            rogue,
            policy(events={"7": secure_boot("enabled")}),
            "PCR 7",
            'rule "switch"',
        )
        self.accepts(
            "and known to be", good, policy(events={"7": secure_boot("disabled")})
        )

    def releases(self) -> None:
        good, kernel, cmdline = (
            Boot(self.build, f"boot-{name}") for name in ("good", "kernel", "cmdline")
        )
        old: Json = {
            "name": "old",
            "until": "2026-06-02T00:00:00Z",
            "events": {"4": listed(good, 4), "11": unified(good)},
        }
        new: Json = {"name": "new", "events": {"4": listed(kernel, 4), "11": unified(kernel)}}
        both = policy(releases=[old, new])
        self.accepts("the old release", good, both)
        self.accepts("the new release", kernel, both)
        self.refuses("neither", cmdline, both, 'release "', "policy", n=2)
        mixed = policy(
            releases=[{**old, "events": old["events"] | {"11": new["events"]["11"]}}]
        )
        self.refuses("both halves, mixed", good, mixed, "PCR 11", 'rule ".linux"')
        self.refuses(
            "the old one is over",
            good,
            policy(releases=[old]),
            "ended",
            at="1780358400",
        )
        self.accepts("a second before", good, policy(releases=[old]), at="1780358399")
        self.refuses(
            "the old one is over, and the new one is not what runs",
            good,
            both,
            "a release that has ended",
            'release "old" has ended at 2026-06-02T00:00:00Z',
            at="1780358400",
        )
        self.refuses("what runs is neither, and the old one is over", cmdline, both, 'release "new"', n=4, at="1780358400")

    def told(self) -> None:
        """Which PCRs the rules have held."""
        good, kernel = (Boot(self.build, f"boot-{name}") for name in ("good", "kernel"))
        pin = next(
            pcr["value"]
            for pcr in self.verify(good, policy(platforms=["added"]))[1]["pcrs"]
            if pcr["index"] == 4
        )
        ruled = {"4": listed(good, 4), "11": unified(good), "12": {"rules": []}}
        anything = {"9": {"rules": [{"anything": "files", "count": "any"}]}}
        pinned: Json = {"name": "pinned", "pcrs": {"4": pin}}
        only_11: Json = {"name": "kernel", "events": {"11": unified(good)}}
        either = [pinned, {"name": "ruled", "events": ruled}]
        held, told = "ruled, explained", "explained"
        for what, boot, text, *states in (
            ("rules", good, policy(events=ruled | anything), held, told, held, "ruled"),
            ("and a pin", good, policy(events=ruled, pcrs={"4": pin}), f"pinned, {told}", told, held, "ruled"),
            ("and an ignored one", good, policy(events=ruled, pcrs={"12": "ignore"}), held, told, held, "ruled"),
            ("rules that do not hold", kernel, policy(events=ruled), told, told, told, "initial"),
            ("each release", good, policy(releases=either), held, told, told, "initial"),
            ("not each", good, policy(releases=[pinned, only_11]), told, told, told, "initial"),
            ("all", good, policy(releases=[pinned, only_11], events={"12": {"rules": []}}), told, told, told, "ruled"),
        ):
            pcrs = [pcr for pcr in self.verify(boot, text)[1]["pcrs"] if pcr["bank"] == "sha256"]
            found = [pcr["state"] for pcr in pcrs if pcr["index"] in (4, 9, 11, 12)]
            self.check(f"states: {what}", found == states, found)

    def malformed(self) -> None:
        good = Boot(self.build, "boot-good")
        for what, rule, path in (
            ("a type", {"type": "EV_IPL"}, "$.events.4.rules[0]"),
            ("nothing", {}, "$.events.4.rules[0]"),
            ("an empty reason", {"anything": ""}, "$.events.4.rules[0].anything"),
            ("zero", {"digest": "zero"}, "$.events.4.rules[0].digest"),
            ("an unknown set", {"set": "x"}, "$.events.4.rules[0].set"),
        ):
            code, _, error = self.verify(good, policy(events={"4": {"rules": [rule]}}))
            self.check(f"a rule by {what}", code == 2 and path in error, (code, error))


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        tests = Tests(Path(sys.argv[1]).resolve(), Path(folder))
        tests.boots()
        tests.states()
        tests.releases()
        tests.told()
        tests.malformed()
    print(f"{tests.passed} passed, {tests.failed} failed")
    return 0 if tests.failed == 0 and tests.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())

"""attest-policy derive over pairs of all good proofs: what is derived must hold for each that it came from.

Usage: policy_derive_all.py BUILD
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cases import CASES
from policy_derive import CA, GIVEN, KNOWN, Checks, Json, proof

OTHER = "boot-kernel"
TIERS: tuple[tuple[str, ...], ...] = ((), ("--tier", "pins"), ("--tier", "events"))


def good_proofs() -> dict[str, str]:
    """By name, each once: those that need nothing but the one root and the one time."""
    found: dict[bytes, tuple[str, str]] = {}
    for folder in sorted(CASES.iterdir()):
        case: Json = json.loads((folder / "case.json").read_text())
        roots = [str((folder / root).resolve()) for root in case.get("roots", [])]
        needs = {"parts", "certificates", "crls", "tls_exporter", "root_purpose"} & set(case)
        if case["expect"]["verdict"] in ("verified", "inconclusive") and roots == [str(Path(CA).resolve())] and str(case["at"]) == GIVEN[-1] and not needs and "proof" in case:
            found.setdefault((folder / case["proof"]).read_bytes(), (folder.name, str(folder / case["proof"])))
    return dict(found.values())


class Pairs(Checks):
    n_derived = n_compared = 0

    def hold(self, tier: tuple[str, ...], *paths: str) -> None:
        """The policy that is derived of these accepts each of them, and not another kernel if it knows of any."""
        what = " ".join([*tier, *(Path(path).parent.name for path in paths)])
        done = self.run("attest-policy", "derive", *GIVEN, *tier, *paths)
        if done.returncode != 0:
            self.check(f"{what}: of another bank, or nothing in common", "nothing in these proofs can be pinned" in done.stderr, done.stderr)
            return
        policy: Json = json.loads(done.stdout)
        reasons = [pin["ignore"] for pcr, pin in policy["pcrs"].items() if isinstance(pin, dict) and pcr != "10"]
        self.check(f"{what}: no rules were given up", not any("would not hold" in reason for reason in reasons), reasons)
        names_kernel = any(pcr in policy.get("events", {}) or isinstance(policy["pcrs"].get(pcr), str) for pcr in ("4", "11"))
        suite = self.folder / "suite"
        shutil.rmtree(suite, ignore_errors=True)
        for kind, members in (("verified", list(paths)), ("refused", [proof(OTHER)] if names_kernel else [])):
            (suite / kind).mkdir(parents=True)
            for i, path in enumerate(members):
                (suite / kind / f"{i}.json").symlink_to(path)
        (self.folder / "derived.json").write_text(done.stdout)
        done = self.run("attest-policy", "test", *GIVEN, "--policy", str(self.folder / "derived.json"), str(suite))
        self.check(what, done.returncode == 0, done.stdout + done.stderr)
        self.n_derived += 1
        self.n_compared += names_kernel


def chosen(good: dict[str, str]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Each alone; boots in all pairs, each order in another tier; the others beside their neighbours in each; some threes."""
    every = list(good.values())
    boots = [path for name, path in good.items() if name.startswith(("boot-", "rules-"))] + [KNOWN]
    for i, path in enumerate(every):
        yield TIERS[i % 3], (path,)
        if path not in boots:
            yield from ((tier, (path, every[i - 1])) for tier in TIERS)
    for i, first in enumerate(boots):
        yield TIERS[i % 3], (first, boots[i - 1], boots[i - 2])
        for k, second in enumerate(boots):
            if i != k:
                yield TIERS[(i + k + (i < k)) % 3], (first, second)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        t = Pairs(Path(sys.argv[1]).resolve(), Path(folder))
        for tier, paths in chosen(good_proofs()):
            t.hold(tier, *paths)
        t.check("there are many such policies, and many that know a kernel", t.n_derived > 900 and t.n_compared > 500, [t.n_derived, t.n_compared])
    print(f"{t.passed} passed, {t.failed} failed")
    return 1 if t.failed else 0


if __name__ == "__main__":
    sys.exit(main())

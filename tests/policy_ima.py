"""Lists of files against the file logs of machines that really booted.

Usage: policy_ima.py BUILD
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from options import ROOT, Runner

Json = dict[str, Any]
CASES = ROOT / "tests/cases"
VIOLATED = "/etc/changing.conf"
# The same boot, and what forgers made of it.
SAME_BOOT = ("boot-good", "boot-good-ima", "boot-good-ima-ascii", "boot-good-cel-json", "boot-good-cel-tlv", "boot-good-all-banks")
NOT_KNOWN = ("boot-ima-renamed", "boot-ima-ascii-renamed", "boot-ima-moved", "boot-ima-dropped", "boot-ima-doubled", "boot-ima-violation-hidden", "boot-ima-violation-claimed")


def files_of(log: str) -> dict[str, list[str]]:
    """What the kernel's log for people names, but for its first entry and violations."""
    files: dict[str, list[str]] = {}
    for line in log.splitlines():
        _, _, _, digest, rest = line.split(" ", 4)
        name = rest.rpartition(" ")[0]
        if name != "boot_aggregate" and set(digest.partition(":")[2]) != {"0"}:
            files.setdefault(name, []).append(digest)
    return files


class Verifier(Runner):
    def findings(self, name: str, policy: Json) -> tuple[str, list[Json]]:
        """The verdict, and what the policy finds."""
        folder = CASES / name
        case = json.loads((folder / "case.json").read_text())
        trust = [argument for root in case["roots"] for argument in ("--root", str(folder / root))]
        args = ["--json", "--at", str(case["at"]), *trust, "--policy", "-", str(folder / case["proof"])]
        done = self.run(*args, stdin=json.dumps({"format": "libattest-policy-v1", **policy}).encode())
        result: Json = json.loads(done.stdout) if done.stdout else {"verdict": done.stderr.decode(), "findings": []}
        return result["verdict"], [f for f in result["findings"] if f["step"] == "policy"]

    def accepted(self, what: str, name: str, policy: Json) -> None:
        verdict, findings = self.findings(name, policy)
        self.check(what, verdict == "verified" and not findings, f"{verdict}: {findings}")

    def refused(self, what: str, name: str, policy: Json, *texts: str) -> None:
        """By one finding, which says all of this."""
        verdict, findings = self.findings(name, policy)
        told = " ".join(str(value) for finding in findings for value in finding.values())
        self.check(what, verdict == "refused" and len(findings) == 1 and all(text in told for text in texts), f"{verdict}: {findings}")


def lists(r: Verifier, ima: Json) -> None:
    for name in SAME_BOOT:
        r.accepted(name, name, {"ima": ima})
    for name in NOT_KNOWN:
        r.refused(name, name, {"ima": ima}, "its events are not known")
    r.refused("the violation is not believed", "boot-good-ima", {"ima": {**ima, "violations": "refuse"}}, "a violation", f"{VIOLATED} (claimed)")
    r.refused("the violation is not excluded", "boot-good-ima", {"ima": {**ima, "exclude": []}}, "a violation", f"{VIOLATED} (claimed)")
    files = {name: digests for name, digests in ima["files"].items() if name != "/init"}
    r.refused("a file is not listed", "boot-good-ima", {"ima": {**ima, "files": files}}, "$.logs[", "event 1, PCR 10", "does not list", " /init")
    other = "sha256:" + "12" * 32
    changed = {**ima["files"], "/init": other}
    r.refused("a file has another digest", "boot-good-ima", {"ima": {**ima, "files": changed}}, "another digest", f"{ima['files']['/init'][0]} /init", other)
    swapped = {**ima["files"], "/init": ima["files"]["/bin/busybox"], "/bin/busybox": ima["files"]["/init"]}
    verdict, findings = r.findings("boot-good-ima", {"ima": {**ima, "files": swapped}})
    r.check("digests of each other's path", verdict == "refused" and len(findings) == 2, f"{verdict}: {findings}")
    r.accepted("excluded", "boot-good-ima", {"ima": {**ima, "files": files, "exclude": [VIOLATED, "/ini*"]}})


def banks(r: Verifier, ima: Json) -> None:
    sha1 = {"bank": "sha1", "ima": {**ima, "boot_aggregate": "optional"}}
    r.refused("boot_aggregate is of another bank", "boot-good-sha1", {"bank": "sha1", "ima": ima}, "bank that no policy names", "boot_aggregate")
    r.accepted("boot_aggregate is optional", "boot-good-sha1", sha1)
    r.refused("a name that is only claimed", "boot-ima-name-claimed", sha1, "not what was measured", "(claimed)")
    for name in ("boot-good-sha384", "boot-ima-padded-name-claimed"):
        r.refused(f"{name}: padded SHA-1", name, {"bank": "sha384", "ima": ima}, "padded with zeros", "only claimed")
    r.refused("a bank that was not quoted", "boot-good-ima", {"bank": "sha384", "ima": ima}, "was not quoted")
    r.refused("no file log", "boot-good-without-ima", {"ima": ima}, "its events are not known")


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        r = Verifier([str(Path(sys.argv[1]).resolve() / "attest-verify")], Path(scratch))
        proof = json.loads((CASES / "boot-good-ima-ascii/proof.json").read_text())
        log = next(log for log in proof["logs"] if log["format"] == "ima-ascii")
        files = files_of(base64.b64decode(log["data"]).decode())
        ima = {"files": files, "exclude": [VIOLATED], "violations": "excluded"}
        r.check("the log names files", len(files) > 40 and "/init" in files)
        lists(r, ima)
        banks(r, ima)
    print(f"file lists: {r.passed} passed, {r.failed} failed")
    return 1 if r.failed else 0


if __name__ == "__main__":
    sys.exit(main())

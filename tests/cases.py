"""Every case folder through attest-verify: exit code, JSON account, and the text that people read.

Usage: cases.py BUILD
"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent / "cases"
WORDS = {"verified": "VERIFIED", "refused": "REFUSED", "inconclusive": "INCONCLUSIVE"}


def arguments(case: dict[str, Any]) -> list[str]:
    args = ["--at", str(case["at"])]
    for option, key in (
        ("--nonce", "nonce"),
        ("--root-purpose", "root_purpose"),
        ("--pin", "pin"),
    ):
        if key in case:
            args += [option, case[key]]
    for option, key in (
        ("--policy", "policies"),
        ("--root", "roots"),
        ("--reference", "references"),
        ("--certificates", "certificates"),
        ("--crl", "crls"),
    ):
        for name in case.get(key, []):
            args += [option, name]
    if case.get("require_crls"):
        args.append("--require-crls")
    for part, names in case.get("parts", {}).items():
        for name in names if isinstance(names, list) else [names]:
            args += ["--" + part.replace("_", "-"), name]
    return args + ([case["proof"]] if "proof" in case else [])


def run(tool: Path, args: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    # No policy of this machine's user may join in.
    env = {"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [str(tool), *args],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=env,
        timeout=60,
    )


def check_json(case: dict[str, Any], account: dict[str, Any]) -> list[str]:
    expect = case["expect"]
    wrong = [
        f"{step} {account['steps'][step]}, expected {status}"
        for step, status in expect["steps"].items()
        if account["steps"][step] != status
    ]
    for event in expect.get("events", []):
        told = {
            e["proven"] for e in account["events"] if event["text"] in e.get("text", "")
        }
        if told != {event["proven"]}:
            wrong.append(
                f"events with {event['text']!r} are proven: {told or 'none is told'}, expected {event['proven']}"
            )
    for statement in expect.get("software", []):
        told = {
            s["proven"] for s in account["software"] if s["what"] == statement["what"]
        }
        if told != {statement["proven"]}:
            wrong.append(
                f"statements of {statement['what']} are proven: {told or 'none is told'}, expected {statement['proven']}"
            )
    if account["verdict"] != expect["verdict"]:
        wrong.append(f"verdict {account['verdict']}")
    if account["pin"] is not None and account["verdict"] != "verified":
        wrong.append("a pin without a verified proof")
    if account["verdict"] == "refused" and not any(
        f["severity"] == "error" for f in account["findings"]
    ):
        wrong.append("refused without an error")
    return wrong


def check_text(case: dict[str, Any], text: str) -> list[str]:
    expect = case["expect"]
    wrong = (
        []
        if text.startswith(WORDS[expect["verdict"]] + "  ")
        else ["the text does not begin with the verdict"]
    )
    if "\033" in text:
        wrong.append("colours without a terminal")
    return wrong + [
        f"the text lacks {message!r}"
        for message in expect.get("messages", [])
        if message not in text
    ]


def check(tool: Path, folder: Path) -> str:
    """What is wrong with the case, or an empty string."""
    case = json.loads((folder / "case.json").read_text())
    args = arguments(case)
    machine, people = run(tool, ["--json", *args], folder), run(tool, args, folder)
    wrong = [
        f"exit {r.returncode}, expected {case['expect']['exit']}"
        for r in (machine, people)
        if r.returncode != case["expect"]["exit"]
    ]
    if case["expect"]["exit"] == 2:
        if not people.stderr.startswith("attest-verify: ") or people.stdout:
            wrong.append("a usage error without a message")
    elif not wrong:
        if machine.stderr or people.stderr:
            wrong.append(f"unexpected on stderr: {machine.stderr}{people.stderr}")
        if machine.stdout.count("\n") != 1:
            wrong.append("not one line of JSON")
        wrong += check_json(case, json.loads(machine.stdout)) + check_text(
            case, people.stdout
        )
    return "; ".join(wrong)


def main() -> int:
    tool = Path(sys.argv[1]).resolve() / "attest-verify"
    every = sorted(path.parent for path in CASES.glob("*/case.json"))
    # The exporter value of a TLS session is no option of a command.
    folders = [
        folder
        for folder in every
        if "tls_exporter" not in json.loads((folder / "case.json").read_text())
    ]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda folder: check(tool, folder), folders))
    for folder, wrong in zip(folders, results, strict=True):
        if wrong:
            print(f"FAILED {folder.name}: {wrong}")
    failed = sum(bool(wrong) for wrong in results)
    skipped = len(every) - len(folders)
    print(
        f"cases on the command line: {len(results) - failed} passed, {failed} failed, {skipped} skipped (of a TLS session)"
    )
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())

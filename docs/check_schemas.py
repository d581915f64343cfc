"""Hold the JSON Schemas of docs/ against the test cases and against what attest-verify prints.

Usage: check_schemas.py ROOT BUILD   (the source tree, and the folder that holds attest-verify)

A proof or policy that the code reads must satisfy its schema, one that it refuses to read must not, and every line of
`attest-verify --json` must satisfy the result schema and hold no member that the schema does not describe. The examples of
docs/policy.md must be policies to both, and docs/events.md must have a rule for every statement of a result. Needs
python3-jsonschema. Exits with 1 and says what is wrong if anything is, with 2 if it cannot run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

try:
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
except ImportError:
    print("check_schemas: python3-jsonschema is missing", file=sys.stderr)
    sys.exit(2)

Json = Any

PROOF_FORMAT = "libattest-proof-v1"
EXIT_USAGE = 2
# Refused by the parse step for what a schema, or Python's reading of it, cannot express.
BEYOND_A_SCHEMA = {
    "parse-base64-newline": "$ also matches before a last newline in Python",
    "parse-log-pcr-real": "14.0 is an integer to JSON Schema",
    "parse-lone-surrogate": "Python reads a lone surrogate",
    "parse-pem-bad-base64": "the lines of a PEM block as a whole",
}


@dataclass
class Tally:
    passed: int = 0
    failures: list[str] = field(default_factory=list)

    def check(self, what: str, error: str | None) -> None:
        if error is None:
            self.passed += 1
        else:
            self.failures.append(f"{what}: {error}")


class NotStrictError(ValueError):
    """A text that the code refuses before its members are looked at."""


def _pairs(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrictError("duplicate key")
    if any("\0" in text for pair in pairs for text in pair if isinstance(text, str)):
        raise NotStrictError("NUL")
    return members


def _constant(name: str) -> Json:
    raise NotStrictError(name)


def read_strict(path: Path) -> Json:
    """None where the file is not strict JSON."""
    try:
        return json.loads(path.read_bytes().decode(), object_pairs_hook=_pairs, parse_constant=_constant)
    except (ValueError, RecursionError):
        return None


def depth(value: Json) -> int:
    if isinstance(value, dict | list):
        members = value.values() if isinstance(value, dict) else value
        return 1 + max(map(depth, members), default=0)
    return 0


def first_error(validator: Draft202012Validator, value: Json) -> str | None:
    errors = sorted(validator.iter_errors(value), key=lambda error: list(map(str, error.absolute_path)))
    return None if not errors else f"{errors[0].json_path}: {errors[0].message[:300]}"


def refusal(validator: Draft202012Validator, value: Json) -> str | None:
    return "the schema accepts what the code refuses" if first_error(validator, value) is None else None


def closed(schema: Json) -> Json:
    """The same schema for this version alone: objects that list their members have no others, and examples are all there are."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {key: closed(value) for key, value in schema.items()}
    if "title" in schema and "properties" in schema:
        copy["additionalProperties"] = False
    if "examples" in schema:
        copy["enum"] = schema["examples"]
    return copy


def load_schemas(root: Path, tally: Tally) -> dict[str, Draft202012Validator]:
    validators = {}
    for name in ("proof", "policy", "result"):
        schema = json.loads((root / "docs" / f"{name}.schema.json").read_text())
        Draft202012Validator.check_schema(schema)
        validators[name] = Draft202012Validator(closed(schema) if name == "result" else schema)
        tally.check(name, None)
    return validators


def command(program: Path, folder: Path, case: Json) -> list[str]:
    args = [str(program), "--json", "--at", str(case["at"])]
    if "root_purpose" in case:
        args += ["--root-purpose", case["root_purpose"]]
    for root in case.get("roots", []):
        args += ["--root", str(folder / root)]
    for option, key in (("--policy", "policies"), ("--reference", "references"), ("--certificates", "certificates"), ("--crl", "crls")):
        for name in case.get(key, []):
            args += [option, str(folder / name)]
    for member in ("nonce", "pin"):
        if member in case:
            args += [f"--{member}", case[member]]
    if case.get("require_crls"):
        args.append("--require-crls")
    if "proof" in case:
        return [*args, str(folder / case["proof"])]
    for part, names in case["parts"].items():
        for name in names if isinstance(names, list) else [names]:
            args += [f"--{part.replace('_', '-')}", str(folder / name)]
    return args


def run(args: list[str], data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "ATTEST_POLICY": "", "XDG_CONFIG_HOME": "", "HOME": "/nonexistent"}
    return subprocess.run(args, input=data, capture_output=True, check=False, env=env)


def check_proof(name: str, path: Path, read: bool, validator: Draft202012Validator, tally: Tally) -> None:
    """`read`: whether the parse step passes."""
    proof = read_strict(path)
    if not isinstance(proof, dict) or proof.get("format") != PROOF_FORMAT or depth(proof) > 32:
        if read and proof is None:
            tally.check(f"{name}: {path.name}", "read by the code, and not strict JSON")
    elif read:
        tally.check(f"{name}: {path.name}", first_error(validator, proof))
    elif name not in BEYOND_A_SCHEMA:
        tally.check(f"{name}: {path.name}", refusal(validator, proof))


def check_policy(name: str, path: Path, read: bool, validator: Draft202012Validator, tally: Tally) -> None:
    policy = read_strict(path)
    if read:
        tally.check(f"{name}: {path.name}", first_error(validator, policy))
    elif policy is not None:
        tally.check(f"{name}: {path.name}", refusal(validator, policy))


def check_output(name: str, done: subprocess.CompletedProcess[bytes], validator: Draft202012Validator, tally: Tally) -> None:
    lines = done.stdout.splitlines()
    if len(lines) != 1:
        tally.check(f"{name}: --json", f"exit {done.returncode}, {len(lines)} lines; {done.stderr.decode(errors='replace')[:200]}")
    else:
        tally.check(f"{name}: --json", first_error(validator, json.loads(lines[0])))


def cases(root: Path) -> Iterator[tuple[Path, Json]]:
    for path in sorted((root / "tests" / "cases").glob("*/case.json")):
        yield path.parent, json.loads(path.read_text())


def check_cases(root: Path, program: Path, validators: dict[str, Draft202012Validator], tally: Tally) -> None:
    found = list(cases(root))
    readable = [(folder, case) for folder, case in found if case["expect"]["exit"] != EXIT_USAGE]
    for folder, case in found:
        usage = case["expect"]["exit"] == EXIT_USAGE
        if "proof" in case:
            read = usage or case["expect"]["steps"]["parse"] == "passed"
            check_proof(folder.name, folder / case["proof"], read, validators["proof"], tally)
        for policy in case.get("policies", []):
            check_policy(folder.name, folder / policy, not usage, validators["policy"], tally)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(run, [command(program, folder, case) for folder, case in readable])
        for (folder, _), output in zip(readable, done, strict=True):
            check_output(folder.name, output, validators["result"], tally)
    if not found:
        tally.check("tests/cases", "there are no cases")


def check_demo(root: Path, program: Path, validators: dict[str, Draft202012Validator], tally: Tally) -> None:
    demo = root / "testdata" / "demo"
    check_proof("demo", demo / "proof.json", True, validators["proof"], tally)
    for proof, policy in (("proof.json", "policy.json"), ("blindllama.json", "blindllama-golden.json")):
        check_policy("demo", demo / policy, True, validators["policy"], tally)
        args = [str(program), "--json", "--root", str(demo / "root.pem"), "--policy", str(demo / policy), str(demo / proof)]
        check_output(f"demo: {proof}", run(args), validators["result"], tally)


def check_examples(root: Path, program: Path, validators: dict[str, Draft202012Validator], tally: Tally) -> None:
    """The policies of docs/policy.md, each given to attest-verify together with the demo proof."""
    demo = root / "testdata" / "demo"
    blocks = re.findall(r"^```json\n(.*?)^```$", (root / "docs" / "policy.md").read_text(), re.MULTILINE | re.DOTALL)
    for number, text in enumerate(blocks):
        tally.check(f"docs/policy.md, example {number}", first_error(validators["policy"], json.loads(text)))
        args = [str(program), "--json", "--root", str(demo / "root.pem"), "--policy", "-", str(demo / "proof.json")]
        check_output(f"docs/policy.md, example {number}", run(args, text.encode()), validators["result"], tally)
    if not blocks:
        tally.check("docs/policy.md", "there are no examples")


def check_ids(root: Path, tally: Tally) -> None:
    """docs/events.md has a rule for every statement that a result can hold, and for no other."""
    schema = json.loads((root / "docs" / "result.schema.json").read_text())
    ids = set(schema["$defs"]["software"]["properties"]["what"]["examples"])
    table = (root / "docs" / "events.md").read_text().partition("## What the events say")[2].partition("\n## ")[0]
    first_cells = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    told = set(re.findall(r"`([a-z_.-]+)`", " ".join(first_cells)))
    for name in sorted(ids ^ told):
        tally.check(f"docs/events.md: {name}", "not both in its table and in result.schema.json")
    tally.check("docs/events.md: statements", None if ids else "the schema has none")


def main() -> int:
    if len(sys.argv) != 3:
        print("Usage: check_schemas.py ROOT BUILD", file=sys.stderr)
        return 2
    root, program = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve() / "attest-verify"
    if not program.exists():
        print(f"check_schemas: {program}: not built", file=sys.stderr)
        return 2
    tally = Tally()
    validators = load_schemas(root, tally)
    check_demo(root, program, validators, tally)
    check_examples(root, program, validators, tally)
    check_cases(root, program, validators, tally)
    check_ids(root, tally)
    for failure in tally.failures:
        print(f"FAILED {failure}")
    print(f"schemas: {tally.passed} passed, {len(tally.failures)} failed")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())

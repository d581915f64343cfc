#!/usr/bin/python3
"""Write into the case files what refusals say now. Usage: explanations.py BUILD, after `make BUILD/tests/cases`

The tests hold refusals to these words, so read the difference before it is committed: would a reader who has never seen the code
know what is wrong, where, and what to do? `make testdata` keeps them. "*" stands for what each generation makes anew.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from proof import dump

CASES = Path(__file__).resolve().parent.parent / "tests" / "cases"
# Digests, keys and pins, and places behind what differs in length: a signature, a time.
ANEW = re.compile(r"\b[0-9a-f]{16,}|\b[A-Za-z0-9+/]{43}=|(?<=offset )\d{4,}")


def recorded(name: str) -> Any:
    """The explanations of a case that is there already, or None."""
    path = CASES / name / "case.json"
    return json.loads(path.read_text())["expect"].get("explanations") if path.exists() else None


def starred(told: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{key: ANEW.sub("*", text) for key, text in one.items()} for one in told]


def record(name: str, told: list[dict[str, str]]) -> None:
    path = CASES / name / "case.json"
    case = json.loads(path.read_text())
    case["expect"]["explanations"] = starred(told)
    path.write_bytes(dump(case))


def main() -> None:
    done = subprocess.run([Path(sys.argv[1]) / "tests/cases", "--explain", CASES], capture_output=True, check=True)
    for name, told in json.loads(done.stdout).items():
        if told:
            record(name, told)


if __name__ == "__main__":
    main()

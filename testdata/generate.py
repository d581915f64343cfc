#!/usr/bin/python3
"""Make all test data anew: certificates, cases and the demo (`make testdata`).

Needs swtpm, tpm2-tools, python3-cryptography and, for the real boots, what `.ci/packages machine` names. Private keys live in
memory or in a temporary folder and are gone afterwards; what is written are certificates and evidence. Owns testdata/ca,
testdata/demo, testdata/boot and tests/cases whole.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.dont_write_bytecode = True
warnings.filterwarnings("ignore", message="(SHA1|MD5) signatures are deprecated")

import case as cases  # noqa: E402
import demo  # noqa: E402
import explanations  # noqa: E402
from lab import Lab  # noqa: E402
from proof import Files  # noqa: E402
from tables import TABLES  # noqa: E402
from tpm import Tpm  # noqa: E402

HERE = Path(__file__).resolve().parent
CASES = HERE.parent / "tests" / "cases"


def temporary() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="libattest-testdata-")


def make_cases(lab: Lab) -> dict[str, Files]:
    folders: dict[str, Files] = {}
    for name, table in TABLES:
        made = [make_case(lab, folders, table, row) for row in table.rows]
        report(f"{name}: {', '.join(made)}")
    return folders


def make_case(lab: Lab, folders: dict[str, Files], table: cases.Table, row: cases.Row) -> str:
    if row.name in folders:
        raise ValueError(f"two cases are called {row.name}")
    case = table.base(lab)
    if row.change:
        row.change(lab, case)
    folders[row.name] = cases.write(case, row, table.fails, explanations.recorded(row.name))
    return row.name


def certificates(lab: Lab) -> Files:
    """The anchors that cases name, and the intermediates of the good chains."""
    files = {f"{name}.pem": root.pem.encode() for name, root in lab.roots.items()}
    for name, hierarchy in lab.hierarchies.items():
        files[f"{name}-intermediate.pem"] = hierarchy.intermediate.pem.encode()
    return files


def replace_folder(folder: Path, files: Files) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def report(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    start = time.monotonic()
    with temporary() as folder, temporary() as workshop, Tpm(Path(folder)) as tpm:
        report("keys and authorities")
        lab = Lab(tpm)
        report("real boots")
        lab.boot_machines(Path(workshop))
        folders = make_cases(lab)
        demo_files, references = demo.make(lab), demo.references(lab)
    # Everything is made before anything is replaced: a failure leaves the old data whole.
    replace_folder(HERE / "ca", certificates(lab))
    replace_folder(HERE / "demo", demo_files)
    replace_folder(HERE / "boot", references)
    replace_folder(CASES, {f"{case}/{name}": data for case, files in folders.items() for name, data in files.items()})
    report(f"{len(folders)} cases in {time.monotonic() - start:.1f} s")


if __name__ == "__main__":
    main()

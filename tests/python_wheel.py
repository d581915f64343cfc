# SPDX-License-Identifier: Apache-2.0
"""Usage: python_wheel.py BUILD    What becomes of the wheel in BUILD/wheel where nothing else of ours is.

It is installed into empty environments of every Python that is found here, and the package is built against an installed
libattest, as by somebody who has no checkout.
"""

from __future__ import annotations

import email
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
C_LIBRARY = re.compile(r"(libc|libm|libdl|libpthread|ld-linux[-\w]*)\.so\.\d+")
OURS = re.compile(r"/(lib(?:attest|tss2|jansson)[^/]*\.so[^/]*|_native\.abi3\.so)$")
BUNDLED = {"libcrypto", "libjansson", "libtss2-mu"}
LICENSES = {"LICENSE", "libjansson4.copyright", "libssl3.copyright", "libtss2-mu0.copyright"}
# A verdict takes every library that is in the wheel.
VERIFY = """
import libattest
demo = "testdata/demo/"
print(libattest.verify(demo + "proof.json", policy=demo + "policy.json", roots=demo + "root.pem", at="2026-06-01").verdict)
"""
MAPS = VERIFY + 'print("".join(open("/proc/self/maps")))'


class Skip(Exception):
    """A check that cannot run here, and why."""


class Wrong(Exception):
    """What a check found."""


def demand(condition: bool, text: str) -> None:
    if not condition:
        raise Wrong(text)


def run(*command: str | Path, **options: str) -> str:
    """Output of a command that must succeed; run where the paths of examples begin."""
    done = attempt(*command, **options)
    if done.returncode != 0:
        raise Wrong(f"{' '.join(str(word)[:80] for word in command)} failed: {' '.join(done.stderr.split())[-600:]}")
    return done.stdout


def attempt(*command: str | Path, **options: str) -> subprocess.CompletedProcess[str]:
    unset = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHONPATH", "LD_LIBRARY_PATH", "LIBATTEST_SYSTEM", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment.update(PYTHONDONTWRITEBYTECODE="1", **options)
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, env=environment, cwd=ROOT)


def interpreter(version: str) -> str:
    """A Python of this version: of the PATH, or of pyenv."""
    folders = sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(f"versions/{version}.*"))
    for path in (f"python{version}", *(str(folder / "bin" / "python3") for folder in folders)):
        done = attempt(path, "--version") if shutil.which(path) else None
        if done and done.stdout.startswith(f"Python {version}."):
            return path
    raise Skip(f"there is no Python {version} here")


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if "__pycache__" not in path.parts}


class Place:
    """The wheel, environments without anything else, and the tools that fill them."""

    def __init__(self, build: Path, folder: Path) -> None:
        self.build, self.folder = build, folder
        wheels = list((build / "wheel").glob("*.whl"))
        demand(len(wheels) == 1, f"build/wheel holds {[path.name for path in wheels]}")
        self.wheel = wheels[0]
        self.tools = build / "wheel-venv" / "bin" / "python"

    def environment(self, python: str | Path) -> Path:
        """The Python of a new virtual environment, which has nothing in it, not even pip."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        run(python, "-m", "venv", "--without-pip", folder)
        return folder / "bin" / "python"

    def pip(self, python: Path, *arguments: str | Path, **options: str) -> str:
        return run(self.tools, "-m", "pip", "-q", "--python", python, *arguments, **options)

    def installed(self, python: str | Path) -> Path:
        own = self.environment(python)
        self.pip(own, "install", self.wheel)
        return own

    @cached_property
    def prefix(self) -> Path:
        """Where libattest is installed, as a system has it."""
        prefix = self.folder / "prefix"
        run("make", "--no-print-directory", f"BUILD={self.build}", f"PREFIX={prefix}", "DESTDIR=", "install")
        return prefix

    @cached_property
    def python(self) -> Path:
        """Of an environment that has the wheel, for checks that leave it as it is."""
        return self.installed(sys.executable)


def named(place: Place) -> None:
    demand(
        re.fullmatch(r"libattest-[\d.]+-cp310-abi3-manylinux_2_\d+_\w+\.whl", place.wheel.name) is not None,
        f"the wheel is called {place.wheel.name}",
    )


def contents(place: Place) -> None:
    with zipfile.ZipFile(place.wheel) as wheel:
        names = set(wheel.namelist())
    top = {name.split("/")[0] for name in names}
    demand(top == {"libattest", "libattest.libs", next(n for n in top if n.endswith(".dist-info"))}, f"it has {sorted(top)}")
    sources = {f"libattest/{path.name}" for path in (ROOT / "python" / "libattest").iterdir() if path.suffix in (".py", ".pyi", ".typed")}
    sources |= {"libattest/py.typed", "libattest/_native.abi3.so"}
    package = {name for name in names if name.startswith("libattest/")}
    demand(package == sources, f"the package in it and its sources differ in {sorted(package ^ sources)}")
    licenses = {name.split("/")[-1] for name in names if "/licenses/" in name}
    demand(licenses == LICENSES, f"the licenses are {sorted(licenses)}")
    libraries = {name.split("/")[1].rpartition("-")[0] for name in names if name.startswith("libattest.libs/")}
    demand(libraries == BUNDLED, f"the libraries are {sorted(libraries)}")


def metadata(place: Place) -> None:
    with zipfile.ZipFile(place.wheel) as wheel:
        text = wheel.read(next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))).decode()
    said = email.message_from_string(text)
    version = re.search(r"^VERSION := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    demand(version is not None and said["Version"] == version[1], f"its version is {said['Version']}")
    demand(said["License-Expression"] == "Apache-2.0" and said["Requires-Python"] == ">=3.10", "license or Python version")
    demand(set(said.get_all("License-File", [])) == LICENSES, "the license files are not those that it names")
    needed = [line for line in said.get_all("Requires-Dist", []) if "extra ==" not in line]
    demand(needed == ["cffi>=1.15"], f"it requires {needed}")
    demand(said["Description-Content-Type"] == "text/markdown" and len(said.get_payload()) > 500, "it has no description")


def imports(version: str) -> Callable[[Place], None]:
    """One wheel for every version: no warning is tolerated, and pip finds nothing missing."""

    def check(place: Place) -> None:
        python = place.installed(interpreter(version))
        run(python, "-W", "error", "-c", "import libattest; [getattr(libattest, name, None) for name in ('Result', 'verify')]")
        demand(run(python, "-W", "error", "-c", VERIFY) == "verified\n", "the demo's proof is not verified")
        place.pip(python, "check")

    return check


def libraries(place: Place) -> None:
    """What the process maps of the libraries that we use is the wheel's."""
    python = place.python
    mapped = {path for path in re.findall(r"(/\S+)$", run(python, "-c", MAPS), re.MULTILINE) if OURS.search(path)}
    foreign = sorted(path for path in mapped if not path.startswith(str(place.folder)))
    demand(len(mapped) == len(BUNDLED), f"mapped are {sorted(mapped)}")
    demand(not foreign, f"of the system are {foreign}")
    package = next(python.parent.parent.glob("lib/python*/site-packages"))
    for library in [package / "libattest" / "_native.abi3.so", *(package / "libattest.libs").iterdir()]:
        for needed in re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-dW", library)):
            known = C_LIBRARY.fullmatch(needed) or (package / "libattest.libs" / needed).exists()
            demand(bool(known), f"{library.name} needs {needed}")


def without_the_system(place: Place) -> None:
    """It works where the system's own libraries cannot be opened."""
    found = re.findall(r"=> (/\S*/lib(?:attest|tss2|jansson)\S*)", run("/sbin/ldconfig", "-p"))
    hidden = sorted({os.path.realpath(path) for path in found})
    if not hidden:
        raise Skip("the system has none of these libraries")
    script = "".join(f"mount --bind /dev/null '{path}' && " for path in hidden)
    inside = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    if attempt(*inside, f"{script}true").returncode != 0:
        raise Skip("no mount namespace can be made here")
    demand(run(*inside, f'{script}exec "$0" "$@"', place.python, "-c", VERIFY) == "verified\n", "the demo's proof is not verified")
    blind = attempt(*inside, f'{script}exec "$0" "$@"', place.build / "attest-verify", "--version")
    demand(blind.returncode != 0, "the system's libraries could still be opened")


def examples(name: str) -> Callable[[Place], None]:
    """Every block of a page that shows a session with Python, in order, in one process."""

    def check(place: Place) -> None:
        blocks = re.findall(r"^```pycon\n(.*?)^```$", (ROOT / name).read_text(), re.MULTILINE | re.DOTALL)
        page = place.folder / Path(name).name
        page.write_text("\n\n".join(blocks))
        told = run(place.python, "-W", "error", "-m", "doctest", "-v", page)
        counts = re.search(r"^(\d+) (?:tests|passed)[ .]", told, re.MULTILINE)
        demand(counts is not None and int(counts[1]) > 1, f"no example of {name} was run: {told[-300:]}")

    return check


def uninstalls(place: Place) -> None:
    python = place.environment(sys.executable)
    environment = python.parent.parent
    place.pip(python, "install", "cffi")
    before = files_below(environment)
    place.pip(python, "install", "--no-deps", place.wheel)
    run(python, "-c", VERIFY)
    demand(len(files_below(environment) - before) > 15, "hardly anything was installed")
    place.pip(python, "uninstall", "-y", "libattest")
    left = files_below(environment) ^ before
    demand(not left, f"pip uninstall leaves {sorted(left)}")


def of_no_machine(place: Place) -> None:
    with zipfile.ZipFile(place.wheel) as wheel:
        for name in wheel.namelist():
            for path in (str(ROOT), tempfile.gettempdir() + "/libattest-"):
                demand(f"{path}".encode() not in wheel.read(name), f"{name} names {path}")


def source_distribution(place: Place) -> None:
    """It brings what builds it."""
    tools, folder = place.environment(sys.executable), place.folder / "sdist"
    place.pip(tools, "install", "setuptools>=77", "cffi")
    make = f"import os, setuptools.build_meta as m; os.chdir('python'); m.build_sdist({str(folder)!r})"
    run(tools, "-c", make)
    python = place.environment(sys.executable)
    place.pip(python, "install", *folder.iterdir(), PKG_CONFIG_PATH=f"{place.prefix}/lib/pkgconfig")
    demand(run(python, "-c", VERIFY, LD_LIBRARY_PATH=f"{place.prefix}/lib") == "verified\n", "the demo's proof is not verified")


def against_the_system(place: Place) -> None:
    """Without a checkout beside it the package is built with the libattest that pkg-config finds, and leaves nothing."""
    prefix, source = place.prefix, place.folder / "source"
    shutil.copytree(ROOT / "python", source, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    before = files_below(source)
    python = place.environment(sys.executable)
    place.pip(python, "install", source, PKG_CONFIG_PATH=f"{prefix}/lib/pkgconfig")
    demand(files_below(source) == before, f"the build leaves {sorted(files_below(source) - before)}")
    module = run(python, "-c", "import libattest._native as n; print(n.__file__)", LD_LIBRARY_PATH=f"{prefix}/lib").strip()
    demand("libattest.so.0" in run("readelf", "-dW", module), "the extension does not need libattest.so.0")
    demand(run(python, "-c", VERIFY, LD_LIBRARY_PATH=f"{prefix}/lib") == "verified\n", "the demo's proof is not verified")


def says_what_is_missing(place: Place) -> None:
    python = place.build / "python-venv" / "bin" / "python"
    for environment, expected in (
        ({"PKG_CONFIG_LIBDIR": "/nonexistent", "PKG_CONFIG_PATH": ""}, "apt-get install libtss2-dev libjansson-dev libssl-dev"),
        ({"PKG_CONFIG_LIBDIR": "/nonexistent", "PKG_CONFIG_PATH": "", "LIBATTEST_SYSTEM": "1"}, "libattest was not found"),
        ({"PATH": str(place.folder), "CC": sys.executable}, "apt-get install pkg-config"),
        ({"CC": "no-such-compiler"}, "apt-get install gcc"),
    ):
        done = attempt(python, ROOT / "python" / "native_build.py", **environment)
        demand(done.returncode == 1 and expected in done.stderr, f"{environment}: {done.stderr[-300:]}")
        demand("Traceback" not in done.stderr, f"{environment}: a traceback")


CHECKS: list[tuple[str, Callable[[Place], None]]] = [
    ("named for Python 3.10 and later and for manylinux", named),
    ("holds the package, its types, libraries and licenses, and no test", contents),
    ("names no folder of the machine that made it", of_no_machine),
    ("its metadata say what it is", metadata),
    *((f"imports and verifies in an empty environment, Python {version}", imports(version)) for version in VERSIONS),
    ("loads its own libraries and C's", libraries),
    ("works where the system's libraries cannot be opened", without_the_system),
    ("README.md: the examples print what they say", examples("README.md")),
    ("python/README.md: the examples print what they say", examples("python/README.md")),
    ("uninstalls", uninstalls),
    ("builds against an installed libattest", against_the_system),
    ("builds from a source distribution", source_distribution),
    ("says what a build lacks", says_what_is_missing),
]


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        return check_all(Place(Path(sys.argv[1]).resolve(), Path(folder)))


def check_all(place: Place) -> int:
    counts = {"ok": 0, "FAIL": 0, "skip": 0}
    for name, check in CHECKS:
        word, why = "ok", ""
        try:
            check(place)
        except Skip as skip:
            word, why = "skip", f": skipped: {skip}"
        except Wrong as wrong:
            word, why = "FAIL", f": {wrong}"
        counts[word] += 1
        print(f"{word:<4} {name}{why}", flush=True)
    print(f"{counts['ok']} passed, {counts['FAIL']} failed" + (f", {counts['skip']} skipped" if counts["skip"] else ""))
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())

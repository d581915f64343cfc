"""How fast attest-server measures weights, against `openssl dgst -sha256` on as many cores.

Usage: weights.py BUILD [MIB]    MIB: size of all files together (1024); they are made in memory where the system has /dev/shm

Both read the same files. openssl hashes them in as many processes at once as there are processors, which is "openssl dgst
times the cores used". The best of three runs counts, taken in turn, since other programs get in the way of all.
"""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FILES = 8
RUNS = 3
MIB = 1 << 20


def fill(folder: Path, mib: int) -> list[Path]:
    paths = [folder / f"part-{i}" for i in range(FILES)]
    for path in paths:
        with open(path, "wb") as out:
            for _ in range(mib // FILES):
                out.write(os.urandom(64) * (MIB // 64))
    return paths


def digest(path: Path) -> int:
    return subprocess.run(["openssl", "dgst", "-sha256", str(path)], stdout=subprocess.DEVNULL, check=False).returncode


def openssl(paths: list[Path]) -> float:
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in pool.map(digest, paths):
            assert done == 0
    return time.monotonic() - start


def server(build: Path, folder: Path) -> float:
    """The time between two lines: with the digest of a small file before, and with that of the weights."""
    small = str(Path(__file__).resolve())
    command = [str(build / "attest-server"), "--demo", "--listen", "127.0.0.1:0"]
    command += ["--measure", f"image={small}", "--measure", f"weights={folder}"]
    begin = 0.0
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith(f"attest-server: {folder}"):
                process.terminate()
                return time.monotonic() - begin
            begin = time.monotonic()
    raise RuntimeError("attest-server measured nothing")


def main() -> int:
    build, mib = Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 1024
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    best = {"openssl": float("inf"), "attest-server": float("inf")}
    with tempfile.TemporaryDirectory(dir=memory) as scratch:
        folder = Path(scratch)
        paths = fill(folder, mib)
        for _ in range(RUNS):
            best["openssl"] = min(best["openssl"], openssl(paths))
            best["attest-server"] = min(best["attest-server"], server(build, folder))
    gib = mib // FILES * FILES / 1024
    for name, seconds in best.items():
        print(f"{name:14} {gib:.1f} GiB in {seconds:.2f} s: {gib / seconds:.2f} GiB/s")
    print(f"attest-server has {best['openssl'] / best['attest-server']:.2f} of openssl dgst -sha256 on {os.cpu_count()} cores")
    return 0


if __name__ == "__main__":
    sys.exit(main())

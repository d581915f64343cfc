"""What a verification costs in Python, against the same library called from C with the same proofs in the same run.

Usage: python.py BUILD    with the Python that has the package (make bench)

C and Python take turns, so that both see the same machine. `fleet`, `first` and `same` are those of bench.c, but that
`first` includes roots in both. `long` has a log of 50,000 events. Threads: how much faster 64 are than one.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from libattest import Root, Verifier

AT = 1780272000
TURNS = 8
THREADS, PROOFS = 64, 12800
KINDS = {"first": (200, "a new verifier, policy and one proof"), "fleet": (200, "an AK certificate never seen")}
KINDS |= {"same": (200, "the same AK certificate, another nonce"), "long": (16, "a log of 50,000 events")}


class Samples:
    def __init__(self, build: Path, folder: Path) -> None:
        self.folder, self.calls = folder, build / "tests" / "bench" / "calls"
        subprocess.run([build / "tests" / "bench" / "bench", "--samples", folder], check=True)
        self.proofs = {kind: (folder / f"{kind}.jsonl").read_bytes().splitlines() for kind in KINDS}
        self.policies = {kind: (folder / ("long-policy.json" if kind == "long" else "policy.json")).read_bytes() for kind in KINDS}
        self.root = (folder / "root.pem").read_bytes()

    def verifier(self, kind: str) -> Verifier:
        return Verifier(self.policies[kind], roots=Root(self.root, "2.23.133.8.3"))

    def c(self, *arguments: object) -> list[float]:
        command = [str(word) for word in (self.calls, self.folder, *arguments)]
        return [float(line) for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()]

    def python(self, kind: str, begin: int, end: int) -> list[float]:
        """Microseconds of processor time of each."""
        shared, proofs, took = self.verifier(kind), self.proofs[kind], []
        shared.verify(proofs[begin % len(proofs)], at=AT)
        for i in range(begin, end):
            proof = proofs[i % len(proofs)]
            start = time.thread_time()
            (self.verifier(kind) if kind == "first" else shared).verify(proof, at=AT)
            took.append((time.thread_time() - start) * 1e6)
        return took

    def seconds(self, n: int, each: int) -> float:
        return seconds(self.verifier("same"), self.proofs["same"], n, each)


def seconds(shared: Verifier, proofs: list[bytes], n: int, each: int, at: int = AT, nonce: str | None = None) -> float:
    """In which `n` threads each decide `each` proofs with one Verifier."""
    shared.verify(proofs[0], at=at, nonce=nonce)
    return seconds_of(lambda i: shared.verify(proofs[i % len(proofs)], at=at, nonce=nonce), n, each)


def seconds_of(do: Callable[[int], object], n: int, each: int) -> float:
    barrier = threading.Barrier(n + 1)

    def work(offset: int) -> None:
        barrier.wait()
        for i in range(each):
            do(offset + i)

    threads = [threading.Thread(target=work, args=(7 * i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    barrier.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start


def compare(samples: Samples, kind: str) -> None:
    n, what = KINDS[kind]
    c: list[float] = []
    python: list[float] = []
    for turn in range(TURNS):
        begin, end = n * turn // TURNS, n * (turn + 1) // TURNS
        c += samples.c(kind, begin, end)
        python += samples.python(kind, begin, end)
    theirs, ours = statistics.median(c), statistics.median(python)
    print(f"{'python':6} {kind}: {what:38} {ours:8.1f} us, C {theirs:8.1f} us: {ours / theirs:.2f}x, {ours - theirs:+.1f} us", flush=True)


def scale(samples: Samples) -> None:
    c: tuple[list[float], list[float]] = ([], [])
    python: tuple[list[float], list[float]] = ([], [])
    for _ in range(3):
        for i, n in enumerate((1, THREADS)):
            c[i].append(samples.c("threads", n, PROOFS // n)[0])
            python[i].append(samples.seconds(n, PROOFS // n))
    theirs, ours = min(c[0]) / min(c[1]), min(python[0]) / min(python[1])
    rate = PROOFS / min(python[1])
    print(f"{'python':6} {THREADS} threads, one Verifier: {rate:.0f} proofs/s, {ours:.2f}x of one thread; C {theirs:.2f}x on {os.cpu_count()} cores")


def scale_hashlib(microseconds: float) -> None:
    """What CPython's GIL leaves to any C function that takes as long: SHA-256 by hashlib, which lets go of it too."""
    data = bytes(1 << 20)
    whole = min(seconds_of(lambda i: hashlib.sha256(data), 1, 20) for _ in range(3)) / 20 * 1e6
    piece = data[: int(len(data) * microseconds / whole)]
    one, many = (min(seconds_of(lambda i: hashlib.sha256(piece), n, PROOFS // n) for _ in range(3)) for n in (1, THREADS))
    print(f"{'python':6} {THREADS} threads, hashlib for {microseconds:.0f} us each: {one / many:.2f}x of one thread")


def scale_boot() -> None:
    """The same for the proof of a machine that has booted: C has more to do between two turns of the GIL."""
    folder = Path(__file__).parent.parent / "cases" / "boot-good"
    case = json.loads((folder / "case.json").read_text())
    shared = Verifier([folder / name for name in case["policies"]], roots=[folder / name for name in case["roots"]])
    proofs, given = [(folder / case["proof"]).read_bytes()], {"at": case["at"], "nonce": case.get("nonce")}
    one, many = (min(seconds(shared, proofs, n, 640 // n, **given) for _ in range(3)) for n in (1, THREADS))
    print(f"{'python':6} {THREADS} threads, with a firmware's log: {640 / many:.0f} proofs/s, {one / many:.2f}x of one thread")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        samples = Samples(Path(sys.argv[1]).resolve(), Path(folder))
        for kind in KINDS:
            compare(samples, kind)
        scale(samples)
        scale_hashlib(120)
        scale_boot()


if __name__ == "__main__":
    main()

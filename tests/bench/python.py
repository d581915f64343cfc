"""What a verification costs in Python, against the same library called from C with the same proofs in the same run.

Usage: python.py BUILD    with the Python that has the package (make bench)

C and Python take turns, so that both see the same machine. `fleet`, `first` and `same` are those of bench.c, but that
`first` includes roots in both. `long` has a log of 50,000 events. Threads: how much faster 64 are than one, beside what as many
processes as there are cores come to.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from libattest import Root, Verifier

AT = 1780272000
TURNS = 16
THREADS = 64
# What works, and what they wait at to begin together.
Kind = tuple[Callable[..., Any], Callable[[int], Any]]
FORK = multiprocessing.get_context("fork")
THREAD: Kind = (threading.Thread, threading.Barrier)
PROCESS: Kind = (FORK.Process, FORK.Barrier)
KINDS = {"first": (400, "a new verifier, policy and one proof"), "fleet": (400, "an AK certificate never seen")}
KINDS |= {"same": (400, "the same AK certificate, another nonce"), "long": (16, "a log of 50,000 events")}


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


def seconds(kind: Kind, n: int, each: int, shared: Verifier, proofs: list[bytes], at: int, nonce: str | None) -> float:
    """In which `n` threads or processes each decide `each` proofs with one Verifier."""
    worker, barrier_of = kind
    barrier = barrier_of(n + 1)

    def work(offset: int) -> None:
        shared.verify(proofs[0], at=at, nonce=nonce)
        barrier.wait()
        for i in range(each):
            shared.verify(proofs[(offset + i) % len(proofs)], at=at, nonce=nonce)

    workers = [worker(target=work, args=(7 * i,)) for i in range(n)]
    for each_worker in workers:
        each_worker.start()
    barrier.wait()
    start = time.perf_counter()
    for each_worker in workers:
        each_worker.join()
    return time.perf_counter() - start


def compare(samples: Samples, kind: str) -> None:
    """Turn by turn, since a machine that others use is now faster and now slower."""
    n, what = KINDS[kind]
    turns: list[tuple[float, float]] = []
    for turn in range(TURNS):
        begin, end = n * turn // TURNS, n * (turn + 1) // TURNS
        turns.append((statistics.median(samples.c(kind, begin, end)), statistics.median(samples.python(kind, begin, end))))
    theirs, ours = (statistics.median(took) for took in zip(*turns, strict=True))
    ratio, more = statistics.median(py / c for c, py in turns), statistics.median(py - c for c, py in turns)
    print(f"{'python':6} {kind}: {what:38} {ours:8.1f} us, C {theirs:8.1f} us: {ratio:.2f}x, {more:+.1f} us", flush=True)


def scale(what: str, n: int, shared: Verifier, proofs: list[bytes], at: int = AT, nonce: str | None = None) -> None:
    """`n` proofs with one thread, with THREADS, and with a process for each core, in turns."""
    cores = os.cpu_count() or 1
    took: list[tuple[float, float, float]] = []
    for _ in range(TURNS):
        one = seconds(THREAD, 1, n // 4, shared, proofs, at, nonce) * 4
        many = seconds(THREAD, THREADS, n // THREADS, shared, proofs, at, nonce)
        took.append((one, many, seconds(PROCESS, cores, n // cores, shared, proofs, at, nonce)))
    one, many, processes = (statistics.median(times) for times in zip(*took, strict=True))
    print(
        f"{'python':6} {THREADS} threads, one Verifier, {what}: {n / many:.0f} proofs/s, {one / many:.2f}x of one thread; "
        f"a process for each of {cores} cores {one / processes:.2f}x",
        flush=True,
    )


def scale_boot() -> None:
    """The proof of a machine that has booted: C has more to do between two turns of the GIL."""
    folder = Path(__file__).parent.parent / "cases" / "boot-good"
    case = json.loads((folder / "case.json").read_text())
    shared = Verifier([folder / name for name in case["policies"]], roots=[folder / name for name in case["roots"]])
    scale("with a firmware's log", 1920, shared, [(folder / case["proof"]).read_bytes()], case["at"], case.get("nonce"))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        samples = Samples(Path(sys.argv[1]).resolve(), Path(folder))
        for kind in KINDS:
            compare(samples, kind)
        scale("the smallest proof", 6400, samples.verifier("same"), samples.proofs["same"])
        scale_boot()


if __name__ == "__main__":
    main()

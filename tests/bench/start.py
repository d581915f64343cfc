"""Start-up of attest-verify deciding one proof, against an empty program that links libcrypto; and its peak memory."""

from __future__ import annotations

import os
import statistics
import sys
import time

ROUNDS = 200


def run(command: list[str]) -> tuple[float, int]:
    """Wall time in milliseconds and peak resident memory in KiB of one run."""
    null = os.open(os.devnull, os.O_WRONLY)
    begin = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
    _, status, usage = os.wait4(pid, 0)
    took = (time.perf_counter() - begin) * 1000
    os.close(null)
    if status != 0:
        sys.exit(f"{command[0]} ended with status {status}")
    return took, usage.ru_maxrss


def main() -> None:
    build = sys.argv[1]
    demo = "testdata/demo"
    tool = [f"{build}/attest-verify", "--at", "2026-06-01", "--root", f"{demo}/root.pem", "--policy", f"{demo}/blindllama-golden.json"]
    commands = [[f"{build}/tests/bench/empty"], [*tool, f"{demo}/blindllama.json"]]
    samples: list[list[tuple[float, int]]] = [[], []]
    for _ in range(ROUNDS):  # in turn, so that both see the same machine
        for i, command in enumerate(commands):
            samples[i].append(run(command))
    empty, ours = (statistics.median(took for took, _ in s) for s in samples)
    print(f"{'start':6} {'the tool decides one proof':44} {ours:7.2f} ms, empty {empty:6.2f} ms: {ours / empty:.1f}x")
    peak = max(memory for _, memory in samples[1]) / 1024
    print(f"{'memory':6} {'peak for one proof':44} {peak:7.1f} MiB")


main()

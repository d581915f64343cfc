"""Fresh proofs per second from attest-server, with 1,000 clients asking at once, against the bare quotes of the same TPM.

Usage: quotes.py BUILD [SECONDS]

The bare rate is taken before and after. Every client asks with nonces of its own and counts what is not a proof of his nonce.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLIENTS = 1000

# Each connection of wrk asks with a nonce that nobody has asked with, and every answer must name the last one that was asked.
SCRIPT = """
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init(arguments) math.randomseed(os.time()); pending = {}; wrong = 0; answered = 0 end
function request()
  local nonce = string.format("%08x%08x", math.random(0, 0x7fffffff), math.random(0, 0x7fffffff))
  pending[nonce] = true
  return wrk.format("GET", "/.well-known/attestation?nonce=" .. nonce)
end
function response(status, headers, body)
  local nonce = status == 200 and body:match('"nonce"%s*:%s*"(%x+)"')
  answered = answered + 1
  if not nonce or not pending[nonce] then wrong = wrong + 1 end
  if nonce then pending[nonce] = nil end
end
function done(summary, latency, requests)
  local bad, all = 0, 0
  for _, thread in ipairs(threads) do bad = bad + thread:get("wrong"); all = all + thread:get("answered") end
  io.write(string.format("answered %d wrong %d seconds %f timeouts %d p99 %f\\n", all, bad, summary.duration / 1e6,
    summary.errors.timeout + summary.errors.connect + summary.errors.read + summary.errors.write, latency:percentile(99) / 1e3))
end
"""


def wait_for(path: Path, text: str = "") -> str:
    for _ in range(400):
        if path.exists() and (match := re.search(text, path.read_text() if text else "")):
            return match[0]
        time.sleep(0.05)
    sys.exit(f"{path.name}: nothing came of it: {path.read_text() if path.is_file() else ''}")


@contextmanager
def running(command: list[str | Path], log: Path) -> Iterator[None]:
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, "TSS2_LOG": "all+NONE"})
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def bare(build: Path) -> float:
    """Quotes per second of a TPM of the same kind, one after another and nothing between."""
    done = subprocess.run([build / "tests/server-unit", "--quotes"], check=True, capture_output=True, text=True)
    print("".join(f"quotes   {line}\n" for line in done.stdout.splitlines()), end="", flush=True)
    match = re.search(r"rsa2048: (\d+) quotes/s", done.stdout)
    return float(match[1]) if match else sys.exit(f"no rate: {done.stdout}")


def served(build: Path, folder: Path, seconds: str) -> dict[str, float]:
    script, log = folder / "nonces.lua", folder / "server.log"
    script.write_text(SCRIPT)
    command: list[str | Path] = [build / "attest-server", "--demo", "--listen", "127.0.0.1:0", "--state", folder / "state", "--queue", "1024"]
    with running(command, log):
        url = wait_for(log, r"https://127\.0\.0\.1:\d+")
        wrk = ["wrk", "-t", "1", "-c", str(CLIENTS), "-d", f"{seconds}s", "--timeout", "60s", "-s", str(script), url]
        done = subprocess.run(wrk, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"wrk: {done.stdout}{done.stderr}")
    words = re.findall(r"(answered|wrong|seconds|timeouts|p99) ([\d.]+)", done.stdout)
    return {name: float(value) for name, value in words}


def main() -> None:
    build, seconds = Path(sys.argv[1]).resolve(), sys.argv[2] if len(sys.argv) > 2 else "20"
    with tempfile.TemporaryDirectory() as name:
        before = bare(build)
        counts = served(build, Path(name), seconds)
        floor = (before + bare(build)) / 2
    rate = (counts["answered"] - counts["wrong"]) / counts["seconds"]
    print(f"quotes   {CLIENTS} clients at once: {rate:.0f} fresh proofs/s, {rate / floor:.2f}x of the TPM alone", end="")
    print(f"; wrong {counts['wrong']:.0f}, lost {counts['timeouts']:.0f}, p99 {counts['p99']:.0f} ms")


if __name__ == "__main__":
    main()

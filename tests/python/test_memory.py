"""What could harm memory between Python and C: lifetimes, sizes, threads, interrupts. `make asan` runs it too."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import libattest
import pytest
from libattest import AttestationError, Parts, Policy, Result, Verifier

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "testdata" / "demo"
AT = 1780272000
PROOF = (DEMO / "proof.json").read_bytes()
SANITIZED = "libasan" in os.environ.get("LD_PRELOAD", "")
MOST = 384 << 20


def demo_verifier(**more: Any) -> Verifier:
    return Verifier(DEMO / "policy.json", roots=DEMO / "root.pem", **more)


def everything(result: Result) -> tuple[object, ...]:
    """Every member, so that every pointer of C is followed."""
    lists = (result.findings, result.pcrs, result.events, result.software, result.links)
    return (
        result.verdict,
        result.steps,
        result.facts,
        result.pin,
        *lists,
        result.to_json(),
        result.to_text(verbose=True),
        repr(result),
    )


def decided(call: Callable[[], Result]) -> Result | None:
    """The account, whether it was returned or came with a refusal."""
    try:
        return call()
    except AttestationError as error:
        return error.result


def test_a_result_outlives_its_verifier_and_its_input() -> None:
    proof = bytearray(PROOF)
    verifier = demo_verifier()
    result = verifier.verify(proof, at=AT)
    del verifier
    proof[:] = b"x" * len(proof)
    gc.collect()
    assert everything(result) == everything(demo_verifier().verify(PROOF, at=AT))


def test_accounts_can_be_read_after_everything_else_is_gone() -> None:
    proofs = sorted((ROOT / "tests" / "cases").glob("*-[a-m]*/proof.json"))
    results = [decided(lambda proof=proof: libattest.verify(proof, at=AT)) for proof in proofs]  # type: ignore[misc]
    gc.collect()
    accounts = [everything(result) for result in results if result is not None]
    assert len(accounts) > 200


def test_buffers_live_through_the_call() -> None:
    """Every argument that C gets as pointer and length, made for this call alone."""
    blob = bytes(range(256)) * 64
    parts = Parts(
        quote=blob * 1,
        signature=bytearray(blob),
        pcrs=memoryview(blob),
        ak=blob[:],
        ak_chain=blob[1:],
        logs=[blob[n:] for n in range(8)],
    )
    with pytest.raises(libattest.MalformedProof):
        Verifier().verify(parts)
    verifier = demo_verifier()
    with pytest.raises(libattest.StaleProof) as caught:
        verifier.verify(
            PROOF, at=AT, nonce=b"n" * 64, tls_exporter=b"e" * 32, certificates=[(DEMO / "root.pem").read_bytes()] * 16
        )
    assert caught.value.result is not None and everything(caught.value.result)
    with pytest.raises(AttestationError):
        verifier.verify(PROOF, at=AT, crls=[blob] * 4)


def test_errors_of_any_length_fit() -> None:
    """struct attest_error has arrays of fixed size: what is longer, or no UTF-8, must neither run over nor raise."""
    for name in ("x", "é" * 400, "\N{PILE OF POO}" * 200, "a" + "ü" * 500, "\ud800" * 300):
        with pytest.raises(libattest.InvalidPolicy) as caught:
            Policy(b'{"format": "libattest-policy-v1", "' + name.encode("utf-8", "surrogatepass") + b'": 1}', name)
        assert str(caught.value)
        with pytest.raises(AttestationError):
            libattest.verify('{"' + name.encode("ascii", "backslashreplace").decode() + '": []}')


WRONG: list[Any] = [
    None,
    True,
    -1,
    2**63,
    -(2**63),
    2**200,
    1.5,
    float("nan"),
    "",
    "\0",
    "\ud800",
    "{",
    "{}",
    b"",
    b"\0",
    b"{}",
    [],
    [[]],
    (),
    {},
]
WRONG += [
    {1: 2},
    {"a": float("inf")},
    {"a": object()},
    object(),
    Verifier,
    lambda: None,
    bytearray(),
    memoryview(b"abc")[::2],
    Path("/nonexistent"),
]
ALLOWED = (AttestationError, TypeError, ValueError, OSError)

CALLS: dict[str, Callable[[Any], object]] = {
    "proof": lambda x: libattest.verify(x, at=AT),
    "policy": lambda x: libattest.verify(PROOF, policy=x, at=AT),
    "roots": lambda x: libattest.verify(PROOF, roots=x, at=AT),
    "nonce": lambda x: libattest.verify(PROOF, nonce=x, at=AT),
    "at": lambda x: libattest.verify(PROOF, at=x),
    "tls_pin": lambda x: libattest.verify(PROOF, tls_pin=x, at=AT),
    "root_purpose": lambda x: libattest.Root(DEMO / "root.pem", x),
    "reference": lambda x: Verifier(reference=x),
    "tls_exporter": lambda x: Verifier().verify(PROOF, tls_exporter=x, at=AT),
    "certificates": lambda x: Verifier().verify(PROOF, certificates=x, at=AT),
    "crls": lambda x: Verifier().verify(PROOF, crls=x, at=AT),
    "quote": lambda x: Verifier().verify(Parts(x, x, x), at=AT),
    "ak": lambda x: Verifier().verify(Parts(b"q", b"s", b"p", ak=x, ak_chain=x, logs=x), at=AT),
    "load": Policy.load,
    "Policy": Policy,
    "pin_of": libattest.pin_of,
    "inspect": libattest.inspect,
    "pcr": lambda x: libattest.inspect(PROOF, pcr=x),
    "max_events": lambda x: libattest.inspect(PROOF, max_events=x),
    "compare": lambda x: libattest.compare(PROOF, x),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_argument_is_an_exception(name: str) -> None:
    for value in WRONG:
        try:
            CALLS[name](value)
        except ALLOWED as error:
            assert str(error), (value, error)


def test_huge_inputs() -> None:
    """Only what is too long; what fits is the C tests' matter."""
    huge = bytes(MOST + 1)
    for call in (libattest.verify, Policy, libattest.inspect):
        with pytest.raises(AttestationError) as caught:
            call(huge)
        assert caught.value.status in (
            "ATTEST_E_LIMIT",
            "ATTEST_E_POLICY_INVALID",
            "ATTEST_E_STRUCTURE",
            "ATTEST_E_JSON",
        )


def test_a_huge_file(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(MOST + 2)
    with pytest.raises(AttestationError):
        libattest.verify(path)


def test_a_path_that_is_no_text(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\xfe.json"
    Path(os.fsdecode(path)).write_bytes(PROOF)
    for name in (Path(os.fsdecode(path)), os.fsdecode(path)):
        result = demo_verifier().verify(name, at=AT)
        assert "\\" in result.to_text() and result.verified
    with pytest.raises(AttestationError):
        libattest.verify(PROOF, policy=Path(os.fsdecode(path)), at=AT)


def test_results_cross_threads() -> None:
    """Made by one thread, read by another, freed by whoever lets go last."""
    verifier = demo_verifier()
    bad = PROOF.replace(b'"sha256"', b'"sha384"')

    def work(n: int) -> Result | None:
        return decided(lambda: verifier.verify(bad if n % 3 == 0 else PROOF, at=AT))

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(work, range(96)))
    good = [r for r in results if r is not None and r.verified]
    del results
    with ThreadPoolExecutor(16) as pool:
        accounts = list(pool.map(everything, good * 2))
    assert len(good) == 64 and all(account[0] == "verified" for account in accounts)


def test_a_verifier_is_let_go_while_others_use_it() -> None:
    holder = [demo_verifier()]
    barrier = threading.Barrier(9)

    def work() -> bool:
        verifier = holder[0]
        barrier.wait()
        return verifier.verify(PROOF, at=AT).verified

    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(work) for _ in range(8)]
        barrier.wait()
        holder.clear()
        gc.collect()
        assert all(future.result() for future in waiting)


INTERRUPTED = """
import signal, sys
import libattest
proof, policy, root = (open(path, "rb").read() for path in sys.argv[1:])
class Stop(BaseException): pass
def stop(*_): raise Stop
signal.signal(signal.SIGALRM, stop)
verifier, done, stopped = libattest.Verifier(policy, roots=root), 0, 0
while stopped < 200:
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.00001 + stopped * 0.00002)
        while True:
            assert verifier.verify(proof, at=1780272000).verified
            done += 1
    except Stop:
        stopped += 1
signal.setitimer(signal.ITIMER_REAL, 0)
assert verifier.verify(proof, at=1780272000).to_json()
print("interrupted", stopped, file=sys.stderr)
"""

LEAKING = """
import sys
import libattest
from libattest._native import ffi, lib
made = ffi.new("char **")
error = ffi.new("struct attest_error *")
proof = open(sys.argv[1], "rb").read()
options = ffi.new("struct attest_inspect_options *", lib.attest_inspect_options_init())
assert lib.attest_inspect(options, proof, len(proof), made, error) == 0
made[0] = ffi.NULL
"""


def child(script: str, *arguments: Path, leaks: bool) -> subprocess.CompletedProcess[str]:
    options = os.environ.get("ASAN_OPTIONS", "") + ("" if leaks else ":detect_leaks=0")
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "ASAN_OPTIONS": options}
    )


def test_calls_that_signals_interrupt() -> None:
    """A signal's exception may come at any instruction, and cost the account in hand: leaks are not sought."""
    done = child(INTERRUPTED, DEMO / "proof.json", DEMO / "policy.json", DEMO / "root.pem", leaks=False)
    assert (done.returncode, done.stderr) == (0, "interrupted 200\n")


@pytest.mark.skipif(not SANITIZED, reason="not sanitized: make asan runs this")
def test_a_leak_would_be_found() -> None:
    done = child(LEAKING, DEMO / "proof.json", leaks=True)
    assert done.returncode != 0 and "attest_inspect" in done.stderr

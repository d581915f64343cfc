"""verify(), Verifier, Policy, pin_of and inspect(): what they take, what they refuse, and how they say it."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import libattest
import pytest
from libattest import AttestationError, InvalidPolicy, MalformedProof, StaleProof, UsageError

ROOT = Path(__file__).parent.parent.parent
DEMO = ROOT / "testdata" / "demo"
AT = "2026-06-01"
NAIVE = datetime(2026, 6, 1)
NONE = "sha256//" + "A" * 43 + "="


@pytest.fixture
def verifier() -> libattest.Verifier:
    return libattest.Verifier(DEMO / "policy.json", roots=DEMO / "root.pem")


@pytest.fixture
def proof() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DEMO / "proof.json").read_text())
    return found


def good(**changed: Any) -> libattest.Result:
    arguments = {"policy": DEMO / "policy.json", "roots": DEMO / "root.pem", "at": AT, **changed}
    return libattest.verify(arguments.pop("proof", DEMO / "proof.json"), **arguments)


def test_what_a_proof_may_be(tmp_path: Path) -> None:
    text = (DEMO / "proof.json").read_text()
    data = text.encode()
    odd = tmp_path / os.fsdecode(b"\xff\xfe.json")
    odd.write_bytes(data)
    (tmp_path / "{.json").write_bytes(data)
    for proof in (
        DEMO / "proof.json",
        str(DEMO / "proof.json"),
        text,
        "\n\t " + text,
        data,
        bytearray(data),
        memoryview(data),
        json.loads(text),
        odd,
        str(odd),
        tmp_path / "{.json",
    ):
        assert good(proof=proof).verified


def test_the_result(verifier: libattest.Verifier, proof: dict[str, Any]) -> None:
    result = verifier.verify(DEMO / "proof.json", at=AT)
    told = json.loads(result.to_json())
    assert (result.verdict, result.status, result.verified) == ("verified", "ATTEST_OK", True)
    assert told["verdict"] == "verified"
    assert list(result.steps) == ["parse", "chain", "ak", "signature", "quote", "nonce", "pcrs", "log", "policy", "tls"]
    assert dict(result.steps) == told["steps"]
    assert result.pin == told["pin"] == libattest.pin_of(proof["tls"]["public_key"])
    values = {f"{pcr.index}": pcr.value.hex() for pcr in result.pcrs if pcr.bank == 0x0B}
    assert values == proof["quote"]["pcrs"]["sha256"]
    (log,) = (log for log in proof["logs"] if log["pcr"] == 14)
    assert [event.text for event in result.events if event.pcr == 14] == log["events"]
    assert all(event.proven for event in result.events if event.text is not None and event.pcr == 14)
    assert {(s["what"], s["value"]) for s in told["software"]} == {(s.what, s.value) for s in result.software}
    assert result.facts.format == "libattest-proof-v1"
    assert result.facts.tls_pin == result.pin
    assert result.facts.nonce == proof["nonce"]
    assert isinstance(result.facts.clock_safe, bool)
    assert (result.n_events_omitted, result.n_software_omitted) == (0, 0)
    assert [f.status for f in result.findings] == ["ATTEST_E_NONCE"]  # a note: no nonce was given
    assert not result.findings[0].is_error
    assert result.links == ()


def test_the_result_in_words(verifier: libattest.Verifier) -> None:
    result = verifier.verify(DEMO / "proof.json", at=AT)
    assert str(result).startswith(f"VERIFIED  {DEMO / 'proof.json'}\n")
    assert result.to_text("x").startswith("VERIFIED  x\n")
    assert "\033[" in result.to_text(color=True)
    assert len(result.to_text(verbose=True)) > len(result.to_text())
    assert json.loads(result.to_json("x"))["proof"] == "x"
    assert json.loads(result.to_json("\ud800"))["proof"]  # no Unicode, and no crash
    assert repr(result) == f"<libattest.Result {str(DEMO / 'proof.json')!r} verified {result.pin}>"
    unnamed = verifier.verify((DEMO / "proof.json").read_bytes(), at=AT)
    assert repr(unnamed) == f"<libattest.Result verified {result.pin}>"


def test_a_result_cannot_be_changed_or_copied(verifier: libattest.Verifier) -> None:
    result = verifier.verify(DEMO / "proof.json", at=AT)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.verdict = "verified"
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.pcrs[0].index = 3  # type: ignore[misc]
    with pytest.raises(TypeError):
        result.steps["tls"] = "passed"  # type: ignore[index]
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="to_json"):
            attempt(result)


def test_a_result_outlives_its_verifier(proof: dict[str, Any]) -> None:
    verifier = libattest.Verifier(DEMO / "policy.json", roots=DEMO / "root.pem")
    result = verifier.verify(proof, at=AT)
    del verifier
    assert result.verified
    assert result.events
    assert "VERIFIED" in str(result)


def test_html_escapes_what_the_proof_says(proof: dict[str, Any]) -> None:
    proof["logs"][0]["events"][0] = '{"type": "<script>alert(1)</script>", "name": "&"}'
    with pytest.raises(AttestationError) as caught:
        good(proof=proof)
    result = caught.value.result
    assert result is not None
    assert "<script" not in result._repr_html_()
    assert "REFUSED" in result._repr_html_()
    result = good(proof=DEMO / "proof.json")
    object.__setattr__(result, "name", "<b>name</b>")
    page = result._repr_html_()
    assert "<b>name" not in page
    assert "&lt;b&gt;name" in page
    assert result.pin is not None
    assert result.pin in page
    for event in result.events:
        assert event.text is None or '"' not in event.text or event.text not in page  # its quotes are escaped


def test_a_refusal_says_what_and_what_to_do(verifier: libattest.Verifier) -> None:
    with pytest.raises(StaleProof) as caught:
        verifier.verify(DEMO / "proof.json", at=AT, nonce="00ff")
    error = caught.value
    assert error.result is not None
    assert error.result.verdict == "refused"
    assert error.result.pin is None
    assert error.result.facts.tls_pem is None
    assert (error.step, error.status, error.expected) == ("nonce", "ATTEST_E_NONCE", "00ff")
    assert error.found == error.result.facts.nonce
    assert error.clause is not None
    assert "TPM 2.0 Part 2" in error.clause
    text = str(error)
    for part in ("nonce: ", "expected 00ff", f"found {error.found}", "next: ask the machine for a new proof"):
        assert part in text
    assert repr(error.result).endswith("refused ATTEST_E_NONCE failed: nonce>")


def test_without_a_policy_nothing_is_verified() -> None:
    with pytest.raises(libattest.Inconclusive) as caught:
        good(policy=None)
    assert caught.value.result is not None
    assert caught.value.result.verdict == "inconclusive"
    assert caught.value.result.pin is None
    with pytest.raises(libattest.Inconclusive):
        good(policy=[])


def test_nonces(verifier: libattest.Verifier) -> None:
    right = bytes.fromhex(json.loads((DEMO / "proof.json").read_text())["nonce"])
    for given in (right, right.hex(), right.hex().upper(), bytearray(right), memoryview(right)):
        assert verifier.verify(DEMO / "proof.json", at=AT, nonce=given).steps["nonce"] == "passed"
    for wrong in ("", "0", "zz", "00 ff", "0x00", "é", b"", bytes(65), "00" * 65):
        with pytest.raises(UsageError, match="nonce: "):
            verifier.verify(DEMO / "proof.json", nonce=wrong)
    for kind in (5, 1.5, [0], True):
        with pytest.raises(TypeError, match="nonce: "):
            verifier.verify(DEMO / "proof.json", nonce=kind)  # type: ignore[arg-type]


def test_times(verifier: libattest.Verifier) -> None:
    zone = timezone(timedelta(hours=2))
    for at in (None, AT, "2026-06-01T12:00:00Z", 1780272000, datetime(2026, 6, 1, tzinfo=timezone.utc)):
        assert verifier.verify(DEMO / "proof.json", at=at).verified
    for late in ("2034-01-02", 2019686401, datetime(2034, 1, 1, 2, 0, 1, tzinfo=zone), 2**63 - 1):
        with pytest.raises(libattest.UntrustedChain, match="expired"):
            verifier.verify(DEMO / "proof.json", at=late)
    for early in (0, -1, 1 - 2**63, datetime(1, 1, 2, tzinfo=zone)):
        with pytest.raises(libattest.UntrustedChain):
            verifier.verify(DEMO / "proof.json", at=early)
    for wrong in ("yesterday", "", "2026-13-01", "2026-01-01T00:00:00", "2026\0", "²", 2**63, -(2**63), NAIVE):
        with pytest.raises(UsageError, match="at: "):
            verifier.verify(DEMO / "proof.json", at=wrong)
    for kind in (1.5, True, b"2026-06-01", [1]):
        with pytest.raises(TypeError, match="at: "):
            verifier.verify(DEMO / "proof.json", at=kind)  # type: ignore[arg-type]


def test_pins(verifier: libattest.Verifier) -> None:
    pin = good().pin
    assert pin is not None
    assert good(tls_pin=pin).verified
    with pytest.raises(libattest.ChannelMismatch) as caught:
        good(tls_pin=NONE)
    assert (caught.value.expected, caught.value.found) == (NONE, pin)
    for wrong in ("", pin[:-1], pin + "\0", pin + "\0x", pin + "é", "sha256//short"):
        with pytest.raises(UsageError):
            verifier.verify(DEMO / "proof.json", at=AT, tls_pin=wrong)
    with pytest.raises(TypeError, match="tls_pin: "):
        verifier.verify(DEMO / "proof.json", tls_pin=pin.encode())  # type: ignore[arg-type]


def test_pin_of(proof: dict[str, Any]) -> None:
    key = proof["tls"]["public_key"]
    assert libattest.pin_of(key) == libattest.pin_of(key.encode()) == good().pin
    assert libattest.pin_of(DEMO / "root.pem").startswith("sha256//")
    for wrong in (b"", b"x", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", DEMO / "policy.json"):
        with pytest.raises(MalformedProof):
            libattest.pin_of(wrong)
    with pytest.raises(TypeError, match="not NoneType"):
        libattest.pin_of(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [5, 1.5, True, object(), lambda: 0, [1], {1}], ids=repr)
def test_wrong_types(wrong: Any, verifier: libattest.Verifier) -> None:
    with pytest.raises(TypeError, match="proof: a path, bytes, str or dict was expected, not "):
        verifier.verify(wrong)
    for argument in ("roots", "reference", "policy"):
        with pytest.raises(TypeError, match=f"{argument}: a path, bytes.* was expected, not "):
            libattest.Verifier(**{argument: wrong})
    for argument in ("certificates", "crls"):
        with pytest.raises(TypeError, match=f"{argument}: a path, bytes.* was expected, not "):
            verifier.verify(b"{}", **{argument: wrong})
    with pytest.raises(TypeError, match="quote: a path, bytes"):
        verifier.verify(libattest.Parts(wrong, b"", b""))
    with pytest.raises(TypeError, match="tls_exporter: bytes were expected, not "):
        verifier.verify(b"{}", tls_exporter=wrong)
    for function in (libattest.inspect, libattest.pin_of, libattest.Policy.load):
        with pytest.raises(TypeError, match="a path, bytes"):
            function(wrong)


def test_nothing_is_no_proof(verifier: libattest.Verifier) -> None:
    with pytest.raises(TypeError, match=r"proof: .* not NoneType"):
        verifier.verify(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"quote: .* not NoneType"):
        verifier.verify(libattest.Parts(None, b"", b""))  # type: ignore[arg-type]


def test_files_that_cannot_be_read(verifier: libattest.Verifier, tmp_path: Path) -> None:
    for read in (verifier.verify, libattest.inspect, libattest.pin_of, libattest.Policy.load):
        with pytest.raises(FileNotFoundError, match="nowhere"):
            read(tmp_path / "nowhere.json")
        with pytest.raises(IsADirectoryError):
            read(str(tmp_path))
        with pytest.raises(UsageError, match="a path holds no NUL"):
            read("a\0b")
    with pytest.raises(FileNotFoundError):
        libattest.Verifier(roots="nowhere.pem")


def test_a_directory_of_roots(tmp_path: Path) -> None:
    shutil.copy(DEMO / "root.pem", tmp_path / "b.pem")
    (tmp_path / "folder").mkdir()
    assert good(roots=tmp_path).verified
    assert good(roots=[str(tmp_path)]).verified
    (tmp_path / "a.pem").write_text("no certificate")
    with pytest.raises(UsageError, match=r"roots '.*a\.pem': not a DER certificate"):
        good(roots=tmp_path)


def test_whom_to_trust() -> None:
    pem = (DEMO / "root.pem").read_text()
    for roots in (pem, pem.encode(), [pem], (DEMO / "root.pem",), libattest.Root(pem), [libattest.Root(pem, "any")]):
        assert good(roots=roots).verified
    for none in (None, list[str](), ()):
        with pytest.raises(libattest.UntrustedChain):
            good(roots=none)
    with pytest.raises(libattest.UntrustedChain, match="extended key usage"):
        good(roots=libattest.Root(pem, "none"))
    with pytest.raises(UsageError, match="dotted OID"):
        good(roots=libattest.Root(pem, "ak"))
    with pytest.raises(TypeError, match="root_purpose: a str"):
        good(roots=libattest.Root(pem, 5))  # type: ignore[arg-type]
    only = libattest.Verifier(DEMO / "policy.json", roots=pem, default_roots=False)
    assert only.verify(DEMO / "proof.json", at=AT).verified


def test_the_built_in_roots_can_be_left_out() -> None:
    """A proof of a real machine of Azure, which needs no root to be given."""
    sample = ROOT.parent / "shared" / "corpus" / "proofs" / "azure-tl-blindllama-v2"
    if not sample.is_dir():
        pytest.skip("there is no ../shared/corpus")
    proof, policy = sample / "sample_azure_attestation.json", sample / "measurements_azure.json"
    assert libattest.Verifier(policy).verify(proof, at="2024-01-01").facts.platform == "azure"
    with pytest.raises(libattest.UntrustedChain):
        libattest.Verifier(policy, default_roots=False).verify(proof, at="2024-01-01")


def test_policies() -> None:
    text = (DEMO / "policy.json").read_text()
    for policy in (text, text.encode(), json.loads(text), DEMO / "policy.json", [text, DEMO / "policy.json"]):
        assert good(policy=policy).verified
    loaded = libattest.Policy.load(DEMO / "policy.json")
    assert loaded.name == str(DEMO / "policy.json")
    assert libattest.Policy.load(loaded) is loaded
    assert libattest.Policy.load(text, "mine").name == "mine"
    assert good(policy=loaded).verified
    other = {"format": "libattest-policy-v1", "pcrs": {"0": "zero"}}
    with pytest.raises(libattest.PolicyMismatch, match="mine"):
        good(policy=[loaded, libattest.Policy.load(other, "mine")])
    named = {"format": "libattest-policy-v1"}
    for wrong in ({}, b"", "{", named, {**named, "pcrs": {"0": "x"}}):
        with pytest.raises(InvalidPolicy, match="policy: "):
            good(policy=wrong)
        with pytest.raises(InvalidPolicy):
            libattest.Policy.load(wrong)
    with pytest.raises(TypeError, match="policy: bytes"):
        libattest.Policy(text)  # type: ignore[arg-type]
    with pytest.raises(InvalidPolicy, match="policy 'mine': "):
        libattest.Policy(b"{}", "mine")


def test_dicts_that_are_no_json() -> None:
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"": deep}
    for wrong in ({"a": float("nan")}, {"a": {1}}, {"a": b"bytes"}, {(1,): 1}, loop, deep):
        with pytest.raises(UsageError, match="proof: this dict is no JSON"):
            good(proof=wrong)
    while deep:  # so that freeing it is no recursion either
        deep = deep[""]


def test_text_that_is_no_unicode() -> None:
    with pytest.raises(UsageError, match="proof: this text is not Unicode"):
        good(proof='{"\ud800": 1}')


def test_text_that_is_no_json_is_not_taken_for_a_path() -> None:
    for text in ("<html>\n<title>503</title>", "x" * 5000):
        with pytest.raises(UsageError, match="proof: neither text nor a path"):
            good(proof=text)


def test_what_is_too_large(tmp_path: Path) -> None:
    """384 MiB is the library's limit; a file that never ends is read no further."""
    with pytest.raises(MalformedProof, match="LIMIT_PROOF"):
        good(proof="/dev/zero")
    sparse = tmp_path / "sparse.json"
    with open(sparse, "wb") as file:
        file.truncate(100 << 30)
    with pytest.raises(MalformedProof, match="LIMIT_PROOF"):
        good(proof=sparse)


@pytest.mark.parametrize("cut", range(0, 4000, 97))
def test_truncated_proofs(cut: int, verifier: libattest.Verifier) -> None:
    with pytest.raises(MalformedProof) as caught:
        verifier.verify((DEMO / "proof.json").read_bytes()[:cut], at=AT)
    assert caught.value.where or caught.value.message


def test_a_buffer_that_changes_while_it_is_read(verifier: libattest.Verifier) -> None:
    """What C looks at is a copy: nobody can change it between two looks."""
    data = bytearray((DEMO / "proof.json").read_bytes())
    stop = threading.Event()

    def scribble() -> None:
        at = data.index(b'"quote"')
        while not stop.is_set():
            data[at + 1] ^= 0x20
            data[at + 1] ^= 0x20

    thread = threading.Thread(target=scribble)
    thread.start()
    try:
        for _ in range(200):
            with contextlib.suppress(MalformedProof):  # the copy was made in the middle of a change
                assert verifier.verify(data, at=AT).verified
    finally:
        stop.set()
        thread.join()


def test_certificates_and_crls(verifier: libattest.Verifier) -> None:
    root = DEMO / "root.pem"
    assert verifier.verify(DEMO / "proof.json", at=AT, certificates=[root] * 16, require_crls=True).verified
    assert verifier.verify(DEMO / "proof.json", at=AT, certificates=root).verified  # type: ignore[arg-type]
    with pytest.raises(AttestationError, match=r"16|LIMIT"):
        verifier.verify(DEMO / "proof.json", at=AT, certificates=[root] * 17)
    with pytest.raises(AttestationError, match="CRLs given, number 0"):
        verifier.verify(DEMO / "proof.json", at=AT, crls=[root])
    with pytest.raises(UsageError, match="tls_exporter: 32 bytes"):
        verifier.verify(DEMO / "proof.json", at=AT, tls_exporter=b"short")
    with pytest.raises(libattest.ChannelMismatch):
        verifier.verify(DEMO / "proof.json", at=AT, tls_exporter=bytes(32))


def test_a_reference_explains_and_never_decides() -> None:
    proof = ROOT / "tests" / "cases" / "boot-cmdline"
    case = json.loads((proof / "case.json").read_text())
    arguments = {"at": case["at"], "nonce": case.get("nonce")}
    known_good = ROOT / "testdata" / "boot" / "known-good.json"
    roots = [proof / name for name in case["roots"]]
    with pytest.raises(AttestationError) as without:
        libattest.Verifier(proof / "policy.json", roots=roots).verify(proof / "proof.json", **arguments)
    with pytest.raises(AttestationError) as with_one:
        explaining = libattest.Verifier(proof / "policy.json", roots=roots, reference=known_good)
        explaining.verify(proof / "proof.json", **arguments)
    assert type(without.value) is type(with_one.value)
    assert "differs from the reference" in str(with_one.value.result)
    with pytest.raises(UsageError, match="reference: neither a proof nor an event log"):
        libattest.Verifier(reference=b"x")


def test_inspect_and_compare() -> None:
    told = libattest.inspect(DEMO / "proof.json")
    assert libattest.inspect(DEMO / "proof.json", pcr=14, events=False) != told
    same = libattest.compare(DEMO / "proof.json", DEMO / "proof.json")
    other = libattest.compare(DEMO / "proof.json", ROOT / "testdata" / "boot" / "known-good.json", max_events=1)
    assert same != other
    for wrong in (-1, 32):
        with pytest.raises(UsageError, match="pcr: 0 to 31"):
            libattest.inspect(DEMO / "proof.json", pcr=wrong)
    with pytest.raises(UsageError, match="max_events: 0 to"):
        libattest.inspect(DEMO / "proof.json", max_events=-1)
    with pytest.raises(MalformedProof, match=r"policy\.json"):
        libattest.inspect(DEMO / "policy.json")
    with pytest.raises(MalformedProof, match=r"policy\.json"):
        libattest.compare(DEMO / "proof.json", DEMO / "policy.json")
    with pytest.raises(MalformedProof):
        libattest.inspect(b"x")


def test_many_threads_share_a_verifier(verifier: libattest.Verifier) -> None:
    good_proof, bad = (DEMO / "proof.json").read_bytes(), b"{}"
    wrong: list[BaseException] = []

    def work(i: int) -> None:
        try:
            for _ in range(20):
                if i % 2:
                    assert verifier.verify(good_proof, at=AT).verified
                    continue
                with pytest.raises(MalformedProof):
                    verifier.verify(bad, at=AT)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_gil_is_released(verifier: libattest.Verifier, proof: dict[str, Any]) -> None:
    """While C reads a large proof, Python goes on in another thread."""
    proof["metadata"] = {"much": ["x" * 1000] * 40_000}
    data = json.dumps(proof).encode()
    begun, done = threading.Event(), threading.Event()
    seen = 0

    def work() -> None:
        begun.set()
        verifier.verify(data, at=AT)
        done.set()

    thread = threading.Thread(target=work)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)  # nobody is asked to give way: only who lets go of the GIL lets another run
    try:
        thread.start()
        begun.wait()
        while not done.is_set():
            seen += 1
            done.wait(0.0001)
    finally:
        sys.setswitchinterval(interval)
        thread.join()
    assert seen > 1


def test_interrupted(verifier: libattest.Verifier, proof: dict[str, Any]) -> None:
    """A signal during a call is told after it, and the verifier can be used again."""
    proof["metadata"] = {"much": ["x" * 1000] * 40_000}
    data = json.dumps(proof).encode()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it runs beside ignore it
    timer = threading.Timer(0.01, signal.raise_signal, [signal.SIGINT])
    try:
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            for _ in range(100):
                verifier.verify(data, at=AT)
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)
    assert verifier.verify(DEMO / "proof.json", at=AT).verified


def test_names_and_attributes() -> None:
    assert set(libattest.__all__) <= set(dir(libattest))
    for name in libattest.__all__:
        assert getattr(libattest, name) is not None
        assert getattr(libattest, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'verifi'"):
        libattest.verifi  # noqa: B018
    assert libattest.__version__ == "0.1.0"


EXTRAS = [("Session", "requests"), ("httpx_client", "httpx"), ("aiohttp_connector", "aiohttp")]


@pytest.mark.parametrize(("name", "module"), EXTRAS)
def test_a_missing_extra_is_named(name: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, f"libattest.{libattest._LATER[name]}", raising=False)
    monkeypatch.delitem(vars(libattest), name, raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError) as caught:
        getattr(libattest, name)
    assert str(caught.value) == f"libattest.{name} needs {module}: pip install 'libattest[{module}]'"


def test_errors_know_their_category() -> None:
    assert issubclass(InvalidPolicy, UsageError)
    assert issubclass(UsageError, ValueError)
    assert issubclass(libattest.FetchError, ConnectionError)
    plain = AttestationError("what", where="where", hint="do this")
    assert str(plain) == "where: what; next: do this"
    assert str(AttestationError("what")) == "what"
    for kind in (AttestationError, *AttestationError.__subclasses__()):
        assert str(kind("what", expected="a", found="b")) == "what (expected a, found b)"


def test_importing_says_and_changes_nothing() -> None:
    code = (
        "import os; before = dict(os.environ); import libattest, sys; assert before == dict(os.environ);"
        " print([name for name in ('requests', 'httpx', 'aiohttp', 'ssl') if name in sys.modules])"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT / "docs")
    assert done.stderr == ""
    assert "requests" not in done.stdout

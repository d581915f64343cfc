"""Arguments that lie, that say less than they seem to, and what the command does in odd places."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import libattest
import pytest
from libattest import AttestationError, InvalidPolicy, UsageError, Verifier

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "testdata" / "demo"
PROOF, POLICY, TRUSTED = ((DEMO / name).read_bytes() for name in ("proof.json", "policy.json", "root.pem"))
AT = 1780272000


class Longer(bytes):
    """Bytes that say that there are more of them."""

    def __len__(self) -> int:
        return 1 << 30


class Other(bytes):
    """Bytes that say that they are others."""

    def __bytes__(self) -> bytes:
        return Longer(b"\0")


def good(proof: Any = PROOF, **changed: Any) -> libattest.Result:
    return libattest.verify(proof, **{"policy": POLICY, "roots": TRUSTED, "at": AT, **changed})


@pytest.mark.parametrize("kind", [Longer, Other])
def test_bytes_that_lie_about_themselves(kind: type[bytes]) -> None:
    """C gets a pointer and a length, which must be the true one."""
    assert good(kind(PROOF), policy=kind(POLICY), roots=kind(TRUSTED)).verified
    assert libattest.pin_of(kind(TRUSTED)) == libattest.pin_of(TRUSTED)
    assert libattest.inspect(kind(PROOF)) == libattest.inspect(PROOF)
    assert libattest.compare(kind(PROOF), kind(PROOF)) == libattest.compare(PROOF, PROOF)
    with pytest.raises(libattest.StaleProof, match="expected 61, found"):
        good(nonce=kind(b"a"))
    with pytest.raises(UsageError, match="found 1 bytes"):
        Verifier().verify(PROOF, tls_exporter=kind(b"a"))
    with pytest.raises(TypeError, match="policy: bytes"):
        libattest.Policy(kind(POLICY))
    with pytest.raises(AttestationError):
        Verifier().verify(
            libattest.Parts(kind(b"a"), kind(b"a"), kind(b"a"), kind(b"a"), kind(b"a"), [kind(b"a")]),
            certificates=[kind(TRUSTED)],
        )


@pytest.mark.parametrize("value", ["0", "no", "False", 0.5, 0, 1, 2, None, []], ids=repr)
def test_a_switch_is_true_or_false(value: Any) -> None:
    """require_crls=0.5 would have demanded nothing."""
    calls: dict[str, Callable[[], object]] = {
        "require_crls": lambda: Verifier().verify(PROOF, require_crls=value),
        "default_roots": lambda: Verifier(default_roots=value),
        "events": lambda: libattest.inspect(PROOF, events=value),
    }
    for name, call in calls.items():
        with pytest.raises(TypeError, match=f"{name}: True or False was expected, not"):
            call()


@pytest.mark.parametrize("value", ["3", True, 1.5, float("nan"), [1]], ids=repr)
def test_numbers_of_inspect(value: Any) -> None:
    for name in ("pcr", "max_events"):
        with pytest.raises(TypeError, match=f"{name}: an int was expected, not {type(value).__name__}"):
            libattest.inspect(PROOF, **{name: value})


def test_a_directory_without_roots(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    for folder in (tmp_path, tmp_path / "folder"):
        with pytest.raises(UsageError, match="roots: no file lies in this directory"):
            good(roots=folder)


def test_names_are_text() -> None:
    calls: list[Callable[[], object]] = [
        lambda: libattest.Policy(POLICY, 5),  # type: ignore[arg-type]
        lambda: libattest.Policy.load(POLICY, 5),  # type: ignore[arg-type]
        lambda: good().to_json(5),  # type: ignore[arg-type]
    ]
    for call in calls:
        with pytest.raises(TypeError, match="name: a str was expected, not int"):
            call()


def test_a_path_that_is_no_unicode() -> None:
    with pytest.raises(UsageError, match="proof: this text is not Unicode"):
        good("\ud800.json")


def test_without_a_policy_the_message_says_so() -> None:
    expected = r"policy: there are no golden values.*next: give a policy"
    with pytest.raises(libattest.Inconclusive, match=expected) as caught:
        good(policy=None)
    assert (caught.value.step, caught.value.status) == ("policy", "ATTEST_E_INCONCLUSIVE")


def test_an_error_crosses_processes_without_its_result() -> None:
    with pytest.raises(libattest.StaleProof) as caught:
        good(nonce=b"a")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy)) == (libattest.StaleProof, str(caught.value))
    assert (copy.status, copy.result) == ("ATTEST_E_NONCE", None)
    with pytest.raises(InvalidPolicy) as invalid:
        libattest.Policy(b"{}")
    assert str(pickle.loads(pickle.dumps(invalid.value))) == str(invalid.value)
    lost = libattest.FetchError("lost", status="ATTEST_E_IO", subject="here")
    assert str(pickle.loads(pickle.dumps(lost))) == "here: lost"


# The command.

GIVEN = ["--policy", str(DEMO / "policy.json"), "--root", str(DEMO / "root.pem"), "--at", str(AT)]
NO_POLICY = [*GIVEN[2:], str(DEMO / "proof.json")]
ALL = [*GIVEN, str(DEMO / "proof.json")]


def command(tmp_path: Path, *arguments: str, redirect: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    words = ["sh", "-c", f'exec "$@" {redirect}', "sh", sys.executable, "-m", "libattest", *arguments]
    env = {**{name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CONFIG_HOME")}, **env}
    given = subprocess.DEVNULL
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path, env=env, stdin=given)


@pytest.mark.parametrize("env", [{}, {"HOME": ""}], ids=["unset", "empty"])
def test_no_policy_of_the_current_directory(env: dict[str, str], tmp_path: Path) -> None:
    """Without $HOME the proof's author would need but to put his policy beside it."""
    (tmp_path / ".config" / "attest").mkdir(parents=True)
    (tmp_path / ".config" / "attest" / "policy.json").write_bytes(POLICY)
    assert command(tmp_path, *NO_POLICY, **env).returncode == 3
    assert command(tmp_path, *NO_POLICY, HOME=str(tmp_path)).returncode == 0


def test_closed_streams(tmp_path: Path) -> None:
    assert command(tmp_path, *ALL, redirect="2>&-").returncode == 0
    assert command(tmp_path, *ALL, "-q", redirect=">&-").returncode == 0
    for arguments in (ALL, ["--help"]):
        for redirect in (">&-", ">/dev/full"):
            done = command(tmp_path, *arguments, redirect=redirect)
            assert (done.returncode, done.stderr.split(":")[1]) == (2, " standard output"), done
    done = command(tmp_path, *GIVEN, "-", redirect="<&-")
    assert (done.returncode, "standard input is closed" in done.stderr) == (2, True)
    done = command(tmp_path, "--bogus", redirect="2>&-")
    assert (done.returncode, done.stdout) == (2, ""), "a script would take the message for a pin"


def test_numbers_of_options(tmp_path: Path) -> None:
    for value in ("1", "0000001024", "+4", " 4"):
        assert command(tmp_path, *ALL, "--jobs", value).returncode == 0, value
    for value in ("", "0", "1025", "00000011111", "1" * 6000, "0" * 6000, "4 ", "-1", "1_0", "٣"):
        done = command(tmp_path, *ALL, "--jobs", value)
        assert (done.returncode, "expected 1 to 1024" in done.stderr) == (2, True), done


def test_a_purpose_without_a_root(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = command(tmp_path, "--root-purpose", "any", "--root", "empty", *ALL[-1:])
    assert (done.returncode, "a --root after it" in done.stderr) == (2, True)


def test_a_proof_that_is_too_large(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate((384 << 20) + 1)
    done = command(tmp_path, *GIVEN, "huge")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "python -m libattest: huge: larger than 384 MiB\n")


def test_no_memory_is_no_refusal(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(384 << 20)
    done = command(tmp_path, *GIVEN, "large", redirect="", PYTHONMALLOC="malloc")
    limited = subprocess.run(
        ["sh", "-c", 'ulimit -v 400000; exec "$@"', "sh", sys.executable, "-m", "libattest", *GIVEN, "large"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert (limited.returncode, limited.stderr) == (2, "python -m libattest: out of memory\n")

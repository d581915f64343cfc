"""python -m libattest as tests/options.py tries attest-verify: options, standard input, many proofs, error paths."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import libattest
import options
import pytest
from libattest import _command

AS_A_USER = [sys.executable, "-m", "libattest"]


class Within(options.Runner):
    """The command within this process; where the process itself matters, a process is started."""

    name = "python -m libattest"

    def run(self, *args: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
        with pytest.MonkeyPatch.context() as patch:
            for name in set(os.environ) - {"COVERAGE_PROCESS_START"}:
                patch.delenv(name)
            for name, value in {"HOME": str(self.scratch), "PATH": "/usr/bin:/bin", **env}.items():
                patch.setenv(name, value)
            out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            patch.chdir(self.scratch)
            code = _command.main(args)
            out.flush()
            told: bytes = out.buffer.getvalue()
        return subprocess.CompletedProcess(args, code, told, err.getvalue().encode())


@pytest.mark.parametrize("group", options.GROUPS, ids=lambda group: group.__name__)
def test_options(group: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runner = Within(AS_A_USER, tmp_path)
    assert callable(group)
    group(runner)
    assert runner.failed == 0, capsys.readouterr().out
    assert runner.passed > 3


def test_as_a_user(tmp_path: Path) -> None:
    runner = options.Runner([*AS_A_USER], tmp_path)
    runner.name = Within.name
    runner.expect("a proof", 0, *options.GOOD, options.PROOF, out="VERIFIED")
    runner.expect("--help", 0, "--help", out="Usage: python -m libattest")
    runner.expect("no proof", 2, err="python -m libattest: PROOF")
    runner.expect("nothing of tss2-mu on standard error", 1, *options.GOOD, MALFORMED_QUOTE, out="REFUSED")
    assert runner.failed == 0


def test_signed_policies(tmp_path: Path) -> None:
    runner = Within(AS_A_USER, tmp_path)
    for kind in ("key", "other"):
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", tmp_path / f"{kind}.pem"], check=True)
        command = ["openssl", "pkey", "-in", f"{tmp_path}/{kind}.pem", "-pubout", "-out", f"{tmp_path}/{kind}.pub"]
        subprocess.run(command, check=True)
    policy = options.DEMO / "policy.json"
    (tmp_path / "signed.json").write_bytes(libattest.Policy.load(policy).sign(tmp_path / "key.pem"))
    given = ("--at", "1780272000", "--root", str(options.DEMO / "root.pem"), options.PROOF)
    for order in (("--policy-key", "key.pub", "-p", "signed.json"), ("-p", "signed.json", "--policy-key", "key.pub")):
        runner.expect(f"{order[0]} first", 0, *order, *given, out="VERIFIED")
    runner.expect("no key", 2, "-p", "signed.json", *given, err="this policy is signed")
    runner.expect("another key", 2, "--policy-key", "other.pub", "-p", "signed.json", *given, err="another key")
    runner.expect("not signed", 2, "--policy-key", "key.pub", "-p", str(policy), *given, err="not signed")
    runner.expect("no key in it", 2, "--policy-key", "signed.json", *given, err="signed.json: ")
    assert runner.failed == 0


MALFORMED_QUOTE = str(options.ROOT / "tests" / "cases" / "quote-select-five-bytes" / "proof.json")

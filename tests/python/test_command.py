"""python -m libattest as tests/options.py tries attest-verify: options, standard input, many proofs, error paths."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

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


MALFORMED_QUOTE = str(options.ROOT / "tests" / "cases" / "quote-select-five-bytes" / "proof.json")

"""Every case folder through the package: step statuses, verdict, exception, and the same through its command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cases
import libattest
import pytest
from libattest import _command
from libattest._c import known
from libattest._native import lib
from libattest.errors import CATEGORIES

FOLDERS = sorted(path.parent for path in cases.CASES.glob("*/case.json"))
# The exporter value of a TLS session is no option of a command.
WITHOUT_SESSION = [f for f in FOLDERS if "tls_exporter" not in json.loads((f / "case.json").read_text())]
PARTS = {"quote": "quote", "signature": "signature", "pcrs": "pcrs", "ak": "ak", "ak_cert": "ak_chain"}


def evidence(folder: Path, case: dict[str, Any]) -> libattest.Parts | Path:
    if "parts" not in case:
        return Path(folder, case["proof"])
    files = {PARTS[part]: folder / name for part, name in case["parts"].items() if part != "log"}
    logs = case["parts"].get("log", [])
    return libattest.Parts(**files, logs=[folder / name for name in (logs if isinstance(logs, list) else [logs])])


def decide(folder: Path, case: dict[str, Any]) -> libattest.Result:
    def files(member: str) -> list[Path]:
        return [folder / name for name in case.get(member, [])]

    verifier = libattest.Verifier(
        files("policies"),
        roots=[libattest.Root(path, case.get("root_purpose")) for path in files("roots")],
        reference=files("references"),
    )
    return verifier.verify(
        evidence(folder, case),
        at=case["at"],
        nonce=case.get("nonce"),
        tls_pin=case.get("pin"),
        tls_exporter=bytes.fromhex(case["tls_exporter"]) if "tls_exporter" in case else None,
        certificates=files("certificates"),
        crls=files("crls"),
        require_crls=case.get("require_crls", False),
    )


def account(result: libattest.Result) -> dict[str, Any]:
    """What cases.check_json() reads, from the objects and not from C's JSON."""
    return {
        "verdict": result.verdict,
        "steps": result.steps,
        "pin": result.pin,
        "events": [{"text": e.text or "", "proven": e.proven} for e in result.events],
        "software": [{"what": s.what, "proven": s.proven} for s in result.software],
        "findings": [{"severity": "error" if f.is_error else "note"} for f in result.findings],
    }


def expected_class(result: libattest.Result) -> type[libattest.AttestationError]:
    """By the hundreds of the status of the first error, as attest.h says."""
    first = next(f for f in result.findings if f.is_error)
    return CATEGORIES[known(lib.attest_category_name(getattr(lib, first.status) // 100))]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_objects(folder: Path) -> None:
    case = json.loads((folder / "case.json").read_text())
    expect = case["expect"]
    if expect["exit"] == 2:
        with pytest.raises((libattest.UsageError, libattest.InternalError)) as usage:
            decide(folder, case)
        assert usage.value.result is None
        return
    try:
        result = decide(folder, case)
        assert expect["verdict"] == "verified"
        assert result.verified
    except libattest.AttestationError as error:
        assert error.result is not None
        result = error.result
        assert error.status == result.status
        assert not result.verified
        if result.verdict == "inconclusive":
            assert type(error) is libattest.Inconclusive
        else:
            assert type(error) is expected_class(result)
            assert error.step is not None
            assert result.steps[error.step] != "passed"
            assert str(error).startswith(error.step)
    assert cases.check_json(case, account(result)) == []
    assert cases.check_json(case, json.loads(result.to_json())) == []
    assert result._repr_html_().count("<table>") >= 1


@pytest.mark.parametrize("folder", WITHOUT_SESSION, ids=lambda folder: folder.name)
def test_command(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", "/nonexistent")
    for name in ("XDG_CONFIG_HOME", "ATTEST_POLICY"):
        monkeypatch.delenv(name, raising=False)
    case = json.loads(Path("case.json").read_text())
    code = _command.main(["--json", *cases.arguments(case)])
    machine = capsys.readouterr()
    assert code == case["expect"]["exit"], machine.err
    assert _command.main(cases.arguments(case)) == code
    people = capsys.readouterr()
    if code == 2:
        assert people.err.startswith("python -m libattest: ")
        assert people.out == ""
        return
    assert machine.err == people.err == ""
    assert cases.check_json(case, json.loads(machine.out)) == []
    assert cases.check_text(case, people.out) == []

"""Every Python example of the documentation, run as it is printed, block by block in one place."""

from __future__ import annotations

import doctest
import importlib.util
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from net_server import Server, Tpm
from openai_upstream import Upstream

from sdk_lab import Bench, make_job

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD", "build"))
Globals = dict[str, object]


def module_of(path: Path) -> ModuleType:
    """testdata has a module of the same name."""
    spec = importlib.util.spec_from_file_location(f"tests_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


demo = module_of(ROOT / "tests/demo.py")


def blocks(page: Path) -> list[tuple[int, str]]:
    """Line and text of every ```pycon block."""
    text = page.read_text()
    found = re.finditer(r"^```pycon\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, match.start(1)), match[1]) for match in found]


def run(page: Path, names: Globals, capsys: pytest.CaptureFixture[str], flags: int = doctest.ELLIPSIS) -> None:
    """Each block sees what those before it have made."""
    runner = doctest.DocTestRunner(optionflags=flags)
    parser = doctest.DocTestParser()
    for line, text in blocks(page):
        test = parser.get_doctest(text, {}, page.name, str(page), line)
        test.globs = names
        runner.run(test, clear_globs=False)
    assert runner.failures == 0, capsys.readouterr().out
    assert runner.tries > 5


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Globals]:
    """attest-server with a software TPM, before a small model server."""
    build = ROOT / BUILD
    if not (build / "attest-server").exists():
        pytest.skip(f"{build}/attest-server is not built (make)")
    upstream = Upstream()
    try:
        served = demo.Server(build, tmp_path, "server", upstream.url, demo.make_weights(tmp_path / "model-8b", 1))
        try:
            yield {"url": served.url, "roots": served.root}
        finally:
            served.stop()
    finally:
        upstream.shutdown()
        upstream.server_close()


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """What leads connections elsewhere is for the tests that are about it."""
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_readme(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    if not blocks(ROOT / "README.md"):
        pytest.skip("README.md has no Python example")
    monkeypatch.chdir(ROOT)
    run(ROOT / "README.md", {}, capsys, flags=0)


def test_tour(server: Globals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for extra in ("requests", "httpx", "aiohttp", "openai"):
        pytest.importorskip(extra)
    monkeypatch.chdir(ROOT)
    run(ROOT / "docs/python.md", server, capsys)


@pytest.fixture
def sdks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Globals]:
    """A BlindLlama server with another one for its proof, a job of AICert, and the golden files of both SDKs."""
    monkeypatch.chdir(tmp_path)
    for name in ("blindllama", "aicert", "job"):
        (tmp_path / name).mkdir()
    with Tpm(tmp_path) as tpm:
        bench = Bench(tmp_path, tpm)
    shutil.copy(bench.prover.golden, "blindllama/measurements_azure.json")
    Path("blindllama/application.json").write_text(json.dumps(bench.root_hash))
    job = make_job(tmp_path / "job")
    Path("aicert/measurements_azure.json").write_text(json.dumps(job["policy"]))
    Path("aicert/container_measurements.json").write_text(json.dumps(job["containers"]))
    Path("aicert/attestation.json").write_text(json.dumps(job["proof"]))
    shutil.copytree(job["folder"], "aicert/outputs")
    served, proofs = Server(tmp_path, bench.good, bench.handler), Server(tmp_path, bench.alone, bench.handler)
    yield {
        "url": served.url,
        "attestation_url": proofs.url,
        "roots": [bench.prover.root, job["roots"]],
    }
    served.close()
    proofs.close()


def test_migration(sdks: Globals, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("requests")
    run(ROOT / "docs/migration.md", sdks, capsys)


def test_every_example_is_found() -> None:
    """A prompt outside of a block would never be run."""
    for page in (ROOT / "README.md", ROOT / "docs/python.md", ROOT / "docs/migration.md"):
        prompts = len(re.findall(r"^\s*>>> ", page.read_text(), re.MULTILINE))
        assert prompts == sum(len(re.findall(r"^>>> ", text, re.MULTILINE)) for _, text in blocks(page)), page

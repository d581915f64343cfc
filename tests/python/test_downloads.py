"""What Python downloads, as tests/net_downloads.py tries libattest-net; and servers on the command line."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import libattest
import net_downloads
import options
import pytest
from libattest import AttestedServer, Downloads
from libattest._fetch import Download
from net_bench import Bench
from net_server import Prover, Request, Server, answer, pem_to_der

from hostile_servers import SoftTpm
from test_command import Within


class InPython(Bench):
    """The genuine server, and this package as the tool and as the client."""

    def tool(self, *arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
        words = ["--root", str(self.prover.root), *map(str, arguments)]
        done = Within([], self.folder).run(*words, stdin=b"", **env)
        return subprocess.CompletedProcess(words, done.returncode, done.stdout.decode(), done.stderr.decode())

    @contextlib.contextmanager
    def client(self, server: Server, *words: str, **_: Any) -> Iterator[InPythonClient]:  # type: ignore[override]
        yield InPythonClient(self, server, Downloads(issuers="aia" in words, crls="crls" in words))


class InPythonClient:
    """What net_bench.Client is told, and how it answers."""

    def __init__(self, bench: InPython, server: Server, downloads: Downloads) -> None:
        given = {"policy": bench.prover.policy, "roots": bench.prover.root}
        self.server = AttestedServer(server.url, downloads=downloads, **given)  # type: ignore[arg-type]

    def ask(self, command: str) -> str:
        word = command.split()[0]
        try:
            if word == "attest":
                self.server.attest()
            elif word == "handle":
                assert self.server.pin
            else:
                assert libattest.Session(self.server).post(f"{self.server.origin}/v1/chat", data=b"x").ok
                return "ATTEST_OK"
        except libattest.AttestationError as error:
            return f"{word} {error.status}"
        return f"{word} ATTEST_OK"

    def ready(self) -> str:
        answered = self.ask("attest")
        return self.ask("handle") if answered.endswith("ATTEST_OK") else answered


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InPython]:
    folder = tmp_path_factory.mktemp("downloads")
    made = InPython(Path(), folder, Prover(SoftTpm(), folder))  # type: ignore[arg-type]
    yield made
    made.server.close()


@pytest.fixture
def counted(bench: InPython, capsys: pytest.CaptureFixture[str]) -> Iterator[InPython]:
    """What the bench has found wrong is what a test fails with."""
    before = bench.passed
    yield bench
    assert bench.failed == 0, capsys.readouterr().out
    assert bench.passed > before


Published = tuple[net_downloads.Web, Any, int]


@pytest.fixture(scope="module")
def web(bench: InPython) -> Iterator[tuple[Published, list[str]]]:
    whole, made = bench.prover.chain, net_downloads.Web(bench)
    intermediate, serial = net_downloads.publish(bench, made)
    lacking, bench.prover.chain = bench.prover.chain, whole
    yield (made, intermediate, serial), lacking
    made.server.close()


@pytest.fixture
def published(bench: InPython, web: tuple[Published, list[str]]) -> Iterator[Published]:
    """As long as the test runs, proofs lack the issuer."""
    whole, bench.prover.chain = bench.prover.chain, web[1]
    yield web[0]
    bench.prover.chain = whole


def test_issuers(counted: InPython, published: Published) -> None:
    net_downloads.issuers(counted, published[0], str(counted.folder / "cache"))


def test_lists(counted: InPython, published: Published) -> None:
    web, intermediate, serial = published
    net_downloads.lists(counted, web, str(counted.folder / "cache"), intermediate, serial)


def test_slow(counted: InPython, published: Published) -> None:
    net_downloads.slow(counted, published[0], published[1])


def test_files(counted: InPython, published: Published) -> None:
    net_downloads.files(counted, published[0], str(counted.folder / "cache"))


GIVEN = ("--aia", "--crls", "--cache", "/dev/null/x")


def test_an_endless_list_is_not_taken_apart(bench: InPython, published: Published) -> None:
    web, intermediate, _ = published
    good, web.files = web.files, web.files | {net_downloads.LEAF_CRL: net_downloads.endless_crl(intermediate)}
    done = bench.tool(*GIVEN, "--policy", bench.prover.policy, bench.server.url)
    web.files = good
    assert done.returncode == 1
    assert "REFUSED" in done.stdout


@pytest.mark.parametrize(
    ("data", "is_one"),
    [
        (b"", False),
        (b"\x30", False),
        (b"\x30\x00", True),
        (b"\x30\x00\x00", False),
        (b"\x31\x00", False),
        (b"\x30\x80\x00\x00", False),
        (b"\x30\x81\x01x", True),
        (b"\x30\x82\x00\x01x", True),
        (b"\x30\x82\x00\x02x", False),
        (b"\x30\xff", False),
        (b"\x30\x84\xff\xff\xff\xff", False),
    ],
)
def test_one_sequence(data: bytes, is_one: bool) -> None:
    assert libattest.downloads._is_one_sequence(data) is is_one


def test_the_proxy_is_the_callers_alone(bench: InPython, published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    web = published[0]
    seen: list[str] = []

    def relay(request: Request) -> bytes:
        seen.append(request.path)
        return answer("200 OK", web.files[request.path.removeprefix(web.url)])

    proof = bench.folder / "proxied.json"
    proof.write_bytes(bench.prover.proof(bytes(32)))
    verifier = libattest.Verifier(bench.prover.policy, roots=bench.prover.root)
    with bench.another(relay) as unwanted:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unwanted.port}")
        assert Downloads(issuers=True).verify(verifier, proof, nonce=bytes(32)).verified
        assert not unwanted.connections
    proxy = Server(bench.folder, None, relay)
    wanted = Downloads(issuers=True, proxy=f"http://127.0.0.1:{proxy.port}")
    web.asked()
    assert wanted.verify(verifier, proof, nonce=bytes(32)).verified
    proxy.close()
    assert seen == [web.url + net_downloads.ISSUER]
    assert web.asked() == []


def test_nothing_is_downloaded_that_is_not_decided_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A chain that always names one more issuer: as many rounds of downloads as are allowed, and one verdict more."""
    certificate = pem_to_der((options.DEMO / "root.pem").read_text())
    verdicts: list[int] = []
    asked: list[str] = []

    class Endless:
        def verify(self, proof: bytes, *, certificates: list[bytes], **_: Any) -> libattest.Result:
            verdicts.append(len(certificates))
            link = libattest.Link("issuer", f"http://localhost/{len(verdicts)}", None)
            result: Any = SimpleNamespace(links=(link,), steps={"chain": "passed"}, verified=False)
            raise libattest.PolicyMismatch("something else is wrong", result=result)

    def get(self: Download, *_: Any) -> bytes:
        asked.append(self.subject)
        return certificate

    monkeypatch.setattr(Download, "get", get)
    with pytest.raises(libattest.PolicyMismatch):
        Downloads(issuers=True, cache=tmp_path / "cache").verify(Endless(), b"{}")  # type: ignore[arg-type]
    assert verdicts == list(range(9))
    assert len(asked) == len(list((tmp_path / "cache").iterdir())) == 8


def test_arguments(bench: InPython) -> None:
    verifier, proof = libattest.Verifier(bench.prover.policy), b"{}"
    for wrong in (Downloads(timeout=0), Downloads(timeout=90000), Downloads(proxy="socks5://127.0.0.1:1")):
        with pytest.raises(libattest.UsageError, match=r"timeout|proxy"):
            wrong.verify(verifier, proof)
    with pytest.raises(libattest.UsageError, match="http:// alone"):
        Download("ftp://host/x", proxy=None)


def asked(bench: InPython, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return bench.tool("--policy", bench.prover.policy, *words, bench.server.url)


def test_a_server_on_the_command_line(bench: InPython) -> None:
    """What tests/net.py asks of attest-verify."""
    kept = bench.folder / "kept.json"
    done = asked(bench, "--save", kept)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"VERIFIED  {bench.server.url}\n")
    assert "Live connection   the server has the attested key" in done.stdout
    assert json.loads(kept.read_text())["format"] == "libattest-proof-v1"
    told = json.loads(asked(bench, "--json").stdout)
    assert (told["proof"], told["steps"]["tls"], told["steps"]["nonce"]) == (bench.server.url, "passed", "passed")
    pin = asked(bench, "--print", "pin").stdout.strip()
    assert pin == told["pin"]
    assert asked(bench, "--pin", pin).returncode == 0
    other = asked(bench, "--pin", "sha256//" + "A" * 43 + "=")
    assert (other.returncode, "not the expected one" in other.stdout) == (1, True)
    late = asked(bench, "--at", "2050-01-01")
    assert (late.returncode, "REFUSED" in late.stdout) == (1, True)
    usual = bench.tool("--policy", bench.prover.policy, f"{bench.server.url}/.well-known/attestation")
    assert usual.returncode == 0
    lax = bench.folder / "lax.json"
    lax.write_text(json.dumps({**json.loads(bench.prover.policy.read_text()), "nonce": "optional"}))
    both = bench.tool("--policy", lax, bench.server.url, kept)
    assert both.returncode == 0
    assert both.stdout.count("VERIFIED") == 2
    assert both.stdout.count("Live connection") == 1


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--nonce", "00"), "no nonce with a URL"),
        (("--save", "/nonexistent/x"), "cannot be saved"),
        (("--save", "x", "https://127.0.0.1:1"), "one URL, whose proof is saved"),
        (("--timeout", "0"), "1 to 86400 seconds"),
    ],
)
def test_usage(bench: InPython, words: tuple[str, ...], text: str) -> None:
    done = asked(bench, *words)
    assert done.returncode == 2
    assert text in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://localhost", "only https://"),
        ("https://127.0.0.1:1", "cannot be asked"),
        ("https://localhost?x", "a query stands after a path"),
        ("https://user@localhost", "user name"),
    ],
)
def test_urls_that_cannot_be_asked(bench: InPython, url: str, text: str) -> None:
    done = bench.tool("--policy", bench.prover.policy, url)
    assert done.returncode == 2
    assert text in done.stderr
    assert done.stdout == ""


def test_blindllama_on_the_command_line(bench: InPython) -> None:
    done = bench.tool("--policy", bench.prover.policy, "--blindllama", bench.server.url)
    assert done.returncode in (1, 2)  # this server attests a key
    assert "VERIFIED" not in done.stdout
    file = bench.tool("--policy", bench.prover.policy, "--blindllama", bench.prover.policy)
    assert (file.returncode, "a URL with --blindllama" in file.stderr) == (2, True)



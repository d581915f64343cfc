"""libattest.blindllama: a genuine server is asked, and a hostile one sees not one byte of a prompt."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import libattest
import pytest
from libattest import blindllama
from net_server import Server, Tpm, answer

from sdk_lab import GENERATE, Bench, Json

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests/cases"
SAMPLE = ROOT.parent / "shared/corpus/proofs/azure-tl-blindllama-v2"
SAMPLE_ROOT_HASH = "16cda68838bdce2b4a7955e36ac7ed01be881144af62db0b001cd278ee0fd328"

SECRET = "the secret of the test"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("bench")
    with Tpm(folder) as tpm:
        yield Bench(folder, tpm)


@pytest.fixture
def server(bench: Bench) -> Iterator[Server]:
    """The genuine server, to be turned into something else under way."""
    made = Server(bench.folder, bench.good, bench.handler)
    made.versions = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    bench.answer = bench.predicted
    yield made
    made.close()


@pytest.fixture
def elsewhere(bench: Bench) -> Iterator[Server]:
    """Another server, of nobody's."""
    made = Server(bench.folder, bench.alone, bench.handler)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def hostile_environment(bench: Bench, elsewhere: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an environment can say to widen trust, in every test."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(bench.hostile_pem))
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{elsewhere.port}")


def unseen(server: Server) -> None:
    """Nothing but requests for a proof, which go to anybody and say nothing."""
    server.settle()
    paths = ("/attestation.json", "/aTLS")
    asked = sum(len(request.raw) for request in server.requests if request.method == "GET" and request.path in paths)
    seen = b"".join(connection.data for connection in server.connections)
    assert len(seen) == asked, seen
    assert SECRET.encode() not in seen


# The genuine server


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_prediction(bench: Bench, server: Server, elsewhere: Server, version: ssl.TLSVersion) -> None:
    server.versions = (version, version)
    with blindllama.client(server.url, **bench.given) as client:
        assert client.predict(SECRET) == "a prediction"
        assert client.predict(text_input=SECRET, max_tokens=0, bad_words="b", stop_words="s") == "a prediction"
        result = client.server.result
    assert result is not None
    assert (result.verdict, result.facts.format, result.facts.tls_kind) == ("verified", "blindllama-v2", "ca")
    bodies = [json.loads(post.body) for post in server.posts]
    assert bodies == [
        {"text_input": SECRET, "max_tokens": 20, "bad_words": "", "stop_words": ""},
        {"text_input": SECRET, "max_tokens": 0, "bad_words": "b", "stop_words": "s"},
    ]
    assert {post.path for post in server.posts} == {GENERATE}
    assert [request.path for request in server.requests][:1] == ["/attestation.json"]
    unseen(elsewhere)


def test_prediction_of_version_1(bench: Bench, server: Server) -> None:
    given = {**bench.given, "policy": bench.prover.golden, "version": 1}
    with blindllama.client(server.url, **given) as client:
        assert client.predict_v1(SECRET) == "a prediction"
        assert client.predict_v1(SECRET, 0, access_token="token") == "a prediction"
    assert [json.loads(post.body) for post in server.posts] == [
        {"inputs": SECRET, "temperature": 0.7},
        {"inputs": SECRET, "temperature": 0},
    ]
    assert [b"accesstoken: token" in post.raw for post in server.posts] == [False, True]
    assert {post.path for post in server.posts} == {"/"}
    assert [request.path for request in server.requests][:1] == ["/aTLS"]
    server.connections = []
    server.identity = bench.bad
    with pytest.raises(libattest.ChannelMismatch):
        blindllama.client(server.url, **given)
    unseen(server)


def test_client_closes_its_session(bench: Bench, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    with blindllama.client(server.url, **bench.given) as client:
        monkeypatch.setattr(client.session, "close", lambda: closed.append(True))
    assert closed


@pytest.mark.parametrize("option", [{"max_age": 0}, {"timeout": 0}, {"proxy": "ftp://127.0.0.1"}])
def test_options_of_the_server(bench: Bench, server: Server, option: Json) -> None:
    with pytest.raises(libattest.UsageError):
        blindllama.client(server.url, **bench.given, **option)
    assert server.connections == []


def test_session_of_ones_own(bench: Bench, server: Server, elsewhere: Server) -> None:
    with blindllama.client(server.url, **bench.given) as client:
        client.session.verify = str(bench.hostile_pem)
        assert client.session.post(server.url + GENERATE, json={"text_input": SECRET}).status_code == 200
        with pytest.raises(libattest.ChannelMismatch):
            client.session.post(elsewhere.url + GENERATE, json={"text_input": SECRET})
    unseen(elsewhere)


# Golden values


@pytest.mark.parametrize("policy", [None, []])
def test_without_a_policy(bench: Bench, server: Server, policy: list[Path] | None) -> None:
    with pytest.raises(libattest.UsageError, match=r"measurements_azure\.json"):
        blindllama.client(server.url, policy=policy, roots=bench.prover.root)
    assert server.connections == []


def test_without_the_root_hash(bench: Bench, server: Server) -> None:
    with pytest.raises(libattest.UsageError, match=r"application\.json"):
        blindllama.client(server.url, policy=bench.prover.golden, roots=bench.prover.root)
    assert server.connections == []


def test_without_measurements(bench: Bench, server: Server) -> None:
    with pytest.raises(libattest.Inconclusive, match="no policy pins PCR 4"):
        blindllama.client(server.url, policy=bench.root_hash, roots=bench.prover.root)
    unseen(server)


def test_golden_values_in_one_file(bench: Bench, server: Server) -> None:
    policy = {**json.loads(bench.prover.golden.read_text()), **bench.root_hash}
    with blindllama.client(server.url, policy=policy, roots=bench.prover.root) as client:
        assert client.predict(SECRET)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"roots": None}, libattest.UntrustedChain),
        ({"measurements": {"0": "00" * 32}}, libattest.PolicyMismatch),
        ({"application_disk_roothash": "00" * 32}, libattest.PolicyMismatch),
    ],
)
def test_golden_values_that_differ(bench: Bench, server: Server, change: Json, error: type[Exception]) -> None:
    policy = {**json.loads(bench.prover.golden.read_text()), **bench.root_hash}
    given: Json = {**bench.given, **change} if "roots" in change else {**bench.given, "policy": {**policy, **change}}
    with pytest.raises(error):
        blindllama.client(server.url, **given)
    unseen(server)


def test_version(bench: Bench, server: Server) -> None:
    wrong: Any = 3
    with pytest.raises(libattest.UsageError, match="version"):
        blindllama.client(server.url, **bench.given, version=wrong)
    assert server.connections == []


# Hostile servers: each has the genuine proof


@pytest.mark.parametrize("identity", ["bad", "named", "alone"])
def test_server_that_is_not_under_the_ca(bench: Bench, server: Server, identity: str) -> None:
    server.identity = getattr(bench, identity)
    with pytest.raises(libattest.ChannelMismatch):
        blindllama.client(server.url, **bench.given)
    unseen(server)


def test_name_of_the_server(bench: Bench, server: Server) -> None:
    server.identity = bench.named
    with blindllama.client(server.url, **bench.given, server_name="enclave.example") as client:
        assert client.predict(SECRET) == "a prediction"
    server.clear()
    with pytest.raises(libattest.ChannelMismatch):
        blindllama.client(server.url, **bench.given, server_name="other.example")
    unseen(server)


@pytest.mark.parametrize("identity", ["bad", "alone"])
def test_server_that_changes_under_way(bench: Bench, server: Server, identity: str) -> None:
    with blindllama.client(server.url, **bench.given) as client:
        client.predict(SECRET)
        server.identity = getattr(bench, identity)
        server.clear()
        with pytest.raises(libattest.ChannelMismatch):
            client.predict(SECRET)
        unseen(server)
        server.identity = bench.good
        assert client.predict(SECRET) == "a prediction"


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_redirect(bench: Bench, server: Server, elsewhere: Server, scheme: str) -> None:
    to = f"Location: {scheme}://127.0.0.1:{elsewhere.port}{GENERATE}"
    with blindllama.client(server.url, **bench.given) as client:
        bench.answer = lambda request: answer("307 Temporary Redirect", b"", to)
        with pytest.raises(libattest.ChannelMismatch):
            client.predict(SECRET)
    unseen(elsewhere)


# The proof may come from anybody


def test_proof_from_elsewhere(bench: Bench, server: Server, elsewhere: Server) -> None:
    for place in (elsewhere.url, elsewhere.url + "/", elsewhere.url + "/attestation.json"):
        server.clear()
        with blindllama.client(server.url, **bench.given, attestation_url=place) as client:
            assert client.predict(SECRET) == "a prediction"
        assert [request.path for request in server.requests] == [GENERATE]
    assert [request.path for request in elsewhere.requests] == ["/attestation.json"] * 3
    server.identity = bench.bad
    server.clear()
    with pytest.raises(libattest.ChannelMismatch):
        blindllama.client(server.url, **bench.given, attestation_url=elsewhere.url)
    unseen(server)
    unseen(elsewhere)


def test_places_of_proofs_that_are_none(bench: Bench, server: Server, elsewhere: Server) -> None:
    for place in (f"http://127.0.0.1:{elsewhere.port}", "https://user@127.0.0.1", "https://127.0.0.1/#x", "ftp://a/b"):
        with pytest.raises(libattest.UsageError):
            blindllama.client(server.url, **bench.given, attestation_url=place)
    with pytest.raises(libattest.UsageError):  # a key is attested by its own server alone
        libattest.AttestedServer(server.url, **bench.given, path=elsewhere.url + "/attestation.json")
    assert server.connections == elsewhere.connections == []


# Proofs of the case folders, from a server that is nobody's


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("good-blindllama-v2", libattest.ChannelMismatch),
        ("good-blindllama-v2-golden", libattest.ChannelMismatch),
        ("good-blindllama-v2-roothash", libattest.ChannelMismatch),
        ("blindllama-bad-base64", libattest.MalformedProof),
        ("blindllama-ca-replaced", libattest.LogMismatch),
        ("blindllama-digests-swapped", libattest.LogMismatch),
        ("blindllama-duplicate-key", libattest.MalformedProof),
        ("blindllama-golden-differs", libattest.PolicyMismatch),
        ("blindllama-golden-roothash-differs", libattest.PolicyMismatch),
        ("blindllama-leaf-of-another", libattest.BadSignature),
        ("blindllama-no-quote", libattest.MalformedProof),
        ("blindllama-roothash-claimed", libattest.LogMismatch),
        ("blindllama-roothash-differs", libattest.PolicyMismatch),
        ("blindllama-roothash-replaced", libattest.LogMismatch),
        ("blindllama-short-roothash", libattest.MalformedProof),
        ("blindllama-unknown-root", libattest.UntrustedChain),
    ],
)
def test_proof_of_a_case(bench: Bench, server: Server, name: str, error: type[libattest.AttestationError]) -> None:
    case = json.loads((CASES / name / "case.json").read_text())
    policies = [CASES / name / policy for policy in case["policies"]]
    named = any("application_disk_roothash" in policy.read_text() for policy in policies)
    golden = policies if named else [*policies, bench.root_hash]  # which is that of the cases
    server.handler = lambda request: answer("200 OK", (CASES / name / "proof.json").read_bytes())
    with pytest.raises(error) as caught:
        blindllama.client(server.url, policy=golden, roots=[CASES / name / root for root in case["roots"]])
    assert type(caught.value) is error or error is libattest.ChannelMismatch
    unseen(server)


@pytest.mark.parametrize("name", ["blindllama-leaf-expired", "blindllama-nonce-asked"])
def test_case_that_no_server_can_show(name: str) -> None:
    """Another time, and a nonce, which the client asks with for no proof of BlindLlama."""
    folder = CASES / name
    case = json.loads((folder / "case.json").read_text())
    roots = [folder / root for root in case["roots"]]
    with pytest.raises((libattest.UntrustedChain, libattest.StaleProof)):
        libattest.verify(
            folder / "proof.json",
            policy=[folder / policy for policy in case["policies"]],
            roots=roots,
            at=case["at"],
            nonce=case.get("nonce"),
        )


def test_every_case_of_blindllama_is_tried() -> None:
    tried = Path(__file__).read_text()
    assert [case.name for case in CASES.glob("*blindllama*") if f'"{case.name}"' not in tried] == []


def test_server_that_has_no_proof(bench: Bench, server: Server) -> None:
    server.handler = lambda request: answer("404 Not Found", b"")
    with pytest.raises(libattest.FetchError):
        blindllama.client(server.url, **bench.given)


# What is asked and answered


def test_prompts_that_are_none(bench: Bench, server: Server) -> None:
    with blindllama.client(server.url, **bench.given) as client:
        server.clear()
        acts: list[Callable[[], str]] = [
            lambda: client.predict(""),
            lambda: client.predict(SECRET, max_tokens=-1),
            lambda: client.predict_v1(""),
            lambda: client.predict_v1(SECRET, temperature=-0.1),
            lambda: client.predict_v1(SECRET, temperature=float("nan")),
        ]
        for act in acts:
            with pytest.raises(libattest.UsageError):
                act()
    unseen(server)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("500 Internal Server Error", b'{"text_output": "x", "error": "no model"}'),
        ("200 OK", b"no JSON"),
        ("200 OK", b"{}"),
        ("200 OK", b'{"text_output": null}'),
        ("200 OK", b'["text_output"]'),
        ("200 OK", b"[]"),
        ("200 OK", b"5"),
        ("200 OK", b'[{"error": "no model"}]'),
        ("200 OK", b'[{"generated_text": "x"}, {"error": "no model"}]'),
        ("200 OK", b'[{"generated_text": 1}]'),
        ("200 OK", b'{"error": "no model"}'),
    ],
)
def test_answers_that_are_none(bench: Bench, server: Server, status: str, body: bytes) -> None:
    with blindllama.client(server.url, **bench.given) as client:
        bench.answer = lambda request: answer(status, body, "Content-Type: application/json")
        for predict in (client.predict, client.predict_v1):
            with pytest.raises(blindllama.PredictionError):
                predict(SECRET)


def test_several_texts(bench: Bench, server: Server) -> None:
    with blindllama.client(server.url, **bench.given) as client:
        bench.answer = lambda request: answer("200 OK", b'[{"generated_text": " a "}, {"generated_text": "b"}]')
        assert client.predict_v1(SECRET) == "a\nb"


# The real sample


def test_real_proof() -> None:
    if not SAMPLE.exists():
        pytest.skip("the real samples are not beside the checkout")
    proof, golden = SAMPLE / "sample_azure_attestation.json", SAMPLE / "measurements_azure.json"
    policy: list[Any] = [golden, {"application_disk_roothash": SAMPLE_ROOT_HASH}]
    assert libattest.verify(proof, policy=policy, at="2024-01-01").facts.tls_kind == "ca"
    with pytest.raises(libattest.UntrustedChain):
        libattest.verify(proof, policy=policy)
    with pytest.raises(libattest.PolicyMismatch):
        libattest.verify(proof, policy=[golden, {"application_disk_roothash": "00" * 32}], at="2024-01-01")
    forged = {**json.loads(proof.read_text()), "webserver_rootca": (SAMPLE / "snakeoil_ca.crt").read_text()}
    with pytest.raises(libattest.LogMismatch):
        libattest.verify(forged, policy=policy, at="2024-01-01")

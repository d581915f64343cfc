"""Every client with attest-server, and what is particular to each of them."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import io
import os
import socket
import ssl
import urllib.request
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import libattest
import openai
import pytest
import requests
import trio
import uvloop
from libattest import AttestationError, AttestedServer, ChannelMismatch, FetchError, UsageError
from libattest._tls import KeyRefused, PinnedContext
from net_server import Identity, Request, Server, Tunnel, answer, ca, self_signed_authority
from openai_upstream import ANSWER, Upstream
from requests.adapters import HTTPAdapter

from hostile_servers import SECRET, Lab, turn, unseen
from session_clients import CLIENTS, Client, refusal_of

TESTS = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("BUILD", TESTS.parent / "build"))
MESSAGES: Any = [{"role": "user", "content": "Who reads this?"}]


def load_demo() -> Any:
    """tests/demo.py by its place: testdata/ has one too."""
    spec = importlib.util.spec_from_file_location("demo_of_the_server", TESTS / "demo.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Genuine:
    """attest-server, a model server behind it, and what is known of both."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        demo = load_demo()
        self.upstream = Upstream()
        stack.callback(self.upstream.server_close)
        stack.callback(self.upstream.shutdown)
        weights = demo.make_weights(folder / "weights", 1)
        self.server = demo.Server(BUILD, folder, "server", self.upstream.url, weights)
        stack.callback(self.server.stop)
        self.policy = folder / "policy.json"
        demo.make_policy(self.policy, BUILD, self.server)
        self.options: dict[str, Any] = {"policy": self.policy, "roots": self.server.root}

    def attested(self, **options: Any) -> AttestedServer:
        return AttestedServer(self.server.url, **self.options, **options)


@pytest.fixture(scope="module")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Genuine]:
    with ExitStack() as stack:
        yield Genuine(tmp_path_factory.mktemp("genuine"), stack)


# With the genuine server


@pytest.mark.parametrize("kind", [kind for kind in CLIENTS if "openai" not in kind.name], ids=lambda kind: kind.name)
def test_genuine(genuine: Genuine, kind: type[Client], monkeypatch: pytest.MonkeyPatch) -> None:
    attested = genuine.attested()
    client = kind(attested)
    chat = genuine.server.url + "/v1/chat/completions"
    seen = genuine.upstream.n_bytes
    body = b'{"model": "demo-8b", "x": "' + b"y" * 200_000 + b'"}'
    for _ in range(2):
        assert ANSWER.encode() in client.ask(chat, body)
    assert genuine.upstream.n_bytes - seen == 2 * len(body)
    assert b"demo-8b" in client.ask(genuine.server.url + "/v1/models")
    first = attested.proof
    kept = attested._kept
    assert kept is not None
    monkeypatch.setattr("libattest.server._clock", lambda: kept.until)  # its time has passed
    assert b"demo-8b" in client.ask(genuine.server.url + "/v1/models")
    assert attested.proof != first, "it was asked again"
    client.close()


def untyped(client: object) -> Any:
    """openai 3 says httpx2, and takes both."""
    return client


def test_openai(genuine: Genuine) -> None:
    with libattest.httpx_client(genuine.server.url, **genuine.options) as http:
        client = openai.OpenAI(base_url=genuine.server.url + "/v1", api_key="x", http_client=untyped(http))
        whole = client.chat.completions.create(model="demo-8b", messages=MESSAGES)
        assert whole.choices[0].message.content == ANSWER
        words = client.chat.completions.create(model="demo-8b", messages=MESSAGES, stream=True)
        assert "".join(part.choices[0].delta.content or "" for part in words).strip() == ANSWER


def test_openai_async(genuine: Genuine) -> None:
    async def talk() -> None:
        async with libattest.httpx_async_client(genuine.server.url, **genuine.options) as http:
            client = openai.AsyncOpenAI(base_url=genuine.server.url + "/v1", api_key="x", http_client=untyped(http))
            whole = await client.chat.completions.create(model="demo-8b", messages=MESSAGES)
            assert whole.choices[0].message.content == ANSWER
            words = await client.chat.completions.create(model="demo-8b", messages=MESSAGES, stream=True)
            text = "".join([part.choices[0].delta.content or "" async for part in words])
            assert text.strip() == ANSWER

    asyncio.run(talk())


STREAM = b'{"model": "demo-8b", "stream": true}'


def test_streams(genuine: Genuine) -> None:
    chat, attested = genuine.server.url + "/v1/chat/completions", genuine.attested()
    with libattest.Session(attested) as session, session.post(chat, STREAM, stream=True) as answer:
        assert sum(line.startswith(b"data: ") for line in answer.iter_lines()) == 4
    with (
        libattest.httpx_client(attested) as client,
        client.stream("POST", "/v1/chat/completions", content=STREAM) as got,
    ):
        assert sum(line.startswith("data: ") for line in got.iter_lines()) == 4
    with libattest.urllib_opener(attested).open(urllib.request.Request(chat, STREAM)) as lines:
        assert sum(line.startswith(b"data: ") for line in lines) == 4


def pieces(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield SECRET * 1000


async def talk_httpx(genuine: Genuine) -> None:
    async with libattest.httpx_async_client(genuine.attested()) as client:
        async with client.stream("POST", "/v1/chat/completions", content=STREAM) as got:
            assert sum([line.startswith("data: ") async for line in got.aiter_lines()]) == 4
        answer = await client.post("/v1/none", content=in_a_loop(pieces(3)))
        assert answer.status_code == 404


async def talk_aiohttp(genuine: Genuine) -> None:
    connector = libattest.aiohttp_connector(genuine.server.url, **genuine.options)
    async with aiohttp.ClientSession(connector=connector) as session:
        async with session.post(genuine.server.url + "/v1/chat/completions", data=STREAM) as got:
            assert sum([line.startswith(b"data: ") async for line in got.content]) == 4
        async with session.post(genuine.server.url + "/v1/none", data=in_a_loop(pieces(3))) as answer:
            assert answer.status == 404


def run_in_uvloop(work: Coroutine[Any, Any, None]) -> None:
    loop = uvloop.new_event_loop()
    loop.run_until_complete(work)
    loop.run_until_complete(asyncio.sleep(0.05))  # in which it closes connections
    loop.close()


def test_event_loops(genuine: Genuine) -> None:
    for talk in (talk_httpx, talk_aiohttp):
        asyncio.run(talk(genuine))
        run_in_uvloop(talk(genuine))
    trio.run(talk_httpx, genuine)


def test_event_loops_with_a_thief(lab: Lab, server: Server) -> None:
    attested = lab.attested(server)
    attested.attest()
    turn(server, lab.other, lab.man_in_the_middle())

    async def by_httpx() -> None:
        async with libattest.httpx_async_client(attested) as client:
            with pytest.raises(ChannelMismatch):
                await client.post("/", content=SECRET)

    async def by_aiohttp() -> None:
        async with aiohttp.ClientSession(connector=libattest.aiohttp_connector(attested)) as session:
            with pytest.raises(ChannelMismatch):
                await session.post(server.url, data=SECRET)

    trio.run(by_httpx)
    for talk in (by_httpx, by_aiohttp):
        run_in_uvloop(talk())
    unseen(server)


# A request that has begun


@pytest.fixture
def changing(lab: Lab, server: Server) -> Iterator[tuple[AttestedServer, Iterator[bytes]]]:
    """A body in whose midst the server starts anew and is attested again."""
    attested = lab.attested(server)
    attested.attest()
    successor = Identity(lab.folder, "successor")

    def body() -> Iterator[bytes]:
        yield b"the beginning"
        lab.prover.boot(successor)
        server.identity = successor
        attested.attest()
        yield SECRET

    yield attested, body()
    server.settle()
    # Nobody knows whether its beginning was acted on, so it is not sent again.
    assert sum(connection.data.startswith(b"POST") for connection in server.connections) == 1
    assert not any(SECRET in connection.data for connection in server.connections)
    lab.prover.boot(lab.genuine)


Changing = tuple[AttestedServer, Iterator[bytes]]


async def in_a_loop(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def test_key_changes_within_a_request(server: Server, changing: Changing) -> None:
    with (
        libattest.Session(changing[0]) as session,
        pytest.raises(KeyRefused, match="when this connection was made; nothing more is sent"),
    ):
        session.post(server.url, changing[1])


def test_key_changes_within_a_request_httpx(server: Server, changing: Changing) -> None:
    with libattest.httpx_client(changing[0]) as client, pytest.raises(KeyRefused, match="when this connection"):
        client.post("/", content=changing[1])


def test_key_changes_within_a_request_async(server: Server, changing: Changing) -> None:
    async def talk() -> None:
        async with libattest.httpx_async_client(changing[0]) as client:
            with pytest.raises(KeyRefused, match="when this connection"):
                await client.post("/", content=in_a_loop(changing[1]))

    asyncio.run(talk())


def test_key_changes_within_a_request_aiohttp(server: Server, changing: Changing) -> None:
    async def talk() -> None:
        async with aiohttp.ClientSession(connector=libattest.aiohttp_connector(changing[0])) as session:
            with contextlib.suppress(aiohttp.ClientError):  # the server may answer before it has read all
                await (await session.post(server.url, data=in_a_loop(changing[1]))).read()

    asyncio.run(talk())


# Proxies


@pytest.mark.parametrize("kind", CLIENTS[:5], ids=lambda kind: kind.name)
def test_proxy(lab: Lab, server: Server, kind: type[Client]) -> None:
    """It sees CONNECT, and then TLS; and a thief behind it sees nothing."""
    tunnel = Tunnel(lab.folder)
    client = kind(lab.attested(server, proxy=f"http://127.0.0.1:{tunnel.port}"))
    for _ in range(2):
        assert b"yes" in client.ask(server.url + "/x", SECRET)
    assert len(tunnel.connections) >= 2
    for connection in tunnel.connections:
        assert connection.requests[0].method == "CONNECT" and SECRET not in connection.data
        assert connection.data[len(connection.requests[0].raw) :][:1] == b"\x16", "TLS"
    client.close()
    turn(server, lab.other, lab.man_in_the_middle())
    client = kind(client.server)
    with pytest.raises(Exception) as info:
        client.ask(server.url + "/x", SECRET)
    refusal_of(client, info.value)
    unseen(server)
    client.close()
    tunnel.close()


def test_proxy_and_a_request_used_twice(lab: Lab, server: Server) -> None:
    """urllib writes the proxy into the request."""
    tunnel = Tunnel(lab.folder)
    opener = libattest.urllib_opener(lab.attested(server, proxy=f"http://127.0.0.1:{tunnel.port}"))
    request = urllib.request.Request(server.url + "/x", SECRET)
    for _ in range(2):
        opener.open(request).close()
    assert [post.path for post in server.posts] == ["/x", "/x"]
    tunnel.close()


def test_proxies_of_a_request(lab: Lab, server: Server) -> None:
    """requests takes them, and they are tunnelled through; aiohttp cannot tell them from the environment's."""
    tunnel = Tunnel(lab.folder)
    proxy = f"http://127.0.0.1:{tunnel.port}"
    attested = lab.attested(server)
    with libattest.Session(attested) as session:
        assert session.post(server.url, SECRET, proxies={"https": proxy}).status_code == 200
    (connection,) = tunnel.connections
    assert SECRET not in connection.data and connection.requests[0].method == "CONNECT"

    async def talk() -> None:
        async with aiohttp.ClientSession(connector=libattest.aiohttp_connector(attested)) as other:
            with pytest.raises(UsageError, match="proxy"):
                await other.post(server.url, data=SECRET, proxy=proxy)

    asyncio.run(talk())
    tunnel.close()


def test_proxies_of_the_environment(lab: Lab, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even to who asks aiohttp to obey the environment."""
    proxy = lab.plain()
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")

    async def talk() -> None:
        connector = libattest.aiohttp_connector(lab.attested(server))
        async with aiohttp.ClientSession(connector=connector, trust_env=True) as session:
            with pytest.raises(UsageError, match="proxy"):
                await session.post(server.url, data=SECRET)

    asyncio.run(talk())
    assert not proxy.connections


# What users may not do


def test_requests_options(lab: Lab, server: Server) -> None:
    with libattest.Session(lab.attested(server)) as session:
        with pytest.raises(UsageError, match="adapter"):
            session.mount("https://", HTTPAdapter())
        session.adapters["https://"] = HTTPAdapter()
        session.adapters[server.url] = HTTPAdapter()
        with pytest.raises(UsageError, match="trust_env"):
            session.trust_env = True
        session.trust_env = False
        assert session.trust_env is False
        with pytest.raises(UsageError, match="client certificate"):
            session.get(server.url, cert=str(lab.other.path))
        assert session.post(server.url, SECRET, verify=str(lab.other.path)).status_code == 200
        assert session.post(server.url, io.BytesIO(SECRET), verify="/nonexistent").status_code == 200
        assert session.post(server.url, pieces(3)).status_code == 200
        turn(server, lab.other, lab.man_in_the_middle())
        for verify in (True, False, str(lab.other.path)):
            with pytest.raises(ChannelMismatch):
                session.post(server.url, SECRET, verify=verify)
            with pytest.raises(ChannelMismatch):
                session.send(session.prepare_request(requests.Request("POST", server.url, data=SECRET)), verify=verify)
    unseen(server)


def test_httpx_options(lab: Lab, server: Server) -> None:
    attested = lab.attested(server)
    for make in (libattest.httpx_client, libattest.httpx_async_client):
        for name, value in (
            ("verify", ssl.create_default_context()),
            ("verify", False),
            ("cert", "x"),
            ("transport", httpx.HTTPTransport()),
            ("mounts", {"https://": httpx.HTTPTransport()}),
            ("trust_env", True),
            ("http2", True),
        ):
            with pytest.raises(UsageError, match=name):
                make(attested, **{name: value})
    limits = httpx.Limits(max_connections=1)
    client = libattest.httpx_client(server.url, verifier=lab.verifier, timeout=7, limits=limits)
    assert client.timeout == httpx.Timeout(7) and str(client.base_url).rstrip("/") == server.url
    assert client.get("/x").status_code == 200
    assert client._transport._inner._pool._max_connections == 1  # type: ignore[attr-defined]
    assert not client.follow_redirects and not client.trust_env
    client.close()


def test_aiohttp_options(lab: Lab, server: Server) -> None:
    async def talk() -> None:
        with pytest.raises(UsageError, match="ssl"):
            libattest.aiohttp_connector(lab.attested(server), ssl=False)
        connector = libattest.aiohttp_connector(server.url, verifier=lab.verifier, limit=3)
        assert connector.limit == 3
        async with aiohttp.ClientSession(connector=connector) as session:
            assert (await session.post(server.url, data=SECRET)).status == 200
            turn(server, lab.other, lab.man_in_the_middle())
            await asyncio.sleep(0.01)  # in which it sees that its connection was closed
            for mine in (False, ssl.create_default_context(), aiohttp.Fingerprint(bytes(32))):
                with pytest.raises(UsageError, match="ssl"):
                    await session.post(server.url, data=SECRET, ssl=mine)
            with pytest.raises(ChannelMismatch):
                await session.post(server.url, data=SECRET, server_hostname="example.org")
            with pytest.raises(ChannelMismatch):
                await session.ws_connect(server.url.replace("https", "ws"))
            with pytest.raises(AttestationError):
                await session.ws_connect(server.url.replace("https", "wss"))
            server.hang_up = "accept"
            with pytest.raises((aiohttp.ClientError, FetchError)) as info:  # aiohttp 3.9 leaves it as it is
                await session.post(server.url, data=SECRET)
            assert FetchError in (type(info.value), type(info.value.__cause__))

    asyncio.run(talk())
    unseen(server)


def test_urllib_schemes(lab: Lab, server: Server) -> None:
    opener = libattest.urllib_opener(lab.attested(server))
    for url in ("file:///etc/hostname", "data:,x", "ftp://127.0.0.1/", server.url.replace("https", "http")):
        with pytest.raises(ChannelMismatch, match="another server"):
            opener.open(url)


# Under an attested CA


@pytest.fixture
def under_ca(lab: Lab) -> Iterator[tuple[Server, dict[str, Any]]]:
    authority = self_signed_authority("BlindLlama's CA")
    lab.prover.boot_blindllama(authority)
    proof = lab.prover.blindllama_proof(authority)

    def handler(request: Request) -> bytes:
        return answer("200 OK", proof if request.path == "/attestation.json" else b"yes")

    server = lab.server(Identity(lab.folder, "under-the-ca", authority), handler)
    server.versions = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    yield server, {"policy": lab.prover.golden, "roots": lab.prover.root, "ca": True}
    server.close()
    lab.prover.boot(lab.genuine)


@pytest.mark.parametrize("kind", [kind for kind in CLIENTS if "openai" not in kind.name], ids=lambda kind: kind.name)
def test_ca(lab: Lab, under_ca: tuple[Server, dict[str, Any]], kind: type[Client]) -> None:
    server, options = under_ca
    attested = AttestedServer(server.url, **options)
    client, genuine = kind(attested), server.identity
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        server.versions = (version, version)
        server.clear()
        assert client.ask(server.url + "/x", SECRET) == b"yes"
    with pytest.raises(ChannelMismatch, match="a CA is attested"):
        _ = attested.pin
    hostile = self_signed_authority("BlindLlama's CA")
    for impostor in (Identity(lab.folder, "under-another-ca", hostile), lab.other):
        turn(server, impostor)
        with pytest.raises(Exception) as info:
            client.ask(server.url + "/x", SECRET)
        assert "attested CA" in str(refusal_of(client, info.value))
        server.settle()
        assert not server.posts
        turn(server, genuine)
        assert client.ask(server.url + "/x", SECRET) == b"yes"
    client.close()


@pytest.mark.parametrize("kind", CLIENTS[:5], ids=lambda kind: kind.name)
def test_new_ca(lab: Lab, under_ca: tuple[Server, dict[str, Any]], kind: type[Client]) -> None:
    """The genuine server has started anew, with a new CA."""
    server, options = under_ca
    client = kind(AttestedServer(server.url, **options))
    assert client.ask(server.url + "/x", SECRET) == b"yes"
    authority = self_signed_authority("BlindLlama's next CA")
    lab.prover.boot_blindllama(authority)
    proof = lab.prover.blindllama_proof(authority)
    turn(
        server,
        Identity(lab.folder, "under-the-next-ca", authority),
        lambda request: answer("200 OK", proof if request.path == "/attestation.json" else b"yes"),
    )
    client.server._verifier = libattest.Verifier(lab.prover.golden, roots=lab.prover.root)
    assert client.ask(server.url + "/x", SECRET) == b"yes"
    assert len(server.posts) == 1
    client.close()


def test_new_ca_without_retry(lab: Lab, under_ca: tuple[Server, dict[str, Any]]) -> None:
    """A context cannot exchange the CA of a handshake; it has asked again, and the next connection is right."""
    server, options = under_ca
    attested = AttestedServer(server.url, **options)
    context = attested.ssl_context()
    with socket.create_connection(("127.0.0.1", server.port)) as plain, context.wrap_socket(plain):
        pass
    # One that others have signed, and which is the trust nevertheless.
    authority = ca.new_authority(ca.intermediate_spec("CA"), "p256", self_signed_authority("its issuer"))
    lab.prover.boot_blindllama(authority)
    proof = lab.prover.blindllama_proof(authority)
    attested._verifier = libattest.Verifier(lab.prover.golden, roots=lab.prover.root)
    turn(server, Identity(lab.folder, "under-it", authority), lambda request: answer("200 OK", proof))
    with socket.create_connection(("127.0.0.1", server.port)) as plain, pytest.raises(KeyRefused, match="attested CA"):
        context.wrap_socket(plain)
    asked = len(server.requests)
    with socket.create_connection(("127.0.0.1", server.port)) as plain, context.wrap_socket(plain):
        pass
    assert asked == len(server.requests) == 1


def test_nothing_attested_any_more(under_ca: tuple[Server, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread was refused between the look at the time and the connection: it is asked again."""
    server, options = under_ca
    attested = AttestedServer(server.url, **options)
    monkeypatch.setattr(attested, "refresh", lambda: None)
    with libattest.Session(attested) as session:
        assert session.post(server.url, SECRET).content == b"yes"


def test_names_under_a_ca(lab: Lab, under_ca: tuple[Server, dict[str, Any]]) -> None:
    server, options = under_ca
    local = server.url.replace("127.0.0.1", "localhost")
    with pytest.raises(ChannelMismatch, match="'localhost'"):
        AttestedServer(local, **options).attest()
    with libattest.Session(local, **options, server_name="127.0.0.1") as named:
        assert named.post(local, SECRET).content == b"yes"
    with pytest.raises(ChannelMismatch, match=r"'example\.org'"):
        AttestedServer(server.url, **options, server_name="example.org").attest()


def test_contexts_under_a_ca(lab: Lab, under_ca: tuple[Server, dict[str, Any]]) -> None:
    server, options = under_ca
    attested = AttestedServer(server.url, **options)
    tls = PinnedContext(attested, asks=False).wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO())
    with pytest.raises(KeyRefused, match="nothing attested"):
        tls.do_handshake()
    result = attested.attest()
    with pytest.raises(ChannelMismatch, match="no TLS key"):
        result.ssl_context()
    context = attested.ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    with socket.create_connection(("127.0.0.1", server.port)) as plain, context.wrap_socket(plain) as sock:
        assert sock.selected_alpn_protocol() == "http/1.1"
    turn(server, lab.other)
    with pytest.raises(ChannelMismatch, match="does not stand under"):
        attested.attest()
    assert attested.result is not None and attested.result.verified, "it tells of the proof"


def test_ca_and_key(lab: Lab, server: Server, under_ca: tuple[Server, dict[str, Any]]) -> None:
    """What is attested is not what was asked for."""
    other, options = under_ca
    with pytest.raises(AttestationError):
        AttestedServer(other.url, **{**options, "ca": False}, path="/attestation.json").attest()
    lab.prover.boot(lab.genuine)
    server.handler = lambda request: answer("200 OK", lab.prover.proof(b""))
    policy = lab.folder / "no-nonce.json"
    policy.write_text(lab.prover.policy.read_text().replace(', "nonce": "required"', ""))
    with pytest.raises(ChannelMismatch, match="no CA") as info:
        AttestedServer(server.url, policy=policy, roots=lab.prover.root, ca=True).attest()
    assert info.value.status == "ATTEST_E_TLS_REQUIRED"

"""Every client against servers that are not the attested one: not one byte of a request may reach them."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from libattest import AttestationError, AttestedServer, ChannelMismatch
from net_server import Close, Handler, Identity, Request, Server, answer, relay, self_signed_authority

from hostile_servers import SECRET, Lab, turn, unseen
from session_clients import CLIENTS, Aiohttp, Client, refusal_of

Opened = Callable[[AttestedServer], Client]


@pytest.fixture(scope="module")
def server(lab: Lab) -> Server:
    return lab.server()


@pytest.fixture(autouse=True)
def genuine_again(lab: Lab, server: Server) -> Iterator[None]:
    handler = server.handler
    yield
    server.versions, server.resumes, server.shared = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3), False, None
    turn(server, lab.genuine, handler)


def clients_that(holds: Callable[[type[Client]], bool]) -> Callable[[pytest.FixtureRequest], Iterator[Opened]]:
    """A fixture that opens a client of each kind."""

    @pytest.fixture(params=[kind for kind in CLIENTS if holds(kind)], ids=lambda kind: kind.name)
    def opened(request: pytest.FixtureRequest) -> Iterator[Opened]:
        clients: list[Client] = []

        def open_client(server: AttestedServer) -> Client:
            clients.append(request.param(server))
            return clients[-1]

        yield open_client
        for client in clients:
            client.close()

    return opened


opened = clients_that(lambda kind: True)
following = clients_that(lambda kind: kind.follows)
keeping = clients_that(lambda kind: kind.keeps)


def chat(server: Server) -> str:
    return f"{server.url}/v1/chat/completions"


def refused(client: Client, url: str, body: bytes | None = SECRET, careless: bool = False) -> AttestationError:
    with pytest.raises(Exception) as info:
        client.careless(url, body or b"") if careless else client.ask(url, body)
    return refusal_of(client, info.value)


def test_wrong_key_from_the_start(lab: Lab, server: Server, opened: Opened) -> None:
    turn(server, lab.other, lab.man_in_the_middle())
    client = opened(lab.attested(server))
    error = refused(client, chat(server))
    assert error.status == "ATTEST_E_TLS_PIN" and "key" in str(error)
    assert server.fetches, "he did have a proof"
    unseen(server)


def test_wrong_key_on_reconnect(lab: Lab, server: Server, opened: Opened) -> None:
    attested = lab.attested(server)
    client = opened(attested)
    assert b"yes" in client.ask(chat(server), SECRET)
    turn(server, lab.other, lab.man_in_the_middle())
    for careless in (False, True):
        error = refused(client, chat(server), careless=careless)
        if not careless or not isinstance(client, Aiohttp):
            assert error.status == "ATTEST_E_TLS_PIN", error
    assert server.fetches, "it was asked for a new proof"
    unseen(server)
    assert attested.attested(timely=False) is None, "a refusal makes it forget the key"
    turn(server, lab.genuine, lab.machine.handler)
    assert b"yes" in client.ask(chat(server), SECRET)


def test_wrong_key_without_a_proof(lab: Lab, server: Server, opened: Opened) -> None:
    """The new proof cannot even be had."""
    client = opened(lab.attested(server))
    client.ask(chat(server), SECRET)
    turn(server, lab.other, lambda request: answer("503 Busy", b""))
    refused(client, chat(server))
    unseen(server)


CODES = (301, 302, 303, 307, 308)


def test_redirects(lab: Lab, server: Server, following: Opened) -> None:
    plain, elsewhere, same_key = lab.plain(), lab.server(lab.other), lab.server()
    client = following(lab.attested(server))
    targets = [f"http://127.0.0.1:{plain.port}", elsewhere.url.replace("127.0.0.1", "localhost"), same_key.url]
    if not isinstance(client, Aiohttp):  # which itself refuses other schemes
        targets.append(f"ftp://127.0.0.1:{plain.port}")
    genuine = server.handler

    def redirect(request: Request) -> bytes:
        if request.is_fetch:
            return genuine(request)
        code, number = request.path.split("/")[1:3]
        return answer(f"{code} Elsewhere", b"", f"Location: {targets[int(number)]}/v1/chat/completions")

    turn(server, handler=redirect)
    for code in CODES:
        for number, target in enumerate(targets):
            for body in (None, SECRET):
                error = refused(client, f"{server.url}/{code}/{number}/chat/completions", body)
                assert str(client.server.origin) in str(error) and target in str(error)
    for listener in (plain, elsewhere, same_key):
        assert not listener.connections
        listener.close()


def test_redirect_within_the_server(lab: Lab, server: Server, following: Opened) -> None:
    client, genuine = following(lab.attested(server)), server.handler

    def redirect(request: Request) -> bytes:
        if request.is_fetch or request.path == "/there":
            return genuine(request)
        return answer("302 There", b"", "Location: /there")

    turn(server, handler=redirect)
    assert b"yes" in client.ask(chat(server), SECRET)


def test_asked_for_another_server(lab: Lab, server: Server, following: Opened) -> None:
    plain, elsewhere, same_key = lab.plain(), lab.server(lab.other), lab.server()
    client = following(lab.attested(server))
    for url in (f"http://127.0.0.1:{plain.port}", elsewhere.url, same_key.url, f"http://127.0.0.1:{server.port}"):
        assert isinstance(refused(client, url + "/v1/chat/completions"), ChannelMismatch)
    for listener in (plain, elsewhere, same_key):
        assert not listener.connections
        listener.close()
    unseen(server)


def test_resumption_offered(lab: Lab, server: Server, opened: Opened) -> None:
    server.resumes = True
    client = opened(lab.attested(server))
    for _ in range(3):
        assert b"yes" in client.ask(chat(server), SECRET)
        server.drop()
    assert len([c for c in server.connections if c.requests and not c.requests[0].is_fetch]) == 3
    assert not any(connection.resumed for connection in server.connections)


def test_old_tls(lab: Lab, server: Server, opened: Opened) -> None:
    old = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    server.versions = old
    client = opened(lab.attested(server))
    assert "1.3" in str(refused(client, chat(server)))
    server.versions = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)
    client.ask(chat(server), SECRET)
    server.versions = old
    server.clear()
    assert "1.3" in str(refused(client, chat(server)))
    assert "1.3" in str(refused(client, chat(server), careless=not isinstance(client, Aiohttp)))
    unseen(server)


@pytest.fixture(scope="module")
def certified(lab: Lab) -> tuple[Path, Identity]:
    """A CA that the environment says to trust, and a server's identity by it."""
    authority = self_signed_authority("hostile CA")
    pem = lab.folder / "hostile-ca.pem"
    pem.write_text(authority.pem)
    return pem, Identity(lab.folder, "certified", authority)


def test_environment(
    lab: Lab,
    server: Server,
    opened: Opened,
    certified: tuple[Path, Identity],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    proxy = lab.plain()
    address = f"http://127.0.0.1:{proxy.port}"
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(certified[0]))
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, address)
        monkeypatch.setenv(name.lower(), address)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("SSL_CERT_DIR", str(lab.folder))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    client = opened(lab.attested(server))
    assert b"yes" in client.ask(chat(server), SECRET)
    turn(server, certified[1], lab.man_in_the_middle())
    refused(client, chat(server))
    refused(opened(lab.attested(server)), chat(server))
    unseen(server)
    assert not proxy.connections and not (tmp_path / "keys").exists()
    proxy.close()


def test_new_key_of_the_genuine_server(lab: Lab, server: Server, opened: Opened) -> None:
    """It has started anew: attested again, and delivered once."""
    attested = lab.attested(server)
    client = opened(attested)
    client.ask(chat(server), SECRET)
    before = attested.pin
    successor = Identity(lab.folder, "successor")
    with lab.booted(successor):
        turn(server, successor)
        assert b"yes" in client.ask(chat(server), SECRET)
        assert attested.pin != before
        assert len(server.fetches) == 1 and len(server.posts) == 1


def test_key_that_is_attested_no_more(lab: Lab, server: Server, keeping: Opened) -> None:
    """A kept connection outlives the key that it was made with: nothing goes over it any more."""
    attested = lab.attested(server)
    client = keeping(attested)
    client.ask(chat(server), SECRET)
    kept = [connection for connection in server.connections if connection.requests[-1:] == server.posts[-1:]]
    assert len(kept) == 1
    successor = Identity(lab.folder, "successor")
    with lab.booted(successor):
        server.identity = successor  # of new connections
        attested.attest()
        if client.follows:
            assert b"yes" in client.ask(chat(server), SECRET)
        else:  # http.client does not try again
            assert "when this connection was made" in str(refused(client, chat(server)))
            assert b"yes" in client.ask(chat(server), SECRET)
        server.settle()
        assert len(kept[0].requests) == 1 and len(server.posts) == 2


def test_request_that_may_have_arrived(lab: Lab, server: Server, opened: Opened) -> None:
    """It is not sent a second time, however genuine the next key is."""
    client = opened(lab.attested(server))
    client.ask(chat(server), SECRET)
    successor, genuine = Identity(lab.folder, "successor"), server.handler

    def vanish(request: Request) -> bytes:
        if request.is_fetch:
            return genuine(request)
        server.identity, server.handler = successor, genuine
        raise Close

    with lab.booted(successor):
        turn(server, lab.genuine, vanish)
        lab.prover.boot(lab.genuine)
        with pytest.raises(Exception):  # noqa: B017  # each has its own
            client.ask(chat(server), SECRET)
        server.settle()
        assert len(server.posts) == 1
        lab.prover.boot(successor)
        assert b"yes" in client.ask(chat(server), SECRET)


def test_another_thief(lab: Lab, server: Server, opened: Opened) -> None:
    """Who has a genuine proof of another machine, that has his own key measured, and other software."""
    thief = Identity(lab.folder, "thief")
    client = opened(lab.attested(server))
    client.ask(chat(server), SECRET)
    handler: Handler = relay(lab.machine)
    turn(server, thief, lambda request: answer("200 OK", b"{}") if request.is_fetch else handler(request))
    error = refused(client, chat(server))
    assert error.status.startswith("ATTEST_E_")
    unseen(server)

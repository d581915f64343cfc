"""What was tried against sessions and once went through: races, other libraries' patches, and answers made to harm."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

import aiohttp
import httpx
import libattest
import pytest
from libattest import AttestedServer, UsageError
from libattest._httpx import _check
from libattest._tls import KeyRefused, PinnedContext
from net_server import Close, Request, Server, Tunnel

from hostile_servers import SECRET, Lab, turn


def connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), 10)


def send_file(sock: ssl.SSLSocket) -> object:
    with open(__file__, "rb") as file:
        return sock.sendfile(file)


SENDS: dict[str, Callable[[ssl.SSLSocket], object]] = {
    "send": lambda sock: sock.send(SECRET),
    "sendall": lambda sock: sock.sendall(SECRET),
    "write": lambda sock: sock.write(SECRET),
    "sendfile": send_file,
    "makefile": lambda sock: sock.makefile("wb", buffering=0).write(SECRET),
}


@pytest.mark.parametrize("send", SENDS.values(), ids=SENDS)
def test_tls_ends_while_a_write_attests(lab: Lab, monkeypatch: pytest.MonkeyPatch, send: Any) -> None:
    """Another thread has ended it with shutdown(), as urllib3 does to interrupt; a proxy sees what is in clear."""
    attested, tunnel = lab.attested(lab.machine), Tunnel(lab.folder)
    context = attested.ssl_context()
    with connected(tunnel) as plain:
        plain.sendall(f"CONNECT {attested.origin.authority} HTTP/1.1\r\n\r\n".encode())
        plain.recv(4096)
        with context.wrap_socket(plain) as sock:
            monkeypatch.setattr(attested, "refresh", lambda: sock.shutdown(socket.SHUT_RD))
            with pytest.raises((KeyRefused, ValueError)):
                send(sock)
    tunnel.settle()
    tunnel.close()
    assert SECRET not in tunnel.connections[0].data and b"TLS ends" not in tunnel.connections[0].data


def test_whoever_patches_the_ssl_module(lab: Lab, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """eventlet's wrap_socket() makes sockets of its own class, which look at no key."""
    context = lab.attested(server).attest().ssl_context()
    server.settle()
    for kind, name in ((ssl.SSLSocket, "sslsocket_class"), (ssl.SSLObject, "sslobject_class")):
        monkeypatch.setattr(PinnedContext, name, kind)
    with connected(server) as plain, pytest.raises(KeyRefused, match="patched"):
        context.wrap_socket(plain, do_handshake_on_connect=False)
    with pytest.raises(KeyRefused, match="patched"):
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO())


def test_two_threads_and_a_new_proxy(lab: Lab, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one comes while the first is still about to hold the proxy's connections to the key."""
    with libattest.Session(lab.attested(server)) as session:
        assert session._adapter is not None
        adapter, hold, holding, go_on = session._adapter, session._adapter._hold, threading.Event(), threading.Event()

        def slow(manager: object) -> None:
            if threading.current_thread() is first:
                holding.set()
                go_on.wait()
            hold(manager)

        monkeypatch.setattr(adapter, "_hold", slow)
        first = threading.Thread(target=adapter.proxy_manager_for, args=("http://127.0.0.1:1",))
        first.start()
        assert holding.wait(10)
        pool = adapter.proxy_manager_for("http://127.0.0.1:1").connection_from_host("127.0.0.1", 1, "https")
        go_on.set()
        first.join()
        assert isinstance(pool.conn_kw.get("ssl_context"), PinnedContext)


@pytest.mark.parametrize("status", ["200 OK", "500 Busy"])
def test_a_chunk_of_negative_size(lab: Lab, server: Server, status: str) -> None:
    """http.client reads to the end of the stream then, however much comes."""

    def endless(request: Request) -> bytes:
        raise Close(f"HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n".encode() + bytes(1 << 20))

    turn(server, handler=endless)
    with pytest.raises(libattest.FetchError, match="negative size"):
        libattest.fetch(server.url)


@pytest.mark.parametrize("head", ["", "HTTP/1.1 200 OK\r\nContent-Encoding: "])
def test_words_of_whoever_answers(server: Server, head: str) -> None:
    turn(server, handler=lambda request: head.encode() + b"\x1b[2JVERIFIED\r\n\r\n")
    with pytest.raises(libattest.FetchError) as info:
        libattest.fetch(server.url)
    assert "VERIFIED" in str(info.value) and str(info.value).isprintable()


def test_httpx_proxies(lab: Lab, server: Server) -> None:
    """They went past the attested transport, before httpx 0.28."""
    for make in (libattest.httpx_client, libattest.httpx_async_client):
        with pytest.raises(UsageError, match="proxies"):
            make(lab.attested(server), proxies="http://127.0.0.1:1")


def test_httpx_names_that_are_not_ascii(lab: Lab) -> None:
    attested = AttestedServer("https://xn--bcher-kva.invalid", verifier=lab.verifier)
    for url in ("https://xn--bcher-kva.invalid/", "https://b\u00fccher.invalid/"):
        _check(attested, httpx.Request("GET", url))


def test_after_a_fork(lab: Lab, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both would write the same record numbers with the same key, and so encrypt two texts with one key stream."""
    with libattest.Session(lab.attested(server)) as session:
        session.post(server.url, SECRET)
        session.post(server.url, SECRET)
        monkeypatch.setattr("os.getpid", lambda: -1)
        session.post(server.url, b"of the child")
    server.settle()
    bodies = [[request.body for request in c.requests if not request.is_fetch] for c in server.connections]
    assert [body for body in bodies if body] == [[SECRET, SECRET], [b"of the child"]]


def test_what_libraries_show_to_a_proxy(lab: Lab, server: Server) -> None:
    """httpcore sends CONNECT with a request's own target, and aiohttp with its Host header."""
    tunnel, secret = Tunnel(lab.folder), SECRET.decode().replace(" ", "-")
    attested = lab.attested(server, proxy=f"http://127.0.0.1:{tunnel.port}")
    extensions = {"target": f"/{secret}".encode()}
    with (
        libattest.httpx_client(attested) as client,
        pytest.raises(UsageError, match="target"),
    ):
        client.get("/", extensions=extensions)

    async def talk() -> None:
        async with libattest.httpx_async_client(attested) as client:
            with pytest.raises(UsageError, match="target"):
                await client.get("/", extensions=extensions)
        async with aiohttp.ClientSession(connector=libattest.aiohttp_connector(attested)) as session:
            with pytest.raises(UsageError, match="Host"):
                await session.get(server.url, headers={"Host": secret})
            assert (await session.get(server.url, headers={"Host": attested.origin.authority})).status == 200

    asyncio.run(talk())
    tunnel.close()
    assert not any(secret.encode() in connection.data for connection in tunnel.connections)
    with libattest.httpx_client(lab.attested(server)) as client:
        assert client.get("/", extensions=extensions).status_code == 200

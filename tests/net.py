"""libattest-net, attest-verify with a URL, and curl with a pin, against a genuine server and hostile ones on loopback.

What counts in each refusal is what the other side has seen: not one byte of a request.

Usage: net.py BUILD
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from net_bench import SECRET, Bench
from net_downloads import downloads
from net_server import (
    Close,
    Handler,
    Identity,
    Prover,
    Request,
    Server,
    Tpm,
    Tunnel,
    answer,
    ca,
    relay,
    self_signed_authority,
    serve,
)

JSON_TYPE = "Content-Type: application/json"


# What should work


def genuine(b: Bench) -> None:
    server = b.server
    server.clear()
    with b.client(server) as client:
        b.says("a session opens", client.opened, "open ATTEST_OK")
        b.says("no handle before attesting", client.ask(f"handle {server.url}/"), "ATTEST_E_STATE")
        b.says("no pin before attesting", client.ask("pin"), "ATTEST_E_STATE")
        b.says("it attests", client.ask("attest"), "attest ATTEST_OK")
        b.check("attesting sends nothing but one question", server.application_bytes == 0 and len(server.fetches) == 1)
        b.check("the nonce has 32 bytes", len(server.fetches[0].query["nonce"]) == 64)
        b.says("a handle", client.ask(f"handle {server.url}/v1/chat"), "handle ATTEST_OK")
        for turn in ("first", "second"):
            b.says(f"the {turn} request", client.ask("perform"), "perform ATTEST_OK", "curl 0, HTTP 200, 36 bytes")
        b.check("the body has come twice", [SECRET in post.body for post in server.posts] == [True, True])
        b.check("over one connection", sum(bool(c.requests) for c in server.connections) == 2, server.connections)
        b.says("plain curl_easy_perform()", client.ask("direct"), "direct ATTEST_OK", "HTTP 200")
        b.says("attested again", client.ask("attest"), "ATTEST_OK")
        b.check("with another nonce", server.fetches[0].query["nonce"] != server.fetches[1].query["nonce"])
    with b.client(server, "age=2") as client:
        client.ready()
        time.sleep(2.1)
        b.says("the time has passed: pin", client.ask("pin"), "ATTEST_E_STATE", "time of the attested key has passed")
        server.clear()
        b.says("the time has passed: without help", client.ask("direct"), "curl 60")
        b.unseen("the time has passed", server)
        b.says("the time has passed: perform", client.ask("perform"), "perform ATTEST_OK")
        b.check("attested anew", len(server.fetches) >= 1 and len(server.posts) == 1)


def fetching(b: Bench) -> None:
    """attest_net_fetch() alone, and what it takes for a URL and a nonce."""
    with b.fresh() as server, b.client(server) as client:
        for url, path in (("", "/.well-known/attestation"), ("/", "/.well-known/attestation"), ("/own/place?x=y", "/own/place")):
            client.ask(f"fetch 32 {server.url}{url}")
            asked = server.requests[-1]
            b.check(f"fetch {url!r}", asked.path.startswith(path) and len(asked.query["nonce"]) == 64, asked.path)
        b.check("a query of the caller's stays", server.requests[-1].query["x"] == "y")
        b.says("fetch without a nonce", client.ask(f"fetch 0 {server.url}"), "fetch ATTEST_OK", "bytes")
        b.check("the standing proof was asked for", server.requests[-1].path == "/.well-known/attestation")
        server.connections = []
        for n in (7, 65):
            b.says(f"a nonce of {n} bytes", client.ask(f"fetch {n} {server.url}"), "ATTEST_E_USAGE", "nonce")
        b.says("a nonce of 8 bytes", client.ask(f"fetch 8 {server.url}"), "ATTEST_OK")
        for url in (
            "http://127.0.0.1",
            "ftp://127.0.0.1",
            "127.0.0.1",
            "https://a:b@127.0.0.1",
            "https://127.0.0.1/#x",
            "file:///etc/passwd",
        ):
            b.says(f"fetch {url}", client.ask(f"fetch 32 {url}"), "ATTEST_E_USAGE")
        b.check("nothing else was asked for", len(server.requests) == 1)


def many(b: Bench) -> None:
    with b.fresh() as server, b.client(server) as client:
        client.ready()
        b.says("threads share a session", client.ask(f"threads {server.url}/v1/chat"), "threads ATTEST_OK", "8 of 8")
        b.check("all was delivered", len(server.posts) == 40)


def new_key(b: Bench) -> None:
    """The genuine machine starts anew with a new key: another proof, and the same software."""
    with b.fresh() as server, b.client(server) as client:
        client.ready()
        successor = Identity(b.folder, "successor")
        b.prover.boot(successor)
        b.turn(server, successor)
        b.says("a new key: without help", client.ask("direct"), "curl 60")
        b.unseen("a new key", server)
        b.says("a new key: attested again, and delivered", client.ask("perform"), "perform ATTEST_OK", "HTTP 200")
        b.check("once", len(server.fetches) == 1 and len(server.posts) == 1)
        b.prover.boot(b.genuine)


def half_sent(b: Bench) -> None:
    """A request that may have arrived is not sent a second time, however genuine the next key is."""
    successor = Identity(b.folder, "second-successor")
    with b.fresh() as server, b.client(server) as client:
        genuine_handler = serve(b.prover)

        def vanish(request: Request) -> bytes:
            if len(server.posts) < 2:
                return genuine_handler(request)
            server.identity = successor
            raise Close

        server.handler = vanish
        client.ready()
        b.says("the first request", client.ask("perform"), "ATTEST_OK")
        b.prover.boot(successor)
        b.says("the second is cut off, and the key is another", client.ask("perform"), "perform ATTEST_E_TLS_PIN", "curl 60")
        server.settle()
        b.check("it was sent once", len(server.posts) == 2 and len(server.fetches) == 1, server.connections)
        server.handler = genuine_handler
        b.says("the third is the caller's to try", client.ask("perform"), "ATTEST_OK")
        b.prover.boot(b.genuine)


def copied(b: Bench) -> None:
    """The library answers for its own handles, not for a copy of one."""
    with b.fresh() as server, b.client(server) as client:
        client.ready()
        client.tell("copy")
        server.clear()
        b.says("a copy of a handle", client.ask("direct"), "curl 42")
        b.says("a copy of a handle: perform", client.ask("perform"), "ATTEST_E_USAGE", "not a handle")
        b.unseen("a copy of a handle", server)
    with b.fresh() as server, b.another(relay(b.server), b.other) as mitm, b.client(server) as client:
        client.ready()
        b.says("a copy, while the handle is in use", client.ask(f"nested {mitm.url}/v1/chat"), "nested ATTEST_OK", "copy 42")
        client.tell("reckless")
        b.says("a copy, while the handle is in use, reckless", client.ask(f"nested {mitm.url}/v1/chat"), "copy 42")
        b.unseen("a copy, while the handle is in use", mitm)


# Men in the middle


def replaying(b: Bench) -> None:
    with b.another(relay(b.server), b.other) as mitm, b.client(mitm) as client:
        b.says("another key, the genuine proof", client.ask("attest"), "attest ATTEST_E_TLS_PIN", "not the expected one")
        b.check("it did have a proof", len(mitm.fetches) == 1)
        b.says("no handle", client.ask(f"handle {mitm.url}/"), "ATTEST_E_STATE")
        b.unseen("another key, the genuine proof", mitm)


def disguised(b: Bench) -> None:
    """A certificate with another key, in which the genuine one stands as text."""
    genuine_text = b"\n" + ca.public_pem(b.genuine.key.public_key()).encode()
    disguise = Identity(b.folder, "disguise", text=genuine_text)
    with b.another(relay(b.server), disguise) as mitm:
        done = b.tool("--policy", b.prover.policy, mitm.url)
        b.check("attest-verify: the genuine key as text", done.returncode == 1 and "not the expected one" in done.stdout, done)
        for words in ((), ("bind",)):
            with b.client(mitm, *words) as client:
                b.says(f"the genuine key as text {words}", client.ask("attest"), "attest ATTEST_E_")
                b.says(f"the genuine key as text {words}: no handle", client.ask(f"handle {mitm.url}/"), "ATTEST_E_STATE")
        b.unseen("the genuine key as text", mitm)
    for name, code in (("careful", "curl 60"), ("careless", "curl 60"), ("reckless", "curl 42")):
        with b.fresh() as server, b.client(server) as client:
            client.ready()
            b.turn(server, disguise, relay(b.server))
            if name != "careful":
                client.tell(name)
            b.says(f"{name}: the genuine key as text on reconnect", client.ask("direct"), code)
            b.says(f"{name}: the genuine key as text, attested again", client.ask("perform"), "ATTEST_E_TLS_PIN")
            b.unseen(f"{name}: the genuine key as text on reconnect", server)


def in_the_handshake(b: Bench) -> None:
    """What leaves before any request: a client's certificate, and what other protocols begin with."""
    own = Identity(b.folder, "client")
    with b.fresh() as server, b.client(server, f"cert={own.path}") as client:
        server.clients = own.path
        client.ready()
        b.says("a client certificate: delivered", client.ask("perform"), "ATTEST_OK")
        b.check("a client certificate: shown", [c.certified for c in server.connections if c.requests][-1])
        b.turn(server, b.other, relay(b.server))
        for name in ("careful", "careless"):
            if name != "careful":
                client.tell(name)
            b.says(f"a client certificate, {name}: another key", client.ask("direct"), "curl 60")
            server.settle()
            b.check(f"a client certificate, {name}: not shown", not any(c.certified for c in server.connections))
        b.says("a client certificate: attested again", client.ask("perform"), "ATTEST_E_TLS_PIN", "curl 60")
        b.unseen("a client certificate", server)
        b.check("a client certificate: not shown to whom is asked", not any(c.certified for c in server.connections))
    with b.fresh() as server, b.client(server) as client:
        client.ready()
        client.tell("careless", f"url imaps://user:password@127.0.0.1:{server.port}/")
        b.turn(server, b.other)
        server.greeting = b"* OK ready\r\n"
        b.says("another protocol, another key", client.ask("direct"), "curl 60")
        b.unseen("another protocol, another key", server)


def key_log(b: Bench) -> None:
    path = b.folder / "client-keys"
    with b.fresh() as server, b.client(server, env={"SSLKEYLOGFILE": str(path)}) as client:
        client.ready()
        b.says("SSLKEYLOGFILE: delivered", client.ask("perform"), "ATTEST_OK")
    b.check("SSLKEYLOGFILE is not obeyed", not path.exists() or "_SECRET" not in path.read_text())


def expecting(b: Bench) -> None:
    """The caller knows the genuine key: neither that it is attested nor that it is live is enough alone."""
    pin = b.tool("--policy", b.prover.policy, "--print", "pin", b.server.url).stdout.strip()
    with b.client(b.server, f"pin={pin}") as client:
        b.says("the expected key", client.ready(), "handle ATTEST_OK")
    with b.another(relay(b.server), b.other) as mitm, b.client(mitm, f"pin={pin}") as client:
        b.says("the expected key is attested, and another live", client.ask("attest"), "attest ATTEST_E_TLS_PIN")
        b.unseen("the expected key is attested, and another live", mitm)
    with b.client(b.server, "pin=sha256//" + "A" * 43 + "=") as client:
        b.says("not the expected key", client.ask("attest"), "ATTEST_E_TLS_PIN")


def reconnecting(b: Bench) -> None:
    for name, code in (("careful", "curl 60"), ("careless", "curl 60"), ("reckless", "curl 42")):
        with b.fresh() as server, b.client(server) as client:
            client.ready()
            b.says(f"{name}: before", client.ask("perform"), "ATTEST_OK")
            b.turn(server, b.other, relay(b.server))
            if name != "careful":
                client.tell(name)
            b.says(f"{name}: another key on reconnect", client.ask("direct"), code)
            b.unseen(f"{name}: another key on reconnect", server)
            b.says(f"{name}: attesting again does not help", client.ask("perform"), "perform ATTEST_E_TLS_PIN")
            b.check(f"{name}: it was asked for a proof", len(server.fetches) == 1)
            b.unseen(f"{name}: another key, the genuine proof", server)
            b.says(f"{name}: nothing is trusted any more", client.ask("pin"), "ATTEST_E_STATE")
            b.turn(server, b.genuine, serve(b.prover))
            b.says(f"{name}: the genuine one is back", client.ask("perform"), "perform ATTEST_OK")


def redirecting(b: Bench) -> None:
    with (
        b.fresh() as server,
        b.another(serve(b.prover), b.other) as elsewhere,
        b.another(serve(b.prover), b.genuine) as same_key,
        b.another(serve(b.prover)) as plain,
    ):
        http = f"http://127.0.0.1:{plain.port}"
        for name, target in (("another host", elsewhere.url), ("the same key elsewhere", same_key.url), ("http", http)):
            genuine_handler = serve(b.prover)

            def redirect(request: Request, to: str = target, genuine: Handler = genuine_handler) -> bytes:
                return genuine(request) if request.is_fetch else answer("307 Temporary Redirect", b"", f"Location: {to}/v1/chat")

            b.turn(server, handler=redirect)
            with b.client(server) as client:
                client.ready()
                b.says(f"redirect to {name}: not followed", client.ask("perform"), "ATTEST_OK", "HTTP 307")
                client.tell("careless")
                code = {"another host": "curl 60", "the same key elsewhere": "curl 42", "http": "curl 42"}[name]
                b.says(f"redirect to {name}: stopped", client.ask("direct"), code)
                b.says(f"{name} asked for at once", client.ask(f"handle {target}/v1/chat"), "handle ATTEST_OK")
                refused = client.ask("perform")
                b.check(f"{name} asked for at once: refused", not refused.startswith("perform ATTEST_OK"), refused)
                if name == "http":
                    b.says("http is not spoken at all", refused, "ATTEST_E_IO", "curl 1,")
                client.tell("careless")
                b.says(f"{name} asked for at once, careless", client.ask("direct"), code)
        for name, target_server in (("another host", elsewhere), ("the same key elsewhere", same_key), ("http", plain)):
            b.unseen(f"redirect to {name}", target_server)
        b.turn(server, handler=lambda request: answer("302 Found", b"", f"Location: {elsewhere.url}/"))
        with b.client(server) as client:
            b.says(
                "a proof is not looked for elsewhere", client.ask("attest"), "ATTEST_E_IO", "HTTP 302", "no redirect is followed"
            )
        b.check("nobody was asked there", not elsewhere.fetches)


def environment(b: Bench) -> None:
    """What the environment says of CAs and proxies changes nothing."""
    authority = self_signed_authority("hostile CA")
    pem = b.folder / "hostile-ca.pem"
    pem.write_text(authority.pem)
    certified = Identity(b.folder, "certified", authority)
    with b.fresh() as server, b.another(lambda request: answer("200 OK", b"")) as proxy:
        address = f"http://127.0.0.1:{proxy.port}"
        env = dict.fromkeys(("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"), str(pem))
        env |= dict.fromkeys(("https_proxy", "HTTPS_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"), address)
        env |= {"SSL_CERT_DIR": str(b.folder)}
        with b.client(server, env=env) as client:
            b.says("hostile environment: ready", client.ready(), "handle ATTEST_OK")
            b.says("hostile environment: delivered", client.ask("perform"), "ATTEST_OK", "HTTP 200")
            b.turn(server, certified, relay(b.server))
            b.says("certified by a hostile CA", client.ask("direct"), "curl 60")
            b.says("certified by a hostile CA: attested again", client.ask("perform"), "ATTEST_E_TLS_PIN")
            b.unseen("certified by a hostile CA", server)
        with b.client(server, env=env) as client:
            b.says("certified by a hostile CA from the start", client.ask("attest"), "ATTEST_E_TLS_PIN")
        done = b.tool("--policy", b.prover.policy, server.url, **env)
        b.check("attest-verify too", done.returncode == 1 and "REFUSED" in done.stdout, done)
        b.unseen("certified by a hostile CA from the start", server)
        b.check("the proxy of the environment was left alone", not proxy.connections)


def proxied(b: Bench) -> None:
    """A proxy that was asked for sees CONNECT, and then TLS."""
    heads: list[bytes] = []

    def connect(request: Request) -> bytes:
        heads.append(request.raw)
        raise Close(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")

    env = {"no_proxy": "*", "NO_PROXY": "127.0.0.1"}
    with b.another(connect) as proxy, b.client(b.server, f"proxy=http://127.0.0.1:{proxy.port}", env=env) as client:
        b.server.clear()
        b.says("a proxy that does not connect", client.ask("attest"), "ATTEST_E_IO", "502")
        b.check("it was asked to connect", bool(heads) and heads[0].startswith(b"CONNECT 127.0.0.1:"), heads)
        b.check("and told nothing more", all(b"nonce" not in head and b"well-known" not in head for head in heads), heads)
        b.check("nobody was asked directly", not b.server.connections)
    tunnel = Tunnel(b.folder)
    with b.client(b.server, f"proxy=http://127.0.0.1:{tunnel.port}", env=env) as client:
        b.says("through a tunnel: ready", client.ready(), "handle ATTEST_OK")
        b.says("through a tunnel: delivered", client.ask("perform"), "ATTEST_OK", "HTTP 200")
        b.check("the request has its own headers", b"Bearer the-secret-token" in b.server.posts[-1].raw)
        told = b"".join(connection.data for connection in tunnel.connections)
        b.check("all went through it", len(tunnel.requests) == len(b.server.connections) == 3, tunnel.requests)
        b.check("it was told nothing but the host", b"secret" not in told and b"well-known" not in told, told[:500])
    tunnel.close()


def frames(data: bytes) -> set[int]:
    """The types of the HTTP/2 frames after a preface (RFC 9113, 3.4 and 4.1): 4 is SETTINGS, 8 WINDOW_UPDATE."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    types, at = set(), len(preface)
    if not data.startswith(preface):
        return {-1}
    while at + 9 <= len(data):
        types.add(data[at + 3])
        at += 9 + int.from_bytes(data[at : at + 3], "big")
    return types


def handshakes(b: Bench) -> None:
    old = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    with b.fresh() as server, b.client(server) as client:
        client.ready()
        client.ask("perform")
        b.turn(server)
        server.versions = old
        b.says("the right key, TLS 1.2", client.ask("perform"), "ATTEST_E_IO")
        client.tell("careless")
        b.says("the right key, TLS 1.2, careless", client.ask("direct"), "curl 42")
        b.unseen("the right key, TLS 1.2", server)
        b.check("it did shake hands", any(connection.handshake for connection in server.connections))
        b.says("attesting over TLS 1.2", client.ask("attest"), "ATTEST_E_IO")
    with b.fresh() as server, b.client(server) as client:
        client.ready()
        b.turn(server, b.other)
        server.alpn = ["h2"]
        b.says("another key, HTTP/2", client.ask("direct"), "curl 60")
        client.tell("careless")
        b.says("another key, HTTP/2, careless", client.ask("direct"), "curl 60")
        server.settle()
        b.check("another key, HTTP/2, careless: not even a preface", not any(c.data for c in server.connections))
        client.tell("reckless")
        b.says("another key, HTTP/2, reckless", client.ask("direct"), "curl 42")
        server.settle()
        seen = [frames(connection.data) for connection in server.connections if connection.data]
        b.check("another key, HTTP/2, reckless: a preface and no more", len(seen) == 1 and seen[0] <= {4, 8}, seen)
        b.check(
            "another key, HTTP/2, reckless: nothing of the caller's", not any(b"secret" in c.data for c in server.connections)
        )
    with b.another(relay(b.server), b.other) as mitm, b.client(mitm) as client:
        mitm.alpn = ["h2", "http/1.1"]
        b.says("HTTP/2 on offer, another key", client.ask("attest"), "attest ATTEST_E_TLS_PIN")
        b.unseen("HTTP/2 on offer, another key", mitm)
    with b.fresh() as server, b.client(server, "bind") as client:
        server.alpn = ["h2", "http/1.1"]
        client.ready()
        server.clear()
        b.says("HTTP/2 on offer, another session", client.ask("direct"), "curl 42")
        b.unseen("HTTP/2 on offer, another session", server)
    with b.fresh() as server, b.client(server) as client:
        server.resumes = True
        client.ready()
        for _ in range(2):
            client.tell("fresh")
            b.says("a connection for each request", client.ask("perform"), "ATTEST_OK")
        b.check(
            "none is resumed", len(server.connections) == 4 and not any(c.resumed for c in server.connections), server.connections
        )
        client.tell("careless")
        b.says("sessions are kept by a careless caller", client.ask("direct"), "direct ATTEST_OK")
        before = len(server.posts)
        b.says("and resumed", client.ask("direct"), "curl 42")
        server.settle()
        b.check("the server did resume", server.connections[-1].resumed)
        b.check("and saw nothing", len(server.posts) == before and not server.connections[-1].data)


# Proofs that are none


def proofs(b: Bench) -> None:
    old = b.prover.proof(bytes(32))
    standing = b.prover.proof(b"")
    with b.another(lambda request: answer("200 OK", old, JSON_TYPE), b.genuine) as server:
        with b.client(server) as client:
            b.says("an old proof", client.ask("attest"), "attest ATTEST_E_NONCE")
            b.says("an old proof: no handle", client.ask(f"handle {server.url}/"), "ATTEST_E_STATE")
        b.turn(server, handler=lambda request: answer("200 OK", standing, JSON_TYPE))
        with b.client(server) as client:
            b.says("a proof without a nonce", client.ask("attest"), "attest ATTEST_E_NONCE")
        b.unseen("an old proof", server)
    with b.fresh() as server, b.client(server, "pin=sha256//" + "A" * 43 + "=") as client:
        b.says("not the key that the caller expects", client.ask("attest"), "ATTEST_E_TLS_PIN")
        b.unseen("not the key that the caller expects", server)


def endless(request: Request) -> bytes:
    raise Close(b"HTTP/1.1 500 Internal Server Error\r\n\r\n" + bytes(1 << 20))


def slow(request: Request) -> bytes:
    time.sleep(5)
    raise Close


def cut(data: bytes) -> Callable[[Request], bytes]:
    def handler(request: Request) -> bytes:
        raise Close(data)

    return handler


def bodies(b: Bench) -> None:
    proof = b.prover.proof(bytes(32))
    message = b'{"error": {"status": 429, "message": "the TPM is \\u001b[31mbusy"}}'
    big = b"HTTP/1.1 200 OK\r\nContent-Length: 500000000\r\n\r\n{"
    cases: tuple[tuple[str, Handler, tuple[str, ...]], ...] = (
        ("nothing", lambda _: answer("200 OK", b""), ("ATTEST_E_JSON",)),
        ("garbage", lambda _: answer("200 OK", bytes(range(256))), ("ATTEST_E_",)),
        ("half a proof", lambda _: answer("200 OK", proof[: len(proof) // 2]), ("ATTEST_E_JSON",)),
        ("less than was said", cut(answer("200 OK", proof)[:-9]), ("ATTEST_E_IO",)),
        (
            "a compressed proof",
            lambda _: answer("200 OK", gzip.compress(proof), "Content-Encoding: gzip"),
            ("ATTEST_E_ENCODING", "gzip"),
        ),
        ("too long a proof", cut(big), ("ATTEST_E_LIMIT", "LIMIT_PROOF_BYTES")),
        ("an error without end", endless, ("ATTEST_E_LIMIT", "LIMIT_ERROR_ANSWER")),
        ("a slow answer", slow, ("ATTEST_E_IO", "timed out")),
        (
            "busy",
            lambda _: answer("429 Too Many Requests", message, "Retry-After: 7"),
            ("ATTEST_E_IO", "HTTP 429", "\\x1b[31mbusy", "7 seconds"),
        ),
        ("an error in HTML", lambda _: answer("503 Service Unavailable", b"<html>"), ("ATTEST_E_IO", "HTTP 503")),
        ("no proof there", lambda _: answer("404 Not Found", b'{"error": []}'), ("ATTEST_E_IO", "HTTP 404")),
        ("a success of another kind", lambda _: answer("206 Partial Content", proof), ("ATTEST_E_IO", "HTTP 206")),
        ("no HTTP", cut(b"SSH-2.0-OpenSSH\r\n"), ("ATTEST_E_IO",)),
        ("HTTP cut short", cut(b"HTTP/1.1 200 O"), ("ATTEST_E_IO",)),
        ("headers cut short", cut(b"HTTP/1.1 200 OK\r\nContent-Le"), ("ATTEST_E_",)),
    )
    with b.another(lambda request: b"", b.genuine) as server:
        for name, handler, parts in cases:
            b.turn(server, handler=handler)
            with b.client(server, "timeout=2") as client:
                b.says(name, client.ask("attest"), *parts)
                b.says(f"{name}: no handle", client.ask(f"handle {server.url}/"), "ATTEST_E_STATE")
        b.unseen("answers that are no proof", server)
        for moment in ("accept", "hello", "handshake"):
            server.hang_up = moment
            with b.client(server) as client:
                b.says(f"hangs up: {moment}", client.ask("attest"), "ATTEST_E_IO")
    with b.fresh() as server, b.client(server) as client:
        client.ready()
        for moment in ("accept", "hello", "handshake"):
            server.clear()
            server.hang_up = moment
            b.says(f"hangs up later: {moment}", client.ask("perform"), "ATTEST_E_IO")
        server.hang_up = ""
        b.says("and comes back", client.ask("perform"), "ATTEST_OK")


# Exporter mode


def bound(b: Bench) -> None:
    with b.fresh() as server, b.client(server, "bind") as client:
        b.says("bound: ready", client.ready(), "handle ATTEST_OK")
        for _ in range(2):
            b.says("bound: delivered", client.ask("perform"), "ATTEST_OK", "HTTP 200")
        asked = [connection for connection in server.connections if connection.requests]
        b.check("bound: the proof and both requests on one connection", len(asked) == 1 and len(asked[0].requests) == 3, asked)
        b.check("bound: it was asked for", asked[0].requests[0].query.get("bind") == "session")
        server.clear()
        b.says("bound: another connection, without help", client.ask("direct"), "curl 42")
        b.unseen("bound: another connection", server)
        b.says("bound: another connection, attested again", client.ask("perform"), "ATTEST_OK", "HTTP 200")
        b.check("bound: once", len(server.fetches) == 1 and len(server.posts) == 1, server.connections)
        client.tell("fresh")
        server.connections = []
        b.says("bound: a handle that always connects anew", client.ask("perform"), "ATTEST_E_TLS_BINDING")
        b.check("bound: never delivered", not server.posts)


def stolen_key(b: Bench) -> None:
    """A man in the middle who holds the attested key: only the exporter tells him apart."""
    with b.another(relay(b.server), b.genuine) as thief:
        with b.client(thief, "bind") as client:
            b.says("a stolen key, bound", client.ask("attest"), "attest ATTEST_E_", "expected nonce")
            b.says("a stolen key, bound: no handle", client.ask(f"handle {thief.url}/"), "ATTEST_E_STATE")
        b.check(
            "a stolen key: he had a proof of his own session with the server", b.server.fetches[-1].query.get("bind") == "session"
        )
        b.unseen("a stolen key, bound", thief)
        with b.client(thief) as client:
            b.says("a stolen key, not bound: as documented, not noticed", client.ready(), "handle ATTEST_OK")
    with b.fresh() as server, b.client(server, "bind") as client:
        client.ready()
        b.turn(server, handler=relay(b.server))
        b.says("a stolen key, later", client.ask("perform"), "perform ATTEST_E_")
        b.unseen("a stolen key, later", server)
    with b.fresh() as server:
        server.handler = lambda request: answer("200 OK", b.prover.proof(bytes.fromhex(request.query["nonce"])), JSON_TYPE)
        with b.client(server, "bind") as client:
            b.says("a proof that binds no session", client.ask("attest"), "attest ATTEST_E_")

        def hang_up(request: Request) -> bytes:
            raise Close(serve(b.prover)(request))

        b.turn(server, handler=hang_up)
        with b.client(server, "bind") as client:
            client.ready()
            b.says("a connection that is not kept", client.ask("perform"), "ATTEST_E_TLS_BINDING")
            b.unseen("a connection that is not kept", server)


# BlindLlama


def blindllama(b: Bench) -> None:
    authority = self_signed_authority("BlindLlama's CA")
    hostile = self_signed_authority("BlindLlama's CA")
    pem = b.folder / "blindllama-hostile.pem"
    pem.write_text(hostile.pem)
    env = {"SSL_CERT_FILE": str(pem), "CURL_CA_BUNDLE": str(pem)}
    good = Identity(b.folder, "under-the-ca", authority)
    named = Identity(b.folder, "named", authority, "enclave.example")
    bad = Identity(b.folder, "under-another-ca", hostile)
    b.prover.boot_blindllama(authority)
    proof = b.prover.blindllama_proof(authority)
    golden = b.prover.golden

    def handler(request: Request) -> bytes:
        return answer("200 OK", proof) if request.path == "/attestation.json" else answer("200 OK", b"0123")

    with b.another(handler, good) as server:
        server.versions = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            server.versions = (version, version)
            with b.client(server, "ca", policy=golden, env=env) as client:
                b.says(f"BlindLlama: ready, {version.name}", client.ready(), "handle ATTEST_OK")
                b.says(f"BlindLlama: delivered, {version.name}", client.ask("perform"), "ATTEST_OK", "4 bytes")
                b.says("a CA has no pin", client.ask("pin"), "ATTEST_E_STATE", "CA")
                b.turn(server, bad)
                b.says("another CA on reconnect", client.ask("direct"), "curl 60")
                client.tell("careless")
                b.says("another CA on reconnect, careless", client.ask("direct"), "curl 42")
                b.says("another CA on reconnect, attested again", client.ask("perform"), "ATTEST_E_TLS_PIN")
                b.unseen("another CA on reconnect", server)
                b.turn(server, good)
        done = b.tool("--policy", golden, "--blindllama", server.url)
        b.check("attest-verify --blindllama", done.returncode == 0 and "stands under the attested CA" in done.stdout, done)
        done = b.tool("--policy", golden, "--blindllama", "--print", "ca", server.url)
        b.check("attest-verify --print ca", done.stdout == authority.pem, done)
        for name, identity, words, status in (
            ("another CA", bad, [], "ATTEST_E_TLS_PIN"),
            ("another name", named, [], "ATTEST_E_TLS_PIN"),
            ("the name that is expected", named, ["name=enclave.example"], "ATTEST_OK"),
            ("not the name that is expected", named, ["name=other.example"], "ATTEST_E_TLS_PIN"),
            ("a self-signed certificate", b.other, [], "ATTEST_E_TLS_PIN"),
        ):
            b.turn(server, identity)
            with b.client(server, "ca", *words, policy=golden, env=env) as client:
                b.says(f"BlindLlama: {name}", client.ready(), status)
                if status != "ATTEST_OK":
                    b.unseen(f"BlindLlama: {name}", server)
        b.turn(server, bad)
        done = b.tool("--policy", golden, "--blindllama", "--print", "ca", server.url, **env)
        b.check("attest-verify: another CA", done.returncode == 1 and not done.stdout and "attested CA" in done.stderr, done)
        with b.client(server, policy=golden) as client:
            b.check("asked for a key", not client.ask("attest").startswith("attest ATTEST_OK"))
    b.prover.boot(b.genuine)
    with b.another(lambda request: answer("200 OK", b.prover.proof(b"")), b.genuine) as server:
        policy = b.folder / "no-nonce.json"
        policy.write_text(b.prover.policy.read_text().replace(', "nonce": "required"', ""))
        with b.client(server, "ca", policy=policy) as client:
            b.says("a key where a CA is asked for", client.ask("attest"), "ATTEST_E_TLS_REQUIRED", "no CA")


# Tools


def tools(b: Bench) -> None:
    policy, server = ("--policy", b.prover.policy), b.server
    server.clear()
    done = b.tool(*policy, server.url)
    b.check("attest-verify", done.returncode == 0 and "VERIFIED" in done.stdout and "Live connection" in done.stdout, done)
    b.check("attest-verify: sends nothing else", server.application_bytes == 0)
    done = b.tool(*policy, "--bind-session", server.url + "/")
    b.check("attest-verify --bind-session", done.returncode == 0 and "TLS session that the proof binds" in done.stdout, done)
    done = b.tool(*policy, "--json", server.url)
    b.check("attest-verify --json", json.loads(done.stdout)["verdict"] == "verified", done)
    pin = b.tool(*policy, "--print", "pin", server.url).stdout.strip()
    b.check("attest-verify --print pin", pin.startswith("sha256//"), pin)
    b.check("curl with the pin", b.curl(server, pin) == 0 and SECRET in server.posts[-1].body)
    saved = b.folder / "saved.json"
    done = b.tool(*policy, "--save", saved, server.url)
    nonce = server.fetches[-1].query["nonce"]
    done = b.tool(*policy, "--nonce", nonce, saved)
    b.check("attest-verify --save", done.returncode == 0 and "Live" not in done.stdout, done)
    done = b.tool(*policy, "--at", "2026-06-01", "--nonce", nonce, saved, saved)
    b.check("no URL: files as ever", done.returncode == 0, done)
    done = b.tool(*policy, server.url, saved)
    b.check(
        "a URL and a file",
        done.returncode == 1 and done.stdout.count("VERIFIED") == 1 and done.stdout.count("REFUSED") == 1,
        done,
    )
    done = b.tool(server.url)
    b.check("attest-verify without a policy", done.returncode == 3 and "Live" not in done.stdout, done)
    done = b.tool(*policy, server.url + "/elsewhere")
    b.check("a path of the user's own", server.requests[-1].path.startswith("/elsewhere?nonce="), server.requests[-1].path)
    with b.another(relay(server), b.other) as mitm:
        done = b.tool(*policy, "--save", saved, mitm.url)
        b.check("attest-verify, another key", done.returncode == 1 and "not the expected one" in done.stdout, done)
        b.check("a refused proof is saved too", json.loads(saved.read_text())["nonce"] == mitm.fetches[-1].query["nonce"])
        b.check("attest-verify --print pin, another key", b.tool(*policy, "--print", "pin", mitm.url).stdout == "")
        b.check("curl with the pin, another key", b.curl(mitm, pin) == 90)
        hostile = {"https_proxy": f"http://127.0.0.1:{mitm.port}", "SSL_CERT_FILE": str(b.other.path)}
        b.check("curl with the pin, hostile environment", b.curl(mitm, pin, **hostile) != 0)
        b.unseen("attest-verify and curl", mitm)
    for name, arguments, code, text in (
        ("http", ["http://127.0.0.1:1"], 2, "only https:// is spoken"),
        ("a user name", ["https://user@127.0.0.1:1"], 2, "user name in the URL"),
        ("a fragment", ["https://127.0.0.1:1/#x"], 2, "after #"),
        ("a query without a path", ["https://127.0.0.1:1?a=/b"], 2, "after a path"),
        ("no host", ["https://"], 2, "not a URL"),
        ("nobody there", ["https://127.0.0.1:1"], 2, "cannot be asked"),
        ("a nonce of the user's own", ["--nonce", "00" * 32, server.url], 2, "a fresh one is drawn"),
        ("--save without a URL", ["--save", "x", str(saved)], 2, "one URL"),
        ("--bind-session without a URL", ["--bind-session", str(saved)], 2, "a URL with"),
        ("a CA and a session", ["--bind-session", "--blindllama", server.url], 2, "binds no TLS session"),
        ("--timeout 0", ["--timeout", "0", server.url], 2, "1 to 86400"),
        ("a place that cannot be written", ["--save", "/nonexistent/x", server.url], 2, "cannot be saved"),
    ):
        done = b.tool(*policy, *arguments)
        b.check(name, done.returncode == code and text in done.stderr and not done.stdout, done)


def example(b: Bench) -> None:
    program = b.build / "examples/attested_request"

    def run(server: Server) -> subprocess.CompletedProcess[bytes]:
        command = [str(program), server.url + "/v1/chat", str(b.prover.policy), str(b.prover.root), SECRET.decode()]
        return subprocess.run(command, capture_output=True, check=False, timeout=60)

    done = run(b.server)
    b.check("the example", done.returncode == 0 and done.stdout.endswith(b"data: [DONE]\n\n"), done)
    with b.another(relay(b.server), b.other) as mitm:
        done = run(mitm)
        b.check("the example, another key", done.returncode == 1 and b"ATTEST_E_TLS_PIN" in done.stderr, done)
        b.unseen("the example, another key", mitm)


def offline(b: Bench) -> None:
    """Files are decided without libcurl, even where libattest-net is missing."""
    demo = Path(__file__).parent.parent / "testdata/demo"
    command = [
        str(b.build / "attest-verify"),
        "--at",
        "2026-06-01",
        "--root",
        str(demo / "root.pem"),
        "--policy",
        str(demo / "policy.json"),
    ]
    debug = {**os.environ, "LD_DEBUG": "files"}
    for name, proof, loaded in (("a file", str(demo / "proof.json"), False), ("a URL", b.server.url, True)):
        done = subprocess.run([*command, proof], capture_output=True, text=True, check=False, timeout=60, env=debug)
        b.check(f"the loader is watched: {name}", "libattest.so" in done.stderr, done.stderr[-300:])
        for library in ("libcurl", "libssl", "libattest-net"):
            b.check(f"{name}: {library}", (library in done.stderr) == loaded)
    apart = b.folder / "apart"
    apart.mkdir()
    shutil.copy(b.build / "attest-verify", apart)
    preloaded = {
        "PATH": "/usr/bin:/bin",
        "LD_PRELOAD": str(b.build / "libattest.so.0"),
        "ASAN_OPTIONS": "verify_asan_link_order=0",
    }
    done = subprocess.run(
        [str(apart / "attest-verify"), "--policy", str(b.prover.policy), "--root", str(b.prover.root), b.server.url],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=preloaded,
        cwd=apart,
    )
    b.check("libattest-net is found beside libattest", done.returncode == 0, done)
    alone = b.folder / "alone"
    alone.mkdir()
    shutil.copy(b.build / "attest-verify", alone)
    shutil.copy((b.build / "libattest.so.0").resolve(), alone / "libattest.so.0")
    command[0] = str(alone / "attest-verify")
    done = subprocess.run([*command, str(demo / "proof.json")], capture_output=True, text=True, check=False, timeout=60)
    b.check("without libattest-net: a file", done.returncode == 0, done)
    done = subprocess.run([*command, b.server.url], capture_output=True, text=True, check=False, timeout=60)
    b.check("without libattest-net: a URL", done.returncode == 2 and "libattest-net.so.0" in done.stderr, done)


CASES = (
    genuine,
    fetching,
    many,
    new_key,
    half_sent,
    copied,
    replaying,
    disguised,
    in_the_handshake,
    key_log,
    expecting,
    reconnecting,
    redirecting,
    environment,
    proxied,
    handshakes,
    proofs,
    bodies,
    bound,
    stolen_key,
    blindllama,
    downloads,
    tools,
    example,
    offline,
)


def main() -> int:
    wanted = sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder, Tpm(Path(folder)) as tpm:
        b = Bench(Path(sys.argv[1]), Path(folder), Prover(tpm, Path(folder)))
        for case in CASES:
            if not wanted or case.__name__ in wanted:
                before = b.passed + b.failed
                case(b)
                print(f"{case.__name__}: {b.passed + b.failed - before} checks", flush=True)
        b.server.close()
        print(f"{b.passed} passed, {b.failed} failed")
        return 1 if b.failed else 0


if __name__ == "__main__":
    sys.exit(main())

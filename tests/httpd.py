"""The HTTP half of attest-server: malformed and smuggling requests, forwarding both ways, limits, proofs under load, stopping.

Usage: httpd.py [--sanitized] BUILD [TEST...]

Runs BUILD/tests/server-unit --listen (the real listener with a stand-in for the TPM) between a raw client and a recording upstream.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from httpd_corpus import CHUNKS, HOST, OURS, PASSED, QUERIES, ROWS, SMUGGLED, Row, get, post
from httpd_peers import BIG, Answer, Behaviour, Client, Server, Upstream, ask


def shown(answer: Answer | None) -> str:
    return "no answer" if answer is None else f"{answer.status} {str(answer.fields)[:400]} {answer.body[:200]!r} whole={answer.whole}"


class Tests:
    def __init__(self, build: Path, sanitized: bool) -> None:
        self.build, self.sanitized = build, sanitized
        self.passed = self.failed = 0

    def check(self, what: str, good: bool, why: object = "") -> None:
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {what}: {why}", flush=True)

    def answered(self, what: str, answer: Answer | None, status: int = 200, body: bytes | None = None, **fields: str) -> None:
        """A whole answer with this status and body, and with fields of these values; `_` in their names stands for `-`."""
        good = answer is not None and answer.status == status and answer.whole and body in (None, answer.body)
        for name, value in fields.items():
            good = good and answer is not None and answer.fields.get(name.replace("_", "-")) == value
        self.check(what, good, shown(answer))

    def told(self, what: str, answer: Answer | None, code: int = 200, **members: object) -> None:
        """The same, with a JSON object that has these members."""
        self.answered(what, answer, code, content_type="application/json")
        got = json.loads(answer.body) if answer is not None and answer.status == code else {}
        self.check(f"{what}: members", {name: got.get(name) for name in members} == members, got)


def refusal(client: Client, status: int, method: str) -> str:
    """What is wrong with a refusal; nothing where it is right."""
    answer = client.answer(method)
    if answer is None or answer.status != status or not answer.whole:
        return f"expected {status}, got {shown(answer)}"
    if answer.fields.get("content-type") != "application/json" or answer.fields.get("cache-control") != "no-store":
        return f"not our JSON: {shown(answer)}"
    if method != "HEAD" and json.loads(answer.body)["error"]["status"] != status:
        return f"another status in the body: {shown(answer)}"
    if answer.fields.get("connection") != "close" or not client.is_closed():
        return "the connection is not closed"
    return ""


def refused(port: int, row: Row, parts: list[bytes]) -> str:
    with Client(port) as client:
        for part in parts:
            client.send(part)
        return refusal(client, row.status, "GET")


def corpus(t: Tests) -> None:
    upstream = Upstream(Behaviour())
    with Server(t.build, "--upstream", upstream.url, "--max-body", str(1 << 20)) as server:
        for row in ROWS:
            wrong = refused(server.port, row, [row.sent])
            # Whatever follows on the same connection is not looked at either.
            wrong = wrong or refused(server.port, row, [row.sent + SMUGGLED])
            t.check(row.name, not wrong, wrong)
            t.check(f"{row.name}: nothing upstream", upstream.seen() == b"", upstream.seen())
            upstream.forget()
        # Chunked ones last: their heads may reach the upstream late.
        for row in sorted((row for row in ROWS if row.split), key=lambda row: row in CHUNKS):
            wrong = refused(server.port, row, [bytes([byte]) for byte in row.sent])
            for at in range(1, len(row.sent)):
                wrong = wrong or refused(server.port, row, [row.sent[:at], row.sent[at:]])
            t.check(f"{row.name}, in parts", not wrong, wrong)
            seen = upstream.seen()
            # The head of a chunked request goes on before its body is known to be bad; but never as a whole request.
            complete = upstream.n_requests > 0 or b"/smuggled" in seen or (row not in CHUNKS and seen)
            t.check(f"{row.name}, in parts: nothing whole upstream", not complete, seen)
            upstream.forget()
        answer = ask(server.port, get(b"/ok"))
        t.answered("the server still serves", answer)
        code, errors = server.stop()
        t.check("it stops cleanly after the corpus", code == 0 and not errors, f"{code} {errors}")
    upstream.close()


def passed(t: Tests) -> None:
    upstream = Upstream(Behaviour())
    with Server(t.build, "--upstream", upstream.url) as server:
        for sent, wanted in PASSED:
            upstream.forget()
            name = sent.split(b"\r\n")[0].decode() + " " + str(len(sent))
            answer = ask(server.port, sent)
            t.answered(f"passed: {name}", answer, body=b"ok")
            t.check(f"passed as: {name}", upstream.seen() == wanted, upstream.seen())
        upstream.forget()
        sent, wanted = PASSED[-3]
        with Client(server.port) as client:
            for byte in sent:
                client.send(bytes([byte]))
            answer = client.answer()
        good = answer is not None and answer.body == b"ok"
        t.check("passed byte by byte", good and upstream.seen().startswith(wanted.partition(b"5\r\nhello")[0]), shown(answer))
    upstream.close()


def queries(t: Tests) -> None:
    with Server(t.build) as server, Client(server.port) as client:
        for query in QUERIES:
            client.send(get(OURS + query))
            answer = client.answer()
            good = answer is not None and answer.status == 400 and "nonce=HEX" in json.loads(answer.body)["error"]["message"]
            t.check(f"query {query[:40]!r}", good, shown(answer))
        client.send(get(OURS + b"/health?x"))
        answer = client.answer()
        t.answered("a query to health", answer, 400)
        client.send(get(b"/other"))
        answer = client.answer()
        t.answered("no upstream", answer, 404)


def proofs(t: Tests) -> None:
    with Server(t.build) as server, Client(server.port) as client:
        client.send(get(OURS))
        answer = client.answer()
        t.told("the standing proof", answer, nonce="")
        t.answered("its fields", answer, cache_control="no-cache", x_content_type_options="nosniff")
        client.send(get(OURS))
        t.told("the standing proof again", client.answer(), nonce="")
        client.send(get(OURS + b"/health"))
        health = client.answer()
        t.told("it was made once", health, status="ok", proofs=1)
        t.answered("health", health, cache_control="no-store")
        for nonce in ("0011223344556677", "ab" * 64, "ABCDEF0123456789"):
            client.send(get(OURS + b"?nonce=" + nonce.encode()))
            answer = client.answer()
            t.told(f"nonce {nonce[:16]}", answer, nonce=nonce.lower())
            t.answered("its fields", answer, cache_control="no-store", x_content_type_options="nosniff")
        client.send(b"HEAD " + OURS + b"?nonce=0011223344556677 HTTP/1.1\r\n" + HOST + b"\r\n" + get(OURS + b"/health"))
        answer, health = client.answer("HEAD"), client.answer()
        t.check("HEAD", answer is not None and answer.status == 200 and int(answer.fields["content-length"]) > 40, shown(answer))
        t.check("pipelined behind it", health is not None and health.status == 200, shown(health))


def bound(t: Tests) -> None:
    """The exporter is this connection's: the same on it each time, another on another one, and the client's own value."""
    with Server(t.build) as server:
        values = []
        for _ in range(2):
            with Client(server.port) as client:
                for query in (b"?nonce=0011223344556677&bind=session", b"?bind=session&nonce=0011223344556677"):
                    client.send(get(OURS + query))
                    answer = client.answer()
                    values.append("" if answer is None else json.loads(answer.body)["exporter"])
        t.check("bound to the session", len(values[0]) == 64 and values[0] == values[1], values)
        t.check("to each its own", values[2] == values[3] and values[0] != values[2], values)
        with Client(server.port) as client:
            client.send(get(OURS + b"?nonce=0011223344556677"))
            answer = client.answer()
            t.check("not bound unless asked", answer is not None and json.loads(answer.body)["exporter"] == "", shown(answer))


def failing(t: Tests) -> None:
    with Server(t.build, "--fail", "1") as server:
        for target in (OURS, OURS + b"?nonce=0011223344556677"):
            answer = ask(server.port, get(target))
            good = answer is not None and answer.status == 503 and int(answer.fields["retry-after"]) > 0
            t.check("the TPM fails", good, shown(answer))
            t.check("without internals", answer is not None and b"secret" not in answer.body, shown(answer))
        health = ask(server.port, get(OURS + b"/health"))
        t.told("health says so", health, 503, status="failing", failures=2, proofs=0)
        _, errors = server.stop()
        t.check("the log says why, once", errors.count("secret driver") == 1, errors)


def hanging(t: Tests) -> None:
    """The TPM takes a question and says nothing for long: nobody waits for it longer than for any question."""
    with Server(t.build, "--prove-ms", "8000", "--question-seconds", "1") as server, Client(server.port) as client:
        with Client(server.port) as other:
            client.send(get(OURS + b"?nonce=0011223344556677"))
            other.send(get(OURS + b"?nonce=8899aabbccddeeff"))
            for what, answer in (("the one that is asked for", client.answer()), ("the next", other.answer())):
                good = answer is not None and answer.status == 503 and int(answer.fields["retry-after"]) > 0
                t.check(f"the TPM hangs: {what}", good, shown(answer))
            client.send(get(OURS + b"/health"))
            t.told("the TPM hangs: health", client.answer(), 503, status="failing", failures=0)
        for _ in range(300):  # what it says at last is for nobody
            answer = ask(server.port, get(OURS + b"/health"))
            if answer is not None and answer.status == 200:
                break
            time.sleep(0.1)
        t.told("the TPM hangs no more", answer, status="ok", failures=0)


def tls(t: Tests) -> None:
    with Server(t.build) as server:
        for offered, chosen in ((None, None), (["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1")):
            with Client(server.port, offered) as client:
                t.check(f"ALPN {offered}", client.socket.selected_alpn_protocol() == chosen, client.socket.selected_alpn_protocol())
                t.check("TLS 1.3", client.socket.version() == "TLSv1.3", client.socket.version())
                client.send(get(OURS))
                client.answer()
                session = client.socket.session
                t.check("no session to resume", session is None or not session.has_ticket, session)
        try:
            Client(server.port, ["h2"]).socket.close()
            t.check("ALPN without http/1.1", False, "accepted")
        except ssl.SSLError as error:
            t.check("ALPN without http/1.1", "no application protocol" in str(error), error)
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        try:
            with socket.create_connection(("127.0.0.1", server.port)) as raw, old.wrap_socket(raw):
                t.check("TLS 1.2", False, "accepted")
        except ssl.SSLError as error:
            t.check("TLS 1.2", "PROTOCOL_VERSION" in str(error), error)
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
            raw.sendall(get(OURS))
            t.check("plain HTTP is not answered", not raw.recv(1000).startswith(b"HTTP"))


ANSWERS: list[tuple[str, int, bytes]] = [
    ("chunks", 200, b"hello world"), ("trailers", 200, b"hello"), ("close", 200, b"until the end"), ("old", 200, b"until the end"),
    ("empty", 204, b""), ("same", 304, b""), ("continue", 200, b"ok"), ("noreason", 200, b"ok"), ("bytewise", 200, b"hello"),
]
BAD = ["switch", "garbage", "nothing", "halfhead", "barelf", "both", "twice", "gzip", "fold", "split", "status", "version", "long"]
CUT = ["short", "shortchunk", "nolast", "badchunk"]


def responses(t: Tests) -> None:
    upstream = Upstream(Behaviour())
    with Server(t.build, "--upstream", upstream.url) as server:
        with Client(server.port) as client:
            for path, status, body in ANSWERS:
                client.send(get(b"/" + path.encode()))
                answer = client.answer()
                t.answered(f"answer {path}", answer, status, body)
            client.send(get(b"/hops"))
            answer = client.answer()
            names = set(answer.fields) if answer is not None else set()
            t.check("hop-by-hop fields of the upstream", names == {"content-length", "set-cookie"}, names)
            for path in ("ok", "chunks", "same"):
                client.send(b"HEAD /" + path.encode() + b" HTTP/1.1\r\n" + HOST + b"\r\n")
                answer = client.answer("HEAD")
                t.check(f"HEAD {path}", answer is not None and answer.status in (200, 304), shown(answer))
                if path == "chunks":  # an upstream that sends a body to HEAD: it must not be taken for the next answer
                    client.send(get(b"/echo"))
                    answer = client.answer()
                    t.answered("after HEAD", answer, body=b"")
            client.send(get(b"/more") + get(b"/ok"))
            first, second = client.answer(), client.answer()
            t.check("bytes behind an answer", second is not None and first is not None and second.body == b"ok", shown(second))
        for path in BAD:
            with Client(server.port) as client:
                client.send(get(b"/" + path.encode()))
                wrong = refusal(client, 502, "GET")
                t.check(f"bad answer {path}", not wrong, wrong)
        for path in CUT:
            answer = ask(server.port, get(b"/" + path.encode()))
            # Bytes that came with the bad chunk need not arrive, as long as nothing looks whole.
            t.check(f"cut answer {path}", answer is None or (answer.status == 200 and not answer.whole), shown(answer))
        with Client(server.port) as client:
            client.send(get(b"/chunks", HOST, b"HTTP/1.0"))
            answer = client.answer()
            t.answered("HTTP/1.0 gets no chunks", answer, body=b"hello world", connection="close")
            t.check("and is not told of any", answer is not None and "transfer-encoding" not in answer.fields, shown(answer))
    upstream.close()


def streaming(t: Tests) -> None:
    for path in (b"/sse", b"/sseclose"):
        behaviour = Behaviour()
        upstream = Upstream(behaviour)
        with Server(t.build, "--upstream", upstream.url) as server, Client(server.port) as client:
            client.send(get(path))
            head, first = client.head(), client.chunk()
            t.check("the first event before the last", head is not None and first == b"data: 1\n\n" and not behaviour.go_on.is_set(), first)
            behaviour.go_on.set()
            t.check("and then the others", client.chunks() == (b"data: 2\n\n", True))
        upstream.close()


def uploads(t: Tests) -> None:
    upstream = Upstream(Behaviour())
    body = bytes(range(256)) * 4096 * 4
    with Server(t.build, "--upstream", upstream.url) as server:
        with Client(server.port) as client:
            request = b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(body) + body
            client.send(request)
            answer = client.answer()
            t.answered("a long body and its echo", answer, body=body)
            client.send(b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
            for at in range(0, 100000, 9973):
                client.send(b"%x\r\n" % len(body[at:at + 9973]) + body[at:at + 9973] + b"\r\n")
            client.send(b"0\r\n\r\n")
            answer = client.answer()
            t.answered("a chunked body and its echo", answer, body=body[:109703])
            client.send(post(b"Expect: 100-continue\r\nContent-Length: 5\r\n").replace(b"/ok", b"/echo"))
            answer = client.answer()
            t.answered("100 Continue", answer, 100)
            client.send(b"hello")
            answer = client.answer()
            t.answered("and the answer", answer, body=b"hello")
            client.send(b"POST /early HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n" + b"x" * 1000)
            answer = client.answer()
            t.answered("an early answer", answer, 403, connection="close")
        with Client(server.port) as client:
            upstream.forget()
            client.send(b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\nhello")
            time.sleep(0.2)
        t.check("a client that leaves in its body", upstream.n_requests == 0)
    upstream.close()


def memory_of(server: Server) -> int:
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) << 10


def back_pressure(t: Tests) -> None:
    """A client that reads nothing stops the upstream; memory stays bounded; then everything still arrives."""
    behaviour = Behaviour()
    upstream = Upstream(behaviour)
    with Server(t.build, "--upstream", upstream.url) as server, Client(server.port) as client:
        before = memory_of(server)
        client.send(get(b"/big"))
        last = -1
        while behaviour.n_big != last or last == 0:
            last = behaviour.n_big
            time.sleep(0.3)
        t.check("the upstream is held back", behaviour.n_big < BIG, behaviour.n_big)
        used = memory_of(server) - before
        t.check("in bounded memory", t.sanitized or used < 2 << 20, used)  # AddressSanitizer keeps what was freed
        answer = client.answer()
        t.check("all of it arrives", answer is not None and answer.whole and answer.body == b"z" * BIG)
    upstream.close()


def reuse(t: Tests) -> None:
    upstream = Upstream(Behaviour())
    with Server(t.build, "--upstream", upstream.url, "--threads", "1") as server:
        with Client(server.port) as client:
            for _ in range(20):
                client.send(get(b"/ok"))
                client.answer()
            client.send(get(b"/a") * 50 + get(b"/echo"))
            answers = [client.answer() for _ in range(51)]
            t.check("pipelined", all(a is not None and a.status == 200 for a in answers), answers)
            t.answered("the last of them", answers[50], body=b"")
            t.check("one upstream connection", len(upstream.records) == 1, len(upstream.records))
            client.send(get(b"/ok", HOST + b"Connection: close\r\n") + SMUGGLED)
            answer = client.answer()
            t.answered("Connection: close", answer, connection="close")
            t.check("it is closed", client.is_closed())
        with Client(server.port) as client:
            # It closes after each answer: where an old connection is taken, the request is tried again.
            for _ in range(10):
                client.send(get(b"/hangup"))
                answer = client.answer()
                t.answered("an upstream that hangs up", answer, body=b"ok")
        t.check("nothing smuggled", b"/smuggled" not in upstream.seen())
    upstream.close()


def poisoned(t: Tests) -> None:
    """No answer is taken from a connection on which the upstream may have sent more than it was asked for."""
    upstream = Upstream(Behaviour())
    with Server(t.build, "--upstream", upstream.url, "--threads", "1") as server, Client(server.port) as client:
        client.send(b"HEAD /ok HTTP/1.1\r\n" + HOST + b"\r\n")
        client.answer("HEAD")
        client.send(get(b"/ok"))
        answer = client.answer()
        t.answered("after HEAD", answer, body=b"ok")
        t.check("after HEAD: another connection", len(upstream.records) == 2, len(upstream.records))
        for _ in range(5):
            client.send(get(b"/spill"))
            client.answer()
            client.send(get(b"/ok"))
            answer = client.answer()
            t.answered("after an answer with more behind it", answer, body=b"ok")
    upstream.close()


def upstream_trouble(t: Tests) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with Server(t.build, "--upstream", f"http://127.0.0.1:{port}") as server, Client(server.port) as client:
        client.send(get(b"/ok"))
        wrong = refusal(client, 502, "GET")
        t.check("the upstream is down", not wrong, wrong)
    behaviour = Behaviour()
    upstream = Upstream(behaviour)
    with Server(t.build, "--upstream", upstream.url, "--upstream-seconds", "1") as server:
        with Client(server.port) as client:
            client.send(get(b"/slow"))
            wrong = refusal(client, 504, "GET")
            t.check("the upstream is slow", not wrong, wrong)
        with Client(server.port) as client:
            client.send(get(b"/sse"))
            client.head()
            client.chunk()
            t.check("the upstream stalls in its answer", client.chunks() == (b"", False))
        behaviour.go_on.set()
    with Server(t.build, "--upstream", upstream.url) as server:
        with Client(server.port) as client:
            client.send(get(b"/think"))
            while not any(b"/think" in record.data for record in upstream.records):
                time.sleep(0.01)
        t.check("nobody waits: the upstream is told", behaviour.gone.wait(20))
    upstream.close()
    with socket.socket() as full:  # a queue that is full takes no connection, and refuses none
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        held = [socket.socket() for _ in range(4)]
        for one in held:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        with Server(t.build, "--upstream", f"http://127.0.0.1:{full.getsockname()[1]}") as server, Client(server.port) as client:
            client.send(get(b"/ok"))
            wrong = refusal(client, 504, "GET")
            t.check("the upstream takes no connection in time", not wrong, wrong)
        for one in held:
            one.close()


def starts(t: Tests) -> None:
    for upstream, why in (
        ("https://127.0.0.1:1", "must be http"),
        ("http://127.0.0.1", "must be http"),
        ("http://127.0.0.1:80/x", "must be http"),
        ("http://192.0.2.1:80", "on this machine"),
        ("http://nowhere.invalid:80", "not known"),
    ):
        try:
            with Server(t.build, "--upstream", upstream):
                t.check(f"upstream {upstream}", False, "accepted")
        except RuntimeError as error:
            t.check(f"upstream {upstream}", why in str(error), error)


def slow_clients(t: Tests) -> None:
    upstream = Upstream(Behaviour())
    options = ["--upstream", upstream.url, "--header-seconds", "1", "--idle-seconds", "2", "--stall-seconds", "1"]
    with Server(t.build, *options) as server:
        with Client(server.port) as client:
            ended = False
            for byte in get(b"/ok", HOST + b"X: " + b"y" * 200 + b"\r\n"):
                try:
                    client.socket.sendall(bytes([byte]))
                except OSError:
                    ended = True
                    break
                time.sleep(0.05)
            answer = client.answer()
            t.check("slow loris", ended or (answer is not None and answer.status == 408), shown(answer))
        with Client(server.port) as client:
            client.send(b"GET /ok HTTP/1.1\r\n")
            wrong = refusal(client, 408, "GET")
            t.check("half a head", not wrong, wrong)
        with Client(server.port) as client:
            client.send(b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\nhello")
            wrong = refusal(client, 408, "POST")
            t.check("half a body", not wrong, wrong)
        with Client(server.port) as client:
            t.check("idle", client.is_closed())
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
            t.check("no handshake", raw.recv(1) == b"")
        with Client(server.port) as client:  # it takes nothing of a long answer
            client.send(get(b"/big"))
            time.sleep(3)
            answer = client.answer()
            t.check("a client that takes nothing", answer is None or not answer.whole, "it got everything")
        answer = ask(server.port, get(b"/ok"))
        t.answered("others are served", answer)
    upstream.close()


def opens(port: int, source: str) -> Client | None:
    try:
        return Client(port, source=source)
    except OSError:
        return None


def connection_limits(t: Tests) -> None:
    with Server(t.build, "--max-connections", "8") as server:
        one = [opens(server.port, "127.0.0.1") for _ in range(6)]
        t.check("an address has half of all places", [c is not None for c in one] == [True] * 4 + [False] * 2, one)
        two = [opens(server.port, "127.0.0.2") for _ in range(4)]
        t.check("another address has the others", all(c is not None for c in two), two)
        t.check("all places are taken", opens(server.port, "127.0.0.3") is None)
        for client in one[:2]:
            if client is not None:
                client.socket.close()
        again = None
        for _ in range(200):
            again = again or opens(server.port, "127.0.0.3")
            time.sleep(0.01)
        t.check("a place that is left is free", again is not None)
        for client in [*one, *two, again]:
            if client is not None:
                client.socket.close()
        _, errors = server.stop()
        t.check("the log says so once, without an address", errors.count("all places") == 1 and "127.0.0" not in errors, errors)


def crowded(t: Tests) -> None:
    """All places are taken by idle connections of one network: another network gets its share of them."""
    with Server(t.build, "--max-connections", "8", "--threads", "1") as server:
        idle = [Client(server.port, source=f"127.0.0.{1 + i % 2}") for i in range(8)]
        for client in idle:
            client.send(get(OURS))
            client.answer()
        t.check("the same network gets none", opens(server.port, "127.0.0.3") is None)
        others = [opens(server.port, "127.0.1.1") for _ in range(5)]
        t.check("another network gets a half", [c is not None for c in others] == [True] * 4 + [False], others)
        t.check("those that waited longest are closed", all(client.is_closed() for client in idle[:4]))
        for client in idle[4:]:
            client.send(get(OURS))
            t.told("the others are served", client.answer(), nonce="")
        for one in [*idle, *others]:
            if one is not None:
                one.socket.close()


def graceful(t: Tests) -> None:
    behaviour = Behaviour()
    upstream = Upstream(behaviour)
    with Server(t.build, "--upstream", upstream.url, "--prove-ms", "500") as server:
        with Client(server.port) as busy, Client(server.port) as idle, Client(server.port) as proving:
            busy.send(get(b"/slow"))
            proving.send(get(OURS + b"?nonce=0011223344556677"))
            while not any(b"/slow" in record.data for record in upstream.records):
                time.sleep(0.01)
            time.sleep(0.1)
            server.signal()
            t.check("stopping closes idle connections", idle.is_closed())
            t.check("stopping takes no new ones", opens(server.port, "127.0.0.1") is None)
            behaviour.go_on.set()
            answer, proof = busy.answer(), proving.answer()
            t.answered("what is under way is finished", answer, body=b"ok", connection="close")
            t.check("proofs too", proof is not None and proof.status == 200, shown(proof))
        code, errors = server.stop()
        t.check("it ends well", code == 0 and not errors, f"{code} {errors}")
    behaviour.go_on.clear()
    with Server(t.build, "--upstream", upstream.url, "--grace", "1") as server, Client(server.port) as client:
        client.send(get(b"/slow"))
        code, errors = server.stop()
        t.check("the grace ends", code == 0, f"{code} {errors}")
        t.check("and the connection with it", client.answer() is None)
    behaviour.go_on.set()
    upstream.close()


def crowd(t: Tests, n: int = 1000) -> None:
    """All connect, then all ask at once: each gets its own nonce, or is told when to come again."""
    with Server(t.build, "--prove-ms", "5", "--depth", "256", "--threads", "2") as server:
        with ThreadPoolExecutor(16) as pool:
            clients = list(pool.map(lambda _: Client(server.port), range(n)))
        nonces = [f"{i:032x}" for i in range(n)]
        for client, nonce in zip(clients, nonces, strict=True):
            client.send(get(OURS + b"?nonce=" + nonce.encode()))
        good = later = 0
        wrong = []
        for client, nonce in zip(clients, nonces, strict=True):
            answer = client.answer()
            if answer is not None and answer.status == 200 and json.loads(answer.body)["nonce"] == nonce:
                good += 1
            elif answer is not None and answer.status in (429, 503) and int(answer.fields["retry-after"]) > 0:
                later += 1
            else:
                wrong.append(shown(answer))
            client.socket.close()
        t.check(f"{n} ask at once: none wrong", not wrong, wrong[:3])
        t.check("some at least are served, some put off", good >= 256 and good + later == n and later > 0, f"{good} and {later}")


def idle_memory(t: Tests, n: int = 200) -> None:
    """What a connection took for a request is not kept while it is idle."""
    upstream = Upstream(Behaviour())
    with Server(t.build, "--upstream", upstream.url, "--threads", "1") as server:
        before, body = memory_of(server), b"x" * 60000
        clients: list[Client] = []
        for _ in range(n):
            clients.append(Client(server.port))
            fields = HOST + b"X: " + b"y" * 30000 + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
            clients[-1].send(b"POST /echo HTTP/1.1\r\n" + fields + body)
            answer = clients[-1].answer()
        t.answered("idle connections", answer, body=body)
        used = (memory_of(server) - before) // n
        t.check("idle connections take little memory", t.sanitized or used < 64 << 10, used)
        for client in clients:
            client.socket.close()
    upstream.close()


def long_proofs(t: Tests) -> None:
    """A proof with long logs goes out piece by piece, also to many at once, from one copy."""
    with Server(t.build, "--proof-bytes", str(BIG)) as server:
        ask(server.port, get(OURS))
        before = memory_of(server)
        clients = [Client(server.port) for _ in range(40)]
        for client in clients:
            client.send(get(OURS))
        time.sleep(0.5)
        used = memory_of(server) - before
        t.check("40 readers of one proof", t.sanitized or used < 40 << 20, used)


        def length(client: Client) -> int:
            answer = client.answer()
            client.socket.close()
            return len(answer.body) if answer is not None and answer.whole else 0

        with ThreadPoolExecutor(len(clients)) as pool:  # one after the other, the last would be taken for a slow reader
            lengths = set(pool.map(length, clients))
        t.check("each gets all of it", len(lengths) == 1 and min(lengths) > BIG, lengths)


def quiet_log(t: Tests) -> None:
    upstream = Upstream(Behaviour())
    with Server(t.build, "--upstream", upstream.url, "--verbose", "1") as server:
        ask(server.port, get(b"/private/path?secret=1", HOST + b"Authorization: Bearer secret\r\n"))
        ask(server.port, get(OURS + b"?nonce=0011223344556677"))
        ask(server.port, get(b"/a/../secret"))
        _, errors = server.stop()
        t.check("log lines", "GET upstream 200 2 bytes" in errors and "GET attestation 200" in errors and errors.count("\n") == 3, errors)
        t.check("no user data in them", not any(word in errors for word in ("secret", "private", "127.0.0.1", "0011223344556677")), errors)
    upstream.close()


ALL = (corpus, passed, queries, proofs, bound, failing, hanging, tls, responses, streaming, uploads, back_pressure, reuse, poisoned, upstream_trouble, starts,
       slow_clients, connection_limits, crowded, graceful, crowd, idle_memory, long_proofs, quiet_log)


def main() -> int:
    arguments = [argument for argument in sys.argv[1:] if argument != "--sanitized"]
    t = Tests(Path(arguments[0]), sanitized=len(arguments) < len(sys.argv) - 1)
    names = arguments[1:]
    for test in ALL:
        if not names or test.__name__ in names:
            test(t)
    t.check("every server ended well", not Server.broken, Server.broken)
    print(f"{t.passed} passed, {t.failed} failed")
    return 0 if t.failed == 0 and t.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())

"""Requests that must not reach the upstream, and some that must reach it in exactly one form: the corpus of tests/httpd.py."""

from __future__ import annotations

from dataclasses import dataclass

HOST = b"Host: example.org\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: example.org\r\n\r\n"
OURS = b"/.well-known/attestation"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass(frozen=True)
class Row:
    """`status`: of the answer, after which the connection must be closed. Nothing of the request may reach the upstream."""

    name: str
    sent: bytes
    status: int = 400
    split: bool = False  # also sent byte by byte, and in two parts cut at every place


def get(target: bytes, fields: bytes = HOST, version: bytes = b"HTTP/1.1") -> bytes:
    return b"GET " + target + b" " + version + b"\r\n" + fields + b"\r\n"


def post(fields: bytes, body: bytes = b"") -> bytes:
    return b"POST /ok HTTP/1.1\r\n" + HOST + fields + b"\r\n" + body


def chunked(body: bytes) -> bytes:
    return post(b"Transfer-Encoding: chunked\r\n", body)


LINES = [
    Row("bare LF after the request line", b"GET /ok HTTP/1.1\nHost: example.org\r\n\r\n"),
    Row("bare LF everywhere", b"GET /ok HTTP/1.1\nHost: example.org\n\n", split=True),
    Row("bare LF after a field", b"GET /ok HTTP/1.1\r\nHost: example.org\nX: y\r\n\r\n"),
    Row("bare LF as the empty line", b"GET /ok HTTP/1.1\r\nHost: example.org\r\n\n"),
    Row("bare CR in a field", get(b"/ok", HOST + b"X: a\rY: b\r\n"), split=True),
    Row("bare CR in the request line", b"GET /ok\r HTTP/1.1\r\n" + HOST + b"\r\n"),
    Row("two CR before LF", b"GET /ok HTTP/1.1\r\r\n" + HOST + b"\r\n"),
    Row("two CR before LF after a field", get(b"/ok", HOST + b"X: y\r\r\n")),
    Row("an empty line first", b"\r\n" + get(b"/ok")),
    Row("NUL in a value", get(b"/ok", HOST + b"X: a\0b\r\n")),
    Row("NUL in a name", get(b"/ok", HOST + b"X\0: b\r\n")),
    Row("NUL in the target", get(b"/o\0k")),
    Row("DEL in a value", get(b"/ok", HOST + b"X: a\x7fb\r\n")),
    Row("vertical tab in a value", get(b"/ok", HOST + b"X: a\x0bb\r\n")),
    Row("escape in a value", get(b"/ok", HOST + b"X: a\x1b[31m\r\n")),
    Row("folded line", get(b"/ok", HOST + b"X: a\r\n b\r\n"), split=True),
    Row("folded line with a tab", get(b"/ok", HOST + b"X: a\r\n\tb\r\n")),
    Row("folded first field", get(b"/ok", b" X: a\r\n" + HOST)),
    Row("space before the colon", get(b"/ok", HOST + b"X : a\r\n")),
    Row("tab before the colon", get(b"/ok", HOST + b"X\t: a\r\n")),
    Row("space before the colon of Content-Length", post(b"Content-Length : 5\r\n", b"hello"), split=True),
    Row("space before the colon of Transfer-Encoding", post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n")),
    Row("no colon", get(b"/ok", HOST + b"nonsense\r\n")),
    Row("empty name", get(b"/ok", HOST + b": a\r\n")),
    Row("space in a name", get(b"/ok", HOST + b"X Y: a\r\n")),
    Row("name that is no ASCII", get(b"/ok", HOST + "Ü: a\r\n".encode())),
    Row("parentheses in a name", get(b"/ok", HOST + b"X(: a\r\n")),
    Row("101 fields", get(b"/ok", HOST + b"X: y\r\n" * 100), 431),
    Row("a long head", get(b"/ok", HOST + b"X: " + b"y" * 33000 + b"\r\n"), 431),
    Row("a long line without end", b"GET /" + b"a" * 40000, 431),
]

REQUEST_LINES = [
    Row("no version", b"GET /ok\r\n" + HOST + b"\r\n"),
    Row("HTTP/0.9", b"GET /ok\r\n\r\n"),
    Row("HTTP/2.0", get(b"/ok", version=b"HTTP/2.0"), 505),
    Row("HTTP/1.2", get(b"/ok", version=b"HTTP/1.2"), 505),
    Row("HTTP/0.9 with a version", get(b"/ok", version=b"HTTP/0.9"), 505),
    Row("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    Row("lower-case version", get(b"/ok", version=b"http/1.1")),
    Row("a long version", get(b"/ok", version=b"HTTP/1.10")),
    Row("another protocol", get(b"/ok", version=b"RTSP/1.0")),
    Row("space after the version", get(b"/ok", version=b"HTTP/1.1 ")),
    Row("two spaces", b"GET  /ok HTTP/1.1\r\n" + HOST + b"\r\n"),
    Row("two spaces before the version", b"GET /ok  HTTP/1.1\r\n" + HOST + b"\r\n"),
    Row("tab for space", b"GET\t/ok\tHTTP/1.1\r\n" + HOST + b"\r\n"),
    Row("space first", b" GET /ok HTTP/1.1\r\n" + HOST + b"\r\n"),
    Row("lower-case method", b"get /ok HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    Row("unknown method", b"BREW /ok HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    Row("a method that is no token", b"G(T /ok HTTP/1.1\r\n" + HOST + b"\r\n"),
    Row("TRACE", b"TRACE /ok HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    Row("CONNECT", b"CONNECT example.org:443 HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    Row("absolute-form", get(b"http://example.org/ok")),
    Row("absolute-form of another host", get(b"https://evil.example/ok")),
    Row("authority-form", get(b"example.org:443")),
    Row("asterisk-form", b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n"),
    Row("no slash first", get(b"ok")),
    Row("fragment", get(b"/ok#part")),
    Row("raw UTF-8 in the target", get("/ök".encode())),
    Row("space in the target", get(b"/o k")),
    Row("no Host", get(b"/ok", b"X: y\r\n"), split=True),
    Row("two Hosts", get(b"/ok", HOST + HOST)),
    Row("two different Hosts", get(b"/ok", HOST + b"host: evil.example\r\n")),
    Row("empty Host", get(b"/ok", b"Host:\r\n")),
    Row("Host with a path", get(b"/ok", b"Host: example.org/x\r\n")),
    Row("Host with a space", get(b"/ok", b"Host: a b\r\n")),
    Row("Host with user information", get(b"/ok", b"Host: user@example.org\r\n")),
    Row("Host with a comma", get(b"/ok", b"Host: a,b\r\n")),
    Row("unknown expectation", post(b"Expect: 200-ok\r\nContent-Length: 1\r\n", b"a"), 417),
    Row("two expectations", post(b"Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 1\r\n", b"a"), 417),
]

FRAMING = [
    Row("CL.TE", post(b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + SMUGGLED), split=True),
    Row("TE.CL", post(b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", b"5c\r\n" + SMUGGLED + b"0\r\n\r\n")),
    Row("two Content-Lengths", post(b"Content-Length: 5\r\nContent-Length: 0\r\n", b"hello" + SMUGGLED)),
    Row("the same Content-Length twice", post(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"hello")),
    Row("a list of Content-Lengths", post(b"Content-Length: 5, 5\r\n", b"hello")),
    Row("Content-Length with a sign", post(b"Content-Length: +5\r\n", b"hello")),
    Row("negative Content-Length", post(b"Content-Length: -1\r\n", b"hello")),
    Row("hex Content-Length", post(b"Content-Length: 0x5\r\n", b"hello")),
    Row("Content-Length with an underscore", post(b"Content-Length: 1_0\r\n", b"hello")),
    Row("Content-Length with a fraction", post(b"Content-Length: 5.0\r\n", b"hello")),
    Row("empty Content-Length", post(b"Content-Length:\r\n", SMUGGLED)),
    Row("Content-Length with a space inside", post(b"Content-Length: 1 0\r\n", b"0123456789")),
    Row("Content-Length past 64 bits", post(b"Content-Length: 18446744073709551617\r\n", b"a")),
    Row("long Content-Length", post(b"Content-Length: 999999999999999999\r\n", b"a"), 413),
    Row("a body too long", post(b"Content-Length: 1048577\r\n", b"a"), 413),
    Row("Transfer-Encoding: identity", post(b"Transfer-Encoding: identity\r\n", SMUGGLED), 501),
    Row("Transfer-Encoding: gzip, chunked", post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"), 501),
    Row("Transfer-Encoding: chunked, identity", post(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n"), 501),
    Row("Transfer-Encoding: chunked, chunked", post(b"Transfer-Encoding: chunked, chunked\r\n", b"0\r\n\r\n"), 501),
    Row("Transfer-Encoding: xchunked", post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"), 501),
    Row("Transfer-Encoding with a quote", post(b'Transfer-Encoding: "chunked"\r\n', b"0\r\n\r\n"), 501),
    Row("Transfer-Encoding with a vertical tab", post(b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n")),
    Row("Transfer-Encoding folded", post(b"Transfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n")),
    Row("empty Transfer-Encoding", post(b"Transfer-Encoding:\r\n", SMUGGLED), 501),
    Row("two Transfer-Encodings", post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", b"0\r\n\r\n"), split=True),
    Row("Transfer-Encoding in HTTP/1.0", b"POST /ok HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    Row("Transfer-Encoding and no length with GET", get(b"/ok", HOST + b"Transfer-Encoding: x\r\n"), 501),
]

CHUNKS = [
    Row("chunk extension", chunked(b"5;a=b\r\nhello\r\n0\r\n\r\n"), split=True),
    Row("chunk extension with a bare LF", chunked(b"5;\nxx\r\nhello\r\n0\r\n\r\n")),
    Row("extension of the last chunk", chunked(b"5\r\nhello\r\n0;x\r\n\r\n")),
    Row("space after the size of a chunk", chunked(b"5 \r\nhello\r\n0\r\n\r\n")),
    Row("space before the size of a chunk", chunked(b" 5\r\nhello\r\n0\r\n\r\n")),
    Row("tab after the size of a chunk", chunked(b"5\t\r\nhello\r\n0\r\n\r\n")),
    Row("signed size of a chunk", chunked(b"+5\r\nhello\r\n0\r\n\r\n")),
    Row("negative size of a chunk", chunked(b"-5\r\nhello\r\n0\r\n\r\n")),
    Row("0x before the size of a chunk", chunked(b"0x5\r\nhello\r\n0\r\n\r\n")),
    Row("size of a chunk that is no hex", chunked(b"g\r\nhello\r\n0\r\n\r\n")),
    Row("empty size of a chunk", chunked(b"\r\nhello\r\n0\r\n\r\n")),
    Row("17 digits of size", chunked(b"00000000000000005\r\nhello\r\n0\r\n\r\n")),
    Row("a size past 64 bits", chunked(b"10000000000000005\r\nhello\r\n0\r\n\r\n")),
    Row("a size that makes a body too long", chunked(b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n"), 413),
    Row("chunks that make a body too long", chunked(b"1\r\na\r\n100000\r\na"), 413),
    Row("bare LF after the size", chunked(b"5\nhello\r\n0\r\n\r\n"), split=True),
    Row("bare CR after the size", chunked(b"5\rhello\r\n0\r\n\r\n")),
    Row("bare LF after the data", chunked(b"5\r\nhello\n0\r\n\r\n")),
    Row("bare CR after the data", chunked(b"5\r\nhello\r0\r\n\r\n")),
    Row("longer data than its size", chunked(b"5\r\nhello!\r\n0\r\n\r\n")),
    Row("no CR LF after the data", chunked(b"5\r\nhello0\r\n\r\n")),
    Row("bare LF after the last chunk", chunked(b"5\r\nhello\r\n0\n\r\n")),
    Row("bare LF as the end", chunked(b"5\r\nhello\r\n0\r\n\n")),
    Row("trailer", chunked(b"5\r\nhello\r\n0\r\nX: y\r\n\r\n"), split=True),
    Row("Content-Length as a trailer", chunked(b"0\r\nContent-Length: 50\r\n\r\n" + SMUGGLED)),
    Row("NUL for a size", chunked(b"\0\r\n\r\n")),
]

PATHS = [
    Row("backslash", get(b"/a\\b")),
    Row("encoded backslash", get(b"/a%5cb")),
    Row("encoded NUL", get(b"/a%00b")),
    Row("encoded LF", get(b"/a%0ab")),
    Row("percent at the end", get(b"/a%")),
    Row("percent and one digit", get(b"/a%4")),
    Row("percent and no hex", get(b"/a%zz")),
    Row("percent u", get(b"/a%u002f")),
    Row("dot dot", get(b"/a/../b"), split=True),
    Row("dot dot at the end", get(b"/a/..")),
    Row("dot dot first", get(b"/../a")),
    Row("encoded dot dot", get(b"/a/%2e%2e/b")),
    Row("half encoded dot dot", get(b"/a/.%2E/b")),
    Row("encoded slashes around dot dot", get(b"/a%2f..%2fb")),
    Row("twice encoded dot dot", get(b"/a/%252e%252e/b")),
    Row("dot dot with a parameter", get(b"/a/..;x/b")),
    Row("into ours by dot dot", get(b"/a/../.well-known/attestation")),
    Row("ours with a slash", get(OURS + b"/"), 404),
    Row("below ours", get(OURS + b"/other"), 404),
    Row("below health", get(OURS + b"/health/"), 404),
    Row("ours in capitals", get(OURS.upper()), 404),
    Row("ours with two slashes", get(b"/" + OURS), 404),
    Row("ours with two slashes inside", get(b"/.well-known//attestation"), 404),
    Row("ours with a dot segment", get(b"/.well-known/./attestation"), 404),
    Row("ours with a dot segment first", get(b"/." + OURS), 404),
    Row("ours with an escape", get(b"/.well-known/%61ttestation"), 404, split=True),
    Row("ours with an escaped dot", get(b"/%2ewell-known/attestation"), 404),
    Row("ours with an escaped slash", get(b"/.well-known%2fattestation"), 404),
    Row("ours with an escaped slash behind", get(OURS + b"%2f"), 404),
    Row("ours escaped twice", get(b"/.well-known/%2561ttestation"), 404),
    Row("ours escaped thrice", get(b"/%25252ewell-known/attestation"), 404),
    Row("ours with a parameter", get(OURS + b";x=y"), 404),
    Row("ours with a parameter inside", get(b"/.well-known;x/attestation"), 404),
    Row("ours in capitals with a query", get(b"/.Well-Known/attestation?nonce=0011223344556677"), 404),
    Row("POST to ours", b"POST " + OURS + b" HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n", 405),
    Row("DELETE of health", b"DELETE " + OURS + b"/health HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    Row("a body to ours", b"GET " + OURS + b" HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello"),
    Row("a chunked body to ours", b"GET " + OURS + b" HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
]

ROWS = [*LINES, *REQUEST_LINES, *FRAMING, *CHUNKS, *PATHS]

# Queries of ours that are answered 400, on a connection that is kept: nothing is wrong with the message.
QUERIES = [
    b"?", b"?nonce=", b"?nonce=00112233445566", b"?nonce=001122334455667", b"?nonce=001122334455667g", b"?nonce=" + b"00" * 65,
    b"?nonce=0011223344556677&nonce=0011223344556677", b"?nonce=0011223344556677&bind=session&bind=session", b"?bind=session",
    b"?nonce=0011223344556677&bind=other", b"?nonce=0011223344556677&x=y", b"?x", b"?nonce", b"?nonce=0011223344556677&",
    b"?&nonce=0011223344556677", b"?NONCE=0011223344556677", b"?nonce=%300112233445566", b"?nonce=0x11223344556677",
    b"?nonce=0011223344556677?bind=session", b"?nonce=0011223344556677;bind=session", b"?nonce=+011223344556677",
]

# What a client sends, and to the byte what the upstream gets of it.
FORWARDED = b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: https\r\n\r\n"
PASSED = [
    (get(b"/ok"), b"GET /ok HTTP/1.1\r\n" + HOST + FORWARDED),
    (get(b"/ok?a=%zz&b=../x;c//d"), b"GET /ok?a=%zz&b=../x;c//d HTTP/1.1\r\n" + HOST + FORWARDED),
    (get(b"/a//b/./c%20d"), b"GET /a//b/./c%20d HTTP/1.1\r\n" + HOST + FORWARDED),
    (get(b"/.well-known/attestations"), b"GET /.well-known/attestations HTTP/1.1\r\n" + HOST + FORWARDED),
    (get(b"/.well-known/security.txt"), b"GET /.well-known/security.txt HTTP/1.1\r\n" + HOST + FORWARDED),
    (get(b"/x/.well-known/attestation"), b"GET /x/.well-known/attestation HTTP/1.1\r\n" + HOST + FORWARDED),
    (get(b"/?q=/.well-known/attestation"), b"GET /?q=/.well-known/attestation HTTP/1.1\r\n" + HOST + FORWARDED),
    (get(b"/ok", HOST + b"x-a: \t b \t\r\nX-Empty:\r\n"), b"GET /ok HTTP/1.1\r\n" + HOST + b"x-a: b\r\nX-Empty: \r\n" + FORWARDED),
    (
        get(b"/ok", HOST + b"X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n"
            b"X-Forwarded-Proto: http\r\nX-Forwarded-Host: evil.example\r\n"),
        b"GET /ok HTTP/1.1\r\n" + HOST + FORWARDED,
    ),
    (
        get(b"/ok", HOST + b"Connection: X-Drop, keep-alive\r\nX-Drop: 1\r\nx-drop: 2\r\nX-Keep: 3\r\n"
            b"Keep-Alive: timeout=5\r\nTE: trailers\r\nProxy: evil\r\nProxy-Connection: close\r\nProxy-Authorization: x\r\nTrailer: X\r\n"),
        b"GET /ok HTTP/1.1\r\n" + HOST + b"X-Keep: 3\r\n" + FORWARDED,
    ),
    (
        get(b"/ok", HOST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"),
        b"GET /ok HTTP/1.1\r\n" + HOST + FORWARDED,
    ),
    (get(b"/ok", HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"),
     b"GET /ok HTTP/1.1\r\n" + HOST + b"Sec-WebSocket-Version: 13\r\n" + FORWARDED),
    (get(b"/ok", HOST + b"Connection: Host, X-Forwarded-For\r\n"), b"GET /ok HTTP/1.1\r\n" + HOST + FORWARDED),
    (get(b"/ok", b"", b"HTTP/1.0"), b"GET /ok HTTP/1.1\r\nHost:\r\n" + FORWARDED),
    (get(b"/ok", HOST, b"HTTP/1.0"), b"GET /ok HTTP/1.1\r\n" + HOST + FORWARDED),
    (post(b"Content-Length: 5\r\n", b"hello"), b"POST /ok HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n" + FORWARDED + b"hello"),
    (post(b"content-length: 0\r\n"), b"POST /ok HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n" + FORWARDED),
    (post(b"Content-Length: 005\r\n", b"hello"), b"POST /ok HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n" + FORWARDED + b"hello"),
    (post(b"transfer-encoding:CHUNKED\r\n", b"005\r\nhello\r\nA\r\n0123456789\r\n000\r\n\r\n"),
     b"POST /ok HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n" + FORWARDED + b"5\r\nhello\r\na\r\n0123456789\r\n0\r\n\r\n"),
    (get(b"/ok", HOST + b"Content_Length: 7\r\nTransfer_Encoding: chunked\r\n"), b"GET /ok HTTP/1.1\r\n" + HOST + FORWARDED),
    (b"OPTIONS /ok HTTP/1.1\r\n" + HOST + b"\r\n", b"OPTIONS /ok HTTP/1.1\r\n" + HOST + FORWARDED),
]

# What the upstream answers, by path; and after which of it the connection is closed.
RAW = {
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
    "trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n",
    "close": b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    "old": b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    "empty": b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
    "same": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\nETag: x\r\n\r\n",
    "hops": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nAlt-Svc: h3=\":443\"\r\n"
            b"Upgrade: h2\r\nProxy-Authenticate: x\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\nok",
    "continue": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK,
    "noreason": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
    "switch": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "garbage": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "nothing": b"",
    "halfhead": b"HTTP/1.1 200 OK\r\nContent-Le",
    "barelf": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "both": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "twice": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "gzip": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
    "fold": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
    "split": b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: x=y\r\nContent-Length: 2\r\n\r\nok",
    "status": b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok",
    "version": b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "long": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 40000 + b"\r\nContent-Length: 2\r\n\r\nok",
    "short": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
    "shortchunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nonly this",
    "nolast": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "badchunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n",
    "more": OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
}
CLOSING = {"close", "old", "garbage", "nothing", "halfhead", "short", "shortchunk", "nolast"}

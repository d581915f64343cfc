"""The context by itself: what sockets and SSLObjects let through, and what nobody can write into it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import libattest
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from libattest import AttestationError, AttestedServer, ChannelMismatch, UsageError
from libattest._tls import KeyRefused, PinnedContext, PinnedSocket
from net_server import Identity, Server

from hostile_servers import SECRET, Lab, turn, unseen


@pytest.fixture
def thief(lab: Lab) -> Iterator[Server]:
    """Has another key."""
    made = lab.server(lab.other)
    yield made
    made.close()


@pytest.fixture(scope="module")
def context(lab: Lab) -> ssl.SSLContext:
    """Believes in the genuine key, wherever it is."""
    return pinned_to(lab.attested(lab.machine).attest())


def pinned_to(result: libattest.Result) -> ssl.SSLContext:
    context = result.ssl_context()
    assert isinstance(context, PinnedContext)
    return context


def connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), 10)


def request(server: Server) -> bytes:
    return b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(SECRET), SECRET)


def test_the_key_alone_counts(context: ssl.SSLContext, server: Server, thief: Server) -> None:
    with connected(server) as plain, context.wrap_socket(plain) as sock:
        sock.sendall(request(server))
        assert sock.recv(12) == b"HTTP/1.1 200"
    with connected(thief) as plain, pytest.raises(KeyRefused, match="another TLS key") as info:
        context.wrap_socket(plain, server_hostname="127.0.0.1")
    assert info.value.errno == 1 and info.value.strerror == str(info.value)
    assert isinstance(info.value, ChannelMismatch) and isinstance(info.value, ssl.SSLCertVerificationError)
    assert info.value.expected != info.value.found and "sha256//" in str(info.value)
    unseen(thief)


def send_file(sock: ssl.SSLSocket) -> int:
    with open(__file__, "rb") as file:
        return sock.sendfile(file)


def write_file(sock: ssl.SSLSocket) -> int | None:
    with sock.makefile("wb", buffering=0) as file:
        return file.write(SECRET)


def read_file(sock: ssl.SSLSocket) -> bytes:
    with sock.makefile("rb") as file:
        return file.read(1)


SENDS: dict[str, Callable[[ssl.SSLSocket], object]] = {
    "send": lambda sock: sock.send(SECRET),
    "sendall": lambda sock: sock.sendall(SECRET),
    "write": lambda sock: sock.write(SECRET),
    "sendfile": send_file,
    "sendto": lambda sock: sock.sendto(SECRET, ("127.0.0.1", 1)),
    "makefile": write_file,
    "recv": lambda sock: sock.recv(1),
    "read": lambda sock: sock.read(1),
    "recv_into": lambda sock: sock.recv_into(bytearray(1)),
    "recvfrom": lambda sock: sock.recvfrom(1),
    "recvfrom_into": lambda sock: sock.recvfrom_into(bytearray(1)),
    "makefile, read": read_file,
}


@pytest.mark.parametrize("act", SENDS.values(), ids=SENDS)
def test_implicit_handshake(context: ssl.SSLContext, thief: Server, act: Callable[[ssl.SSLSocket], object]) -> None:
    with connected(thief) as plain, context.wrap_socket(plain, do_handshake_on_connect=False) as sock:
        for _ in range(2):  # a refusal is for ever
            with pytest.raises(KeyRefused, match="another TLS key"):
                act(sock)
    unseen(thief)


def not_connected(context: ssl.SSLContext, server: Server) -> ssl.SSLSocket:
    return context.wrap_socket(socket.socket(socket.AF_INET, socket.SOCK_STREAM))


def half_closed(context: ssl.SSLContext, server: Server) -> ssl.SSLSocket:
    """Python's socket is in clear then."""
    sock = context.wrap_socket(connected(server))
    sock.shutdown(socket.SHUT_RD)
    return sock


def unwrapped(context: ssl.SSLContext, server: Server) -> ssl.SSLSocket:
    listener = socket.create_server(("127.0.0.1", 0))
    ours = socket.create_connection(listener.getsockname())
    theirs, _ = listener.accept()
    listener.close()

    def end_politely() -> None:
        side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        side.load_cert_chain(server.identity.path if server.identity else "")
        sock = side.wrap_socket(theirs, server_side=True)
        sock.recv(1)
        sock.unwrap().close()

    threading.Thread(target=end_politely).start()
    sock = context.wrap_socket(ours)
    sock.unwrap()
    return sock


@pytest.mark.parametrize("act", SENDS.values(), ids=SENDS)
@pytest.mark.parametrize("make", [not_connected, half_closed, unwrapped])
def test_never_in_clear(
    context: ssl.SSLContext,
    server: Server,
    make: Callable[[ssl.SSLContext, Server], ssl.SSLSocket],
    act: Callable[[ssl.SSLSocket], object],
) -> None:
    with make(context, server) as sock, pytest.raises(KeyRefused, match="not in TLS"):
        act(sock)
    unseen(server)


def test_connecting_later(context: ssl.SSLContext, server: Server, thief: Server) -> None:
    with not_connected(context, server) as sock:
        sock.connect(("127.0.0.1", server.port))
        sock.sendall(request(server))
        assert sock.recv(12) == b"HTTP/1.1 200"
    for connect in (ssl.SSLSocket.connect, ssl.SSLSocket.connect_ex):
        with not_connected(context, thief) as sock, pytest.raises(KeyRefused):
            connect(sock, ("127.0.0.1", thief.port))
    unseen(thief)


def exchange(
    tls: ssl.SSLObject,
    incoming: ssl.MemoryBIO,
    outgoing: ssl.MemoryBIO,
    sock: socket.socket,
    step: Callable[[], object],
) -> None:
    """Do a step, moving the bytes as event loops do."""
    while True:
        try:
            step()
            return
        except ssl.SSLWantReadError:
            sock.sendall(outgoing.read())
            incoming.write(sock.recv(65536))
        finally:
            if data := outgoing.read():
                sock.sendall(data)


class Looped:
    """An SSLObject, and the socket beneath it."""

    def __init__(self, context: ssl.SSLContext, sock: socket.socket) -> None:
        self.incoming, self.outgoing, self.sock = ssl.MemoryBIO(), ssl.MemoryBIO(), sock
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="127.0.0.1")

    def act(self, step: str) -> None:
        """Do a step, moving the bytes as event loops do."""
        steps: dict[str, Callable[[], object]] = {
            "do_handshake": self.tls.do_handshake,
            "write": lambda: self.tls.write(b"POST / HTTP/1.1\r\n\r\n"),
            "read": lambda: self.tls.read(1),
        }
        while True:
            try:
                steps[step]()
                return
            except ssl.SSLWantReadError:
                self.sock.sendall(self.outgoing.read())
                self.incoming.write(self.sock.recv(65536))
            finally:
                self.sock.sendall(self.outgoing.read())


@pytest.mark.parametrize("step", ["do_handshake", "write", "read"])
def test_objects(context: ssl.SSLContext, server: Server, thief: Server, step: str) -> None:
    with connected(server) as sock:
        looped = Looped(context, sock)
        for name in ("do_handshake", "write", "read"):
            looped.act(name)
    with connected(thief) as sock:
        looped = Looped(context, sock)
        for name in (step, step, "write", "read"):
            with pytest.raises(KeyRefused, match="another TLS key"):
                looped.act(name)
    unseen(thief)


def test_nothing_that_is_written_counts(lab: Lab, context: ssl.SSLContext, thief: Server) -> None:
    ciphers = context.get_ciphers()
    context.check_hostname = True
    context.verify_mode = ssl.CERT_NONE
    context.verify_flags = ssl.VerifyFlags.VERIFY_DEFAULT
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.options = ssl.OP_NO_TLSv1_3
    context.sslsocket_class, context.sslobject_class = ssl.SSLSocket, ssl.SSLObject
    context.keylog_filename = str(lab.folder / "keys")
    context.load_verify_locations(lab.other.path)
    context.load_verify_locations("no such file", "no such folder")
    context.load_default_certs()
    context.set_default_verify_paths()
    context.set_ciphers("ALL:COMPLEMENTOFALL:eNULL")
    assert context.verify_mode == ssl.CERT_REQUIRED and not context.check_hostname
    assert context.minimum_version == ssl.TLSVersion.TLSv1_3
    assert context.get_ciphers() == ciphers and not context.get_ca_certs() and not (lab.folder / "keys").exists()
    assert not context.options & ssl.OP_NO_TLSv1_3 and context.options & ssl.OP_NO_RENEGOTIATION
    with connected(thief) as plain, pytest.raises(KeyRefused):
        context.wrap_socket(plain)
    with connected(lab.machine) as plain, context.wrap_socket(plain) as sock:
        assert isinstance(sock, PinnedSocket) and sock.version() == "TLSv1.3"
    unseen(thief)


def test_what_is_admitted(lab: Lab, context: ssl.SSLContext) -> None:
    assert isinstance(context, PinnedContext)
    certificate = lab.genuine.certificate.public_bytes(Encoding.DER)
    assert context.admit("TLSv1.3", False, certificate).pin == libattest.pin_of(certificate)
    for said, version, reused, shown in (
        ("TLS 1.3", "TLSv1.2", False, certificate),
        ("TLS 1.3", "TLSv1.3", False, None),
        ("resumed", "TLSv1.3", True, certificate),
    ):
        with pytest.raises(KeyRefused, match=said):
            context.admit(version, reused, shown)
    with pytest.raises(AttestationError):
        context.admit("TLSv1.3", False, b"no certificate")


def test_exchanging_the_context(context: ssl.SSLContext, server: Server, thief: Server) -> None:
    mine = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with connected(thief) as plain, context.wrap_socket(plain, do_handshake_on_connect=False) as sock:
        sock.context = mine
        with pytest.raises(KeyRefused, match="exchanged"):
            sock.sendall(SECRET)
    with connected(server) as plain, context.wrap_socket(plain) as sock:
        sock.context = mine
        for act in (lambda: sock.sendall(SECRET), lambda: sock.recv(1)):  # a refusal is for ever, and for both ways
            with pytest.raises(KeyRefused, match="exchanged"):
                act()
    unseen(thief, server)


def test_what_a_context_takes_not(lab: Lab, context: ssl.SSLContext, server: Server) -> None:
    with pytest.raises(UsageError, match="client certificate"):
        context.load_cert_chain(lab.other.path)
    with pytest.raises(UsageError, match="pre-shared"):
        context.set_psk_client_callback(None)  # type: ignore[attr-defined,unused-ignore]  # Python 3.13
    with connected(server) as plain, pytest.raises(UsageError, match="server"):
        context.wrap_socket(plain, server_side=True)
    with connected(server) as plain, context.wrap_socket(plain) as sock:
        sock.sendall(request(server))
        sock.recv(1)
        session = sock.session
    assert session is not None
    with connected(server) as plain, pytest.raises(UsageError, match="resume"):
        context.wrap_socket(plain, session=session)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(UsageError, match="resume"):
        context.wrap_bio(incoming, outgoing, session=session)


def test_resumption_by_force(context: ssl.SSLContext, server: Server) -> None:
    """Who goes round wrap_socket() is seen by the connection."""
    server.resumes = True
    with connected(server) as plain, context.wrap_socket(plain) as sock:
        sock.sendall(request(server))
        sock.recv(1)
        session = sock.session
    server.clear()
    with connected(server) as plain, context.wrap_socket(plain, do_handshake_on_connect=False) as sock:
        sock.session = session
        with pytest.raises(KeyRefused, match="resumed"):
            sock.sendall(SECRET)
    server.settle()
    assert any(connection.resumed for connection in server.connections)
    unseen(server)


def test_server_names(lab: Lab, server: Server, thief: Server) -> None:
    attested = AttestedServer(f"https://localhost.:{server.port}/path", verifier=lab.verifier)
    context = attested.ssl_context()
    for name in ("localhost", "LOCALHOST", "localhost.", b"localhost", None, ""):
        with connected(server) as plain, context.wrap_socket(plain, server_hostname=name) as sock:
            assert sock.server_hostname == "localhost"
    for name in ("127.0.0.1", "example.org", "xlocalhost"):
        with connected(server) as plain, pytest.raises(KeyRefused, match="another one was asked for"):
            context.wrap_socket(plain, server_hostname=name)
    outgoing = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="example.org")
    for act in (tls.do_handshake, lambda: tls.write(SECRET), lambda: tls.read(1)):
        with pytest.raises(KeyRefused, match="another one was asked for"):
            act()
    assert not outgoing.pending


@pytest.mark.parametrize("name", ["send", "sendall", "write", "sendfile", "makefile"])
def test_time_of_a_result_passes(lab: Lab, server: Server, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    context = pinned_to(lab.attested(lab.machine).attest())
    with connected(server) as plain, context.wrap_socket(plain) as sock:
        monkeypatch.setattr("libattest.server._clock", lambda: 1e12)
        with pytest.raises(KeyRefused, match="none is attested"):
            SENDS[name](sock)
    with connected(server) as plain, pytest.raises(KeyRefused, match="none is attested"):
        context.wrap_socket(plain)
    unseen(server)


def test_a_context_that_asks(lab: Lab, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a connection, when the time has passed: the same key goes on, another one does not."""
    attested = lab.attested(server)
    context = attested.ssl_context()
    with connected(server) as plain, context.wrap_socket(plain) as sock:
        sock.sendall(request(server)[:10])
        passed = attested._kept
        assert passed is not None
        monkeypatch.setattr("libattest.server._clock", lambda: passed.until)
        assert attested.attested(timely=True) is None
        sock.sendall(request(server)[10:])
        assert sock.recv(12) == b"HTTP/1.1 200" and len(server.fetches) == 2
    successor = Identity(lab.folder, "successor")
    with connected(server) as plain, context.wrap_socket(plain) as sock, lab.booted(successor):
        server.identity = successor
        passed = attested._kept
        assert passed is not None
        monkeypatch.setattr("libattest.server._clock", lambda: passed.until)
        with pytest.raises(KeyRefused, match="when this connection was made"):
            sock.sendall(SECRET)
        assert len(server.fetches) == 3
    unseen_but_for_one_request(server)


def unseen_but_for_one_request(server: Server) -> None:
    server.settle()
    assert [request.body for request in server.posts] == [SECRET]
    assert server.application_bytes == len(server.posts[0].raw)


def test_a_context_that_asks_in_vain(lab: Lab, server: Server, thief: Server) -> None:
    attested = lab.attested(server)
    attested.attest()
    turn(server, lab.other, lab.man_in_the_middle())
    with connected(server) as plain, pytest.raises(KeyRefused) as info:
        attested.ssl_context().wrap_socket(plain)
    assert isinstance(info.value.__cause__, AttestationError) and info.value.result is not None
    unseen(server)


def test_threads_share_a_context(lab: Lab, server: Server) -> None:
    context = lab.attested(server).ssl_context()
    answers: list[bytes] = []

    def ask() -> None:
        with connected(server) as plain, context.wrap_socket(plain) as sock:
            sock.sendall(request(server))
            answers.append(sock.recv(12))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [b"HTTP/1.1 200"] * 8
    assert len(server.fetches) == 1, "one has asked, the others took its outcome"

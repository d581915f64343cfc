"""Servers for the tests of sessions: a machine that attests, and whoever else may stand in its place.

The machine's TPM is a few lines of Python with a key of ours, so that a proof costs a millisecond and every TLS key is
ours to steal. What counts in each refusal is what the other side has seen: not one byte of a request.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from net_server import Handler, Identity, Prover, Request, Server, answer, ca, relay, serve

import structures  # isort: skip  # net_server has put testdata/ where it is found
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from libattest import AttestedServer, Verifier
from tpm import Extends, Key

SECRET = b"the secret that must not leave"
REPLY = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "demo-8b",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}],
}


class SoftTpm:
    """What Prover wants of a TPM."""

    def __init__(self) -> None:
        self.boot([])

    def create_key(self, algorithm: str, scheme: str, hash_name: str) -> Key:
        self.key = ec.generate_private_key(ec.SECP256R1())
        return Key("", scheme, hash_name, b"", ca.public_pem(self.key.public_key()).encode())

    def boot(self, extends: Extends) -> None:
        self.pcrs = dict.fromkeys(range(24), bytes(32))
        for pcr, digests in extends:
            self.pcrs[pcr] = structures.digest("sha256", self.pcrs[pcr] + digests["sha256"])

    def read_pcrs(self) -> structures.PcrValues:
        return {"sha256": dict(self.pcrs)}

    def quote(self, key: Key, selection_text: str, extra: bytes) -> tuple[bytes, bytes, bytes]:
        selection, values = structures.parse_selection(selection_text), self.read_pcrs()
        signer = struct.pack(">H", structures.HASH_IDS["sha256"]) + structures.digest("sha256", key.pem)
        attest = structures.Attest(
            structures.TPM_GENERATED,
            structures.ST_ATTEST_QUOTE,
            signer,
            extra,
            bytes(16) + b"\1",
            bytes(8),
            structures.encode_selection(selection),
            structures.pcr_digest("sha256", selection, values),
        ).encode()
        numbers = decode_dss_signature(self.key.sign(attest, ec.ECDSA(hashes.SHA256())))
        signature = struct.pack(">HH", structures.ALG_ECDSA, structures.HASH_IDS["sha256"])
        signature += b"".join(structures.tpm2b(number.to_bytes(32, "big")) for number in numbers)
        return attest, signature, structures.serialized_pcrs(selection, structures.ordered_values(selection, values))


def reply(prover: Prover) -> Handler:
    """The genuine server: its proof, and a short answer to all else, which openai's client understands too."""
    proofs = serve(prover)

    def handler(request: Request) -> bytes:
        if request.is_fetch:
            return proofs(request)
        return answer("200 OK", json.dumps(REPLY).encode(), "Content-Type: application/json")

    return handler


class Lab:
    """One machine, and servers that have its key or another one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prover = Prover(SoftTpm(), folder)  # type: ignore[arg-type]
        self.genuine, self.other = Identity(folder, "genuine"), Identity(folder, "other")
        self.prover.boot(self.genuine)
        self.verifier = Verifier(self.prover.policy, roots=self.prover.root)
        self.servers = ExitStack()
        self.machine = self.server()

    def server(self, identity: Identity | None = None, handler: Handler | None = None) -> Server:
        """Genuine, unless said otherwise."""
        return self._served(Server(self.folder, identity or self.genuine, handler or reply(self.prover)))

    def plain(self) -> Server:
        """Whoever listens in clear."""
        return self._served(Server(self.folder, None, reply(self.prover)))

    def _served(self, made: Server) -> Server:
        made.listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # an answer does not wait for tickets' ACK
        self.servers.callback(made.close)
        return made

    @contextmanager
    def booted(self, identity: Identity) -> Iterator[None]:
        """The machine has started anew, with this key."""
        self.prover.boot(identity)
        try:
            yield
        finally:
            self.prover.boot(self.genuine)

    def attested(self, server: Server, **options: object) -> AttestedServer:
        return AttestedServer(server.url, verifier=self.verifier, **options)  # type: ignore[arg-type]

    def man_in_the_middle(self) -> Handler:
        """Has the genuine, fresh proof for whoever asks."""
        return relay(self.machine)


def turn(server: Server, identity: Identity | None = None, handler: Handler | None = None) -> None:
    """From now on it is somebody else who listens there; all connections break off, and what came is forgotten."""
    server.identity = identity or server.identity
    server.handler = handler or server.handler
    server.clear()
    time.sleep(0.005)  # a busy machine takes a moment to tell the other side


def unseen(*servers: Server) -> None:
    """None of them got a byte, but for whole questions for a proof, which go to anybody."""
    for server in servers:
        server.settle()
        assert server.application_bytes == 0, [connection.data for connection in server.connections]

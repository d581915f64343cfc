"""What the cases of net.py share: a client that is told what to do, the genuine server, and counting."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from net_server import Handler, Identity, Prover, Server, serve

SECRET = b"the secret of the test"


class Client:
    """A net_client, told what to do line by line."""

    def __init__(
        self, bench: Bench, server: Server, *words: str, policy: Path | None = None, env: dict[str, str] | None = None
    ) -> None:
        command = [
            str(bench.build / "tests/net_client"),
            server.url,
            str(bench.prover.root),
            str(policy or bench.prover.policy),
            *words,
        ]
        environment = {"HOME": str(bench.folder), "PATH": "/usr/bin:/bin", **(env or {})}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.bench, self.server = bench, server
        self.opened = self._line()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, *commands: str) -> None:
        """Commands that have no answer."""
        assert self.process.stdin is not None
        for command in commands:
            self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def ask(self, command: str) -> str:
        self.tell(command)
        return self._line()

    def ready(self, path: str = "/v1/chat") -> str:
        """Attest, and make a handle; what came of the latter."""
        answered = self.ask("attest")
        if not answered.startswith("attest ATTEST_OK"):
            return answered
        return self.ask(f"handle {self.server.url}{path}")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.bench.check("the client ends well", self.process.wait() == 0, self.process.returncode)


class Bench:
    """The genuine server and its TPM, and what all cases count."""

    def __init__(self, build: Path, folder: Path, prover: Prover) -> None:
        self.build, self.folder, self.prover = build.resolve(), folder, prover
        self.passed = self.failed = 0
        self.genuine = Identity(folder, "genuine")
        self.other = Identity(folder, "other")
        prover.boot(self.genuine)
        self.server = Server(folder, self.genuine, serve(prover))

    def check(self, what: str, good: bool, why: object = "") -> None:
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {what}: {why}", flush=True)

    def says(self, what: str, line: str, *parts: str) -> None:
        self.check(what, all(part in line for part in parts), f"{line!r} lacks one of {parts}")

    def unseen(self, what: str, server: Server) -> None:
        """Nothing but requests for a proof, which go to anybody and say nothing."""
        server.settle()
        seen = b"".join(connection.data for connection in server.connections)
        self.check(f"{what}: no byte of a request was seen", server.application_bytes == 0 and SECRET not in seen, seen[:300])

    def client(self, server: Server, *words: str, policy: Path | None = None, env: dict[str, str] | None = None) -> Client:
        return Client(self, server, *words, policy=policy, env=env)

    @contextlib.contextmanager
    def another(self, handler: Handler, identity: Identity | None = None) -> Iterator[Server]:
        server = Server(self.folder, identity, handler)
        try:
            yield server
        finally:
            server.close()

    @contextlib.contextmanager
    def fresh(self) -> Iterator[Server]:
        """The genuine server at a port of its own, to be turned into something else under way."""
        with self.another(serve(self.prover), self.genuine) as server:
            yield server

    def turn(self, server: Server, identity: Identity | None = None, handler: Handler | None = None) -> None:
        """From now on another key and other answers are at the same place; what was seen before is forgotten."""
        server.clear()
        server.identity = identity or server.identity
        server.handler = handler or server.handler

    def tool(self, *arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
        command = [self.build / "attest-verify", "--root", self.prover.root, *arguments]
        environment = {"HOME": str(self.folder), "PATH": "/usr/bin:/bin", **env}
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment, cwd=self.folder)

    def curl(self, server: Server, pin: str, **env: str) -> int:
        command = ["curl", "-sS", "-k", "--pinnedpubkey", pin, "--data", SECRET.decode(), f"{server.url}/v1/chat"]
        environment = {"PATH": "/usr/bin:/bin", **env}
        return subprocess.run(command, capture_output=True, check=False, timeout=60, env=environment).returncode

"""What the tests of attest-server work with: software TPMs that can be rebooted, a CA, servers that are started and ended."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "testdata"))

import ca  # noqa: E402
from cryptography.hazmat.primitives import serialization  # noqa: E402

Json = dict[str, Any]
# Nothing here may take longer: a start makes a TPM key, which for RSA is a matter of luck.
LONGEST = 90


class Tpm:
    """A software TPM whose reboot is a new process over the same state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.socket = folder / "tpm"
        self.tcti = f"swtpm:path={self.socket}"
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder}", "--flags", "not-need-init,startup-clear"]
        command += ["--server", f"type=unixio,path={self.socket}", "--ctrl", f"type=unixio,path={self.socket}.ctrl"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: listens(self.socket) and listens(Path(f"{self.socket}.ctrl")), "swtpm opens its sockets")

    def stop(self) -> None:
        """Power off. Without an orderly shutdown a TPM counts failed authorisations."""
        if self.process is not None:
            self.tool("shutdown", "-c")
        self.cut()

    def cut(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        for name in (self.socket, Path(f"{self.socket}.ctrl")):
            name.unlink(missing_ok=True)

    def reboot(self) -> None:
        self.stop()
        self.start()

    def tool(self, verb: str, *arguments: str) -> str:
        environment = {**os.environ, "TPM2TOOLS_TCTI": self.tcti}
        done = subprocess.run(
            [f"tpm2_{verb}", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST,
        )
        if done.returncode != 0:
            raise RuntimeError(f"tpm2_{verb} {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def extend(self, pcr: int, digests: dict[str, bytes]) -> None:
        self.tool("pcrextend", f"{pcr}:" + ",".join(f"{bank}={value.hex()}" for bank, value in digests.items()))


def listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as to:
        return to.connect_ex(str(path)) == 0


def wait_until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + LONGEST
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError(f"waited in vain: {what}")
        time.sleep(0.005)


class Server:
    """attest-server as a process, with what it says on standard error."""

    def __init__(self, command: list[str], env: dict[str, str] | None = None, pass_fds: tuple[int, ...] = ()) -> None:
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env, pass_fds=pass_fds
        )
        self.lines: list[str] = []
        self.seen = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self.seen:
                self.lines.append(line.rstrip("\n"))
                self.seen.notify_all()
        with self.seen:
            self.lines.append("")  # the end
            self.seen.notify_all()

    def wait_line(self, part: str) -> str | None:
        """The first line with this part; None if it ends without one."""
        end = time.monotonic() + LONGEST
        with self.seen:
            while time.monotonic() < end:
                for line in self.lines:
                    if part in line:
                        return line
                if self.lines and self.lines[-1] == "" and not self.reader.is_alive():
                    return None
                self.seen.wait(0.05)
        raise RuntimeError(f"attest-server neither ended nor said {part!r}: {self.lines}")

    def wait_ready(self) -> bool:
        return self.wait_line("listening on") is not None

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def address(self) -> tuple[str, int]:
        line = self.wait_line("listening on https://")
        assert line is not None, self.text
        host, _, port = line.split("https://")[1].split(",")[0].rpartition(":")
        return host, int(port)

    def get(self, path: str) -> tuple[int, bytes]:
        """Whatever certificate it has: the proof is what counts here."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        host, port = self.address
        connection = http.client.HTTPSConnection(host, port, context=context, timeout=LONGEST)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def pin(self) -> str:
        return (self.wait_line(", pin ") or "").split(", pin ")[1]

    def certificate(self) -> bytes:
        """DER of what it presents."""
        return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(self.address))

    def end(self, number: int = signal.SIGTERM) -> int:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        code = self.process.wait(LONGEST)
        self.reader.join(LONGEST)
        return code


class Lab:
    def __init__(self, build: Path, scratch: Path) -> None:
        self.build, self.scratch = build, scratch
        self.passed = self.failed = 0
        self.tpms: list[Tpm] = []
        self.servers: list[Server] = []
        self.authority = ca.new_authority(ca.root_spec("server test root"), "p256")
        self.root = self.file("root.pem", self.authority.pem)
        key = self.authority.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.key = self.file("root.key", key)
        self.model = scratch / "model"
        (self.model / "sub").mkdir(parents=True)
        (self.model / "a.safetensors").write_bytes(b"weights" * 1000)
        (self.model / "sub" / "b.json").write_text("{}")
        (self.model / "sub-c").write_text("c")

    def file(self, name: str, content: bytes | str) -> str:
        path = self.scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def tpm(self, name: str) -> Tpm:
        tpm = Tpm(self.scratch / name)
        self.tpms.append(tpm)
        return tpm

    def command(self, tpm: Tpm, *more: str, state: str | None = None, certified: bool = True) -> list[str]:
        command = [
            str(self.build / "attest-server"),
            "--tcti",
            tpm.tcti,
            "--state",
            state or str(tpm.folder / "state"),
            "--listen",
            "127.0.0.1:0",
        ]
        command += ["--name", "localhost", "--boot-log", "none", "--ima-log", "none", "--systemd-log", "none"]
        if certified:
            command += ["--ca-cert", self.root, "--ca-key", self.key, "--ak-algorithm", "ecc256"]
        return [*command, *more]

    def server(
        self, tpm: Tpm, *more: str, state: str | None = None, certified: bool = True, env: dict[str, str] | None = None
    ) -> Server:
        return self.start(self.command(tpm, *more, state=state, certified=certified), env)

    def start(self, command: list[str], env: dict[str, str] | None = None, pass_fds: tuple[int, ...] = ()) -> Server:
        server = Server(command, env, pass_fds)
        self.servers.append(server)
        return server

    def refused(self, what: str, server: Server, *says: str) -> None:
        """It ends by itself, with a failure, and says why."""
        code = server.process.wait(LONGEST)
        server.reader.join(LONGEST)
        self.check(what, code == 1 and all(part in server.text for part in says), f"exit {code}: {server.text}")

    def verify(self, proof: str | bytes, *arguments: str) -> Json:
        """The account of attest-verify; `exit` is added."""
        command = [str(self.build / "attest-verify"), "--root", self.root, "--json", *arguments]
        command += [proof] if isinstance(proof, str) else ["-"]
        done = subprocess.run(
            command, input=None if isinstance(proof, str) else proof, capture_output=True, check=False, timeout=LONGEST
        )
        account: Json = json.loads(done.stdout) if done.stdout else {"steps": {}, "stderr": done.stderr.decode()}
        return {**account, "exit": done.returncode}

    def good(
        self, what: str, proof: str | bytes, *arguments: str, steps: str = "parse chain ak signature quote pcrs log tls"
    ) -> Json:
        """All that a verifier without golden values can check holds."""
        account = self.verify(proof, *arguments)
        wrong = set(steps.split()) - passed_steps(account)
        self.check(what, account["exit"] == 3 and not wrong, f"exit {account['exit']}, {wrong}: {account}")
        return account

    def check(self, what: str, good: bool, why: str = "") -> None:
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {what}: {why}", flush=True)

    def close(self) -> None:
        for server in self.servers:
            server.end(signal.SIGKILL)
        for tpm in self.tpms:
            tpm.cut()


def passed_steps(account: Json) -> set[str]:
    return {name for name, status in account["steps"].items() if status == "passed"}


@contextlib.contextmanager
def laboratory(build: Path) -> Iterator[Lab]:
    with tempfile.TemporaryDirectory() as scratch:
        lab = Lab(build, Path(scratch))
        try:
            yield lab
        finally:
            lab.close()

"""Usage: tests/demo.py BUILD    A measured server is verified, used, and attacked in three ways. (make demo)

Everything is on this machine: a software TPM, attest-server, a small model server behind it, and the attackers. Nothing is left.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from openai_upstream import Upstream

ATTESTATION = "/.well-known/attestation"
PROMPT = json.dumps({"model": "demo-8b", "stream": True, "messages": [{"role": "user", "content": "Who reads this?"}]})
PATIENCE = 60


class Failed(Exception):
    """The demo did not go as it must."""


class Shell:
    """Runs commands where a reader could, and shows them as he would type them."""

    def __init__(self, build: Path, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "HOME": str(folder), "TSS2_LOG": "all+NONE"}
        self.environment.pop("ATTEST_POLICY", None)
        self.places = {str(build / "examples") + "/": "", str(build) + "/": "", str(folder) + "/": ""}

    def shown(self, command: list[str]) -> str:
        words = []
        for word in command:
            for place, name in self.places.items():
                word = word.replace(place, name)
            words.append(word if re.fullmatch(r"[-\w./:=,@+?&]+", word) else shlex.quote(word))
        return " ".join(words)

    def run(self, *command: str | Path, expected: int, title: str = "") -> str:
        words = [str(word) for word in command]
        if title:
            print(f"== {title}\n")
        print(f"$ {self.shown(words)}", flush=True)
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
        output = (done.stdout + done.stderr).replace(str(self.folder) + "/", "").rstrip()
        print(f"{output}\nexit code {done.returncode}\n", flush=True)
        if done.returncode != expected:
            raise Failed(f"{command[0]} ended with {done.returncode} instead of {expected}")
        return done.stdout


class Server:
    """attest-server with a TPM of its own."""

    def __init__(self, build: Path, folder: Path, name: str, upstream: str, weights: Path) -> None:
        self.root, self.log = folder / f"{name}-root.pem", folder / f"{name}.log"
        self.command: list[str | Path] = [build / "attest-server", "--demo", "--demo-root", self.root, "--listen", "127.0.0.1:0"]
        self.command += ["--state", folder / name, "--upstream", upstream, "--measure", f"weights={weights}"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, env={**os.environ, "TSS2_LOG": "all+NONE"})
        self.url = self.wait()

    def wait(self) -> str:
        for _ in range(PATIENCE * 20):
            text = self.log.read_text()
            if match := re.search(r"listening on (https://[\w.:\[\]]+)", text):
                return match[1]
            if self.process.poll() is not None:
                break
            threading.Event().wait(0.05)
        raise Failed(f"attest-server did not start: {self.log.read_text()}")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Mitm:
    """Somebody between: hands out the genuine server's fresh proof, under a certificate of his own, and waits for more."""

    def __init__(self, folder: Path, genuine: str) -> None:
        self.genuine, self.secret = genuine, b""
        key, certificate = folder / "mitm.key", folder / "mitm.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        command += ["-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)]
        subprocess.run(command, check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        client.settimeout(PATIENCE)
        try:
            with self.context.wrap_socket(client, server_side=True) as tls:
                while request := tls.recv(65536):
                    target = re.match(rb"GET (/\.well-known/attestation\S*) ", request)
                    if target is None:
                        self.secret += request
                        return
                    proof = fetch(self.genuine + target[1].decode())
                    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(proof)}\r\n\r\n"
                    tls.sendall(head.encode() + proof)
        except OSError:
            pass  # the client has gone

    def close(self) -> None:
        self.socket.close()


def fetch(url: str) -> bytes:
    """As an attacker would: whoever answers is as good as another."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with urllib.request.urlopen(url, context=context, timeout=PATIENCE) as answer:
        body: bytes = answer.read()
    return body


def make_weights(folder: Path, seed: int) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"layers": 32}\n')
    for part in (1, 2):
        block = bytes((seed * 31 + part * 7 + i) % 251 for i in range(1 << 16))
        (folder / f"model-{part}-of-2.safetensors").write_bytes(block * 64)
    return folder


def make_policy(path: Path, build: Path, server: Server) -> None:
    """The golden value of PCR 14, read off a machine that is known to be good. A software TPM has no firmware that would measure."""
    command: list[str | Path] = [build / "attest-verify", "--json", "--root", server.root, server.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode != 3:
        raise Failed(f"without a policy the verdict is not inconclusive: {done.stdout}{done.stderr}")
    (value,) = [pcr["value"] for pcr in json.loads(done.stdout)["pcrs"] if pcr["bank"] == "sha256" and pcr["index"] == 14]
    pins = {"14": value}
    policy = {"format": "libattest-policy-v1", "name": "demo server", "platforms": ["added"], "bank": "sha256", "pcrs": pins}
    path.write_text(json.dumps({**policy, "tls": "required", "nonce": "required"}, indent=1) + "\n")


@contextmanager
def cleaned_up() -> Iterator[tuple[Path, ExitStack]]:
    folder = Path(tempfile.mkdtemp(prefix="libattest-demo-"))
    try:
        with ExitStack() as stack:
            yield folder, stack
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def started(stack: ExitStack, server: Server) -> Server:
    stack.callback(server.stop)
    return server


def use(shell: Shell, verify: list[str | Path], example: list[str | Path], server: Server) -> Path:
    """What an honest user does; returns a proof that was kept."""
    kept = shell.folder / "kept.json"
    shell.run(*verify, "--save", kept, server.url, expected=0, title="Is this the machine that we expect? Ask it, with a fresh nonce")
    shell.run(*example, PROMPT, expected=0, title="A prompt from a C program (docs/examples/attested_request.c), answered as a stream")
    title = "The same with curl, which accepts the attested key and no other"
    pin = shell.run(*verify, "--print", "pin", server.url, expected=0, title=title).strip()
    chat = server.url + "/v1/chat/completions"
    shell.run("curl", "-sS", "-k", "--pinnedpubkey", pin, "-d", PROMPT, chat, expected=0)
    return kept


def attack(shell: Shell, verify: list[str | Path], example: Callable[[str], list[str | Path]], mitm: Mitm, pin_of: Server) -> None:
    title = "Attack 1: somebody between shows the genuine, fresh proof under a certificate of his own"
    shell.run(*verify, mitm.url, expected=1, title=title)
    shell.run(*example(mitm.url), PROMPT, expected=1)
    pin = subprocess.run([*verify, "--print", "pin", pin_of.url], capture_output=True, text=True, check=True).stdout.strip()
    shell.run("curl", "-sS", "-k", "--pinnedpubkey", pin, "-d", PROMPT, mitm.url + "/v1/chat/completions", expected=90)
    print(f"He has seen {len(mitm.secret)} bytes of the prompt.\n")
    if mitm.secret:
        raise Failed("a byte has reached the wrong server")


def main() -> None:
    build = Path(sys.argv[1]).resolve()
    with cleaned_up() as (folder, stack):
        shell = Shell(build, folder)
        upstream = Upstream(pause=0.02)
        stack.callback(upstream.shutdown)
        server = started(stack, Server(build, folder, "server", upstream.url, make_weights(folder / "good" / "model-8b", 1)))
        print("== A server measures what it serves, and starts\n")
        print(f"$ {shell.shown([str(word) for word in server.command])}\n{server.log.read_text().replace(str(folder) + '/', '').rstrip()}\n")
        policy = folder / "policy.json"
        make_policy(policy, build, server)
        verify: list[str | Path] = [build / "attest-verify", "--root", server.root, "--policy", policy]

        def example(url: str) -> list[str | Path]:
            return [build / "examples/attested_request", url + "/v1/chat/completions", policy, server.root]

        kept = use(shell, verify, example(server.url), server)
        mitm = Mitm(folder, server.url)
        stack.callback(mitm.close)
        attack(shell, verify, example, mitm, server)

        other = started(stack, Server(build, folder, "other", upstream.url, make_weights(folder / "changed" / "model-8b", 2)))
        seen = upstream.n_requests
        title = "Attack 2: a genuine machine of the same kind, with other weights"
        shell.run(*verify, "--root", other.root, "--reference", kept, other.url, expected=1, title=title)
        shell.run(*verify, "--nonce", secrets.token_hex(32), kept, expected=1, title="Attack 3: an old proof, shown again for a new nonce")
        if upstream.n_requests != seen:
            raise Failed("a refused server was sent a request")
    print("The genuine server was verified and used; all three attacks were refused, and no byte of a prompt reached an attacker.")


if __name__ == "__main__":
    try:
        main()
    except Failed as failed:
        sys.exit(f"demo: {failed}")

"""attest-server on software TPMs: starts, restarts, kills, other people's keys and logs, and jobs that it proves.

Usage: server.py BUILD [WORD]    WORD: only the groups whose names begin with it
"""

from __future__ import annotations

import array
import base64
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import server_lab
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from server_lab import LONGEST, ROOT, Json, Lab, Server, Tpm

import ca

BANKS = ("sha1", "sha256", "sha384", "sha512")
NONCE = bytes(range(32)).hex()
KILLS = 12
DEMO_MARK = "DEMO: software TPM, no hardware stands behind this proof"


def text_digests(text: str) -> dict[str, bytes]:
    return {bank: hashlib.new(bank, text.encode()).digest() for bank in BANKS}


def text_logs(proof: Json) -> dict[int, list[str]]:
    return {log["pcr"]: log["events"] for log in proof["logs"] if log["format"] == "text-events"}


def types(events: list[str]) -> list[str]:
    return [json.loads(text)["type"] for text in events]


def ready(lab: Lab, what: str, server: Server) -> bool:
    is_ready = server.wait_ready()
    lab.check(what, is_ready, server.text)
    return is_ready


def demo(lab: Lab) -> None:
    root, proof = str(lab.scratch / "demo-root.pem"), str(lab.scratch / "demo.json")
    command = [
        str(lab.build / "attest-server"),
        "--demo",
        "--demo-root",
        root,
        "--listen",
        "127.0.0.1:0",
        "--proof",
        proof,
        "--measure",
        f"weights={lab.model}",
    ]
    home = lab.scratch / "tmp"
    home.mkdir()
    server = lab.start(command, {**os.environ, "TMPDIR": str(home)})
    if not ready(lab, "demo starts", server):
        return
    account = lab.good("demo: the standing proof", proof, "--root", root)
    lab.check("demo: nobody trusts its CA", "chain" not in server_lab.passed_steps(lab.verify(proof)))
    written = json.loads(Path(proof).read_text())
    lab.check("demo: marked in the proof", written["metadata"]["platform"] == DEMO_MARK, str(written["metadata"]))
    lab.check("demo: marked in the measured configuration", "DEMO" in text_logs(written)[14][0])
    lab.check("demo: marked on standard error", "DEMO" in server.text)
    config = written["metadata"]["config"]
    first = json.loads(text_logs(written)[14][0])
    lab.check(
        "the configuration has the measured digest", first["digest"] == "sha256:" + hashlib.sha256(config.encode()).hexdigest()
    )
    told = subprocess.run([*command, "--print-config"], capture_output=True, text=True, check=False, timeout=server_lab.LONGEST)
    lab.check("--print-config says it beforehand", (told.returncode, told.stdout, told.stderr) == (0, config + "\n", ""), str(told))
    status, body = server.get(f"/.well-known/attestation?nonce={NONCE}")
    lab.check("a fresh proof", status == 200, str(status))
    lab.good(
        "a fresh proof verifies",
        body,
        "--root",
        root,
        "--nonce",
        NONCE,
        steps="parse chain ak signature quote nonce pcrs log tls",
    )
    pin = server.pin()
    lab.check("the pin is that of the proof", account.get("facts", {}).get("tls_pin") == pin, f"{pin}: {account}")
    lab.check("demo: a folder for the TPM", len(list(home.iterdir())) == 1)
    server.end(signal.SIGKILL)
    server_lab.wait_until(lambda: not list(home.iterdir()), "the demo's folder is removed")
    lab.check("demo: nothing is left after kill -9", True)
    if os.geteuid() == 0:
        kept_from_swtpm(lab, command)
    else:
        print("skipped: descriptors of the demo's processes (needs root)")


def kept_from_swtpm(lab: Lab, command: list[str]) -> None:
    """What systemd hands over is inherited by none of the demo's processes."""
    with open(lab.file("handed-over", "a key"), "rb") as kept:
        server = start_with_kept(lab, kept.fileno(), dict(os.environ), command)
        if not ready(lab, "demo with a kept descriptor", server):
            return
        keepers = children(server.process.pid)
        processes = [*keepers, *(child for keeper in keepers for child in children(keeper))]
        names = [name for pid in processes for name in open_files(pid)]
        lab.check("demo: its two processes", len(processes) == 2 and bool(names), str(processes))
        lab.check("demo: a kept descriptor stays the server's", str(kept.name) not in names, str(names))
        lab.check("demo: the server had it", str(kept.name) in open_files(server.process.pid))
        server.end()


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def open_files(pid: int) -> list[str]:
    return [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()]


def restart(lab: Lab) -> None:
    tpm = lab.tpm("restart")
    server = lab.server(
        tpm, "--measure", f"weights={lab.model}", "--measure", f"image={lab.root}", "--measure", f"config={lab.key}"
    )
    if not ready(lab, "a certified key: start", server):
        return
    proof = json.loads(server.get("/.well-known/attestation")[1])
    lab.good("a certified key: the proof", json.dumps(proof).encode())
    logs = text_logs(proof)
    lab.check("the order of what is measured", types(logs[14]) == ["config", "config", "image", "weights"], str(logs))
    lab.check("the order of PCR 15", types(logs[15]) == ["separator", "tls-key"], str(logs))
    lab.check("the events give the quoted values", replays(proof))
    lab.refused("two servers at once", lab.server(tpm), "another attest-server runs with this folder")
    lab.check("SIGTERM ends it well", server.end() == 0, server.text)
    lab.check("it says that it stops", "stopping" in server.text)
    again = lab.server(tpm, "--measure", f"weights={lab.model}")
    lab.refused("a restart is refused", again, "reboot", "--adopt", "tls-key", "died with it")
    lab.refused("a restart with --adopt, the key is gone", lab.server(tpm, "--adopt"), "names the TLS key", "reboot")
    before = (tpm.folder / "state" / "events").read_text()
    tpm.reboot()
    server = lab.server(tpm, "--measure", f"weights={lab.model}")
    ready(lab, "after a reboot it starts", server)
    lab.check("the old log is kept", (tpm.folder / "state" / "events.old").read_text() == before)
    lab.good("after a reboot: the proof", server.get("/.well-known/attestation")[1])
    server.end()


def replays(proof: Json) -> bool:
    quoted = proof["quote"]["pcrs"]["sha256"]
    for pcr, events in text_logs(proof).items():
        value = bytes(32)
        for text in events:
            value = hashlib.sha256(value + hashlib.sha256(text.encode()).digest()).digest()
        if quoted[str(pcr)] != value.hex():
            return False
    return True


def adopt(lab: Lab) -> None:
    """A server that died after each of its events, before and after the TPM was told."""
    tpm = lab.tpm("adopt")
    options = ["--measure", f"weights={lab.model}", "--measure", f"image={lab.root}"]
    server = lab.server(tpm, *options)
    if not ready(lab, "adopt: a whole start", server):
        return
    server.end()
    state = tpm.folder / "state"
    lines = (state / "events").read_text().splitlines(keepends=True)
    events = [line.rstrip("\n").split(" ", 2) for line in lines[1:]]
    for n in range(1, len(events) + 1):
        is_last = n == len(events)
        for extended in (n, n - 1):
            tpm.reboot()
            for _, pcr, text in events[:extended]:
                tpm.extend(int(pcr), text_digests(text))
            (state / "events").write_text("".join(lines[: n + 1]))
            what = f"killed at event {n} of {len(events)}, {'after' if extended == n else 'before'} the extend"
            if extended == 0:
                ready(lab, f"{what}: a new boot", fresh := lab.server(tpm, *options))
                fresh.end()
                continue
            lab.refused(f"{what}: refused", lab.server(tpm, *options), "--adopt", "reboot", f"{extended} events")
            server = lab.server(tpm, "--adopt", *options)
            if is_last and extended == n:
                lab.refused(f"{what}: the key is gone", server, "names the TLS key")
                continue
            if ready(lab, f"{what}: adopted", server):
                lab.good(f"{what}: the proof", server.get("/.well-known/attestation")[1])
            server.end()
    half_way(lab, tpm, lines, events, options)


def half_way(lab: Lab, tpm: Tpm, lines: list[str], events: list[list[str]], options: list[str]) -> None:
    """Two events are measured; what stands in the folder is not what it was."""
    state = tpm.folder / "state" / "events"

    def begin(text: str | None) -> None:
        tpm.reboot()
        for _, pcr, event in events[:2]:
            tpm.extend(int(pcr), text_digests(event))
        state.unlink(missing_ok=True)
        if text is not None:
            state.write_text(text)

    whole = "".join(lines[:3])
    begin(whole + lines[3][: len(lines[3]) // 2])
    server = lab.server(tpm, "--adopt", *options)
    if ready(lab, "half a line at the end of the log", server):
        lab.good("half a line: the proof", server.get("/.well-known/attestation")[1])
    server.end()
    begin(whole)
    lab.refused(
        "--adopt with other things to measure",
        lab.server(tpm, "--adopt", "--measure", f"image={lab.key}", "--measure", f"weights={lab.model}"),
        "the same in the same order",
    )
    begin(whole)
    lab.refused("--adopt with less to measure", lab.server(tpm, "--adopt"), "the same in the same order")
    for what, text in (
        ("no log", None),
        ("an empty log", ""),
        ("a log of something else", "hello\n"),
        ("a log that lost an event", "".join(lines[:2])),
        ("a log with a changed event", whole.replace('"type":"image"', '"type":"imagE"')),
        ("a log with two events too many", "".join(lines[:5])),
        ("a log with events in another order", lines[0] + lines[2] + lines[1]),
        ("a log with another base", lines[0] + "base 14 sha256 " + "11" * 32 + "\n" + "".join(lines[1:3])),
        ("a log with a PCR that is none", lines[0] + lines[1] + lines[2].replace("event 14", "event 99")),
        ("a log with NUL", lines[0] + lines[1] + lines[2].replace("image", "\0mage")),
    ):
        for option in ((), ("--adopt",)):
            begin(text)
            lab.refused(
                f"{what} {option}",
                lab.server(tpm, *option, *options),
                "PCR 14 was extended by something that left no log",
                "reboot",
            )


def forged_base(lab: Lab) -> None:
    """A log in which what others extended is where we began: no log of the system says so."""
    tpm = lab.tpm("forged")
    (tpm.folder / "state").mkdir()
    tpm.extend(14, text_digests("somebody else"))
    base = "".join(f"base 14 {bank} {zero_extended(bank, 'somebody else')}\n" for bank in BANKS)
    (tpm.folder / "state" / "events").write_text("attest-server events 1\n" + base)
    for option in ((), ("--adopt",)):
        lab.refused(f"a forged base {option}", lab.server(tpm, *option), "would be refused by every verifier", "step log")
    values = tpm.tool("pcrread", "sha256:15")
    lab.check("a forged base: nothing was extended", "0x" + "0" * 64 in values, values)


def zero_extended(bank: str, text: str) -> str:
    digest = text_digests(text)[bank]
    return hashlib.new(bank, bytes(len(digest)) + digest).hexdigest()


def foreign(lab: Lab) -> None:
    forged_base(lab)
    for pcr in (14, 15):
        tpm = lab.tpm(f"foreign{pcr}")
        tpm.extend(pcr, text_digests("somebody else"))
        lab.refused(f"PCR {pcr} is not ours", lab.server(tpm), f"PCR {pcr} was extended by something", "reboot")
        lab.refused(f"PCR {pcr} is not ours, --adopt", lab.server(tpm, "--adopt"), f"PCR {pcr} was extended by something")
    tpm = lab.tpm("one-bank")
    tpm.extend(14, {"sha1": bytes(20)})
    lab.refused("PCR 14 is not ours, in one bank alone", lab.server(tpm), "PCR 14 was extended by something")
    tpm = lab.tpm("later")
    server = lab.server(tpm)
    ready(lab, "something is extended later: start", server)
    server.end(signal.SIGKILL)
    tpm.extend(15, text_digests("somebody else"))
    lab.refused("something is extended later: restart", lab.server(tpm, "--adopt"), "PCR 15 was extended by something")


def kills(lab: Lab) -> None:
    """kill -9 at any moment of a start: the next one works, or says what to do."""
    tpm = lab.tpm("kills")
    chance = random.Random(4)
    options = ["--measure", f"weights={lab.model}", "--measure", f"image={lab.root}"]
    outcomes: dict[str, int] = {}
    for i in range(KILLS):
        tpm.reboot()
        proof = tpm.folder / f"proof{i}.json"
        server = lab.server(tpm, *options, "--proof", str(proof))
        if i % 3 == 0:
            server.wait_line("weights")
        time.sleep(chance.random() * (0.02 if i % 3 == 0 else 0.2))
        server.end(signal.SIGKILL)
        if proof.exists():
            lab.good(f"kill {i}: a proof that was written", str(proof))
        again = lab.server(tpm, "--adopt", *options)
        if again.wait_ready():
            outcome = "works"
            lab.good(f"kill {i}: the proof of the next start", again.get("/.well-known/attestation")[1])
            again.end()
        else:
            outcome = "reboot"
            lab.check(
                f"kill {i}: the next start says what to do",
                again.process.wait(LONGEST) == 1 and "reboot" in again.text and "names the TLS key" in again.text,
                again.text,
            )
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    print(f"kill -9 during {KILLS} starts, then: {outcomes}")


def lost_tpm(lab: Lab) -> None:
    tpm = lab.tpm("lost")
    tpm.stop()
    lab.refused("no TPM", lab.server(tpm), "the connection to the TPM is gone or was never there", "--tcti", "code 0x")
    lab.refused(
        "no such TCTI",
        lab.start([str(lab.build / "attest-server"), "--tcti", "nonsense:x", "--state", str(lab.scratch / "none")]),
        "nonsense:x",
    )
    tpm.start()
    server = lab.server(tpm)
    if not ready(lab, "the TPM comes back: start", server):
        return
    tpm.cut()
    status, body = server.get(f"/.well-known/attestation?nonce={NONCE}")
    lab.check("the TPM is gone: an error, no proof", status in (500, 503) and "error" in json.loads(body), f"{status} {body!r}")
    status, body = server.get(f"/.well-known/attestation?nonce={NONCE}")
    lab.check("the TPM is still gone", status in (500, 503), f"{status} {body!r}")
    health = server.get("/.well-known/attestation/health")[1].decode()
    lab.check("health says so", json.loads(health)["status"] == "failing", health)
    lab.check(
        "the server's log says what to do",
        "the connection to the TPM is gone" in server.text and "start attest-server again" in server.text,
        server.text,
    )
    server.end()
    tpm.start()
    server = lab.server(tpm)
    if ready(lab, "the TPM was rebooted: start", server):
        lab.good("the TPM was rebooted: the proof", server.get("/.well-known/attestation")[1])
    server.end()


def state_folder(lab: Lab) -> None:
    tpm = lab.tpm("folder")
    lab.refused("the folder is a file", lab.server(tpm, state=lab.root), "--state", "Not a directory")
    lab.refused("the folder has no parent", lab.server(tpm, state=str(lab.scratch / "no" / "such")), "cannot be made")
    shared = lab.scratch / "shared"
    shared.mkdir()
    for mode in (0o770, 0o707, 0o1777):
        shared.chmod(mode)
        lab.refused(f"the folder has mode {mode:o}", lab.server(tpm, state=str(shared)), "--state", f"mode {mode:04o}", "chmod")
    shared.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(shared, NOBODY, NOBODY)
        lab.refused("the folder is another user's", lab.server(tpm, state=str(shared)), f"owner {NOBODY}", "chown")
    (lab.scratch / "elsewhere").write_text("")
    os.chown(shared, os.geteuid(), os.getegid())
    tpm.extend(14, text_digests("ours"))
    (shared / "events").symlink_to(lab.scratch / "elsewhere")
    lab.refused("the log is a link", lab.server(tpm, state=str(shared)), "cannot be opened")
    tpm.reboot()
    values = tpm.tool("pcrread", "sha256:14,15")
    lab.check("nothing was extended", values.count("0x" + "0" * 64) == 2, values)
    full = lab.scratch / "full"
    full.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=16k,mode=700", "tmpfs", str(full)], capture_output=True, check=False
        ).returncode
        != 0
    ):
        print("skipped: a full disk (no tmpfs can be mounted here)")
        return
    try:
        (full / "fill").write_bytes(bytes(8 << 10))
        with open(full / "fill2", "wb", buffering=0) as fill:
            try:
                while fill.write(bytes(512)):
                    pass
            except OSError:
                pass
        lab.refused("the disk is full", lab.server(tpm, state=str(full)), "nothing was extended", "No space left")
        (full / "fill2").unlink()
        (full / "state").mkdir()
        with open(full / "fill3", "wb", buffering=0) as fill:
            fill.write(bytes(4 << 10))
        lab.refused(
            "the disk gets full",
            lab.server(tpm, *[w for i in range(64) for w in ("--measure", f"image={lab.root}")], state=str(full / "state")),
            "nothing was extended",
        )
        values = tpm.tool("pcrread", "sha256:14,15")
        lab.check("a full disk: nothing was extended", values.count("0x" + "0" * 64) == 2, values)
        subprocess.run(["mount", "-o", "remount,ro", str(full)], check=True)
        lab.refused(
            "the disk is read-only",
            lab.server(tpm, state=str(full / "state")),
            "cannot be written",
            "nothing was extended",
            "Read-only",
        )
    finally:
        subprocess.run(["umount", str(full)], check=True)


def weights(lab: Lab) -> None:
    tpm = lab.tpm("weights")
    folder = lab.scratch / "weights-model"
    (folder / "sub").mkdir(parents=True)
    contents = {"sub/b": b"b", "sub-a": b"", "sub/\u00e9": b"accent", "large": bytes(3 << 20)}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    manifest = lab.scratch / "manifest.json"
    digests = []
    for change in (b"", b"x"):
        tpm.reboot()
        (folder / "sub-a").write_bytes(change)
        server = lab.server(tpm, "--measure", f"weights={folder}", "--manifest-out", str(manifest))
        if not ready(lab, "weights: start", server):
            return
        proof = json.loads(server.get("/.well-known/attestation")[1])
        event = json.loads(text_logs(proof)[14][1])
        digests.append(event["digest"])
        server.end()
        text = manifest.read_bytes()
        lab.check("the event says that it is a manifest's", event.get("manifest") == "files", str(event))
        lab.check("the event has the manifest's digest", event["digest"] == "sha256:" + hashlib.sha256(text).hexdigest())
        statement = json.loads(text)
        names = ["large", "sub/b", "sub/\u00e9", "sub-a"]
        expected = [hashlib.sha256(change if n == "sub-a" else contents[n]).hexdigest() for n in names]
        resources = statement["predicate"]["resources"]
        lab.check("the manifest's files in their order", [r["name"] for r in resources] == names, str(resources))
        lab.check("the manifest's digests", [r["digest"] for r in resources] == expected)
        root = hashlib.sha256(b"".join(bytes.fromhex(d) for d in expected)).hexdigest()
        lab.check("the manifest's subject", statement["subject"] == [{"name": "weights-model", "digest": {"sha256": root}}])
        lab.check(
            "the manifest's type",
            statement["_type"] == "https://in-toto.io/Statement/v1"
            and statement["predicateType"] == "https://model_signing/signature/v1.0",
        )
    lab.check("changed weights, another digest", digests[0] != digests[1])
    tpm.reboot()
    (folder / "link").symlink_to("large")
    lab.refused("a link in the weights", lab.server(tpm, "--measure", f"weights={folder}"), "symbolic link", "cp -rL", "link")
    (folder / "link").unlink()
    os.mkfifo(folder / "pipe")
    lab.refused("a pipe in the weights", lab.server(tpm, "--measure", f"weights={folder}"), "pipe", "cannot be measured")
    empty = lab.scratch / "empty"
    empty.mkdir()
    lab.refused("an empty folder", lab.server(tpm, "--measure", f"weights={empty}"), "nothing to measure")
    lab.refused("weights that are not there", lab.server(tpm, "--measure", "weights=/nonexistent"), "No such file")
    lab.check("no key is left in the TPM", tpm.tool("getcap", "handles-transient").strip() == "")
    values = tpm.tool("pcrread", "sha256:14,15")
    lab.check("refused weights: nothing was extended", values.count("0x" + "0" * 64) == 2, values)


def job(
    lab: Lab, tpm: Tpm, *more: str, command: tuple[str, ...], env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    words = lab.command(tpm, state=str(tpm.folder / "state"))
    at = words.index("--listen")
    words = [words[0], "prove", *words[1:at], *words[at + 4 :], "--proof", str(tpm.folder / "proof.json"), *more, "--", *command]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=LONGEST, env=env)


def prove(lab: Lab) -> None:
    tpm = lab.tpm("prove")
    data, out = lab.file("data.txt", "some data"), str(lab.scratch / "out.txt")
    sort = ("sh", "-c", f"tr a-z A-Z < {data} > {out}")
    done = job(
        lab,
        tpm,
        "--input",
        f"data={data}",
        "--input",
        f"model={lab.model}",
        "--output",
        f"result={out}",
        "--nonce",
        NONCE,
        command=sort,
    )
    lab.check("a job is proven", done.returncode == 0, done.stderr)
    path = tpm.folder / "proof.json"
    if path.exists():
        lab.good("the proof of a job", str(path), "--nonce", NONCE, steps="parse chain ak signature quote nonce pcrs log")
        proof = json.loads(path.read_text())
        logs = text_logs(proof)
        lab.check("a job: the inputs", types(logs[14]) == ["config", "input", "input"], str(logs))
        expected = {"type": "output", "name": "result", "digest": "sha256:" + hashlib.sha256(b"SOME DATA").hexdigest()}
        lab.check("a job: the outputs", [json.loads(t) for t in logs[8]] == [expected], str(logs))
        config = json.loads(proof["metadata"]["config"])
        lab.check("a job: the command", config["command"] == list(sort))
        lab.check("a job: PCR 15 is closed", types(logs.get(15, [])) == ["separator"] and replays(proof), str(logs))
    forged_binding(lab, tpm)
    done = job(lab, tpm, "--input", f"data={data}", command=("true",))
    lab.check("a second job on the same boot is refused", done.returncode == 125 and "--adopt" in done.stderr, done.stderr)
    tpm.reboot()
    path.unlink(missing_ok=True)
    done = job(lab, tpm, "--input", f"data={data}", command=("sh", "-c", "exit 7"))
    lab.check("a job that fails", done.returncode == 7 and not path.exists() and "there is no proof" in done.stderr, done.stderr)
    done = job(lab, tpm, "--adopt", "--input", f"data={data}", command=("sh", "-c", "exit 7"))
    lab.check("the same job again with --adopt", done.returncode == 7, done.stderr)
    done = job(lab, tpm, "--adopt", "--input", f"data={data}", command=("sh", "-c", "exit 8"))
    lab.check("another job with --adopt", done.returncode == 125 and "the same in the same order" in done.stderr, done.stderr)
    tpm.reboot()
    done = job(lab, tpm, command=("/nonexistent",))
    lab.check("a command that is not there", done.returncode == 127 and not path.exists(), done.stderr)
    tpm.reboot()
    done = job(lab, tpm, "--output", f"o={lab.scratch}/never-written", command=("true",))
    lab.check(
        "an output that is not there", done.returncode == 125 and not path.exists() and "No such file" in done.stderr, done.stderr
    )
    tpm.reboot()
    done = job(lab, tpm, command=("sh", "-c", "kill -TERM $PPID; sleep 30"))
    lab.check(
        "a signal is passed on", done.returncode == 128 + signal.SIGTERM and not path.exists(), f"{done.returncode} {done.stderr}"
    )
    tpm.reboot()
    done = job(lab, tpm, command=("sh", "-c", "ls /proc/self/fd | wc -l; ls -l /proc/self/fd"))
    lab.check("the command gets no file of ours", done.returncode == 0 and "socket" not in done.stdout, done.stdout)
    tpm.reboot()
    tpm.extend(8, text_digests("a boot loader"))
    done = job(lab, tpm, command=("true",))
    lab.check("PCR 8 is not ours", done.returncode == 125 and "PCR 8 was extended by something" in done.stderr, done.stderr)
    for option, value, says in (
        ("--nonce", "abc", "hex"),
        ("--nonce", "00" * 65, "64 bytes"),
        ("--input", "nothing", "equals sign"),
        ("--listen", "x:1", "not for"),
    ):
        done = job(lab, tpm, option, value, command=("true",))
        lab.check(f"prove {option} {value[:8]}", done.returncode == 125 and says in done.stderr, done.stderr)


def forged_binding(lab: Lab, tpm: Tpm) -> None:
    """A job's nonce that is the hash which binds a forger's TLS key: its proof must not become one of that key."""
    tpm.reboot()
    forger = ca.public_pem(ca.new_key("p256").public_key())
    spki = hashlib.sha256(base64.b64decode("".join(forger.split("-----")[2].split()))).digest()
    victim = bytes(range(100, 132))
    nonce = hashlib.sha256(b"libattest quote v1\0" + len(victim).to_bytes(2, "big") + victim + spki).hexdigest()
    done = job(lab, tpm, "--nonce", nonce, command=("true",))
    lab.check("a nonce that binds a key: the job", done.returncode == 0, done.stderr)
    proof = json.loads((tpm.folder / "proof.json").read_text())
    lab.good(
        "a nonce that binds a key: the job's own proof",
        json.dumps(proof).encode(),
        "--nonce",
        nonce,
        steps="parse chain ak signature quote nonce pcrs log",
    )
    forged = {**proof, "nonce": victim.hex(), "tls": {"public_key": forger, "binding": "quote"}}
    unexplained = {**forged, "logs": [log for log in proof["logs"] if log.get("pcr") != 15]}
    for what, text in (("as it is", forged), ("without the log of PCR 15", unexplained)):
        account = lab.verify(json.dumps(text).encode(), "--nonce", victim.hex())
        lab.check(
            f"a nonce that binds a key: the forged proof {what}",
            account["exit"] == 1 and account["steps"].get("tls") == "failed" and account["steps"].get("log") == "passed",
            f"exit {account['exit']}: {account}",
        )


def azure(lab: Lab) -> None:
    tpm = lab.tpm("azure")
    attributes = "restricted|sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda"
    tpm.tool("createprimary", "-C", "e", "-G", "rsa2048:rsassa-sha256:null", "-a", attributes, "-c", "ak.ctx")
    tpm.tool("evictcontrol", "-C", "o", "-c", "ak.ctx", "0x81000003")
    tpm.tool("flushcontext", "-t")
    tpm.tool("readpublic", "-c", "0x81000003", "-f", "pem", "-o", "ak.pem")
    leaf = certificate(lab, (tpm.folder / "ak.pem").read_bytes())
    store(tpm, "0x01C101D0", leaf + bytes(2000 - len(leaf)))
    server = lab.server(tpm, "--ak-chain", lab.root, certified=False)
    if ready(lab, "as on Azure: start", server):
        body = server.get("/.well-known/attestation")[1]
        lab.good("as on Azure: the proof", body)
        lab.check("as on Azure: who it is", json.loads(body)["metadata"]["platform"] == "Azure vTPM")
    server.end()
    tpm.reboot()
    server = lab.server(tpm, "--ak", "0x81000003", "--ak-cert", "nv:0x01C101D0", certified=False)
    if ready(lab, "a handle and an index, no issuer: start", server):
        body = server.get("/.well-known/attestation")[1]
        lab.good("a handle and an index: the proof", body)
        lab.check("the anchor is missing, and it says so", "lead to no anchor" in server.text, server.text)
    server.end()
    tpm.reboot()
    other = ca.new_key("rsa2048").public_key()
    wrong = lab.file("wrong.der", certificate(lab, ca.public_pem(other).encode()))
    lab.refused(
        "another key's certificate",
        lab.server(tpm, "--ak", "0x81000003", "--ak-cert", wrong, certified=False),
        "the certificate is not the attestation key's",
    )
    lab.refused(
        "no key at the handle",
        lab.server(tpm, "--ak", "0x81000009", "--ak-cert", wrong, certified=False),
        "no persistent key at 0x81000009",
    )
    lab.refused(
        "no such NV area",
        lab.server(tpm, "--ak", "0x81000003", "--ak-cert", "nv:0x01C101D9", certified=False),
        "no NV area 0x01C101D9",
    )
    store(tpm, "0x01C101D1", b"no certificate")
    lab.refused(
        "an NV area that holds none",
        lab.server(tpm, "--ak", "0x81000003", "--ak-cert", "nv:0x01C101D1", certified=False),
        "no DER X.509 certificate",
        "0x01C101D1",
    )
    tpm.tool(
        "createprimary",
        "-C",
        "e",
        "-G",
        "rsa2048:rsassa-sha256:null",
        "-a",
        "sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth",
        "-c",
        "free.ctx",
    )
    tpm.tool("evictcontrol", "-C", "o", "-c", "free.ctx", "0x81000004")
    tpm.tool("flushcontext", "-t")
    tpm.tool("readpublic", "-c", "0x81000004", "-f", "pem", "-o", "free.pem")
    free = lab.file("free.der", certificate(lab, (tpm.folder / "free.pem").read_bytes()))
    lab.refused(
        "a key that signs anything",
        lab.server(tpm, "--ak", "0x81000004", "--ak-cert", free, certified=False),
        "the key is no attestation key",
    )
    old = ca.issue(
        replace(LEAF, not_after=datetime(2025, 1, 1)), ca.load_public((tpm.folder / "ak.pem").read_bytes()), lab.authority
    )
    expired = lab.file("expired.pem", ca.to_pem(old.public_bytes(Encoding.DER)))
    server = lab.server(tpm, "--ak", "0x81000003", "--ak-cert", expired, "--ak-chain", lab.root, certified=False)
    lab.refused("an expired certificate", server, "would be refused by every verifier", "step chain")
    values = tpm.tool("pcrread", "sha256:14,15")
    lab.check("a proof that does not verify: nothing was extended", values.count("0x" + "0" * 64) == 2, values)


LEAF = ca.Spec(ca.common_name("AK"), purposes=ca.PURPOSE_AK)


def certificate(lab: Lab, public: bytes) -> bytes:
    return ca.issue(LEAF, ca.load_public(public), lab.authority).public_bytes(Encoding.DER)


def store(tpm: Tpm, index: str, content: bytes) -> None:
    (tpm.folder / "content").write_bytes(content)
    tpm.tool("nvdefine", "-C", "o", "-s", str(len(content)), "-a", "ownerread|ownerwrite|authread|authwrite", index)
    tpm.tool("nvwrite", "-C", "o", "-i", "content", index)


def google(lab: Lab) -> None:
    attributes = "restricted|sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth"
    for kind, algorithm, index in (
        ("RSA", "rsa2048:rsassa-sha256:null", 0x01C10000),
        ("ECC", "ecc256:ecdsa-sha256:null", 0x01C10002),
    ):
        tpm = lab.tpm(f"google{kind}")
        tpm.tool("createprimary", "-C", "e", "-G", algorithm, "-a", attributes, "-c", "ak.ctx")
        tpm.tool("readpublic", "-c", "ak.ctx", "-f", "pem", "-o", "ak.pem")
        tpm.tool("readpublic", "-c", "ak.ctx", "-f", "tss", "-o", "ak.pub")
        tpm.tool("flushcontext", "-t")
        store(tpm, hex(index), certificate(lab, (tpm.folder / "ak.pem").read_bytes()))
        store(tpm, hex(index + 1), template(kind, (tpm.folder / "ak.pub").read_bytes()[2:]))
        server = lab.server(tpm, "--ak-chain", lab.root, certified=False)
        if ready(lab, f"as on Google, {kind}: start", server):
            body = server.get("/.well-known/attestation")[1]
            lab.good(f"as on Google, {kind}: the proof", body)
            lab.check(f"as on Google, {kind}: who it is", "Google" in json.loads(body)["metadata"]["platform"])
        server.end()
    tpm = lab.tpm("nobody")
    lab.refused("no key anywhere", lab.server(tpm, certified=False), "as Azure or Google put one there", "--ca-cert", "--demo")
    store(tpm, "0x01C10000", certificate(lab, (lab.scratch / "googleRSA/ak.pem").read_bytes()))
    lab.refused("a certificate without a template", lab.server(tpm, certified=False), "template", "0x01C10001")


def template(kind: str, public: bytes) -> bytes:
    """The public area with an empty unique field: what TPM2_CreatePrimary makes the same key of."""
    return public[: -(2 + 256)] + b"\0\0" if kind == "RSA" else public[: -(2 + 32 + 2 + 32)] + b"\0\0\0\0"


def logs(lab: Lab) -> None:
    """Event logs of the system are in the proof, or the server does not start."""
    tpm = lab.tpm("logs")
    boot = ROOT / "testdata/boot/known-good.bin"
    shown = subprocess.run([str(lab.build / "attest-inspect"), "--json", str(boot)], capture_output=True, check=True)
    measured = [event for event in json.loads(shown.stdout)["events"] if event["measured"]]
    lab.refused(
        "a boot log of another boot", with_logs(lab, tpm, boot=str(boot)), "step log", "would be refused by every verifier"
    )
    lab.refused("a boot log that is not there", with_logs(lab, tpm, boot="/nonexistent"), "cannot be opened")
    lab.refused("a boot log that is none", with_logs(lab, tpm, boot=lab.root), lab.root)
    record = {
        "pcr": 15,
        "digests": [{"hashAlg": b, "digest": hashlib.new(b, b"machine-id:1").hexdigest()} for b in BANKS],
        "content_type": "systemd",
        "content": {"string": "machine-id:1", "bootId": "0" * 32, "timestamp": 1, "eventType": "machine-id"},
    }
    systemd = lab.file("systemd.log", b"\x1e" + json.dumps(record).encode() + b"\n")

    def boot_it() -> None:
        tpm.reboot()
        for event in measured:
            tpm.extend(event["pcr"], {bank: bytes.fromhex(digest) for bank, digest in event["digests"].items() if bank in BANKS})
        tpm.extend(15, text_digests("machine-id:1"))

    boot_it()
    lab.refused(
        "PCR 15 was extended by systemd, and its log is not given",
        with_logs(lab, tpm, boot=str(boot)),
        "PCR 15 was extended by something",
    )
    server = with_logs(lab, tpm, boot=str(boot), systemd=systemd)
    if ready(lab, "boot log and systemd's log: start", server):
        body = server.get("/.well-known/attestation")[1]
        lab.good("boot log and systemd's log: the proof", body)
        formats = [log["format"] for log in json.loads(body)["logs"]]
        lab.check("the logs in their order", formats == ["tcg", "systemd", "text-events", "text-events"], str(formats))
        data = next(log["data"] for log in json.loads(body)["logs"] if log["format"] == "tcg")
        lab.check("the boot log as it lies", base64.b64decode(data) == boot.read_bytes())
    server.end(signal.SIGKILL)
    lab.refused("the same boot again", with_logs(lab, tpm, boot=str(boot), systemd=systemd), "names the TLS key")
    boot_it()
    empty = lab.file("empty.log", b"")
    server = with_logs(lab, tpm, boot=empty, systemd=systemd)
    if ready(lab, "an empty boot log: start", server):
        formats = [log["format"] for log in json.loads(server.get("/.well-known/attestation")[1])["logs"]]
        lab.check("an empty boot log is left out", formats == ["systemd", "text-events", "text-events"], str(formats))
    server.end()
    ima(lab)


def with_logs(lab: Lab, tpm: Tpm, boot: str = "none", ima: str = "none", systemd: str = "none") -> Server:
    words = lab.command(tpm)
    for option, value in (("--boot-log", boot), ("--ima-log", ima), ("--systemd-log", systemd)):
        words[words.index(option) + 1] = value
    return lab.start(words)


def ima(lab: Lab) -> None:
    """A log that replays; one that is ahead of the TPM. That it may grow between proofs is for the unit tests: swtpm serves one."""
    tpm = lab.tpm("ima")

    def entry(name: str) -> bytes:
        field = b"sha256:\0" + hashlib.sha256(name.encode()).digest()
        data = len(field).to_bytes(4, "little") + field + (len(name) + 1).to_bytes(4, "little") + name.encode() + b"\0"
        head = (10).to_bytes(4, "little") + hashlib.sha1(data).digest() + (6).to_bytes(4, "little") + b"ima-ng"
        return head + len(data).to_bytes(4, "little") + data

    def digests(record: bytes) -> dict[str, bytes]:
        data = record[4 + 20 + 4 + 6 + 4 :]
        return {bank: hashlib.new(bank, data).digest() for bank in BANKS}

    first, second = entry("/bin/a"), entry("/bin/b")
    path = Path(lab.file("ima.log", first))
    tpm.extend(10, digests(first))
    server = with_logs(lab, tpm, ima=str(path))
    if not ready(lab, "IMA: start", server):
        return
    lab.good("IMA: the proof", server.get("/.well-known/attestation")[1])
    server.end()
    path.write_bytes(first + second)
    tpm.reboot()
    tpm.extend(10, digests(first))
    lab.refused("IMA: a log that never fits", with_logs(lab, tpm, ima=str(path)), "step log")


def kept_key(lab: Lab) -> None:
    """systemd keeps the key over a restart; here this program is systemd."""
    tpm = lab.tpm("kept")
    path = str(lab.scratch / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)
        listener.settimeout(LONGEST)
        env = {**os.environ, "NOTIFY_SOCKET": path}
        server = lab.server(tpm, "--keep-key", env=env)
        if not ready(lab, "--keep-key: start", server):
            return
        kept, said = -1, b""
        while kept < 0 or b"READY=1" not in said:
            data, ancillary, _, _ = listener.recvmsg(4096, socket.CMSG_SPACE(4))
            said += data + b"\n"
            for level, kind, content in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    kept = array.array("i", content)[0]
        lab.check("systemd is told", b"FDSTORE=1\nFDNAME=attest-tls-key" in said and b"READY=1" in said, repr(said))
        pin = server.pin()
        server.end(signal.SIGKILL)
        again = restart_with(lab, tpm, kept, env, "--keep-key", "--adopt")
        if ready(lab, "--keep-key: restart with --adopt", again):
            lab.check("the key is the same", again.pin() == pin)
            body = again.get(f"/.well-known/attestation?nonce={NONCE}")[1]
            lab.good("--keep-key: the proof of the restart", body, "--nonce", NONCE, "--pin", pin)
        again.end()
        lab.refused("--keep-key: a restart without --adopt", restart_with(lab, tpm, kept, env, "--keep-key"), "--adopt")
        tpm.reboot()
        new = restart_with(lab, tpm, kept, env, "--keep-key")
        ready(lab, "--keep-key: a new boot", new)
        lab.check("a new boot has a new key", new.pin() != pin)
        new.end()
        os.close(kept)
    tpm.reboot()
    lab.refused("--keep-key without systemd", lab.server(tpm, "--keep-key"), "--keep-key needs systemd")
    values = tpm.tool("pcrread", "sha256:15")
    lab.check("--keep-key without systemd: PCR 15 is untouched", "0x" + "0" * 64 in values, values)


def restart_with(lab: Lab, tpm: Tpm, kept: int, env: dict[str, str], *options: str) -> Server:
    """The descriptor becomes number 3, as systemd hands it over."""
    return start_with_kept(lab, kept, {**env, "LISTEN_FDNAMES": "attest-tls-key"}, lab.command(tpm, *options))


def start_with_kept(lab: Lab, kept: int, env: dict[str, str], command: list[str]) -> Server:
    script = 'exec 3<&"$KEPT"; LISTEN_PID=$$; export LISTEN_PID; exec "$@"'
    environment = {**env, "LISTEN_FDS": "1", "KEPT": f"{kept}"}
    os.set_inheritable(kept, True)
    return lab.start(["bash", "-c", script, "bash", *command], environment, pass_fds=(kept,))


def certificates(lab: Lab) -> None:
    """A CA certifies the key while the server serves."""
    tpm = lab.tpm("certificates")
    request, chain = lab.scratch / "request.pem", lab.scratch / "chain.pem"
    server = lab.server(tpm, "--csr", str(request), "--certificate", str(chain))
    if not ready(lab, "--certificate that is not there yet: start", server):
        return
    asked = x509.load_pem_x509_csr(request.read_bytes())
    key = asked.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    issued = ca.issue(ca.Spec(ca.common_name("from the CA")), key, lab.authority)
    before = server.certificate()
    chain.write_text(ca.to_pem(issued.public_bytes(Encoding.DER)) + lab.authority.pem)
    server.process.send_signal(signal.SIGHUP)
    server.wait_line("this certificate is served from now on")
    lab.check("SIGHUP: the new certificate", server.certificate() == issued.public_bytes(Encoding.DER) != before)
    chain.write_text(lab.authority.pem)
    server.process.send_signal(signal.SIGHUP)
    server.wait_line("served further")
    lab.check("SIGHUP: another key's certificate", server.certificate() == issued.public_bytes(Encoding.DER))
    lab.check("SIGTERM after SIGHUP", server.end() == 0)


def options(lab: Lab) -> None:
    tool = str(lab.build / "attest-server")
    for words, code, says in (
        (["--help"], 0, "Usage: attest-server"),
        (["--version"], 0, "attest-server (libattest) "),
        (["--nonsense"], 2, "--help"),
        (["word"], 2, "no option"),
        (["--demo", "--tcti", "x"], 2, "--demo brings"),
        (["--demo-root", "x"], 2, "--demo"),
        (["--ca-cert", "x"], 2, "belong together"),
        (["--ak-algorithm", "rsa1024", "--demo"], 2, "rsa2048 or ecc256"),
        (["--threads", "many"], 2, "a number up to"),
        (["--measure", "weights"], 2, "equals sign"),
        (["--measure", "tls-key=/x"], 2, "the server's own"),
        (["--measure", "separator=/x"], 2, "the server's own"),
        (["--measure", "We ights=/x"], 2, "lower-case"),
        (["--listen", "a:1", "--listen", "b:1"], 2, "once"),
        (["--nonce", "00"], 2, "prove alone"),
        (["--demo", "--pcrs", "sha256:99"], 1, "no selection of PCRs"),
        (["--demo", "--pcrs", "sha256:0-15", "--listen", "nowhere"], 1, "nowhere"),
        (["--demo", "--user", "no-such-user", "--listen", "127.0.0.1:0"], 1, "no user of this system"),
        (["prove"], 125, "needs a command"),
        (["prove", "--measure", "weights=x", "--", "true"], 125, "not for attest-server prove"),
    ):
        done = subprocess.run([tool, *words], capture_output=True, text=True, check=False, timeout=LONGEST)
        lab.check(
            f"options {words}",
            done.returncode == code and says in done.stdout + done.stderr,
            f"{done.returncode} {done.stdout} {done.stderr}",
        )
    if os.geteuid() == 0:
        privileges(lab)
    else:
        print("skipped: --user (needs root)")


def privileges(lab: Lab) -> None:
    tpm = lab.tpm("user")
    lab.refused(
        "--user that may not use the TPM", lab.server(tpm, "--user", "nobody"), "the TPM did not", "the connection to the TPM"
    )
    values = tpm.tool("pcrread", "sha256:14,15")
    lab.check("--user that may not: nothing was extended", values.count("0x" + "0" * 64) == 2, values)
    for path in (lab.scratch, tpm.folder):
        path.chmod(0o755)
    tpm.socket.chmod(0o777)
    server = lab.server(tpm, "--user", "nobody")
    if ready(lab, "--user: start", server):
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
        lab.check("--user: all user ids are another's", "0" not in uids, status)
        lab.check(
            "--user: no capability is left",
            "CapEff:\t0000000000000000" in status and "CapPrm:\t0000000000000000" in status,
            status,
        )
        lab.check("--user: its memory is closed to that user", memory_is_closed(server))
        lab.good("--user: a proof", server.get(f"/.well-known/attestation?nonce={NONCE}")[1], "--nonce", NONCE)
    lab.check("--user: SIGTERM", server.end() == 0, server.text)

    home = lab.scratch / "nobody-tmp"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    for name in ("attest-server", "libattest.so.0"):  # the build may lie where only root can read
        shutil.copy(lab.build / name, home)
    drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    command = [*drop, str(home / "attest-server"), "--demo", "--listen", "127.0.0.1:0"]
    server = lab.start(command, {**os.environ, "TMPDIR": str(home)})
    if ready(lab, "started by another user than root", server):
        lab.check("started by another user: its memory is closed to that user", memory_is_closed(server))
    server.end()


NOBODY = 65534


def memory_is_closed(server: Server) -> bool:
    """To a process of the same user."""
    script = f"open('/proc/{server.process.pid}/mem', 'rb')"
    done = subprocess.run(
        [sys.executable, "-c", script], user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True, text=True, check=False
    )
    return done.returncode == 1 and "PermissionError" in done.stderr


GROUPS = (
    options,
    demo,
    restart,
    adopt,
    foreign,
    kills,
    lost_tpm,
    state_folder,
    weights,
    prove,
    azure,
    google,
    logs,
    kept_key,
    certificates,
)

if __name__ == "__main__":
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    with server_lab.laboratory(Path(sys.argv[1]).resolve()) as laboratory:
        for group in GROUPS:
            if group.__name__.startswith(wanted):
                group(laboratory)
    print(f"server: {laboratory.passed} passed, {laboratory.failed} failed")
    sys.exit(1 if laboratory.failed else 0)

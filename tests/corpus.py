"""Real evidence from real machines, where it lies beside the checkout (../shared/corpus); skipped visibly where it does not.

None of it is part of this project. What each sample must yield is written in its CATALOG.md.

Usage: corpus.py BUILD
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parent.parent / "../shared/corpus"
BANKS = {0x0004: "sha1", 0x000B: "sha256", 0x000C: "sha384"}
Json = dict[str, Any]


class Corpus:
    def __init__(self, build: Path, scratch: Path) -> None:
        self.tool, self.inspector, self.scratch = build / "attest-verify", build / "attest-inspect", scratch
        self.passed = self.failed = 0
        self.n_files = 0

    def file(self, content: bytes | str | Json | list[Any]) -> str:
        self.n_files += 1
        path = self.scratch / f"file-{self.n_files}"
        data = content if isinstance(content, bytes) else (content if isinstance(content, str) else json.dumps(content)).encode()
        path.write_bytes(data)
        return str(path)

    def account(self, *args: str) -> tuple[int, Json]:
        env = {"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}
        command = [str(self.tool), "--json", *args]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=60)
        return done.returncode, json.loads(done.stdout) if done.stdout else {"steps": {}, "error": done.stderr}

    def inspected(self, path: str) -> tuple[int, Json, str]:
        """Exit code, document and standard error of attest-inspect."""
        done = subprocess.run([str(self.inspector), "--json", "--events", path], capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr

    def expect(self, what: str, exit_code: int, *args: str, failed: str = "", passed: str = "") -> None:
        """`failed` and `passed` name steps; no other step may have failed."""
        code, account = self.account(*args)
        steps = account["steps"]
        wrong = [] if code == exit_code else [f"exit {code}, expected {exit_code} {account.get('error', '')}"]
        wrong += [f"{step} {steps.get(step)}, expected passed" for step in passed.split() if steps.get(step) != "passed"]
        really = {step for step, status in steps.items() if status == "failed"}
        if really != set(failed.split()):
            wrong.append(f"failed: {sorted(really)}, expected {failed or 'none'}: {[f['message'] for f in account.get('findings', [])]}")
        self.check(what, wrong)

    def check(self, what: str, wrong: list[str]) -> None:
        if wrong:
            self.failed += 1
            print(f"FAILED {what}: {'; '.join(wrong)}")
        else:
            self.passed += 1
            print(f"ok     {what}")


def selection(attest: bytes) -> list[tuple[int, list[int]]]:
    """Banks and indices of a TPMS_ATTEST of type quote."""
    at = 6
    for _ in range(2):
        at += 2 + struct.unpack_from(">H", attest, at)[0]
    at += 17 + 8
    (count,) = struct.unpack_from(">I", attest, at)
    at += 4
    banks = []
    for _ in range(count):
        alg, size = struct.unpack_from(">HB", attest, at)
        bits = int.from_bytes(attest[at + 3 : at + 3 + size], "little")
        banks.append((alg, [i for i in range(32) if bits >> i & 1]))
        at += 3 + size
    return banks


def pems(text: str) -> list[str]:
    end = "-----END CERTIFICATE-----\n"
    return [block + end for block in text.split(end) if "BEGIN" in block]


def pem_of(path: Path) -> str:
    """A certificate that may be DER or PEM, as PEM."""
    data = path.read_bytes()
    return data.decode() if data.startswith(b"-----") else to_pem(data)


def to_pem(der: bytes) -> str:
    text = base64.b64encode(der).decode()
    lines = "\n".join(text[i : i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def proof_of(folder: Path, chain: list[str] | None = None) -> Json:
    """A libattest proof of a sample in loose parts."""
    attest = (folder / "attest.bin").read_bytes()
    values = json.loads((folder / "pcrs.json").read_text())
    chain = chain if chain is not None else pems((folder / "chain.pem").read_text())
    return {
        "format": "libattest-proof-v1",
        "quote": {
            "attest": base64.b64encode(attest).decode(),
            "signature": base64.b64encode((folder / "sig.tpmt.bin").read_bytes()).decode(),
            "pcrs": {BANKS[alg]: {str(i): values[BANKS[alg]][str(i)] for i in indices} for alg, indices in selection(attest)},
        },
        "ak": {"certificates": chain},
    }


def policy_of(proof: Json) -> Json:
    """Pins of all quoted PCRs but the two that any software can reset."""
    ((bank, values),) = proof["quote"]["pcrs"].items()
    return {"format": "libattest-policy-v1", "bank": bank, "pcrs": {i: v for i, v in values.items() if i not in ("16", "23")}}


def loose(folder: Path, pcrs: str, *ak: str) -> list[str]:
    return ["--quote", str(folder / "attest.bin"), "--signature", str(folder / "sig.tpmt.bin"), "--pcrs", pcrs, *ak]


def values_file(c: Corpus, folder: Path) -> str:
    values = json.loads((folder / "pcrs.json").read_text())
    attest = (folder / "attest.bin").read_bytes()
    return c.file(b"".join(bytes.fromhex(values[BANKS[alg]][str(i)]) for alg, indices in selection(attest) for i in indices))


def blindllama(c: Corpus) -> None:
    folder = CORPUS / "proofs/azure-tl-blindllama-v2"
    path, golden_path = str(folder / "sample_azure_attestation.json"), str(folder / "measurements_azure.json")
    proof, golden = json.loads(Path(path).read_text()), json.loads(Path(golden_path).read_text())
    disk = "16cda68838bdce2b4a7955e36ac7ed01be881144af62db0b001cd278ee0fd328"
    at = ["--at", "2024-05-06", "--policy"]
    for time in ("2023-11-06", "2024-05-06", "2024-11-02"):
        c.expect(f"BlindLlama at {time}", 0, "--at", time, "--policy", golden_path, path, passed="chain signature quote pcrs log policy tls")
    c.expect("BlindLlama now: expired", 1, "--at", "2026-11-20", "--policy", golden_path, path, failed="chain")
    c.expect("BlindLlama without a policy", 3, "--at", "2024-05-06", path)
    c.expect("BlindLlama without default roots", 1, "--no-default-roots", *at, golden_path, path, failed="chain")
    measurements = {**golden["measurements"], "0": "00" * 32}
    c.expect("BlindLlama, PCR 0 of the golden file changed", 1, *at, c.file({"measurements": measurements}), path, failed="policy")
    snakeoil = {**proof, "webserver_rootca": (folder / "snakeoil_ca.crt").read_text()}
    c.expect("BlindLlama, another CA", 1, *at, golden_path, c.file(snakeoil), failed="log tls")
    c.expect("BlindLlama, another root hash", 1, *at, golden_path, c.file({**proof, "application_disk_roothash": "11" * 32}), failed="log tls")
    for root_hash, code, failed in ((disk, 0, ""), ("22" * 32, 1, "policy")):
        policy = c.file({**golden, "application_disk_roothash": root_hash})
        c.expect(f"BlindLlama, the policy names the disk {root_hash[:8]}", code, *at, policy, path, failed=failed)
    other = {**proof, "cert_chain": [pem_of(folder / "sample_vtpm.crt"), *proof["cert_chain"][1:]]}
    c.expect("BlindLlama, another machine's AK certificate", 1, *at, golden_path, c.file(other), failed="signature")
    c.expect("BlindLlama, a nonce asked", 1, "--nonce", "00" * 32, *at, golden_path, path, failed="nonce")
    c.expect("BlindLlama without its root", 1, *at, golden_path, c.file({**proof, "cert_chain": proof["cert_chain"][:1]}), failed="chain")
    c.expect("BlindLlama with leaf and intermediate alone", 0, *at, golden_path, c.file({**proof, "cert_chain": proof["cert_chain"][:2]}))
    shown = subprocess.run([c.tool, "--print", "ca", *at, golden_path, path], capture_output=True, text=True, check=False)
    c.check("BlindLlama, --print ca", [] if shown.stdout.split() == proof["webserver_rootca"].split() else [shown.stdout + shown.stderr])
    flip_bits(c, Path(path).read_bytes(), at, golden_path)


def flip_bits(c: Corpus, data: bytes, at: list[str], golden: str) -> None:
    """Under the built-in anchors. The intermediate is one of them, so a root that no longer fits is not needed."""
    root = data.index(json.dumps(json.loads(data)["cert_chain"][2])[1:-1].encode())
    wrong = []
    paths = {}
    for i in range(0, len(data) * 8, 173):
        flipped = bytearray(data)
        flipped[i // 8] ^= 1 << i % 8
        paths[c.file(bytes(flipped))] = i
    done = subprocess.run([c.tool, "--json", *at, golden, *paths], capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        account = json.loads(line)
        i = paths[account["proof"]]
        letter = chr(data[i // 8]) in "abcdefABCDEF" and i % 8 == 5
        unused = i // 8 >= root and any("does not use" in f["message"] for f in account["findings"])
        if account["verdict"] != "refused" and not letter and not unused:
            wrong.append(f"byte {i // 8}, bit {i % 8}")
    if len(done.stdout.splitlines()) != len(paths):
        wrong.append(done.stderr)
    c.check(f"BlindLlama, {len(paths)} flipped bits", wrong)


def aicert(c: Corpus) -> None:
    path = CORPUS / "proofs/azure-tl-aicert/sample_build_response.json"
    proof = json.loads(path.read_text())
    root = c.file(base64.b64decode(proof["remote_attestation"]["cert_chain"][2]["base64"]))
    trusted = ["--root", root, "--at"]
    c.expect("AICert: no default anchor", 1, "--at", "2024-01-01", str(path), failed="chain")
    for time in ("2023-07-01", "2024-06-01"):
        c.expect(f"AICert with its root at {time}", 3, *trusted, time, str(path), passed="chain signature quote pcrs log")
    c.expect("AICert later", 1, *trusted, "2024-07-01", str(path), failed="chain")
    purpose = ["--root-purpose", "1.3.6.1.4.1.311.10.3.12"]
    c.expect("AICert, the leaf's own purpose", 3, *purpose, *trusted, "2024-01-01", str(path), passed="chain")
    c.expect("AICert, the AK purpose", 1, "--root-purpose", "2.23.133.8.3", *trusted, "2024-01-01", str(path), failed="chain")
    log = proof["event_log"]
    changes = {
        "reordered": [log[1], log[0], *log[2:]],
        "dropped": log[:-1],
        "serialised again": [json.dumps(json.loads(log[0]), separators=(",", ":")), *log[1:]],
        "emptied": [],
    }
    for what, events in changes.items():
        c.expect(f"AICert, log {what}", 1, *trusted, "2024-01-01", c.file({**proof, "event_log": events}), failed="log")
    _, account = c.account(*trusted, "2024-01-01", str(path))
    value = next(p["value"] for p in account["pcrs"] if p["index"] == 16)
    for resettable, code, failed in (("refuse", 1, "policy"), ("accept", 0, "")):
        policy = {"format": "libattest-policy-v1", "pcrs": {"16": value}, "resettable_pcrs": resettable}
        c.expect(f"AICert, PCR 16 pinned, {resettable}", code, "--policy", c.file(policy), *trusted, "2024-01-01", str(path), failed=failed)


def azure_confidential(c: Corpus) -> None:
    folder = CORPUS / "proofs/azure-cvm-nv-padded-cert"
    proof = proof_of(folder)
    args = ["--nonce", "00" * 32, "--policy", c.file(policy_of(proof)), "--at"]
    for time in ("2026-01-01", "2026-11-29"):
        c.expect(f"Azure confidential VM at {time}", 0, *args, time, c.file(proof), passed="chain nonce policy")
    c.expect("Azure confidential VM later", 1, *args, "2027-06-01", c.file(proof), failed="chain")
    leaf = base64.b64decode("".join(proof["ak"]["certificates"][0].splitlines()[1:-1]))
    for what, padding, code, failed in (("zeros", bytes(3087), 0, ""), ("other bytes", bytes(3086) + b"\1", 1, "chain")):
        padded = {**proof, "ak": {"certificates": [to_pem(leaf + padding), *proof["ak"]["certificates"][1:]]}}
        c.expect(f"Azure confidential VM, leaf padded with {what}", code, *args, "2026-06-01", c.file(padded), failed=failed)
    folder = CORPUS / "proofs/azure-cvm-hcl-ak"
    nonce = (folder / "nonce.hex").read_text().strip()
    args = ["--nonce", nonce, *loose(folder, values_file(c, folder), "--ak", str(folder / "ak.pem"))]
    c.expect("Azure HCL AK: holds, and is never verified", 1, *args, passed="signature quote nonce pcrs")


def google(c: Corpus) -> None:
    for bank in ("sha1", "sha256", "sha384"):
        proof = proof_of(CORPUS / "proofs/gce-cos85" / bank)
        policy = ["--policy", c.file(policy_of(proof)), "--at"]
        for time in ("2021-09-15", "2051-08-23"):
            c.expect(f"Google {bank} at {time}", 0, *policy, time, c.file(proof), passed="chain signature pcrs policy")
        for time in ("2021-08-30", "2051-09-30"):
            c.expect(f"Google {bank} at {time}", 1, *policy, time, c.file(proof), failed="chain")
    folder = CORPUS / "proofs/gce-shielded-ecc"
    proof = proof_of(folder)
    policy, at = ["--policy", c.file(policy_of(proof))], ["--at", "2026-02-03T00:00:00Z"]
    nonce = (folder / "nonce.hex").read_text().strip()
    c.expect("Google ECC", 0, *policy, *at, "--nonce", nonce, c.file(proof), passed="chain signature nonce pcrs policy")
    for what, other in (("4-byte nonce", nonce[:8]), ("another nonce", "ab" * 32)):
        c.expect(f"Google ECC, {what}", 1, *policy, *at, "--nonce", other, c.file(proof), failed="nonce")
    quote = proof["quote"]
    for member, failed in (("attest", "signature"), ("signature", "signature")):
        raw = bytearray(base64.b64decode(quote[member]))
        raw[-20] ^= 1
        changed = {**proof, "quote": {**quote, member: base64.b64encode(raw).decode()}}
        c.expect(f"Google ECC, flipped {member}", 1, *policy, *at, c.file(changed), failed=failed)
    ((bank, values),) = quote["pcrs"].items()
    changed = {**proof, "quote": {**quote, "pcrs": {bank: {**values, "0": "00" * len(bytes.fromhex(values["0"]))}}}}
    c.expect("Google ECC, a PCR changed", 1, *policy, *at, c.file(changed), failed="pcrs")
    certs = CORPUS / "certs"
    for kind in ("pca", "uca"):
        for key in ("ecc", "rsa"):
            for use, failed in (("sign", "signature"), ("enc", "chain signature")):
                leaf = pem_of(certs / f"{kind}_tpm_{key}_{use}_cert.pem")
                args = google_roots(certs) + at
                c.expect(f"Google certificate {kind} {key} {use}", 1, *args, c.file({**proof, "ak": {"certificates": [leaf]}}), failed=failed)


def google_logs(c: Corpus) -> None:
    """The 45 events of the log replay to PCR 0-9 of each bank's quote; PCR 10 has none, and is not zero."""
    for bank in ("sha1", "sha256", "sha384"):
        folder = CORPUS / "proofs/gce-cos85" / bank
        log = (folder / "eventlog.bin").read_bytes()
        proof, at = proof_of(folder), ["--at", "2026-01-01"]
        policy = policy_of(proof)
        some = {**policy, "pcrs": {i: v for i, v in policy["pcrs"].items() if i not in ("10", "4")}}
        with_log = {**proof, "logs": [{"format": "tcg", "data": base64.b64encode(log).decode()}]}
        chain = c.file((folder / "chain.pem").read_bytes())
        parts = [*loose(folder, values_file(c, folder), "--ak-cert", chain), "--log"]
        ways = {"in the proof": [c.file(with_log)], "as a file": [*parts, str(folder / "eventlog.bin")]}
        for way, evidence in ways.items():
            what = f"Google {bank}, the log {way}"
            c.expect(f"{what}: all pinned", 0, "--policy", c.file(policy), *at, *evidence, passed="chain signature pcrs log policy")
            c.expect(f"{what}: some pinned", 0, "--policy", c.file(some), *at, *evidence, passed="log policy")
            _, account = c.account("--policy", c.file(some), *at, *evidence)
            want = {i: "explained" if i == 4 else "pinned, explained" for i in range(10)} | {10: "unexplained"}
            states = {pcr["index"]: pcr["state"] for pcr in account.get("pcrs", []) if pcr["index"] <= 10}
            c.check(f"{what}: states", [] if states == want else [f"{states}, expected {want}"])
            log_only = {event["pcr"] for event in account.get("events", [])}
            c.check(f"{what}: events of PCR 0-9 alone", [] if log_only and log_only <= set(range(10)) else [str(log_only)])
        dropped = without_event(log, 20)
        changed = {**with_log, "logs": [{"format": "tcg", "data": base64.b64encode(dropped).decode()}]}
        for way, evidence in {"in the proof": [c.file(changed)], "as a file": [*parts, c.file(dropped)]}.items():
            c.expect(f"Google {bank}, an event dropped {way}", 1, "--policy", c.file(policy), *at, *evidence, failed="log")
        reference = ["--reference", str(folder / "eventlog.bin")]
        c.expect(f"Google {bank}, an event dropped, with a reference", 1, *reference, "--policy", c.file(policy), *at, c.file(changed), failed="log")
        _, account = c.account(*reference, "--policy", c.file(policy), *at, c.file(changed))
        notes = [f["message"] for f in account.get("findings", []) if f["severity"] == "note" and "here the proof lacks an event" in f["message"]]
        c.check(f"Google {bank}, the reference names the event", [] if len(notes) == 1 else [str(account.get("findings"))])


def agile_events(log: bytes) -> list[tuple[int, int]]:
    """Where each event of a crypto-agile log begins and ends; the first is its head."""
    (size,) = struct.unpack_from("<I", log, 28)
    named = struct.unpack_from("<I", log, 32 + 24)[0]
    sizes = dict(struct.unpack_from("<HH", log, 32 + 28 + 4 * i) for i in range(named))
    at, events = 32 + size, [(0, 32 + size)]
    while at < len(log):
        begin = at
        (count,) = struct.unpack_from("<I", log, at + 8)
        at += 12
        for _ in range(count):
            at += 2 + sizes[struct.unpack_from("<H", log, at)[0]]
        at += 4 + struct.unpack_from("<I", log, at)[0]
        events.append((begin, at))
    return events


def without_event(log: bytes, number: int) -> bytes:
    begin, end = agile_events(log)[number]
    return log[:begin] + log[end:]


def google_roots(certs: Path) -> list[str]:
    names = ("gcp_ek_ak_ca_intermediate_v3.crt", "gcp_ek_ak_ca_root.crt", "tpm_ek_intermediate_2.crt", "tpm_ek_intermediate_3.crt", "tpm_ek_root_1.cer")
    return [word for name in names for word in ("--root", str(certs / name))]


def others(c: Corpus) -> None:
    folder = CORPUS / "proofs/aws-nitrotpm"
    nonce = (folder / "nonce.hex").read_text().strip()
    args = ["--nonce", nonce, *loose(folder, values_file(c, folder), "--ak", str(folder / "ak.pem"))]
    c.expect("AWS quote without its document: holds, never verified", 1, *args, passed="signature quote nonce pcrs")
    folder = CORPUS / "proofs/hardware-fraunhofer"
    proof, valid = proof_of(folder / "tpm_test"), ["--at", "2024-01-01", "--root", str(folder / "validCa.pem")]
    c.expect("discrete TPM", 3, *valid, c.file(proof), passed="chain signature quote pcrs")
    bad = {**proof["quote"], "signature": base64.b64encode((folder / "invalidSignature.bin").read_bytes()).decode()}
    c.expect("discrete TPM, bad signature", 1, *valid, c.file({**proof, "quote": bad}), failed="signature")
    alone = {**proof, "ak": {"certificates": proof["ak"]["certificates"][:1]}}
    c.expect("discrete TPM, another CA", 1, "--at", "2024-01-01", "--root", str(folder / "invalidCaTpm.pem"), c.file(alone), failed="chain")
    folder = CORPUS / "proofs/tpm-certify-key/parsec_pat"
    args = ["--nonce", "deadbeefdeadbeef", *loose(folder, values_file(c, folder), "--ak", str(folder / "ak.pem"))]
    c.expect("a quote", 1, *args, passed="signature quote nonce pcrs")
    folder = CORPUS / "proofs/tpm-certify-key/parsec_kat"
    args = loose(folder, c.file(bytes(32)), "--ak", str(folder / "ak.pem"))
    c.expect("a certify structure is no quote", 1, *args, passed="signature", failed="quote")


def replayed(document: Json) -> dict[str, dict[str, str]]:
    """What a log by itself comes to, as EXPECTED.json has it."""
    values: dict[str, dict[str, str]] = {}
    for pcr in document.get("pcrs", []):
        values.setdefault(pcr["bank"], {})[str(pcr["index"])] = pcr["replayed"]
    return values


def tcg_logs(c: Corpus) -> None:
    """Each replays to what another implementation made of it, in every bank that both know, and in no other PCR."""
    folder = CORPUS / "logs/tcg"
    expected = json.loads((folder / "EXPECTED.json").read_text())
    known = {"sha1", "sha256", "sha384", "sha512"}
    for path in sorted(folder.glob("*.bin")):
        code, document, error = c.inspected(str(path))
        if path.name == "tpm2-tools-specid-vendordata.bin":
            logs = document.get("logs", [{}])
            c.check(f"{path.name}: malformed", [] if code == 0 and "head" in logs[0].get("error", "") else [f"exit {code}: {error}{logs}"])
            continue
        if path.name not in expected:
            c.check(f"{path.name} is in EXPECTED.json", ["it is not"])
            continue
        want = {bank: values for bank, values in expected[path.name]["pcrs"].items() if bank in known and values}
        got = replayed(document)
        wrong = [] if code == 0 else [f"exit {code}: {error}"]
        wrong += [log["error"] for log in document.get("logs", []) if "error" in log]
        if got != want:
            wrong.append(f"{got}, expected {want}")
        c.check(f"{path.name} replays to {sum(map(len, want.values()))} values", wrong)
    missing = [name for name in expected if not (folder / name).exists()]
    c.check("every log of EXPECTED.json is there", missing)


def template_data(fields: list[str]) -> bytes:
    """ima-ng: "sha256:hex" and the name, as the kernel hashed them."""
    name, digest = fields[3].split(":")
    d, n = name.encode() + b":\0" + bytes.fromhex(digest), fields[4].encode() + b"\0"
    return struct.pack("<I", len(d)) + d + struct.pack("<I", len(n)) + n


def extended(digests: list[bytes], bank: str) -> str:
    value = bytes(hashlib.new(bank).digest_size)
    for digest in digests:
        value = hashlib.new(bank, value + digest).digest()
    return value.hex()


def ima_logs(c: Corpus) -> None:
    path = CORPUS / "logs/ima/keylime-ascii_runtime_measurements"
    entries = [line.split(" ", 4) for line in path.read_text().splitlines()]
    data = [template_data(fields) for fields in entries]
    logged = [fields[1] for fields in entries]
    c.check("IMA log: 826 entries of one template", [] if len(entries) == 826 and {fields[2] for fields in entries} == {"ima-ng"} else [str(len(entries))])
    c.check("IMA log: the logged hashes are right", [value for value, d in zip(logged, data, strict=True) if hashlib.sha1(d).hexdigest() != value])
    code, document, error = c.inspected(str(path))
    events = document.get("events", [])
    wrong = [] if code == 0 and len(events) == 826 else [f"exit {code}, {len(events)} events: {error}"]
    for i, event in enumerate(events):
        want = {"sha1": logged[i], "sha256": hashlib.sha256(data[i]).hexdigest()}
        if event["digests"] != want or not event["proven"] or event["pcr"] != 10:
            wrong.append(f"entry {i}: {event['digests']}, proven: {event['proven']}, expected {want}")
    c.check("IMA log: every entry is proven", wrong[:3])
    values = replayed(document)
    for bank in ("sha1", "sha256"):
        want_value = extended([hashlib.new(bank, d).digest() for d in data], bank)
        c.check(f"IMA log: PCR 10 in {bank}", [] if values.get(bank, {}).get("10") == want_value else [f"{values.get(bank)}, expected {want_value}"])


def listed_pcrs(path: Path) -> dict[str, str]:
    values = {}
    for line in path.read_text().splitlines():
        index, _, value = line.partition(": ")
        if index.isdigit():
            values[index] = value.strip()
    return values


def boot_aggregates(c: Corpus) -> None:
    """The first entry of the file log is a hash over the firmware's registers: of 0-7 in one sample, of 0-9 in the other."""
    ima, tcg = CORPUS / "logs/ima", CORPUS / "logs/tcg"
    pairs = {
        "PCR 0-9": (tcg / "evmutils-sample-binary_bios_measurements-pcrs-8-9.bin", ima / "sample-ascii_runtime_measurements-pcrs-8-9"),
        "PCR 0-7": (tcg / "evmutils-test_binary_bios_measurements.bin", ima / "test_ascii_runtime_measurements"),
    }
    for registers, (tcg_log, ima_log) in pairs.items():
        logs = [
            {"format": "tcg", "data": base64.b64encode(tcg_log.read_bytes()).decode()},
            {"format": "ima-ascii", "data": base64.b64encode(ima_log.read_bytes()).decode()},
        ]
        code, document, error = c.inspected(c.file(logs))
        said = [s for s in document.get("software", []) if s["what"] == "ima.boot_aggregate"]
        wrong = [] if code == 0 and any(registers in s["value"] for s in said) else [f"exit {code}: {said} {error} {document.get('logs')}"]
        c.check(f"boot_aggregate of {ima_log.name} fits {registers}", wrong)
        values = replayed(document)
        aggregate = ima_log.read_text().split("boot_aggregate")[0].split()[-1].split(":")[1]
        n = 10 if registers == "PCR 0-9" else 8
        for bank, size in (("sha1", 40), ("sha256", 64)):
            if len(aggregate) == size:
                mine = hashlib.new(bank, b"".join(bytes.fromhex(values.get(bank, {}).get(str(i), "")) for i in range(n))).hexdigest()
                c.check(f"boot_aggregate of {ima_log.name}, computed here", [] if mine == aggregate else [f"{mine}, logged {aggregate}"])
        # The same file log with another boot's registers.
        swapped = c.file([{**logs[0], "data": base64.b64encode((tcg / "debian-10.bin").read_bytes()).decode()}, logs[1]])
        _, other, _ = c.inspected(swapped)
        said = [s for s in other.get("software", []) if s["what"] == "ima.boot_aggregate"]
        c.check(f"boot_aggregate of {ima_log.name} fits no other boot", [str(s) for s in said if "fits PCR" in s["value"]])
    listed = listed_pcrs(ima / "sample-tpm-2.0-pcrs-8-9")
    _, document, _ = c.inspected(str(pairs["PCR 0-9"][0]))
    got = replayed(document).get("sha1", {})
    wrong = [f"PCR {i}: {value}, listed {listed.get(i)}" for i, value in got.items() if listed.get(i) != value]
    c.check("the TCG log beside it replays to the listed SHA-1 values", wrong or ([] if len(got) >= 9 else [str(got)]))


def main() -> int:
    if not (CORPUS / "CATALOG.md").exists():
        print("SKIPPED: no real evidence beside this checkout (../shared/corpus): the samples of real clouds were NOT tested")
        print("corpus: 0 passed, 0 failed")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        c = Corpus(Path(sys.argv[1]).resolve(), Path(scratch))
        for group in (blindllama, aicert, azure_confidential, google, google_logs, others, tcg_logs, ima_logs, boot_aggregates):
            group(c)
    print(f"corpus: {c.passed} passed, {c.failed} failed")
    return 1 if c.failed else 0


if __name__ == "__main__":
    sys.exit(main())

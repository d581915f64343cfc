"""Issuers and CRLs that libattest-net downloads, for net.py: a web server over plain HTTP, and what it may get wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from net_bench import Bench
from net_server import Close, Request, Server, answer, ca, pem_to_der

SOON, LATE, LATER = datetime(2024, 1, 2), datetime(2033, 1, 1), "2033-06-01"
BEFORE, MIDDLE = "2026-02-01", datetime(2026, 3, 1)
ISSUER, LEAF_CRL, INTERMEDIATE_CRL = "/issuer.der", "/leaf.crl", "/intermediate.crl"
SLOW = "/slow"


def points_to(url: str) -> ca.Extension:
    return x509.CRLDistributionPoints([x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)]), False


def issuer_at(*urls: str) -> ca.Extension:
    method = x509.oid.AuthorityInformationAccessOID.CA_ISSUERS
    places = [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for url in urls]
    return x509.AuthorityInformationAccess(places), False


def crl(
    authority: ca.Authority, revoked: int | None = None, signer: ca.PrivateKey | None = None, until: datetime = LATE
) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder().issuer_name(authority.certificate.subject).last_update(SOON).next_update(until)
    )
    builder = builder.add_extension(x509.CRLNumber(1), False)
    key = authority.certificate.public_key()
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key), False)  # type: ignore[arg-type]
    if revoked is not None:
        entry = x509.RevokedCertificateBuilder().serial_number(revoked).revocation_date(SOON).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(signer or authority.key, ca.HASHES["sha384"]).public_bytes(Encoding.DER)


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return bytes([tag, 0x84]) + len(content).to_bytes(4, "big") + content


def endless_crl(authority: ca.Authority) -> bytes:
    """Nobody's: a list of 15 MiB with an algorithm for its signature, and none."""
    algorithm = der(0x30, bytes.fromhex("06082a8648ce3d040303"))
    time_of = b"\x17\x0d240102000000Z"
    entry = b"\x30\x12\x02\x01\x01" + time_of
    name = authority.certificate.subject.public_bytes()
    tbs = der(0x30, b"\x02\x01\x01", algorithm, name, time_of, b"\x17\x0d330101000000Z", der(0x30, entry * ((15 << 20) // 20)))
    return der(0x30, tbs, algorithm, b"\x03\x02\x00\x00")


class Web:
    """What is published, by path; `answers` takes precedence."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.files: dict[str, bytes] = {}
        self.answers: dict[str, bytes] = {}
        self.server = Server(bench.folder, None, self.handle)
        self.url = f"http://127.0.0.1:{self.server.port}"

    def handle(self, request: Request) -> bytes:
        if request.path.startswith(SLOW):
            time.sleep(1)
        if request.path in self.answers:
            raise Close(self.answers[request.path])
        if request.path in self.files:
            return answer("200 OK", self.files[request.path])
        return answer("404 Not Found", b"")

    def asked(self) -> list[str]:
        """What was asked for since the last time."""
        paths = [request.path for request in self.server.requests]
        self.server.connections = []
        return sorted(paths)


def publish(b: Bench, web: Web) -> tuple[ca.Authority, int]:
    """An AK whose certificate alone is in the proof; what it lacks is on the web. Its issuer and its serial number."""
    hierarchy = b.prover.hierarchy
    intermediate = hierarchy.new_intermediate(extensions=(points_to(web.url + INTERMEDIATE_CRL),))
    links = (issuer_at(web.url + ISSUER), points_to(web.url + LEAF_CRL))
    leaf = hierarchy.leaf(ca.load_public(b.prover.ak.pem), intermediate, extensions=links)
    b.prover.chain = [ca.to_pem(leaf)]
    web.files = {
        ISSUER: pem_to_der(intermediate.pem),
        LEAF_CRL: crl(intermediate),
        INTERMEDIATE_CRL: crl(hierarchy.root),
    }
    return intermediate, x509.load_der_x509_certificate(leaf).serial_number


def issuers(b: Bench, web: Web, cache: str) -> None:
    arguments = ("--policy", b.prover.policy, "--cache", cache, "--aia", b.server.url)
    forged = pem_to_der(ca.Hierarchy("p384").new_intermediate().pem)
    done = b.tool("--policy", b.prover.policy, b.server.url)
    b.check("a chain that lacks its issuer", done.returncode == 1 and "reaches no" in done.stdout, done)
    b.check("nothing is downloaded unless asked for", web.asked() == [])
    proxy = {"http_proxy": b.server.url, "all_proxy": b.server.url}
    done = b.tool(*arguments, **proxy)
    b.check("--aia", done.returncode == 0 and "VERIFIED" in done.stdout, done)
    b.check("--aia: asked once", web.asked() == [ISSUER])
    done = b.tool(*arguments)
    b.check("--aia: from the cache", done.returncode == 0 and web.asked() == [], done)
    cached = next(path for path in (b.folder / "cache").iterdir())
    b.check("the cache is the user's alone", cached.stat().st_mode & 0o077 == 0)
    for name, content in (("garbage", b"garbage"), ("a forged issuer", forged)):
        cached.write_bytes(content)
        done = b.tool(*arguments)
        b.check(f"--aia: {name} in the cache", done.returncode == 0 and web.asked() == [ISSUER], done)
        b.check(f"--aia: {name} in the cache, no more", cached.read_bytes() == web.files[ISSUER])
    done = b.tool("--policy", b.prover.policy, "--cache", "/dev/null/x", "--aia", b.server.url)
    b.check("--aia: a cache that cannot be", done.returncode == 0 and web.asked() == [ISSUER], done)
    shutil.rmtree(cache)
    with b.another(lambda request: answer("200 OK", web.files[ISSUER])) as elsewhere:
        target = f"Location: http://127.0.0.1:{elsewhere.port}/"
        for name, given, text in (
            ("gone", answer("410 Gone", b""), "HTTP 410"),
            ("elsewhere", answer("302 Found", b"", target), "no redirect is followed"),
            ("garbage", answer("200 OK", b"\x30\x03\x02\x01"), "no certificate in DER"),
            ("more after it", answer("200 OK", web.files[ISSUER] + b"\0"), "no certificate in DER"),
            ("too long", answer("200 OK", bytes(70000)), "LIMIT_ISSUER"),
            ("forged", answer("200 OK", forged), "reaches no"),
            ("cut short", answer("200 OK", web.files[ISSUER])[:-1], "cannot be asked"),
        ):
            web.answers = {ISSUER: given}
            done = b.tool(*arguments)
            b.check(
                f"--aia: {name}", done.returncode == 1 and "REFUSED" in done.stdout and text in done.stdout + done.stderr, done
            )
            b.check(f"--aia: {name}: asked once", web.asked() == [ISSUER])
        b.check("--aia: nobody elsewhere was asked", not elsewhere.connections)
    b.check("--aia: no failure was kept", not list(b.folder.glob("cache/*")))
    web.answers = {}


def lists(b: Bench, web: Web, cache: str, intermediate: ca.Authority, serial: int) -> None:
    arguments = ("--policy", b.prover.policy, "--cache", cache, "--aia", "--crls", b.server.url)
    good = dict(web.files)
    done = b.tool(*arguments)
    b.check("--crls", done.returncode == 0 and "VERIFIED" in done.stdout, done)
    b.check("--crls: all were asked for", web.asked() == sorted(good))
    done = b.tool(*arguments)
    b.check("--crls: from the cache", done.returncode == 0 and web.asked() == [], done)
    done = b.tool("--at", LATER, *arguments)
    b.check("--crls: past their nextUpdate", done.returncode == 1 and "REFUSED" in done.stdout, done)
    b.check("--crls: past their nextUpdate they are asked for again", web.asked() == sorted(good))
    shutil.rmtree(cache)
    web.files = good | {LEAF_CRL: crl(intermediate, until=MIDDLE)}
    done = b.tool("--at", BEFORE, *arguments)
    b.check("--crls: a short one", done.returncode == 0 and web.asked() == sorted(good), done)
    web.files = good
    done = b.tool(*arguments)
    b.check("--crls: it has expired in the cache", done.returncode == 0 and web.asked() == sorted(good), done)
    done = b.tool(*arguments)
    b.check("--crls: and the new one is there", done.returncode == 0 and web.asked() == [], done)
    forger = ca.new_key("p384")
    for name, path, content, text in (
        ("revoked", LEAF_CRL, crl(intermediate, serial), "revoked"),
        ("forged", LEAF_CRL, crl(intermediate, None, forger), "CRL"),
        ("of another issuer", LEAF_CRL, good[INTERMEDIATE_CRL], "CRL"),
        ("garbage", LEAF_CRL, b"garbage", "no CRL in DER"),
        ("missing", LEAF_CRL, None, "HTTP 404"),
        ("missing, the intermediate's", INTERMEDIATE_CRL, None, "HTTP 404"),
    ):
        shutil.rmtree(cache)
        web.files = {p: c for p, c in (good | {path: content or b""}).items() if p != path or content is not None}
        done = b.tool(*arguments)
        b.check(f"--crls: {name}", done.returncode == 1 and "REFUSED" in done.stdout and text in done.stdout + done.stderr, done)
        b.check(f"--crls: {name}: nothing of it was kept", not list(b.folder.glob("cache/*")))
        with b.client(b.server, "aia", "crls") as client:
            refused = client.ask("attest")
            b.check(
                f"a session with CRLs: {name}", refused.startswith(("attest ATTEST_E_CRL", "attest ATTEST_E_REVOKED")), refused
            )
            b.says(f"a session with CRLs: {name}: no handle", client.ask(f"handle {b.server.url}/"), "ATTEST_E_STATE")
        web.files = good
        done = b.tool(*arguments)
        b.check(f"--crls: {name}, once", done.returncode == 0, done)
    with b.client(b.server, "aia", "crls") as client:
        b.says("a session with CRLs", client.ready(), "handle ATTEST_OK")
        b.says("a session with CRLs: delivered", client.ask("perform"), "ATTEST_OK")
    with b.client(b.server, "crls") as client:
        b.says("CRLs without the issuer", client.ask("attest"), "attest ATTEST_E_UNTRUSTED")


def peak(b: Bench, *arguments: str | Path) -> int:
    """KiB of memory that attest-verify has taken."""
    command = [b.build / "attest-verify", "--root", b.prover.root, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return os.wait4(process.pid, 0)[2].ru_maxrss


def endless(b: Bench, web: Web, intermediate: ca.Authority) -> None:
    """Nobody has signed it: it is not taken apart."""
    arguments = ("--policy", b.prover.policy, "--cache", "/dev/null/x", "--aia", "--crls", b.server.url)
    before, good = peak(b, *arguments), web.files
    web.files = good | {LEAF_CRL: endless_crl(intermediate)}
    done = b.tool(*arguments)
    b.check("an endless CRL", done.returncode == 1 and "REFUSED" in done.stdout, done)
    after = peak(b, *arguments)
    b.check("an endless CRL takes little memory", after - before < 100 << 10, (before, after))
    web.files = good


def slow(b: Bench, web: Web, intermediate: ca.Authority) -> None:
    """All downloads of a proof have one timeout together."""
    chain = b.prover.chain
    links = issuer_at(*(f"{web.url}{SLOW}/{i}" for i in range(8)))
    b.prover.chain = [ca.to_pem(b.prover.hierarchy.leaf(ca.load_public(b.prover.ak.pem), intermediate, extensions=(links,)))]
    web.asked()
    done = b.tool("--policy", b.prover.policy, "--cache", "/dev/null/x", "--aia", "--timeout", "3", b.server.url)
    b.check("slow downloads", done.returncode == 1 and "3 seconds together" in done.stderr, done)
    b.check("slow downloads: the last were not asked for", 1 <= len(web.asked()) < 8)
    b.prover.chain = chain


def files(b: Bench, web: Web, cache: str) -> None:
    """The same for a proof that lies in a file."""
    nonce = bytes(range(32))
    path = b.folder / "lacking.json"
    path.write_bytes(b.prover.proof(nonce))
    web.asked()
    shutil.rmtree(cache, ignore_errors=True)
    arguments = ("--policy", b.prover.policy, "--nonce", nonce.hex(), path)
    done = b.tool("--aia", "--crls", *arguments, XDG_CACHE_HOME=str(b.folder / "xdg"))
    b.check("a file with --aia and --crls", done.returncode == 0 and len(web.asked()) == 3, done)
    b.check("$XDG_CACHE_HOME", len(list((b.folder / "xdg/attest").iterdir())) == 3)
    done = b.tool("--aia", "--crls", *arguments)
    b.check("~/.cache", done.returncode == 0 and len(list((b.folder / ".cache/attest").iterdir())) == 3, done)
    done = b.tool("--crls", *arguments)
    b.check("a file without its issuer", done.returncode == 1, done)
    done = b.tool("--cache", cache, *arguments)
    b.check("--cache alone", done.returncode == 2 and "--aia or --crls" in done.stderr, done)
    done = b.tool("--aia", "--quote", path, "--signature", path, "--pcrs", path)
    b.check("--aia with loose files", done.returncode == 2 and "not loose files" in done.stderr, done)


def downloads(b: Bench) -> None:
    chain, cache = b.prover.chain, str(b.folder / "cache")
    web = Web(b)
    intermediate, serial = publish(b, web)
    try:
        issuers(b, web, cache)
        lists(b, web, cache, intermediate, serial)
        endless(b, web, intermediate)
        slow(b, web, intermediate)
        files(b, web, cache)
    finally:
        b.prover.chain = chain
        web.server.close()

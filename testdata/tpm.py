"""A private software TPM, driven through tpm2-tools.

Every `Tpm` owns one swtpm process and one folder. Its keys are persistent, so that they outlive `boot`, which is how PCRs
that cannot be reset come to hold something else.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from structures import HASH_IDS, PcrValues

RESTRICTED = "restricted|sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth"
UNRESTRICTED = "sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth"
FIRST_HANDLE = 0x81010000

# PCR index -> one digest by bank per extend.
Extends = list[tuple[int, dict[str, bytes]]]


@dataclass(frozen=True)
class Key:
    """A signing key inside the TPM: `public` is its TPMT_PUBLIC, `pem` its SubjectPublicKeyInfo."""

    handle: str
    scheme: str
    hash: str
    public: bytes
    pem: bytes


class Tpm:
    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.socket = self.folder / "tpm"
        self.keys = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.environment = {**os.environ, "TPM2TOOLS_TCTI": f"swtpm:path={self.socket}"}

    def __enter__(self) -> Tpm:
        self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()

    def boot(self, extends: Extends) -> None:
        """Power off, power on, measure."""
        self._stop()
        self._start()
        events = [f"{pcr}:" + ",".join(f"{bank}={value.hex()}" for bank, value in digests.items()) for pcr, digests in extends]
        self.run("pcrextend", *events)

    def create_key(self, algorithm: str, scheme: str, hash_name: str, attributes: str = RESTRICTED, handle: str = "") -> Key:
        """`algorithm` as tpm2_create -G names it: rsa2048, ecc256, … All keys are made before the first `boot`."""
        if self.keys == 0:
            self.run("createprimary", "-C", "o", "-G", "ecc", "-c", "primary.ctx")
        handle = handle or hex(FIRST_HANDLE + self.keys)
        self.keys += 1
        details = "null" if attributes == UNRESTRICTED else f"{scheme}-{hash_name}"
        self.run("create", "-C", "primary.ctx", "-G", f"{algorithm}:{details}:null", "-a", attributes, "-u", "k.pub", "-r", "k.key")
        self.run("load", "-C", "primary.ctx", "-u", "k.pub", "-r", "k.key", "-c", "k.ctx")
        self.run("evictcontrol", "-C", "o", "-c", "k.ctx", handle)
        self.run("readpublic", "-c", handle, "-f", "pem", "-o", "k.pem")
        # k.pub is a TPM2B_PUBLIC: its size, then the TPMT_PUBLIC.
        return Key(handle, scheme, hash_name, self._read("k.pub")[2:], self._read("k.pem"))

    def write_nv(self, index: str, data: bytes) -> None:
        """Define an NV index that everybody can read, and fill it."""
        (self.folder / "nv").write_bytes(data)
        attributes = "ownerread|authread|ownerwrite|authwrite|no_da"
        self.run("nvdefine", index, "-C", "o", "-s", str(len(data)), "-a", attributes)
        self.run("nvwrite", index, "-C", "o", "-i", "nv")

    def endorsement_key(self, algorithm: str) -> bytes:
        """The public key, in PEM, of the TPM's endorsement key; `algorithm` is rsa or ecc."""
        self.run("createek", "-G", algorithm, "-c", "ek.ctx", "-u", "ek.pub")
        self.run("readpublic", "-c", "ek.ctx", "-f", "pem", "-o", "ek.pem")
        return self._read("ek.pem")

    def quote(self, key: Key, selection: str, extra: bytes) -> tuple[bytes, bytes, bytes]:
        """TPMS_ATTEST, TPMT_SIGNATURE and the serialized PCR file."""
        arguments = ["-c", key.handle, "-l", selection, "-g", key.hash, "--scheme", key.scheme]
        outputs = ["-m", "msg", "-s", "sig", "-f", "tss", "-o", "pcrs", "-F", "serialized"]
        self.run("quote", *arguments, *(["-q", extra.hex()] if extra else []), *outputs)
        return self._read("msg"), self._read("sig"), self._read("pcrs")

    def certify(self, key: Key, subject: Key) -> tuple[bytes, bytes]:
        self.run("certify", "-C", key.handle, "-c", subject.handle, "-g", key.hash, "-o", "msg", "-s", "sig", "-f", "tss")
        return self._read("msg"), self._read("sig")

    def get_time(self, key: Key, extra: bytes) -> tuple[bytes, bytes]:
        outputs = ["--attestation", "msg", "-o", "sig", "-f", "tss"]
        self.run("gettime", "-c", key.handle, "-g", key.hash, "-q", extra.hex(), *outputs)
        return self._read("msg"), self._read("sig")

    def sign(self, key: Key, data: bytes, scheme: str | None = None, hash_name: str | None = None) -> bytes:
        """TPMT_SIGNATURE by an unrestricted key over any bytes, even those that only a TPM should say."""
        (self.folder / "data").write_bytes(data)
        scheme, hash_name = scheme or key.scheme, hash_name or key.hash
        self.run("sign", "-c", key.handle, "-g", hash_name, "-s", scheme, "-f", "tss", "-o", "sig", "data")
        return self._read("sig")

    def read_pcrs(self) -> PcrValues:
        values: PcrValues = {}
        bank = ""
        for line in self.run("pcrread", quiet=False).splitlines():
            if match := re.fullmatch(r"\s+(\d+)\s*: 0x([0-9A-F]+)", line):
                values[bank][int(match[1])] = bytes.fromhex(match[2])
            else:
                bank = line.strip(" :\n")
                values[bank] = {}
        return {bank: values[bank] for bank in HASH_IDS if bank in values}

    def run(self, verb: str, *arguments: str, quiet: bool = True) -> str:
        command = [f"tpm2_{verb}", *(["-Q"] if quiet else []), *arguments]
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        # The TPM has three places for transient objects; nobody frees them for us.
        if verb in {"createprimary", "create", "load", "createek", "evictcontrol"}:
            self.run("flushcontext", "-t", quiet=False)
        return done.stdout

    def _read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def _start(self) -> None:
        control = f"type=unixio,path={self.socket}.ctrl"
        server = f"type=unixio,path={self.socket}"
        command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder}", "--ctrl", control, "--server", server]
        command += ["--flags", "not-need-init,startup-clear"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(500):
            if self.socket.exists():
                return
            time.sleep(0.01)
        raise RuntimeError("swtpm did not open its socket")

    def _stop(self) -> None:
        if self.process is None:
            return
        try:
            # Without an orderly shutdown the TPM counts a failed authorisation and locks up after a few boots.
            self.run("shutdown", "-c")
        finally:
            self.process.terminate()
            self.process.wait(timeout=10)
            self.process = None
            self.socket.unlink(missing_ok=True)

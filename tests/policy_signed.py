"""attest-policy sign and verify, and attest-verify --policy-key, as a user types them.

Usage: policy_signed.py BUILD
"""

from __future__ import annotations

import base64
import json
import os
import pty
import subprocess
import sys
import tempfile
from pathlib import Path

from options import DEMO, PROOF, TRUST, Runner

POLICY = DEMO / "policy.json"
KINDS = {
    "ed25519": ["-algorithm", "ed25519"],
    "p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "p521": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    "weak": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
}
GOOD = ("ed25519", "p256", "p384", "rsa")


class Signer(Runner):
    name = "attest-policy"

    def __init__(self, build: Path, scratch: Path) -> None:
        super().__init__([str(build / "attest-policy")], scratch)
        self.verifier = Runner([str(build / "attest-verify")], scratch)

    def openssl(self, *args: str) -> None:
        subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=self.scratch)

    def make_keys(self) -> None:
        for name, options in KINDS.items():
            self.openssl("genpkey", *options, "-out", f"{name}.key")
            self.openssl("pkey", "-in", f"{name}.key", "-pubout", "-out", f"{name}.pub")
        self.openssl("pkey", "-in", "p256.key", "-aes128", "-passout", "pass:secret", "-out", "encrypted.key")

    def sign(self, name: str, policy: Path = POLICY) -> str:
        """The signed policy as a file."""
        return self.file(f"{name}.json", self.expect(f"{name}: sign", 0, "sign", "--key", f"{name}.key", str(policy)))


def keys(r: Signer) -> None:
    for name in GOOD:
        path = r.sign(name)
        out = r.expect(f"{name}: verify", 0, "verify", "--key", f"{name}.pub", path)
        r.check(f"{name}: the bytes inside are those that were signed", out == POLICY.read_bytes())
        other = GOOD[GOOD.index(name) - 1]
        r.check(f"{name}: another key", r.expect(f"{name}: another key", 1, "verify", "-k", f"{other}.pub", path, err="another key than given") == b"")
    for name, err in (("p521", "may not sign"), ("weak", "RSA key of this size")):
        r.expect(f"{name}: sign", 2, "sign", "-k", f"{name}.key", str(POLICY), err=err)
        r.expect(f"{name}: verify", 2, "verify", "-k", f"{name}.pub", "ed25519.json", err=err)
    r.expect("a public key", 2, "sign", "-k", "p256.pub", str(POLICY), err="no private key")
    r.expect("a private key", 2, "verify", "-k", "p256.key", "p256.json", err="does not begin with -----BEGIN PUBLIC KEY-----")
    both = r.file("both.pub", (r.scratch / "p256.pub").read_bytes() + (r.scratch / "rsa.pub").read_bytes())
    r.expect("one of two keys", 0, "verify", "-k", both, "rsa.json", out="libattest-policy-v1")


def no_questions(r: Signer) -> None:
    """Nobody is asked for a password, on a terminal either."""
    r.expect("encrypted", 2, "sign", "-k", "encrypted.key", str(POLICY), err="is encrypted")
    leader, follower = pty.openpty()
    args = [*r.tool, "sign", "-k", "encrypted.key", str(POLICY)]
    done = subprocess.run(args, stdin=follower, stdout=follower, stderr=subprocess.PIPE, check=False, cwd=r.scratch, timeout=20, start_new_session=True)
    os.close(follower)
    os.close(leader)
    r.check("encrypted, on a terminal", done.returncode == 2 and b"is encrypted" in done.stderr, str(done))


def usage(r: Signer) -> None:
    for verb in ("sign", "verify"):
        r.expect(f"{verb} --help", 0, verb, "--help", out=f"Usage: attest-policy {verb}")
        r.expect(f"{verb}: no key", 2, verb, str(POLICY), err="--key")
        r.expect(f"{verb}: two keys", 2, verb, "-k", "a", "-k", "b", str(POLICY), err="one key")
        r.expect(f"{verb}: no policy", 2, verb, "-k", "p256.key", err="one file")
        r.expect(f"{verb}: two policies", 2, verb, "-k", "p256.key", "a", "b", err="one file")
        r.expect(f"{verb}: no such key", 2, verb, "-k", "absent", str(POLICY), err="absent: No such file")
        r.expect(f"{verb}: no such policy", 2, verb, "-k", "p256.key", "absent", err="absent: No such file")
        r.expect(f"{verb}: unknown option", 2, verb, "--nonsense", err="nonsense")
    r.expect("the verbs are listed", 0, "--help", out="verify")
    r.expect("from standard input", 0, "sign", "-k", "p256.key", "-", stdin=POLICY.read_bytes(), out="libattest-signed-policy-v1")
    r.expect("no policy to sign", 2, "sign", "-k", "p256.key", PROOF, err="libattest-policy-v1")
    r.expect("signed twice", 2, "sign", "-k", "p256.key", "p256.json", err="this policy is signed")


def tampering(r: Signer) -> None:
    signed = json.loads((r.scratch / "p256.json").read_text())
    policy = base64.b64decode(signed["policy"])
    text = base64.b64encode(policy + b" ").decode()
    changed = r.file("changed.json", json.dumps({**signed, "policy": text}))
    r.check("a changed policy", r.expect("a changed policy", 1, "verify", "-k", "p256.pub", changed, err="signature does not hold") == b"")
    r.expect("not signed", 1, "verify", "-k", "p256.pub", str(POLICY), err="not signed")
    r.expect("no JSON", 2, "verify", "-k", "p256.pub", "p256.pub", err="strict JSON")
    r.verifier.expect("changed: attest-verify", 2, *TRUST, "--policy-key", "p256.pub", "--policy", changed, PROOF, err="signature does not hold")


def verifying(r: Signer) -> None:
    v = r.verifier
    for order in (["--policy-key", "p256.pub", "--policy", "p256.json"], ["--policy", "p256.json", "--policy-key", "p256.pub"]):
        v.expect(f"{order[0]} first", 0, *TRUST, *order, PROOF, out="VERIFIED")
    v.expect("one of two keys", 0, *TRUST, "--policy-key", "rsa.pub", "--policy-key", "p256.pub", "-p", "p256.json", "-p", "rsa.json", PROOF, out="VERIFIED")
    v.expect("no key", 2, *TRUST, "--policy", "p256.json", PROOF, err="this policy is signed; give the key to check it with (--policy-key)")
    v.expect("another key", 2, *TRUST, "--policy-key", "p384.pub", "--policy", "p256.json", PROOF, err="another key than given")
    v.expect("an unsigned policy", 2, *TRUST, "--policy-key", "p256.pub", "--policy", str(POLICY), PROOF, err="not signed")
    v.expect("one of them unsigned", 2, *TRUST, "--policy-key", "p256.pub", "-p", "p256.json", "-p", str(POLICY), PROOF, err="not signed")
    v.expect("the usual place", 2, *TRUST, "--policy-key", "p256.pub", PROOF, err="not signed", ATTEST_POLICY=str(POLICY))
    v.expect("no key at all", 2, *TRUST, "--policy-key", str(POLICY), "-p", "p256.json", PROOF, err="no public key in PEM")
    v.expect("no such key", 2, *TRUST, "--policy-key", "absent", "-p", "p256.json", PROOF, err="absent: No such file")


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        r = Signer(Path(sys.argv[1]).resolve(), Path(scratch))
        r.make_keys()
        for group in (keys, no_questions, usage, tampering, verifying):
            group(r)
    passed, failed = r.passed + r.verifier.passed, r.failed + r.verifier.failed
    print(f"signed policies: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

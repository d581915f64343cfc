"""Usage: tests/vm.py BUILD    attest-server in machines that really boot: their proofs are verified from outside.

Two machines boot the same image under qemu. The first is the known-good one, whose values make the policy; the second must be
verified under it, from its firmware's log to the TLS key. The attestation key and its certificate lie in the TPM as on Azure.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "testdata"))

import ca  # noqa: E402
import machine  # noqa: E402
from tpm import Tpm  # noqa: E402

AK_HANDLE, AK_CERTIFICATE = "0x81000003", "0x01C101D0"
PADDING = 700  # zero bytes behind the certificate, as in NV areas of Azure
# Not PCR 10, which depends on what runs first, and not PCR 15, which holds a new key at every start.
PINNED = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14)
LOGS = {0, 4, 7, 9, 10, 11, 14, 15}

passed = failed = 0


def check(what: str, ok: bool, detail: object = "") -> None:
    global passed, failed
    passed, failed = passed + ok, failed + (not ok)
    print(f"{'ok     ' if ok else 'FAILED '} {what}{'' if ok else f': {detail}'}", flush=True)


def provision(folder: Path) -> tuple[bytes, str]:
    """A TPM's state with an Azure-like attestation key, and the root that certifies it."""
    hierarchy = ca.Hierarchy("azure-like")
    (folder / "tpm").mkdir()
    (folder / "state").mkdir()
    with Tpm(folder / "tpm") as tpm:
        key = tpm.create_key("rsa2048", "rsassa", "sha256", handle=AK_HANDLE)
        leaf = hierarchy.leaf(ca.load_public(key.pem))
        tpm.write_nv(AK_CERTIFICATE, leaf + bytes(PADDING))
    with Tpm(folder / "tpm") as tpm:
        return machine.machine_state(tpm, folder / "state"), hierarchy.root.pem + hierarchy.intermediate.pem


def boot_two(build: Path, folder: Path, state: bytes) -> list[dict[str, bytes]]:
    programs = [build / "attest-server", build / "attest-verify"]
    libraries = [build / "libattest-net.so.0"]
    factory = machine.Factory(folder, HERE / "vm", [*programs, *libraries], {})
    setup = machine.Setup()
    image, variables = factory.image(setup), factory.variables(setup)

    def boot(name: str) -> dict[str, bytes]:
        (folder / name).mkdir()
        return machine.power_on(folder / name, image, state, variables)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(boot, ("known-good", "machine")))


def verify(build: Path, *arguments: str | Path) -> tuple[int, Any]:
    command = [str(build / "attest-verify"), "--json", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def steps(account: Any) -> dict[str, str]:
    return {name: step["status"] if isinstance(step, dict) else step for name, step in account["steps"].items()}


def check_account(name: str, code: int, account: Any, asked: bool) -> None:
    check(f"{name}: verified", code == 0, account)
    if code != 0:
        return
    for step in ("parse", "chain", "signature", "quote", "pcrs", "log", "policy", "tls", *(["nonce"] if asked else [])):
        check(f"{name}: {step} passed", steps(account)[step] == "passed", account["steps"])
    explained = {pcr["index"] for pcr in account["pcrs"] if pcr["state"].endswith("explained") and pcr["state"] != "unexplained"}
    check(f"{name}: logs explain PCRs {sorted(LOGS)}", explained >= LOGS, sorted(explained))


def make_policy(path: Path, proof: Any, **changes: str) -> Path:
    values = proof["quote"]["pcrs"]["sha256"]
    pins = {str(index): values[str(index)] for index in PINNED}
    policy = {"format": "libattest-policy-v1", "name": "known good", "platforms": ["added"], "bank": "sha256", "pcrs": {**pins, **changes}}
    path.write_text(json.dumps({**policy, "tls": "required"}))
    return path


def judge(build: Path, folder: Path, root: str, known_good: dict[str, bytes], boot: dict[str, bytes]) -> None:
    (folder / "root.pem").write_text(root)
    policy = make_policy(folder / "policy.json", json.loads(known_good["standing.json"]))
    common: list[str | Path] = ["--root", folder / "root.pem", "--policy", policy]
    for name in ("standing", "fresh"):
        (folder / f"{name}.json").write_bytes(boot[f"{name}.json"])
    # Drawn inside by attest-verify, which knew no root and so could not verify; here it is as good as our own.
    asked = ["--nonce", json.loads(boot["fresh.json"])["nonce"]]
    check_account("standing proof", *verify(build, *common, folder / "standing.json"), False)
    check_account("fresh proof", *verify(build, *common, *asked, folder / "fresh.json"), True)
    code, account = verify(build, *common, "--nonce", "00" * 32, folder / "fresh.json")
    check("another nonce is refused", code == 1 and steps(account)["nonce"] == "failed", account)
    text = json.loads(boot["fresh.json"])["logs"]
    check("the firmware's log and IMA's are there", {"tcg", "ima"} <= {log["format"] for log in text}, text)
    other = make_policy(folder / "other.json", json.loads(known_good["standing.json"]), **{"14": "5a" * 32})
    code, account = verify(build, "--root", folder / "root.pem", "--policy", other, *asked, folder / "fresh.json")
    check("other weights are refused", code == 1 and steps(account)["policy"] == "failed", account)


def run(build: Path, report: Callable[[str], None]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        state, root = provision(folder)
        known_good, boot = boot_two(build, folder, state)
        for which, files in (("known-good", known_good), ("machine", boot)):
            missing = {"standing.json", "fresh.json"} - set(files)
            if missing:
                log, answer = (files.get(file, b"").decode(errors="replace") for file in ("server.log", "report"))
                check(f"{which}: proofs were handed out", False, f"no {sorted(missing)}: {log} {answer}")
                return
        judge(build, folder, root, known_good, boot)
        report("two machines were booted")


def main() -> None:
    run(Path(sys.argv[1]).resolve(), print)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

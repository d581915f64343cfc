"""Usage: tests/policy_predict.py BUILD    attest-policy predict: against independent tools, and against machines that really boot.

The policy is made from the image before anything boots. A machine that boots it is verified, under Secure Boot; machines with one
part changed each are refused, and the account names the part. They boot with the stub of Debian 13, which knows add-ons and more
sections than Debian 12's; where it cannot be had, with the latter, and without an add-on.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "testdata"), str(HERE)]

import machine  # noqa: E402
import vm  # noqa: E402

MEASURE = Path("/usr/lib/systemd/systemd-measure")
BANKS = ("sha1", "sha256", "sha384")
PHASES = "enter-initrd:leave-initrd:sysinit:ready"
# What tests/predict/init starts the server with.
SERVED = "--listen 127.0.0.1:8443 --name localhost --measure weights=/run/model-8b --pcrs sha1:0-15+sha256:0-15+sha384:0-15"

passed = failed = 0


def check(what: str, ok: bool, detail: object = "") -> None:
    global passed, failed
    passed, failed = passed + ok, failed + (not ok)
    print(f"{'ok     ' if ok else 'FAILED '} {what}{'' if ok else f': {detail}'}", flush=True)


def predict(build: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(build / "attest-policy"), "predict", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def predicted(build: Path, *arguments: str | Path) -> Any:
    done = predict(build, *arguments)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def refused(build: Path, what: str, message: str, *arguments: str | Path) -> None:
    done = predict(build, *arguments)
    check(f"refused: {what}", done.returncode == 2 and message in done.stderr and not done.stdout, done.stderr or done.stdout)


def authenticode(image: bytes, bank: str) -> str:
    """The specification's digest of an image whose sections fill the file and whose certificates end it, written anew."""
    (start,) = struct.unpack_from("<I", image, 60)
    (sections,), (size,) = struct.unpack_from("<H", image, start + 6), struct.unpack_from("<H", image, start + 20)
    optional = start + 24
    directory = optional + (112 if image[optional : optional + 2] == b"\x0b\x02" else 96) + 32
    (headers,) = struct.unpack_from("<I", image, optional + 60)
    _, certificates = struct.unpack_from("<II", image, directory)
    digest = hashlib.new(bank, image[: optional + 64] + image[optional + 68 : directory] + image[directory + 8 : headers])
    rows = [struct.unpack_from("<II", image, optional + size + 40 * i + 16) for i in range(sections)]
    end = headers
    for length, offset in sorted(rows, key=lambda row: row[1]):
        digest.update(image[offset : offset + length])
        end += length
    digest.update(image[end : len(image) - certificates])
    return digest.hexdigest()


def rule(policy: Any, pcr: int, name: str) -> Any:
    (found,) = [rule for rule in policy["events"][str(pcr)]["rules"] if rule["name"] == name]
    return found


# Independent tools


def compare_digests(build: Path, image: Path, kernel: bytes) -> None:
    for bank in (*BANKS, "sha512"):
        policy = predicted(build, "--uki", image, "--bank", bank)
        check(f"Authenticode of {image.name}, {bank}", rule(policy, 4, "unified kernel image")["digest"] == authenticode(image.read_bytes(), bank))
        check(f"Authenticode of its kernel, {bank}", rule(policy, 4, "kernel (.linux)")["digest"] == authenticode(kernel, bank))


def compare_measure(build: Path, folder: Path, image: Path, kernel: Path, initrd: Path) -> None:
    if not MEASURE.exists():
        print("skipped: systemd-measure is not installed")
        return
    parts = [f"--linux={kernel}", f"--osrel={folder / 'osrel'}", f"--cmdline={folder / 'cmdline'}", f"--initrd={initrd}"]
    for bank in BANKS:
        for path in ("enter-initrd", PHASES):
            text = machine.run(MEASURE, "calculate", *parts, f"--bank={bank}", f"--phase={path}")
            (line,) = [line for line in text.splitlines() if line.startswith("11:")]
            pins = predicted(build, "--uki", image, "--bank", bank, "--phase", path)["pcrs"]["11"]
            check(f"systemd-measure, {bank}, {path}", pins == {path: line.partition("=")[2]}, (pins, line))


def section(folder: Path, name: str, *arguments: str) -> Path:
    """An image of the same stub with other sections."""
    target = folder / name
    machine.run("objcopy", *arguments, folder / "image.efi", target)
    return target


def check_refusals(build: Path, folder: Path) -> None:
    image = folder / "image.efi"
    (folder / "profile").write_text("ID=other\n")
    (folder / "latin").write_bytes(b"quiet\xe9")
    (folder / "text").write_text("no image\n")
    for name in ("cmdline", "linux", "initrd"):
        section(folder, f"no-{name}", "--remove-section", f".{name}")
    section(folder, "latin.efi", "--update-section", f".cmdline={folder / 'latin'}")
    refused(build, "no EFI program", "DOS header", "--uki", folder / "text")
    refused(build, "a bare kernel", "systemd-stub", "--uki", machine.CACHE / machine.kernel_packages()[0])
    refused(build, "no kernel", "no kernel (.linux)", "--uki", folder / "no-linux")
    refused(build, "no command line", "no command line (.cmdline)", "--uki", folder / "no-cmdline")
    refused(build, "a command line that is not ASCII", "not ASCII", "--uki", folder / "latin.efi")
    refused(build, "another platform", "azure, ovmf", "--uki", image, "--platform", "mainframe")
    refused(build, "another bank", "sha384", "--uki", image, "--bank", "md5")
    refused(build, "a command line under Secure Boot", "Secure Boot", "--uki", image, "--cmdline", "quiet", "--secure-boot")
    refused(build, "phases that part", "go on from one another", "--uki", image, "--phase", "a:b", "--phase", "a:c")
    refused(build, "a phase without a name", "has no name", "--uki", image, "--phase", "a::b")
    refused(build, "nothing", "nothing to predict")
    refused(build, "no such file", "No such file", "--uki", folder / "absent")
    (folder / "short").write_bytes(image.read_bytes()[: image.stat().st_size // 2])
    refused(build, "a truncated image", "ends past the end", "--uki", folder / "short")


def check_options(build: Path, folder: Path) -> None:
    image = folder / "image.efi"
    policy = predicted(build, "--uki", folder / "no-cmdline", "--cmdline", "quiet")
    event = hashlib.sha256("quiet\0".encode("utf-16-le")).digest()
    check("a loader's command line: PCR 12", policy["pcrs"]["12"] == {"command line": hashlib.sha256(bytes(32) + event).hexdigest()}, policy)
    check("a loader's command line: PCR 9", rule(policy, 9, "command line, as the kernel got it")["digest"] == [event.hex()], policy)
    (folder / "line").write_text("quiet \n")
    section(folder, "blanks.efi", "--update-section", f".cmdline={folder / 'line'}")
    policy = predicted(build, "--uki", folder / "blanks.efi")
    texts = [hashlib.sha256((text + "\0").encode("utf-16-le")).hexdigest() for text in ("quiet \n", "quiet")]
    check("both readings of blanks at the end", rule(policy, 9, "command line, as the kernel got it")["digest"] == texts, policy)
    policy = predicted(build, "--uki", image, "--phase", "none", "--phase", "enter-initrd")
    check("no phase, or one", list(policy["pcrs"]["11"]) == ["no phase", "enter-initrd"], policy["pcrs"])
    check("a phase that need not be", rule(policy, 11, "phase enter-initrd").get("count") == "optional", policy)
    check("azure", predicted(build, "--uki", image, "--platform", "azure")["platforms"] == ["azure"])
    weights = [predicted(build, option, value)["events"] for option, value in (("--weights", image), ("--measure", f"weights={image}"))]
    check("weights in a word or in two", weights[0] == weights[1] and "weights" in json.dumps(weights), weights)
    (folder / "texts").write_text(json.dumps(["one", 'two "']))
    (folder / "lines").write_text('one\ntwo "\n')
    events = [predicted(build, "--text-events", folder / name)["events"] for name in ("texts", "lines")]
    check("texts as an array and as lines", events[0] == events[1] and [rule["text"] for rule in events[0]["14"]["rules"]] == ["one", 'two "'])


# Machines


@dataclass(frozen=True)
class Machine:
    """What is changed, and the rules and PCRs that its refusal speaks of, no more and no fewer; what else it says."""

    image: str = "good"
    enforced: bool = True
    extra: dict[str, bytes] = field(default_factory=dict, hash=False)
    serial: str = "1"
    rules: tuple[str, ...] = ()
    pcrs: tuple[int, ...] = ()
    says: tuple[str, ...] = ()


# What only a newer stub measures. It joins those of .ucode, .pcrpkey and .pcrsig to the initrd, and .osrel.
MORE = {
    ".ucode": bytes(512),
    ".uname": b"6.1.0-test",
    ".pcrpkey": b"a public key\n",
    ".pcrsig": b"{}\n",
    ".hwids": b"hardware identifiers",
}
IMAGE, INITRD = "unified kernel image", "initrd, as the kernel got it"
ADDON, ADDED = "debug.addon.efi", "debug libattest.addon=1"
MACHINES = {
    "good": Machine(),
    "another kernel": Machine(image="kernel", rules=(IMAGE, "kernel (.linux)"), pcrs=(4, 11)),
    "another command line": Machine(
        image="cmdline", rules=(IMAGE, "command line (.cmdline)", "command line, as the kernel got it"), pcrs=(4, 9, 11)
    ),
    "another initrd": Machine(image="initrd", rules=(IMAGE, "initrd (.initrd)", INITRD), pcrs=(4, 9, 11)),
    # Firmware that enforces nothing measures the kernel too, which the policy allows.
    "Secure Boot off": Machine(enforced=False, rules=("Secure Boot",), pcrs=(7,)),
    "an added credential": Machine(
        extra={"note.cred": b"from somebody else\n"}, rules=(INITRD,), pcrs=(9, 12), says=("Credentials initrd",)
    ),
    "changed weights": Machine(serial="2", rules=("text event 1: weights model-8b",), pcrs=(14,)),
}
# With a newer stub. The firmware measures the add-on as a program, the stub what is in it.
NEWER_MACHINES = {
    # To whose initrd nothing is joined.
    "good without .osrel": Machine(image="bare"),
    "an added add-on": Machine(
        extra={ADDON: b""},
        rules=("kernel (.linux)", "command line, as the kernel got it"),
        pcrs=(4, 9, 12),
        says=(
            f"\\EFI\\BOOT\\BOOTX64.EFI.extra.d\\{ADDON}",
            "PCR 12 (kernel command line, credentials, add-ons)",
            f": {ADDED}",
            f"systemd-stub: initrd addon ({ADDON})",
        ),
    ),
}


class Lab:
    def __init__(self, build: Path, folder: Path, stubs: machine.Stubs | None) -> None:
        self.build, self.folder, self.stubs = build, folder, stubs
        self.machines = MACHINES if stubs is None else {**MACHINES, **NEWER_MACHINES}
        self.state, root = vm.provision(folder)
        (folder / "root.pem").write_text(root)
        programs = [build / "attest-server", build / "libattest-net.so.0", Path(shutil.which("tpm2") or "/usr/bin/tpm2").resolve()]
        self.factory = machine.Factory(folder, HERE / "predict", programs, {})
        self.kernels = [machine.fetch_kernel(name) for name in self.factory.packages[:2]]
        (folder / "other").mkdir()
        self.other_initrd = folder / "other" / "initrd.gz"
        # One more archive behind the first: the system is the same, and so is what it does.
        self.other_initrd.write_bytes(self.factory.initrd.read_bytes() + bytes(512))
        self.images = {
            "good": self.image("good"),
            "kernel": self.image("kernel", kernel=self.kernels[1]),
            "cmdline": self.image("cmdline", release="2"),
            "initrd": self.image("initrd", initrd=self.other_initrd),
            "bare": self.image("bare", more={}),
        }

    def image(
        self, name: str, kernel: Path | None = None, initrd: Path | None = None, release: str = "1", more: dict[str, bytes] = MORE
    ) -> Path:
        """Of the newer stub, where it is there. Beside it lies one of this system's."""
        folder = self.folder / f"image of {name}"
        folder.mkdir()
        kernel, initrd = kernel or self.kernels[0], initrd or self.factory.initrd
        image = machine.unified_image(folder, kernel, initrd, machine.CMDLINE + release)
        if self.stubs is None:
            return image
        sections = {".cmdline": folder / "cmdline", ".linux": kernel, ".initrd": initrd}
        if more:
            sections[".osrel"] = folder / "osrel"
        for section, contents in more.items():
            sections[section] = folder / section
            sections[section].write_bytes(contents)
        return machine.join(self.stubs.image, sections, folder / "newer.efi")

    def addon(self) -> bytes:
        """A signed one, to command line and initrd."""
        assert self.stubs
        sections = {".cmdline": self.folder / "added.cmdline", ".initrd": self.folder / "added.initrd"}
        sections[".cmdline"].write_text(ADDED)
        sections[".initrd"].write_bytes(bytes(512))
        return self.factory.signed(machine.join(self.stubs.addon, sections, self.folder / ADDON)).read_bytes()

    def policy(self, bank: str, image: str = "good") -> Path:
        """From files alone."""
        model = self.folder / "model-8b"
        if not model.exists():
            shutil.copytree(HERE / "predict/etc/model-8b", model)
            with (model / "model.safetensors").open("ab") as file:
                file.write(b"1\n")
        config = self.folder / "config.json"
        config.write_text(machine.run(self.build / "attest-server", "--print-config", *SERVED.split()))
        path = self.folder / f"{image}-{bank}.json"
        options: list[str | Path] = ["--secure-boot", "--bank", bank, "--config", config, "--weights", model]
        path.write_text(json.dumps(predicted(self.build, "--uki", self.factory.signed(self.images[image]), *options)))
        return path

    def boot(self, name: str) -> Path:
        this = self.machines[name]
        folder = self.folder / f"boot of {name}"
        folder.mkdir()
        variables = self.factory.keys.enrol(machine.VARIABLES.read_bytes(), this.enforced)
        image = self.factory.signed(self.images[this.image])
        extra = {name: contents or self.addon() for name, contents in this.extra.items()}
        files = machine.power_on(folder, image, self.state, variables, extra, machine.Hardware(serial=this.serial))
        if "standing.json" not in files:
            raise RuntimeError(f"{name}: no proof: {files.get('server.log', b'').decode(errors='replace')}")
        proof = folder / "proof.json"
        proof.write_bytes(files["standing.json"])
        return proof

    def verify(self, policy: Path, proof: Path) -> tuple[int, Any]:
        command = [self.build / "attest-verify", "--json", "--root", self.folder / "root.pem", "--policy", policy, proof]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def check_refusal(name: str, this: Machine, joined: bool, code: int, account: Any) -> None:
    rules, pcrs = set(this.rules), set(this.pcrs)
    if joined and INITRD in rules:
        # Any will do there.
        rules, pcrs = rules - {INITRD}, pcrs - {9}
    check(f"{name}: refused", code == 1, account)
    faults = [fault for fault in account["findings"] if fault["severity"] == "error"]
    text = "\n".join(str(value) for fault in faults for value in fault.values())
    check(f"{name}: by the policy alone", {fault["step"] for fault in faults} == {"policy"}, faults)
    check(f"{name}: the account names {', '.join(sorted(rules)) or 'no rule'}", set(re.findall(r'rule "([^"]*)"', text)) == rules, faults)
    check(f"{name}: in PCR {sorted(pcrs)}", {int(pcr) for pcr in re.findall(r"PCR (\d+)", text)} == pcrs, faults)
    for words in this.says:
        check(f"{name}: it says {words}", words in text, faults)


def boot_all(lab: Lab) -> None:
    policies = {bank: lab.policy(bank) for bank in BANKS}
    with ThreadPoolExecutor(2) as pool:
        proofs = dict(zip(lab.machines, pool.map(lab.boot, lab.machines), strict=True))
    for bank, policy in policies.items():
        code, account = lab.verify(policy, proofs["good"])
        check(f"verified with the policy that was predicted, {bank}", code == 0, account)
    for name, this in lab.machines.items():
        if this.rules:
            check_refusal(name, this, lab.stubs is not None, *lab.verify(policies["sha256"], proofs[name]))
    if lab.stubs is not None:
        policy = lab.policy("sha256", "bare")
        check("PCR 9 is pinned where nothing is joined to the initrd", "9" in json.loads(policy.read_text())["pcrs"])
        code, account = lab.verify(policy, proofs["good without .osrel"])
        check("good without .osrel: verified", code == 0, account)


def newer_stubs() -> machine.Stubs | None:
    try:
        return machine.newer_stubs()
    except RuntimeError as error:
        print(f"skipped: an added add-on: no stub of Debian 13: {error}")
        return None


def main() -> None:
    build = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        lab = Lab(build, Path(name), newer_stubs())
        folder, kernel = Path(name) / "image of good", lab.kernels[0]
        compare_digests(build, folder / "image.efi", kernel.read_bytes())
        compare_digests(build, lab.factory.signed(folder / "image.efi"), kernel.read_bytes())
        if lab.stubs is not None:
            compare_digests(build, lab.factory.signed(lab.images["good"]), kernel.read_bytes())
        compare_measure(build, folder, folder / "image.efi", kernel, lab.factory.initrd)
        check_refusals(build, folder)
        check_options(build, folder)
        boot_all(lab)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

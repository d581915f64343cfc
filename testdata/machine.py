"""Real measured boots: OVMF, a software TPM and a unified kernel image under qemu, which needs no hardware virtualisation.

A machine starts from a copy of the laboratory's TPM, so that the authorities which certify the laboratory's keys certify the
machine's too. It quotes itself and hands out the logs that its firmware and its kernel wrote; machine/init is its only program.
"""

from __future__ import annotations

import gzip
import io
import re
import shutil
import struct
import subprocess
import tarfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import secureboot
from structures import PcrValues
from tpm import Tpm

HERE = Path(__file__).resolve().parent
# Kernels and a newer stub: what is downloaded once and survives `generate.py`.
CACHE = HERE.parent / "build" / "machine"
STUB = Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
ARCHIVE_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
FIRMWARE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
VARIABLES = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
TPM_STATE = "tpm2-00.permall"
BANKS = ("sha1", "sha256", "sha384")
PATIENCE = 300.0
MARKER = b"libattest test machine\n"

ALL_PCRS = ",".join(str(index) for index in range(16))
# "firmware": what the event log alone explains.
QUOTES = {
    "firmware": "sha256:0,1,2,3,4,5,6,7,8,9",
    **{bank: f"{bank}:{ALL_PCRS}" for bank in BANKS},
    "all": "+".join(f"{bank}:{ALL_PCRS}" for bank in BANKS),
}
# Without rootfstype the initrd is unpacked into a tmpfs, which IMA's policy "tcb" does not measure.
CMDLINE = "console=ttyS0 rootfstype=ramfs ima_policy=tcb quiet libattest.release="


@dataclass(frozen=True)
class Hardware:
    """What the firmware finds: `memory` in MiB, qemu's name of the chipset, and the clock when the machine starts."""

    chipset: str = "q35"
    memory: int = 1024
    clock: str = "utc"
    serial: str = "1"


HARDWARE = Hardware()


@dataclass(frozen=True)
class Setup:
    """One machine: `kernel` counts back from the newest; `enforced` None has no Secure Boot keys and an unsigned image."""

    release: int = 1
    kernel: int = 0
    enforced: bool | None = None
    hardware: Hardware = HARDWARE


SETUPS = {
    "plain": Setup(),
    "plain-again": Setup(),
    "plain-large": Setup(hardware=Hardware(memory=3072, clock="2026-03-01T04:05:06", serial="2")),
    "plain-older": Setup(hardware=Hardware(chipset="pc", clock="2025-12-31T23:59:00", serial="3")),
    "cmdline": Setup(release=2),
    "kernel": Setup(kernel=1),
    "secure-boot": Setup(enforced=True),
    "rogue": Setup(enforced=False),
}


@dataclass(frozen=True)
class MachineQuote:
    attest: bytes
    signature: bytes
    serialized: bytes


@dataclass(frozen=True)
class Boot:
    """What one boot leaves: its logs by the names of our proof format, as the machine wrote them, PCRs, and quotes by name."""

    kernel: str
    logs: dict[str, bytes]
    pcrs: PcrValues
    quotes: dict[str, MachineQuote]


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def boot_all(tpm: Tpm, handle: str, nonce: bytes, folder: Path) -> dict[str, Boot]:
    """Every machine of SETUPS, quoted with the key `handle` of this TPM, in a temporary folder. Two run at a time."""
    (folder / "state").mkdir()
    state = machine_state(tpm, folder / "state")
    quotes = "".join(f"{name} {selection}\n" for name, selection in QUOTES.items())
    tpm2 = Path(shutil.which("tpm2") or "/usr/bin/tpm2").resolve()
    factory = Factory(folder, HERE / "machine", [tpm2], {"etc/nonce": nonce.hex(), "etc/ak": handle, "etc/quotes": quotes})
    images = {name: factory.image(setup) for name, setup in SETUPS.items()}

    def boot(name: str) -> Boot:
        (folder / name).mkdir()
        return read_results(power_on(folder / name, images[name], state, factory.variables(SETUPS[name]), hardware=SETUPS[name].hardware))

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(SETUPS, pool.map(boot, SETUPS), strict=True))


def machine_state(tpm: Tpm, folder: Path) -> bytes:
    """A copy of a TPM with its persistent keys, and with three banks: OVMF and Linux measure into all that are active."""
    shutil.copy(tpm.folder / TPM_STATE, folder)
    with Tpm(folder) as copy:
        # Takes effect when the machine starts the TPM.
        copy.run("pcrallocate", "sha1:all+sha256:all+sha384:all+sha512:none")
    return (folder / TPM_STATE).read_bytes()


# Kernels


def kernel_packages() -> list[str]:
    """The cloud kernels of this Debian release and those that were once fetched, the newest first."""
    names = {*run("apt-cache", "pkgnames", "linux-image-").split(), *(path.name for path in CACHE.glob("linux-image-*"))}
    found = [match for name in names if (match := re.fullmatch(r"linux-image-(\d+)\.(\d+)\.(\d+)-(\d+)-cloud-amd64", name))]
    if len(found) < 2:
        raise RuntimeError("apt knows no two cloud kernels: run apt-get update")
    return [match[0] for match in sorted(found, key=lambda match: [int(part) for part in match.groups()], reverse=True)]


def fetch_kernel(package: str) -> Path:
    """A kernel out of its package, which is not installed: no boot loader of this system is to hear of it."""
    kernel = CACHE / package
    if not kernel.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        run("apt-get", "download", "-qq", package, cwd=CACHE)
        (archive,) = CACHE.glob(f"{package}_*.deb")
        kernel.write_bytes(unpack(archive, "/boot/vmlinuz-"))
        archive.unlink()
    return kernel


def unpack(archive: Path, part: str) -> bytes:
    """The one file of a package whose path has this part."""
    files = subprocess.run(["dpkg-deb", "--fsys-tarfile", archive], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(files)) as members:
        (name,) = [name for name in members.getnames() if part in name]
        file = members.extractfile(name)
        assert file
        return file.read()


# A newer stub


@dataclass(frozen=True)
class Stubs:
    """Of an image, and of an add-on to it."""

    image: Path
    addon: Path


def newer_stubs() -> Stubs:
    """Those of Debian 13, out of their package, which is not installed. RuntimeError where it cannot be had."""
    names = ("linuxx64.efi.stub", "addonx64.efi.stub")
    cached = [path.parent for path in CACHE.glob(f"systemd-boot-efi_*/{names[-1]}")]
    if not cached:
        archive = download("trixie", "systemd-boot-efi")
        cached = [archive.with_suffix("")]
        cached[0].mkdir(exist_ok=True)
        for name in names:
            (cached[0] / name).write_bytes(unpack(archive, name))
        archive.unlink()
    return Stubs(*(cached[0] / name for name in names))


def download(release: str, package: str) -> Path:
    """A package of another release of Debian, by way of lists of our own: those of this system stay as they are."""
    sites = run("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", "Label: Debian").split()
    if not sites:
        raise RuntimeError("apt knows no archive of Debian: run apt-get update")
    state = CACHE / "apt"
    (state / "lists/partial").mkdir(parents=True, exist_ok=True)
    (state / "sources").write_text(f"deb [signed-by={ARCHIVE_KEYS}] {sites[0]} {release} main\n")
    places = (("Etc::sourcelist", state / "sources"), ("Etc::sourceparts", "-"), ("State::Lists", state / "lists"), ("Cache", state))
    apt: list[str | Path] = ["apt-get", "-qq", *(f"-oDir::{name}={place}" for name, place in places)]
    run(*apt, "update")
    run(*apt, "download", f"{package}/{release}", cwd=CACHE)
    shutil.rmtree(state)
    (archive,) = CACHE.glob(f"{package}_*.deb")
    return archive


# The image


@dataclass
class Factory:
    """Makes images, each once. The initrd holds `system` (init and etc), `programs` and some small files."""

    folder: Path
    system: Path
    programs: list[Path]
    texts: dict[str, str]
    keys: secureboot.Keys = field(default_factory=secureboot.Keys)
    images: dict[Setup, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.packages = kernel_packages()
        self.initrd = self.folder / "initrd.gz"
        self.initrd.write_bytes(gzip.compress(initrd(self.folder / "initrd", self.system, self.programs, self.texts), 6, mtime=0))

    def image(self, setup: Setup) -> Path:
        plain = Setup(setup.release, setup.kernel)
        if plain not in self.images:
            folder = self.folder / f"image-{len(self.images)}"
            folder.mkdir()
            kernel = fetch_kernel(self.packages[setup.kernel])
            self.images[plain] = unified_image(folder, kernel, self.initrd, CMDLINE + str(setup.release))
        return self.images[plain] if setup.enforced is None else self.signed(self.images[plain])

    def signed(self, image: Path) -> Path:
        target = image.with_suffix(".signed")
        if not target.exists():
            key, certificate = self.keys.write(self.folder)
            run("sbsign", "--key", key, "--cert", certificate, "--output", target, image)
        return target

    def variables(self, setup: Setup) -> bytes:
        template = VARIABLES.read_bytes()
        return template if setup.enforced is None else self.keys.enrol(template, setup.enforced)


def libraries(program: Path) -> Iterator[Path]:
    """The shared libraries of a program with their paths, the loader too."""
    for line in run("ldd", program).splitlines():
        if match := re.search(r"(/\S+) \(0x", line):
            yield Path(match[1])


def install(root: Path, file: Path) -> None:
    """A library of the system keeps its place; what was built here lies in /bin, where a run path of $ORIGIN finds it."""
    target = root / (file.relative_to("/") if file.parts[1] in ("usr", "lib", "lib64") else Path("bin") / file.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, target)


def initrd(root: Path, system: Path, programs: list[Path], texts: dict[str, str]) -> bytes:
    """Busybox, programs with their libraries, /init and some small files, as a cpio archive."""
    shutil.copytree(system / "etc", root / "etc")
    for name in ("bin", "dev", "out", "proc", "run", "sys"):
        (root / name).mkdir()
    transport = next(Path("/usr/lib").glob("*/libtss2-tcti-device.so.0"))
    for file in {transport, *(library for program in [transport, *programs] for library in libraries(program))}:
        install(root, file)
    for program in (*programs, Path("/bin/busybox")):
        shutil.copy(program, root / "bin")
    for applet in ("sh", "cat", "grep", "ifconfig", "mkdir", "mount", "poweroff", "rm", "sleep", "stty", "tar", "tr", "uname"):
        (root / "bin" / applet).symlink_to("busybox")
    shutil.copy(system / "init", root / "init")
    (root / "init").chmod(0o755)
    for name, text in texts.items():
        (root / name).write_text(text)
    names = "\n".join(sorted(str(path.relative_to(root)) for path in root.rglob("*")))
    command = ["cpio", "--quiet", "--create", "--format=newc", "--owner=0:0"]
    return subprocess.run(command, cwd=root, input=names.encode(), capture_output=True, check=True).stdout


def unified_image(folder: Path, kernel: Path, archive: Path, cmdline: str) -> Path:
    """A kernel, its command line and its initrd in one EFI program, as systemd's `ukify` would join them."""
    (folder / "osrel").write_text("ID=libattest-test\nVERSION_ID=1\n")
    (folder / "cmdline").write_text(cmdline)
    sections = {".osrel": folder / "osrel", ".cmdline": folder / "cmdline", ".linux": kernel, ".initrd": archive}
    return join(STUB, sections, folder / "image.efi")


def join(stub: Path, sections: dict[str, Path], target: Path) -> Path:
    """A stub with files as sections behind its own."""
    program = stub.read_bytes()
    (start,) = struct.unpack_from("<I", program, 60)
    (base,) = struct.unpack_from("<Q", program, start + 48)
    # The addresses are free; the stub itself ends below the first.
    address = base + 0x30000
    arguments: list[str | Path] = []
    for name, path in sections.items():
        arguments += ["--add-section", f"{name}={path}", "--change-section-vma", f"{name}={address:#x}"]
        address += -(-path.stat().st_size // 0x1000) * 0x1000
    run("objcopy", *arguments, stub, target)
    return target


# The boot


def power_on(
    folder: Path, image: Path, state: bytes, variables: bytes, extra: dict[str, bytes] | None = None, hardware: Hardware = HARDWARE
) -> dict[str, bytes]:
    """Boot the image in a machine of its own, whose TPM and whose variable store start with these contents; what it hands out.

    `extra` are files that lie beside the image, where its stub looks for what belongs to it.
    """
    (folder / "esp/EFI/BOOT").mkdir(parents=True)
    for name, contents in (extra or {}).items():
        (folder / "esp/EFI/BOOT/BOOTX64.EFI.extra.d").mkdir(exist_ok=True)
        (folder / "esp/EFI/BOOT/BOOTX64.EFI.extra.d" / name).write_bytes(contents)
    (folder / "esp/EFI/BOOT/BOOTX64.EFI").hardlink_to(image)
    (folder / "variables").write_bytes(variables)
    (folder / "tpm").mkdir()
    (folder / "tpm" / TPM_STATE).write_bytes(state)
    control = folder / "control"
    command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder / 'tpm'}", "--ctrl", f"type=unixio,path={control}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(control)
            run_machine(folder, control, hardware)
        finally:
            process.terminate()
    return read_archive(folder)


def wait_for(path: Path) -> None:
    for _ in range(500):
        if path.exists():
            return
        time.sleep(0.01)
    raise RuntimeError("swtpm did not open its socket")


def run_machine(folder: Path, control: Path, hardware: Hardware) -> None:
    command = ["qemu-system-x86_64", "-machine", hardware.chipset, "-accel", "tcg", "-cpu", "max", "-m", str(hardware.memory)]
    command += ["-rtc", f"base={hardware.clock}", "-smbios", f"type=1,serial={hardware.serial}"]
    command += ["-nodefaults", "-no-reboot", "-display", "none", "-monitor", "none"]
    command += ["-serial", f"file:{folder / 'console'}", "-serial", f"file:{folder / 'results'}"]
    command += ["-drive", f"if=pflash,format=raw,readonly=on,file={FIRMWARE}"]
    command += ["-drive", f"if=pflash,format=raw,file={folder / 'variables'}"]
    command += ["-drive", f"format=raw,file=fat:rw:{folder / 'esp'}"]
    command += ["-chardev", f"socket,id=tpm,path={control}", "-tpmdev", "emulator,id=tpm,chardev=tpm", "-device", "tpm-tis,tpmdev=tpm"]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"the machine did not power off in time: {last_words(folder)}") from error


def last_words(folder: Path) -> str:
    return (folder / "console").read_text(errors="replace")[-2000:]


def read_archive(folder: Path) -> dict[str, bytes]:
    # The firmware talks on every serial line before the machine does.
    _, marker, archive = (folder / "results").read_bytes().partition(MARKER)
    if not marker:
        raise RuntimeError(f"the machine handed nothing out: {last_words(folder)}")
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        return {Path(member.name).name: stored.read() for member in members if (stored := members.extractfile(member))}


def read_results(files: dict[str, bytes]) -> Boot:
    quotes = {name: MachineQuote(*(files[f"{name}.{part}"] for part in ("msg", "sig", "pcrs"))) for name in QUOTES}
    logs = {name: files[name] for name in ("tcg", "ima", "ima-ascii", "systemd")}
    return Boot(files["kernel"].decode().strip(), logs, read_pcrs(files["pcrs"].decode()), quotes)


def read_pcrs(text: str) -> PcrValues:
    values: PcrValues = {bank: {} for bank in BANKS}
    for bank, index, value in re.findall(r"/pcr-(\w+)/(\d+):(\w+)", text):
        values[bank][int(index)] = bytes.fromhex(value)
    return {bank: dict(sorted(of_bank.items())) for bank, of_bank in values.items()}

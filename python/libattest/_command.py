"""attest-verify in Python: the same options, output and exit codes, but for --bind-session."""

from __future__ import annotations

import contextlib
import getopt
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from . import __version__
from ._input import MOST, Named, at_most, nonce_of, seconds_of
from .downloads import Downloads
from .errors import AttestationError, FetchError, Inconclusive, InternalError, UsageError
from .result import Result
from .server import AttestedServer, VerifyOptions
from .verifier import Parts, Root, Verifier, pin_of

PROGRAM = "python -m libattest"
USAGE = f"""\
Usage: {PROGRAM} [OPTION]... PROOF...
  or:  {PROGRAM} [OPTION]... https://HOST[:PORT][/PATH]...
  or:  {PROGRAM} [OPTION]... --quote MSG --signature SIG --pcrs PCRS [--ak KEY | --ak-cert CHAIN] [--log FILE]
Decide whether a machine really runs what its proof file says. PROOF may be - for standard input.

What to compare with
  -p, --policy FILE       golden values; may be given several times, and all must hold. Without it: $ATTEST_POLICY,
                          ~/.config/attest/policy.json, /etc/attest/policy.json, whichever comes first
      --policy-key FILE   the public key that must have signed every policy (attest-policy sign); one of several may
      --reference FILE    a proof or event log of a machine you know: mismatches are explained by it; it decides
                          nothing. May be given several times
  -t, --at TIME           verification time: RFC 3339, a date, or seconds since 1970; default: now
  -n, --nonce HEX         the nonce that the proof was asked with
      --pin sha256//...   the attested TLS key must have this pin
      --tls-cert FILE     the attested TLS key must be the one in this certificate or public key

Whom to trust
  -r, --root FILE|DIR     trust these root certificates too; other certificates in it complete chains
      --root-purpose P    what AK certificates under the roots that follow must hold as extended key usage:
                          any (default), none, or an OID such as 2.23.133.8.3
      --no-default-roots  trust none of the built-in roots
      --certificates FILE certificates that may complete the chain, PEM or one DER; none becomes a root
      --crl FILE          a CRL, PEM or DER: what it lists is refused. May be given several times, like --certificates
      --require-crls      every certificate that names a CRL must be covered by a valid one

Loose files, as tpm2-tools write them
      --quote MSG         TPMS_ATTEST (tpm2_quote -m)
      --signature SIG     TPMT_SIGNATURE (tpm2_quote -s)
      --pcrs PCRS         tpm2_quote -o, serialized or values form
      --ak KEY            AK public key: PEM, TPMT_PUBLIC or TPM2B_PUBLIC; alone never enough for "verified"
      --ak-cert CHAIN     AK certificate first: PEM, or one DER certificate
      --log FILE          event log: TCG (binary_bios_measurements), IMA, systemd or CEL as it lies, or JSON as
                          in a proof; may be given several times, in the order of measuring

Downloads, which nothing needs unless asked for
      --aia               issuers that a chain lacks, from where its certificates say
      --crls              the CRLs of a chain; one that cannot be had refuses the proof
      --cache DIR         where they are kept; default: $XDG_CACHE_HOME/attest, or ~/.cache/attest

Servers: a URL is asked with a fresh nonce, and must then show the attested key itself
      --blindllama        the proof is /attestation.json, and attests a CA for the server's certificate
      --timeout SECONDS   that asking may take, and all downloads of a proof together; default: 60
      --save FILE         write the proof that was fetched, believed or not

Output
  -j, --json              one JSON object a line for each proof
  -q, --quiet             no output, only the exit code
  -v, --verbose           PCRs, events and facts too
      --print pin|ca      only the attested TLS pin (as curl --pinnedpubkey takes it), or the attested CA as PEM
      --jobs N            verify N proofs at once; default: one for each processor
      --color WHEN        auto (default), always or never
  -h, --help              this text
  -V, --version           the version

Exit codes: 0 verified, 1 refused, 2 usage or input/output error, 3 inconclusive (genuine, but no policy). With
several proofs the worst counts. attest-verify(1) has examples. It also has --bind-session, for which Python's ssl
module has no means.
"""
VALUES = ["policy", "reference", "at", "nonce", "pin", "tls-cert", "root", "root-purpose", "certificates", "crl"]
VALUES += [
    "policy-key",
    "quote",
    "signature",
    "pcrs",
    "ak",
    "ak-cert",
    "log",
    "cache",
    "timeout",
    "save",
    "print",
    "jobs",
    "color",
]
FLAGS = ["no-default-roots", "require-crls", "aia", "crls", "blindllama", "json", "quiet", "verbose", "help", "version"]
SHORT = {"-p": "policy", "-t": "at", "-n": "nonce", "-r": "root", "-j": "json", "-q": "quiet", "-v": "verbose"}
PARTS = {"quote": "quote", "signature": "signature", "pcrs": "pcrs", "ak": "ak", "ak-cert": "ak_chain"}
_T = TypeVar("_T")
WORST = (0, 3, 1, 2)  # exit codes, the worst last


class _Wrong(Exception):
    """A line for standard error, and exit code 2."""


@dataclass
class _Settings:
    policies: list[Named] = field(default_factory=list)
    policy_keys: list[Named] = field(default_factory=list)
    references: list[Named] = field(default_factory=list)
    roots: list[Root] = field(default_factory=list)
    purpose: str | None = None
    purpose_is_idle: bool = False
    default_roots: bool = True
    at: int = 0
    nonce: bytes | None = None
    pin: str | None = None
    certificates: list[Named] = field(default_factory=list)
    crls: list[Named] = field(default_factory=list)
    require_crls: bool = False
    parts: dict[str, str] = field(default_factory=dict)
    logs: list[str] = field(default_factory=list)
    aia: bool = False
    crls_too: bool = False
    cache: str | None = None
    blindllama: bool = False
    timeout: int | None = None
    save: str | None = None
    output: str = "report"
    verbose: bool = False
    jobs: int = os.cpu_count() or 1
    color: str = "auto"
    stdin_was_read: bool = False


def _shown(name: str) -> str:
    """A name that cannot move the cursor."""
    return "".join(chr(c) if 0x20 <= c < 0x7F else f"\\x{c:02x}" for c in os.fsencode(name))


def _wrong(option: str, value: str, expected: str) -> _Wrong:
    return _Wrong(f"{option} \"{_shown(value)}\": expected {expected}\nTry '{PROGRAM} --help'.")


def _failed(name: str, error: AttestationError) -> str:
    place = f"{error.where}: " if error.where else ""
    lines = [f"{_shown(name)}: {place}{error.message}"]
    lines += [f"  expected  {error.expected}"] if error.expected else []
    lines += [f"  found     {error.found}"] if error.found else []
    return "\n".join(lines)


def _read(s: _Settings, path: str) -> Named:
    if path == "-":
        if s.stdin_was_read:
            raise _Wrong("-: standard input can be read only once")
        s.stdin_was_read = True
        if sys.stdin is None:
            raise _Wrong("-: standard input is closed")
    try:
        with contextlib.nullcontext(sys.stdin.buffer) if path == "-" else open(path, "rb") as file:
            found = at_most(file, MOST)
    except OSError as error:
        raise _Wrong(f"{_shown(path)}: {error.strerror}") from None
    if len(found) == MOST:
        raise _Wrong(f"{_shown(path)}: larger than 384 MiB")
    return Named(found, path)


def _whole(option: str, value: str, most: int, expected: str) -> int:
    found = re.fullmatch(r"\s*\+?0*([0-9]{1,5})", value, re.ASCII)
    if found is None or not 1 <= int(found[1]) <= most:
        raise _wrong(option, value, expected)
    return int(found[1])


def _take_nonce(s: _Settings, value: str) -> None:
    if s.nonce is not None:
        raise _wrong("--nonce", value, "one nonce")
    try:
        s.nonce = nonce_of(value)
    except UsageError:
        raise _wrong("--nonce", value, "1 to 64 bytes of hex") from None


def _take_time(s: _Settings, value: str) -> None:
    try:
        s.at = seconds_of(value)
    except UsageError:
        expected = "RFC 3339 such as 2026-11-20T10:15:00Z, a date, or seconds since 1970"
        raise _wrong("--at", value, expected) from None


def _take_pin(s: _Settings, value: str) -> None:
    if s.pin is not None:
        raise _wrong("--pin", value, "one --pin or --tls-cert")
    if len(value) != 52 or not value.startswith("sha256//"):
        raise _wrong("--pin", value, "sha256// and 44 characters of base64")
    s.pin = value


def _take_tls_cert(s: _Settings, path: str) -> None:
    if s.pin is not None:
        raise _wrong("--tls-cert", path, "one --pin or --tls-cert")
    data = _read(s, path)
    s.pin = _used(path, lambda: pin_of(data))


def _used(path: str, use: Callable[[], _T]) -> _T:
    """What is done with a file that an option names; what is wrong with it is wrong with the option."""
    try:
        return use()
    except AttestationError as error:
        raise _Wrong(_failed(path, error)) from None


def _take_policy(s: _Settings, path: str) -> None:
    s.policies.append(_read(s, path))


def _take_policy_key(s: _Settings, path: str) -> None:
    s.policy_keys.append(_read(s, path))
    _used(path, lambda: Verifier(policy_keys=s.policy_keys[-1]))


def _check_policies(s: _Settings) -> None:
    """Once all keys are known: whichever stands first, every policy must be signed with one of them."""
    for policy in s.policies:
        _used(str(policy.name), partial(Verifier, policy, policy_keys=s.policy_keys))


def _take_reference(s: _Settings, path: str) -> None:
    s.references.append(_read(s, path))
    _used(path, lambda: Verifier(reference=s.references))


def _take_root(s: _Settings, path: str) -> None:
    names = [path]
    if os.path.isdir(path):
        names = [name for entry in sorted(os.listdir(path)) if os.path.isfile(name := os.path.join(path, entry))]
    for name in names:
        s.purpose_is_idle = False
        s.roots.append(Root(_read(s, name), s.purpose))
        _used(name, lambda: Verifier(roots=s.roots[-1]))


def _take_given(s: _Settings, option: str, path: str) -> None:
    given = s.crls if option == "crl" else s.certificates
    if len(given) == 16:
        raise _wrong(f"--{option}", path, "at most 16 files")
    given.append(_read(s, path))


def _take_log(s: _Settings, path: str) -> None:
    if len(s.logs) == 8:
        raise _wrong("--log", path, "at most 8 logs")
    s.logs.append(path)


def _take_word(s: _Settings, option: str, value: str) -> None:
    words = {"print": ("pin", "ca"), "color": ("auto", "always", "never")}[option]
    if value not in words:
        raise _wrong(f"--{option}", value, f"{', '.join(words[:-1])} or {words[-1]}")
    setattr(s, "output" if option == "print" else option, value)


def _take(s: _Settings, option: str, value: str) -> None:
    files = {
        "policy": _take_policy,
        "policy-key": _take_policy_key,
        "reference": _take_reference,
        "root": _take_root,
        "log": _take_log,
    }
    values = {"at": _take_time, "nonce": _take_nonce, "pin": _take_pin, "tls-cert": _take_tls_cert}
    flags = {"no-default-roots": ("default_roots", False), "require-crls": ("require_crls", True)}
    flags |= {name: (name, True) for name in ("blindllama", "verbose", "aia")} | {"crls": ("crls_too", True)}
    if option in files or option in values:
        (files | values)[option](s, value)
    elif option in flags:
        setattr(s, *flags[option])
    elif option in PARTS:
        s.parts[PARTS[option]] = value
    elif option in ("certificates", "crl"):
        _take_given(s, option, value)
    elif option in ("print", "color"):
        _take_word(s, option, value)
    elif option == "root-purpose":
        s.purpose, s.purpose_is_idle = value, True
    elif option == "timeout":
        s.timeout = _whole("--timeout", value, 86400, "1 to 86400 seconds")
    elif option == "jobs":
        s.jobs = _whole("--jobs", value, 1024, "1 to 1024")
    elif option in ("save", "cache"):
        setattr(s, option, value)
    else:
        s.output = option  # json, quiet


def _default_policy(s: _Settings) -> None:
    """Without --policy: the first of the usual places that exists. One that exists and cannot be read is an error."""
    env = os.environ
    config = env.get("XDG_CONFIG_HOME") or env.get("HOME", "") + "/.config"  # never of the current directory
    places = [os.path.join(config, "attest/policy.json"), "/etc/attest/policy.json"]
    if s.policies:
        return
    if env.get("ATTEST_POLICY"):
        _take_policy(s, env["ATTEST_POLICY"])
        return
    for path in places:
        if os.path.lexists(path):
            _take_policy(s, path)
            return


def _is_url(name: str) -> bool:
    return name.lower().startswith(("https://", "http://"))


def _check(s: _Settings, names: list[str]) -> None:
    n_urls = sum(map(_is_url, names))
    first = names[0] if names else ""
    if s.purpose_is_idle:
        raise _wrong("--root-purpose", s.purpose or "", "a --root after it")
    if bool(s.parts or s.logs) == bool(names):
        raise _wrong("PROOF", first, "either proof files or loose files (--quote ...)")
    if s.save is not None and n_urls != 1:
        raise _wrong("--save", s.save, "one URL, whose proof is saved")
    if s.blindllama and n_urls == 0:
        raise _wrong("PROOF", first, "a URL with --blindllama")
    if (s.timeout is not None or s.cache is not None) and n_urls == 0 and not (s.aia or s.crls_too):
        raise _wrong("PROOF", first, "a URL, --aia or --crls with --timeout or --cache")
    if not names and (s.aia or s.crls_too):
        raise _wrong("--quote", "...", "a proof, not loose files, with --aia or --crls")
    if s.nonce is not None and n_urls != 0:
        raise _wrong("--nonce", "...", "no nonce with a URL: a fresh one is drawn for each")
    if not names and not {"quote", "signature", "pcrs"} <= s.parts.keys():
        raise _wrong("--quote", "...", "--quote, --signature and --pcrs together")


def _path_of(url: str) -> str | None:
    """None: the usual place."""
    rest = url.split("://", 1)[1]
    at = min((rest.find(c) for c in "/?#" if c in rest), default=len(rest))
    if rest[at : at + 1] == "?":
        raise _Wrong(f"{_shown(url)}: a query stands after a path: write https://host/?...")
    return rest[at:] if rest[at : at + 1] == "/" and rest[at:] != "/" else None


def _save(path: str, proof: bytes) -> None:
    try:
        Path(path).write_bytes(proof)
    except OSError as error:
        raise _Wrong(f"{_shown(path)}: the proof cannot be saved: {error.strerror}") from None


def _default_cache() -> str | None:
    for variable, below in (("XDG_CACHE_HOME", ""), ("HOME", ".cache")):
        if os.environ.get(variable, "").startswith("/"):
            return os.path.join(os.environ[variable], below, "attest")
    return None


def _code(error: AttestationError) -> int:
    if isinstance(error, (UsageError, FetchError, InternalError)):
        return 2
    return 3 if isinstance(error, Inconclusive) else 1


class _Decider:
    """Decides one proof after the other; many threads share it."""

    def __init__(self, settings: _Settings) -> None:
        s = self.settings = settings
        self.verifier = Verifier(
            s.policies,
            roots=s.roots,
            default_roots=s.default_roots,
            reference=s.references,
            policy_keys=s.policy_keys,
        )
        self.options: VerifyOptions = {"at": s.at, "tls_pin": s.pin, "certificates": s.certificates, "crls": s.crls}
        self.options["require_crls"] = s.require_crls
        self.downloads: Downloads | None = None
        if s.aia or s.crls_too:
            cache = _default_cache() if s.cache is None else s.cache
            self.downloads = Downloads(issuers=s.aia, crls=s.crls_too, cache=cache, timeout=s.timeout or 60)

    def decide(self, name: str | None) -> tuple[int, str, str]:
        """Exit code, and what goes to standard output and to standard error."""
        try:
            if name is None or not _is_url(name):
                return self._rendered(0, self._decided(name), name)
            live = "stands under the attested CA" if self.settings.blindllama else "has the attested key"
            return self._rendered(0, self._asked(name), name, f"  Live connection   the server {live}\n")
        except AttestationError as error:
            # An account that is VERIFIED would say more than holds.
            if error.result is None or error.result.verified:
                return _code(error), "", _failed(name or "", error)
            code, out, err = self._rendered(_code(error), error.result, name)
            if isinstance(error.__cause__, FetchError):  # of a download
                err = "\n".join(filter(None, (_failed(name or "", error.__cause__), err)))
            return code, out, err
        except _Wrong as wrong:
            return 2, "", str(wrong)

    def _decided(self, name: str | None) -> Result:
        s = self.settings
        proof: Named | Parts
        if name is None:
            parts = {part: _read(s, path) for part, path in s.parts.items()}
            proof = Parts(**parts, logs=[_read(s, path) for path in s.logs])
        else:
            proof = _read(s, name)
        if self.downloads is not None:
            return self.downloads.verify(self.verifier, proof, nonce=s.nonce, **self.options)
        return self.verifier.verify(proof, nonce=s.nonce, **self.options)

    def _asked(self, url: str) -> Result:
        s = self.settings
        server = AttestedServer(
            url,
            verifier=self.verifier,
            timeout=s.timeout or 60,
            path=_path_of(url),
            ca=s.blindllama,
            downloads=self.downloads,
            verify_options=self.options,
        )
        try:
            return server.attest()
        finally:
            if s.save is not None and server.proof is not None:
                _save(s.save, server.proof)

    def _rendered(self, code: int, result: Result, name: str | None, live: str = "") -> tuple[int, str, str]:
        s = self.settings
        if s.output == "quiet":
            return code, "", ""
        if s.output == "json":
            return code, result.to_json(name) + "\n", ""
        if s.output in ("pin", "ca"):
            return self._printed(code, result, name or "")
        return code, result.to_text(name, color=_want_color(s.color), verbose=s.verbose) + live, ""

    def _printed(self, code: int, result: Result, name: str) -> tuple[int, str, str]:
        name = f"{_shown(name)}: "
        if not result.verified:
            return code, "", f"{name}not verified, so nothing is printed"
        if self.settings.output == "pin" and result.pin is not None:
            return code, result.pin + "\n", ""
        if self.settings.output == "ca" and result.facts.tls_kind == "ca":
            return code, result.facts.tls_pem or "", ""
        what = {
            None: "no TLS key",
            "key": "a key, not a CA: use --print pin",
            "ca": "a CA, not the server's own key: use --print ca, and curl --cacert",
        }[result.facts.tls_kind]
        return 2, "", f"{name}the proof attests {what}"


def _want_color(when: str) -> bool:
    return when == "always" or (when == "auto" and sys.stdout.isatty() and not os.environ.get("NO_COLOR"))


def _with_progress(results: Iterable[_T], n: int) -> Iterator[_T]:
    """How many are done, on a terminal, from the first second on."""
    begin, shown = time.monotonic(), False
    for i, result in enumerate(results):
        if shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        yield result
        seconds = time.monotonic() - begin
        shown = sys.stderr.isatty() and seconds > 1 and i + 1 < n
        if shown:
            print(f"\r{i + 1} of {n} proofs ({(i + 1) / seconds:.0f}/s) ", end="", file=sys.stderr, flush=True)


def _decide_all(s: _Settings, names: Sequence[str | None]) -> int:
    decider, worst = _Decider(s), 0
    with ThreadPoolExecutor(min(s.jobs, len(names))) as pool:
        for i, (code, out, err) in enumerate(_with_progress(pool.map(decider.decide, names), len(names))):
            worst = max(worst, code, key=WORST.index)
            between = "\n" if i and out and s.output == "report" else ""
            sys.stdout.buffer.write((between + out).encode())
            sys.stdout.buffer.flush()
            if err:
                print(f"{PROGRAM}: {err}", file=sys.stderr)
    return worst


def _parsed(arguments: Sequence[str]) -> tuple[_Settings, list[str]] | None:
    """None where only a text was asked for, which is printed."""
    s = _Settings(at=seconds_of(None))
    try:
        options, names = getopt.gnu_getopt(list(arguments), "p:t:n:r:jqvhV", [f"{v}=" for v in VALUES] + FLAGS)
    except getopt.GetoptError as error:
        raise _Wrong(f"{error.msg}\nTry '{PROGRAM} --help'.") from None
    for option, value in options:
        if option in ("-h", "--help", "-V", "--version"):
            print(USAGE if "h" in option else f"{PROGRAM} (libattest) {__version__}\n", end="")
            return None
        _take(s, SHORT.get(option, option.lstrip("-")), value)
    return s, names


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code."""
    os.environ.setdefault("TSS2_LOG", "all+NONE")  # libattest says itself what is wrong with a TPM structure
    # A stream that was closed is None, which would send what is for standard error to standard output.
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    sys.stdout = sys.stdout or open("/dev/full", "w")  # noqa: SIM115
    try:
        parsed = _parsed(arguments)
        if parsed is None:
            sys.stdout.flush()
            return 0
        s, names = parsed
        _default_policy(s)
        _check_policies(s)
        _check(s, names)
        return _decide_all(s, names or [None])
    except _Wrong as wrong:
        print(f"{PROGRAM}: {wrong}", file=sys.stderr)
    except MemoryError:
        print(f"{PROGRAM}: out of memory", file=sys.stderr)
    except OSError as error:  # files have been read
        print(f"{PROGRAM}: standard output: {error.strerror}", file=sys.stderr)
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 # what is left in its buffer cannot be written
    return 2

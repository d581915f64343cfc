"""Documents that are not exactly one proof. Nothing in them may be looked at any further."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from case import Case, Row, Table
from lab import NONCE, Lab
from proof import Json

from .good import nested

Change = Callable[[Lab, Case], None]


def edit(bend: Callable[[Json], Any]) -> Change:
    """Change the JSON object."""

    def change(_: Lab, case: Case) -> None:
        case.edits.append(bend)

    return change


def rewrite(bend: Callable[[bytes], bytes]) -> Change:
    """Change the file's bytes."""

    def change(_: Lab, case: Case) -> None:
        case.rewrites.append(bend)

    return change


def replace(old: bytes, new: bytes) -> Change:
    def bend(data: bytes) -> bytes:
        assert old in data, old
        return data.replace(old, new, 1)

    return rewrite(bend)


def place(path: str, value: object) -> Change:
    """Set the member at this path, such as quote/attest."""

    def bend(proof: Json) -> None:
        *parents, last = path.split("/")
        target: Any = proof
        for name in parents:
            target = target[int(name)] if isinstance(target, list) else target[name]
        target[int(last) if isinstance(target, list) else last] = value

    return edit(bend)


def remove(path: str) -> Change:
    def bend(proof: Json) -> None:
        parent, _, last = path.rpartition("/")
        del (proof[parent] if parent else proof)[last]

    return edit(bend)


def attest_text(bend: Callable[[str], str]) -> Change:
    """Change the base64 of quote.attest."""
    return edit(lambda proof: proof["quote"].update(attest=bend(proof["quote"]["attest"])))


def leaf_text(bend: Callable[[str], str]) -> Change:
    """Change the PEM of the leaf."""
    return edit(lambda proof: proof["ak"]["certificates"].__setitem__(0, bend(proof["ak"]["certificates"][0])))


def trailing_bits(text: str) -> str:
    """The same bytes from other text: bits that base64 does not use are set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    body = text.rstrip("=")
    assert body != text, "the text has padding"
    bent = body[:-1] + alphabet[alphabet.index(body[-1]) + 1] + text[len(body) :]
    assert base64.b64decode(bent) == base64.b64decode(text)
    return bent


def pcr_index(new: str) -> Change:
    """The last PCR of the bank under another index."""

    def bend(proof: Json) -> None:
        bank = proof["quote"]["pcrs"]["sha256"]
        bank[new] = bank.pop("15")

    return edit(bend)


def rename_bank(new: str) -> Change:
    def bend(proof: Json) -> None:
        proof["quote"]["pcrs"][new] = proof["quote"]["pcrs"].pop("sha256")

    return edit(bend)


def many_certificates(proof: Json) -> None:
    chain = proof["ak"]["certificates"]
    chain += [chain[-1]] * (17 - len(chain))


def many_logs(proof: Json) -> None:
    proof["logs"] += [proof["logs"][0]] * (9 - len(proof["logs"]))


def both_in_one(proof: Json) -> None:
    proof["ak"]["certificates"] = ["".join(proof["ak"]["certificates"])]


NONCE_TEXT = NONCE.hex().encode()
ROWS = (
    # The document
    Row("parse-empty-file", "The file is empty.", rewrite(lambda data: b"")),
    Row("parse-not-json", "The file is no JSON.", rewrite(lambda data: b"proof: good\n")),
    Row("parse-truncated", "The file ends too early.", rewrite(lambda data: data[: len(data) // 2])),
    Row("parse-trailing-bytes", "Bytes follow the JSON object.", rewrite(lambda data: data + b"{}\n")),
    Row("parse-trailing-nul", "A zero byte follows the JSON object.", rewrite(lambda data: data + b"\0")),
    Row("parse-bom", "The file begins with a byte order mark.", rewrite(lambda data: b"\xef\xbb\xbf" + data)),
    Row("parse-array", "The proof stands inside an array.", rewrite(lambda data: b"[" + data + b"]\n")),
    Row("parse-trailing-comma", "A comma follows the last member.", rewrite(lambda data: data.rstrip()[:-1].rstrip() + b",\n}\n")),
    Row("parse-comment", "A comment stands in the JSON.", rewrite(lambda data: b"// proof\n" + data)),
    Row("parse-invalid-utf8", "A string holds a byte that is no UTF-8.", replace(b'"format"', b'"metadata": {"a": "\xff"},\n "format"')),
    Row("parse-nul-in-string", "A string holds the character NUL.", edit(lambda proof: proof.update(metadata={"a": "b\0c"}))),
    Row("parse-lone-surrogate", "A string holds half a surrogate pair.", replace(b'"format"', b'"metadata": {"a": "\\ud800"},\n "format"')),
    Row("parse-nan", "A number is NaN, which JSON does not know.", edit(lambda proof: proof.update(metadata={"a": float("nan")}))),
    Row("parse-depth-33", "JSON nested one level deeper than the limit.", nested(33)),
    # Names
    Row("parse-duplicate-key", "A member of the proof stands there twice.", replace(b'"nonce":', b'"nonce": "00",\n "nonce":')),
    Row(
        "parse-duplicate-key-same",
        "A member stands there twice with the same value.",
        replace(b'"nonce":', b'"nonce": "%s",\n "nonce":' % NONCE_TEXT),
    ),
    Row(
        "parse-duplicate-key-escaped", "The same member, written with an escape.", replace(b'"nonce":', b'"\\u006eonce": "00",\n "nonce":')
    ),
    Row("parse-duplicate-key-nested", "A member of the quote stands there twice.", replace(b'"attest":', b'"attest": "",\n  "attest":')),
    Row("parse-duplicate-pcr", "A PCR stands there twice.", replace(b'"7":', b'"7": "%s",\n    "7":' % (b"00" * 32))),
    Row(
        "parse-duplicate-key-metadata",
        "A member of the metadata stands there twice.",
        replace(b'"format"', b'"metadata": {"a": 1, "a": 2},\n "format"'),
    ),
    Row("parse-unknown-member", "The proof has an unknown member.", place("verdict", "verified")),
    Row("parse-unknown-member-quote", "The quote has an unknown member.", place("quote/pcr", {})),
    Row("parse-unknown-member-ak", "The AK has an unknown member.", place("ak/name", "00")),
    Row("parse-unknown-member-tls", "The TLS key has an unknown member.", place("tls/pin", "00")),
    Row("parse-unknown-member-log", "A log has an unknown member.", place("logs/0/bank", "sha256")),
    Row("parse-no-format", "The proof does not name its format.", remove("format")),
    Row("parse-unknown-format", "The proof names an unknown format.", place("format", "libattest-proof-v2")),
    Row("parse-no-quote", "The proof has no quote.", remove("quote")),
    Row("parse-no-attest", "The quote has no TPMS_ATTEST.", remove("quote/attest")),
    Row("parse-no-signature", "The quote has no signature.", remove("quote/signature")),
    Row("parse-no-pcrs", "The quote has no PCR values.", remove("quote/pcrs")),
    Row("parse-no-ak", "The proof has no AK.", remove("ak")),
    Row("parse-no-certificates", "The AK has no certificates.", remove("ak/certificates")),
    Row("parse-no-binding", "The TLS key does not say how it is bound.", remove("tls/binding")),
    Row("parse-unknown-binding", "The TLS key is bound in an unknown way.", place("tls/binding", "both")),
    Row("parse-no-tls-key", "The TLS member holds no key.", remove("tls/public_key")),
    # Types
    Row("parse-quote-array", "The quote is an array.", place("quote", [])),
    Row("parse-attest-number", "The TPMS_ATTEST is a number.", place("quote/attest", 7)),
    Row("parse-nonce-number", "The nonce is a number.", place("nonce", 12)),
    Row("parse-tls-null", "The TLS member is null.", place("tls", None)),
    Row(
        "parse-certificates-string",
        "The certificates are a single string.",
        edit(lambda proof: proof["ak"].update(certificates="".join(proof["ak"]["certificates"]))),
    ),
    Row("parse-pcr-value-null", "A PCR value is null.", place("quote/pcrs/sha256/0", None)),
    Row("parse-log-pcr-string", "A log's PCR is a string.", place("logs/0/pcr", "14")),
    Row("parse-log-pcr-real", "A log's PCR is a real number.", place("logs/0/pcr", 14.0)),
    Row("parse-log-pcr-32", "A log's PCR is 32.", place("logs/0/pcr", 32)),
    Row("parse-log-pcr-negative", "A log's PCR is negative.", place("logs/0/pcr", -1)),
    Row("parse-event-object", "An event is an object instead of its text.", place("logs/0/events/0", {"type": "config"})),
    # base64, hex and PEM
    Row("parse-base64-trailing-bits", "base64 with bits set that mean nothing.", attest_text(trailing_bits)),
    Row("parse-base64-space", "base64 with white space inside.", attest_text(lambda text: text[:8] + " " + text[8:])),
    Row("parse-base64-newline", "base64 with a newline at its end.", attest_text(lambda text: text + "\n")),
    Row("parse-base64-no-padding", "base64 without its padding.", attest_text(lambda text: text.rstrip("="))),
    Row("parse-base64-more-padding", "base64 with more padding than it needs.", attest_text(lambda text: text + "====")),
    Row("parse-base64-url", "base64 in the alphabet of URLs.", attest_text(lambda text: "-" + text[1:])),
    Row("parse-base64-public", "The AK's public area is no base64.", place("ak/public", "!!!!")),
    Row("parse-hex-odd", "The nonce has an odd number of digits.", place("nonce", NONCE.hex()[:-1])),
    Row("parse-hex-letter", "The nonce holds a letter that is no digit.", place("nonce", "0g" + NONCE.hex()[2:])),
    Row("parse-hex-prefix", "The nonce begins with 0x.", place("nonce", "0x" + NONCE.hex())),
    Row("parse-hex-odd-pcr", "A PCR value has an odd number of digits.", place("quote/pcrs/sha256/0", "00" * 31 + "0")),
    Row("parse-pem-truncated", "The leaf's PEM has no END line.", leaf_text(lambda text: text[: text.index("-----END")])),
    Row("parse-pem-label", "The leaf's PEM says that it is a CRL.", leaf_text(lambda text: text.replace("CERTIFICATE", "X509 CRL"))),
    Row(
        "parse-pem-labels-differ",
        "BEGIN and END of the leaf's PEM do not agree.",
        leaf_text(lambda text: text.replace("END CERTIFICATE", "END X509 CRL")),
    ),
    Row("parse-pem-bad-base64", "The leaf's PEM holds a character that is no base64.", leaf_text(lambda text: text.replace("M", "!", 1))),
    Row("parse-pem-two-certificates", "Two certificates in one PEM string.", edit(both_in_one)),
    Row("parse-pem-trailing-text", "Text follows the leaf's PEM.", leaf_text(lambda text: text + "and more\n")),
    Row("parse-pem-der", "The leaf is the base64 of its DER.", leaf_text(lambda text: "".join(text.splitlines()[1:-1]))),
    Row(
        "parse-tls-certificate-as-key",
        "The TLS public key is a certificate.",
        edit(lambda proof: proof["tls"].update(public_key=proof["ak"]["certificates"][0])),
    ),
    # PCR names and limits
    Row("parse-pcr-index-00", "A PCR index is 00.", pcr_index("00")),
    Row("parse-pcr-index-32", "A PCR index is 32.", pcr_index("32")),
    Row("parse-pcr-index-negative", "A PCR index is -1.", pcr_index("-1")),
    Row("parse-pcr-index-space", "A PCR index begins with a space.", pcr_index(" 15")),
    Row("parse-pcr-index-plus", "A PCR index begins with a plus.", pcr_index("+15")),
    Row("parse-pcr-index-real", "A PCR index is 15.0.", pcr_index("15.0")),
    Row("parse-pcr-index-empty", "A PCR index is empty.", pcr_index("")),
    Row("parse-pcr-index-huge", "A PCR index is 2^32 + 15.", pcr_index(str(2**32 + 15))),
    Row("parse-unknown-bank", "A bank is called sha257.", rename_bank("sha257")),
    Row("parse-bank-upper-case", "A bank is called SHA256.", rename_bank("SHA256")),
    Row("parse-17-certificates", "More certificates than the limit allows.", edit(many_certificates)),
    Row("parse-9-logs", "More logs than the limit allows.", edit(many_logs)),
    Row("parse-created-word", "The time of making is a word.", place("created", "yesterday")),
    Row("parse-created-fraction", "The time of making has a letter in its fraction.", place("created", "2026-06-01T00:00:00.x9Z")),
    Row("parse-nonce-65", "A nonce longer than the limit allows.", place("nonce", "00" * 65)),
)

TABLES = [Table(Lab.full, ROWS, "parse")]

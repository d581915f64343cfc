"""TLS keys that the quote does not bind."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable

import ca
from case import Case, Row, Table
from lab import LISTENER, NONCE, SEPARATOR, SERVER_PCRS, WORKLOAD, Lab, tls_binding
from structures import digest

from .good import pin_of
from .quote import OTHER_NONCE

Change = Callable[[Lab, Case], None]


def use_attackers_key(lab: Lab, case: Case) -> None:
    assert case.evidence.tls
    case.evidence.tls["public_key"] = ca.public_pem(lab.attacker_key.public_key())


def use_attackers_certificate(lab: Lab, case: Case) -> None:
    assert case.evidence.tls
    del case.evidence.tls["public_key"]
    case.evidence.tls["certificate"] = ca.tls_certificate("server.libattest.test", lab.attacker_key)


def pin_attacker(lab: Lab, case: Case) -> None:
    case.pin = pin_of(lab.attacker_spki)


def no_log_of_15(_: Lab, case: Case) -> None:
    case.evidence.logs.pop()


# PCR 15 with other events than "separator, TLS key"; all were really measured, so that the log itself holds.


def spki_digest(lab: Lab) -> str:
    return digest("sha256", lab.server_spki).hex()


def key_event(lab: Lab, **members: str) -> str:
    """The TLS key event with other members."""
    return json.dumps({"type": "tls-key", "name": "web server", "digest": "sha256:" + spki_digest(lab), **members})


def key_twice_named(lab: Lab) -> str:
    """An event whose text names two digests, the right one last."""
    return lab.tls_key_event().replace('"digest":', '"digest": "sha256:' + "00" * 32 + '", "digest":')


MEASURED: list[tuple[str, str, Callable[[Lab], list[str]]]] = [
    ("other-key", "The measured TLS key is another.", lambda lab: [SEPARATOR, lab.tls_key_event(lab.attacker_spki)]),
    ("key-not-last", "An event follows the TLS key.", lambda lab: [SEPARATOR, lab.tls_key_event(), WORKLOAD[0]]),
    ("separator-after-key", "A separator follows the TLS key.", lambda lab: [SEPARATOR, lab.tls_key_event(), SEPARATOR]),
    ("no-separator", "No separator stands before the TLS key.", lambda lab: [lab.tls_key_event()]),
    ("separator-early", "An event stands between separator and TLS key.", lambda lab: [SEPARATOR, LISTENER, lab.tls_key_event()]),
    ("separator-twice", "Two separators stand before the TLS key.", lambda lab: [SEPARATOR, SEPARATOR, lab.tls_key_event()]),
    ("key-before-separator", "The TLS key stands before the separator.", lambda lab: [lab.tls_key_event(), SEPARATOR]),
    ("wrong-type", "The last event names the key but is of another type.", lambda lab: [SEPARATOR, lab.tls_key_event(kind="output")]),
    ("type-upper-case", "The last event's type is TLS-KEY.", lambda lab: [SEPARATOR, key_event(lab, type="TLS-KEY")]),
    ("digest-bare", "The TLS key's digest does not name its algorithm.", lambda lab: [SEPARATOR, key_event(lab, digest=spki_digest(lab))]),
    ("digest-of-pem", "The TLS key's digest is that of its PEM text.", lambda lab: [SEPARATOR, key_event(lab, digest=pem_digest(lab))]),
    ("digest-longer", "The TLS key's digest is followed by more.", lambda lab: [SEPARATOR, key_event(lab, digest=long_digest(lab))]),
    ("digest-twice", "The TLS key's event names two digests, the right one last.", lambda lab: [SEPARATOR, key_twice_named(lab)]),
    ("digest-missing", "The TLS key's event names no digest.", lambda lab: [SEPARATOR, json.dumps({"type": "tls-key", "name": "x"})]),
    (
        "hidden-key",
        "Before the separator stands an event that says twice what it is.",
        lambda lab: [hidden_key(lab), SEPARATOR, lab.tls_key_event()],
    ),
    ("not-json", "The last event is no JSON.", lambda lab: [SEPARATOR, "tls-key sha256:" + spki_digest(lab)]),
]


def hidden_key(lab: Lab) -> str:
    """A note to a reader who takes the first member, a TLS key to one who takes the last."""
    return '{"type": "note", ' + lab.tls_key_event(lab.attacker_spki)[1:]


def pem_digest(lab: Lab) -> str:
    return "sha256:" + digest("sha256", ca.public_pem(lab.server_key.public_key()).encode()).hex()


def long_digest(lab: Lab) -> str:
    return "sha256:" + spki_digest(lab) + "00"


def measured(name: str, last: Callable[[Lab], list[str]]) -> Callable[[Lab], Case]:
    def base(lab: Lab) -> Case:
        lab.states[name] = lab.server_state(last(lab))
        return lab.full(state=name)

    return base


def two_keys(first: bool) -> Callable[[Lab], Case]:
    """Two TLS keys were measured; the proof is about the first or the second."""

    def base(lab: Lab) -> Case:
        keys = [lab.tls_key_event(), lab.tls_key_event(lab.attacker_spki)]
        lab.states["two-keys"] = lab.server_state([SEPARATOR, *keys])
        case = lab.full(state="two-keys")
        if not first:
            use_attackers_key(lab, case)
        return case

    return base


def second_round(lab: Lab) -> Case:
    """After the genuine key, a forger measures a separator and a key of his own."""
    genuine = [SEPARATOR, lab.tls_key_event()]
    lab.states["second-round"] = lab.server_state([*genuine, SEPARATOR, lab.tls_key_event(lab.attacker_spki)])
    case = lab.full(state="second-round")
    use_attackers_key(lab, case)
    return case


def key_in_pcr14(lab: Lab) -> Case:
    """The right events in the wrong PCR."""
    lab.states["key-in-14"] = {14: [*WORKLOAD, SEPARATOR, lab.tls_key_event()], 15: [LISTENER]}
    return lab.full(state="key-in-14")


def pcr15_not_quoted(lab: Lab) -> Case:
    case = lab.full(selection=SERVER_PCRS.replace(",14,15", ",14"))
    case.evidence.logs = case.evidence.logs[1:]
    return case


IN_PCR = (
    Row("tls-key-replaced", "The TLS key of the proof is not the measured one.", use_attackers_key),
    Row("tls-certificate-replaced", "The TLS certificate of the proof holds another key.", use_attackers_certificate),
    Row("tls-pin-differs", "The caller expects another TLS key than PCR 15 binds.", pin_attacker),
    Row("tls-log-missing", "The proof has no log of PCR 15.", no_log_of_15),
)


# extraData that is not the composite


def bound(extra: Callable[[Lab], bytes], nonce: bytes = NONCE) -> Callable[[Lab], Case]:
    """The binding "quote" over the TPM's own quote of any extraData."""
    return lambda lab: lab.bound_in_quote(nonce, extra(lab), asked=False)


def composite(lab: Lab, label: bytes = b"libattest quote v1\0", length: str = ">H") -> bytes:
    size = struct.pack(length, len(NONCE)) if length else b""
    return digest("sha256", label + size + NONCE + digest("sha256", lab.server_spki))


def over_spki_itself(lab: Lab) -> bytes:
    return digest("sha256", b"libattest quote v1\0" + struct.pack(">H", len(NONCE)) + NONCE + lab.server_spki)


COMPOSITES: list[tuple[str, str, Callable[[Lab], Case]]] = [
    ("plain-nonce", "extraData is the plain nonce: the TLS key is not in it.", bound(lambda lab: NONCE)),
    (
        "key-alone",
        "extraData is the hash of the TLS key: without a label or a nonce.",
        bound(lambda lab: digest("sha256", lab.server_spki)),
    ),
    ("no-label", "extraData is made without the label.", bound(lambda lab: composite(lab, label=b""))),
    (
        "other-label",
        "extraData is made with the label of another protocol.",
        bound(lambda lab: composite(lab, label=b"libattest quote v2\0")),
    ),
    (
        "no-zero-byte",
        "extraData is made without the zero byte after the label.",
        bound(lambda lab: composite(lab, label=b"libattest quote v1")),
    ),
    ("no-length", "extraData is made without the nonce's length.", bound(lambda lab: composite(lab, length=""))),
    ("length-reversed", "The nonce's length is in the wrong byte order.", bound(lambda lab: composite(lab, length="<H"))),
    ("spki-itself", "extraData is made of the TLS key, not of its hash.", bound(over_spki_itself)),
    ("extra-longer", "A byte follows the composite in extraData.", bound(lambda lab: tls_binding(NONCE, lab.server_spki) + b"\0")),
    ("nonce-dropped", "The nonce was bound, the proof does not name it.", bound(lambda lab: tls_binding(NONCE, lab.server_spki), b"")),
    (
        "nonce-replaced",
        "The proof names another nonce than was bound.",
        bound(lambda lab: tls_binding(NONCE, lab.server_spki), OTHER_NONCE),
    ),
]


def boundary_shifted(lab: Lab) -> Case:
    """Without its length the nonce could give its last byte to the key's hash; the proof claims the nonce without that byte."""
    return lab.bound_in_quote(NONCE[:-1], composite(lab, length=""), asked=False)


def oracle(log: bool = True, selection: str = SERVER_PCRS) -> Callable[[Lab], Case]:
    """
    The machine quotes nonces as they come, and the forger sent it the binding of his own key as a nonce. The policy
    allows the machine; what it has measured into PCR 15 tells that the key is not its own.
    """

    def base(lab: Lab) -> Case:
        case = lab.bound_in_quote(extra=tls_binding(NONCE, lab.attacker_spki), asked=True, selection=selection)
        use_attackers_key(lab, case)
        if not log:
            case.evidence.logs = [entry for entry in case.evidence.logs or [] if entry["pcr"] != 15]
        return case

    return base


ORACLES = (
    ("tls-quote-nonce-oracle", "A nonce that was the binding of another key; PCR 15 names the machine's own.", oracle()),
    ("tls-quote-nonce-oracle-no-log", "The same, without the log of PCR 15.", oracle(log=False)),
    ("tls-quote-nonce-oracle-unquoted", "The same, with a quote that leaves PCR 15 out.", oracle(selection="sha256:0-7,14")),
)
IN_QUOTE = (
    Row("tls-quote-key-replaced", "The TLS key of the proof is not the one that extraData binds.", use_attackers_key),
    Row("tls-quote-pin-differs", "The caller expects another TLS key than extraData binds.", pin_attacker),
)
ASKED = (
    Row("tls-quote-key-replaced-asked", "The same, and the caller's nonce is not bound to that key.", use_attackers_key, fails="nonce tls"),
)


def measured_tables() -> list[Table]:
    return [Table(measured(name, last), (Row(f"tls-{name}", about),), "tls") for name, about, last in MEASURED]


def composite_tables() -> list[Table]:
    return [Table(base, (Row(f"tls-quote-{name}", about),), "tls") for name, about, base in COMPOSITES]


SESSION, OTHER_SESSION = digest("sha256", b"libattest test session"), digest("sha256", b"another session")


def in_session(bound: bytes, live: bytes | None, asked: bool = False) -> Callable[[Lab], Case]:
    """The quote binds the session `bound`; `live` is the one in which the caller has it."""

    def base(lab: Lab) -> Case:
        case = lab.bound_in_quote(extra=tls_binding(NONCE, lab.server_spki, bound), asked=asked)
        case.exporter = live
        return case

    return base


def key_in_session(lab: Lab) -> Case:
    """PCR 15 binds the key, and nothing binds the session."""
    case = lab.full()
    case.exporter = SESSION
    return case


SESSIONS = [
    Table(in_session(SESSION, SESSION, asked=True), (Row("good-tls-exporter", "Nonce, TLS key and TLS session bound by extraData."),)),
    Table(in_session(SESSION, SESSION), (Row("good-tls-exporter-unasked", "The same, and the caller asks for no nonce."),)),
    Table(in_session(SESSION, OTHER_SESSION), (Row("tls-exporter-other", "The quote binds another session."),), "tls"),
    Table(in_session(SESSION, None), (Row("tls-exporter-unknown", "The quote binds a session, and the caller has none."),), "tls"),
    Table(in_session(b"", SESSION), (Row("tls-exporter-unbound", "The quote binds no session, and the caller has one."),), "tls"),
    Table(key_in_session, (Row("tls-exporter-pcr", "A key in PCR 15 binds no session, and the caller has one."),), "tls"),
]

TABLES = [
    Table(Lab.full, IN_PCR, "tls"),
    *measured_tables(),
    Table(two_keys(first=True), (Row("tls-two-keys-first", "Two TLS keys were measured, the proof is about the first."),), "tls"),
    Table(two_keys(first=False), (Row("tls-two-keys-last", "Two TLS keys were measured, the proof is about the last."),), "tls"),
    Table(second_round, (Row("tls-second-round", "A forger has measured a separator and a key after the genuine ones."),), "tls"),
    Table(key_in_pcr14, (Row("tls-key-in-pcr14", "Separator and TLS key were measured into PCR 14."),), "tls"),
    Table(
        pcr15_not_quoted,
        (Row("tls-pcr15-not-quoted", "PCR 15 is not quoted, so its log binds nothing.", fails="log tls"),),
    ),
    Table(Lab.plain, (Row("tls-pin-without-key", "The caller expects a TLS key and the proof has none.", pin_attacker),), "tls"),
    Table(lambda lab: lab.bound_in_quote(asked=False), IN_QUOTE, "tls"),
    Table(Lab.bound_in_quote, ASKED),
    *composite_tables(),
    *[Table(base, (Row(name, about),), "tls") for name, about, base in ORACLES],
    *SESSIONS,
    Table(boundary_shifted, (Row("tls-quote-boundary-shifted", "The border between nonce and key is shifted by a byte."),), "tls"),
]

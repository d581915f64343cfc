"""Event logs that do not explain the quoted PCRs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from case import Case, Row, Table
from lab import WORKLOAD, Lab, event, text_log

from .good import logs

Change = Callable[[Lab, Case], None]
EXTRA = event("input", "prompt", b"hello")


def events(bend: Callable[[list[str]], Any], pcr: int = 14) -> Change:
    def change(_: Lab, case: Case) -> None:
        for log in case.evidence.logs:
            if log["pcr"] == pcr:
                bend(log["events"])

    return change


def swap(texts: list[str]) -> None:
    texts[0], texts[1] = texts[1], texts[0]


def serialise_again(texts: list[str]) -> None:
    """The same JSON value without its white space."""
    texts[1] = json.dumps(json.loads(texts[1]), separators=(",", ":"))


def add_newline(texts: list[str]) -> None:
    texts[1] += "\n"


def rename(texts: list[str]) -> None:
    texts[2] = texts[2].replace("model-8b", "model-7b")


def relabel(pcr: int) -> Change:
    def change(_: Lab, case: Case) -> None:
        case.evidence.logs[0]["pcr"] = pcr

    return change


def quoting_13(lab: Lab) -> Case:
    case = lab.full(selection="sha256:0-7,13-15")
    case.evidence.tls = None
    case.evidence.logs = case.evidence.logs[:1]
    return case


def unmeasured(lab: Lab) -> Case:
    """Events for a PCR that is still zero."""
    case = lab.plain(selection="sha256:0-7,13")
    case.evidence.logs = [text_log(13, list(WORKLOAD))]
    return case


def contradicting_bank(lab: Lab) -> Case:
    """The SHA-1 bank has seen another text than the SHA-256 bank."""
    true, false = WORKLOAD[2], WORKLOAD[2].replace("8b", "7b")
    lab.states["two-stories"] = {14: [{"sha256": true, "sha1": false}]}
    case = lab.plain(selection="sha256:0-7,14+sha1:14", state="two-stories")
    case.evidence.logs = [text_log(14, [true])]
    return case


ROWS = (
    Row("log-event-dropped", "The log lacks its last event.", events(lambda texts: texts.pop())),
    Row("log-first-event-dropped", "The log lacks its first event.", events(lambda texts: texts.pop(0))),
    Row("log-event-doubled", "The log holds an event twice.", events(lambda texts: texts.insert(1, texts[1]))),
    Row("log-event-added", "The log holds an event that was never measured.", events(lambda texts: texts.append(EXTRA))),
    Row("log-events-swapped", "Two events have changed their places.", events(swap)),
    Row("log-event-reserialised", "An event was written again without its white space.", events(serialise_again)),
    Row("log-event-newline", "An event has a newline at its end.", events(add_newline)),
    Row("log-event-changed", "An event names other weights.", events(rename)),
    Row("log-events-removed", "The log has lost all events of a PCR that is not zero.", events(lambda texts: texts.clear())),
    Row("log-moved", "The log of PCR 14 claims to be that of PCR 7.", relabel(7)),
    Row("log-moved-to-unquoted-pcr", "The log of PCR 14 claims to be that of PCR 10, which was not quoted.", relabel(10)),
)
BINDING = (
    Row("log-tls-events-removed", "The log of PCR 15 has lost all its events.", events(lambda texts: texts.clear(), 15)),
    Row("log-tls-event-dropped", "The log of PCR 15 lacks its first event.", events(lambda texts: texts.pop(0), 15)),
    Row("log-tls-event-added", "The log of PCR 15 holds a second TLS key.", events(lambda texts: texts.append(texts[-1]), 15)),
)

TABLES = [
    Table(logs(14), ROWS, "log"),
    Table(quoting_13, (Row("log-moved-to-zero-pcr", "The log of PCR 14 claims to be that of PCR 13, which is zero.", relabel(13)),), "log"),
    Table(unmeasured, (Row("log-of-zero-pcr", "A log with events for a PCR that is zero."),), "log"),
    Table(contradicting_bank, (Row("log-one-bank-contradicts", "The log replays in one quoted bank and not in the other."),), "log"),
    Table(logs(14, 15), (Row("log-second-log", "Of two logs the second does not replay.", events(lambda texts: texts.pop(), 15)),), "log"),
    Table(Lab.full, BINDING, "log tls"),
]

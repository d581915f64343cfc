"""What a proof or an event log says, believed or not. Nothing is verified here."""

from __future__ import annotations

import json
from typing import Any

from ._c import fail, taken
from ._input import Document, document_of, flag
from ._native import ffi, lib
from .errors import UsageError


def _options(pcr: int | None, events: bool, max_events: int) -> Any:
    for name, value, most in (("pcr", pcr, 31), ("max_events", max_events, 2**32)):
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise TypeError(f"{name}: an int was expected, not {type(value).__name__}")
        if value is not None and not 0 <= value <= most:
            raise UsageError(f"0 to {most} were expected", status="ATTEST_E_USAGE", subject=name, found=str(value))
    options = ffi.new("struct attest_inspect_options *", lib.attest_inspect_options_init())
    options.pcr = -1 if pcr is None else pcr
    options.events, options.max_events = flag(events, "events"), max_events
    return options


def _told(status: int, made: Any, error: Any, subject: str | None) -> dict[str, Any]:
    if status != lib.ATTEST_OK:
        fail(status, error, subject)
    told: dict[str, Any] = json.loads(taken(made[0]))
    return told


def inspect(
    proof_or_log: Document, *, pcr: int | None = None, events: bool = True, max_events: int = 0
) -> dict[str, Any]:
    """All that a proof or an event log says, as docs/inspection.schema.json.

    Nothing is verified: no signature, no chain, no time. pcr: only this one, 0..31. events: list them too, at most
    max_events (0: as many as there is room for).

    Raises MalformedProof if it is neither proof nor log, UsageError, OSError, TypeError.
    """
    data, name = document_of(proof_or_log, "proof or log")
    made, error = ffi.new("char **"), ffi.new("struct attest_error *")
    status = lib.attest_inspect(_options(pcr, events, max_events), ffi.from_buffer(data), len(data), made, error)
    return _told(status, made, error, repr(name) if name else None)


def compare(
    a: Document, b: Document, *, pcr: int | None = None, events: bool = True, max_events: int = 0
) -> dict[str, Any]:
    """Where two proofs or logs differ, as docs/comparison.schema.json; all else as inspect()."""
    first, second = document_of(a, "a"), document_of(b, "b")
    buffers = [word for data, _ in (first, second) for word in (ffi.from_buffer(data), len(data))]
    made, error = ffi.new("char **"), ffi.new("struct attest_error *")
    status = lib.attest_compare(_options(pcr, events, max_events), *buffers, made, error)
    return _told(status, made, error, " and ".join(repr(n) for _, n in (first, second) if n) or None)

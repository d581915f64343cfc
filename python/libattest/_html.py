"""A result as notebooks show it. Every word of a proof is escaped; nothing is loaded from anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .result import Finding, Result

COLOURS = {"verified": "#1a7f37", "refused": "#cf222e", "inconclusive": "#9a6700"}
MARKS = {"passed": "✓", "failed": "✗"}
CELL = "text-align:left;vertical-align:top;padding:2px 12px 2px 0"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join(f"<tr>{''.join(f'<td style={CELL!r}>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th style={CELL!r}>{cell}</th>' for cell in head)}</tr>{body}</table>"


def _details(title: str, n: int, table: str) -> str:
    return f"<details><summary>{n} {title}</summary>{table}</details>" if n else ""


def _code(value: str | None) -> str:
    return "" if value is None else f"<code>{escape(value)}</code>"


def _finding(finding: Finding) -> Sequence[str]:
    kind = "<b>error</b>" if finding.is_error else "note"
    place = f"{escape(finding.where)}: " if finding.where else ""
    pairs = (("expected", finding.expected), ("found", finding.found), ("next:", finding.hint))
    more = "".join(f"<br>{name} {escape(value)}" for name, value in pairs if value)
    return kind, finding.step, f"{place}{escape(finding.message)}{more}"


def page(result: Result) -> str:
    """HTML without scripts, styles or links of its own."""
    title = f"{result.verdict.upper()} {escape(result.name or '')}"
    steps = [(MARKS.get(status, ""), step, status) for step, status in result.steps.items()]
    proven = ("claimed", "proven")
    return "".join(
        [
            f'<div><p style="font-weight:bold;color:{COLOURS[result.verdict]}">{title}</p>',
            _table(("", "step", ""), steps),
            _table(("", "step", "finding"), map(_finding, result.findings)) if result.findings else "",
            f"<p>Attested TLS key {_code(result.pin)}</p>" if result.pin else "",
            _details(
                "statements about the software",
                len(result.software),
                _table(
                    ("what", "", "PCR", ""),
                    ((_code(s.what), escape(s.value), str(s.pcr), proven[s.proven]) for s in result.software),
                ),
            ),
            _details(
                "PCR values",
                len(result.pcrs),
                _table(
                    ("bank", "PCR", "value", ""),
                    ((f"{p.bank:#06x}", str(p.index), _code(p.value.hex()), p.state) for p in result.pcrs),
                ),
            ),
            _details(
                "events",
                len(result.events),
                _table(
                    ("PCR", "type", "text", ""),
                    ((str(e.pcr), escape(e.type or ""), _code(e.text), proven[e.proven]) for e in result.events),
                ),
            ),
            "</div>",
        ]
    )

"""Where the tests' helpers lie, and the line that tests/run adds up."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts = {word: len(terminalreporter.stats.get(word, ())) for word in ("passed", "failed", "error", "skipped")}
    line = f"{counts['passed']} passed, {counts['failed'] + counts['error']} failed"
    terminalreporter.write_line(line + (f", {counts['skipped']} skipped" if counts["skipped"] else ""))

"""Where the helpers lie, the machine that most tests of sessions speak to, and the line that tests/run adds up."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from net_server import Server

    from hostile_servers import Lab

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    from hostile_servers import Lab

    made = Lab(tmp_path_factory.mktemp("lab"))
    with made.servers:
        yield made


@pytest.fixture
def server(lab: Lab) -> Iterator[Server]:
    """The genuine one, until a test turns it into something else."""
    made = lab.server()
    yield made
    made.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts = {word: len(terminalreporter.stats.get(word, ())) for word in ("passed", "failed", "error", "skipped")}
    line = f"{counts['passed']} passed, {counts['failed'] + counts['error']} failed"
    terminalreporter.write_line(line + (f", {counts['skipped']} skipped" if counts["skipped"] else ""))

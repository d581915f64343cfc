"""The package and include/attest.h say the same."""

from __future__ import annotations

import dataclasses
import re
import typing
from pathlib import Path
from typing import Any

import libattest
import pytest
from libattest._native import ffi, lib
from libattest.errors import CATEGORIES
from libattest.result import Step, StepStatus, Verdict

WORDS = re.compile(r"\blib\.(attest_\w+)")
PACKAGE = Path(libattest.__file__).parent
STRUCTS = {
    "attest_finding": libattest.Finding,
    "attest_pcr": libattest.Pcr,
    "attest_event": libattest.Event,
    "attest_software": libattest.Software,
    "attest_link": libattest.Link,
    "attest_facts": libattest.Facts,
}


def constants(prefix: str) -> dict[str, int]:
    return {name: getattr(lib, name) for name in dir(lib) if name.startswith(prefix)}


@pytest.mark.parametrize("struct", STRUCTS)
def test_every_member_is_carried(struct: str) -> None:
    members = {name for name, _ in ffi.typeof(f"struct {struct}").fields}
    if struct == "attest_pcr":
        members.remove("size")  # bytes know their length
    assert members == {field.name for field in dataclasses.fields(STRUCTS[struct])}


def named(values: Any, name: Any) -> set[str]:
    return {ffi.string(name(value)).decode() for value in values}


def test_steps_statuses_and_verdicts_have_their_names() -> None:
    assert named(range(lib.ATTEST_N_STEPS), lib.attest_step_name) == set(typing.get_args(Step))
    statuses = ffi.typeof("attest_step_status").elements
    assert named(statuses, lib.attest_step_status_name) == set(typing.get_args(StepStatus))
    assert named(ffi.typeof("attest_verdict").elements, lib.attest_verdict_name) == set(typing.get_args(Verdict))


def test_every_category_has_its_class() -> None:
    categories = [value for value in ffi.typeof("attest_category").elements if value != lib.ATTEST_CATEGORY_NONE]
    assert named(categories, lib.attest_category_name) == set(CATEGORIES)


def test_every_status_raises_a_class_of_its_own_category() -> None:
    statuses = constants("ATTEST_E_")
    assert len(statuses) > 40
    for name, value in statuses.items():
        kind = libattest._c.class_of(value)
        category = ffi.string(lib.attest_category_name(value // 100)).decode()
        assert kind is (libattest.Inconclusive if name == "ATTEST_E_INCONCLUSIVE" else CATEGORIES[category])


def test_statuses_that_are_not_known_yet_are_errors() -> None:
    assert libattest._c.class_of(9999) is libattest.InternalError


def test_every_function_is_used_or_known_not_to_be() -> None:
    """A function that is added to the header is offered in Python, or named here."""
    used = {word for path in PACKAGE.glob("*.py") for word in WORDS.findall(path.read_text())}
    within = {"attest_result_free"}  # native_build.py's attest_result_release() calls it
    assert set(dir(lib)) - used - set(constants("ATTEST_")) == within

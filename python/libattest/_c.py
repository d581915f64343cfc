"""The few steps between C's answers and Python's: text, errors, and who frees what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from ._input import c_string, c_text
from ._native import ffi, lib
from .errors import CATEGORIES, AttestationError, Inconclusive, InternalError, InvalidPolicy, UsageError

if TYPE_CHECKING:
    from .result import Result


def text(pointer: Any) -> str | None:
    """A string of C, or None for NULL."""
    return None if pointer == ffi.NULL else ffi.string(pointer).decode("utf-8", "backslashreplace")


def known(pointer: Any) -> str:
    """A string of C that is never NULL."""
    found: str = ffi.string(pointer).decode("utf-8", "backslashreplace")
    return found


def taken(pointer: Any) -> str:
    """A string that C made for us."""
    try:
        return known(pointer)
    finally:
        lib.attest_string_free(pointer)


def class_of(status: int) -> type[AttestationError]:
    if status == lib.ATTEST_E_INCONCLUSIVE:
        return Inconclusive
    return CATEGORIES.get(known(lib.attest_category_name(lib.attest_status_category(status))), InternalError)


def fail(status: int, error: Any, subject: str | None, kind: type[AttestationError] | None = None) -> NoReturn:
    """Raise what C says in a struct attest_error about an argument or file."""
    if status == lib.ATTEST_E_NO_MEMORY:
        raise MemoryError("libattest: an allocation failed; nothing was decided")
    name = known(lib.attest_status_name(status))
    raise (kind or class_of(status))(
        text(error.message) or name,
        status=name,
        subject=subject,
        where=text(error.where) or None,
        expected=text(error.expected) or None,
        found=text(error.found) or None,
        clause=text(error.clause),
    )


def refuse(status: int, result: Result) -> NoReturn:
    """Raise what a result that is not verified says first."""
    told = (f for f in result.findings if f.is_error or result.verdict == "inconclusive")
    first = next((f for f in told if f.status == result.status), None)
    if first is None:
        raise class_of(status)(f"the proof is {result.verdict}", status=result.status, result=result)
    raise class_of(status)(
        first.message,
        status=result.status,
        step=first.step,
        result=result,
        where=first.where,
        expected=first.expected,
        found=first.found,
        clause=first.clause,
        hint=first.hint,
    )


def new_verifier() -> Any:
    made = ffi.new("attest_verifier **")
    if lib.attest_verifier_new(made) != lib.ATTEST_OK:
        raise MemoryError("libattest: no memory for a verifier")
    return ffi.gc(made[0], lib.attest_verifier_free)


def _called(what: str, name: str | None) -> str:
    return what if name is None else f"{what} {name!r}"


def add_policy(verifier: Any, data: bytes, name: str | None) -> None:
    error = ffi.new("struct attest_error *")
    status = lib.attest_verifier_add_policy(verifier, ffi.from_buffer(data), len(data), c_string(name), error)
    if status != lib.ATTEST_OK:
        fail(status, error, _called("policy", name), InvalidPolicy)


def demand_signed(verifier: Any, key: bytes, name: str | None) -> None:
    error = ffi.new("struct attest_error *")
    status = lib.attest_verifier_demand_signed(verifier, ffi.from_buffer(key), len(key), error)
    if status != lib.ATTEST_OK:
        fail(status, error, _called("policy key", name), UsageError)


def add_roots(verifier: Any, data: bytes, name: str | None, purpose: str | None) -> None:
    error = ffi.new("struct attest_error *")
    wanted = ffi.NULL if purpose is None else c_text(purpose, "root_purpose")
    status = lib.attest_verifier_add_roots(verifier, ffi.from_buffer(data), len(data), wanted, error)
    if status != lib.ATTEST_OK:
        fail(status, error, _called("roots", name), UsageError)


def add_reference(verifier: Any, data: bytes, name: str | None) -> None:
    error = ffi.new("struct attest_error *")
    status = lib.attest_verifier_add_reference(verifier, ffi.from_buffer(data), len(data), c_string(name), error)
    if status != lib.ATTEST_OK:
        fail(status, error, _called("reference", name), UsageError)

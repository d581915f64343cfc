"""What callers may give, turned into what C takes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from math import floor
from typing import Any, BinaryIO, NamedTuple

from ._native import ffi, lib
from .errors import UsageError


class Named(NamedTuple):
    """Bytes, and what messages call them."""

    data: bytes
    name: str | None


Data = str | os.PathLike[str] | os.PathLike[bytes] | bytes | bytearray | memoryview | Named
"""Bytes, or where to read them: a path, or a str, which is JSON or PEM text if it begins so and else a path."""
Document = Data | Mapping[str, Any]
"""The same, or the JSON object itself."""
Nonce = bytes | bytearray | memoryview | str
"""Bytes, or hex."""
Time = datetime | int | str
"""An aware datetime; seconds since 1970-01-01T00:00:00Z; or text as attest_time_parse() takes it."""

# One byte more than the library takes, so that it says itself what is too long.
MOST = (384 << 20) + 1


def at_most(file: BinaryIO, most: int) -> bytes:
    """file.read(most), which would ask for that much memory whatever the file's size."""
    found = bytearray()
    while chunk := file.read(min(1 << 16, most - len(found))):
        found += chunk
    return bytes(found)


def _read(path: str | os.PathLike[str] | os.PathLike[bytes], what: str) -> Named:
    name = os.fsdecode(path)
    if "\0" in name:
        raise UsageError("a path holds no NUL", status="ATTEST_E_USAGE", subject=what, found=repr(name))
    try:
        with open(name, "rb") as file:
            return Named(at_most(file, MOST), name)
    except UnicodeEncodeError as error:
        raise _no_unicode(error, what) from None
    except OSError:
        if "\n" not in name and len(name) <= 4096:
            raise
        found = f"{name[:40]!r}…"
    expected = "a path, or text that begins with { or -----BEGIN"
    raise UsageError("neither text nor a path", status="ATTEST_E_USAGE", subject=what, expected=expected, found=found)


def _no_unicode(error: UnicodeEncodeError, what: str) -> UsageError:
    return UsageError(f"this text is not Unicode: {error}", status="ATTEST_E_USAGE", subject=what)


def exact(value: bytes | bytearray | memoryview) -> bytes:
    """What lies there now: neither another thread, nor a subclass that lies about its length, can change it."""
    return value if type(value) is bytes else bytes(memoryview(value))


def flag(value: bool, what: str) -> bool:
    """ "no" and 0.5 would each be taken for something that they do not say."""
    if not isinstance(value, bool):
        raise TypeError(f"{what}: True or False was expected, not {value!r:.40}")
    return value


def _is_text(text: str) -> bool:
    return text.lstrip(" \t\r\n").startswith(("{", "[", "-----BEGIN "))


def data_of(value: Data, what: str) -> Named:
    """The bytes of an argument, which errors call `what`. OSError if a file cannot be read."""
    if isinstance(value, Named):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Named(exact(value), None)
    if isinstance(value, str) and _is_text(value):
        try:
            return Named(str.encode(value), None)
        except UnicodeEncodeError as error:
            raise _no_unicode(error, what) from None
    if isinstance(value, (str, os.PathLike)):
        return _read(value, what)
    raise TypeError(f"{what}: a path, bytes or str was expected, not {type(value).__name__}")


def document_of(value: Document, what: str) -> Named:
    """As data_of(); a mapping becomes its JSON text."""
    if not isinstance(value, Mapping):
        try:
            return data_of(value, what)
        except TypeError:
            raise TypeError(f"{what}: a path, bytes, str or dict was expected, not {type(value).__name__}") from None
    try:
        return Named(json.dumps(dict(value), allow_nan=False).encode(), None)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"this dict is no JSON: {error}", status="ATTEST_E_USAGE", subject=what) from None


def each(value: Any) -> Iterable[Any]:
    """One, several or none."""
    if value is None:
        return ()
    return value if isinstance(value, (list, tuple)) and not isinstance(value, Named) else (value,)


def c_string(name: str | None) -> Any:
    """What messages call something. C escapes what is no UTF-8, which a path may hold."""
    if name is None:
        return ffi.NULL
    if not isinstance(name, str):
        raise TypeError(f"name: a str was expected, not {type(name).__name__}")
    try:
        return ffi.new("char[]", name.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return ffi.new("char[]", name.encode("utf-8", "backslashreplace"))


def c_text(text: str, what: str) -> Any:
    """An argument whose every character counts."""
    if not isinstance(text, str):
        raise TypeError(f"{what}: a str was expected, not {type(text).__name__}")
    if not text.isascii() or "\0" in text:
        raise UsageError("ASCII without NUL was expected", status="ATTEST_E_USAGE", subject=what, found=repr(text))
    return ffi.new("char[]", text.encode())


def seconds_of(at: Time | None) -> int:
    """Seconds since 1970-01-01T00:00:00Z; None is now."""
    if at is None:
        return int(time.time())
    if isinstance(at, datetime):
        if at.utcoffset() is None:
            raise UsageError(
                "this datetime has no time zone",
                status="ATTEST_E_USAGE",
                subject="at",
                hint="datetime.now(timezone.utc)",
            )
        return floor(at.timestamp())
    if isinstance(at, int) and not isinstance(at, bool):
        if not -(2**63) < at < 2**63:  # the least is ATTEST_TIME_UNSET
            raise UsageError(
                "seconds since 1970 in 64 bits were expected", status="ATTEST_E_USAGE", subject="at", found=str(at)
            )
        return at
    if not isinstance(at, str):
        raise TypeError(f"at: a datetime, int or str was expected, not {type(at).__name__}")
    seconds = ffi.new("int64_t *")
    if lib.attest_time_parse(c_text(at, "at"), seconds) != lib.ATTEST_OK:
        raise UsageError(
            "RFC 3339 such as 2026-11-20T10:15:00Z, a date, or seconds since 1970 were expected",
            status="ATTEST_E_USAGE",
            subject="at",
            found=repr(at),
        )
    return int(seconds[0])


def nonce_of(nonce: Nonce | None) -> bytes | None:
    """1 to 64 bytes; hex is decoded."""
    if nonce is None:
        return None
    if isinstance(nonce, str):
        try:
            if not nonce.isalnum():
                raise ValueError
            found = bytes.fromhex(nonce)
        except ValueError:
            raise UsageError("hex was expected", status="ATTEST_E_USAGE", subject="nonce", found=repr(nonce)) from None
    elif isinstance(nonce, (bytes, bytearray, memoryview)):
        found = exact(nonce)
    else:
        raise TypeError(f"nonce: bytes, or hex as str, was expected, not {type(nonce).__name__}")
    if not 1 <= len(found) <= 64:
        raise UsageError(
            "1 to 64 bytes were expected", status="ATTEST_E_USAGE", subject="nonce", found=f"{len(found)} bytes"
        )
    return found

"""Check what a machine claims about itself, before data goes there.

verify() decides a proof; Session, httpx_client and their like speak only to the key that a server's proof attests.
The C library libattest decides; this package carries its answers. docs/python.md is a tour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._c import known
from ._native import lib
from .errors import (
    AttestationError,
    BadSignature,
    ChannelMismatch,
    FetchError,
    Inconclusive,
    InternalError,
    InvalidPolicy,
    LogMismatch,
    MalformedProof,
    PolicyMismatch,
    StaleProof,
    UntrustedChain,
    UsageError,
)
from .inspection import compare, inspect
from .policy import Fault, Policy, Trial
from .result import Event, Facts, Finding, Link, Pcr, Result, Software
from .verifier import Parts, Root, Verifier, pin_of, verify

if TYPE_CHECKING:
    from ._aiohttp import aiohttp_connector
    from ._httpx import httpx_async_client, httpx_client
    from ._requests import Session
    from ._urllib import urllib_opener
    from .downloads import Downloads
    from .server import AttestedServer, fetch, ssl_context

__version__: str = known(lib.attest_version())

# Looked for when first used: most need a library that is an extra, and who only verifies files needs none.
_LATER = {
    "AttestedServer": "server",
    "Downloads": "downloads",
    "fetch": "server",
    "ssl_context": "server",
    "Session": "_requests",
    "httpx_client": "_httpx",
    "httpx_async_client": "_httpx",
    "aiohttp_connector": "_aiohttp",
    "urllib_opener": "_urllib",
    "aicert": "aicert",
    "blindllama": "blindllama",
}
# By the module that is missing without it.
_EXTRAS = {"requests": "requests", "httpx": "httpx", "anyio": "httpx", "aiohttp": "aiohttp", "yarl": "aiohttp"}

__all__ = [
    "AttestationError",
    "AttestedServer",
    "BadSignature",
    "ChannelMismatch",
    "Downloads",
    "Event",
    "Facts",
    "Fault",
    "FetchError",
    "Finding",
    "Inconclusive",
    "InternalError",
    "InvalidPolicy",
    "Link",
    "LogMismatch",
    "MalformedProof",
    "Parts",
    "Pcr",
    "Policy",
    "PolicyMismatch",
    "Result",
    "Root",
    "Session",
    "Software",
    "StaleProof",
    "Trial",
    "UntrustedChain",
    "UsageError",
    "Verifier",
    "aiohttp_connector",
    "compare",
    "fetch",
    "httpx_async_client",
    "httpx_client",
    "inspect",
    "pin_of",
    "ssl_context",
    "urllib_opener",
    "verify",
]


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        module = import_module(f".{_LATER[name]}", __name__)
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get(error.name or "")
        if extra is None:
            raise
        hint = f"libattest.{name} needs {error.name}: pip install 'libattest[{extra}]'"
        raise ModuleNotFoundError(hint, name=error.name) from None
    found: object = module if name == _LATER[name] else getattr(module, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

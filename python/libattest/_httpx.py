"""Attested clients for httpx, and so for openai and whatever else takes an httpx client."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import anyio.to_thread
import httpx

from ._fetch import usage
from ._tls import PinnedContext
from .server import AttestedServer, ServerOptions, send_attested, send_attested_async, server_of

# The options of AttestedServer, but for `timeout`, which is httpx's here.
_SERVER_OPTIONS = frozenset(ServerOptions.__annotations__) - {"timeout"}
# Those of httpx's options that choose whom to trust, or would go past the transport: only their defaults are taken.
_FIXED = {
    "verify": True,
    "cert": None,
    "transport": None,
    "mounts": None,
    "proxies": None,  # mounts, before httpx 0.28
    "http2": False,
    "trust_env": False,
}


def _taken(url: str | AttestedServer, options: dict[str, Any]) -> tuple[AttestedServer, httpx.Limits, dict[str, Any]]:
    """The server, and what is left of the options for httpx."""
    own = {name: options.pop(name) for name in _SERVER_OPTIONS if name in options}
    for name, default in _FIXED.items():
        if options.pop(name, default) is not default:
            raise usage(name, "this client trusts the attested key alone, over HTTP/1.1: leave the option out")
    server = server_of(url, own)  # type: ignore[arg-type]
    options.setdefault("base_url", str(server.origin))
    return (
        server,
        options.pop("limits", None) or httpx.Limits(max_connections=100, max_keepalive_connections=20),
        options,
    )


def _check(server: AttestedServer, request: httpx.Request) -> None:
    url = request.url
    server.origin.check(url.scheme, url.raw_host.decode("ascii"), url.port, url)
    if server.proxy is not None and "target" in request.extensions:
        raise usage("extensions", "httpcore would show the target to the proxy: put it into the URL", "target")


class _Transport(httpx.BaseTransport):
    def __init__(self, server: AttestedServer, limits: httpx.Limits) -> None:
        context = PinnedContext(server, asks=False)
        self._server = server
        self._inner = httpx.HTTPTransport(verify=context, trust_env=False, limits=limits, proxy=server.proxy)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        _check(self._server, request)
        return send_attested(self._server, partial(self._inner.handle_request, request))

    def close(self) -> None:
        self._inner.close()


class _AsyncTransport(httpx.AsyncBaseTransport):
    def __init__(self, server: AttestedServer, limits: httpx.Limits) -> None:
        context = PinnedContext(server, asks=False)
        self._server = server
        self._inner = httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits, proxy=server.proxy)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        _check(self._server, request)
        return await send_attested_async(self._server, partial(self._inner.handle_async_request, request), _in_thread)

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _in_thread(ask: Callable[[], None]) -> None:
    # Who cancels does not wait for the server; the thread ends by its own timeout.
    await anyio.to_thread.run_sync(ask, abandon_on_cancel=True)


def httpx_client(url: str | AttestedServer, **options: Any) -> httpx.Client:
    """An httpx.Client that speaks to one attested server, and sends no request to anybody else.

    url: of the server, or an AttestedServer. options: those of AttestedServer, but that `timeout` is httpx's, and those
    of httpx.Client except verify, cert, transport, mounts, proxies, http2 and trust_env=True. base_url is the server's
    origin unless given. Requests and redirects to another origin are refused (ChannelMismatch); the environment counts
    for nothing.

    Where httpx would raise ConnectError because of the key, AttestationError is raised. Raises UsageError.
    """
    server, limits, rest = _taken(url, options)
    return httpx.Client(transport=_Transport(server, limits), trust_env=False, **rest)


def httpx_async_client(url: str | AttestedServer, **options: Any) -> httpx.AsyncClient:
    """As httpx_client(), for asyncio and trio: an httpx.AsyncClient. Where the server is asked, a thread does it."""
    server, limits, rest = _taken(url, options)
    return httpx.AsyncClient(transport=_AsyncTransport(server, limits), trust_env=False, **rest)

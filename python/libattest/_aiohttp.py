"""Attested connections for aiohttp."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

from ._fetch import usage
from ._tls import KeyRefused, PinnedContext, PinnedObject
from .errors import ChannelMismatch
from .server import AttestedServer, ServerOptions, send_attested_async, server_of

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

_SERVER_OPTIONS = frozenset(ServerOptions.__annotations__)


class _Connector(aiohttp.TCPConnector):
    """Every request gets its connection here, and so does every redirect."""

    def __init__(self, server: AttestedServer, options: dict[str, Any]) -> None:
        super().__init__(ssl=PinnedContext(server, asks=False), **options)
        self._server = server
        self._proxy = URL(server.proxy) if server.proxy else None

    def _check(self, req: ClientRequest) -> None:
        self._server.origin.check(req.url.scheme, req.url.raw_host, req.url.port, req.url)
        if req.ssl is not True and req.ssl is not None:  # None: the default before aiohttp 3.9
            raise usage(
                "ssl", "this connector trusts the attested key alone: leave ssl out of the request", repr(req.ssl)
            )
        if req.proxy is not None and req.proxy != self._proxy:
            raise usage(
                "proxy", "the proxy of a request or of the environment: give it to the connector", str(req.proxy)
            )
        if self._proxy is None:
            return
        known, host = self._server.origin.authority, req.headers.get("Host", "")
        if host.lower() not in (known, known.removesuffix(":443")):
            raise usage("Host", "aiohttp would show this header to the proxy: leave it out", host)
        if req.proxy is None:
            req.update_proxy(self._proxy, None, None)

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout) -> Connection:
        self._check(req)
        connect = partial(self._connect, partial(super().connect, req, traces, timeout))
        try:
            return await send_attested_async(self._server, connect, asyncio.to_thread)
        except KeyRefused as error:
            refusal = error
        # aiohttp would make a ClientOSError of what is an OSError.
        told = {
            name: getattr(refusal, name)
            for name in ("status", "step", "result", "subject", "expected", "found", "hint")
        }
        raise ChannelMismatch(refusal.message, **told) from refusal

    async def _connect(self, connect: Callable[[], Awaitable[Connection]]) -> Connection:
        """A connection whose key is attested now: what was kept may be of an earlier one."""
        try:
            connection = await connect()
        except aiohttp.ClientError as error:
            refusal = _refusal_in(error)
            if refusal is None:
                raise
            raise refusal from refusal.__cause__
        try:
            transport = connection.transport
            tls = transport.get_extra_info("ssl_object") if transport is not None else None
            assert isinstance(tls, PinnedObject)
            tls.require_current()
        except BaseException:
            connection.close()
            raise
        return connection


def _refusal_in(error: BaseException | None) -> KeyRefused | None:
    while error is not None and not isinstance(error, KeyRefused):
        error = error.__cause__
    return error


def aiohttp_connector(url: str | AttestedServer, **options: Any) -> aiohttp.TCPConnector:
    """For aiohttp.ClientSession(connector=…): connections to one attested server, and to nobody else.

    url, options: of AttestedServer, or one; and further options of aiohttp.TCPConnector, but `ssl`. Requests and
    redirects to another origin are refused (ChannelMismatch), and so is a request's own `ssl`. The one proxy is the
    server's. Where the server is asked, a thread does it. Made within a running loop, as aiohttp has it.

    Where aiohttp would raise ClientConnectorError because of the key, AttestationError is raised; a FetchError comes as
    the cause of a ClientOSError. Raises UsageError.
    """
    own: Any = {name: options.pop(name) for name in _SERVER_OPTIONS if name in options}
    if options.pop("ssl", None) is not None:
        raise usage("ssl", "this connector trusts the attested key alone: leave ssl out")
    return _Connector(server_of(url, own), options)

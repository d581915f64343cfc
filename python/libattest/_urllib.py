"""Attested openers for urllib.request."""

from __future__ import annotations

import http.client
from typing import IO, TYPE_CHECKING
from urllib.parse import urljoin
from urllib.request import (
    BaseHandler,
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    Request,
)

from ._tls import PinnedContext
from .errors import ChannelMismatch
from .server import AttestedServer, ServerOptions, send_attested, server_of

if TYPE_CHECKING:
    from urllib.request import _UrlopenRet

    from typing_extensions import Unpack


class _Origin(BaseHandler):
    """Asked first, for every scheme."""

    handler_order = 0

    def __init__(self, server: AttestedServer) -> None:
        self._server = server

    def default_open(self, request: Request) -> None:
        self._server.origin.check_url(request.full_url)


class _Redirects(HTTPRedirectHandler):
    """Some schemes the standard library refuses itself; here every other origin is refused alike, and named."""

    def __init__(self, server: AttestedServer) -> None:
        self._server = server

    def http_error_302(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage
    ) -> _UrlopenRet | None:
        target = headers.get("Location") or headers.get("URI")
        try:
            self._server.origin.check_url(urljoin(req.full_url, target or ""))
        except ChannelMismatch:
            fp.close()
            raise
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class _Https(HTTPSHandler):
    def __init__(self, server: AttestedServer) -> None:
        super().__init__(context=PinnedContext(server, asks=False))
        self._server = server

    def https_open(self, req: Request) -> http.client.HTTPResponse:
        proxy = (self._server.proxy or "").removeprefix("http://")
        if proxy and req.host != proxy:  # a second time it would be asked for in clear
            req.set_proxy(proxy, "http")
        open_https = super().https_open
        return send_attested(self._server, lambda: open_https(req))


def urllib_opener(url: str | AttestedServer, **options: Unpack[ServerOptions]) -> OpenerDirector:
    """An opener for one attested server; requests and redirects to another origin are refused (ChannelMismatch).

    url, options: of AttestedServer, or one. It knows nothing but https: no proxy of the environment, no file:, ftp: or
    data:. Where urllib would raise URLError because of the key, AttestationError is raised. Raises UsageError.
    """
    server = server_of(url, options)
    opener = OpenerDirector()
    for handler in (
        _Origin(server),
        _Https(server),
        _Redirects(server),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener

"""Attested sessions for requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from ._fetch import usage
from ._tls import PinnedContext
from .server import AttestedServer, ServerOptions, send_attested, server_of

if TYPE_CHECKING:
    from typing_extensions import Unpack


class _Adapter(HTTPAdapter):
    """Sends over connections that are held to the attested key, through proxies too."""

    def __init__(self, server: AttestedServer) -> None:
        self._server = server
        # urllib3 looks at names unless it is told not to; the context does where they count.
        self._tls = {"ssl_context": PinnedContext(server, asks=False), "assert_hostname": False}
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **kwargs)
        self._hold(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        self._hold(manager)  # also one that another thread has made and not held yet
        return manager

    def _hold(self, manager: Any) -> None:
        """Whatever requests says of trust: some of its versions bring a context of their own."""
        pools = manager.pool_classes_by_scheme
        if "http" in pools:  # it is not held yet
            manager.pool_classes_by_scheme = {
                "https": lambda host, port, **kwargs: pools["https"](host, port, **{**kwargs, **self._tls})
            }

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """`verify` counts for nothing. Raises AttestationError, and what requests raises."""
        if cert is not None:
            raise usage("cert", "a client certificate would be shown before the server's key is checked: leave it out")
        send = super().send
        return send_attested(
            self._server, lambda: send(request, stream=stream, timeout=timeout, verify=True, cert=None, proxies=proxies)
        )


class Session(requests.Session):
    """A requests.Session that speaks to one attested server, and sends no request to anybody else.

    Whatever `verify` says, a connection has the attested key or is refused. Requests and redirects to another origin
    are refused (ChannelMismatch). The environment does not count: proxies are those of `proxies`, or the server's
    `proxy`. Where requests would raise SSLError because of the key, AttestationError is raised.
    """

    _adapter: _Adapter | None = None

    def __init__(self, url: str | AttestedServer, **options: Unpack[ServerOptions]) -> None:
        """url, options: of AttestedServer, or one. The server is asked with the first request. Raises UsageError."""
        super().__init__()
        self.server = server_of(url, options)
        self._adapter = _Adapter(self.server)
        if self.server.proxy is not None:
            self.proxies["https"] = self.server.proxy

    @property
    def trust_env(self) -> bool:
        """Always False: proxies, CA files and passwords of the environment do not count."""
        return False

    @trust_env.setter
    def trust_env(self, value: bool) -> None:
        if value and self._adapter is not None:
            raise usage("trust_env", "what the environment says does not count here: give proxies to the session")

    def mount(self, prefix: str | bytes, adapter: BaseAdapter) -> None:
        """Refused: another adapter would not look at the server's key."""
        if self._adapter is not None:
            raise usage("mount", "another adapter would not look at the server's key")
        super().mount(prefix, adapter)

    def get_adapter(self, url: str) -> BaseAdapter:
        """The one that is held to the attested key; requests asks for it before each request and redirect."""
        assert self._adapter is not None
        self.server.origin.check_url(url)
        return self._adapter

    def close(self) -> None:
        """Close all connections."""
        super().close()
        if self._adapter is not None:
            self._adapter.close()

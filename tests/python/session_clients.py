"""One face for all the clients that there are sessions for: each sends a request to a URL and returns the answer."""

from __future__ import annotations

import asyncio
import http.client
import select
import ssl
import urllib.request
from collections.abc import Coroutine
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

import aiohttp
import libattest
import openai
from libattest import AttestationError, AttestedServer

T = TypeVar("T")
TIMEOUT = 20


class Client:
    """Given an AttestedServer."""

    name: ClassVar[str]
    follows = True
    """It follows redirects."""
    keeps = True
    """It keeps connections."""
    raises_itself = True
    """It lets our exceptions pass as they are."""

    def __init__(self, server: AttestedServer) -> None:
        self.server = server
        self.start()

    def start(self) -> None:
        raise NotImplementedError

    def ask(self, url: str, body: bytes | None = None) -> bytes:
        raise NotImplementedError

    def careless(self, url: str, body: bytes) -> bytes:
        """The same, by somebody who turns verification off wherever he can."""
        return self.ask(url, body)

    def close(self) -> None:
        pass


def method(body: bytes | None) -> str:
    return "GET" if body is None else "POST"


class Requests(Client):
    name = "requests"

    def start(self) -> None:
        self.session = libattest.Session(self.server)

    def ask(self, url: str, body: bytes | None = None) -> bytes:
        return self.session.request(method(body), url, data=body, timeout=TIMEOUT).content

    def careless(self, url: str, body: bytes) -> bytes:
        self.session.verify = False
        return self.session.post(url, data=body, timeout=TIMEOUT, verify=False).content

    def close(self) -> None:
        self.session.close()


class Httpx(Client):
    name = "httpx"

    def start(self) -> None:
        self.client = libattest.httpx_client(self.server, follow_redirects=True, timeout=TIMEOUT)

    def ask(self, url: str, body: bytes | None = None) -> bytes:
        return self.client.request(method(body), url, content=body).content

    def close(self) -> None:
        self.client.close()


class Urllib(Client):
    name = "urllib"
    keeps = False

    def start(self) -> None:
        self.opener = libattest.urllib_opener(self.server)

    def ask(self, url: str, body: bytes | None = None) -> bytes:
        with self.opener.open(urllib.request.Request(url, body), timeout=TIMEOUT) as answer:
            found: bytes = answer.read()
            return found


class Openai(Client):
    """Its path is always the same."""

    name = "openai"
    raises_itself = False

    def start(self) -> None:
        client: Any = libattest.httpx_client(self.server, follow_redirects=True)  # openai 3 says httpx2, and takes both
        base = f"{self.server.origin}/v1"
        self.client = openai.OpenAI(base_url=base, api_key="x", http_client=client, max_retries=0, timeout=TIMEOUT)

    def ask(self, url: str, body: bytes | None = None) -> bytes:
        message: Any = {"role": "user", "content": (body or b"").decode()}
        made = self.client.with_options(base_url=url.removesuffix("/chat/completions"))
        answer = made.chat.completions.create(model="demo-8b", messages=[message])
        return (answer.choices[0].message.content or "").encode()

    def close(self) -> None:
        self.client.close()


class Looped(Client):
    """Of an event loop, which is kept as long as the client."""

    def start(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.run(self.begin())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        self.loop.run_until_complete(asyncio.sleep(0.01))  # in which it sees that a server has closed a connection
        try:
            return self.loop.run_until_complete(asyncio.wait_for(work, 60))
        finally:
            self.loop.run_until_complete(asyncio.sleep(0.001))  # in which connections that failed are closed

    async def begin(self) -> None:
        raise NotImplementedError

    async def end(self) -> None:
        pass

    async def send(self, url: str, body: bytes | None) -> bytes:
        raise NotImplementedError

    def ask(self, url: str, body: bytes | None = None) -> bytes:
        return self.run(self.send(url, body))

    def close(self) -> None:
        self.run(self.end())
        self.loop.close()


class HttpxAsync(Looped):
    name = "httpx-async"

    async def begin(self) -> None:
        self.client = libattest.httpx_async_client(self.server, follow_redirects=True, timeout=TIMEOUT)

    async def send(self, url: str, body: bytes | None) -> bytes:
        return (await self.client.request(method(body), url, content=body)).content

    async def end(self) -> None:
        await self.client.aclose()


class OpenaiAsync(Looped):
    name = "openai-async"
    raises_itself = False

    async def begin(self) -> None:
        client: Any = libattest.httpx_async_client(self.server, follow_redirects=True)
        base = f"{self.server.origin}/v1"
        self.client = openai.AsyncOpenAI(base_url=base, api_key="x", http_client=client, max_retries=0, timeout=TIMEOUT)

    async def send(self, url: str, body: bytes | None) -> bytes:
        message: Any = {"role": "user", "content": (body or b"").decode()}
        made = self.client.with_options(base_url=url.removesuffix("/chat/completions"))
        answer = await made.chat.completions.create(model="demo-8b", messages=[message])
        return (answer.choices[0].message.content or "").encode()

    async def end(self) -> None:
        await self.client.close()


class Aiohttp(Looped):
    name = "aiohttp"

    async def begin(self) -> None:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        self.session = aiohttp.ClientSession(connector=libattest.aiohttp_connector(self.server), timeout=timeout)

    async def send(self, url: str, body: bytes | None, **options: Any) -> bytes:
        async with self.session.request(method(body), url, data=body, **options) as answer:
            return await answer.read()

    def careless(self, url: str, body: bytes) -> bytes:
        return self.run(self.send(url, body, ssl=False))

    async def end(self) -> None:
        await self.session.close()
        await asyncio.sleep(0.02)  # in which connections are closed


class Bare(Client):
    """http.client with a context: it follows nothing, and knows of no retry."""

    name = "http.client"
    follows = False

    def start(self) -> None:
        self.context = libattest.ssl_context(self.server)
        self.connection: http.client.HTTPSConnection | None = None

    def ask(self, url: str, body: bytes | None = None) -> bytes:
        parts = urlsplit(url)
        if self.connection is not None and self.connection.sock and select.select([self.connection.sock], [], [], 0)[0]:
            self.close()  # the server has closed it
        if self.connection is None:
            host, port = parts.hostname or "", parts.port
            self.connection = http.client.HTTPSConnection(host, port, context=self.context, timeout=TIMEOUT)
        try:
            self.connection.request(method(body), parts.path, body)
            return self.connection.getresponse().read()
        except OSError:
            self.close()
            raise

    def careless(self, url: str, body: bytes) -> bytes:
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        return self.ask(url, body)

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Streams(Looped):
    """asyncio's streams with a context: a connection for each request."""

    name = "asyncio"
    follows = keeps = False

    async def begin(self) -> None:
        self.context = libattest.ssl_context(self.server)

    async def send(self, url: str, body: bytes | None) -> bytes:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=self.context)
        try:
            head = (
                f"{method(body)} {parts.path or '/'} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body or b'')}\r\n\r\n"
            )
            writer.write(head.encode() + (body or b""))
            await writer.drain()
            answer = await reader.readuntil(b"\r\n\r\n")
            lengths = [
                line.split(b":")[1] for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length")
            ]
            return await reader.readexactly(int(lengths[0]))
        finally:
            writer.close()


CLIENTS: tuple[type[Client], ...] = (
    Requests,
    Httpx,
    HttpxAsync,
    Aiohttp,
    Urllib,
    Openai,
    OpenaiAsync,
    Bare,
    Streams,
)


def refusal_of(client: Client, error: BaseException) -> AttestationError:
    """Ours, or what it was made of."""
    ours = isinstance(error, AttestationError) or isinstance(error.__cause__, libattest.FetchError)
    assert ours or not client.raises_itself, repr(error)
    found: BaseException | None = error
    while found is not None and not isinstance(found, AttestationError):
        found = found.__cause__
    assert found is not None, repr(error)
    assert len(str(found)) > 20
    return found

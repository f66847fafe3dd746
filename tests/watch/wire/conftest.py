"""Connections to real and to hostile servers, all closed when the test ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from kvmon.clock import SystemClock
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Credentials, Node, Target, Tls
from kvmon.watch.wire import Connection

PATIENCE = 30.0


def node(
    port: int = 0, *, host: str = "127.0.0.1", path: str = "", credentials: Credentials | None = None, tls: Tls | None = None
) -> Node:
    address = Address(host, port, path)
    return Node(Target("cache", (address,), credentials=credentials or Credentials(), tls=tls), address)


@pytest.fixture
async def connection() -> AsyncIterator[Callable[..., Connection]]:
    """Makes connections from the arguments of `node`, and of Connection (`limit`)."""
    async with AsyncExitStack() as stack:

        def make(port: int = 0, *, limit: int = 16 * 1024 * 1024, **options: object) -> Connection:
            made = Connection(node(port, **options), clock=SystemClock(), limit=limit)  # type: ignore[arg-type]
            stack.push_async_callback(made.close)
            return made

        yield make


Answerer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def hostile() -> AsyncIterator[Callable[[Answerer], Awaitable[int]]]:
    """Starts a server that welcomes the client and then does as it is told; gives its port."""
    async with AsyncExitStack() as stack:

        async def start(answer: Answerer, *, welcome: bool = True) -> int:
            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                stack.callback(writer.transport.abort)  # since Python 3.12 a server's end waits for its connections
                try:
                    if welcome:
                        await reader.readuntil(b"kvmon\r\n")
                        writer.write(b"+OK\r\n")
                    await answer(reader, writer)
                except (OSError, asyncio.IncompleteReadError):
                    pass  # the client left, as it should
                finally:
                    writer.transport.abort()

            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            await stack.enter_async_context(server)
            return int(server.sockets[0].getsockname()[1])

        yield start

"""redis-py's connections, for the socket alone: name, trust and the first words are kvmon's own."""

from __future__ import annotations

import ssl
from asyncio import StreamReader, StreamWriter
from typing import Any

from redis.asyncio.connection import Connection as RedisConnection
from redis.asyncio.connection import UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


class _Streams:
    """What both have: connect once, without redis-py's greeting, and hand over the streams."""

    _reader: StreamReader | None
    _writer: StreamWriter | None

    async def on_connect(self) -> None:
        """Nothing: signing in goes through the bounds that every reply goes through."""

    async def open(self) -> tuple[StreamReader, StreamWriter]:
        """Connect and give the streams away. Raises OSError and ssl.SSLError untouched."""
        await self._connect()  # type: ignore[attr-defined]
        reader, writer = self._reader, self._writer
        self._reader = self._writer = None
        assert reader is not None and writer is not None  # noqa: S101, PT018 - what _connect is for
        return reader, writer


class TcpSocket(_Streams, RedisConnection):
    """To one numeric address; `context` and `server_name` are for TLS."""

    def __init__(self, host: str, port: int, *, timeout: float, context: ssl.SSLContext | None, server_name: str) -> None:
        super().__init__(host=host, port=port, **_options(timeout))
        self._context = context
        self._server_name = server_name

    def _connection_arguments(self) -> dict[str, Any]:
        place: dict[str, Any] = {"host": self.host, "port": self.port}
        return place | {"ssl": self._context, "server_hostname": self._server_name} if self._context else place


class UnixSocket(_Streams, UnixDomainSocketConnection):
    """To a path."""

    def __init__(self, path: str, *, timeout: float) -> None:
        super().__init__(path=path, **_options(timeout))


def _options(timeout: float) -> dict[str, Any]:
    return {
        "protocol": 2, "retry": Retry(NoBackoff(), 0), "driver_info": None,
        "socket_connect_timeout": timeout, "socket_timeout": timeout,
    }  # fmt: skip

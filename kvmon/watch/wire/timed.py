"""A connection whose making is timed step by step."""

from __future__ import annotations

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter

from kvmon.clock import Clock
from kvmon.model.targets.target import Node
from kvmon.watch.wire.connection import Connection
from kvmon.watch.wire.resolve import places
from kvmon.watch.wire.tls import context_of


class TimedConnection(Connection):
    """`steps` are the seconds of those that succeeded: dns, tcp, tls, auth; `step` is the one that it is, or was last, at.

    `expires` is the wall time at which the server's certificate ends; None without TLS, and where nothing is verified.
    """

    def __init__(self, node: Node, *, clock: Clock) -> None:
        super().__init__(node, clock=clock)
        self.steps: dict[str, float] = {}
        self.step = ""
        self.expires: float | None = None
        self._begun = 0.0

    def begin(self, step: str) -> None:
        """The next step begins."""
        self.step, self._begun = step, self._clock.monotonic()

    def end(self) -> None:
        """The step succeeded."""
        self.steps[self.step] = self._clock.monotonic() - self._begun

    async def _open(self, seconds: float) -> tuple[StreamReader, StreamWriter]:
        address = self.node.address
        if address.path:
            self.begin("tcp")
            streams = await super()._open(seconds)
            self.end()
            return streams
        self.begin("dns")
        hosts = await places(self.node)
        self.end()
        failed: OSError | None = None
        for host in hosts:
            self.begin("tcp")
            try:
                reader, writer = await asyncio.open_connection(host, address.port)
            except OSError as error:  # the next address of the name may answer
                failed = error
                continue
            self.end()
            await self._secure(writer)
            return reader, writer
        raise failed or OSError("the name has no address")

    async def _secure(self, writer: StreamWriter) -> None:
        tls = self.node.target.tls
        if tls is None:
            return
        self.begin("tls")
        try:
            await writer.start_tls(context_of(tls), server_hostname=tls.server_name or self.node.address.host)
        except BaseException:
            writer.transport.abort()
            raise
        self.end()
        told = writer.get_extra_info("peercert") or {}
        self.expires = ssl.cert_time_to_seconds(str(told["notAfter"])) if "notAfter" in told else None

    async def _sign_in(self) -> None:
        self.begin("auth")
        await super()._sign_in()
        self.end()

"""One connection to one node: connect, sign in, ask pipelines, count."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Sequence

from hiredis import pack_command

from kvmon.clock import Clock
from kvmon.errors import ConnectionLost, Denied, ProtocolBroken, TargetError
from kvmon.model.conversation import Command, Refusal, Reply
from kvmon.model.targets.target import Node
from kvmon.watch.wire import translate
from kvmon.watch.wire.credentials import CredentialSource, Pair
from kvmon.watch.wire.replies import LIMIT, NEVER, Replies, refusal
from kvmon.watch.wire.resolve import places
from kvmon.watch.wire.sockets import TcpSocket, UnixSocket
from kvmon.watch.wire.tls import context_of

NAME = "kvmon"
"""What CLIENT LIST calls the connection."""

_PIECE = 64 * 1024

_Translation = Callable[[Node, Exception, float], TargetError | None]


class Connection:
    """Persistent, used by one task at a time; whatever goes wrong closes it, and `connect` opens it anew.

    Counters, over all its connections: `connects`, `round_trips`, `bytes_in`, `bytes_out`. `since` is the monotonic time of
    the latest connect.
    """

    def __init__(self, node: Node, *, credentials: CredentialSource | None = None, clock: Clock, limit: int = LIMIT) -> None:
        self.node = node
        self.connects = self.round_trips = self.bytes_in = self.bytes_out = 0
        self.since = 0.0
        self._credentials = credentials or CredentialSource(node.target.credentials)
        self._clock = clock
        self._limit = limit
        self._streams: tuple[StreamReader, StreamWriter] | None = None
        self._came: list[Reply] = []

    @property
    def connected(self) -> bool:
        """Whether it is open as far as is known; a peer that left since is found by the next `ask`."""
        return self._streams is not None

    async def connect(self, timeout: float) -> None:  # noqa: ASYNC109 - a bound of the whole, signing in included
        """Connect and sign in within `timeout` seconds.

        Raises Unreachable, TlsFailed, Denied, or what `ask` raises where the server falls silent while signing in.
        """
        self._drop()
        translated = translate.connecting
        try:
            async with asyncio.timeout(timeout):
                self._streams = await self._open(timeout)
                translated = translate.asking
                self.connects += 1
                self.since = self._clock.monotonic()
                await self._sign_in()
        except BaseException as error:
            self._fail(error, translated, timeout)
            raise

    async def ask(
        self, commands: Sequence[Command], timeout: float, *, least: int = NEVER,  # noqa: ASYNC109 - a bound of the whole
    ) -> list[Reply]:  # fmt: skip
        """The replies to a pipeline within `timeout` seconds, a Refusal in place of each error reply.

        Raises Timeout, ConnectionLost or ProtocolBroken, and is closed then, as it is when cancelled; Denied where a new token
        is not accepted. Once the time is over `least` replies will do, though it is closed.
        """
        renewed: Pair | None = None
        self._came = []
        try:
            async with asyncio.timeout(timeout):
                self._check_silence()
                renewed = self._credentials.renewed()
                return await (self._exchange(commands) if renewed is None else self._exchange_as(renewed, commands))
        except BaseException as error:
            if isinstance(error, TimeoutError) and renewed is None and len(self._came) >= least:
                self._drop()
                return self._came
            self._fail(error, translate.asking, timeout)
            raise

    async def idle(self, seconds: float) -> None:
        """Wait so many seconds, or less where the peer closes meanwhile or speaks unasked: it is closed then."""
        if self._streams is None:
            await asyncio.sleep(seconds)
            return
        try:
            async with asyncio.timeout(seconds):
                await self._streams[0].read(1)
        except TimeoutError:
            # The network's own word for a connection that is gone is the same as that of our deadline.
            if self._streams[0].exception() is None:
                return
        except OSError:
            pass
        self._drop()

    async def hear(self, seconds: float) -> bytes:
        """What the server says unasked, as it comes; nothing after so many seconds. Raises ConnectionLost, and is closed then."""
        if self._streams is None:
            raise ConnectionLost("closed", f"{self.node}: not connected")
        try:
            async with asyncio.timeout(seconds):
                data = await self._streams[0].read(_PIECE)
        except TimeoutError as error:
            if self._streams[0].exception() is None:
                return b""
            self._fail(error, translate.asking, seconds)
            raise
        except BaseException as error:
            self._fail(error, translate.asking, seconds)
            raise
        if not data:
            self._drop()
            raise ConnectionLost("closed", f"{self.node}: the server closed the connection")
        self.bytes_in += len(data)
        return data

    def say(self, command: Command) -> None:
        """Send a command without waiting for its reply: `hear` gives it."""
        if self._streams is not None:
            self._streams[1].write(pack_command(command))  # type: ignore[arg-type] # its stub wants floats too

    def drop(self) -> None:
        """Close at once, without a goodbye; may be called more than once."""
        self._drop()

    async def close(self) -> None:
        """Say goodbye; may be called more than once."""
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].close()
            # Within bounds: a peer that hangs does not take part in the end of a TLS connection.
            with contextlib.suppress(OSError):
                async with asyncio.timeout(1.0):
                    await streams[1].wait_closed()
            streams[1].transport.abort()

    async def _open(self, seconds: float) -> tuple[StreamReader, StreamWriter]:
        address, tls = self.node.address, self.node.target.tls
        if address.path:
            return await UnixSocket(address.path, timeout=seconds).open()
        context = context_of(tls) if tls else None
        name = (tls.server_name if tls else None) or address.host
        failed: OSError | None = None
        for host in await places(self.node):
            socket = TcpSocket(host, address.port, timeout=seconds, context=context, server_name=name)
            try:
                return await socket.open()
            except OSError as error:  # the next address of the name may answer
                failed = error
        raise failed or OSError("the name has no address")

    async def _sign_in(self) -> None:
        for again in (False, True):
            username, password = await self._credentials.pair()
            auth = [_auth(username, password)] if password is not None else []
            # The name is a courtesy to whoever reads CLIENT LIST: a refusal of it is no failure.
            replies = await self._exchange([*auth, ("CLIENT", "SETNAME", NAME)])
            first = replies[0]
            if not isinstance(first, Refusal):
                return
            denied = translate.refused(first)
            if denied is not None:
                raise denied
            if not auth:
                return
            if again or not await self._credentials.refresh():
                raise _not_accepted(username, first)

    async def _exchange_as(self, renewed: Pair, commands: Sequence[Command]) -> list[Reply]:
        """Sign in once more in the same pipeline: it costs no round trip."""
        username, password = renewed
        first, *replies = await self._exchange([_auth(username, password or ""), *commands])
        if isinstance(first, Refusal):
            raise _not_accepted(username, first)
        return replies

    async def _exchange(self, commands: Sequence[Command]) -> list[Reply]:
        if self._streams is None:
            raise ConnectionLost("closed", "not connected")
        reader, writer = self._streams
        collected = Replies(len(commands), self._limit)
        self._came = collected.replies
        if not commands:
            return collected.replies
        packed = b"".join([pack_command(command) for command in commands])  # type: ignore[arg-type] # its stub wants floats too
        writer.write(packed)
        self.bytes_out += len(packed)
        self.round_trips += 1
        if len(packed) > _PIECE:
            await writer.drain()
        try:
            while data := await reader.read(_PIECE):
                self.bytes_in += len(data)
                if collected.feed(data):
                    return collected.replies
        except BaseException:
            collected.forget()
            raise
        # A server that has no place for a client says so and leaves, without reading a question.
        first = collected.replies[0] if collected.replies else None
        parting = translate.refused(first) if isinstance(first, Refusal) else None
        raise parting or ConnectionLost("closed", "the server closed the connection")

    def _check_silence(self) -> None:
        """Bytes that nobody asked for would be taken for the first answer, and every answer for that of its neighbour."""
        if self._unread():
            raise self._parting() or ProtocolBroken("protocol", "bytes came that nobody asked for")

    def _unread(self) -> bytes:
        # asyncio has no public way to look at what came without waiting.
        return bytes(self._streams[0]._buffer[:4096]) if self._streams else b""  # type: ignore[attr-defined]  # noqa: SLF001

    def _parting(self) -> Denied | None:
        """Why the server closed, where its last words say so."""
        words = self._unread()
        if not words.startswith(b"-"):
            return None
        return translate.refused(refusal(words[1:].partition(b"\r")[0].decode(errors="replace")))

    def _fail(self, error: BaseException, translated: _Translation, seconds: float) -> None:
        """Close, and raise the TargetError of an error that has one."""
        # A reset overtakes the server's last words: they lie unread where reading raised.
        parting = self._parting() if isinstance(error, ConnectionError) else None
        self._drop()
        if isinstance(error, Exception):
            told = translated(self.node, parting or error, seconds)
            if told is not None:
                raise told from error

    def _drop(self) -> None:
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].transport.abort()


def _auth(username: str | None, password: str) -> Command:
    # The environment gives bytes that are not UTF-8 as surrogates: send what the environment had.
    return "AUTH", *(word.encode(errors="surrogateescape") for word in (username, password) if word is not None)


def _not_accepted(username: str | None, refusal: Refusal) -> Denied:
    """Without the server's words: they are not known to be free of the password."""
    who = f"user {username}" if username else "the default user"
    return Denied("auth", f"the server does not accept the password of {who} ({refusal.code}): check both")

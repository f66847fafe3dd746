"""What the poller needs of a connection, and how it is kept: opened when needed, once more when the server let it idle out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from kvmon.clock import Clock
from kvmon.errors import ConnectionLost, TargetError, Timeout
from kvmon.model.conversation import Command, Refusal, Reply
from kvmon.model.targets.target import Node
from kvmon.watch.derive import NOTHING, OwnTraffic


class Link(Protocol):
    """A connection: `watch.wire`'s, or a simulated one. Counters are over its whole life."""

    connects: int
    round_trips: int
    bytes_in: int
    bytes_out: int

    @property
    def connected(self) -> bool:
        """Whether it is open, as far as is known."""

    async def connect(self, timeout: float) -> None:  # noqa: ASYNC109 - the wire keeps deadlines
        """Connect and sign in within `timeout` seconds. Raises TargetError."""

    async def ask(self, commands: Sequence[Command], timeout: float) -> list[Reply]:  # noqa: ASYNC109 - as above
        """The replies to a pipeline. Raises TargetError, and is closed then."""

    async def close(self) -> None:
        """Close; may be called more than once."""


class Line:
    """One node's link with a deadline, and the count of what kvmon itself did on it.

    `reads` gives the hits and misses of probes, which go other ways. `fresh` says that nothing was asked yet on this connection,
    `connect_time` how many seconds the last connect took.
    """

    __slots__ = (
        "_clock",
        "_commands",
        "_deadline",
        "_errors",
        "_link",
        "_node",
        "_noted",
        "_reads",
        "_received",
        "connect_time",
        "fresh",
    )

    def __init__(self, node: Node, link: Link, clock: Clock, *, reads: Callable[[], tuple[int, int]] = lambda: (0, 0)) -> None:
        self._reads = reads
        self._node = node
        self._link = link
        self._clock = clock
        self._deadline = 0.0
        self._commands = 0
        self._errors = 0
        self._noted = NOTHING
        self._received = 0
        self.connect_time = 0.0
        self.fresh = True

    @property
    def connected(self) -> bool:
        """Whether it is open, as far as is known."""
        return self._link.connected

    @property
    def round_trips(self) -> int:
        """Pipelines asked over the whole life, signing in included."""
        return self._link.round_trips

    def note(self) -> None:
        """INFO is about to be asked: remember what was done until now."""
        link = self._link
        hits, misses = self._reads()
        self._noted = OwnTraffic(self._commands, 0, link.bytes_in, link.connects, self._errors, hits, misses)
        self._received = -1

    @property
    def noted(self) -> OwnTraffic:
        """What kvmon had done when the server wrote INFO, by the server's count."""
        return self._noted._replace(received=max(0, self._received))

    def begin(self, deadline: float) -> None:
        """Whatever follows ends at this monotonic time."""
        self._deadline = deadline

    async def open(self) -> None:
        """Connect unless connected. Raises TargetError."""
        if self._link.connected:
            return
        began = self._clock.monotonic()
        await self._link.connect(self._left(began))
        self.connect_time = self._clock.monotonic() - began
        self.fresh = True
        # Signing in: SETNAME, and AUTH where there is a password.
        credentials = self._node.target.credentials
        self._commands += 1 + credentials.secret

    async def ask(self, commands: Sequence[Command]) -> list[Reply]:
        """The replies, within the deadline. Raises TargetError."""
        self.fresh = False
        replies = await self._link.ask(commands, self._left(self._clock.monotonic()))
        self._commands += len(commands)
        if self._received < 0:
            # The server has read a pipeline whole before it answers the first command in it.
            self._received = self._link.bytes_out
        for reply in replies:
            if type(reply) is Refusal:
                self._errors += 1
        return replies

    async def drop(self) -> None:
        """Close; the next `open` connects anew."""
        await self._link.close()

    def _left(self, now: float) -> float:
        left = self._deadline - now
        if left <= 0.0:
            raise Timeout("timeout", f"{self._node}: the poll took longer than {self._node.target.timeout:g} s")
        return left


def let_idle_out(error: TargetError, *, reused: bool) -> bool:
    """Whether the server (or something between) closed a connection that lay idle: no outage, and worth a fresh one at once."""
    return reused and isinstance(error, ConnectionLost)

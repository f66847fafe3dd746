"""A pass on a real connection: step by step, with rests, and with what to do when a step fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from kvmon.clock import Clock
from kvmon.errors import ProtocolBroken
from kvmon.model.conversation import Command, Refusal, Reply
from kvmon.watch.scans.pacing import COUNT, Budget, Way, fitting
from kvmon.watch.scans.passing import SIZES, Pass, Steps

T = TypeVar("T")

READS = frozenset({"TYPE", "PTTL", *SIZES.values(), "STRLEN", "GETRANGE", "PFCOUNT", "XINFO", "XPENDING"})
"""Commands after which `keyspace_hits` or `keyspace_misses` is one more."""

HELD = 1.0
"""Seconds between looks whether a server that was left alone has recovered."""


class Link(Protocol):
    """A connection: `watch.wire`'s, or a simulated one."""

    @property
    def connected(self) -> bool:
        """Whether it is open, as far as is known."""

    async def connect(self, timeout: float) -> None:  # noqa: ASYNC109 - the wire keeps deadlines
        """Connect and sign in within `timeout` seconds. Raises TargetError."""

    async def ask(self, commands: Sequence[Command], timeout: float) -> list[Reply]:  # noqa: ASYNC109 - as above
        """The replies to a pipeline. Raises TargetError, and is closed then."""


@dataclass(slots=True)
class Spent:
    """What a scan has cost a server so far: commands, seconds of its time at most, and keys read, by whether they were there."""

    commands: int = 0
    seconds: float = 0.0
    hits: int = 0
    misses: int = 0

    def count(self, commands: Sequence[Command], replies: Sequence[Reply]) -> None:
        """What the server counts as reads of keys: kvmon's own have no part in its hit ratio."""
        self.commands += len(commands)
        for command, reply in zip(commands, replies, strict=True):
            if command[0] in READS and not isinstance(reply, Refusal):
                found = reply not in (None, 0, -2, b"none")
                self.hits += found
                self.misses += not found


class Walker:
    """Asks one node within a budget.

    `held` tells why the server is to be left alone now, empty where it is not; `greeting` is said on each new connection. `spent`
    goes on counting, `busy` is how long the last batch kept the server, in seconds.
    """

    def __init__(  # noqa: PLR0913 - what is made elsewhere is handed in, by name
        self,
        link: Link,
        budget: Budget,
        *,
        clock: Clock,
        timeout: float,
        greeting: Sequence[Command] = (),
        held: Callable[[], str] = lambda: "",
        spent: Spent | None = None,
    ) -> None:
        self.spent = spent or Spent()
        self.holding = ""
        self._link = link
        self._budget = budget
        self._clock = clock
        self._timeout = timeout
        self._greeting = greeting
        self._held = held
        self._way = Way()
        self.busy = 0.0
        self._elsewhere = False

    async def walk(self, scan: Pass, stepped: Callable[[], None] = lambda: None) -> None:
        """Go on with a pass until it is done. Raises TargetError, Unsupported or Malformed; it may be gone on with after that."""
        while not scan.done:
            steps = scan.steps()
            try:
                await self._steps(scan, steps, stepped)
            except ProtocolBroken as error:
                # Names may be as large as values: fewer of them at a time.
                if error.reason != "too_large" or scan.count == 1:
                    raise
                scan.count = max(1, scan.count // 16)
            finally:
                steps.close()

    async def _steps(self, scan: Pass, steps: Steps, stepped: Callable[[], None]) -> None:
        if self._elsewhere and self._link.connected:
            await self._link.ask([("SELECT", 0)], self._timeout)
        await self._ready()
        batch = next(steps)
        while True:
            replies = await self.ask(batch)
            if batch[0][0] == "SCAN":
                scan.count = fitting(scan.count, self.busy, COUNT)
            try:
                batch = steps.send(replies)
            except StopIteration:
                return
            finally:
                stepped()

    async def talk(self, conversation: Generator[Sequence[Command], Sequence[Reply], T]) -> T:
        """What a conversation comes to. Raises TargetError, and what the conversation raises."""
        try:
            batch = next(conversation)
            while True:
                batch = conversation.send(await self.ask(batch))
        except StopIteration as end:
            found: T = end.value
            return found
        finally:
            conversation.close()

    async def ask(self, commands: Sequence[Command]) -> list[Reply]:
        """The replies, and then a rest. Raises TargetError."""
        while reason := self._held():
            self.holding = reason
            await asyncio.sleep(HELD)
        self.holding = ""
        await self._ready()
        began = self._clock.monotonic()
        replies = await self._link.ask(commands, self._timeout)
        self._elsewhere |= commands[0][0] == "SELECT"
        took = self._clock.monotonic() - began
        self.busy = max(0.0, took - self._way.seconds)
        self.spent.count(commands, replies)
        self.spent.seconds += self.busy
        await asyncio.sleep(self._budget.rest(len(commands), took, self._way.seconds))
        return replies

    async def _ready(self) -> None:
        """Connected, and the way to the server measured."""
        if self._link.connected:
            return
        await self._link.connect(self._timeout)
        self._elsewhere = False
        if self._greeting:
            await self._link.ask(self._greeting, self._timeout)
        for _ in range(3):
            began = self._clock.monotonic()
            await self._link.ask([("PING",)], self._timeout)
            self._way.seen(self._clock.monotonic() - began)

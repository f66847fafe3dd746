"""A pass on a real connection: step by step, with rests, and with what to do when a step fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kvmon.clock import Clock
from kvmon.errors import ProtocolBroken
from kvmon.model.conversation import Command, Reply
from kvmon.watch.scans.pacing import Budget, Way, fitting
from kvmon.watch.scans.passing import COUNT, Pass, Steps

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
    """What a scan has cost a server so far: commands, and seconds of its time at most."""

    commands: int = 0
    seconds: float = 0.0


class Walker:
    """Asks one node within a budget. `held` tells why the server is to be left alone now, empty where it is not."""

    def __init__(  # noqa: PLR0913 - what is made elsewhere is handed in, by name
        self,
        link: Link,
        budget: Budget,
        *,
        clock: Clock,
        timeout: float,
        readonly: bool = False,
        held: Callable[[], str] = lambda: "",
    ) -> None:
        self.spent = Spent()
        self.holding = ""
        self._link = link
        self._budget = budget
        self._clock = clock
        self._timeout = timeout
        self._readonly = readonly
        self._held = held
        self._way = Way()
        self._busy = 0.0
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
                scan.count = fitting(scan.count, self._busy, COUNT)
            try:
                batch = steps.send(replies)
            except StopIteration:
                return
            finally:
                stepped()

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
        self._busy = max(0.0, took - self._way.seconds)
        self.spent.commands += len(commands)
        self.spent.seconds += self._busy
        await asyncio.sleep(self._budget.rest(len(commands), took, self._way.seconds))
        return replies

    async def _ready(self) -> None:
        """Connected, and the way to the server measured."""
        if self._link.connected:
            return
        await self._link.connect(self._timeout)
        self._elsewhere = False
        if self._readonly:
            await self._link.ask([("READONLY",)], self._timeout)
        for _ in range(3):
            began = self._clock.monotonic()
            await self._link.ask([("PING",)], self._timeout)
            self._way.seen(self._clock.monotonic() - began)

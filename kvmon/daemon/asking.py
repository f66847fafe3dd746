"""Asking the nodes of a target about all of its nodes: now and then, one at a time, over a connection that is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog

from kvmon.clock import Clock
from kvmon.daemon.maps import Map
from kvmon.errors import ConnectionLost, TargetError
from kvmon.model.conversation import Malformed, Unsupported
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node
from kvmon.watch.wire import Connection

log = structlog.get_logger("kvmon")

EVERY = 10.0
"""Seconds between questions."""

SOON = 1.0
"""Seconds until the next question when one failed, or a node failed or changed its role."""

REFUSED = 60.0
"""Seconds until a question that was refused is asked again."""


PART = 6
"""The others are asked what they think in so many rounds, each in one of them."""

MOST = 10
"""Others that are asked in one round at most."""


class Asking:
    """Gives a map its answers. `took` is called with what was announced.

    `due` is when to ask next, `answered` when there was an answer last, in monotonic seconds.
    """

    def __init__(self, chart: Map, took: Callable[[Sequence[Address]], None], *, target: str, clock: Clock) -> None:
        self.map = chart
        self.due = clock.monotonic()
        self.answered = 0.0
        self._took = took
        self._target = target
        self._clock = clock
        self._line: Connection | None = None
        self._preferred: Address | None = None
        self._task: asyncio.Task[None] | None = None
        self._turn = 0
        self._told = ""

    @property
    def next(self) -> float | None:
        """When to call `start`; None while an answer is awaited."""
        return self.due if self._task is None else None

    def hasten(self, seconds: float) -> None:
        """Ask within so many seconds."""
        self.due = min(self.due, self._clock.monotonic() + seconds)

    def start(self, group: asyncio.TaskGroup, nodes: Sequence[Node], done: Callable[[], None]) -> None:
        """Ask one of these; `done` is called when that has ended, well or not."""
        self.due = self._clock.monotonic() + EVERY
        if not nodes:
            return
        # The one that answered last is asked first, as long as it is up.
        node = next((node for node in nodes if node.address == self._preferred), nodes[0])
        task = self._task = group.create_task(self._ask(node, nodes))

        def ended(_: asyncio.Task[None]) -> None:
            if self._task is task:
                self._task = None
            done()

        task.add_done_callback(ended)

    def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
        self._leave()

    async def _ask(self, node: Node, nodes: Sequence[Node]) -> None:
        try:
            memory = await self._answer(node)
        except TargetError as error:
            # The next one up is asked soon; whether this one is down is for its polls to say.
            self._preferred = next((other.address for other in nodes if other != node), None)
            self.hasten(SOON)
            self._tell(f"{node}: {error}")
        except (Unsupported, Malformed) as error:
            self._leave()
            self._preferred = next((other.address for other in nodes if other != node), None)
            self.due = self._clock.monotonic() + REFUSED
            self._tell(str(error))
        else:
            self._preferred, self._told = node.address, ""
            now = self.answered = self._clock.monotonic()
            self._took(self.map.take(memory, node.address, now))
            await self._compare([other for other in nodes if other != node])

    async def _answer(self, node: Node) -> Any:
        line = self._line
        if line is None or line.node != node:
            self._leave()
            line = self._line = Connection(node, clock=self._clock)
        if not line.connected:
            return await self._converse(line)
        try:
            return await self._converse(line)
        except ConnectionLost:  # it lay idle for too long, or the server was restarted
            return await self._converse(line)

    async def _converse(self, line: Connection) -> Any:
        timeout = line.node.target.timeout
        if not line.connected:
            await line.connect(timeout)
        talk = self.map.ask()
        batch = next(talk)
        while True:
            replies = await line.ask(batch, timeout)
            try:
                batch = talk.send(replies)
            except StopIteration as end:
                return end.value.memory

    async def _compare(self, others: Sequence[Node]) -> None:
        """Ask some of the others what they think, those first who think otherwise."""
        suspects = self.map.suspects
        if suspects is None:
            return
        chosen = [node for node in others if node.address in suspects]
        rest = [node for node in others if node.address not in suspects]
        for _ in range(min(len(rest), MOST, -(-len(others) // PART))):
            self._turn += 1
            chosen.append(rest[self._turn % len(rest)])
        for node in chosen[:MOST]:
            line = Connection(node, clock=self._clock)
            # Whether it is down, and what it refuses, is for its polls to say.
            with suppress(TargetError, Unsupported, Malformed):
                try:
                    self.map.compare(await self._converse(line), node.address)
                finally:
                    line.drop()

    def _leave(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.drop()

    def _tell(self, why: str) -> None:
        if why != self._told:
            self._told = why
            log.warning(
                "a target's nodes could not be asked for the others", target=self._target, topology=self.map.kind, why=why
            )

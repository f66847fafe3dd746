"""Maintenance that providers announce: heard on a channel, logged, counted, and kept as events."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import NoReturn

import structlog

from kvmon.clock import Clock
from kvmon.errors import TargetError
from kvmon.journal.store import Journal
from kvmon.model.metrics.catalogue import maintenance as rows
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.target import Node, Target
from kvmon.watch.topology.azure_events import CHANNEL, Maintenance, read
from kvmon.watch.wire.subscription import messages

log = structlog.get_logger("kvmon")

AGAIN, MOST = 1.0, 300.0
"""Seconds between tries to listen: the first, and the most."""

NOW = ("NodeMaintenanceStarting", "NodeMaintenanceStart")
LONGEST = 900.0
"""Seconds after which maintenance whose end nobody told is taken to be over."""

OVER = ("NodeMaintenanceEnded", "NodeMaintenanceFailoverComplete", "NodeMaintenanceScaleComplete")


class MaintenanceLoop:
    """Listens for every target whose provider announces maintenance. `expect` is told of a target for how long; 0: it is over."""

    def __init__(
        self, targets: Sequence[Target], *, journal: Journal, clock: Clock, expect: Callable[[str, float], None] = lambda *_: None
    ) -> None:
        self._expect = expect
        self._journal = journal
        self._clock = clock
        self._counts: Counter[tuple[str, str]] = Counter()
        self._starts: dict[str, float] = {}
        self._listening: set[str] = set()
        self._targets: list[Target] = []
        self._changed = asyncio.Event()
        self.take(targets)

    def take(self, targets: Sequence[Target]) -> None:
        """Listen for these from now on."""
        wanted = [target for target in targets if target.provider.announces and not target.bare]
        if wanted != self._targets:
            self._targets = wanted
            self._changed.set()

    def own_samples(self) -> list[Sample]:
        """What was announced."""
        names = [target.name for target in self._targets]
        return [
            *(Sample(rows.EVENTS, count, key) for key, count in self._counts.items() if key[0] in names),
            *(Sample(rows.STARTS, at, (name,)) for name, at in self._starts.items() if name in names),
            *(Sample(rows.LISTENING, name in self._listening, (name,)) for name in names),
        ]

    async def run(self) -> NoReturn:
        """Listen until cancelled."""
        while True:
            self._changed.clear()
            async with asyncio.TaskGroup() as group:
                ears = [group.create_task(self._listen(target.nodes[0])) for target in self._targets]
                await self._changed.wait()
                for ear in ears:
                    ear.cancel()

    async def _listen(self, node: Node) -> NoReturn:
        name, pause, told = node.target.name, AGAIN, ""
        while True:
            begun = self._clock.monotonic()
            try:
                self._listening.add(name)
                async for message in messages(node, CHANNEL, clock=self._clock):
                    announced = read(message)
                    if announced is not None:
                        await self._take(name, announced)
            except TargetError as error:
                # Whether the server is down is for its polls to say; that nobody may listen is not.
                if error.reason == "noperm" and told != error.reason:
                    log.warning("announcements of maintenance cannot be heard", target=name, error=str(error))
                    told = error.reason
            finally:
                self._listening.discard(name)
            pause = AGAIN if self._clock.monotonic() - begun > pause else min(MOST, pause * 2)
            await asyncio.sleep(pause)

    async def _take(self, name: str, announced: Maintenance) -> None:
        self._counts[name, announced.kind] += 1
        if announced.kind in NOW:
            self._expect(name, LONGEST)
        if announced.kind in OVER:
            self._expect(name, 0.0)
            self._starts.pop(name, None)
        elif announced.starts is not None:
            self._starts[name] = announced.starts
        log.warning("the provider announces maintenance", target=name, **asdict(announced))
        text = f"{announced.kind} on {'a replica' if announced.replica else 'a primary'} of {name}"
        row = (self._clock.time(), "maintenance", name, announced.node, announced.kind, text, json.dumps(asdict(announced)))

        def work(connection: sqlite3.Connection) -> None:
            query = "INSERT INTO events (at, kind, target, node, subject, text, data) VALUES (?, ?, ?, ?, ?, ?, ?)"
            connection.execute(query, row)

        await self._journal.commit(work)

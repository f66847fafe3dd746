"""Following targets: from the configured nodes to all of theirs, while these come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NoReturn

from kvmon.clock import Clock
from kvmon.daemon.followed import Followed
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.target import Node, Target
from kvmon.tell.server.view import Topology

TOGETHER = 0.05
"""Seconds that a change waits for others: all nodes are gone through for each."""


class Following:
    """Knows the nodes of every target. `changed` is called when a target has others than before."""

    def __init__(self, *, clock: Clock, changed: Callable[[], None]) -> None:
        self._clock = clock
        self._changed = changed
        self._by_name: dict[str, Followed] = {}
        self._awake = asyncio.Event()

    def take(self, targets: Sequence[Target]) -> None:
        """Follow these from now on; a target at the same addresses keeps the nodes that were found."""
        before = self._by_name
        every = {address: target.name for target in targets for address in target.addresses}
        self._by_name = {}
        for target in targets:
            if target.topology == "standalone" or target.bare:
                continue
            known = before.pop(target.name, None)
            if known is None or not known.retake(target, every):
                if known is not None:
                    known.stop()
                known = Followed(target, every, clock=self._clock)
            self._by_name[target.name] = known
        for known in before.values():
            known.stop()
        self._awake.set()

    def seen(self, snapshot: Snapshot) -> None:
        """A node was polled."""
        known = self._by_name.get(snapshot.node.target.name)
        if known is not None and known.seen(snapshot):
            self._awake.set()

    def nodes(self, target: Target) -> Sequence[Node]:
        """The target's nodes, configured and found."""
        known = self._by_name.get(target.name)
        return target.nodes if known is None else known.nodes

    def topology(self, target: Target) -> Topology:
        """How they belong together."""
        known = self._by_name.get(target.name)
        return Topology("standalone") if known is None else known.topology()

    def samples(self) -> list[Sample]:
        """What the clusters among them come to."""
        return [sample for known in self._by_name.values() for sample in known.samples()]

    async def run(self) -> NoReturn:
        """Ask clusters for their nodes, forget who is gone, tell of changes; until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._rest()):
                            await self._awake.wait()
                    await asyncio.sleep(TOGETHER)
                    self._awake.clear()
                    self._look(group)
        finally:
            for known in self._by_name.values():
                known.stop()

    def _rest(self) -> float | None:
        """Seconds until something is due; None for as long as nothing is known to come."""
        times = [time for known in self._by_name.values() if (time := known.next) is not None]
        return max(0.0, min(times) - self._clock.monotonic()) if times else None

    def _look(self, group: asyncio.TaskGroup) -> None:
        changed = False
        for known in self._by_name.values():
            if known.plain:
                continue
            changed |= known.settle()
            known.start(group, self._awake.set)
        if changed:
            self._changed()

"""Goes through every shard of a target at once, with a bar for whoever watches."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from kvmon.cli.bars import LOOK, bars
from kvmon.clock import SystemClock
from kvmon.daemon.scan_places import Place, scan_places
from kvmon.daemon.surroundings import every_node
from kvmon.diagnose.keys import Shard
from kvmon.diagnose.once import poll_once
from kvmon.errors import TargetError
from kvmon.model.conversation import Malformed, Unsupported
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.target import Node, Target
from kvmon.watch.collectors import Collectors
from kvmon.watch.scans.pacing import Budget
from kvmon.watch.scans.passing import Pass
from kvmon.watch.scans.rules import Rule
from kvmon.watch.scans.walking import Walker
from kvmon.watch.wire import Connection

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

TRIES = 5
"""How often a pass is gone on with after a lost connection."""


class Walk:
    """`shards` fills while it runs, and is whole or in part what was found; `missing` are shards without a node to ask."""

    def __init__(self, target: Target, collectors: Collectors, rules: Sequence[Rule], *, budget: Budget, top: int) -> None:
        self.shards: list[Shard] = []
        self.missing: list[str] = []
        self._target = target
        self._collectors = collectors
        self._rules = rules
        self._budget = budget
        self._top = top
        self._clock = SystemClock()

    async def run(self, *, bar: bool) -> None:
        """Find the nodes, and go through one of each shard."""
        found: dict[tuple[str, str], Snapshot] = {}
        nodes: list[Node] = []

        async def look(node: Node) -> Snapshot:
            nodes.append(node)
            found[node.key] = snapshot = await poll_once(node, self._collectors)
            return snapshot

        topology = await every_node(self._target, look, clock=self._clock)
        places = scan_places(self._target, nodes, topology, found.get)
        self.missing += [place.shard or str(self._target.name) for place in places if place.node is None]
        with bars(partial(_move, self.shards), wanted=bar):
            await asyncio.gather(*(self._go(place, place.node) for place in places if place.node is not None))

    async def _go(self, place: Place, node: Node) -> None:
        shard = Shard(place.shard, node.instance, Pass(self._rules, top=self._top))
        self.shards.append(shard)
        link = Connection(node, clock=self._clock)
        walker = Walker(
            link,
            self._budget,
            clock=self._clock,
            timeout=max(5.0, node.target.timeout),
            greeting=[("READONLY",)] if place.readonly else [],
        )
        shard.spent = walker.spent
        try:
            for left in reversed(range(TRIES)):
                try:
                    await walker.walk(shard.scan)
                except TargetError as error:
                    if not left:
                        shard.failure = str(error)
                    await asyncio.sleep(min(1.0, 0.1 * (TRIES - left)))
                else:
                    return
        except (Unsupported, Malformed) as error:
            shard.failure = str(error)
        finally:
            await link.close()


async def _move(shards: Sequence[Shard], progress: Progress) -> None:
    began = monotonic()
    tasks: dict[str, TaskID] = {}
    while True:
        for shard in shards:
            scan = shard.scan
            task = tasks.get(shard.instance)
            if task is None:
                task = tasks[shard.instance] = progress.add_task(shard.instance, total=None, rate="")
            rate = scan.met / max(0.001, monotonic() - began)
            commands = shard.spent.commands / max(0.001, monotonic() - began)
            progress.update(
                task,
                total=scan.expected or None,
                completed=min(scan.met, scan.expected),
                rate=f"{rate:,.0f} keys/s, {commands:,.0f} ops/s",
            )
        await asyncio.sleep(LOOK)

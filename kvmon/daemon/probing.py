"""The probe loop: one task for each probed node, quicker while something is in doubt; what it finds goes to the breakers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, NoReturn

import structlog

from kvmon.clock import Clock
from kvmon.daemon.roundsman import phase
from kvmon.judge.breakers.board import BreakerBoard
from kvmon.judge.breakers.breaker import Breaker, State
from kvmon.model.evidence import OPS, Op, Verdicts
from kvmon.model.metrics.catalogue import probes as rows
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.target import Node, Probe
from kvmon.tell.server.feed import Feed
from kvmon.watch.probes import HotProbe

LEASE = 10.0
"""Seconds without evidence after which nothing is known, unless probes come more rarely."""

BURST = 0.02
"""Seconds between the probes of a burst."""

log = structlog.get_logger("kvmon")

Key = tuple[str, str]


class ProbeLoop:
    """Probes nodes and keeps their breakers; `feed` is told of every change."""

    def __init__(self, *, clock: Clock, feed: Feed) -> None:
        self._clock = clock
        self._board = BreakerBoard(clock=clock, epoch=feed.boot, told=feed)
        self._probes: dict[Key, HotProbe] = {}
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[Any]] = set()
        self._broken: asyncio.Future[BaseException] | None = None

    def apply(self, nodes: Iterable[Node]) -> None:
        """Probe these from now on. A node that is the same as before keeps its connection and its breakers."""
        wanted = {node.key: node for node in nodes if node.target.probe is not None}
        for key, probe in list(self._probes.items()):
            if wanted.get(key) != probe.node:
                del self._probes[key]
                task = self._tasks.pop(key, None)
                if task is not None:
                    task.cancel()
                    self._ending.add(task)
                    task.add_done_callback(self._ending.discard)
                for op in OPS:
                    self._board.forget((probe.node.target.name, op, shard_of(probe.node)))
        for key, node in wanted.items():
            options = node.target.probe
            if key in self._probes or options is None:
                continue
            self._probes[key] = HotProbe(node, options, clock=self._clock)
            for op, every in _rhythm(options):
                self._board.add((node.target.name, op, shard_of(node)), stale_after=max(LEASE, 3 * every))
            self._start(key)

    def verdicts(self) -> Verdicts:
        """All verdicts now."""
        return self._board.verdicts()

    def reads(self, key: Key) -> tuple[int, int]:
        """The hits and misses that probes of the node caused so far."""
        probe = self._probes.get(key)
        return (probe.tally.hits, probe.tally.misses) if probe is not None else (0, 0)

    def own_samples(self) -> list[Sample]:
        """What the probes found and the breakers conclude."""
        found = [sample for probe in self._probes.values() for sample in probe.tally.samples()]
        for verdict in self._board.verdicts().all:
            labels = (verdict.target, verdict.op, verdict.shard)
            found += [Sample(rows.BREAKER_STATE, float(state == verdict.state), (*labels, state.value)) for state in State]
            found.append(Sample(rows.PERMIT_RATIO, verdict.permit_ratio, labels))
            found.append(Sample(rows.TRANSITIONS, verdict.generation, labels))
        return found

    async def run(self) -> NoReturn:
        """Probe until cancelled. A bug, wherever it happens in a probe, comes out here."""
        self._broken = asyncio.get_running_loop().create_future()
        for key in self._probes:
            self._start(key)
        try:
            raise await self._broken
        finally:
            tasks = [*self._tasks.values(), *self._ending]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._tasks.clear()

    def _start(self, key: Key) -> None:
        if self._broken is not None and key not in self._tasks:
            task = self._tasks[key] = asyncio.get_running_loop().create_task(self._watch(self._probes[key]))
            task.add_done_callback(self._check)

    def _check(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and self._broken is not None and not self._broken.done():
            self._broken.set_result(error)

    async def _watch(self, probe: HotProbe) -> None:
        options = probe.options
        try:
            # Not all at once: a phase of its own for each node, which a restart does not change.
            await asyncio.sleep(min(options.interval, 1.0) * phase(probe.node.key) / 2)
            while True:
                begun = self._clock.monotonic()
                breakers = self._breakers(probe.node)
                # Where anything is in doubt, both ops are tried.
                doubt = any(breaker.state is not State.CLOSED or breaker.suspect for breaker in breakers)
                await self._round(probe, write=doubt or probe.due(begun))
                await probe.idle(self._pause(probe, begun))
        finally:
            await probe.close()

    async def _round(self, probe: HotProbe, *, write: bool) -> None:
        node = probe.node
        for evidence in await probe.probe(write=write):
            if probe.role == "replica" and len(node.target.addresses) > 1 and evidence.op == "write":
                continue  # another node takes the writes
            changed = self._board.take(evidence, shard_of(node))
            if changed is not None:
                _tell(node, evidence.op, *changed)

    def _pause(self, probe: HotProbe, begun: float) -> float:
        now = self._clock.monotonic()
        breakers = self._breakers(probe.node)
        if any(breaker.suspect for breaker in breakers):
            return BURST
        paces = [pace for breaker in breakers if (pace := breaker.pace(now)) is not None]
        return max(BURST, begun + min([probe.options.interval, *paces]) - now)

    def _breakers(self, node: Node) -> list[Breaker]:
        found = (self._board.breaker((node.target.name, op, shard_of(node))) for op in OPS)
        return [breaker for breaker in found if breaker is not None]


def shard_of(node: Node) -> str:
    """The name of the node's breakers: empty where the target is one node, else the instance."""
    return node.instance if len(node.target.addresses) > 1 else ""


def _rhythm(options: Probe) -> list[tuple[Op, float]]:
    """The ops that are tried, and how many seconds lie between tries."""
    write: list[tuple[Op, float]] = [] if options.write_every is None else [("write", options.write_every)]
    return [("read", options.interval + options.timeout), *write]


def _tell(node: Node, op: Op, before: Breaker, after: Breaker) -> None:
    log.warning(
        "a breaker changed", target=node.target.name, op=op, shard=shard_of(node), before=before.state.value,
        after=after.state.value, reason=after.reason_class, generation=after.generation,
    )  # fmt: skip

"""The probe loop: one task for each probed node, quicker while something is in doubt; what it finds goes to the breakers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, NoReturn

import structlog

from kvmon.clock import Clock
from kvmon.daemon.breaker_journal import BreakerJournal
from kvmon.daemon.breaker_samples import samples_of
from kvmon.daemon.distrust import Distrust
from kvmon.daemon.incidents import Incidents
from kvmon.daemon.roundsman import phase
from kvmon.daemon.seats import Seat, host_of
from kvmon.daemon.shards import Shards
from kvmon.daemon.transitions import Transitions
from kvmon.journal.store import Journal
from kvmon.judge.breakers.breaker import FAST_PACE, State
from kvmon.judge.breakers.entry import Key as BreakerKey
from kvmon.model.evidence import Evidence, Override, Report, Verdict, Verdicts
from kvmon.model.metrics.catalogue.probes import LAG
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.address import Address
from kvmon.tell.server.feed import Feed
from kvmon.watch.probes import ColdProbe, HotProbe, Ledger, new_token

BURST = 0.02
"""Seconds between the probes of a burst."""

CONNECTING = 50
"""Fresh connections at the same time."""

log = structlog.get_logger("kvmon")

Key = tuple[str, str]


class ProbeLoop:
    """Probes nodes and keeps the breakers of their shards; `feed` is told of every change."""

    def __init__(self, *, clock: Clock, feed: Feed, journal: Journal, incidents: Incidents) -> None:
        self._incidents = incidents
        self._clock = clock
        self._journal = BreakerJournal(journal, clock=clock)
        self._distrust = Distrust(clock=clock)
        self._shards = Shards(clock=clock, epoch=feed.boot, told=Transitions(feed, self._happened), tilt=self._distrust.tilt)
        self._token, self._ledger = new_token(), Ledger()
        self._seats: dict[Key, Seat] = {}
        self._probes: dict[Key, HotProbe] = {}
        self._colds: dict[Key, ColdProbe] = {}
        self._gate = asyncio.Semaphore(CONNECTING)
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[Any]] = set()
        self._broken: asyncio.Future[BaseException] | None = None

    def apply(self, seats: Iterable[Seat], control: Address | None = None) -> None:
        """Probe these from now on. A node that is the same as before keeps its connection, a shard its breakers.

        `control` is tried where many fail at once.
        """
        wanted = {seat.node.key: seat for seat in seats}
        self._distrust.take(control, len({host_of(seat.node) for seat in wanted.values()}))
        for key, seat in list(self._seats.items()):
            if wanted.get(key) != seat:
                self._shards.leave(seat)
            if key not in wanted or wanted[key].node != seat.node:
                self._end(key)
        for target in {key[0] for key in self._seats} - {key[0] for key in wanted}:
            self._ledger.forget(target)
        self._seats = wanted
        self._shards.apply(wanted.values())
        for key, seat in wanted.items():
            options = seat.node.target.probe
            if key not in self._probes and options is not None:
                probe = self._probes[key] = HotProbe(
                    seat.node, options, clock=self._clock, token=self._token, ledger=self._ledger
                )
                self._colds[key] = ColdProbe(seat.node, options, probe.tally, clock=self._clock, phase=phase(key))
                self._start(key)

    def verdicts(self, reporter: str = "") -> Verdicts:
        """All verdicts now, as this reporter should have them."""
        return self._shards.verdicts(reporter)

    def reads(self, key: Key) -> tuple[int, int]:
        """The hits and misses that probes of the node caused so far."""
        probe = self._probes.get(key)
        return (probe.tally.hits, probe.tally.misses) if probe is not None else (0, 0)

    def lag(self, key: Key) -> float | None:
        """Seconds that a replica is behind, by its canary; None where it is not known."""
        probe = self._probes.get(key)
        return probe.lag if probe is not None else None

    def expect(self, target: str, seconds: float) -> None:
        """Maintenance of the target was announced, for so long; 0: it is over."""
        self._shards.expect(target, seconds)

    def steps(self, key: Key) -> dict[str, tuple[float, int]]:
        """Seconds and number of the tries of each step so far."""
        probe = self._probes.get(key)
        return probe.tally.steps() if probe is not None else {}

    def report(self, report: Report) -> int:
        """Take what an application saw; how many calls were of breakers that there are."""
        known, alarmed = self._shards.hear(report)
        for key, seat in self._seats.items():
            if (seat.node.target.name, seat.shard) in alarmed:
                self._probes[key].wake()
        return known

    async def override(self, key: BreakerKey, override: Override | None) -> bool:
        """Let a person decide, or the breaker again (None); False where there is no such breaker or decision."""
        if override is not None:
            if not any(self._is_for(key, verdict) for verdict in self.verdicts().all):
                return False
            self._shards.overrides.put(key, override)
        elif self._shards.overrides.drop(key) is None:
            return False
        self._shards.settle()
        await self._journal.keep(key, override)
        return True

    def own_samples(self) -> list[Sample]:
        """What the probes found and the breakers conclude."""
        found = [sample for probe in self._probes.values() for sample in probe.tally.samples()]
        found += [Sample(LAG, probe.lag, key) for key, probe in self._probes.items() if probe.lag is not None]
        found += [sample for cold in self._colds.values() for sample in cold.samples()]
        found += self._distrust.samples()
        return found + samples_of(self._shards.verdicts())

    async def run(self) -> NoReturn:
        """Probe until cancelled. A bug, wherever it happens in a probe, comes out here."""
        self._broken = asyncio.get_running_loop().create_future()
        for named, override in await self._journal.kept():
            self._shards.overrides.put(named, override)
        for named, backoff in await self._journal.backoffs():
            self._shards.resume(named, backoff)
        for watcher in (self._distrust.watch(), self._distrust.ask()):
            self._spawn(watcher)
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

    def _happened(self, verdict: Verdict, before: str) -> None:
        if self._broken is None:
            return
        self._spawn(self._journal.event(verdict, before, self._shards.backoff((verdict.target, verdict.op, verdict.shard))))
        if verdict.state == "open" and before != "half_open":
            place = (verdict.target, verdict.shard)
            nodes = [seat.node for seat in self._seats.values() if (seat.node.target.name, seat.shard) == place]
            self._spawn(self._incidents.take(verdict, nodes))

    @staticmethod
    def _is_for(key: BreakerKey, verdict: Verdict) -> bool:
        return (verdict.target, verdict.op) == key[:2] and key[2] in ("", verdict.shard)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        task.add_done_callback(self._check)

    def _start(self, key: Key) -> None:
        if self._broken is not None and key not in self._tasks:
            task = self._tasks[key] = asyncio.get_running_loop().create_task(self._watch(self._probes[key]))
            task.add_done_callback(self._check)

    def _end(self, key: Key) -> None:
        self._probes.pop(key, None)
        self._colds.pop(key, None)
        task = self._tasks.pop(key, None)
        if task is not None:
            task.cancel()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    def _check(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and self._broken is not None and not self._broken.done():
            self._broken.set_result(error)

    async def _watch(self, probe: HotProbe) -> None:
        key, options = probe.node.key, probe.options
        try:
            # Not all at once: a phase of its own for each node, which a restart does not change.
            await asyncio.sleep(min(options.interval, 1.0) * phase(key) / 2)
            while True:
                begun = self._clock.monotonic()
                breakers = self._shards.breakers(self._seats[key])
                # Where anything is in doubt, both ops are tried, and a replica may have become the primary.
                doubt = any(breaker.doubtful for breaker in breakers)
                write = doubt or probe.due(begun) or any(breaker.state is State.UNKNOWN for breaker in breakers)
                found = await probe.probe(write=write, doubt=doubt)
                self._connect_anew(key, begun, failed=not all(evidence.ok for evidence in found))
                seat = self._seats[key]
                if [evidence for evidence in found if self._shards.take(seat, evidence, probe.role)]:
                    self._wake(seat)
                await probe.idle(self._pause(seat, probe, begun, found))
        finally:
            await probe.close()

    def _connect_anew(self, key: Key, now: float, *, failed: bool) -> None:
        cold = self._colds[key]
        if failed and (cold.latest is None or cold.latest.ok):
            cold.hasten(now)
        if cold.due(now):
            self._spawn(self._cold(cold))

    async def _cold(self, cold: ColdProbe) -> None:
        before = cold.latest
        async with self._gate:
            found = await cold.probe()
        if not found.ok and (before is None or before.ok):
            log.warning("a new connection fails", node=str(cold.node), step=found.step, reason=found.outcome, why=found.why)
        elif found.ok and before is not None and not before.ok:
            log.info("a new connection succeeds again", node=str(cold.node))

    def _wake(self, seat: Seat) -> None:
        """The other nodes of a shard in doubt are asked at once: one of them may have taken over."""
        for key, other in self._seats.items():
            if other is not seat and (other.node.target.name, other.shard) == (seat.node.target.name, seat.shard):
                self._probes[key].wake()

    def _pause(self, seat: Seat, probe: HotProbe, begun: float, found: list[Evidence]) -> float:
        now = self._clock.monotonic()
        breakers = self._shards.breakers(seat)
        pace = probe.options.interval
        if any(breaker.suspect for breaker in breakers):
            if not all(evidence.ok for evidence in found):
                return BURST
            pace = min(pace, FAST_PACE)
        return max(BURST, begun + min([pace, *(each for breaker in breakers if (each := breaker.pace(now)) is not None)]) - now)

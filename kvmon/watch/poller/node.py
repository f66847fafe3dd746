"""The poller of one node: the only place of a poll that may fail for I/O."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from kvmon.clock import Clock
from kvmon.errors import TargetError
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Capability, Failure, Snapshot
from kvmon.model.targets.rightsizing import smaller_size
from kvmon.model.targets.target import Node
from kvmon.watch.collectors import Collectors
from kvmon.watch.collectors.server import Server
from kvmon.watch.derive import Configured, derive, first_state
from kvmon.watch.poller.ledger import Ledger
from kvmon.watch.poller.link import Line, Link, let_idle_out
from kvmon.watch.poller.outage import Outage
from kvmon.watch.poller.roster import Entry, Roster
from kvmon.watch.poller.rounds import Talk, converse
from kvmon.watch.wire import Connection


class NodePoller:
    """Polls one node over one connection, one poll at a time.

    `connect` makes the connection, not yet connected; None for a real one. A node that is not connected waits for its `turn`
    first, which all nodes share. `reads` gives the hits and misses of the node's probes so far,
    `remembered` what collectors, by name, begin with.
    """

    def __init__(  # noqa: PLR0913 - what is made elsewhere is handed in, by name
        self,
        node: Node,
        collectors: Collectors,
        *,
        clock: Clock,
        connect: Callable[[Node], Link] | None = None,
        turn: Callable[[], Awaitable[None]] | None = None,
        reads: Callable[[], tuple[int, int]] = lambda: (0, 0),
        remembered: Mapping[str, Any] | None = None,
    ) -> None:
        self.node = node
        self.collectors = collectors
        self._smaller = smaller_size(node.target)
        self._clock = clock
        self._turn = turn
        self._line = Line(node, connect(node) if connect else Connection(node, clock=clock), clock, reads=reads)
        self._roster = Roster(node, collectors.enabled(), remembered)
        self._info = next(entry for entry in self._roster.entries if entry.collector.name == "info")
        self._ledger = Ledger()
        self._outage = Outage(node)
        self._derived = first_state()
        self._derived_samples: list[Sample] = []

    @property
    def server(self) -> Server:
        """What answered last; UNKNOWN before the first answer."""
        server: Server = self._info.memory.server
        return server

    def memory(self, collector: str) -> Any:
        """What a collector remembers (entries of the slow log, say); None where there is no such collector."""
        return next((entry.memory for entry in self._roster.entries if entry.collector.name == collector), None)

    def capabilities(self) -> Sequence[Capability]:
        """What of the node can be asked, by collector."""
        return self._roster.capabilities()

    async def poll(self, due: float) -> Snapshot:
        """Ask everything that is due; `due` is the monotonic time at which the poll should begin. Never raises TargetError."""
        if self._turn is not None and not self._line.connected:
            # Before the deadline begins to count: standing in line is no fault of the server's.
            await self._turn()
        return await self._poll(due)

    async def close(self) -> None:
        """Close the connection."""
        await self._line.drop()

    async def _poll(self, due: float) -> Snapshot:
        began, at = self._clock.monotonic(), self._clock.time()
        lateness = max(0.0, began - due)
        trips = self._line.round_trips
        failures = await self._attempts(began)
        duration = self._clock.monotonic() - began
        self._ledger.count(failures, duration)
        down = next((failure for failure in failures if failure.collector == "poll"), None)
        if down is None:
            self._outage.ended(at)
            samples = self._samples(duration, lateness)
        else:
            self._outage.goes_on(down, at)
            samples = self._ledger.down(down, duration=duration, lateness=lateness)
        return Snapshot(
            node=self.node, at=at, duration=duration, lateness=lateness, up=down is None, samples=samples, failures=failures,
            facts=self._info.memory.fields if down is None else {}, since=self._outage.since,
            round_trips=self._line.round_trips - trips,
        )  # fmt: skip

    def _samples(self, duration: float, lateness: float) -> list[Sample]:
        samples: list[Sample] = []
        for entry in self._roster.entries:
            if entry.needed:
                samples += entry.samples
        samples += self._derived_samples
        samples += self._ledger.up(self._roster, duration=duration, lateness=lateness, connect_time=self._line.connect_time)
        return samples

    async def _attempts(self, began: float) -> tuple[Failure, ...]:
        """What went wrong; a failure of the collector `poll` says that the node is down."""
        self._line.begin(began + self.node.target.timeout)
        reused = self._line.connected
        try:
            try:
                return await self._round(began)
            except TargetError as error:
                if not let_idle_out(error, reused=reused):
                    raise
                return await self._round(began)
        except TargetError as error:
            await self._line.drop()
            return (Failure("poll", error.reason, str(error)),)

    async def _round(self, began: float) -> tuple[Failure, ...]:
        """One attempt. Raises TargetError unless INFO was answered or refused."""
        line, roster, info = self._line, self._roster, self._info
        await line.open()
        fresh = line.fresh
        if fresh:
            roster.reconnected(began, after_outage=self._outage.down)
        line.note()
        asked = Talk(info.collector, self.server, info.memory)
        # What the server is was told on this connection unless it is new: then everything goes into one pipeline.
        talks = [] if fresh else self._talks(began)
        await converse([asked, *(talk for _, talk in talks)], line)
        if asked.answer is None:
            return await self._refused(asked)
        told = asked.answer.memory
        roster.settle(info, asked, began)
        roster.meet(told.server, told.fields)
        if fresh:
            talks = self._talks(began)
            await converse([talk for _, talk in talks], line, first=False)
        failures = [roster.settle(entry, talk, began) for entry, talk in talks]
        maxclients = None if "maxclients" in told.fields else self._maxclients()
        self._derived_samples, self._derived = derive(
            self._derived,
            told.fields,
            at=began,
            own=line.noted,
            configured=Configured(self.node.target.limit, maxclients, self._smaller, roster.provider),
        )
        return tuple(failure for failure in failures if failure is not None)

    def _maxclients(self) -> float | None:
        """What the collector `config` gave, else what the provider sells."""
        entries = (entry for entry in self._roster.entries if entry.collector.name == "config")
        given = (sample.value for entry in entries for sample in entry.samples if sample.spec.name == "redis_config_maxclients")
        size = self.node.target.size
        return next(given, None) or (size.connections if size is not None else None)

    def _talks(self, began: float) -> list[tuple[Entry, Talk]]:
        server = self.server
        return [(entry, Talk(entry.collector, server, entry.memory)) for entry in self._roster.due(began)]

    async def _refused(self, asked: Talk) -> tuple[Failure, ...]:
        """INFO gave nothing, so the node is down: nothing else that was learned is kept."""
        failure = asked.failure or Failure("info", "error", "INFO: no answer")
        if failure.reason in ("auth", "protocol"):
            # Signing in anew may help; and what sends nonsense once cannot be trusted to be in step.
            await self._line.drop()
        return (Failure("poll", failure.reason, failure.message),)

"""What is remembered from one push to the next, and the order in which things are handed over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kvmon.clock import Clock
from kvmon.model.alert import Notice
from kvmon.model.metrics.catalogue import datadog as rows
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Snapshot
from kvmon.tell.sinks.datadog.checks import checks
from kvmon.tell.sinks.datadog.durations import Durations
from kvmon.tell.sinks.datadog.events import Known, events, known_of
from kvmon.tell.sinks.datadog.judged import Alerts, Breakers
from kvmon.tell.sinks.datadog.naming import Naming
from kvmon.tell.sinks.datadog.options import DatadogOptions
from kvmon.tell.sinks.datadog.outlet import Outlet
from kvmon.tell.sinks.datadog.point import Point
from kvmon.tell.sinks.datadog.points import of_samples, points, tags_of
from kvmon.tell.sinks.datadog.slow import Slow, slow_points

SLICE = 100
"""Points between two breaths: about a millisecond."""

Key = tuple[str, str]


def outlet_of(options: DatadogOptions, *, clock: Clock, state_dir: str | None) -> Outlet:
    """The configured way; the other is not even imported."""
    if options.agentless:
        from kvmon.tell.sinks.datadog.agentless.outlet import AgentlessOutlet

        return AgentlessOutlet(options, clock=clock, state_dir=state_dir)
    from kvmon.tell.sinks.datadog.dogstatsd import DogStatsdOutlet

    return DogStatsdOutlet(options, clock=clock)


class Sink:
    """One destination: what goes there through its outlet."""

    def __init__(self, options: DatadogOptions, outlet: Outlet, *, clock: Clock) -> None:
        self.outlet = outlet
        self._clock = clock
        self._naming = Naming(options)
        self._missed = 0
        self._pushed: dict[Key, Snapshot] = {}
        self._known: dict[Key, Known] = {}
        self._breakers = Breakers()
        self._durations = Durations()
        self._alerts = Alerts(clock.time())

    def samples(self) -> list[Sample]:
        """What became of everything so far."""
        return [*self.outlet.samples(), Sample(rows.SLOWLOG_MISSED, self._missed)]

    def push(self, snapshots: Iterable[Snapshot], own: Iterable[Sample], slow: Iterable[Slow]) -> Iterator[None]:
        """Hand everything over, in slices of about a millisecond: yields between them. A poll is pushed once."""
        now = self._clock.time()
        seen = list(snapshots)
        for key in self._pushed.keys() - {snapshot.node.key for snapshot in seen}:
            self._pushed.pop(key)
            self._known.pop(key, None)
        for snapshot in seen:
            for verdict in checks(snapshot):
                self.outlet.check(verdict._replace(name=self._naming.renamed(verdict.name)), now)
            yield from self._sent(self._node(snapshot), snapshot.at)
            yield
        for log in slow:
            self._missed += log.missed
            yield from self._sent(slow_points(log), now)
        own = list(own)
        for event in self._breakers.events(own):
            self.outlet.event(event, now)
        tags = {snapshot.node.key: tags_of(snapshot) for snapshot in seen}
        yield from self._sent(of_samples(own, (), now=now), now)
        yield from self._sent(self._durations.points(own, tags), now)

    def notice(self, notices: Sequence[Notice]) -> None:
        """Alerts were told: events for what is new of it, in the next push."""
        now = self._clock.time()
        for event in self._alerts.events(notices, now):
            self.outlet.event(event, now)

    def _node(self, snapshot: Snapshot) -> Iterable[Point]:
        key = snapshot.node.key
        before = self._pushed.get(key)
        if before is not None and before.at == snapshot.at:
            return ()
        self._pushed[key] = snapshot
        if snapshot.up:
            earlier = self._known.get(key)
            known = self._known[key] = known_of(snapshot, earlier or Known())
            for event in events(snapshot.node, earlier, known) if earlier is not None else ():
                self.outlet.event(event, snapshot.at)
        return points(snapshot, before)

    def _sent(self, given: Iterable[Point], at: float) -> Iterator[None]:
        """Hands points over; yields between slices."""
        for place, point in enumerate(given, start=1):
            name = self._naming.of(point.name)
            if name is not None:
                self.outlet.send(point if name == point.name else point._replace(name=name), at)
            if place % SLICE == 0:
                yield

"""The last hour of a few numbers of every node, for the lines on the pages. It is small, and there from the start."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from math import inf, isnan, nan
from statistics import fmean

from kvmon.clock import Clock
from kvmon.model.metrics.catalogue import derived
from kvmon.model.snapshot import Snapshot

HOUR = 3600.0
"""Seconds that are kept."""

SPANS = (300.0, 900.0, 1800.0, HOUR)
"""Seconds that lines may show."""

DEPTH = 240
"""Moments of a node at most: an hour of polls every 15 seconds. Polls in quicker succession share a moment."""

BUDGET = 64 * 1024 * 1024
"""Bytes for all nodes together: with more than some thousands of them each has a shorter past."""

SERIES = (
    "commands", "hit_ratio", "memory", "clients", "evictions", "errors", "network_in", "network_out", "cpu", "lag",
    "p50", "p99", "p99.9", "connect", "get", "set", "dns", "tcp", "tls", "auth", "ping",
)  # fmt: skip
"""What is kept, in this order. `p50` to `p99.9`: seconds that commands took at the server. From `connect` on: the mean seconds
that a step of the probes took since the moment before."""

PLACES = {name: place for place, name in enumerate(SERIES)}
STEPS = SERIES[SERIES.index("connect") :]
_HITS = PLACES["hit_ratio"]
_ROW = 8 + 4 * len(SERIES)
_EMPTY = array("f", [nan] * len(SERIES))
_OF = {
    (derived.COMMANDS, ()): PLACES["commands"],
    (derived.HIT_RATIO, ("5m",)): PLACES["hit_ratio"],
    (derived.EVICTIONS, ()): PLACES["evictions"],
    (derived.ERRORS, ()): PLACES["errors"],
    (derived.NETWORK, ("in",)): PLACES["network_in"],
    (derived.NETWORK, ("out",)): PLACES["network_out"],
    (derived.CPU, ("all",)): PLACES["cpu"],
    (derived.LAG_SECONDS, ("",)): PLACES["lag"],
}

Key = tuple[str, str]
Sums = Mapping[str, tuple[float, int]]
"""Seconds and number of the tries of each step of the probes so far."""

JOINS: Mapping[str, Callable[[Sequence[float]], float]] = {
    **dict.fromkeys(("commands", "memory", "clients", "evictions", "errors", "network_in", "network_out"), sum),
    **dict.fromkeys(("p50", "p99", "p99.9"), max),
}
"""What the values of several nodes come to; of the others it is the mean."""


class Past:
    """Is shown every snapshot. `changes` grows when a node goes up or down, comes or goes: a page then looks anew."""

    def __init__(
        self,
        *,
        clock: Clock,
        steps: Callable[[Key], Sums] = lambda _: {},
        latencies: Callable[[Key], Mapping[str, float]] = lambda _: {},
    ) -> None:
        self.changes = 0
        self._clock = clock
        self._steps = steps
        self._latencies = latencies
        self._nodes: dict[Key, _Track] = {}
        self._up: dict[Key, bool] = {}

    def seen(self, snapshot: Snapshot) -> None:
        """A node was polled."""
        key = snapshot.node.key
        if self._up.get(key) is not snapshot.up:
            self._up[key] = snapshot.up
            self.changes += 1
        track = self._nodes.get(key)
        if track is None:
            track = self._nodes[key] = _Track()
        row = _row(snapshot)
        for name, seconds in self._latencies(key).items() if snapshot.up else ():
            row[PLACES[name]] = seconds
        track.add(snapshot, row, self._steps(key), depth=min(DEPTH, max(8, BUDGET // _ROW // len(self._nodes))))

    def forget(self, key: Key) -> None:
        """The node is no more."""
        self._nodes.pop(key, None)
        if self._up.pop(key, None) is not None:
            self.changes += 1

    @property
    def span(self) -> float:
        """The shortest of SPANS that holds all that there is: a daemon that is young draws over the whole width, too."""
        begun = min((track.times[0] for track in self._nodes.values()), default=inf)
        return next((span for span in SPANS if begun >= self._clock.time() - span), HOUR)

    def line(self, keys: Sequence[Key], name: str, *, span: float, points: int) -> Line:
        """What these nodes come to together at so many moments up to now; None at one of which nothing is known."""
        tracks = [track for key in keys if (track := self._nodes.get(key)) is not None]
        pace = max((track.pace for track in tracks), default=HOUR / DEPTH)
        step = max(span / points, pace)
        last = self._clock.time()
        moments = [last - step * back for back in range(int(span / step + 0.5) - 1, -1, -1)]
        found = [track.values(PLACES[name], moments, reach=max(step, 2.5 * track.pace)) for track in tracks]
        return Line(last, step, tuple(_joined(name, [each[i] for each in found]) for i in range(len(moments))))


class Line:
    """Values at even steps of seconds; the last is that of the time `end` (wall seconds)."""

    __slots__ = ("end", "step", "values")

    def __init__(self, end: float, step: float, values: tuple[float | None, ...]) -> None:
        self.end = end
        self.step = step
        self.values = values

    @property
    def last(self) -> float | None:
        """The newest value."""
        return self.values[-1] if self.values else None

    @property
    def known(self) -> list[float]:
        """The values that there are."""
        return [value for value in self.values if value is not None]


class _Track:
    """The moments of one node: times, and rows of values one after the other."""

    __slots__ = ("pace", "rows", "sums", "times")

    def __init__(self) -> None:
        self.times = array("d")
        self.rows = array("f")
        self.sums: Sums = {}
        self.pace = 0.0

    def add(self, snapshot: Snapshot, row: array[float], sums: Sums, *, depth: int) -> None:
        self.pace = max(snapshot.node.target.interval, HOUR / DEPTH)
        width = len(SERIES)
        if self.times and snapshot.at - self.times[-1] < 0.5 * self.pace:
            # Of the same moment: the newer numbers, and what the probes took since the moment before.
            row[PLACES["connect"] :] = self.rows[PLACES["connect"] - width :]
            self.rows[-width:] = row
            return
        for step, (seconds, count) in sums.items():
            before = self.sums.get(step, (0.0, 0))
            if step in PLACES and count > before[1]:
                row[PLACES[step]] = (seconds - before[0]) / (count - before[1])
        self.sums = sums
        self.times.append(snapshot.at)
        self.rows.extend(row)
        if (extra := len(self.times) - depth) > 0:
            del self.times[:extra]
            del self.rows[: extra * width]

    def values(self, place: int, moments: Sequence[float], *, reach: float) -> list[float | None]:
        """At each moment the newest value that is not older than `reach` seconds."""
        found: list[float | None] = []
        for moment in moments:
            index = bisect_right(self.times, moment) - 1
            value = self.rows[index * len(SERIES) + place] if index >= 0 and self.times[index] > moment - reach else nan
            found.append(None if isnan(value) else value)
        return found


def _row(snapshot: Snapshot) -> array[float]:
    row = array("f", _EMPTY)
    if not snapshot.up:
        return row
    for sample in reversed(snapshot.samples):
        if sample.spec is derived.RESTARTS:
            break  # what is derived stands at the end, and this is the first of it
        place = _OF.get((sample.spec, sample.labels))
        if place is not None:
            row[place] = sample.value
        elif sample.spec is derived.HIT_RATIO and sample.labels == ("lifetime",) and isnan(row[_HITS]):
            row[_HITS] = sample.value  # until there have been five minutes
    for name, field in (("memory", "used_memory"), ("clients", "connected_clients")):
        text = snapshot.facts.get(field, "")
        if text.isdigit():
            row[PLACES[name]] = float(text)
    return row


def _joined(name: str, values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return JOINS.get(name, fmean)(known) if known else None

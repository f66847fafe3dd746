"""The recent history of everything, as a Prometheus that scrapes this daemon would hold it."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from kvmon.judge.promql.labels import Labels
from kvmon.judge.promql.tree import Matchers
from kvmon.judge.promql.work import Work, ordered
from kvmon.judge.window.feeds import Pair, SampleFeed, VectorFeed
from kvmon.judge.window.frame import Column, Frame
from kvmon.judge.window.keeping import MAGIC, keepable, packed, unpacked
from kvmon.judge.window.matchers import by_labels, filtered, fulfils, name_of
from kvmon.judge.window.naming import common_labels
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.target import Node

RETENTION = 3_600_000
"""Milliseconds that everything is kept."""

MEMORY = 512 * 1024 * 1024
"""Bytes that all of it may take."""

COLUMN = 700
"""Bytes that a series takes beside its values, about."""

LOOK = 64
"""Rows between looks at whether columns of a frame are dead."""

WEIGH = 256
"""Rows between looks at the memory."""

PAIRS = 100_000
"""Labels of which one object each is kept; those of nodes that are no more are among them."""

LEAST = 60_000
"""Milliseconds that are kept whatever memory they take."""


class Window:
    """A Source of series. `attached` are the labels that a scrape gives where the exposition says nothing: job and instance."""

    def __init__(
        self,
        attached: Mapping[str, str] | None = None,
        *,
        retention: int = RETENTION,
        memory: int = MEMORY,
    ) -> None:
        self.retention = retention
        self.truncated = 0
        """Time (ms) before which something was forgotten for lack of memory; 0 for never."""
        self._attached = dict(attached or {})
        self._memory = memory
        self._nodes: dict[Hashable, SampleFeed] = {}
        self._vectors: dict[Hashable, VectorFeed] = {}
        self._restored: dict[tuple[str, Hashable], Frame] = {}
        self._reaches: dict[Matchers, int] = {}
        self._by_name: dict[str, list[Column]] = defaultdict(list)
        self._chosen: dict[str, dict[Matchers, list[Column]]] = {}
        self._interned: dict[Pair, Pair] = {}
        self._appends = 0
        self._columns = self._columns_made = 0

    # What is written

    def append(self, key: Hashable, at: int, samples: Sequence[Sample], node: Node | None = None) -> None:
        """Samples of a node, or without one of the daemon itself, at a time (ms). Series that are missing have ended."""
        feed = self._nodes.get(key)
        if feed is None:
            common = common_labels(node) if node is not None else {}
            feed = self._nodes[key] = SampleFeed(common, self._attached, self._interned)
            if (frame := self._restored.pop(("node", key), None)) is not None:
                feed.adopt(frame)
        feed.append(at, samples, self._made)
        self._tidy(feed, at)

    def put(self, key: Hashable, at: int, vector: Iterable[tuple[Labels, float]]) -> None:
        """What a rule came to at a time (ms), with all labels. Series that are missing have ended."""
        feed = self._vectors.get(key)
        if feed is None:
            feed = self._vectors[key] = VectorFeed()
            if (frame := self._restored.pop(("vector", key), None)) is not None:
                feed.adopt(frame)
        feed.append(at, vector, self._made)
        self._tidy(feed, at)

    def end(self, key: Hashable, at: int) -> None:
        """All series under this key have ended."""
        if key in self._nodes:
            self.append(key, at, ())
        if key in self._vectors:
            self.put(key, at, ())

    def keep(self, reaches: Mapping[Matchers, int]) -> None:
        """Keep the series of these selectors so many ms back, where that is longer than the retention."""
        self._reaches = {matchers: reach for matchers, reach in reaches.items() if reach > self.retention}
        for columns in self._by_name.values():
            for column in columns:
                column.reach = self._reach(column)
                if not column.reach:
                    column.tail = None

    def sweep(self, now: int) -> None:
        """Forget what nothing is written to any more, once it is old: nodes and rules that are no more."""
        if len(self._interned) > PAIRS:
            self._interned.clear()
        places: tuple[dict[Any, Any], ...] = (self._nodes, self._vectors, self._restored)
        for feeds in places:
            for key, each in list(feeds.items()):
                frame: Frame = each if isinstance(each, Frame) else each.frame
                if frame.times and frame.times[-1] > now - self.retention:
                    continue
                frame.drop(now - self.retention)
                if all(column.tail is None for column in frame.columns):
                    self._unindex(frame.columns)
                    frame.remove(list(frame.columns))
                    del feeds[key]

    # What is kept over a restart

    def packed(self) -> Iterator[bytes]:
        """All that can be kept, frame by frame."""
        yield MAGIC
        frames = [("node", key, feed.frame) for key, feed in self._nodes.items()]
        frames += [("vector", key, feed.frame) for key, feed in self._vectors.items()]
        for kind, key, frame in frames:
            if keepable(key) and frame.times:
                yield packed(kind, key, frame)

    def restore(self, data: bytes, now: int) -> None:
        """Begin with what was kept. Raises ValueError where it is damaged; what came before the damage is there then."""
        for kind, key, frame in unpacked(data, now - self.retention):
            if frame.times and frame.times[-1] <= now:
                self._restored[kind, key] = frame
                for column in frame.columns:
                    self._made(column)

    # What is read

    def select(self, matchers: Matchers, start: int, end: int) -> Work[Sequence[Column]]:  # noqa: ARG002 - all of a series is at hand
        """See Source. The answer is kept as long as no series of that name goes; those that come are added."""
        name = name_of(matchers)
        found = self._chosen.setdefault(name, {}).get(matchers)
        if found is None:
            changes = self._columns_made, self._columns
            if name:
                found = yield from filtered(self._by_name.get(name, [])[:], matchers)
            else:
                found = yield from ordered((yield from filtered(self._all(), matchers)), by_labels)
            chosen = self._chosen.setdefault(name, {})
            if len(chosen) >= 1000:
                chosen.clear()
            if changes == (self._columns_made, self._columns):
                chosen[matchers] = found
        return found[:]

    def names(self) -> Sequence[str]:
        """The names of all metrics."""
        return sorted(name for name, columns in self._by_name.items() if columns)

    def oldest(self, now: int) -> int:
        """The time (ms) from which on everything that there was is still there."""
        return max(now - self.retention, self.truncated)

    @property
    def series(self) -> int:
        """How many series it holds."""
        return self._columns

    @property
    def size(self) -> int:
        """Bytes, about."""
        return sum(frame.size for frame in self._frames()) + COLUMN * self._columns

    # How it stays small

    def _made(self, column: Column) -> None:
        name = column.labels.get("__name__")
        insort(self._by_name[name], column, key=by_labels)
        self._columns += 1
        self._columns_made += 1
        for matchers, found in self._chosen.get(name, {}).items():
            if fulfils(column.labels, matchers):
                insort(found, column, key=by_labels)
        self._chosen.pop("", None)
        if self._reaches:
            column.reach = self._reach(column)

    def _reach(self, column: Column) -> int:
        return max((reach for matchers, reach in self._reaches.items() if fulfils(column.labels, matchers)), default=0)

    def _tidy(self, feed: SampleFeed | VectorFeed, at: int) -> None:
        frame = feed.frame
        if frame.times and frame.times[0] <= at - self.retention - SLACK:
            frame.drop(at - self.retention)
        self._appends += 1
        if frame.last_gone and frame.written % LOOK == 0 and (dead := frame.dead()):
            self._remove(feed, dead)
        if self._appends % WEIGH == 0:
            while self.size > self._memory and self._shrink():
                pass

    def _remove(self, feed: SampleFeed | VectorFeed, dead: Sequence[Column]) -> None:
        feed.frame.remove(dead)
        feed.forget_places()
        self._unindex(dead)

    def _unindex(self, dead: Sequence[Column]) -> None:
        names = {column.labels.get("__name__") for column in dead}
        gone = {id(column) for column in dead}
        for name in names:
            self._by_name[name] = [column for column in self._by_name[name] if id(column) not in gone]
            self._chosen.pop(name, None)
        self._chosen.pop("", None)
        self._columns -= len(dead)

    def _shrink(self) -> bool:
        """Forget the oldest fifth of what there is; False where what is left is what the next query looks at."""
        times = [frame.times for frame in self._frames() if frame.times]
        first, last = min(each[0] for each in times), max(each[-1] for each in times)
        if last - first <= LEAST:
            return False
        until = first + max(1, (last - first) // 5)
        for frame in self._frames():
            frame.drop(until)
        self.truncated = until
        return True

    def _frames(self) -> list[Frame]:
        feeds = [*[feed.frame for feed in self._nodes.values()], *[feed.frame for feed in self._vectors.values()]]
        return [*feeds, *self._restored.values()]

    def _all(self) -> list[Column]:
        return [column for columns in self._by_name.values() for column in columns]


SLACK = 60_000
"""Milliseconds beyond the retention that are forgotten in one go."""

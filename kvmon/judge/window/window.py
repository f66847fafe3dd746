"""The recent history of everything, as a Prometheus that scrapes this daemon would hold it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from kvmon.judge.promql.labels import Labels
from kvmon.judge.promql.tree import Matchers
from kvmon.judge.promql.work import Work, finished
from kvmon.judge.window.feeds import Pair, SampleFeed, VectorFeed
from kvmon.judge.window.frame import Column, Frame
from kvmon.judge.window.index import Index
from kvmon.judge.window.keeping import headed, keepable, packed, unpacked
from kvmon.judge.window.naming import common_labels
from kvmon.judge.window.reaching import Reaching
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
        self.forgotten = 0
        """Time (ms) up to which rows were forgotten, of age or for lack of memory; 0 for never."""
        self._attached = dict(attached or {})
        self._memory = memory
        self._nodes: dict[Hashable, SampleFeed] = {}
        self._vectors: dict[Hashable, VectorFeed] = {}
        self._restored: dict[tuple[str, Hashable], Frame] = {}
        self._reaching = Reaching()
        self._newest = 0
        self._index = Index()
        self._asked = False
        self._interned: dict[Pair, Pair] = {}
        self._appends = 0

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

    def put(self, key: Hashable, at: int, vector: Sequence[tuple[Labels, float]]) -> None:
        """What a rule came to at a time (ms), with all labels. Series that are missing have ended."""
        finished(self.put_work(key, at, vector))

    def put_work(self, key: Hashable, at: int, vector: Sequence[tuple[Labels, float]]) -> Work[None]:
        """The same in parts of about a millisecond. One at a time for a key."""
        feed = self._vectors.get(key)
        if feed is None:
            feed = self._vectors[key] = VectorFeed()
            if (frame := self._restored.pop(("vector", key), None)) is not None:
                feed.adopt(frame)
        yield from feed.append(at, vector, self._made)
        self._tidy(feed, at)

    def end(self, key: Hashable, at: int) -> None:
        """All series under this key have ended."""
        if key in self._nodes:
            self.append(key, at, ())
        if key in self._vectors:
            self.put(key, at, ())

    def keep(self, reaches: Mapping[Matchers, int]) -> None:
        """Keep the series of these selectors so many ms back, where that is longer than the retention."""
        longer = {matchers: reach for matchers, reach in reaches.items() if reach > self.retention}
        self._reaching = self._reaching.asked(longer, forgotten=self.forgotten, now=self._newest)
        self._asked = True
        for column in self._index:
            column.reach = self._reaching.of(column.labels)
            if not column.reach:
                column.tail = None
        for frame in self._frames():
            frame.weigh()

    def sweep(self, now: int) -> None:
        """Forget what nothing is written to any more, once it is old: nodes and rules that are no more."""
        if not self._asked:
            self.keep({})  # what rules asked for before a restart, and no rule asks for now
        if len(self._interned) > PAIRS:
            self._interned.clear()
        places: tuple[dict[Any, Any], ...] = (self._nodes, self._vectors, self._restored)
        for feeds in places:
            for key, each in list(feeds.items()):
                frame: Frame = each if isinstance(each, Frame) else each.frame
                if (frame.times and frame.times[-1] > now - self.retention) or (isinstance(each, VectorFeed) and each.writing):
                    continue
                frame.drop(now - self.retention)
                frame.age(now)
                if all(column.tail is None for column in frame.columns):
                    self._index.remove(frame.columns)
                    frame.remove(list(frame.columns))
                    del feeds[key]

    # What is kept over a restart

    def packed(self) -> Iterator[bytes]:
        """All that can be kept, in pieces, between which others may run."""
        yield headed({"forgotten": self.forgotten, "reaching": self._reaching.packed()})
        frames = [("node", key, feed.frame) for key, feed in self._nodes.items()]
        frames += [("vector", key, feed.frame) for key, feed in self._vectors.items()]
        for kind, key, frame in frames:
            if keepable(key) and (frame.times or frame.tails):
                yield from packed(kind, key, frame)

    def restore(self, data: bytes, now: int) -> None:
        """Begin with what was kept. Raises ValueError where it is damaged; what came before the damage is there then."""
        head, frames = unpacked(data)
        self.forgotten = head["forgotten"]
        self._reaching = Reaching.unpacked(head["reaching"])
        for kind, key, frame in frames:
            if not frame.times or frame.times[-1] <= now:
                self._restored[kind, key] = frame
                for column in frame.columns:
                    self._made(column)
                frame.age(now)

    # What is read

    def select(self, matchers: Matchers, start: int, end: int) -> Work[Sequence[Column]]:  # noqa: ARG002 - all of a series is at hand
        """See Source."""
        return (yield from self._index.select(matchers))

    def names(self) -> Sequence[str]:
        """The names of all metrics."""
        return self._index.names()

    def oldest(self, now: int) -> int:
        """The time (ms) from which on everything that there was is still there."""
        return max(now - self.retention, self.forgotten)

    def since(self, matchers: Matchers) -> int:
        """The time (ms) after which everything that series of these matchers had is still there."""
        found = self._reaching.since(matchers)
        return self.forgotten if found is None else found

    @property
    def series(self) -> int:
        """How many series it holds."""
        return len(self._index)

    @property
    def size(self) -> int:
        """Bytes, about."""
        return sum(frame.size + frame.tails for frame in self._frames()) + COLUMN * len(self._index)

    # How it stays small

    def _made(self, column: Column) -> None:
        self._index.add(column)
        column.reach = self._reaching.of(column.labels)

    def _tidy(self, feed: SampleFeed | VectorFeed, at: int) -> None:
        frame = feed.frame
        self._newest = max(self._newest, at)
        oldest = at - self.retention - SLACK
        if frame.times and frame.times[0] <= oldest - SLACK:
            frame.drop(oldest)
            self.forgotten = max(self.forgotten, oldest)
        self._appends += 1
        if frame.last_gone and frame.written % LOOK == 0 and (dead := frame.dead()):
            self._remove(feed, dead)
        if self._appends % WEIGH == 0:
            while self.size > self._memory and self._shrink():
                pass

    def _remove(self, feed: SampleFeed | VectorFeed, dead: Sequence[Column]) -> None:
        feed.frame.remove(dead)
        feed.forget_places()
        self._index.remove(dead)

    def _shrink(self) -> bool:
        """Forget the oldest fifth of what takes more: of rows, or of what rules keep for longer. False where little is left."""
        frames = self._frames()
        tails = [column.tail for frame in frames for column in frame.columns if column.tail is not None and column.tail.times]
        long = sum(frame.tails for frame in frames) > sum(frame.size for frame in frames)
        times = [tail.times for tail in tails] if long else [frame.times for frame in frames if frame.times]
        first, last = min(each[0] for each in times), max(each[-1] for each in times)
        if last - first <= LEAST:
            return False
        until = first + max(1, (last - first) // 5)
        if long:
            self._reaching = self._reaching.cut(until)
            for frame in frames:
                frame.age(self._newest, until)
        else:
            self.forgotten = max(self.forgotten, until)
            for frame in frames:
                frame.drop(until)
        return True

    def _frames(self) -> list[Frame]:
        feeds = [*[feed.frame for feed in self._nodes.values()], *[feed.frame for feed in self._vectors.values()]]
        return [*feeds, *self._restored.values()]


SLACK = 60_000
"""Milliseconds beyond the retention that are forgotten in one go."""

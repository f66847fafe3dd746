"""From what is known at a moment to a row of a frame."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import TypeAlias

from kvmon.judge.promql.labels import Labels, Labelset
from kvmon.judge.promql.work import Work, parts
from kvmon.judge.window.frame import NOTHING, Column, Frame
from kvmon.judge.window.naming import labels_of
from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Spec

Made: TypeAlias = Callable[[Column], object]
"""Is told of new columns."""

Pair: TypeAlias = tuple[str, str]


class SampleFeed:
    """Samples of one node. A collector gives the very sample it gave before where nothing changed: that costs almost nothing."""

    __slots__ = ("_attached", "_by_labels", "_common", "_interned", "_last", "_order", "_places", "frame")

    def __init__(self, common: Mapping[str, str], attached: Mapping[str, str], interned: dict[Pair, Pair]) -> None:
        self.frame = Frame()
        self._interned = interned
        self._by_labels: dict[Labels, int] = {}
        self._common = common
        self._attached = attached
        self._last: Sequence[Sample] | None = None
        self._order: list[int] = []
        self._places: dict[tuple[Spec, str, tuple[str, ...]], int] = {}

    def adopt(self, frame: Frame) -> None:
        """Go on with a frame that was there before a restart."""
        self.frame = frame
        self.forget_places()

    def append(self, at: int, samples: Sequence[Sample], made: Made) -> None:
        """Write a row of these."""
        frame = self.frame
        row = self._changed(samples)
        if row is not None:
            frame.record(at, row, frame.last_gone)
        else:
            self._whole(at, samples, made)
        self._last = samples

    def forget_places(self) -> None:
        """Columns were taken out of the frame: look all up anew."""
        self._last, self._order = None, []
        self._places.clear()
        self._by_labels = {column.labels.pairs: column.place for column in self.frame.columns}

    def _changed(self, samples: Sequence[Sample]) -> array[float] | None:
        """The last row with what changed; None where other series are there than before."""
        last, before = self.frame.last, self._last
        if last is None or before is None or len(samples) != len(before):
            return None
        row = last[:]
        order = self._order
        for place, (old, new) in enumerate(zip(before, samples, strict=True)):
            if old is not new:
                if old.spec is not new.spec or old.labels != new.labels or old.suffix != new.suffix or order[place] < 0:
                    return None
                value = new.value
                if not isfinite(value):
                    return None
                row[order[place]] = value
        return row

    def _whole(self, at: int, samples: Sequence[Sample], made: Made) -> None:
        frame = self.frame
        row = array("d", bytes(8 * len(frame.columns)))
        order: list[int] = []
        there = set[int]()
        for sample in samples:
            place = self._place(sample, made)
            if place in there or not isfinite(sample.value):
                order.append(-1)  # as exposition leaves it out
                continue
            while place >= len(row):
                row.append(0.0)
            row[place] = sample.value
            there.add(place)
            order.append(place)
        gone = frozenset(range(len(frame.columns))) - there if len(there) < len(frame.columns) else NOTHING
        frame.record(at, row, gone)
        self._order = order

    def _place(self, sample: Sample, made: Made) -> int:
        key = (sample.spec, sample.suffix, sample.labels)
        place = self._places.get(key)
        if place is None:
            intern = self._interned.setdefault
            found = labels_of(sample, self._common, self._attached)
            labels = Labelset(tuple([intern(pair, pair) for pair in found.pairs]))
            known = self._by_labels.get(labels.pairs)
            if known is None:
                column = self.frame.column(labels)
                made(column)
                known = self._by_labels[labels.pairs] = column.place
            place = self._places[key] = known
        return place


class VectorFeed:
    """Series that are given with all their labels: what rules come to."""

    __slots__ = ("_places", "frame", "writing")

    def __init__(self) -> None:
        self.frame = Frame()
        self.writing = False
        """Whether a row is on its way, for which there may be columns already."""
        self._places: dict[Labels, int] = {}

    def adopt(self, frame: Frame) -> None:
        """Go on with a frame that was there before a restart."""
        self.frame = frame
        self.forget_places()

    def append(self, at: int, vector: Sequence[tuple[Labels, float]], made: Made) -> Work[None]:
        """Write a row of these; what was there before and is not now has ended."""
        frame = self.frame
        values: dict[int, float] = {}
        self.writing = True
        try:
            for part in parts(vector):
                for pairs, value in part:
                    place = self._places.get(pairs)
                    if place is None:
                        column = frame.column(Labelset(pairs))
                        made(column)
                        place = self._places[pairs] = column.place
                    values[place] = value
                yield
        finally:
            self.writing = False
        width = len(frame.columns)
        row = array("d", [values.get(place, 0.0) for place in range(width)])
        gone = frozenset(place for place in range(width) if place not in values) if len(values) < width else NOTHING
        frame.record(at, row, gone)

    def forget_places(self) -> None:
        """Columns were taken out of the frame: look all up anew."""
        self._places = {column.labels.pairs: column.place for column in self.frame.columns}

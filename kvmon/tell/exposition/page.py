"""The lines of one node, brought up to date by each snapshot with as little work as possible."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress, count
from math import isfinite
from operator import is_not

from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Spec
from kvmon.tell.exposition.lines import around, number
from kvmon.tell.exposition.shared import Head, Layout, Shared


class Page:
    """Samples, and the pieces of their lines side by side: only a value is a node's own, all else is shared.

    Most samples of a snapshot are the very objects of the one before: their values stand as they are written. A sample that
    has the name and labels of the one in its place keeps that one's head. Only where the order changed is every head looked
    up, and then duplicates (the first wins) and values that are not finite are left out.
    """

    __slots__ = ("_common", "_dropped", "_heads", "_shared", "_values", "layout", "samples")

    def __init__(self, common: str, shared: Shared) -> None:
        self._common = common
        self._shared = shared
        self._dropped = 0
        self._heads: list[Head] = []
        self._values: list[str] = []
        self.samples: Sequence[Sample] = ()
        self.layout = Layout({})

    def put(self, samples: Sequence[Sample]) -> int:
        """Take a snapshot's samples; returns how many of them are left out."""
        if self._dropped or len(samples) != len(self.samples) or not self._replace(samples):
            self._rebuild(samples)
        self.samples = samples
        return self._dropped

    def _replace(self, samples: Sequence[Sample]) -> bool:
        before = self.samples
        values = self._values
        for place in compress(count(), map(is_not, samples, before)):
            new, old = samples[place], before[place]
            if new.spec is not old.spec or new.suffix != old.suffix or new.labels != old.labels:
                return False
            value = new.value
            # As number(), but without a call for what nearly all values are.
            if not -1e15 < value < 1e15:
                if not isfinite(value):
                    return False
                values[place] = number(value)
            else:
                whole = int(value)
                values[place] = str(whole) if whole == value else repr(value)
        return True

    def _rebuild(self, samples: Sequence[Sample]) -> None:
        bare = not self._common
        head_of = self._shared.head
        seen = set[Head]()
        heads: list[Head] = []
        values: list[str] = []
        places: dict[Spec, list[int]] = {}
        for place, sample in enumerate(samples):
            head = head_of(sample, bare=bare)
            heads.append(head)
            if head in seen or not isfinite(sample.value):
                values.append("")
                continue
            seen.add(head)
            values.append(number(sample.value))
            places.setdefault(sample.spec, []).append(place)
        self._heads, self._values = heads, values
        self._dropped = len(samples) - len(seen)
        self.layout = Layout(places) if self._dropped else self._shared.layout(samples, places)

    def family(self, spec: Spec) -> list[str]:
        """The lines of one family, in the order of the snapshot; none if the node has no such series."""
        return self.lines(self.layout.places.get(spec, ()))

    def lines(self, places: Iterable[int]) -> list[str]:
        """The lines of the samples in these places."""
        common, heads, values = self._common, self._heads, self._values
        return [f"{(head := heads[place]).before}{common}{head.after}{values[place]}" for place in places]

    def family_samples(self, spec: Spec) -> list[Sample]:
        """The samples behind those lines."""
        samples = self.samples
        return [samples[place] for place in self.layout.places.get(spec, ())]

    def rendered(self, samples: Sequence[Sample]) -> list[str]:
        """Lines for samples that are not the node's own: with bounds written in another way."""
        common, bare = self._common, not self._common
        pieces = [(around(sample, bare=bare), sample.value) for sample in samples]
        return [f"{before}{common}{after}{number(value)}" for (before, after), value in pieces]

"""The lines of one node, brought up to date by each snapshot with as little work as possible."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress, count
from math import isfinite
from operator import is_not

from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Spec
from kvmon.tell.exposition.lines import around, number
from kvmon.tell.exposition.shared import Head, Layout, Shared, layout_of


class Page:
    """Samples, and the pieces of their lines side by side: only a value is a node's own, all else is shared.

    Most samples of a snapshot are the very objects of the one before: their values stand as they are written. A sample that
    has the name and labels of the one in its place keeps that one's head, and where series come or go only theirs are looked
    up. Duplicates (the first wins) and values that are not finite are left out.
    """

    __slots__ = ("_dropped", "_shared", "common", "heads", "layout", "samples", "values")

    def __init__(self, common: str, shared: Shared) -> None:
        self.common = common
        self._shared = shared
        self._dropped = 0
        self.heads: list[Head] = []
        self.values: list[str] = []
        self.samples: Sequence[Sample] = ()
        self.layout = Layout({})

    def put(self, samples: Sequence[Sample]) -> int:
        """Take a snapshot's samples; returns how many of them are left out."""
        if self._dropped or not self._fit(samples):
            self._rebuild(samples)
        self.samples = samples
        return self._dropped

    def _fit(self, samples: Sequence[Sample]) -> bool:
        """Write new values. Where series came or went, those on both sides of them stay. False: it has to be built anew."""
        before, heads, values = self.samples, self.heads, self.values
        fit = self._replace(samples)
        if fit is None:
            return False
        end = min(len(samples), len(before))
        if fit == len(samples) == len(before):
            return True
        kept = 0
        while fit + kept < end and _same(samples[-1 - kept], before[-1 - kept]):
            kept += 1
        rest = len(samples) - kept
        if not all(isfinite(sample.value) for sample in samples[fit:]):
            return False
        head_of, bare = self._shared.head, not self.common
        heads = [*heads[:fit], *[head_of(sample, bare=bare) for sample in samples[fit:rest]], *heads[len(before) - kept :]]
        if len(set(heads)) < len(heads):
            return False
        self.heads, self.values = heads, values[:fit] + [number(sample.value) for sample in samples[fit:]]
        self.layout = self._shared.layout(samples)
        return True

    def _replace(self, samples: Sequence[Sample]) -> int | None:
        """Write the values up to the first place that has another series than before: that place. None: one is not finite."""
        before = self.samples
        values = self.values
        for place in compress(count(), map(is_not, samples, before)):
            new = samples[place]
            if not _same(new, before[place]):
                return place
            value = new.value
            # As number(), but without a call for what nearly all values are.
            if not -1e15 < value < 1e15:
                if not isfinite(value):
                    return None
                values[place] = number(value)
            else:
                whole = int(value)
                values[place] = str(whole) if whole == value else repr(value)
        return min(len(samples), len(before))

    def _rebuild(self, samples: Sequence[Sample]) -> None:
        """Build it anew: duplicates and values that are not finite are left out."""
        head_of, bare = self._shared.head, not self.common
        seen = set[Head]()
        heads: list[Head] = []
        values: list[str] = []
        chosen: list[int] = []
        for place, sample in enumerate(samples):
            head = head_of(sample, bare=bare)
            heads.append(head)
            if head in seen or not isfinite(sample.value):
                values.append("")
                continue
            seen.add(head)
            values.append(number(sample.value))
            chosen.append(place)
        self.heads, self.values = heads, values
        self._dropped = len(samples) - len(chosen)
        self.layout = layout_of(samples, chosen) if self._dropped else self._shared.layout(samples)

    def family(self, spec: Spec) -> list[str]:
        """The lines of one family, in the order of the snapshot; none if the node has no such series."""
        return self.lines(self.layout.places.get(spec, ()))

    def lines(self, places: Iterable[int]) -> list[str]:
        """The lines of the samples in these places."""
        common, heads, values = self.common, self.heads, self.values
        return [f"{(head := heads[place]).before}{common}{head.after}{values[place]}" for place in places]

    def family_samples(self, spec: Spec) -> list[Sample]:
        """The samples behind those lines."""
        samples = self.samples
        return [samples[place] for place in self.layout.places.get(spec, ())]

    def rendered(self, samples: Sequence[Sample]) -> list[str]:
        """Lines for samples that are not the node's own: with bounds written in another way."""
        common, bare = self.common, not self.common
        pieces = [(around(sample, bare=bare), sample.value) for sample in samples]
        return [f"{before}{common}{after}{number(value)}" for (before, after), value in pieces]


def _same(one: Sample, other: Sample) -> bool:
    """Whether they are of the same series."""
    return one is other or (one.spec is other.spec and one.suffix == other.suffix and one.labels == other.labels)

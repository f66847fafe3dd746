"""The lines of one node, brought up to date by each snapshot with as little work as possible."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress, count
from math import isfinite
from operator import is_not
from typing import TypeAlias
from weakref import WeakValueDictionary

from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Spec
from kvmon.tell.exposition.lines import number, prefix


class Layout:
    """Where the samples of each family stand in a snapshot; the families are in the order of their names.

    Each server lists its commands in an order of its own, so thousands of nodes may have thousands of these.
    """

    __slots__ = ("__weakref__", "places")

    def __init__(self, places: dict[Spec, list[int]]) -> None:
        self.places: dict[Spec, slice | tuple[int, ...]] = {
            spec: slice(found[0], found[-1] + 1) if found[-1] - found[0] == len(found) - 1 else tuple(found)
            for spec, found in sorted(places.items(), key=_by_name)
        }


def _by_name(item: tuple[Spec, object]) -> str:
    return item[0].name


Layouts: TypeAlias = WeakValueDictionary[tuple[Spec, ...], Layout]
"""Layouts by the families of a snapshot in their order: nodes of one kind share theirs, and it goes with the last of them."""


class Page:
    """Samples and their lines, side by side.

    Most samples of a snapshot are the very objects of the one before: their lines stand. A sample that has the name and
    labels of the one in its place gets that one's line with another value. Only where the order changed is every line looked
    up, and then duplicates (the first wins) and values that are not finite are left out.
    """

    __slots__ = ("_common", "_dropped", "_layouts", "layout", "lines", "samples")

    def __init__(self, common: str, layouts: Layouts) -> None:
        self._common = common
        self._layouts = layouts
        self._dropped = 0
        self.samples: Sequence[Sample] = ()
        self.lines: list[str] = []
        self.layout = Layout({})

    def put(self, samples: Sequence[Sample]) -> int:
        """Take a snapshot's samples; returns how many of them are left out."""
        if self._dropped or len(samples) != len(self.samples) or not self._replace(samples):
            self._rebuild(samples)
        self.samples = samples
        return self._dropped

    def _replace(self, samples: Sequence[Sample]) -> bool:
        before = self.samples
        lines = self.lines
        for place in compress(count(), map(is_not, samples, before)):
            new, old = samples[place], before[place]
            if new.spec is not old.spec or new.suffix != old.suffix or new.labels != old.labels:
                return False
            value = new.value
            # As number(), but without a call for what nearly all values are.
            if not -1e15 < value < 1e15:
                if not isfinite(value):
                    return False
                text = number(value)
            else:
                whole = int(value)
                text = str(whole) if whole == value else repr(value)
            line = lines[place]
            lines[place] = f"{line[: line.rindex(' ')]} {text}"
        return True

    def _rebuild(self, samples: Sequence[Sample]) -> None:
        # A line is known by its sample only if that sample was rendered with its own value: _replace may have stopped midway.
        heads = {
            (sample.spec, sample.suffix, sample.labels): line[: line.rindex(" ") + 1]
            for sample, line in zip(self.samples, self.lines, strict=True)
            if line
        }
        seen = set()
        lines = []
        places: dict[Spec, list[int]] = {}
        for place, sample in enumerate(samples):
            key = (sample.spec, sample.suffix, sample.labels)
            if key in seen or not isfinite(sample.value):
                lines.append("")
                continue
            seen.add(key)
            lines.append((heads.get(key) or prefix(sample, self._common)) + number(sample.value))
            places.setdefault(sample.spec, []).append(place)
        self.lines = lines
        self._dropped = len(samples) - len(seen)
        self.layout = self._shared(samples, places)

    def _shared(self, samples: Sequence[Sample], places: dict[Spec, list[int]]) -> Layout:
        if self._dropped:
            return Layout(places)
        key = tuple([sample.spec for sample in samples])
        found = self._layouts.get(key)
        if found is None:
            found = self._layouts[key] = Layout(places)
        return found

    def family(self, spec: Spec) -> list[str]:
        """The lines of one family, in the order of the snapshot; none if the node has no such series."""
        place = self.layout.places.get(spec)
        if place is None:
            return []
        return self.lines[place] if isinstance(place, slice) else [self.lines[each] for each in place]

    def family_samples(self, spec: Spec) -> Sequence[Sample]:
        """The samples behind those lines."""
        place = self.layout.places.get(spec, ())
        samples = self.samples
        return samples[place] if isinstance(place, slice) else [samples[each] for each in place]

    def rendered(self, samples: Sequence[Sample]) -> list[str]:
        """Lines for samples that are not the node's own: with bounds written in another way."""
        return [prefix(sample, self._common) + number(sample.value) for sample in samples]

"""What the pages of many nodes have in common; each piece goes with the last page that has it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from weakref import WeakValueDictionary

from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Spec
from kvmon.tell.exposition.lines import around


class Head:
    """A series' line but for its value: what stands before and after the labels of the node."""

    __slots__ = ("__weakref__", "after", "before")

    def __init__(self, before: str, after: str) -> None:
        self.before = before
        self.after = after


class Layout:
    """Where the samples of each family stand in a snapshot; the families are in the order of their names.

    Each server lists its commands in an order of its own, so thousands of nodes may have thousands of these.
    """

    __slots__ = ("__weakref__", "places")

    def __init__(self, places: dict[Spec, list[int]]) -> None:
        self.places: dict[Spec, Sequence[int]] = {
            spec: range(found[0], found[-1] + 1) if found[-1] - found[0] == len(found) - 1 else tuple(found)
            for spec, found in sorted(places.items(), key=_by_name)
        }


def _by_name(item: tuple[Spec, object]) -> str:
    return item[0].name


class Shared:
    """Heads by series, and layouts by the families of a snapshot in their order."""

    __slots__ = ("_bare", "_heads", "layouts")

    def __init__(self) -> None:
        self.layouts: WeakValueDictionary[tuple[Spec, ...], Layout] = WeakValueDictionary()
        self._heads: WeakValueDictionary[tuple[Spec, str, tuple[str, ...]], Head] = WeakValueDictionary()
        self._bare: WeakValueDictionary[tuple[Spec, str, tuple[str, ...]], Head] = WeakValueDictionary()

    def head(self, sample: Sample, *, bare: bool) -> Head:
        """Of its line, on a node that has labels or is `bare`."""
        known = self._bare if bare else self._heads
        key = (sample.spec, sample.suffix, sample.labels)
        found = known.get(key)
        if found is None:
            found = known[key] = Head(*around(sample, bare=bare))
        return found

    def layout(self, samples: Sequence[Sample]) -> Layout:
        """Of a snapshot that has no sample to leave out."""
        key = tuple([sample.spec for sample in samples])
        found = self.layouts.get(key)
        if found is None:
            found = self.layouts[key] = layout_of(samples, range(len(samples)))
        return found


def layout_of(samples: Sequence[Sample], chosen: Iterable[int]) -> Layout:
    """Of the samples in these places."""
    places: dict[Spec, list[int]] = {}
    for place in chosen:
        places.setdefault(samples[place].spec, []).append(place)
    return Layout(places)

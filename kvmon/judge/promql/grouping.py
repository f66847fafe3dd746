"""Parts of labels: what aggregations group by and what the sides of an operator are matched by."""

from __future__ import annotations

from kvmon.judge.promql.labels import RESERVED, Labels, Labelset, key_of

KEPT = 200_000
"""Label sets that one grouping remembers. Series come and go; when it is full it begins anew."""


class Grouping:
    """From labels to those of their group: the same object for all of a group, remembered from one evaluation to the next."""

    __slots__ = ("_groups", "_known", "_names", "_without")

    def __init__(self, names: tuple[str, ...], *, without: bool) -> None:
        self._names = frozenset(names)
        self._without = without
        self._known: dict[Labelset, Labelset] = {}
        self._groups: dict[Labels, Labelset] = {}

    def of(self, labels: Labelset) -> Labelset:
        """The group's labels."""
        group = self._known.get(labels)
        if group is None:
            if len(self._known) >= KEPT:
                self._known.clear()
                self._groups.clear()
            pairs = part(labels.pairs, self._names, without=self._without)
            group = self._known[labels] = self._groups.setdefault(pairs, Labelset(pairs))
        return group


def part(pairs: Labels, names: frozenset[str], *, without: bool) -> Labels:
    """The pairs of these names, or the others but for the metric's name."""
    if without:
        return tuple([pair for pair in pairs if pair[0] not in names and pair[0] not in RESERVED])
    return tuple([pair for pair in pairs if pair[0] in names])


class Signatures:
    """From labels to the text that two series have to share to match."""

    __slots__ = ("_known", "_names", "_on")

    def __init__(self, names: tuple[str, ...], *, on: bool) -> None:
        self._names = frozenset(names)
        self._on = on
        self._known: dict[Labelset, str] = {}

    def of(self, labels: Labelset) -> str:
        """The text."""
        found = self._known.get(labels)
        if found is None:
            if len(self._known) >= KEPT:
                self._known.clear()
            found = self._known[labels] = key_of(self.pairs(labels))
        return found

    def pairs(self, labels: Labelset) -> Labels:
        """The labels behind the text."""
        return part(labels.pairs, self._names, without=not self._on)

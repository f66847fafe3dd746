"""The columns of all frames, by what they are asked for."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain

from kvmon.judge.promql.labels import NAME
from kvmon.judge.promql.tree import Matchers
from kvmon.judge.promql.work import Work, ordered
from kvmon.judge.window.frame import Column
from kvmon.judge.window.matchers import by_labels, filtered, name_of, tester

MOST = 1000
"""Answers that are remembered for a name."""


class Index:
    """Columns sorted by their labels. What was chosen once is remembered; columns that come are added to it."""

    def __init__(self) -> None:
        self._by_name: dict[str, list[Column]] = defaultdict(list)
        self._chosen: dict[str, dict[Matchers, list[Column]]] = {}
        self._count = self._changes = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Column]:
        return chain.from_iterable(self._by_name.values())

    def add(self, column: Column) -> None:
        """One more."""
        name = column.labels.get(NAME)
        insort(self._by_name[name], column, key=by_labels)
        self._count += 1
        self._changes += 1
        for matchers, found in self._chosen.get(name, {}).items():
            if tester(matchers)(column.labels):
                insort(found, column, key=by_labels)
        self._chosen.pop("", None)

    def remove(self, columns: Sequence[Column]) -> None:
        """Columns that are no more."""
        gone = {id(column) for column in columns}
        for name in {column.labels.get(NAME) for column in columns}:
            self._by_name[name] = [column for column in self._by_name[name] if id(column) not in gone]
            self._chosen.pop(name, None)
        self._chosen.pop("", None)
        self._count -= len(columns)
        self._changes += 1

    def select(self, matchers: Matchers) -> Work[list[Column]]:
        """Those that fulfil all matchers."""
        name = name_of(matchers)
        found = self._chosen.get(name, {}).get(matchers)
        if found is None:
            changes = self._changes
            if name:
                found = yield from filtered(self._by_name.get(name, [])[:], matchers)
            else:
                found = yield from ordered((yield from filtered(list(self), matchers)), by_labels)
            if changes == self._changes:
                self._remember(name, matchers, found)
        return found[:]

    def _remember(self, name: str, matchers: Matchers, found: list[Column]) -> None:
        chosen = self._chosen.setdefault(name, {})
        if len(chosen) >= MOST:
            chosen.clear()
        chosen[matchers] = found

    def names(self) -> Sequence[str]:
        """The names of all metrics."""
        return sorted(name for name, columns in self._by_name.items() if columns)

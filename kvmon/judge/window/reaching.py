"""Which series are kept for longer than the others, and from when on nothing of them was forgotten."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kvmon.judge.promql.labels import NAME, Labelset
from kvmon.judge.promql.tree import Match, Matcher, Matchers
from kvmon.judge.window.matchers import name_of, tester


@dataclass(frozen=True, slots=True)
class Reach:
    """Series of these matchers are kept for `span` ms; all that they had after `since` (ms) is still there."""

    matchers: Matchers
    span: int
    since: int


class Reaching:
    """The reaches that rules ask for."""

    def __init__(self, reaches: Sequence[Reach] = ()) -> None:
        self._reaches = {each.matchers: each for each in reaches}
        self._by_name: dict[str, list[Reach]] = defaultdict(list)
        for each in reaches:
            self._by_name[name_of(each.matchers)].append(each)

    def of(self, labels: Labelset) -> int:
        """How many ms a series of these labels is kept; 0 where no rule asks for it."""
        if not self._reaches:
            return 0
        asked = (*self._by_name.get(labels.get(NAME), ()), *self._by_name.get("", ()))
        return max((each.span for each in asked if tester(each.matchers)(labels)), default=0)

    def since(self, matchers: Matchers) -> int | None:
        """From when on (ms) all is there; None where these are kept no longer than others."""
        found = self._reaches.get(matchers)
        return found.since if found is not None else None

    def asked(self, spans: Mapping[Matchers, int], *, forgotten: int, now: int) -> Reaching:
        """Others. What was forgotten before, of all or of a shorter reach, does not come back."""
        made = []
        for matchers, span in spans.items():
            old = self._reaches.get(matchers)
            since = forgotten if old is None else old.since if old.span >= span else max(old.since, now - old.span)
            made.append(Reach(matchers, span, since))
        return Reaching(made)

    def cut(self, upto: int) -> Reaching:
        """The same after everything up to a time (ms) was forgotten."""
        return Reaching([Reach(each.matchers, each.span, max(each.since, upto)) for each in self._reaches.values()])

    def packed(self) -> list[Any]:
        """As JSON holds it."""
        return [
            [[[one.name, one.op.value, one.value] for one in each.matchers], each.span, each.since]
            for each in self._reaches.values()
        ]

    @classmethod
    def unpacked(cls, data: list[Any]) -> Reaching:
        """What was packed."""
        return cls(
            [
                Reach(tuple(Matcher(name, Match(op), value) for name, op, value in matchers), span, since)
                for matchers, span, since in data
            ]
        )

"""Which series fulfil matchers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from kvmon.judge.promql.labels import Labels, Labelset
from kvmon.judge.promql.regex import anchored
from kvmon.judge.promql.tree import Match, Matcher, Matchers
from kvmon.judge.promql.work import Work, parts
from kvmon.judge.window.frame import Column


def filtered(columns: Sequence[Column], matchers: Matchers) -> Work[list[Column]]:
    """Those that fulfil all, in their order."""
    test = tester(matchers)
    found: list[Column] = []
    for part in parts(columns):
        found += [column for column in part if test(column.labels)]
        yield
    return found


def by_labels(column: Column) -> Labels:
    """What columns are sorted by."""
    return column.labels.pairs


def _test(matcher: Matcher) -> Callable[[str], bool]:
    value = matcher.value
    match matcher.op:
        case Match.EQUAL:
            return lambda has: has == value
        case Match.UNEQUAL:
            return lambda has: has != value
        case _:
            return _pattern(value, wanted=matcher.op is Match.LIKE)


def _pattern(pattern: str, *, wanted: bool) -> Callable[[str], bool]:
    compiled = anchored(pattern)
    known: dict[str, bool] = {}

    def test(has: str) -> bool:
        # The same few values come again and again: of instances, of roles.
        found = known.get(has)
        if found is None:
            found = known[has] = (compiled.match(has) is not None) is wanted
        return found

    return test


def name_of(matchers: Matchers) -> str:
    """The metric's name where the matchers give it exactly, else empty."""
    return next((each.value for each in matchers if each.name == "__name__" and each.op is Match.EQUAL), "")


@lru_cache(maxsize=1000)
def tester(matchers: Matchers) -> Callable[[Labelset], bool]:
    """Says whether labels fulfil all."""
    tests = [(matcher.name, _test(matcher)) for matcher in matchers]
    return lambda labels: all(test(labels.get(name)) for name, test in tests)

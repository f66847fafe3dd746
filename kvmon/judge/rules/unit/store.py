"""A store of series for unit tests: written in the order of time, read by queries."""

from __future__ import annotations

from bisect import bisect_left

from kvmon.judge.promql import Labels, Labelset, Matcher, Matchers, Series, Work
from kvmon.judge.promql.regex import anchored
from kvmon.judge.promql.tree import Match


class _Growing:
    __slots__ = ("labels", "stale", "times", "values")

    def __init__(self, labels: Labelset) -> None:
        self.labels = labels
        self.times: list[int] = []
        self.values: list[float] = []
        self.stale: set[int] = set()


class Store:
    """A Source that samples are put into."""

    def __init__(self) -> None:
        self._series: dict[Labels, _Growing] = {}

    def put(self, labels: Labels, at: int, value: float | None) -> None:
        """One more sample at `at` (ms); None ends the series. One for the same time, or an earlier one, is passed over."""
        series = self._series.get(labels)
        if series is None:
            if value is None:
                return
            series = self._series[labels] = _Growing(Labelset(labels))
        if series.times and series.times[-1] >= at:
            return
        if value is None:
            series.stale.add(len(series.times))
        series.times.append(at)
        series.values.append(0.0 if value is None else value)

    def select(self, matchers: Matchers, start: int, end: int) -> Work[list[Series]]:
        """See Source."""
        del end  # the evaluator takes what it wants
        exact = (Match.EQUAL, Match.UNEQUAL)
        tests = [(matcher, None if matcher.op in exact else anchored(matcher.value)) for matcher in matchers]
        found: list[Series] = []
        for labels in sorted(self._series):
            series = self._series[labels]
            recent = bisect_left(series.times, start) < len(series.times)
            if recent and all(_fits(matcher, pattern, series.labels) for matcher, pattern in tests):
                found.append(Series(series.labels, series.times, series.values, series.stale))
        yield
        return found


def _fits(matcher: Matcher, pattern: object, labels: Labelset) -> bool:
    value = labels.get(matcher.name)
    match matcher.op:
        case Match.EQUAL:
            return value == matcher.value
        case Match.UNEQUAL:
            return value != matcher.value
        case Match.LIKE:
            return pattern.match(value) is not None  # type: ignore[attr-defined] # a pattern of re2, which has no types
        case _:
            return pattern.match(value) is None  # type: ignore[attr-defined] # same

"""What one evaluation carries along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeAlias

from kvmon.errors import EvaluationError
from kvmon.judge.promql.extents import Extents
from kvmon.judge.promql.labels import Labelset
from kvmon.judge.promql.source import Readable, Source
from kvmon.judge.promql.tree import Anchor, At, Selector
from kvmon.judge.promql.work import Work, parts

Samples: TypeAlias = list[tuple[Labelset, float]]
"""An instant vector while it is worked on. Never changed once it was returned: it may be kept."""

LOOKBACK = 300_000
"""Milliseconds after which a series that got no more samples is taken for gone."""

STEP = 60_000
"""Milliseconds between the steps of a subquery that names none."""

MOST_SAMPLES = 50_000_000
"""Samples that one query may look at."""


@dataclass(frozen=True, slots=True)
class Engine:
    """How queries are evaluated: what one sets for a whole Prometheus. Spans are ms.

    `delayed`: names of metrics go at the end of a query and not with each function, as with Prometheus' feature flag
    `promql-delayed-name-removal`.
    """

    lookback: int = LOOKBACK
    step: int = STEP
    most: int = MOST_SAMPLES
    delayed: bool = False


class Context:
    """The frame of one evaluation: from `start` to `end`, which are the same for a query of one moment."""

    def __init__(self, source: Source, extents: Extents, start: int, end: int, engine: Engine) -> None:
        self.start = start
        self.end = end
        self.lookback = engine.lookback
        self.step = engine.step
        self.delayed = engine.delayed
        self.unnamed: Callable[[Labelset], Labelset] = attrgetter("nameless" if engine.delayed else "bare")
        """Labels of what has another value than the metric: without its name, now or at the end."""
        self.kept: dict[Any, Any] = {}
        """What nodes remember from one step to the next."""
        self.warnings: dict[str, None] = {}
        self.infos: dict[str, None] = {}
        self._source = source
        self._extents = extents
        self._series: dict[Selector, Sequence[Readable]] = {}
        self._left = engine.most

    def series(self, selector: Selector) -> Work[Sequence[Readable]]:
        """All series of a selector, looked up once."""
        found = self._series.get(selector)
        if found is None:
            low, high = self._extents[selector]
            found = self._series[selector] = yield from self._source.select(selector.matchers, low, high)
        return found

    def moment(self, at: At, offset: int, now: int) -> int:
        """The time that `@` and `offset` make of now."""
        if at is None:
            return now - offset
        if at is Anchor.START:
            return self.start - offset
        if at is Anchor.END:
            return self.end - offset
        return int(at) - offset

    def load(self, samples: int) -> None:
        """Take so many samples into account. Raises EvaluationError when they become too many."""
        self._left -= samples
        if self._left < 0:
            raise EvaluationError("query processing would load too many samples into memory in query execution")

    def warn(self, text: str, place: str) -> None:
        """A remark that something is probably wrong."""
        self.warnings[f"PromQL warning: {text} ({place})" if place else f"PromQL warning: {text}"] = None

    def inform(self, text: str, place: str) -> None:
        """A remark that something may be not what was meant."""
        self.infos[f"PromQL info: {text} ({place})" if place else f"PromQL info: {text}"] = None


def distinct(samples: Samples) -> Work[Samples]:
    """The samples. Raises EvaluationError where two have the same labels."""
    keys: set[str] = set()
    for part in parts(samples):
        keys.update([labels.key for labels, _ in part])
        yield
    if len(keys) != len(samples):
        raise EvaluationError(SAME)
    return samples


SAME = "vector cannot contain metrics with the same labelset"

"""Long computations stop often enough, whatever they do with many series."""

from __future__ import annotations

import gc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.clock import SystemClock
from kvmon.judge.promql import Labelset, Matchers, Series, Work, finished, instant_work, parse
from kvmon.judge.promql import work as module
from kvmon.judge.promql.evaluate import USUAL, ranged_work
from kvmon.judge.promql.pace import Pace
from kvmon.judge.promql.work import PART, ordered, parts

COUNT = 20 * PART


class Many:
    """A source of many series, whatever is asked for."""

    series = tuple(
        Series(Labelset((("__name__", "x"), ("instance", f"{place:05}"), ("le", "1"))), [1000, 2000], [1.0, 2.0 + place])
        for place in range(COUNT)
    )

    def select(self, matchers: Matchers, start: int, end: int) -> Work[tuple[Series, ...]]:
        del matchers, start, end
        yield from ()
        return self.series


def stops(text: str) -> int:
    """How often the evaluation of an expression stops."""
    return sum(1 for _ in instant_work(parse(text), Many(), 2000))


@pytest.mark.parametrize(
    "made",
    [
        "{} + 1", "1 < bool {}", "{} != 1", "-{}", "abs({})", "clamp({}, 0, 1)", "round({})", "timestamp({} + 1)",
        'label_replace({}, "a", "$1", "instance", "(.).*")', 'label_join({}, "a", "-", "instance")', "sum by (instance) ({})",
        "topk(9999, {})", "quantile by (instance) (0.5, {})", 'count_values("v", {})', "{} and {}", "{} or {}", "{} * {}",
        "histogram_quantile(0.5, {})", "last_over_time({}[1m:1s])", "{}[1m:1s]",
    ],
)  # fmt: skip
def test_each_operation_adds_stops(made: str) -> None:
    assert stops(made.replace("{}", "x")) >= stops("x") + 15


def test_sorting_adds_stops() -> None:
    assert stops("sort(x)") >= stops("x") + 5


@pytest.mark.parametrize(("text", "least"), [("x", 38), ("timestamp(x)", 38), ("x[1m]", 33), ("rate(x[1m])", 40)])
def test_reading_stops(text: str, least: int) -> None:
    assert stops(text) >= least


def test_queries_over_time_stop_within_a_step() -> None:
    one, two = (sum(1 for _ in ranged_work(parse("x"), Many(), 1000, end, 1000, USUAL)) for end in (1000, 2000))
    assert two >= one + 30


@given(st.lists(st.tuples(st.integers(0, 5), st.integers())), st.booleans())
def test_what_is_sorted_in_runs_is_sorted_as_in_one(items: list[tuple[int, int]], down: bool) -> None:
    before, module.RUN = module.RUN, 3
    try:
        found = finished(ordered(items, lambda item: item[0], reverse=down))
    finally:
        module.RUN = before
    assert found == sorted(items, key=lambda item: item[0], reverse=down)


def test_parts_are_all_of_it() -> None:
    for size in (0, 1, PART, PART + 1, 3 * PART):
        found = list(parts(range(size)))
        assert [item for part in found for item in part] == list(range(size))
        assert all(len(one) == PART for one, _ in pairwise(found))


async def test_garbage_is_looked_for_again_when_a_query_was_answered() -> None:
    await Pace(SystemClock()).run(instant_work(parse("sum(x)"), Many(), 2000))
    assert gc.isenabled()

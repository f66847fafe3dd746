"""A compiled expression: closures instead of a tree, as a rule is evaluated over and over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias, cast

from kvmon.judge.promql.context import Context, Samples
from kvmon.judge.promql.labels import Labelset
from kvmon.judge.promql.work import Work

VectorRun: TypeAlias = Callable[[Context, int], Work[Samples]]
ScalarRun: TypeAlias = Callable[[Context, int], Work[float]]


class VectorPlan(NamedTuple):
    """Gives a vector. `bare` tells that no two of its samples can have the same labels, even without the metric's name."""

    run: VectorRun
    bare: bool = False


class ScalarPlan(NamedTuple):
    """Gives a number. `constant` is it where it never changes."""

    run: ScalarRun
    constant: float | None = None


class Span(NamedTuple):
    """The values of a series in a range."""

    labels: Labelset
    times: Sequence[int]
    values: Sequence[float]


RangeRun: TypeAlias = Callable[[Context, int], Work[list[Span]]]


class RangePlan(NamedTuple):
    """Gives the values of a range, which ends at `end(context, now)` and is `range` ms long."""

    run: RangeRun
    end: Callable[[Context, int], int]
    range: int
    bare: bool = False


Plan: TypeAlias = VectorPlan | ScalarPlan | RangePlan

Args: TypeAlias = list[VectorPlan | ScalarPlan | RangePlan | None]
"""Plans of the arguments of a function; None for texts."""


def vector(plan: Plan | None) -> VectorPlan:
    """What parsing has found to be a vector."""
    return cast("VectorPlan", plan)


def scalar(plan: Plan | None) -> ScalarPlan:
    """What parsing has found to be a number."""
    return cast("ScalarPlan", plan)


def constant(value: float) -> ScalarPlan:
    """A plan that gives this number."""

    def run(context: Context, now: int) -> Work[float]:  # noqa: ARG001 - what every plan is given
        yield from ()
        return value

    return ScalarPlan(run, value)


def kept(run: Callable[[Context, int], Work[Any]]) -> Callable[[Context, int], Work[Any]]:
    """A run that is made once for a whole query, as it does not depend on the step."""
    key = object()

    def once(context: Context, now: int) -> Work[Any]:
        if key not in context.kept:
            context.kept[key] = yield from run(context, now)
        return context.kept[key]

    return once

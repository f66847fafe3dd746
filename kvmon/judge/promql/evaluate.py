"""Queries at one moment and over time."""

from __future__ import annotations

from typing import TypeVar

from kvmon.errors import PromqlError
from kvmon.judge.promql.compile import plan_of
from kvmon.judge.promql.context import LOOKBACK, MOST_SAMPLES, STEP, Context, Samples, Work, parts
from kvmon.judge.promql.extents import extents
from kvmon.judge.promql.labels import EMPTY, Labelset
from kvmon.judge.promql.plan import RangePlan, ScalarPlan, VectorPlan
from kvmon.judge.promql.result import Line, Matrix, Point, Result, Scalar, Text, Value, Vector
from kvmon.judge.promql.source import Source
from kvmon.judge.promql.tree import Query, String, plain

T = TypeVar("T")


def finished(work: Work[T]) -> T:
    """What a computation comes to, made in one go."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def instant(query: Query, source: Source, at: int) -> Result:
    """A query at a moment (ms). Raises EvaluationError with Prometheus' text."""
    return finished(instant_work(query, source, at))


def ranged(query: Query, source: Source, start: int, end: int, interval: int) -> Result:
    """A query at every `interval` from `start` to `end` (ms), a Matrix. Raises EvaluationError, and PromqlError for a text."""
    return finished(ranged_work(query, source, start, end, interval))


def instant_work(  # noqa: PLR0913 - the settings of an engine
    query: Query, source: Source, at: int, *, lookback: int = LOOKBACK, step: int = STEP, most: int = MOST_SAMPLES
) -> Work[Result]:
    """The same in parts of about a millisecond. `step` is that of subqueries without one, `most` the samples it may load."""
    plan = plan_of(query)
    if plan is None:
        whole = plain(query.expr)
        return Result(Text(at, whole.value if isinstance(whole, String) else ""))
    reads = extents(query.expr, at, at, lookback=lookback, step=step)
    context = Context(source, reads, at, at, lookback=lookback, step=step, most=most)
    value: Value
    if isinstance(plan, ScalarPlan):
        value = Scalar(at, (yield from plan.run(context, at)))
    elif isinstance(plan, VectorPlan):
        points: list[Point] = []
        for part in parts((yield from plan.run(context, at))):
            points += [Point(labels.pairs, at, number) for labels, number in part]
            yield
        value = Vector(points)
    else:
        spans = yield from plan.run(context, at)
        lines = [Line(span.labels.pairs, tuple(zip(span.times, span.values, strict=True))) for span in spans]
        value = Matrix(sorted(lines, key=lambda line: line.labels))
    return Result(value, tuple(context.warnings), tuple(context.infos))


def ranged_work(  # noqa: PLR0913 - the settings of an engine
    query: Query,
    source: Source,
    start: int,
    end: int,
    interval: int,
    *,
    lookback: int = LOOKBACK,
    step: int = STEP,
    most: int = MOST_SAMPLES,
) -> Work[Result]:
    """The same in parts of about a millisecond."""
    plan = plan_of(query)
    if plan is None or isinstance(plan, RangePlan):
        kind = "string" if plan is None else "range vector"
        raise PromqlError(f'invalid expression type "{kind}" for range query, must be Scalar or instant Vector')
    reads = extents(query.expr, start, end, lookback=lookback, step=step)
    context = Context(source, reads, start, end, lookback=lookback, step=step, most=most)
    found: dict[str, tuple[Labelset, list[tuple[int, float]]]] = {}
    for now in range(start, end + 1, interval):
        samples: Samples
        if isinstance(plan, ScalarPlan):
            samples = [(EMPTY, (yield from plan.run(context, now)))]
        else:
            samples = yield from plan.run(context, now)
        for labels, number in samples:
            known = found.get(labels.key)
            if known is None:
                found[labels.key] = known = (labels, [])
            known[1].append((now, number))
        context.load(len(samples))
        yield
    lines = sorted((Line(labels.pairs, tuple(points)) for labels, points in found.values()), key=lambda line: line.labels)
    return Result(Matrix(lines), tuple(context.warnings), tuple(context.infos))

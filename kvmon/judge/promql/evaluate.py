"""Queries at one moment and over time."""

from __future__ import annotations

from kvmon.errors import PromqlError
from kvmon.judge.promql.compile import plan_of
from kvmon.judge.promql.context import Context, Engine, Samples, distinct
from kvmon.judge.promql.extents import extents
from kvmon.judge.promql.labels import EMPTY, Labels, Labelset
from kvmon.judge.promql.plan import RangePlan, ScalarPlan, VectorPlan
from kvmon.judge.promql.result import Line, Matrix, Point, Result, Scalar, Text, Value, Vector
from kvmon.judge.promql.source import Source
from kvmon.judge.promql.tree import Query, String, plain
from kvmon.judge.promql.work import Work, finished, ordered, parts

USUAL = Engine()


def instant(query: Query, source: Source, at: int, engine: Engine = USUAL) -> Result:
    """A query at a moment (ms). Raises EvaluationError with Prometheus' text."""
    return finished(instant_work(query, source, at, engine))


def ranged(query: Query, source: Source, start: int, end: int, interval: int, engine: Engine = USUAL) -> Result:  # noqa: PLR0913, PLR0917
    """A query at every `interval` from `start` to `end` (ms), a Matrix. Raises EvaluationError, and PromqlError for a text."""
    return finished(ranged_work(query, source, start, end, interval, engine))


def instant_work(query: Query, source: Source, at: int, engine: Engine = USUAL) -> Work[Result]:
    """The same in parts of about a millisecond."""
    plan = plan_of(query)
    if plan is None:
        whole = plain(query.expr)
        return Result(Text(at, whole.value if isinstance(whole, String) else ""))
    context = _context(query, source, at, at, engine)
    value: Value
    if isinstance(plan, ScalarPlan):
        value = Scalar(at, (yield from plan.run(context, at)))
    elif isinstance(plan, VectorPlan):
        samples = yield from plan.run(context, at)
        if engine.delayed:
            samples = yield from _named(samples)
        points: list[Point] = []
        for part in parts(samples):
            points += [Point(labels.pairs, at, number) for labels, number in part]
            yield
        value = Vector(points)
    else:
        spans = yield from plan.run(context, at)
        if engine.delayed:
            yield from _named([(span.labels, 0.0) for span in spans])
        lines: list[Line] = []
        for some in parts(spans):
            lines += [Line(span.labels.final.pairs, tuple(zip(span.times, span.values, strict=True))) for span in some]
            yield
        value = Matrix((yield from ordered(lines, _labels)))
    return Result(value, tuple(context.warnings), tuple(context.infos))


def ranged_work(  # noqa: PLR0913, PLR0917 - what a query over time is
    query: Query, source: Source, start: int, end: int, interval: int, engine: Engine = USUAL
) -> Work[Result]:
    """The same in parts of about a millisecond."""
    plan = plan_of(query)
    if plan is None or isinstance(plan, RangePlan):
        kind = "string" if plan is None else "range vector"
        raise PromqlError(f'invalid expression type "{kind}" for range query, must be Scalar or instant Vector')
    context = _context(query, source, start, end, engine)
    found: dict[str, tuple[Labelset, list[tuple[int, float]]]] = {}
    for now in range(start, end + 1, interval):
        samples: Samples
        if isinstance(plan, ScalarPlan):
            samples = [(EMPTY, (yield from plan.run(context, now)))]
        else:
            samples = yield from plan.run(context, now)
        for part in parts(samples):
            for labels, number in part:
                known = found.get(labels.key)
                if known is None:
                    found[labels.key] = known = (labels, [])
                known[1].append((now, number))
            yield
        context.load(len(samples))
        yield
    names = [(labels, 0.0) for labels, _ in found.values()]
    if engine.delayed:
        names = yield from _named(names)
    lines: list[Line] = []
    for pairs in parts(list(zip(names, found.values(), strict=True))):
        lines += [Line(labels.pairs, tuple(points)) for (labels, _), (_, points) in pairs]
        yield
    return Result(Matrix((yield from ordered(lines, _labels))), tuple(context.warnings), tuple(context.infos))


def _context(query: Query, source: Source, start: int, end: int, engine: Engine) -> Context:
    return Context(source, extents(query.expr, start, end, lookback=engine.lookback, step=engine.step), start, end, engine)


def _named(samples: Samples) -> Work[Samples]:
    """Without the names that were to go at the end. Raises EvaluationError where two are the same then."""
    out: Samples = []
    for part in parts(samples):
        out += [(labels.final, number) for labels, number in part]
        yield
    return (yield from distinct(out))


def _labels(line: Line) -> Labels:
    return line.labels

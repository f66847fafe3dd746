"""Selectors and subqueries: where values come from."""

from __future__ import annotations

from collections.abc import Callable

from kvmon.judge.promql.context import Context, Samples, distinct
from kvmon.judge.promql.labels import EMPTY, Labels
from kvmon.judge.promql.plan import RangePlan, ScalarPlan, Span, VectorPlan
from kvmon.judge.promql.tree import Selector, Subquery
from kvmon.judge.promql.work import Work, ordered, parts

VALUES, SERIES = 20_000, 50
"""Values that are gathered between two stops, and so many more that a series counts for."""


def instant(selector: Selector) -> VectorPlan:
    """The newest value of each series within the lookback."""

    def run(context: Context, now: int) -> Work[Samples]:
        upto = context.moment(selector.at, selector.offset, now)
        after = upto - context.lookback
        out: Samples = []
        for part in parts((yield from context.series(selector))):
            for each in part:
                found = each.latest(after, upto)
                if found is not None:
                    out.append((each.labels, found[1]))
            yield
        context.load(len(out))
        return out

    return VectorPlan(run, bool(selector.name))


def times(selector: Selector) -> VectorPlan:
    """The time (s) of the newest value of each series: `timestamp()` of a selector."""

    def run(context: Context, now: int) -> Work[Samples]:
        upto = context.moment(selector.at, selector.offset, now)
        after = upto - context.lookback
        unnamed = context.unnamed
        out: Samples = []
        for part in parts((yield from context.series(selector))):
            for each in part:
                found = each.latest(after, upto)
                if found is not None:
                    out.append((unnamed(each.labels), found[0] / 1000))
            yield
        return out if selector.name or context.delayed else (yield from distinct(out))

    return VectorPlan(run, bare=True)


def ranged(selector: Selector) -> RangePlan:
    """The values of each series in the range."""

    def run(context: Context, now: int) -> Work[list[Span]]:
        upto = context.moment(selector.at, selector.offset, now)
        after = upto - selector.range
        out: list[Span] = []
        loaded = stop = 0
        for each in (yield from context.series(selector)):
            times, values = each.span(after, upto)
            if values:
                out.append(Span(each.labels, times, values))
                loaded += len(values)
            stop += SERIES + len(values)
            if stop > VALUES:
                stop = 0
                yield
        context.load(loaded)
        return out

    def end(context: Context, now: int) -> int:
        return context.moment(selector.at, selector.offset, now)

    return RangePlan(run, end, selector.range, bool(selector.name))


def subquery(node: Subquery, inner: VectorPlan | ScalarPlan) -> RangePlan:
    """The values that an expression had, at whole multiples of the step."""
    steps = _remembered(inner)

    def run(context: Context, now: int) -> Work[list[Span]]:
        upto = context.moment(node.at, node.offset, now)
        after = upto - node.range
        step = node.step or context.step
        at = after // step * step + step
        found: dict[str, Span] = {}
        while at <= upto:
            samples = yield from steps(context, at)
            for part in parts(samples):
                for labels, value in part:
                    span = found.get(labels.key)
                    if span is None:
                        span = found[labels.key] = Span(labels, [], [])
                    span.times.append(at)  # type: ignore[attr-defined]
                    span.values.append(value)  # type: ignore[attr-defined]
                yield
            context.load(len(samples))
            at += step
        return (yield from ordered(list(found.values()), _labels))

    bare = isinstance(inner, ScalarPlan) or inner.bare
    return RangePlan(run, lambda context, now: context.moment(node.at, node.offset, now), node.range, bare)


def _remembered(inner: VectorPlan | ScalarPlan) -> Callable[[Context, int], Work[Samples]]:
    """The inner vectors by time: the windows of a range query overlap, and its steps fall on the same multiples."""
    key = object()

    def run(context: Context, at: int) -> Work[Samples]:
        memory: dict[int, Samples] = context.kept.setdefault(key, {})
        found = memory.get(at)
        if found is None:
            if isinstance(inner, ScalarPlan):
                found = [(EMPTY, (yield from inner.run(context, at)))]
            else:
                found = yield from inner.run(context, at)
            if context.start != context.end:
                memory[at] = found
            yield
        return found

    return run


def _labels(span: Span) -> Labels:
    return span.labels.pairs

"""Selectors and subqueries: where values come from."""

from __future__ import annotations

from collections.abc import Callable

from kvmon.judge.promql.context import PART, Context, Samples, Work, distinct
from kvmon.judge.promql.labels import EMPTY
from kvmon.judge.promql.plan import RangePlan, ScalarPlan, Span, VectorPlan
from kvmon.judge.promql.tree import Selector, Subquery


def instant(selector: Selector) -> VectorPlan:
    """The newest value of each series within the lookback."""

    def run(context: Context, now: int) -> Work[Samples]:
        upto = context.moment(selector.at, selector.offset, now)
        after = upto - context.lookback
        series = context.series(selector)
        out: Samples = []
        for begin in range(0, len(series), PART):
            for each in series[begin : begin + PART]:
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
        out: Samples = []
        for each in context.series(selector):
            found = each.latest(after, upto)
            if found is not None:
                out.append((each.labels.bare, found[0] / 1000))
        yield
        return out if selector.name else distinct(out)

    return VectorPlan(run, bare=True)


def ranged(selector: Selector) -> RangePlan:
    """The values of each series in the range."""

    def run(context: Context, now: int) -> Work[list[Span]]:
        upto = context.moment(selector.at, selector.offset, now)
        after = upto - selector.range
        series = context.series(selector)
        out: list[Span] = []
        loaded = 0
        for begin in range(0, len(series), PART):
            for each in series[begin : begin + PART]:
                times, values = each.span(after, upto)
                if values:
                    out.append(Span(each.labels, times, values))
                    loaded += len(values)
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
            for labels, value in samples:
                span = found.get(labels.key)
                if span is None:
                    span = found[labels.key] = Span(labels, [], [])
                span.times.append(at)  # type: ignore[attr-defined]
                span.values.append(value)  # type: ignore[attr-defined]
            context.load(len(samples))
            at += step
        return sorted(found.values(), key=lambda span: span.labels.pairs)

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

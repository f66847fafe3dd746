"""Functions: each as a plan made of the plans of its arguments."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import cast

from kvmon.judge.promql import ranges, relabel, simple
from kvmon.judge.promql.context import Context, Samples, distinct
from kvmon.judge.promql.histograms import histogram
from kvmon.judge.promql.labels import EMPTY, Labelset
from kvmon.judge.promql.numbers import INF, NAN, divide, floor, higher, lower
from kvmon.judge.promql.over_time import over_time
from kvmon.judge.promql.plan import Args, RangePlan, ScalarPlan, VectorPlan, scalar, vector
from kvmon.judge.promql.selecting import times
from kvmon.judge.promql.tree import Call, Selector, String, plain
from kvmon.judge.promql.work import Work, ordered, parts


def call(node: Call, args: Args) -> VectorPlan | ScalarPlan:  # noqa: C901, PLR0911, PLR0912 - one for each function
    """The plan of a call."""
    name = node.name
    if name in simple.FUNCTIONS:
        return mapped(vector(args[0]), simple.FUNCTIONS[name])
    if name in simple.DATES:
        return mapped(vector(args[0]) if args else _now(), simple.DATES[name])
    if name in ranges.FUNCTIONS:
        return over_time(node, args)
    if name.startswith("clamp"):
        return _clamp(name, vector(args[0]), [scalar(arg) for arg in args[1:]])
    if name.startswith("histogram_"):
        return histogram(node, args)
    texts = [text.value for arg in node.args if isinstance(text := plain(arg), String)]
    match name:
        case "absent":
            return _absent(vector(args[0]), relabel.absent_labels(node.args[0]))
        case "absent_over_time":
            return _absent_over_time(cast("RangePlan", args[0]), relabel.absent_labels(node.args[0]))
        case "label_join":
            return relabel.join(vector(args[0]), texts[0], texts[1], tuple(texts[2:]))
        case "label_replace":
            target, template, source, pattern = texts
            return relabel.replace(vector(args[0]), target, template, source, pattern)
        case "round":
            return _round(vector(args[0]), scalar(args[1]) if len(args) > 1 else None)
        case "sort" | "sort_desc":
            return _sort(vector(args[0]), down=name == "sort_desc")
        case "timestamp":
            selector = plain(node.args[0])
            return times(selector) if isinstance(selector, Selector) else _timestamp(vector(args[0]))
        case "scalar":
            return _to_scalar(vector(args[0]))
        case "vector":
            return _to_vector(scalar(args[0]))
        case "time":
            return ScalarPlan(_time)
        case "pi":
            return ScalarPlan(_pi, 3.141592653589793)
        case _:
            raise ValueError(name)


def _time(context: Context, now: int) -> Work[float]:  # noqa: ARG001 - what every plan is given
    yield from ()
    return now / 1000


def _pi(context: Context, now: int) -> Work[float]:  # noqa: ARG001 - what every plan is given
    yield from ()
    return 3.141592653589793


def _now() -> VectorPlan:
    def run(context: Context, now: int) -> Work[Samples]:  # noqa: ARG001 - what every plan is given
        yield from ()
        return [(EMPTY, float(now // 1000))]

    return VectorPlan(run, bare=True)


def mapped(inner: VectorPlan, function: Callable[[float], float]) -> VectorPlan:
    """A function of each value; the metric's name goes."""

    def run(context: Context, now: int) -> Work[Samples]:
        samples = yield from inner.run(context, now)
        return (yield from _each(context, samples, function, alone=inner.bare))

    return VectorPlan(run, bare=True)


def _each(context: Context, samples: Samples, function: Callable[[float], float], *, alone: bool) -> Work[Samples]:
    unnamed = context.unnamed
    out: Samples = []
    for part in parts(samples):
        out += [(unnamed(labels), function(value)) for labels, value in part]
        yield
    return out if alone or context.delayed else (yield from distinct(out))


def _timestamp(inner: VectorPlan) -> VectorPlan:
    def run(context: Context, now: int) -> Work[Samples]:
        samples = yield from inner.run(context, now)
        return (yield from _each(context, samples, lambda _: now / 1000, alone=inner.bare))

    return VectorPlan(run, bare=True)


def _clamp(name: str, inner: VectorPlan, bounds: list[ScalarPlan]) -> VectorPlan:
    def run(context: Context, now: int) -> Work[Samples]:
        samples = yield from inner.run(context, now)
        low, high = -INF, INF
        if name != "clamp_max":
            low = yield from bounds[0].run(context, now)
        if name != "clamp_min":
            high = yield from bounds[-1].run(context, now)
        if high < low:
            return []
        return (yield from _each(context, samples, lambda value: higher(low, lower(high, value)), alone=inner.bare))

    return VectorPlan(run, bare=True)


def _round(inner: VectorPlan, nearest: ScalarPlan | None) -> VectorPlan:
    """Halves up; the inverse of the step is what is worked with, as its errors are smaller."""

    def run(context: Context, now: int) -> Work[Samples]:
        samples = yield from inner.run(context, now)
        inverse = divide(1.0, (yield from nearest.run(context, now)) if nearest is not None else 1.0)
        return (yield from _each(context, samples, lambda value: divide(floor(value * inverse + 0.5), inverse), alone=inner.bare))

    return VectorPlan(run, bare=True)


def _sort(inner: VectorPlan, *, down: bool) -> VectorPlan:
    """By value, NaN last in either direction."""

    def run(context: Context, now: int) -> Work[Samples]:
        samples = yield from inner.run(context, now)
        numbers = [sample for sample in samples if sample[1] == sample[1]]
        others = [sample for sample in samples if sample[1] != sample[1]]
        return (yield from ordered(numbers, itemgetter(1), reverse=down)) + others

    return VectorPlan(run, inner.bare)


def _absent(inner: VectorPlan, labels: Labelset) -> VectorPlan:
    def run(context: Context, now: int) -> Work[Samples]:
        return [] if (yield from inner.run(context, now)) else [(labels, 1.0)]

    return VectorPlan(run, bare=True)


def _absent_over_time(inner: RangePlan, labels: Labelset) -> VectorPlan:
    def run(context: Context, now: int) -> Work[Samples]:
        return [] if (yield from inner.run(context, now)) else [(labels, 1.0)]

    return VectorPlan(run, bare=True)


def _to_scalar(inner: VectorPlan) -> ScalarPlan:
    def run(context: Context, now: int) -> Work[float]:
        samples = yield from inner.run(context, now)
        return samples[0][1] if len(samples) == 1 else NAN

    return ScalarPlan(run)


def _to_vector(inner: ScalarPlan) -> VectorPlan:
    def run(context: Context, now: int) -> Work[Samples]:
        return [(EMPTY, (yield from inner.run(context, now)))]

    return VectorPlan(run, bare=True)

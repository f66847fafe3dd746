"""Functions: each as a plan made of the plans of its arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, cast

from kvmon.errors import EvaluationError
from kvmon.judge.promql import histograms, ranges, relabel, simple
from kvmon.judge.promql.aggregating import check_quantile
from kvmon.judge.promql.context import PART, SAME, Context, Samples, Work, distinct, parts
from kvmon.judge.promql.grouping import KEPT
from kvmon.judge.promql.labels import EMPTY, NAME, Labelset
from kvmon.judge.promql.numbers import INF, NAN, divide, floor, higher, lower
from kvmon.judge.promql.plan import RangePlan, ScalarPlan, VectorPlan
from kvmon.judge.promql.selecting import times
from kvmon.judge.promql.tree import Call, Selector, String, Subquery, plain

Args: TypeAlias = list[VectorPlan | ScalarPlan | RangePlan | None]
"""Plans of the arguments; None for texts."""


def call(node: Call, args: Args) -> VectorPlan | ScalarPlan:  # noqa: C901, PLR0911, PLR0912 - one for each function
    """The plan of a call."""
    name = node.name
    if name in simple.FUNCTIONS:
        return mapped(_vector(args[0]), simple.FUNCTIONS[name])
    if name in simple.DATES:
        return mapped(_vector(args[0]) if args else _now(), simple.DATES[name])
    if name in ranges.FUNCTIONS:
        return over_time(node, args)
    if name.startswith("clamp"):
        return _clamp(name, _vector(args[0]), [_scalar(arg) for arg in args[1:]])
    if name.startswith("histogram_"):
        return _histogram(node, args)
    texts = [text.value for arg in node.args if isinstance(text := plain(arg), String)]
    match name:
        case "absent":
            return _absent(_vector(args[0]), relabel.absent_labels(node.args[0]))
        case "absent_over_time":
            return _absent_over_time(cast("RangePlan", args[0]), relabel.absent_labels(node.args[0]))
        case "label_join":
            return relabel.join(_vector(args[0]), texts[0], texts[1], tuple(texts[2:]))
        case "label_replace":
            target, template, source, pattern = texts
            return relabel.replace(_vector(args[0]), target, template, source, pattern)
        case "round":
            return _round(_vector(args[0]), _scalar(args[1]) if len(args) > 1 else None)
        case "sort" | "sort_desc":
            return _sort(_vector(args[0]), down=name == "sort_desc")
        case "timestamp":
            selector = plain(node.args[0])
            return times(selector) if isinstance(selector, Selector) else _timestamp(_vector(args[0]))
        case "scalar":
            return _to_scalar(_vector(args[0]))
        case "vector":
            return _to_vector(_scalar(args[0]))
        case "time":
            return ScalarPlan(_time)
        case "pi":
            return ScalarPlan(_pi, 3.141592653589793)
        case _:
            raise ValueError(name)


def _vector(plan: object) -> VectorPlan:
    return cast("VectorPlan", plan)


def _scalar(plan: object) -> ScalarPlan:
    return cast("ScalarPlan", plan)


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
        out: Samples = []
        for part in parts(samples):
            out += [(labels.bare, function(value)) for labels, value in part]
            yield
        return out if inner.bare else distinct(out)

    return VectorPlan(run, bare=True)


def _timestamp(inner: VectorPlan) -> VectorPlan:
    def run(context: Context, now: int) -> Work[Samples]:
        samples = yield from inner.run(context, now)
        out = [(labels.bare, now / 1000) for labels, _ in samples]
        return out if inner.bare else distinct(out)

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
        out = [(labels.bare, higher(low, lower(high, value))) for labels, value in samples]
        return out if inner.bare else distinct(out)

    return VectorPlan(run, bare=True)


def _round(inner: VectorPlan, nearest: ScalarPlan | None) -> VectorPlan:
    """Halves up; the inverse of the step is what is worked with, as its errors are smaller."""

    def run(context: Context, now: int) -> Work[Samples]:
        samples = yield from inner.run(context, now)
        inverse = divide(1.0, (yield from nearest.run(context, now)) if nearest is not None else 1.0)
        out = [(labels.bare, divide(floor(value * inverse + 0.5), inverse)) for labels, value in samples]
        return out if inner.bare else distinct(out)

    return VectorPlan(run, bare=True)


def _sort(inner: VectorPlan, *, down: bool) -> VectorPlan:
    """By value, NaN last in either direction."""

    def run(context: Context, now: int) -> Work[Samples]:
        samples = yield from inner.run(context, now)
        numbers = [sample for sample in samples if sample[1] == sample[1]]
        others = [sample for sample in samples if sample[1] != sample[1]]
        return sorted(numbers, key=lambda sample: sample[1], reverse=down) + others

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


def _histogram(node: Call, args: Args) -> VectorPlan:
    """histogram_quantile and histogram_fraction, of classic histograms."""
    known: dict[Labelset, histograms.Read] = {}
    numbers = [_scalar(arg) for arg in args[:-1]]
    inner = _vector(args[-1])
    seen_key = object()

    def run(context: Context, now: int) -> Work[Samples]:
        first = yield from numbers[0].run(context, now)
        last = yield from numbers[-1].run(context, now)
        samples = yield from inner.run(context, now)
        if len(known) > KEPT:
            known.clear()
        found, malformed = yield from histograms.histograms(samples, known)
        for bucket in malformed:
            text = f'bucket label "le" is missing or has a malformed value of "{bucket.le}" for metric name "{bucket.name}"'
            context.warn(text, node.places[-1])
        yield
        if node.name == "histogram_fraction":
            return distinct([(each.labels, histograms.fraction(first, last, each.buckets)) for each in found])
        check_quantile(context, first, node.places[0])
        out: Samples = []
        seen: set[str] = context.kept.setdefault(seen_key, set())
        for place, each in enumerate(found):
            if place % PART == 0:
                yield
            value, forced = histograms.quantile(first, each.buckets)
            if forced:
                # Prometheus forgets the name after the first step; its remarks are different texts then.
                context.inform(MENDED.format("" if each.key in seen else each.name), node.places[1])
            seen.add(each.key)
            out.append((each.labels, value))
        return distinct(out)

    return VectorPlan(run, bare=True)


MENDED = (
    "input to histogram_quantile needed to be fixed for monotonicity (see"
    ' https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name "{}"'
)


COUNTER_ENDINGS = ("_total", "_sum", "_count", "_bucket")


def over_time(node: Call, args: Args) -> VectorPlan:
    """A function of the values in a range."""
    place = next(index for index, arg in enumerate(args) if isinstance(arg, RangePlan))
    inner = cast("RangePlan", args[place])
    params = [_scalar(arg) for index, arg in enumerate(args) if index != place]
    function = ranges.FUNCTIONS[node.name]
    named = node.name == "last_over_time"
    counter = node.name in ("rate", "increase")
    # Prometheus puts the values of a subquery in the place of an argument that stands nowhere.
    where = "1:1" if isinstance(plain(node.args[place]), Subquery) else node.places[0]
    owners = object()

    def run(context: Context, now: int) -> Work[Samples]:
        param = NAN
        for each in params:
            param = yield from each.run(context, now)
        spans = yield from inner.run(context, now)
        end = inner.end(context, now)
        window = ranges.Window(end - inner.range, end, now, param)
        if node.name == "quantile_over_time" and spans:
            check_quantile(context, param, node.places[0])
        out: Samples = []
        for begin in range(0, len(spans), PART):
            for labels, at, values in spans[begin : begin + PART]:
                value = function(at, values, window)
                if value is not None:
                    out.append((labels if named else labels.bare, value))
                    if counter:
                        _remark(context, labels, where)
                    if not inner.bare and not named:
                        _own(context.kept.setdefault(owners, {}), labels)
            yield
        return out

    return VectorPlan(run, inner.bare if named else True)


def _remark(context: Context, labels: Labelset, place: str) -> None:
    name = labels.get(NAME)
    if name and not name.endswith(COUNTER_ENDINGS):
        context.inform(f'metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "{name}"', place)


def _own(owners: dict[str, str], labels: Labelset) -> None:
    """Raises where two series come to the same labels, in one step or in several: a query has one series for each."""
    if owners.setdefault(labels.bare.key, labels.key) != labels.key:
        raise EvaluationError(SAME)

"""Classic histograms: quantiles and fractions of their buckets."""

from __future__ import annotations

from bisect import bisect_left
from math import isnan
from typing import NamedTuple, TypeAlias

from kvmon.judge.promql.aggregating import check_quantile
from kvmon.judge.promql.context import Context, Samples, distinct
from kvmon.judge.promql.grouping import KEPT
from kvmon.judge.promql.labels import NAME, Labelset
from kvmon.judge.promql.numbers import INF, NAN, divide
from kvmon.judge.promql.plan import Args, VectorPlan, scalar, vector
from kvmon.judge.promql.tree import Call
from kvmon.judge.promql.work import Work, parts

Bucket: TypeAlias = tuple[float, float]
"""Upper bound and count of what is not above it."""

HISTOGRAMS = 50
"""Histograms between two stops."""

TOLERANCE = 1e-12
"""What a count may be relatively below the one before without being taken for less."""


def quantile(q: float, buckets: list[Bucket]) -> tuple[float, bool]:
    """The value that a share q of observations does not exceed, and whether the counts had to be made to rise."""
    if not 0 <= q <= 1:
        return (NAN if isnan(q) else INF if q > 1 else -INF), False
    bounds, counts = _coalesced(buckets)
    if bounds[-1] != INF:
        return NAN, False
    forced = _mend(counts)
    if len(bounds) < 2 or counts[-1] == 0:
        return NAN, False
    return _at(q * counts[-1], bounds, counts), forced


def _at(rank: float, bounds: list[float], counts: list[float]) -> float:
    """The value of this rank: within a bucket by its place between the bounds; the lowest begins at 0 if it ends above."""
    place = bisect_left(counts, rank, 0, len(counts) - 1)
    if place == len(counts) - 1:
        return bounds[-2]
    if place == 0 and bounds[0] <= 0:
        return bounds[0]
    start, below = (bounds[place - 1], counts[place - 1]) if place else (0.0, 0.0)
    return start + (bounds[place] - start) * divide(rank - below, counts[place] - below)


def fraction(low: float, high: float, buckets: list[Bucket]) -> float:
    """The share of observations between two values."""
    bounds, counts = _coalesced(buckets)
    whole = counts[-1]
    if bounds[-1] != INF or whole == 0 or isnan(low) or isnan(high):
        return NAN
    if low >= high:
        return 0.0
    first, last = (min(_rank(each, bounds, counts), whole) for each in (low, high))
    return (last - first) / whole


def _rank(value: float, bounds: list[float], counts: list[float]) -> float:
    """How many observations are below a value. Where the lowest bucket begins is not known: NaN within it."""
    lower, below = -INF, 0.0
    for upper, count in zip(bounds, counts, strict=True):
        if lower >= value:
            return below
        if lower < value < upper:
            return below + (count - below) * (value - lower) / (upper - lower)
        lower, below = upper, count
    return counts[-1]


def _coalesced(buckets: list[Bucket]) -> tuple[list[float], list[float]]:
    """Bounds, rising, and counts; equal bounds are one bucket."""
    bounds: list[float] = []
    counts: list[float] = []
    for bound, count in sorted(buckets, key=lambda bucket: bucket[0]):
        if bounds and bounds[-1] == bound:
            counts[-1] += count
        else:
            bounds.append(bound)
            counts.append(count)
    return bounds, counts


def _mend(counts: list[float]) -> bool:
    """Make the counts rise; whether more than an error of precision had to be mended."""
    before = counts[0]
    for place, count in enumerate(counts):
        if count != before and divide(abs(count - before), count) <= TOLERANCE:
            counts[place] = before
        else:
            before = count
    forced = False
    highest = counts[0]
    for place, count in enumerate(counts):
        if count > highest:
            highest = count
        elif count < highest:
            counts[place] = highest
            forced = True
    return forced


class Read(NamedTuple):
    """What a bucket's labels say. `key` is shared by the buckets of a histogram, `bound` None where `le` is malformed."""

    key: str
    labels: Labelset
    name: str
    bound: float | None
    le: str


def read(labels: Labelset) -> Read:
    """From the labels of a bucket."""
    name, le = labels.get(NAME), labels.get("le")
    group = Labelset(tuple([pair for pair in labels.pairs if pair[0] != "le"]))
    return Read(group.key, group, name, _bound(le), le)


def _bound(text: str) -> float | None:
    try:
        return float(text) if "_" not in text and text == text.strip() else None
    except ValueError:
        return None


class Histogram(NamedTuple):
    """A histogram of the samples."""

    key: str
    labels: Labelset
    name: str
    buckets: list[Bucket]


def _histograms(samples: Samples, known: dict[Labelset, Read]) -> Work[tuple[list[Histogram], list[Read]]]:
    """The histograms, and the buckets without a bound. `known` keeps what was read from labels."""
    found: dict[str, Histogram] = {}
    malformed: list[Read] = []
    for part in parts(samples):
        for labels, value in part:
            said = known.get(labels)
            if said is None:
                said = known[labels] = read(labels)
            if said.bound is None:
                malformed.append(said)
                continue
            histogram = found.get(said.key)
            if histogram is None:
                histogram = found[said.key] = Histogram(said.key, said.labels, said.name, [])
            histogram.buckets.append((said.bound, value))
        yield
    return list(found.values()), malformed


def histogram(node: Call, args: Args) -> VectorPlan:
    """histogram_quantile and histogram_fraction, of classic histograms."""
    known: dict[Labelset, Read] = {}
    numbers = [scalar(arg) for arg in args[:-1]]
    inner = vector(args[-1])
    seen_key = object()

    def run(context: Context, now: int) -> Work[Samples]:
        first = yield from numbers[0].run(context, now)
        last = yield from numbers[-1].run(context, now)
        samples = yield from inner.run(context, now)
        if len(known) > KEPT:
            known.clear()
        found, malformed = yield from _histograms(samples, known)
        for bucket in malformed:
            text = f'bucket label "le" is missing or has a malformed value of "{bucket.le}" for metric name "{bucket.name}"'
            context.warn(text, node.places[-1])
        out: Samples = []
        share = node.name == "histogram_fraction"
        if not share:
            check_quantile(context, first, node.places[0])
        seen: set[str] = context.kept.setdefault(seen_key, set())
        for place, each in enumerate(found):
            if place % HISTOGRAMS == 0:
                yield
            if share:
                out.append((context.unnamed(each.labels), fraction(first, last, each.buckets)))
                continue
            value, forced = quantile(first, each.buckets)
            if forced:
                # Prometheus forgets the name after the first step; its remarks are different texts then.
                context.inform(MENDED.format("" if each.key in seen and not context.delayed else each.name), node.places[1])
            seen.add(each.key)
            out.append((context.unnamed(each.labels), value))
        return out if context.delayed else (yield from distinct(out))

    return VectorPlan(run, bare=True)


MENDED = (
    "input to histogram_quantile needed to be fixed for monotonicity (see"
    ' https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name "{}"'
)

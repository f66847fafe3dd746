"""Functions over the values of a range: from times (ms) and values to one number, or None for no sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from kvmon.judge.promql import sums
from kvmon.judge.promql.numbers import INF, NAN, divide


class Window(NamedTuple):
    """The range itself: `start` and `end` in ms, and what other arguments came to."""

    start: int
    end: int
    now: int
    param: float = NAN


Times: TypeAlias = Sequence[int]
Values: TypeAlias = Sequence[float]
RangeFunction: TypeAlias = Callable[[Times, Values, Window], float | None]


def extrapolated(times: Times, values: Values, window: Window, zero: float) -> float:
    """By what the change between the first and the last sample is multiplied to be that of the whole range.

    An edge that is closer to a sample than 1.1 mean distances is reached, else half a distance is added; never is more than
    `zero` seconds added at the start, where a counter is at zero.
    """
    sampled = (times[-1] - times[0]) / 1000
    average = sampled / (len(values) - 1)
    threshold = average * 1.1
    to_start = (times[0] - window.start) / 1000
    if to_start >= threshold:
        to_start = average / 2
    to_start = min(to_start, zero)
    to_end = (window.end - times[-1]) / 1000
    if to_end >= threshold:
        to_end = average / 2
    return (sampled + to_start + to_end) / sampled


def _risen(times: Times, values: Values, window: Window) -> tuple[float, float]:
    """How much a counter rose between the samples, and the factor for the whole range. A value below the last is a reset."""
    first = before = values[0]
    result = values[-1] - first
    for value in values:
        if value < before:
            result += before
        before = value
    zero = (times[-1] - times[0]) / 1000 * (first / result) if result > 0 and first >= 0 else INF
    return result, extrapolated(times, values, window, zero)


def increase(times: Times, values: Values, window: Window) -> float | None:
    """How much a counter rose."""
    if len(values) < 2:
        return None
    result, factor = _risen(times, values, window)
    return result * factor


def rate(times: Times, values: Values, window: Window) -> float | None:
    """How much a counter rose per second."""
    if len(values) < 2:
        return None
    result, factor = _risen(times, values, window)
    return result * (factor / ((window.end - window.start) / 1000))


def delta(times: Times, values: Values, window: Window) -> float | None:
    """How much a gauge changed."""
    if len(values) < 2:
        return None
    return (values[-1] - values[0]) * extrapolated(times, values, window, INF)


def irate(times: Times, values: Values, window: Window) -> float | None:  # noqa: ARG001
    """The rise between the last two samples, per second."""
    if len(values) < 2 or times[-1] == times[-2]:
        return None
    before, last = values[-2], values[-1]
    return (last if last < before else last - before) / ((times[-1] - times[-2]) / 1000)


def idelta(times: Times, values: Values, window: Window) -> float | None:  # noqa: ARG001
    """The change between the last two samples."""
    return values[-1] - values[-2] if len(values) >= 2 and times[-1] != times[-2] else None


def resets(times: Times, values: Values, window: Window) -> float | None:  # noqa: ARG001
    """How often a value was below the one before."""
    return float(sum(after < before for before, after in pairwise(values)))


def changes(times: Times, values: Values, window: Window) -> float | None:  # noqa: ARG001
    """How often a value was another than the one before; NaN is the same as NaN."""
    pairs = pairwise(values)
    return float(sum(after != before and not (after != after and before != before) for before, after in pairs))


def _regression(times: Times, values: Values, origin: int) -> tuple[float, float]:
    """Slope (per second) and the value at `origin` of the line of least squares."""
    count = sum_x = lost_x = sum_y = lost_y = sum_xy = lost_xy = sum_xx = lost_xx = 0.0
    first, add = values[0], sums.add
    same = True
    for at, y in zip(times, values, strict=True):
        same = same and (y == first or count == 0)
        count += 1
        x = (at - origin) / 1000
        sum_x, lost_x = add(x, sum_x, lost_x)
        sum_y, lost_y = add(y, sum_y, lost_y)
        sum_xy, lost_xy = add(x * y, sum_xy, lost_xy)
        sum_xx, lost_xx = add(x * x, sum_xx, lost_xx)
    if same:
        return (NAN, NAN) if first in (INF, -INF) else (0.0, first)
    sum_x, sum_y, sum_xy, sum_xx = sum_x + lost_x, sum_y + lost_y, sum_xy + lost_xy, sum_xx + lost_xx
    slope = divide(sum_xy - sum_x * sum_y / count, sum_xx - sum_x * sum_x / count)
    return slope, sum_y / count - slope * sum_x / count


def deriv(times: Times, values: Values, window: Window) -> float | None:  # noqa: ARG001
    """The slope per second."""
    return _regression(times, values, times[0])[0] if len(values) >= 2 else None


def predict_linear(times: Times, values: Values, window: Window) -> float | None:
    """The value that the line has `param` seconds from now."""
    if len(values) < 2:
        return None
    slope, intercept = _regression(times, values, window.now)
    return slope * window.param + intercept


FUNCTIONS: dict[str, RangeFunction] = {
    "avg_over_time": lambda _, values, __: sums.mean(values),
    "changes": changes,
    "count_over_time": lambda _, values, __: float(len(values)),
    "delta": delta,
    "deriv": deriv,
    "idelta": idelta,
    "increase": increase,
    "irate": irate,
    "last_over_time": lambda _, values, __: values[-1],
    "max_over_time": lambda _, values, __: sums.most(values),
    "min_over_time": lambda _, values, __: sums.least(values),
    "predict_linear": predict_linear,
    "present_over_time": lambda _, __, ___: 1.0,
    "quantile_over_time": lambda _, values, window: sums.quantile(window.param, values),
    "rate": rate,
    "resets": resets,
    "stddev_over_time": lambda _, values, __: sums.root(sums.variance_over_time(values)),
    "stdvar_over_time": lambda _, values, __: sums.variance_over_time(values),
    "sum_over_time": lambda _, values, __: sums.total(values),
}
"""By name; `absent_over_time` looks at all series at once and is elsewhere."""

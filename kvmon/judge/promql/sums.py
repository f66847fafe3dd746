"""Sums and what is made of them, with the corrections and in the order of operations that Prometheus has."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kvmon.judge.promql.numbers import INF, NAN


def add(value: float, total: float, lost: float) -> tuple[float, float]:
    """One step of a sum that keeps what rounding loses (Neumaier's form of Kahan's summation)."""
    new = total + value
    if new in (INF, -INF):
        return new, 0.0
    if abs(total) >= abs(value):
        return new, lost + ((total - new) + value)
    return new, lost + ((value - new) + total)


def total(values: Sequence[float]) -> float:
    """The sum."""
    result = lost = 0.0
    for value in values:
        new = result + value
        if new in (INF, -INF):
            lost = 0.0
        elif abs(result) >= abs(value):
            lost += (result - new) + value
        else:
            lost += (value - new) + result
        result = new
    return result if result in (INF, -INF) else result + lost


def mean(values: Sequence[float]) -> float:
    """The average: of the sum, or where that overflows, value by value."""
    result, lost = values[0], 0.0
    rest = iter(values[1:])
    for place, value in enumerate(rest, 1):
        # As add() does it: many values are worth the repetition.
        new = result + value
        if new in (INF, -INF):
            return _running(value, rest, place + 1.0, result / place, lost / place)
        lost += (result - new) + value if abs(result) >= abs(value) else (value - new) + result
        result = new
    return result / len(values) + lost / len(values)


def _running(value: float | None, rest: object, count: float, average: float, lost: float) -> float:
    while value is not None:
        share = (count - 1) / count
        average, lost = add(value / count, share * average, share * lost)
        value = next(rest, None)  # type: ignore[call-overload]
        count += 1
    return average + lost


def variance_over_time(values: Sequence[float]) -> float:
    """The population's variance, with corrections, as `stdvar_over_time` has it."""
    count = average = lost = spread = lost_spread = 0.0
    for value in values:
        count += 1
        delta = value - (average + lost)
        average, lost = add(delta / count, average, lost)
        spread, lost_spread = add(delta * (value - (average + lost)), spread, lost_spread)
    return (spread + lost_spread) / count


def variance(values: Sequence[float]) -> float:
    """The population's variance without corrections (Welford), as the aggregation has it."""
    average = values[0]
    spread = NAN if not math.isfinite(average) else 0.0
    count = 1.0
    for value in values[1:]:
        count += 1
        delta = value - average
        average += delta / count
        spread += delta * (value - average)
    return spread / count


def root(value: float) -> float:
    """The square root; NaN of what is negative."""
    return math.sqrt(value) if value >= 0 else NAN


def least(values: Sequence[float]) -> float:
    """The smallest that is a number; NaN if none is."""
    numbers = [value for value in values if value == value]
    return min(numbers) if numbers else NAN


def most(values: Sequence[float]) -> float:
    """The largest that is a number; NaN if none is."""
    numbers = [value for value in values if value == value]
    return max(numbers) if numbers else NAN


def quantile(q: float, values: Sequence[float]) -> float:
    """Between the two values next to the rank, NaN sorting lowest; -Inf and +Inf for a q out of 0..1."""
    if not values or q != q:
        return NAN
    if q < 0:
        return -INF
    if q > 1:
        return INF
    numbers = [value for value in values if value == value]
    numbers.sort()
    ordered = [NAN] * (len(values) - len(numbers)) + numbers
    rank = q * (len(ordered) - 1)
    low = max(0, math.floor(rank))
    high = min(len(ordered) - 1, low + 1)
    weight = rank - math.floor(rank)
    return ordered[low] * (1 - weight) + ordered[high] * weight

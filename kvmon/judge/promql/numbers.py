"""Numbers as Go has them: nothing raises, and texts are the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

NAN = math.nan
INF = math.inf


def quiet(function: Callable[[float], float]) -> Callable[[float], float]:
    """A function of math that gives NaN where Python raises ValueError, and infinity where a result is too large."""

    def safe(value: float) -> float:
        try:
            return function(value)
        except ValueError:
            return NAN
        except OverflowError:
            return INF

    return safe


def divide(left: float, right: float) -> float:
    """IEEE 754: x/0 is infinite, 0/0 is NaN."""
    try:
        return left / right
    except ZeroDivisionError:
        if left == 0 or left != left:
            return NAN
        return math.copysign(INF, left) * math.copysign(1.0, right)


def modulo(left: float, right: float) -> float:
    """The remainder with the sign of the left side."""
    try:
        return math.fmod(left, right)
    except ValueError:
        return NAN


def power(left: float, right: float) -> float:
    """C's pow, with its special cases."""
    try:
        return math.pow(left, right)
    except OverflowError:
        odd = right.is_integer() and right % 2 == 1
        return -INF if left < 0 and odd else INF
    except ValueError:
        if left == 0:
            odd = right.is_integer() and right % 2 == 1
            return math.copysign(INF, left) if odd else INF
        return NAN


def floor(value: float) -> float:
    """The largest whole number that is not above."""
    return math.copysign(float(math.floor(value)), value) if math.isfinite(value) else value


def ceil(value: float) -> float:
    """The smallest whole number that is not below."""
    return math.copysign(float(math.ceil(value)), value) if math.isfinite(value) else value


def logarithm(base: Callable[[float], float]) -> Callable[[float], float]:
    """A logarithm of math: -Inf of 0, NaN of what is negative."""

    def safe(value: float) -> float:
        if value == 0:
            return -INF
        return NAN if value < 0 else base(value)

    return safe


def lower(left: float, right: float) -> float:
    """Go's math.Min: NaN if one is NaN, unless the other is -Inf."""
    if -INF in (left, right):
        return -INF
    if left != left or right != right:
        return NAN
    return min(left, right)


def higher(left: float, right: float) -> float:
    """Go's math.Max: NaN if one is NaN, unless the other is +Inf."""
    if INF in (left, right):
        return INF
    if left != left or right != right:
        return NAN
    return max(left, right)


def _figures(value: float) -> tuple[str, str, int]:
    """Sign, digits and the place of the point: the value is 0.DIGITS times ten to that power."""
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    figures = "".join(map(str, digits)).lstrip("0")
    point = len(figures) + int(exponent)
    return "-" if sign else "", figures.rstrip("0") or "0", point if figures else 1


def text(value: float) -> str:
    """The shortest text that reads back, without an exponent (Go's `f`, precision -1): for labels and JSON."""
    if not math.isfinite(value):
        return special(value)
    digits = repr(value)
    if "e" not in digits:
        return digits.removesuffix(".0")
    sign, figures, point = _figures(value)
    if point <= 0:
        return f"{sign}0.{'0' * -point}{figures}"
    return f"{sign}{figures.ljust(point, '0')}" if point >= len(figures) else f"{sign}{figures[:point]}.{figures[point:]}"


def special(value: float) -> str:
    """`NaN`, `+Inf` or `-Inf`."""
    return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"


def general(value: float) -> str:
    """The shortest text with an exponent where it is below -4 or from 21 on (Go's `%v`): for messages."""
    return _with_exponent(value, below=-4)


def brief(value: float) -> str:
    """The same from -6 on: as Prometheus' API has it."""
    return _with_exponent(value, below=-6)


def _with_exponent(value: float, *, below: int) -> str:
    if not math.isfinite(value):
        return special(value)
    digits = repr(value)
    if "e" not in digits:
        return digits.removesuffix(".0")
    sign, figures, point = _figures(value)
    exponent = point - 1
    if value == 0 or below <= exponent < 21:
        return text(value)
    return f"{sign}{figures[0]}{'.' + figures[1:] if len(figures) > 1 else ''}e{exponent:+03d}"

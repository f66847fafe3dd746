"""Functions of one number, and those of dates."""

from __future__ import annotations

import math
from collections.abc import Callable

from kvmon.judge.promql.numbers import INF, NAN, ceil, floor, logarithm, quiet

DAY = 86_400


def _sign(value: float) -> float:
    return 1.0 if value > 0 else -1.0 if value < 0 else value


SMALLEST_NORMAL = 2.2250738585072014e-308


def _ln(value: float) -> float:
    """Go's on amd64 takes the fraction of a subnormal number for that of a normal one: so does everybody who asks Prometheus."""
    if 0 < value < SMALLEST_NORMAL:
        return math.log(1 + value / 5e-324 * 2.0**-52) - 1023 * math.log(2)
    return math.log(value)


def _log10(value: float) -> float:
    return _ln(value) / math.log(10) if 0 < value < SMALLEST_NORMAL else math.log10(value)


def _atanh(value: float) -> float:
    if abs(value) == 1:
        return math.copysign(INF, value)
    return math.atanh(value) if abs(value) < 1 else NAN


_exp = quiet(math.exp)


def _sinh(value: float) -> float:
    """From 21 on half of e^x, as Go has it, which overflows a little earlier than it had to."""
    return math.sinh(value) if not abs(value) > 21 else math.copysign(_exp(abs(value)) * 0.5, value)


def _cosh(value: float) -> float:
    return math.cosh(value) if not abs(value) > 21 else _exp(abs(value)) * 0.5


FUNCTIONS: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "acos": quiet(math.acos),
    "acosh": quiet(math.acosh),
    "asin": quiet(math.asin),
    "asinh": math.asinh,
    "atan": math.atan,
    "atanh": _atanh,
    "ceil": ceil,
    "cos": quiet(math.cos),
    "cosh": _cosh,
    "deg": lambda value: value * 180 / math.pi,
    "exp": _exp,
    "floor": floor,
    "ln": logarithm(_ln),
    "log10": logarithm(_log10),
    "log2": logarithm(math.log2),
    "rad": lambda value: value * math.pi / 180,
    "sgn": _sign,
    "sin": quiet(math.sin),
    "sinh": _sinh,
    "sqrt": quiet(math.sqrt),
    "tan": quiet(math.tan),
    "tanh": math.tanh,
}


def _seconds(value: float) -> int:
    """As Go converts a float to int64 on amd64: what does not fit is the smallest number."""
    return int(value) if math.isfinite(value) and -(2.0**63) <= value < 2.0**63 else -(2**63)


def _civil(seconds: int) -> tuple[int, int, int]:
    """Year, month and day of Unix seconds in the Gregorian calendar, whatever their size (H. Hinnant's days_from_civil)."""
    days = seconds // DAY + 719_468
    era, of_era = divmod(days, 146_097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return year_of_era + era * 400 + (month <= 2), month, day


OLDEST = -9_223_372_028_715_321_600
"""Unix seconds at which Go's calendar begins: earlier ones come out as 2**64 seconds later."""


def _calendar(value: float) -> int:
    seconds = _seconds(value)
    return seconds + 2**64 if seconds < OLDEST else seconds


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days_in_month(seconds: int) -> int:
    year, month, _ = _civil(seconds)
    return 28 + _leap(year) if month == 2 else 30 if month in (4, 6, 9, 11) else 31


def _day_of_year(seconds: int) -> int:
    year, month, day = _civil(seconds)
    before = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)[month - 1]
    return before + day + (month > 2 and _leap(year))


def _date(function: Callable[[int], int]) -> Callable[[float], float]:
    return lambda value: float(function(_calendar(value)))


DATES: dict[str, Callable[[float], float]] = {
    "day_of_month": _date(lambda seconds: _civil(seconds)[2]),
    "day_of_week": _date(lambda seconds: (seconds // DAY + 4) % 7),
    "day_of_year": _date(_day_of_year),
    "days_in_month": _date(_days_in_month),
    "hour": _date(lambda seconds: seconds % DAY // 3600),
    "minute": _date(lambda seconds: seconds % 3600 // 60),
    "month": _date(lambda seconds: _civil(seconds)[1]),
    "year": _date(lambda seconds: _civil(seconds)[0]),
}
"""Of Unix seconds, in UTC."""

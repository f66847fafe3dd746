"""How unit tests write series: `up{job="x"}` and `1+2x10 _x3 stale NaN`."""

from __future__ import annotations

import math
import re

from kvmon.errors import PromqlError
from kvmon.judge.promql import Labels, parse
from kvmon.judge.promql.tree import Match, Selector

MOST = 1_000_000
"""Values that one series may have."""

Missing = None
"""A step without a sample."""


class Stale:
    """The marker that ends a series."""


STALE = Stale()

Item = float | Stale | None

_NUMBER = r"(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[iI][nN][fF]|[nN][aA][nN])"
_ITEM = re.compile(
    rf"(?P<gap>_)(?:x(?P<gaps>\d+))?|(?P<stale>stale)|"
    rf"(?P<value>[+-]?{_NUMBER})(?:(?P<delta>[+-]{_NUMBER})?x(?P<times>\d+))?"
)


def read_labels(text: str) -> Labels:
    """Name and labels of one series. Raises ValueError."""
    try:
        expr = parse(text).expr
    except PromqlError as error:
        if text.replace(" ", "") == "{}":
            return ()
        raise ValueError(str(error)) from None
    if not isinstance(expr, Selector) or expr.range or expr.offset or any(one.op is not Match.EQUAL for one in expr.matchers):
        raise ValueError(f'{text!r} is no series: write NAME{{label="value"}}')
    return tuple(sorted((one.name, one.value) for one in expr.matchers if one.value))


def read_values(text: str) -> list[Item]:
    """The samples of a series, one for each step. Raises ValueError."""
    if "{{" in text:
        raise ValueError("native histograms are not supported")
    items: list[Item] = []
    for word in text.split():
        items += _expanded(word)
        if len(items) > MOST:
            raise ValueError(f"a series of more than {MOST} values")
    return items


def _expanded(word: str) -> list[Item]:
    found = _ITEM.fullmatch(word)
    if found is None:
        raise ValueError(f"{word!r} is no value: write 1, 1x5, 1+2x5, _, _x5, stale, NaN or Inf")
    count = int(found["times"] or found["gaps"] or 0)
    if count > MOST:
        raise ValueError(f"a series of more than {MOST} values")
    if found["gap"]:
        return [Missing] * (count if found["gaps"] else 1)
    if found["stale"]:
        return [STALE]
    value = _number(found["value"])
    items: list[Item] = [value]
    step = _number(found["delta"]) if found["delta"] else 0.0
    for _ in range(count):
        # Added up one by one, as promtool does: the rounding is the same.
        value += step
        items.append(value)
    return items


def _number(text: str) -> float:
    sign = -1.0 if text.startswith("-") else 1.0
    body = text.lstrip("+-").lower()
    if body == "nan":
        return math.nan
    return sign * float(body)

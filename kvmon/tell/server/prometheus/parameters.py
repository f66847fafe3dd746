"""Parameters as Prometheus reads them, from the URL and from a form alike, with its words for what is wrong."""

from __future__ import annotations

import math
import re
from datetime import datetime

from aiohttp import web

from kvmon.errors import PromqlError
from kvmon.judge.promql import Query, parse
from kvmon.judge.promql.tree import Matchers, Selector

_DURATION = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
_UNITS = (31_536_000_000, 604_800_000, 86_400_000, 3_600_000, 60_000, 1000, 1)
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})")

FURTHEST = 2**53
"""Milliseconds from 1970 in either direction that a time may be."""


EMPTY = "vector selector must contain at least one non-empty matcher"


class Wrong(Exception):
    """A parameter cannot be taken; the text is for the one who asked."""


def invalid(name: str, why: object) -> Wrong:
    """The error of a parameter of this name."""
    return Wrong(f'invalid parameter "{name}": {why}')


async def read(request: web.Request) -> dict[str, list[str]]:
    """All parameters; those of a form come first."""
    found: dict[str, list[str]] = {}
    if request.method == "POST":
        for name, value in (await request.post()).items():
            if isinstance(value, str):
                found.setdefault(name, []).append(value)
    for name, value in request.query.items():
        found.setdefault(name, []).append(value)
    return found


def first(parameters: dict[str, list[str]], name: str) -> str:
    """The first value of a parameter; empty where it is not given."""
    return parameters.get(name, [""])[0]


def moment(parameters: dict[str, list[str]], name: str, default: int | None = None) -> int:
    """A time in ms: Unix seconds, or RFC 3339. Raises Wrong where it cannot be read, or is missing without a default."""
    text = first(parameters, name)
    if text == "" and default is not None:
        return default
    found = _seconds(text)
    if found is not None:
        return found
    optional = f"invalid time value for '{name}': " if default is not None else ""
    wrong = invalid(name, f'{optional}cannot parse "{text}" to a valid timestamp')
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise wrong
    try:
        whole = datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00"))
    except ValueError:
        raise wrong from None
    return round(whole.timestamp()) * 1000 + int((match[2] or "0")[:3].ljust(3, "0"))


def _seconds(text: str) -> int | None:
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value) or abs(value) * 1000 > FURTHEST:
        return None
    return math.floor(value) * 1000 + round((value - math.floor(value)) * 1000)


def duration(parameters: dict[str, list[str]], name: str) -> int:
    """A duration in ms: seconds, or such as `1h30m`. Raises Wrong."""
    text = first(parameters, name)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        if abs(value) * 1000 > FURTHEST:
            raise invalid(name, f'cannot parse "{text}" to a valid duration. It overflows int64')
        return int(value * 1000)
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise invalid(name, f'cannot parse "{text}" to a valid duration')
    return sum(int(number or 0) * unit for number, unit in zip(match.groups(), _UNITS, strict=True))


def limit(parameters: dict[str, list[str]], name: str = "limit") -> int:
    """How many results are wanted at most; 0 for all. Raises Wrong."""
    text = first(parameters, name)
    if text == "":
        return 0
    try:
        value = int(text)
    except ValueError:
        raise invalid(name, f'strconv.Atoi: parsing "{text}": invalid syntax') from None
    if value < 0:
        raise invalid(name, f"{name} must be non-negative")
    return value


def truth(parameters: dict[str, list[str]], name: str) -> bool:
    """Whether something is wanted; not where it is not said. Raises Wrong."""
    text = first(parameters, name)
    if text in ("1", "t", "T", "TRUE", "true", "True"):
        return True
    if text in ("", "0", "f", "F", "FALSE", "false", "False"):
        return False
    raise invalid(name, f'error converting {name}: strconv.ParseBool: parsing "{text}": invalid syntax')


def whole(parameters: dict[str, list[str]], name: str) -> int:
    """A whole number; -1 where it is not given. Raises Wrong."""
    text = first(parameters, name)
    try:
        return int(text) if text else -1
    except ValueError:
        raise Wrong(f"{name} must be a number") from None


def query(parameters: dict[str, list[str]]) -> Query:
    """The parameter `query`. Raises Wrong."""
    try:
        return parse(first(parameters, "query"))
    except PromqlError as error:
        raise invalid("query", error) from None


def selectors(parameters: dict[str, list[str]]) -> list[Matchers]:
    """The parameters `match[]`. Raises Wrong."""
    try:
        return [_selector(text) for text in parameters.get("match[]", [])]
    except ValueError as error:
        raise invalid("match[]", error) from None


def rule_selectors(parameters: dict[str, list[str]]) -> list[Matchers]:
    """The same of labels of rules, where Prometheus does not say which parameter it is that is wrong."""
    try:
        return [_selector(text) for text in parameters.get("match[]", [])]
    except ValueError as error:
        raise Wrong(str(error)) from None


def _selector(text: str) -> Matchers:
    try:
        expr = parse(text).expr
    except PromqlError as error:
        why = "match[] must contain at least one non-empty matcher" if str(error) == EMPTY else str(error)
        raise ValueError(why) from None
    if not isinstance(expr, Selector) or expr.range:
        raise ValueError(f"expected a selector of series, got {text}")
    return expr.matchers

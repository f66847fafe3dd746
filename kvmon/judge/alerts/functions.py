"""The functions that Prometheus adds to Go's templates."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus, urlsplit

import re2

from kvmon.judge.alerts.durations import parse_duration
from kvmon.judge.templates import Function, Struct
from kvmon.judge.templates.numbers import general, parse_float
from kvmon.judge.templates.times import Duration
from kvmon.judge.templates.values import Zero, type_name

Query = Callable[[str], Sequence[tuple[Mapping[str, str], float]]]
"""Evaluates an expression at the rule's time: labels and values. Raises ValueError."""

_UP = ("k", "M", "G", "T", "P", "E", "Z", "Y")
_BINARY = ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")
_DOWN = ("m", "u", "n", "p", "f", "a", "z", "y")


def functions(query: Query, *, at: float, external_url: str) -> Mapping[str, Function]:
    """By name. `at` is the time of evaluation in wall seconds."""
    return {
        **PURE,
        "query": Function(lambda text: _samples(query(text)), ("string",)),
        "now": Function(lambda: at),
        "externalURL": Function(lambda: external_url),
        "pathPrefix": Function(lambda: urlsplit(external_url).path),
    }


def sample(labels: Mapping[str, str], value: float) -> Struct:
    """A result of a query as templates see it."""
    return Struct("template.sample", {"Labels": labels, "Value": value})


def _samples(found: Sequence[tuple[Mapping[str, str], float]]) -> list[Struct]:
    return [sample(Zero(labels), value) for labels, value in found]


def _first(vector: Sequence[Struct]) -> Struct:
    if not vector:
        raise ValueError("first() called on vector with no elements")
    return vector[0]


def _label(name: str, one: Struct) -> str:
    return str(one.fields["Labels"].get(name, ""))


def _number(value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, Duration):
        return value.nanoseconds / 1e9
    if isinstance(value, str):
        try:
            return parse_float(value)
        except ValueError:
            raise ValueError(f'strconv.ParseFloat: parsing "{value}": invalid syntax') from None
    raise ValueError(f"can't convert {type_name(value)} to float")


def _four(value: float) -> str:
    return general(value, 4)


def _humanize(value: Any) -> str:
    number = _number(value)
    if number == 0 or not math.isfinite(number):
        return _four(number)
    return _grown(number, 1000, _UP) if abs(number) >= 1 else _shrunk(number)


def _humanize1024(value: Any) -> str:
    number = _number(value)
    return _four(number) if abs(number) <= 1 or not math.isfinite(number) else _grown(number, 1024, _BINARY)


def _grown(number: float, step: int, prefixes: Sequence[str]) -> str:
    chosen = ""
    for prefix in prefixes:
        if abs(number) < step:
            break
        chosen = prefix
        number /= step
    return f"{_four(number)}{chosen}"


def _shrunk(number: float) -> str:
    chosen = ""
    for prefix in _DOWN:
        if abs(number) >= 1:
            break
        chosen = prefix
        number *= 1000
    return f"{_four(number)}{chosen}"


def _humanize_duration(value: Any) -> str:
    number = _number(value)
    if not math.isfinite(number):
        return _four(number)
    if number == 0:
        return f"{_four(number)}s"
    if abs(number) < 1:
        return f"{_shrunk(number)}s"
    sign, number = ("-", -number) if number < 0 else ("", number)
    whole = int(number)
    seconds, minutes, hours, days = whole % 60, whole // 60 % 60, whole // 3600 % 24, whole // 86_400
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {seconds}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {seconds}s"
    return f"{sign}{minutes}m {seconds}s" if minutes else f"{sign}{_four(number)}s"


def _to_time(value: Any) -> datetime:
    number = _number(value)
    if not math.isfinite(number):
        raise ValueError("value is NaN or Inf")
    if not -(2**63) <= number * 1e9 < 2**63:
        raise ValueError(f"{general(number)} cannot be represented as a nanoseconds timestamp since it overflows int64")
    milliseconds = int(number * 1e9) // 1_000_000
    return datetime.fromtimestamp(milliseconds // 1000, UTC).replace(microsecond=milliseconds % 1000 * 1000)


def _humanize_timestamp(value: Any) -> Any:
    number = _number(value)
    return _to_time(number) if math.isfinite(number) else _four(number)


def _to_duration(value: Any) -> Duration:
    number = _number(value)
    if not math.isfinite(number):
        raise ValueError("value is NaN or Inf")
    return Duration(int(number * 1e9))


def _strip_port(text: str) -> str:
    parts = _host_port(text)
    return parts[0] if parts else text


def _strip_domain(text: str) -> str:
    host, port = _host_port(text) or (text, "")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        host = host.split(".")[0]
        return f"{host}:{port}" if port else host
    return text


def _host_port(text: str) -> tuple[str, str] | None:
    """Host and port; None for what net.SplitHostPort refuses."""
    found = re.fullmatch(r"\[([^\[\]]*)\]:([^:\[\]]*)|([^:\[\]]*):([^:\[\]]*)", text)
    return None if found is None else (found[1] or found[3] or "", found[2] or found[4] or "")


def _replace_all(pattern: str, replacement: str, text: str) -> str:
    try:
        compiled = re2.compile(pattern)
    except re2.error as error:
        raise ValueError(f"regexp: Compile(`{pattern}`): {error}") from None
    return "".join(_replaced(compiled, replacement, text))


def _replaced(compiled: Any, replacement: str, text: str) -> list[str]:
    parts: list[str] = []
    last = 0
    for found in compiled.finditer(text):
        parts += [text[last : found.start()], _expanded(replacement, found)]
        last = found.end()
    return [*parts, text[last:]]


_REFERENCE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")


def _expanded(replacement: str, found: Any) -> str:
    """Go's regexp.Expand: `$1`, `${name}`, `$$`; a group that is not there is empty."""

    def one(reference: re.Match[str]) -> str:
        name = reference[1] or reference[2]
        if name is None:
            return "$"
        try:
            return found.group(int(name) if name.isdigit() else name) or ""
        except (IndexError, KeyError, re2.error):
            return ""

    return _REFERENCE.sub(one, replacement)


def _match(pattern: str, text: str) -> bool:
    try:
        return re2.search(pattern, text) is not None
    except re2.error as error:
        raise ValueError(f"error parsing regexp: {error}") from None


def _title(text: str) -> str:
    return re.sub(r"(?<![\w'])\w", lambda found: found[0].upper(), text)


def link(expression: str, *, tab: int) -> str:
    """The path of Prometheus' page for an expression: its graph (0) or its table (1)."""
    return f"/graph?g0.expr={quote_plus(expression, safe='~')}&g0.tab={tab}"


PURE: Mapping[str, Function] = {
    "first": Function(_first, ("vector",)),
    "label": Function(_label, ("string", "sample")),
    "value": Function(lambda one: one.fields["Value"], ("sample",)),
    "strvalue": Function(lambda one: _label("__value__", one), ("sample",)),
    "sortByLabel": Function(lambda name, vector: sorted(vector, key=lambda one: _label(name, one)), ("string", "vector")),
    "args": Function(lambda *values: {f"arg{index}": value for index, value in enumerate(values)}, (), "any"),
    "reReplaceAll": Function(_replace_all, ("string", "string", "string")),
    "match": Function(_match, ("string", "string")),
    "title": Function(_title, ("string",)),
    "toUpper": Function(str.upper, ("string",)),
    "toLower": Function(str.lower, ("string",)),
    "stripPort": Function(_strip_port, ("string",)),
    "stripDomain": Function(_strip_domain, ("string",)),
    "humanize": Function(_humanize, ("any",)),
    "humanize1024": Function(_humanize1024, ("any",)),
    "humanizeDuration": Function(_humanize_duration, ("any",)),
    "humanizePercentage": Function(lambda value: f"{_four(_number(value) * 100)}%", ("any",)),
    "humanizeTimestamp": Function(_humanize_timestamp, ("any",)),
    "toTime": Function(_to_time, ("any",)),
    "toDuration": Function(_to_duration, ("any",)),
    "parseDuration": Function(lambda text: parse_duration(text) / 1000, ("string",)),
    "graphLink": Function(lambda expression: link(expression, tab=0), ("string",)),
    "tableLink": Function(lambda expression: link(expression, tab=1), ("string",)),
    "safeHtml": Function(lambda text: text, ("string",)),
    "urlQueryEscape": Function(lambda text: quote_plus(text, safe="~"), ("string",)),
}
"""Those that need nothing but their arguments."""

NAMES = frozenset({*PURE, "query", "now", "externalURL", "pathPrefix"})
"""All of them."""

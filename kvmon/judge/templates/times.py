"""Times and durations as Go's package time has them, for what templates do with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kvmon.judge.templates.values import Function, Methods, Value

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_PARTS: Mapping[str, Callable[[datetime], str]] = {
    "January": lambda at: _MONTHS[at.month - 1], "Jan": lambda at: _MONTHS[at.month - 1][:3],
    "Monday": lambda at: _DAYS[at.weekday()], "Mon": lambda at: _DAYS[at.weekday()][:3], "MST": lambda at: at.tzname() or "",
    "2006": lambda at: f"{at.year:04d}", "06": lambda at: f"{at.year % 100:02d}",
    "01": lambda at: f"{at.month:02d}", "1": lambda at: str(at.month),
    "002": lambda at: f"{at.timetuple().tm_yday:03d}", "02": lambda at: f"{at.day:02d}",
    "_2": lambda at: f"{at.day:2d}", "2": lambda at: str(at.day),
    "15": lambda at: f"{at.hour:02d}", "03": lambda at: f"{_twelve(at):02d}", "3": lambda at: str(_twelve(at)),
    "04": lambda at: f"{at.minute:02d}", "4": lambda at: str(at.minute),
    "05": lambda at: f"{at.second:02d}", "5": lambda at: str(at.second),
    "PM": lambda at: "PM" if at.hour >= 12 else "AM", "pm": lambda at: "pm" if at.hour >= 12 else "am",
    "Z07:00": lambda at: _offset(at, ":") if at.utcoffset() else "Z",
    "Z0700": lambda at: _offset(at, "") if at.utcoffset() else "Z",
    "-07:00": lambda at: _offset(at, ":"), "-0700": lambda at: _offset(at, ""), "-07": lambda at: _offset(at, "")[:3],
}  # fmt: skip
"""What the parts of a layout become."""

_NOT_BEFORE = {"Jan": "(?![a-z])", "Mon": "(?![a-z])", "_2": "(?!006)"}
_PART = re.compile(
    "|".join(re.escape(part) + _NOT_BEFORE.get(part, "") for part in sorted(_PARTS, key=len, reverse=True))
    + r"|[.,](?:0+|9+)(?!\d)"
)


def formatted(at: datetime, layout: str) -> str:
    """A time by the example that Go's layouts are: `Mon Jan 2 15:04:05 MST 2006`."""

    def part(match: re.Match[str]) -> str:
        given = match[0]
        if given in _PARTS:
            return _PARTS[given](at)
        digits = f"{at.microsecond:06d}".ljust(len(given) - 1, "0")[: len(given) - 1]
        if given[1] == "9":
            digits = digits.rstrip("0")
        return given[0] + digits if digits else ""

    return _PART.sub(part, layout)


@dataclass(frozen=True, slots=True)
class Duration(Methods):
    """A time.Duration."""

    nanoseconds: int

    def method(self, name: str) -> Value:
        """See Methods."""
        size = {"Seconds": 1e9, "Minutes": 60e9, "Hours": 3600e9}[name]
        return self.nanoseconds / size

    def text(self) -> str:
        """See Methods: `1h2m3.5s`."""
        if self.nanoseconds == 0:
            return "0s"
        sign, left = ("-", -self.nanoseconds) if self.nanoseconds < 0 else ("", self.nanoseconds)
        for size, unit in ((1_000, "ns"), (1_000_000, "µs"), (1_000_000_000, "ms")):
            if left < size:
                return f"{sign}{_decimal(left, size // 1000)}{unit}"
        minutes, rest = divmod(left, 60_000_000_000)
        text = f"{_decimal(rest, 1_000_000_000)}s"
        if minutes:
            hours, minutes = divmod(minutes, 60)
            text = (f"{hours}h" if hours else "") + f"{minutes}m{text}"
        return sign + text


def between(first: datetime, last: datetime) -> Duration:
    """How long after `first` `last` is; as Go, no longer than 292 years."""
    return Duration(min(2**63 - 1, max(-(2**63), (last - first) // timedelta(microseconds=1) * 1000)))


def method_of(at: datetime, name: str) -> Value:  # noqa: PLR0911 - a table of methods
    """A method of time.Time. Raises KeyError for one that is not supported."""
    match name:
        case "Format":
            return Function(lambda layout: formatted(at, layout), ("string",))
        case "Sub":
            return Function(lambda other: between(other, at), ("any",))
        case "UTC":
            return at.astimezone(UTC)
        case "Local":
            return at.astimezone()
        case "Unix":
            return int(at.timestamp())
        case "IsZero":
            return at == datetime(1, 1, 1, tzinfo=UTC)
        case "Year" | "Day" | "Hour" | "Minute" | "Second":
            return int(getattr(at, name.lower()))
    raise KeyError(name)


def _twelve(at: datetime) -> int:
    return at.hour % 12 or 12


def _offset(at: datetime, between: str) -> str:
    minutes = round((at.utcoffset() or timedelta()).total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{between}{abs(minutes) % 60:02d}"


def _decimal(number: int, unit: int) -> str:
    whole, rest = divmod(number, unit)
    return f"{whole}.{rest:0{len(str(unit)) - 1}d}".rstrip("0") if rest else str(whole)

"""Times of the day, week, month and year, in Alertmanager's words: when routes are muted, or active."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, model_validator

from kvmon.options import Options

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = tuple(name.lower() for name in calendar.month_name)
LOCAL = "Local"
"""The machine's own time zone."""

_CLOCK = re.compile(r"(?:([01]\d|2[0-3]):([0-5]\d)|24:00)", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Range:
    """From the first to the last, both included; as it was written."""

    first: int
    last: int
    written: str

    def holds(self, value: int) -> bool:
        """Whether a value lies in it."""
        return self.first <= value <= self.last


def _range(member: Callable[[str], int]) -> Callable[[object], Range]:
    def read(value: object) -> Range:
        if isinstance(value, Range):
            return value
        written = str(value).lower()
        words = written.split(":")
        if isinstance(value, bool | float) or len(words) > 2:
            raise ValueError(f"{value!r} is no range: write one, or two with a colon between")
        return Range(member(words[0]), member(words[-1]), written)

    return read


def _ordered(given: Range) -> Range:
    if given.first > given.last:
        raise ValueError(f"{given.written!r} ends before it begins")
    return given


def _weekday(word: str) -> int:
    if word not in WEEKDAYS:
        raise ValueError(f"{word!r} is no day of the week")
    return WEEKDAYS.index(word)


def _number(word: str) -> int:
    if not _NUMBER.fullmatch(word):
        raise ValueError(f"{word!r} is no number")
    return int(word)


def _month(word: str) -> int:
    return MONTHS.index(word) if word in MONTHS[1:] else _number(word)


def _days_fit(days: Range) -> Range:
    """Days from the end of a month are negative: -1 is the last."""
    for day in (days.first, days.last):
        if day == 0 or abs(day) > 31:
            raise ValueError(f"{day} is no day of a month: write 1 to 31, or -1 to -31 from its end")
    if days.first < 0 < days.last:
        raise ValueError("an end from the beginning of the month does not go with a start from its end")
    # In the shortest month there is.
    first, last = (day if day > 0 else 28 + day for day in (days.first, days.last))
    if first > last:
        raise ValueError(f"{days.written!r} ends before it begins")
    return days


def _minute(text: str) -> str:
    if not _CLOCK.fullmatch(text):
        raise ValueError(f"{text!r} is no time of day: write HH:MM, 24:00 at most")
    return text


def _zone_of(text: str) -> str:
    try:
        zone(text)
    except ValueError as error:
        raise ValueError(f"{error}: write one that this system knows, such as Europe/Berlin") from None
    return text


@lru_cache(maxsize=64)
def zone(name: str) -> tzinfo | None:
    """The time zone of this name; None: the machine's own. Raises ValueError for one that the system does not know."""
    if name == LOCAL:
        return None
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, OSError, ValueError):
        raise ValueError(f"unknown time zone {name}") from None


_shown = PlainSerializer(lambda value: value.written, return_type=str)
Weekdays = Annotated[Range, BeforeValidator(_range(_weekday)), AfterValidator(_ordered), _shown]
Days = Annotated[Range, BeforeValidator(_range(_number)), AfterValidator(_days_fit), _shown]
Months = Annotated[Range, BeforeValidator(_range(_month)), AfterValidator(_ordered), _shown]
Years = Annotated[Range, BeforeValidator(_range(_number)), AfterValidator(_ordered), _shown]
Minute = Annotated[str, AfterValidator(_minute)]


class Times(Options):
    """From one minute of a day to another, which is not included."""

    start_time: Minute
    end_time: Minute

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start_time >= self.end_time:
            raise ValueError("start_time has to be before end_time: over midnight takes two ranges")
        return self

    def holds(self, minute: str) -> bool:
        """Whether it holds `HH:MM`."""
        return self.start_time <= minute < self.end_time


class Interval(Options):
    """All that is given has to hold; of each list one. An empty list never holds."""

    times: tuple[Times, ...] | None = None
    weekdays: tuple[Weekdays, ...] | None = None
    days_of_month: tuple[Days, ...] | None = None
    months: tuple[Months, ...] | None = None
    years: tuple[Years, ...] | None = None
    location: Annotated[str, AfterValidator(_zone_of)] | None = None
    """A time zone by its name, or `Local`; default UTC."""

    def holds(self, now: float) -> bool:
        """Whether this moment (wall seconds) lies in it."""
        at = datetime.fromtimestamp(now, UTC).astimezone(zone(self.location or ""))
        return (
            (self.times is None or any(each.holds(f"{at:%H:%M}") for each in self.times))
            and (self.days_of_month is None or any(_day_in(each, at) for each in self.days_of_month))
            and _one(self.months, at.month)
            and _one(self.weekdays, at.isoweekday() % 7)
            and _one(self.years, at.year)
        )


class NamedIntervals(Options):
    """Intervals, of which one is enough, under the name by which routes refer to them."""

    name: Annotated[str, Field(min_length=1)]
    time_intervals: tuple[Interval, ...] = ()


def holding(names: Iterable[str], intervals: Mapping[str, tuple[Interval, ...]], now: float) -> tuple[str, ...]:
    """Those of the names of which an interval holds now."""
    return tuple(name for name in names if any(each.holds(now) for each in intervals[name]))


def _one(ranges: tuple[Range, ...] | None, value: int) -> bool:
    return ranges is None or any(each.holds(value) for each in ranges)


def _day_in(days: Range, at: datetime) -> bool:
    """Days that a month does not have are not moved into it, but for the end."""
    length = calendar.monthrange(at.year, at.month)[1]
    first, last = (day if day > 0 else length + day + 1 for day in (days.first, days.last))
    return first <= at.day <= last

"""redis_exporter's settings of keys, groups and streams: the collector `keys`."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

from kvmon.config.environment.places import Environment
from kvmon.config.mistakes import Ledger
from kvmon.watch.collectors.keys import parse_key
from kvmon.watch.patterns.lua import check

PREFIX = "REDIS_EXPORTER_"
"""What its variables begin with."""

OFF = ("false", "0", "f")
ON = ("true", "1", "t")


def read_keys(environment: Environment, target: dict[str, Any], places: dict[str, str], ledger: Ledger) -> None:
    """The collector `keys`, from its settings."""
    found: dict[str, Any] = {}
    used = []
    for name, (key, read) in SETTINGS.items():
        text = environment.get(PREFIX + name, "").strip()
        if not text:
            continue
        place = environment.place(PREFIX + name)
        try:
            found[key] = read(text)
        except (ValueError, csv.Error) as error:
            ledger.add(str(error), where=place)
            continue
        used.append(place)
    if found:
        target["collectors"] = {"keys": found}
        places["collectors"] = ", ".join(used)


def _names(text: str) -> list[str]:
    """`db0=a,db1=b*`. Raises ValueError."""
    names = [part.strip() for part in text.split(",") if part.strip()]
    for name in names:
        parse_key(name)
    return names


def _groups(text: str) -> list[str]:
    """A line of CSV: a pattern with a comma is quoted. Raises ValueError, csv.Error."""
    return [check(part.strip()) for part in next(csv.reader([text])) if part.strip()]


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 10_000):
        raise ValueError("it has to be a number from 1 to 10000")
    return int(text)


def _no(text: str) -> bool:
    if text.lower() not in ON + OFF:
        raise ValueError("it has to be true or false")
    return text.lower() in OFF


SETTINGS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "CHECK_KEYS": ("patterns", _names), "CHECK_SINGLE_KEYS": ("single", _names), "COUNT_KEYS": ("counts", _names),
    "CHECK_KEY_GROUPS": ("groups", _groups), "MAX_DISTINCT_KEY_GROUPS": ("most_groups", _count),
    "CHECK_STREAMS": ("streams", _names), "CHECK_SINGLE_STREAMS": ("single_streams", _names),
    "DISABLE_EXPORTING_KEY_VALUES": ("values", _no), "STREAMS_EXCLUDE_CONSUMER_METRICS": ("consumers", _no),
}  # fmt: skip
"""Settings of the collector `keys`: its option, and how the text is read."""

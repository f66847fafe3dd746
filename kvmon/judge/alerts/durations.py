"""Prometheus' durations: `1h30m`, `0`."""

from __future__ import annotations

import re

UNITS = {"y": 31_536_000_000, "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
"""In milliseconds, the largest first."""

_WHOLE = re.compile("".join(rf"(?:(\d+){unit})?" for unit in UNITS))


def parse_duration(text: str) -> int:
    """Milliseconds. Units stand once each, the largest first. Raises ValueError with Prometheus' text."""
    if text == "":
        raise ValueError("empty duration string")
    if text == "0":
        return 0
    found = _WHOLE.fullmatch(text)
    if found is None:
        raise ValueError(f'not a valid duration string: "{text}"')
    total = sum(int(number) * size for number, size in zip(found.groups(), UNITS.values(), strict=True) if number)
    if total * 1_000_000 >= 2**63:
        raise ValueError("duration out of range")
    return total


def format_duration(milliseconds: int) -> str:
    """As Prometheus writes it: `1h30m`; years and weeks only when they divide it."""
    if milliseconds == 0:
        return "0s"
    left = milliseconds
    text = ""
    for unit, size in UNITS.items():
        if unit in ("y", "w", "d") and left % size and unit != "d":
            continue
        count, left = divmod(left, size)
        if count:
            text += f"{count}{unit}"
    return text

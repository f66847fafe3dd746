"""What configured values are made of: frozen models that refuse unknown keys, and numbers that carry their unit."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, SecretStr

DURATIONS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0, "y": 31_536_000.0}
"""Prometheus' units of duration, in seconds."""

SIZES = {
    "B": 1, "kB": 1000, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4,
    "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4,
}  # fmt: skip

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w|y)")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGT]i?B|B)")


class Options(BaseModel):
    """A part's options: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


def parse_duration(text: object) -> float:
    """Seconds of `15s`, `250ms`, `1h30m`. Raises ValueError for a bare number: a unit is part of the value."""
    if isinstance(text, str):
        if text == "0":
            return 0.0
        parts = _PART.findall(text)
        if parts and "".join(number + unit for number, unit in parts) == text:
            return sum(float(number) * DURATIONS[unit] for number, unit in parts)
    raise ValueError(f"{text!r} is no duration: write a number with its unit, such as 15s, 250ms or 1h30m")


def parse_size(text: object) -> int:
    """Bytes of `512MiB`, `6GB`. Raises ValueError for a bare number other than 0."""
    if isinstance(text, str):
        if text == "0":
            return 0
        found = _SIZE.fullmatch(text.strip())
        if found:
            return round(float(found[1]) * SIZES[found[2]])
    raise ValueError(f"{text!r} is no size: write a number with its unit, such as 512MiB or 6GB")


def format_duration(seconds: float) -> str:
    """The shortest exact text that parse_duration reads back, in one or more units: 0.25 -> `250ms`, 5400 -> `1h30m`."""
    rest = round(seconds * 1000)
    if rest == 0:
        return "0s"
    text = ""
    for unit in ("d", "h", "m", "s", "ms"):
        size = round(DURATIONS[unit] * 1000)
        if rest >= size:
            text += f"{rest // size}{unit}"
            rest %= size
    return text


def format_size(size: int) -> str:
    """The largest binary unit that divides the size: 536870912 -> `512MiB`."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size and size % SIZES[unit] == 0:
            return f"{size // SIZES[unit]}{unit}"
    return f"{size}B"


def _duration(value: object) -> float:
    # A default, or a model that is built in code, gives seconds; a file gives text.
    return value if isinstance(value, float) else parse_duration(value)


def _size(value: object) -> int:
    return value if isinstance(value, _Bytes) else parse_size(value)


def _redacted(secret: SecretStr | None) -> str | None:
    return "<redacted>" if secret is not None else None


class _Bytes(int):
    """A size that has been parsed: tells a default from a bare number in a file."""


Seconds = Annotated[
    float,
    BeforeValidator(_duration, json_schema_input_type=str),
    Field(gt=0),
    PlainSerializer(format_duration, return_type=str),
]
"""A duration, positive; text with a unit in a file, float seconds in code."""

Bytes = Annotated[
    int,
    BeforeValidator(_size, json_schema_input_type=str),
    Field(gt=0),
    PlainSerializer(format_size, return_type=str),
]
"""A size, positive; text with a unit in a file, `size(...)` in code."""

Secret = Annotated[SecretStr, PlainSerializer(_redacted, return_type=str)]
"""A secret; it is shown as `<redacted>`."""

Count = Annotated[int, Field(ge=0, le=100_000)]
"""How many of something; 0 means none."""


def size(text: str) -> int:
    """A size for a default in code: `size("512MiB")`."""
    return _Bytes(parse_size(text))

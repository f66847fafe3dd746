"""Numbers out of INFO, and samples only of values that mean something."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Spec


def number(fields: Mapping[str, str], name: str) -> float | None:
    """The field as a number that is finite and not negative; None where there is no such thing."""
    try:
        # No call of get() and parsed(): some thirty fields of every poll are read here.
        value = float(fields[name])
    except (KeyError, ValueError):
        return None
    return value if 0.0 <= value < inf else None


def parsed(text: str | None) -> float | None:
    """The text as a number that is finite and not negative; else None."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0.0 <= value < inf else None


def add(samples: list[Sample], spec: Spec, value: float | None, *labels: str) -> None:
    """Append a sample unless its value is absent, negative or not finite."""
    if value is not None and 0.0 <= value < inf:
        samples.append(Sample(spec, value, labels))


def ratio(part: float, whole: float) -> float | None:
    """`part / whole`, within 0..1; None where there is no whole."""
    return min(1.0, part / whole) if whole > 0.0 else None


def pairs(text: str) -> dict[str, str]:
    """`keys=3,expires=1` as a mapping."""
    return dict([part.split("=", 1) for part in text.split(",") if "=" in part])

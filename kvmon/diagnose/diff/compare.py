"""Two sets of series compared, with what explains a difference."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from kvmon.diagnose.diff.explained import explanation


class Series(NamedTuple):
    """A name with its labels, sorted."""

    name: str
    labels: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        inside = ",".join(f'{name}="{value}"' for name, value in self.labels)
        return f"{self.name}{{{inside}}}" if inside else self.name


Values = Mapping[Series, float]


@dataclass(frozen=True, slots=True)
class Report:
    """What a comparison found. `moved` are values that changed while we looked; `explained` maps to the reason.

    `relabelled` maps series of the exporter to the only ones of the same name here, whose labels say more or something else.
    """

    equal: tuple[Series, ...] = ()
    moved: tuple[Series, ...] = ()
    different: Mapping[Series, tuple[float, float]] = field(default_factory=dict)
    missing: tuple[Series, ...] = ()
    relabelled: Mapping[Series, Series] = field(default_factory=dict)
    explained: Mapping[Series, str] = field(default_factory=dict)
    added: tuple[Series, ...] = ()

    @property
    def good(self) -> bool:
        """Whether whoever changes over loses nothing."""
        return not self.missing and not any(_loses(old, new) for old, new in self.relabelled.items())


def compare(before: Values, ours: Values, after: Values) -> Report:
    """`before` and `after` are the exporter's answers around `ours`: what changed between them may differ."""
    equal: list[Series] = []
    moved: list[Series] = []
    missing: list[Series] = []
    different: dict[Series, tuple[float, float]] = {}
    explained: dict[Series, str] = {}
    for series, first in before.items():
        reason = explanation(series.name)
        if series not in ours:
            if reason:
                explained[series] = reason
            elif series in after:
                missing.append(series)  # gone from both: a client or a command that ended meanwhile
            continue
        value, last = ours[series], after.get(series, first)
        if _same(value, first) or _same(value, last):
            equal.append(series)
        elif not _same(first, last):
            moved.append(series)
        elif reason:
            explained[series] = reason
        else:
            different[series] = (first, value)
    singles = _singles(ours)
    relabelled = {series: singles[series.name] for series in missing if series.name in singles}
    missing = [series for series in missing if series not in relabelled]
    added = tuple(series for series in ours if series not in before and series not in after)
    return Report(tuple(equal), tuple(moved), different, tuple(missing), relabelled, explained, added)


def _singles(values: Values) -> dict[str, Series]:
    """The series of names that have only one."""
    found: dict[str, Series | None] = {}
    for series in values:
        found[series.name] = None if series.name in found else series
    return {name: series for name, series in found.items() if series is not None}


def _loses(old: Series, new: Series) -> bool:
    """Whether a label with a value is gone, or says something else."""
    return not set(old.labels) <= set(new.labels)


def _same(one: float, other: float) -> bool:
    return one == other or math.isclose(one, other, rel_tol=1e-9) or (math.isnan(one) and math.isnan(other))

"""What a scan adds up: every key is counted, and some are looked at, from which the rest is estimated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from math import sqrt
from typing import Any, NamedTuple
from zlib import crc32

CERTAIN = 1.96
"""Standard errors on each side of an estimate: the truth is within them in 95 of 100 passes."""

WITHIN = (60, 600, 3600, 21_600, 86_400, 604_800, 2_592_000)
"""Seconds: limits by which times to live are counted."""


class Look(NamedTuple):
    """One key as it was found. `memory` bytes, `ttl` seconds (None: never), `elements` of a collection; None: unknown."""

    kind: str
    memory: int | None
    ttl: float | None
    elements: int | None


class Estimate(NamedTuple):
    """A total with the half of its 95 % interval; an error of 0 is exact."""

    value: float
    error: float


@dataclass(slots=True)
class Stratum:
    """A stretch of a scan with one rate of looking: `met` keys were met, `looked` of them looked at; sums and sums of squares."""

    met: int = 0
    looked: int = 0
    weighed: int = 0
    memory: int = 0
    memory_squared: int = 0
    lasting: int = 0
    counted: int = 0
    elements: int = 0
    elements_squared: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    within: list[int] = field(default_factory=lambda: [0] * len(WITHIN))

    def add(self, look: Look) -> None:
        """A key was looked at."""
        self.looked += 1
        self.kinds[look.kind] += 1
        if look.memory is not None:
            self.weighed += 1
            self.memory += look.memory
            self.memory_squared += look.memory**2
        if look.ttl is None:
            self.lasting += 1
        else:
            for place, limit in enumerate(WITHIN):
                self.within[place] += look.ttl <= limit
        if look.elements is not None:
            self.counted += 1
            self.elements += look.elements
            self.elements_squared += look.elements**2


class Tally:
    """Keys of one kind. `full` is how many are looked at before the rate is halved; 0: keys are only counted.

    The first keys are all looked at, so that what is small is exact. Each time `full` keys were looked at a stretch begins in
    which half as many are: a stratified sample, whose size grows with the logarithm of the number of keys. A hash of the name
    decides which ones, so that the same keys are looked at in the next pass.
    """

    __slots__ = ("full", "strata")

    def __init__(self, full: int, strata: Sequence[Stratum] = ()) -> None:
        self.full = full
        self.strata = list(strata) or [Stratum()]

    @property
    def keys(self) -> int:
        """How many were met."""
        return sum(stratum.met for stratum in self.strata)

    def meet(self, name: bytes) -> int | None:
        """Count a key; the stretch to hand to `look` where it is to be looked at."""
        if self.full <= 0:
            self.strata[-1].met += 1
            return None
        if self.strata[-1].looked >= self.full:
            self.strata.append(Stratum())
        place = len(self.strata) - 1
        self.strata[place].met += 1
        return place if chosen(name, place) else None

    def look(self, place: int, look: Look) -> None:
        """A key that `meet` wanted to be looked at."""
        self.strata[place].add(look)

    def gone(self, place: int) -> None:
        """It was there no more."""
        self.strata[place].met -= 1

    def document(self) -> list[Any]:
        """As JSON."""
        return [self.full, [[*_plain(stratum), dict(stratum.kinds), stratum.within] for stratum in self.strata]]

    @classmethod
    def read(cls, document: list[Any]) -> Tally:
        """What `document` gave. Raises ValueError, TypeError or KeyError for anything else."""
        full, rows = document
        return cls(int(full), [_stratum(*row) for row in rows])


def chosen(name: bytes, halvings: int) -> bool:
    """Whether a key is among one of 2 ** halvings."""
    return not halvings or (crc32(name) * 0x9E3779B1 & 0xFFFFFFFF) >> max(0, 32 - halvings) == 0


@dataclass(frozen=True, slots=True)
class Summary:
    """What tallies come to together. `coverage` is the share of keys that expire; None where nothing was looked at."""

    keys: int
    looked: int
    memory: Estimate | None
    elements: Estimate | None
    coverage: Estimate | None
    lasting: Estimate | None
    kinds: Mapping[str, float]
    within: Mapping[int, float]


def summary(tallies: Sequence[Tally]) -> Summary:
    """Totals over several shards: a stratified estimate, with the correction for a finite population.

    A total is the sum over stretches of `met` times the mean; its variance the sum of met² * s² / n * (1 - n / met).
    """
    strata = [stratum for tally in tallies for stratum in tally.strata if stratum.met]
    keys = sum(stratum.met for stratum in strata)
    looked = sum(stratum.looked for stratum in strata)
    memory = _total([(each.met, each.weighed, each.memory, each.memory_squared) for each in strata])
    counted = any(each.counted for each in strata)
    # A string has no elements: it counts as one that has none.
    elements = _total([(each.met, each.looked, each.elements, each.elements_squared) for each in strata]) if counted else None
    lasting = _total([(each.met, each.looked, each.lasting, each.lasting) for each in strata])
    coverage = Estimate(1 - lasting.value / keys, lasting.error / keys) if lasting is not None and keys else None
    kinds: Counter[str] = Counter()
    within = [0.0] * len(WITHIN)
    for each in strata:
        weight = each.met / each.looked if each.looked else 0.0
        for kind, count in each.kinds.items():
            kinds[kind] += count * weight  # type: ignore[assignment] # a counter of numbers
        for place, count in enumerate(each.within):
            within[place] += count * weight
    return Summary(keys, looked, memory, elements, coverage, lasting, kinds, dict(zip(WITHIN, within, strict=True)))


def _total(rows: list[tuple[int, int, int, int]]) -> Estimate | None:
    """From (met, looked, sum, sum of squares); None where not one was looked at. A stretch without a look has the mean of all."""
    looked = sum(row[1] for row in rows)
    if not looked:
        return None
    mean_of_all = sum(row[2] for row in rows) / looked
    value = variance = 0.0
    for met, count, total, squares in rows:
        mean = total / count if count else mean_of_all
        value += met * mean
        if count < met:
            spread = max(0.0, squares - count * mean * mean) / (count - 1) if count > 1 else mean_of_all**2
            variance += met * met * spread / max(count, 1) * (1 - count / met)
    return Estimate(value, CERTAIN * sqrt(variance))


def _plain(stratum: Stratum) -> list[int]:
    return [getattr(stratum, name) for name in _NUMBERS]


def _stratum(*row: Any) -> Stratum:
    *numbers, kinds, within = row
    found = dict(zip(_NUMBERS, map(int, numbers), strict=True))
    return Stratum(**found, kinds=Counter(kinds), within=[int(count) for count in within])


_NUMBERS = tuple(each.name for each in fields(Stratum) if each.name not in ("kinds", "within"))

"""What queries come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from kvmon.judge.promql.labels import Labels


class Point(NamedTuple):
    """One sample of a vector; `at` in ms."""

    labels: Labels
    at: int
    value: float


class Line(NamedTuple):
    """One series of a matrix; `points` are times (ms) and values."""

    labels: Labels
    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number at a time (ms)."""

    at: int
    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A text at a time (ms)."""

    at: int
    value: str


class Vector(tuple[Point, ...]):
    """Samples of one moment; in order where the query says so (sort, topk)."""

    __slots__ = ()


class Matrix(tuple[Line, ...]):
    """Series over time, sorted by their labels."""

    __slots__ = ()


Value: TypeAlias = Scalar | Text | Vector | Matrix


@dataclass(frozen=True, slots=True)
class Result:
    """A value, and what is remarkable about how it came to be, in Prometheus' words."""

    value: Value
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
